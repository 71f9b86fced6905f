/* SPDX-License-Identifier: MIT */
#ifndef STEPS_CALLS_H
#define STEPS_CALLS_H

#include "ledger.h"

/* Room for two items of any size. */
struct buffer {
	_Alignas(16) unsigned char bytes[2 * WORDS * sizeof(uint64_t)];
};

/* The result of a call for one item as that of a batch. */
static inline ssize_t one(int r)
{
	return r == 0 ? 1 : r;
}

void calls_clear(void);
/* All that thread `me` of the scenario does. */
void calls_of(unsigned me);
/* Afterwards: no operation without a thread has left anything behind. */
void calls_settle(void);

/* False: not such a letter. */
bool do_several(char letter);

#endif
