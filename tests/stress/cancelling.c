/* SPDX-License-Identifier: MIT */
/* Cancel, by a third thread or by the last consumer that leaves, at a random moment: what
 * was pushed is pulled or dropped, once. */
#include "harness.h"

int main(int argc, char **argv)
{
	static const struct mode mode = {
		.name = "cancelling", .pushes = CALL_PLAIN | CALL_TRY | CALL_BATCH,
		.pulls = CALL_PLAIN | CALL_TRY | CALL_BATCH,
		.endings = END_CANCEL | END_LEAVE, .round_us = 800, .seconds = 7
	};

	return stress_main(argc, argv, &mode);
}
