/* SPDX-License-Identifier: MIT */
#include "check.hpp"
#include "units.hpp"

int main()
{
	int n = 0;

	for (auto &&text : numbers(10))
		CHECK(text == std::to_string(n++));
	CHECK(n == 10);
}
