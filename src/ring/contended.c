/* SPDX-License-Identifier: MIT */
#include "ring/ring.h"

/* Some 800 ns at most, in which the other thread moves dozens of items without having to fetch the
 * line of the position, and those of the slots, for each.  In a small ring it would soon have to
 * wait. */
enum { LEAST = 4, MOST = 32, SLOTS_A_PAUSE = 128 };

void pp_fast_contended(uint64_t slots)
{
	uint64_t i, pauses = slots / SLOTS_A_PAUSE;

	if (pauses < LEAST)
		pauses = LEAST;
	for (i = 0; i < pauses && i < MOST; i++)
		pp_pause();
}
