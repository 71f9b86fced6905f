/* SPDX-License-Identifier: MIT */
/* One round of the real library: threads on one ring, and the history that they leave. */
#ifndef LINEAR_ROUND_H
#define LINEAR_ROUND_H

#include <pushpull/pushpull.h>

#include "history.h"
#include "luck.h"

/*
 * When a call began and ended.  Either way a recorded call contains the real one:
 *
 *   STAMP_COUNTER  one counter for all threads, with fences.  Two calls that do not overlap are
 *                  ordered by happens-before, on every machine; and the counter orders and slows
 *                  what it watches.
 *   STAMP_CLOCK    CLOCK_MONOTONIC, which is one for all CPUs.  Threads have nothing in common, so
 *                  that what no happens-before hides shows too.  A full fence lies between the
 *                  stamp and the call, and between the call and the stamp: what the call stored is
 *                  out of the store buffer before it counts as over.
 */
enum stamps { STAMP_COUNTER, STAMP_CLOCK };

enum ending { ENDING_DRAIN, ENDING_CLOSE, ENDING_CANCEL, ENDING_BOTH, ENDINGS };

struct setting {
	pp_kind kind;
	size_t capacity, item_size;
	unsigned flags;          /* of pp_config                               */
	int64_t spin_ns;
	unsigned producers, consumers;
	unsigned calls;          /* of each thread; consumers go on to the end */
	enum ending ending;
	enum stamps stamps;
	bool aborts;             /* pushes in place are taken back sometimes   */
	bool chaos;              /* signals stop threads wherever they are     */
	unsigned naps;           /* one call in so many is followed by one     */
};

enum { PRODUCERS_MAX = 4, CONSUMERS_MAX = 4, ITEM_SIZE_MAX = 64 };

/* Everything but kind and capacity by luck. */
void setting_draw(struct setting *s, struct luck *luck);
/* Returns when all threads have ended.  A hang ends the program after some time. */
void round_record(const struct setting *s, uint64_t seed, struct history *h);

#endif
