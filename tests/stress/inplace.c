/* SPDX-License-Identifier: MIT */
/* Slots that are begun, and committed or aborted, in any order where the kind allows it, beside
 * calls that copy. */
#include "harness.h"

int main(int argc, char **argv)
{
	static const struct mode mode = {
		.name = "inplace", .pushes = CALL_IN_PLACE | CALL_PLAIN | CALL_BATCH,
		.pulls = CALL_IN_PLACE | CALL_PLAIN | CALL_BATCH_TRY,
		.endings = END_ANY, .round_us = 4000, .seconds = 5
	};

	return stress_main(argc, argv, &mode);
}
