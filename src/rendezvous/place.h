/* SPDX-License-Identifier: MIT */
/* A waiter's place: what both kinds of meeting do with it. */
#ifndef PP_RENDEZVOUS_PLACE_H
#define PP_RENDEZVOUS_PLACE_H

#include <errno.h>

#include "park/futex.h"
#include "rendezvous/meeting.h"
#include "ring/ring.h"

/* States of a place; MET and ENDED are final.  ASLEEP: its owner is in the kernel, or on
 * the way there.  Those that a select's place has, too, are the same. */
enum {
	PLACE_WAITS  = WAITER_WAITS,
	PLACE_ASLEEP = WAITER_WAITS | WAITER_ASLEEP,
	PLACE_MET    = WAITER_MET,
	PLACE_ENDED  = WAITER_MET + 4
};

/* Where somebody waits, and where its item is or is to go. */
struct meet_place {
	PP_ATOMIC(uint32_t) *state;
	struct pp_carrier *carrier; /* the item, if it fits, else its address */
	struct meet_case *of_select; /* instead of a carrier */
};

/* Ready to be found. */
static inline void place_lay_out(struct pp_meeting *m, const struct meet_place *place,
                                 enum meet_role role, void *item)
{
	if (!m->carried)
		pp_carrier_refer(place->carrier, item);
	else if (role == MEET_PUSH)
		pp_carry(pp_carrier_item(place->carrier), item, m->item_size);
	pp_store(place->state, PLACE_WAITS); /* handed over by MEET_POST, LOCK_GIVE */
}

PP_INLINE void place_pass(enum meet_role role, void *item, void *theirs, size_t size, bool carried)
{
	void *to = role == MEET_PUSH ? theirs : item, *from = role == MEET_PUSH ? item : theirs;

	if (carried)
		pp_carry(to, from, size);
	else
		pp_copy(to, from, size);
}

/* `role`, who has taken the place of a thread: the item goes from one to the other. */
static inline void place_pass_item(struct pp_meeting *m, const struct meet_place *place,
                                   enum meet_role role, void *item)
{
	if (m->carried)
		place_pass(role, item, pp_carrier_item(place->carrier), m->item_size, true);
	else
		place_pass(role, item, pp_carrier_address(place->carrier), m->item_size, false);
}

/* After MEET_TOLD, the owner: the item that a pull waited for. */
static inline void place_collect(struct pp_meeting *m, const struct meet_place *place,
                                 enum meet_role role, void *item)
{
	if (m->carried && role == MEET_PULL)
		pp_carry(item, pp_carrier_item(place->carrier), m->item_size);
}

static inline enum meet_role meet_other(enum meet_role role)
{
	return role == MEET_PUSH ? MEET_PULL : MEET_PUSH;
}

static inline int64_t meet_ended(uint32_t word, enum meet_role role)
{
	uint32_t own = role == MEET_PUSH ? RING_CLOSED : RING_CANCELLED;

	return word & own ? -ESHUTDOWN : -EPIPE;
}

static inline bool meet_has_ended(uint32_t word)
{
	return word & (RING_CLOSED | RING_CANCELLED);
}

/* Who took a place counts it, before its owner is told: never two of one side at a time. */
static inline void meet_count(struct pp_meeting *m, enum meet_role role)
{
	pp_store(&m->met[role].items, pp_load(&m->met[role].items) + 1);
}

/* The last touch of another thread's place. */
static inline void meet_tell(struct pp_meeting *m, enum meet_role owner,
                             PP_ATOMIC(uint32_t) *state, uint32_t what)
{
	/* Release: the copy is made, and all of the place's fields were read. */
	if (pp_exchange_release(MEET_TELL, state, what) & WAITER_ASLEEP) {
		pp_fetch_add(&m->side[owner].sleepers.wakes, 1);
		PP_SWITCH(MEET_WAKE, (void)0, (void)pp_futex_wake(state, 1));
	}
}

#endif
