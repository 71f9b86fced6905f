/* SPDX-License-Identifier: MIT */
/* Nothing but selects, over 2 to 4 rings, in both directions: two that meet at capacity 0 move
 * one item or none, and no wake is lost on who is served elsewhere. */
#include "harness.h"

int main(int argc, char **argv)
{
	static const struct mode mode = {
		.name = "selects", .pushes = CALL_SELECTS, .pulls = CALL_SELECTS,
		.layouts = LAYOUT_ANY, .endings = END_DRAIN | END_CLOSE | END_LEAVE,
		.round_us = 6000, .seconds = 7
	};

	return stress_main(argc, argv, &mode);
}
