/* SPDX-License-Identifier: MIT */
/* Try, arm, and sleep in poll until the descriptor of one of several ends is readable: an event
 * that is lost is a hang.  Beside it waits, which have to be woken all the same. */
#include "harness.h"

int main(int argc, char **argv)
{
	static const struct mode mode = {
		.name = "readiness", .pushes = CALL_ARM | CALL_PLAIN,
		.pulls = CALL_ARM | CALL_PLAIN,
		.layouts = LAYOUT_ANY, .endings = END_ANY, .round_us = 6000, .seconds = 5
	};

	return stress_main(argc, argv, &mode);
}
