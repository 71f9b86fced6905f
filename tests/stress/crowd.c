/* SPDX-License-Identifier: MIT */
/* Many more threads than CPUs. */
#include "harness.h"

static const struct shape crowds[] = { { 16, 16 }, { 15, 2 }, { 2, 15 }, { 0, 0 } };

int main(int argc, char **argv)
{
	static const struct mode mode = {
		.name = "crowd", .pushes = CALL_PLAIN | CALL_BATCH, .pulls = CALL_PLAIN | CALL_BATCH,
		.endings = END_DRAIN | END_CANCEL, .round_us = 15000, .seconds = 7,
		.shapes = crowds
	};

	return stress_main(argc, argv, &mode);
}
