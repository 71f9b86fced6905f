/* SPDX-License-Identifier: MIT */
/* Rings that start just before their counters wrap.  Built with the test hooks. */
#include "harness.h"

int main(int argc, char **argv)
{
	static const struct mode mode = {
		.name = "wrap", .pushes = CALL_ANY, .pulls = CALL_ANY, .endings = END_ANY,
		.before_wrap = 5, .round_us = 2000, .seconds = 4
	};

	return stress_main(argc, argv, &mode);
}
