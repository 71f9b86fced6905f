/* SPDX-License-Identifier: MIT */
/* A storm of short deadlines on both sides: woken threads leave, and pass their wake on
 * to those that wait without a deadline. */
#include "harness.h"

int main(int argc, char **argv)
{
	static const struct mode mode = {
		.name = "deadlines", .pushes = CALL_PLAIN | CALL_UNTIL | CALL_BATCH_UNTIL,
		.pulls = CALL_PLAIN | CALL_UNTIL | CALL_BATCH_UNTIL,
		.endings = END_DRAIN, .round_us = 15000, .seconds = 8
	};

	return stress_main(argc, argv, &mode);
}
