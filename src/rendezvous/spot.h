/* SPDX-License-Identifier: MIT */
/*
 * The place of PP_SPSC.  With one thread a side at most one waits: a bit of the meeting's
 * word says whether a pusher or a puller does, and to take the place is to clear the bit.
 * The word, the states and small items share a line, so that a hand-over moves one line to
 * the other CPU and back.
 */
#ifndef PP_RENDEZVOUS_SPOT_H
#define PP_RENDEZVOUS_SPOT_H

#include "rendezvous/place.h"

/* The bit of the word; the lower two are RING_CLOSED and RING_CANCELLED. */
#define SPOT_WAITS(role) (4u << (role))
#define SPOT_EITHER      (SPOT_WAITS(MEET_PUSH) | SPOT_WAITS(MEET_PULL))
/* From now on whoever waits does so in the queues; only set.  Who waits here may stay. */
#define SPOT_MOVED       16u

/* Not a result: nobody waits here, and it is the queues' turn. */
enum { SPOT_IS_MOVED = 2 };

static inline void spot_init(struct pp_meeting *m)
{
	pp_store(&m->spot.state[MEET_PUSH], PLACE_WAITS);
	pp_store(&m->spot.state[MEET_PULL], PLACE_WAITS);
}

static inline struct meet_place spot_place(struct pp_meeting *m, enum meet_role role)
{
	return (struct meet_place){ &m->spot.state[role], &m->spot.carrier[role], NULL };
}

/* Take whom `left` no longer names.  Acquire: what was laid out, the owner's own store of its
 * state before what it is told, and what it did before. */
static inline bool spot_take(struct pp_meeting *m, uint32_t *word, uint32_t left)
{
	return pp_lock_cas(MEET_CLAIM, &m->word, word, left);
}

/* Take the partner's place: 1.  None there: -EAGAIN, and the caller waits in `own`, unless that is
 * NULL; or SPOT_IS_MOVED. */
static inline int64_t spot_arrive(struct pp_meeting *m, enum meet_role role, void *item,
                                  const struct meet_place *own, struct meet_place *partner)
{
	enum meet_role other = meet_other(role);
	bool laid_out = false;
	uint32_t word;

	pp_fetch_to_write(&m->word); /* whatever it says, it will be written */
	word = pp_load(&m->word);

	for (;;) {
		if (meet_has_ended(word))
			return meet_ended(word, role);
		if (word & SPOT_WAITS(other)) {
			if (!spot_take(m, &word, word & ~SPOT_WAITS(other)))
				continue;
			meet_count(m, role);
			*partner = spot_place(m, other);
			return 1;
		}
		if (pp_unlikely(word & SPOT_MOVED))
			return SPOT_IS_MOVED;
		if (!own)
			return -EAGAIN;
		if (!laid_out)
			place_lay_out(m, own, role, item);
		laid_out = true;
		/* Release: what is laid out, and what the caller did before. */
		if (pp_cas_release(MEET_POST, &m->word, &word, word | SPOT_WAITS(role)))
			return -EAGAIN;
	}
}

/* Leave without an item.  False: too late, somebody has taken the place. */
static inline bool spot_withdraw(struct pp_meeting *m, enum meet_role role)
{
	uint32_t word = pp_load(&m->word);

	PP_STALL(meet_withdrawing);
	/* Relaxed: only the owner sets the bit, so that it is there says all. */
	while (word & SPOT_WAITS(role))
		if (pp_cas(&m->word, &word, word & ~SPOT_WAITS(role)))
			return true;
	return false;
}

/* False: nobody can be in the queues. */
static inline bool spot_end(struct pp_meeting *m, uint32_t why)
{
	uint32_t word = pp_load(&m->word);

	while (!spot_take(m, &word, (word | why) & ~SPOT_EITHER))
		;
	PP_STALL(end_sealed);
	if (word & SPOT_WAITS(MEET_PUSH))
		meet_tell(m, MEET_PUSH, &m->spot.state[MEET_PUSH], PLACE_ENDED);
	if (word & SPOT_WAITS(MEET_PULL))
		meet_tell(m, MEET_PULL, &m->spot.state[MEET_PULL], PLACE_ENDED);
	return word & SPOT_MOVED;
}

#endif
