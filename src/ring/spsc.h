/* SPDX-License-Identifier: MIT */
/*
 * One pusher, one puller: Lamport's ring ("Specifying concurrent program modules",
 * 1983; proved in "Proving the correctness of multiprocess programs", 1977), each side
 * keeping the last value it saw of the other's counter, and with ends that can be
 * sealed by a third thread without a locked instruction in the way of an item.
 *
 * Words.  Counters run freely modulo 2^64; each side keeps a cursor that points to its next
 * slot (pushpull/fast.h, with the path of a single item), so a capacity need not be a power of two.
 *
 *   tail    items published;      written by the pusher
 *   head    slots given back;     written by the puller
 *   taken   items claimed by the puller: head <= taken, equal between two pulls
 *   ended   RING_CLOSED, RING_CANCELLED: set first, then the seals are decided
 *   push_seal, pull_seal  `none`, then for ever the decided position: pushes below
 *           push_seal happened and no others; pulls below pull_seal likewise
 *
 * Invariant: head <= taken <= tail <= head + capacity, but for a published item that
 * lost against push_seal, which nobody looks at and the pusher takes back.
 *
 * Sealing.  Who ends a side sets its bit in `ended`, makes a heavy fence, and proposes
 * the counter it then reads; the first proposal is the decision.  A pusher publishes,
 * makes a light fence and looks at `ended`: either it sees a bit and proposes its
 * own counter, or the fence shows the ender its item.  A puller claims (`taken`) before
 * it copies, and looks then, so that a pull that loses has not touched the caller's buffer.
 *
 * Progress: every function but the sealing ones is wait-free, and nothing here waits.
 */
#ifndef PP_RING_SPSC_H
#define PP_RING_SPSC_H

#include "ring/ring.h"

struct spsc {
	uint64_t capacity;
	uint64_t start;                             /* first position                    */
	PP_ATOMIC(uint32_t) ended;                  /* read-mostly, with the constants   */
	PP_OWN_LINE PP_ATOMIC(uint64_t) tail;
	PP_OWN_LINE PP_ATOMIC(uint64_t) head;
	PP_OWN_LINE PP_ATOMIC(uint64_t) taken;
	PP_OWN_LINE PP_ATOMIC(uint64_t) push_seal;
	PP_ATOMIC(uint64_t) pull_seal;
};

/* No seal is ever decided here: positions only grow from start. */
PP_INLINE uint64_t spsc_none(const struct spsc *r)
{
	return r->start - 1;
}

static inline void spsc_init(struct spsc *r, uint64_t capacity, uint64_t start)
{
	r->capacity = capacity;
	r->start = start;
	pp_store(&r->ended, 0);
	pp_store(&r->tail, start);
	pp_store(&r->head, start);
	pp_store(&r->taken, start);
	pp_store(&r->push_seal, spsc_none(r));
	pp_store(&r->pull_seal, spsc_none(r));
}

/* Cursors at the first of the slots that lie at `slots`.  Their word and alert are whom they
 * belong to's to set. */
static inline void spsc_init_ends(struct spsc *r, unsigned char *slots, size_t stride,
                                  struct pp_fast_push *push, struct pp_fast_pull *pull)
{
	push->slot = pull->slot = push->base = pull->base = slots;
	push->end = pull->end = slots + r->capacity * stride;
	push->limit = r->start + r->capacity;
	push->tail = &r->tail;
	pull->known = r->start;
	pull->head = &r->head;
	pull->taken = &r->taken;
	pull->ended = &r->ended;
}

PP_INLINE uint64_t spsc_min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* `bytes` further in the slots; at most once round. */
PP_INLINE unsigned char *spsc_step(unsigned char *slot, unsigned char *base, unsigned char *end,
                                   size_t bytes)
{
	size_t room = (size_t)(end - slot);

	return bytes < room ? slot + bytes : base + (bytes - room);
}

/* Begin to end a side: RING_CLOSED, RING_CANCELLED.  Then spsc_push_sealed_at(), and for
 * RING_CANCELLED spsc_pull_sealed_at(). */
static inline void spsc_end(struct spsc *r, uint32_t why)
{
	pp_fetch_or_acq_rel(SPSC_ENDED, &r->ended, why);
}

/* ---- sealing -------------------------------------------------------------- */

/* Where pushes end.  The caller saw a bit of `ended`, or set one. */
static inline uint64_t spsc_push_sealed_at(struct spsc *r, bool fenced)
{
	uint64_t seal = pp_load_acquire(SPSC_SEAL_SEEN, &r->push_seal);
	uint64_t tail;

	if (seal != spsc_none(r))
		return seal;
	pp_heavy(SPSC_SEAL_HEAVY, fenced);
	tail = pp_load_acquire(SPSC_SEAL_TAIL, &r->tail);
	return pp_decide(SPSC_SEAL_PUSH, &r->push_seal, &seal, tail) ? tail : seal;
}

/* Where pulls end.  The caller set RING_CANCELLED. */
static inline uint64_t spsc_pull_sealed_at(struct spsc *r, bool fenced)
{
	uint64_t seal = pp_load(&r->pull_seal); /* a position and nothing else */
	uint64_t taken;

	if (seal != spsc_none(r))
		return seal;
	pp_heavy(SPSC_CANCEL_HEAVY, fenced);
	taken = pp_load(&r->taken);
	return pp_decide_relaxed(&r->pull_seal, &seal, taken) ? taken : seal;
}

/* ---- push ----------------------------------------------------------------- */

/* The limit is reached, as far as the pusher knew: look again. */
static inline int64_t spsc_claim_near_limit(struct spsc *r, struct pp_fast_push *e, uint64_t tail,
                                            uint64_t n)
{
	/* The puller's copies out of these slots are done: SPSC_HEAD. */
	e->limit = pp_load_acquire(SPSC_HEAD_SEEN, &r->head) + r->capacity;
	if (e->limit == tail)
		return pp_load(&r->ended) ? RING_SEALED : RING_NONE;
	return (int64_t)spsc_min(n, e->limit - tail);
}

/* How many of `n` slots from e->slot on are the pusher's to fill; or RING_NONE,
 * RING_SEALED.  On a sealed ring with room only spsc_settle_push() says so. */
PP_INLINE int64_t spsc_claim_push(struct spsc *r, struct pp_fast_push *e, uint64_t n)
{
	uint64_t tail = pp_load(&r->tail); /* the pusher's own */

	if (pp_unlikely(e->limit - tail < n))
		return spsc_claim_near_limit(r, e, tail, n);
	return (int64_t)n;
}

/* Hand the first `n` claimed slots, of `size` bytes each, to the puller. */
PP_INLINE void spsc_publish_push(struct spsc *r, struct pp_fast_push *e, uint64_t n, size_t size)
{
	uint64_t tail = pp_load(&r->tail); /* the pusher's own */

	e->slot = spsc_step(e->slot, e->base, e->end, n * pp_slot_bytes(size));
	pp_store_release(SPSC_TAIL, &r->tail, tail + n);
}

/* After publishing and a light fence the pusher found `ended`: how many of the `n` items just
 * published count?  The others are taken back. */
PP_NOINLINE static uint64_t spsc_settle_push(struct spsc *r, struct pp_fast_push *e, uint64_t n,
                                             size_t size)
{
	uint64_t tail = pp_load(&r->tail); /* the pusher's own, so exact: no fence */
	uint64_t seal = spsc_none(r);
	uint64_t lost;

	if (pp_decide(SPSC_SEAL_OWN, &r->push_seal, &seal, tail))
		return n;
	lost = spsc_min(tail - seal, n);
	/* Relaxed: nobody takes an item beyond the seal, so nothing is handed over. */
	pp_store(&r->tail, tail - lost);
	e->slot = spsc_step(e->slot, e->base, e->end,
	                    (r->capacity - lost) * pp_slot_bytes(size));
	return n - lost;
}

/* ---- pull ----------------------------------------------------------------- */

/* The puller knows of no item: look again.  How many there are, or why none. */
static inline int64_t spsc_look(struct spsc *r, struct pp_fast_pull *e, uint64_t head, bool fenced)
{
	uint32_t ended;

	e->known = pp_load_acquire(SPSC_TAIL_SEEN, &r->tail);
	/* Either who ends the push side counts the item that this tail shows, or the bit is
	 * seen here: the pusher's own look comes after its item can be seen. */
	pp_light(SPSC_LOOK_LIGHT, fenced);
	ended = pp_load(&r->ended);
	if (pp_unlikely(ended))
		e->known = spsc_push_sealed_at(r, fenced);
	if (e->known != head)
		return (int64_t)(e->known - head);
	return ended & RING_CANCELLED ? RING_SEALED : ended ? RING_END : RING_NONE;
}

/* Cancelled while `n` items were being claimed: does this pull still happen? */
PP_NOINLINE static int64_t spsc_settle_pull(struct spsc *r, uint64_t head, uint64_t n)
{
	uint64_t seal = spsc_none(r);

	if (pp_decide_relaxed(&r->pull_seal, &seal, head))
		seal = head;
	n = spsc_min(seal - head, n);
	pp_store(&r->taken, head + n); /* read only by who proposes, and that is over */
	return n ? (int64_t)n : RING_SEALED;
}

/* How many of `n` items from e->slot on are the puller's to copy; or RING_NONE,
 * RING_SEALED, RING_END. */
PP_INLINE int64_t spsc_claim_pull(struct spsc *r, struct pp_fast_pull *e, uint64_t n, bool fenced)
{
	uint64_t head = pp_load(&r->head); /* the puller's own */

	if (e->known == head) {
		int64_t found = spsc_look(r, e, head, fenced);

		if (found <= 0)
			return found;
	}
	n = spsc_min(n, e->known - head);
	pp_store(&r->taken, head + n); /* ordered by the fence, not by itself */
	pp_light(SPSC_TAKE_LIGHT, fenced);
	if (pp_unlikely(pp_load(&r->ended) & RING_CANCELLED))
		return spsc_settle_pull(r, head, n);
	return (int64_t)n;
}

/* Give the first `n` claimed slots, of `size` bytes each, back to the pusher. */
PP_INLINE void spsc_publish_pull(struct spsc *r, struct pp_fast_pull *e, uint64_t n, size_t size)
{
	uint64_t head = pp_load(&r->head); /* the puller's own */

	e->slot = spsc_step(e->slot, e->base, e->end, n * pp_slot_bytes(size));
	/* The licence to overwrite: what was copied out is out. */
	pp_store_release(SPSC_HEAD, &r->head, head + n);
}

/* ---- looking, from any thread ---------------------------------------------- */

/* Could a push go ahead, or end? */
static inline bool spsc_push_ready(struct spsc *r)
{
	return pp_load(&r->ended) ||
	       pp_load(&r->tail) - pp_load(&r->head) < r->capacity;
}

/* Could a pull go ahead, or end? */
static inline bool spsc_pull_ready(struct spsc *r)
{
	return pp_load(&r->ended) || pp_load(&r->tail) != pp_load(&r->head);
}

/* Items pushed and pulled since start.  The seals decide once they are there. */
static inline uint64_t spsc_pushed(struct spsc *r)
{
	uint64_t seal = pp_load(&r->push_seal);

	return (seal != spsc_none(r) ? seal : pp_load(&r->tail)) - r->start;
}

static inline uint64_t spsc_pulled(struct spsc *r)
{
	uint64_t seal = pp_load(&r->pull_seal);

	return (seal != spsc_none(r) ? seal : pp_load(&r->head)) - r->start;
}

#endif
