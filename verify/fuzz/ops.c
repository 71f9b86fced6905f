/* SPDX-License-Identifier: MIT */
/* Every operation of one ring, in one thread, so that each result can be foreseen. */
#include "rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	static struct rig r;
	unsigned n = 0;

	rig_open(&r, &in);
	while (in.left && !rig_is_gone(&r)) {
		rig_step(&r, &in);
		if (n++ % 16 == 0)
			rigs_dump(&r, 1);
	}
	rig_finish(&r);
	return 0;
}
