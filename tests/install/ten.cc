/* SPDX-License-Identifier: MIT */
#include <string>
#include <pushpull/pushpull.hpp>
int main()
{
	auto ring = pp::open<std::string>(pp::spsc, 1);
	if (!ring || !ring->tx.push("42"))
		return 1;
	auto out = ring->rx.pull();
	return !out || *out != "42";
}
