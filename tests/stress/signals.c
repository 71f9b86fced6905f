/* SPDX-License-Identifier: MIT */
/* A storm of signals: an interruptible ring gives -EINTR and loses nothing, another never
 * gives it. */
#include "harness.h"

int main(int argc, char **argv)
{
	static const struct mode mode = {
		.name = "signals", .pushes = CALL_PLAIN | CALL_BATCH | CALL_BATCH_UNTIL,
		.pulls = CALL_PLAIN | CALL_BATCH | CALL_UNTIL,
		.endings = END_DRAIN, .signals = true, .round_us = 10000, .seconds = 6
	};

	return stress_main(argc, argv, &mode);
}
