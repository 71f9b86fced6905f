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

static inline void spot_init(struct pp_meeting *m)
{
	pp_store(&m->spot.state[MEET_PUSH], PLACE_WAITS);
	pp_store(&m->spot.state[MEET_PULL], PLACE_WAITS);
}

/* Where the item of who waits is, or is to go. */
static inline void *spot_item(struct pp_meeting *m, enum meet_role role)
{
	struct pp_carrier *carrier = &m->spot.carrier[role];

	return m->carried ? pp_carrier_item(carrier) : pp_carrier_address(carrier);
}

/* Ready to be found. */
static inline void spot_lay_out(struct pp_meeting *m, enum meet_role role, void *item)
{
	struct pp_carrier *carrier = &m->spot.carrier[role];

	if (!m->carried)
		pp_carrier_refer(carrier, item);
	else if (role == MEET_PUSH)
		pp_copy(pp_carrier_item(carrier), item, m->item_size);
	pp_store(&m->spot.state[role], PLACE_WAITS); /* handed over by MEET_POST */
}

/* Take whom `left` no longer names.  Acquire: what was laid out, the owner's own store of its
 * state before what it is told, and what it did before. */
static inline bool spot_take(struct pp_meeting *m, uint32_t *word, uint32_t left)
{
	return pp_lock_cas(MEET_CLAIM, &m->word, word, left);
}

/* Take the partner's place: 1.  None there: -EAGAIN, and the caller waits, if it `joins`. */
static inline int64_t spot_arrive(struct pp_meeting *m, enum meet_role role, void *item,
                                  bool joins, struct meet_place *partner)
{
	enum meet_role other = meet_other(role);
	uint32_t word = pp_load(&m->word);
	bool laid_out = false;

	for (;;) {
		if (meet_has_ended(word))
			return meet_ended(word, role);
		if (word & SPOT_WAITS(other)) {
			if (!spot_take(m, &word, word & ~SPOT_WAITS(other)))
				continue;
			meet_count(m);
			partner->state = &m->spot.state[other];
			partner->item = spot_item(m, other);
			return 1;
		}
		if (!joins)
			return -EAGAIN;
		if (!laid_out)
			spot_lay_out(m, role, item);
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

/* After MEET_TOLD: the item that a pull waited for. */
static inline void spot_collect(struct pp_meeting *m, enum meet_role role, void *item)
{
	if (m->carried && role == MEET_PULL)
		pp_copy(item, spot_item(m, role), m->item_size);
}

static inline void spot_end(struct pp_meeting *m, uint32_t why)
{
	uint32_t word = pp_load(&m->word);

	while (!spot_take(m, &word, (word | why) & ~SPOT_EITHER))
		;
	PP_STALL(end_sealed);
	if (word & SPOT_WAITS(MEET_PUSH))
		meet_tell(m, MEET_PUSH, &m->spot.state[MEET_PUSH], PLACE_ENDED);
	if (word & SPOT_WAITS(MEET_PULL))
		meet_tell(m, MEET_PULL, &m->spot.state[MEET_PULL], PLACE_ENDED);
}

#endif
