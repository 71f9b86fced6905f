/* SPDX-License-Identifier: MIT */
/* Blocking calls only: every sleep is ended by a wake, or the program hangs. */
#include "harness.h"

int main(int argc, char **argv)
{
	static const struct mode mode = {
		.name = "blocking", .pushes = CALL_PLAIN, .pulls = CALL_PLAIN,
		.endings = END_DRAIN, .round_us = 8000, .seconds = 5
	};

	return stress_main(argc, argv, &mode);
}
