/* SPDX-License-Identifier: MIT */
/* Try calls only: nobody ever sleeps, and no answer may be wrong for long.  At capacity 0
 * some pulls wait, since two tries never meet. */
#include "harness.h"

int main(int argc, char **argv)
{
	static const struct mode mode = {
		.name = "tries", .pushes = CALL_TRY | CALL_BATCH_TRY,
		.pulls = CALL_TRY | CALL_BATCH_TRY,
		.endings = END_DRAIN, .round_us = 5000, .seconds = 4
	};

	return stress_main(argc, argv, &mode);
}
