/* SPDX-License-Identifier: MIT */
#include "ring/ring.h"

/* Some 800 ns, in which the other thread moves dozens of items without having to fetch the line of
 * the position, and those of the slots, for each. */
enum { PAUSES = 32 };

void pp_fast_contended(void)
{
	int i;

	for (i = 0; i < PAUSES; i++)
		pp_pause();
}
