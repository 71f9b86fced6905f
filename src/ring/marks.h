/* SPDX-License-Identifier: MIT */
/*
 * PP_SPSC with few slots: what the two counters say stands once more in front of each item.
 *
 * In a small ring each item is waited for, and a side that looks at the other's counter takes two
 * lines from it for one item.  After FastForward (J. Giacomoni, T. Moseley, M. Vachharajani, 2008),
 * whose slots are empty or full by themselves; but here the counters stay, and decide:
 *
 *   marks say nothing that the counters do not.  A counter is stored first, its mark behind it,
 *   so who sees the mark could have seen the counter.  Sealing, depth and sleeping know the
 *   counters only.  A thread stopped between the two stores leaves a mark late; the other side
 *   then goes by the counter, which it reads before it gives up or sleeps.
 *
 * A mark is the low half of a position.  Each slot is marked once a lap by each side, so one that
 * is not the awaited mark is one lap old, and never 2^32 positions.
 */
#ifndef PP_RING_MARKS_H
#define PP_RING_MARKS_H

#include "ring/ring.h"

/* Looks at a mark before the counter is looked at. */
#ifndef MARK_LOOKS
#define MARK_LOOKS 8
#endif

/* So many slots at most have marks: from there on it is better to know of many at a look. */
#ifdef PP_TEST_HOOKS
#define MARK_SLOTS pp_test_most_marked
#elif !defined MARK_SLOTS
#define MARK_SLOTS 128
#endif

/* The marks of the slot at `position`, which is in the cursor's lap or begins the next. */
PP_INLINE struct pp_fast_marks *marks_at(uintptr_t *origin, uint64_t *limit, uint64_t capacity,
                                         uint64_t position, size_t stride)
{
	if (position == *limit)
		pp_fast_next_lap(origin, limit, capacity, stride);
	return (struct pp_fast_marks *)pp_fast_slot(*origin, position, stride);
}

/* Look a few times more before the other side's counter is touched. */
static inline void marks_look(PP_ATOMIC(uint32_t) *mark, uint64_t awaited)
{
	int i;

	/* Relaxed: who takes the slot looks again. */
	for (i = 0; i < MARK_LOOKS && pp_load(mark) != (uint32_t)awaited; i++)
		pp_pause();
}

/* How many bytes ahead of a slot to call for: not where the other side still works. */
static inline uint16_t marks_ahead(uint64_t capacity, size_t stride)
{
	uint64_t bytes = capacity < 1024 / stride ? capacity * stride : 1024;

	return bytes < 512 ? 0 : bytes < 1024 ? 64 : 128;
}

#endif
