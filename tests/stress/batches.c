/* SPDX-License-Identifier: MIT */
/* Batches of random size, over and under the capacity, beside single calls. */
#include "harness.h"

int main(int argc, char **argv)
{
	static const struct mode mode = {
		.name = "batches", .pushes = CALL_PLAIN | CALL_BATCH | CALL_BATCH_TRY,
		.pulls = CALL_PLAIN | CALL_BATCH | CALL_BATCH_TRY,
		.endings = END_DRAIN, .round_us = 8000, .seconds = 5
	};

	return stress_main(argc, argv, &mode);
}
