/* SPDX-License-Identifier: MIT */
/* A third thread closes at a random moment: what was pushed is delivered, nothing else. */
#include "harness.h"

int main(int argc, char **argv)
{
	static const struct mode mode = {
		.name = "closing", .pushes = CALL_PLAIN | CALL_TRY | CALL_BATCH,
		.pulls = CALL_PLAIN | CALL_TRY | CALL_BATCH,
		.endings = END_CLOSE, .round_us = 800, .seconds = 7
	};

	return stress_main(argc, argv, &mode);
}
