/* SPDX-License-Identifier: MIT */
#include "units.hpp"

#include "check.hpp"

pp::rx<std::string> numbers(int up_to)
{
	auto [tx, rx] = opened<std::string>(pp::spsc, std::size_t(up_to));

	for (int n = 0; n < up_to; n++)
		CHECK(tx.push(std::to_string(n)));
	return std::move(rx);
}
