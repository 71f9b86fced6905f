/* SPDX-License-Identifier: MIT */
/* Everything at once: all calls, all endings, signals. */
#include "harness.h"

int main(int argc, char **argv)
{
	static const struct mode mode = {
		.name = "mixed", .pushes = CALL_ANY, .pulls = CALL_ANY,
		.endings = END_ANY, .signals = true, .round_us = 4000, .seconds = 8
	};

	return stress_main(argc, argv, &mode);
}
