/* SPDX-License-Identifier: MIT */
/* Plain waits, selects, armed descriptors, operations without a thread, deadlines, signals, slots in
 * place, close and cancel, all at once and on the same rings. */
#include "harness.h"

int main(int argc, char **argv)
{
	static const struct mode mode = {
		.name = "everything", .pushes = CALL_ANY, .pulls = CALL_ANY,
		.layouts = LAYOUT_ANY, .endings = END_ANY, .signals = true, .round_us = 5000,
		.seconds = 8
	};

	return stress_main(argc, argv, &mode);
}
