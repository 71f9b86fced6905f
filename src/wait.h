/* SPDX-License-Identifier: MIT */
/* Waiting, for every form of every operation above capacity 0: try, spin, park. */
#ifndef PP_WAIT_H
#define PP_WAIT_H

#include <errno.h>

#include "channel.h"

/* In place of a deadline: a try.  No clock shows them. */
#define DO_NOT_WAIT   INT64_MIN       /* which is counted if it is refused   */
#define DO_NOT_COUNT (INT64_MIN + 1)  /* one of several that make up one call */

PP_INLINE bool is_a_try(pp_time deadline)
{
	return deadline <= DO_NOT_COUNT;
}

/* A caller's deadline, however long past, is not a try. */
PP_INLINE pp_time some_deadline(pp_time deadline)
{
	return is_a_try(deadline) ? DO_NOT_COUNT + 1 : deadline;
}

/* A result that is not the end of a wait: the next attempt may go ahead. */
PP_INLINE bool pp_is_undecided(int64_t r)
{
	return r == -EAGAIN || r == -EBUSY;
}

/* One operation under way. */
struct pp_op {
	struct pp_end *end;
	struct pp_side *side;
	enum meet_role role;             /* capacity 1 and up                            */
	/* Move up to n items: how many, or the negative result that says why none. */
	int64_t (*some)(struct pp_end *end, unsigned char *items, uint64_t n);
	/* Could the next operation of this side go ahead, or end? */
	bool (*ready)(struct pp_end *end);
	unsigned char *items;            /* a push only reads them                       */
	uint64_t done, min, max;         /* items moved; enough; most                    */
	pp_time deadline;
};

/* Before one item of PP_SPSC.  Who pounces on each item, or slot, takes its line away from the other
 * side, and both are slow; so where the last look, at `*looked`, found some up to `known`, but
 * few, and they are used up, the next look comes a little later.  True: the first look there, so
 * that who asks a ring at rest has the answer at once, by somebody who may pause. */
static inline bool pp_come_in_time(struct pp_spin *spin, uint64_t own, uint64_t known,
                                   uint64_t *looked, bool trying)
{
	uint64_t found;

	if (own != known || known == *looked)
		return false;
	found = known - *looked;
	*looked = known;
	return pp_spin_pace(spin, found, trying);
}

/* Carry the operation on until op->min items have moved, or it has to stop.  The result of
 * the batch: how many moved, or if none, why. */
ssize_t pp_wait(struct pp_op *op);

#endif
