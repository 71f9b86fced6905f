/* SPDX-License-Identifier: MIT */
/* PP_SPSC: questions, the answers to which claim nothing. */
#ifndef PP_RING_SPSC_LOOK_H
#define PP_RING_SPSC_LOOK_H

#include "ring/spsc.h"

/* Could a push go ahead, or end?  Only the pushing thread may ask; with marks the answer may be late,
 * so who is about to sleep tries. */
static inline bool spsc_push_ready(struct spsc *r, struct spsc_pusher *e)
{
	uint64_t tail = pp_load(&r->tail);

	if (pp_load(&r->ended))
		return true;
	if (r->marked && pp_load(&e->book->aborted) == 0)
		return pp_load(&spsc_push_marks(r, e)->free) == (uint32_t)tail;
	return tail - pp_load(&r->head) + spsc_aborted(r, e) < r->capacity;
}

/* Could a pull go ahead, or end?  Only the pulling thread may ask. */
static inline bool spsc_pull_ready(struct spsc *r, struct spsc_puller *e)
{
	uint64_t head = pp_load(&r->head);

	if (pp_load(&r->ended))
		return true;
	if (r->marked)
		return pp_load(&spsc_pull_marks(r, e)->full) == (uint32_t)(head + 1);
	return pp_load(&r->tail) != head;
}

/* The same by the counters, which are never late. */
static inline bool spsc_has_room(struct spsc *r, struct spsc_pusher *e)
{
	return pp_load(&r->ended) ||
	       pp_load(&r->tail) - pp_load(&r->head) + spsc_aborted(r, e) < r->capacity;
}

static inline bool spsc_has_items(struct spsc *r)
{
	return pp_load(&r->ended) || pp_load(&r->tail) != pp_load(&r->head);
}

/* Items pushed and pulled since start, from any thread.  The seals decide once they are there. */
static inline uint64_t spsc_pushed(struct spsc *r)
{
	uint64_t seal = pp_load(&r->push_seal);

	return (seal != spsc_none(r) ? seal : pp_load(&r->tail)) - r->start;
}

static inline bool spsc_pull_is_sealed(struct spsc *r)
{
	return pp_load(&r->pull_seal) != spsc_none(r);
}

static inline uint64_t spsc_pulled(struct spsc *r)
{
	uint64_t seal = pp_load(&r->pull_seal);

	return (seal != spsc_none(r) ? seal : pp_load(&r->head)) - r->start;
}

#endif
