/* SPDX-License-Identifier: MIT */
/*
 * One pusher, one puller: Lamport's ring ("Specifying concurrent program modules",
 * 1983; proved in "Proving the correctness of multiprocess programs", 1977), each side
 * keeping the last value it saw of the other's counter, and with ends that can be
 * sealed by a third thread without a locked instruction in the way of an item.
 *
 * Words.  Counters run freely modulo 2^64; each side keeps a cursor (pushpull/fast.h, with
 * the path of a single item) that is set anew when a lap of the slots ends, so a capacity
 * need not be a power of two.  Rings with few slots have marks (marks.h).
 *
 *   tail    items published;      written by the pusher
 *   head    slots given back;     written by the puller
 *   taken   items claimed by the puller: head <= taken, equal between two pulls but for a
 *           slot that is open to be read in place
 *   ended   RING_CLOSED, RING_CANCELLED: set first, then the seals are decided
 *   push_seal, pull_seal  `none`, then for ever the decided position: pushes below
 *           push_seal happened and no others; pulls below pull_seal likewise
 *
 * Invariant: head <= taken <= tail <= head + capacity, but for a published item that
 * lost against push_seal, which nobody takes and the pusher takes back.
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

#include "ring/book.h"
#include "ring/marks.h"

/* How many bytes ahead of an item a puller calls for, if the ring has twice as many. */
enum { SPSC_AHEAD = 128 };

struct spsc {
	uint64_t capacity;
	uint64_t start;                             /* first position                    */
	bool marked;
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

static inline bool spsc_is_marked(uint64_t capacity)
{
	return capacity <= MARK_SLOTS;
}

static inline void spsc_init(struct spsc *r, uint64_t capacity, uint64_t start)
{
	r->capacity = capacity;
	r->marked = spsc_is_marked(capacity);
	r->start = start;
	pp_store(&r->ended, 0);
	pp_store(&r->tail, start);
	pp_store(&r->head, start);
	pp_store(&r->taken, start);
	pp_store(&r->push_seal, spsc_none(r));
	pp_store(&r->pull_seal, spsc_none(r));
}

PP_INLINE uint64_t spsc_min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Where a side is in the slots, as far as only the library needs to know. */
struct spsc_lap {
	uint64_t end;        /* the position at which this lap of the slots ends */
	uint64_t known;      /* push: last head seen + capacity; pull: last tail seen; not with marks */
	unsigned char *base; /* the first slot */
	size_t stride;
};

/* What the pushing, the pulling thread alone has.  The cursor comes first: it is ABI. */
struct spsc_pusher {
	struct pp_fast_push fast;
	struct spsc_lap lap;
	struct spsc_book *book; /* of pushes that were taken back */
};

struct spsc_puller {
	struct pp_fast_pull fast;
	struct spsc_lap lap;
};

/* The lap that holds `position`; the origin for it. */
static inline uintptr_t spsc_find_lap(const struct spsc *r, struct spsc_lap *lap, uint64_t position)
{
	uint64_t begin = position - (position - r->start) % r->capacity;

	lap->end = begin + r->capacity;
	return (uintptr_t)lap->base - (uintptr_t)begin * lap->stride;
}

/* Positions below this one are within the lap and, without marks, known to be free, to be there. */
static inline uint64_t spsc_limit(const struct spsc *r, const struct spsc_lap *lap, uint64_t position)
{
	if (r->marked)
		return lap->end;
	return position + spsc_min(lap->end - position, lap->known - position);
}

/* Could there be more than the claim just made? */
PP_INLINE bool spsc_lap_done(const struct spsc *r, const struct spsc_lap *lap,
                             PP_ATOMIC(uint64_t) *own)
{
	return r->marked || (pp_load(own) == lap->end && lap->known != lap->end);
}

/* Every slot free for the first lap, and none full. */
static inline void spsc_init_marks(struct spsc *r, struct spsc_pusher *push, struct spsc_puller *pull)
{
	uint64_t i;

	for (i = 0; i < r->capacity; i++) {
		struct pp_fast_marks *marks = pp_fast_slot(push->fast.origin, r->start + i, push->lap.stride);

		pp_store(&marks->free, (uint32_t)(r->start + i));
		pp_store(&marks->full, (uint32_t)(r->start + i));
	}
	push->fast.capacity = pull->fast.capacity = (uint16_t)r->capacity;
	push->fast.ahead = pull->fast.ahead = marks_ahead(r->capacity, push->lap.stride);
}

/* Both sides at the first of the slots that lie at `slots`.  The words and alerts of their
 * cursors are whom they belong to's to set. */
static inline void spsc_init_ends(struct spsc *r, unsigned char *slots, size_t stride,
                                  struct spsc_book *book, struct spsc_pusher *push,
                                  struct spsc_puller *pull)
{
	push->book = book;
	push->lap.base = pull->lap.base = slots;
	push->lap.stride = pull->lap.stride = stride;
	push->lap.known = r->start + r->capacity;
	pull->lap.known = r->start;
	pull->fast.ahead = r->capacity < 2 * SPSC_AHEAD / stride ? 0 : SPSC_AHEAD;
	push->fast.origin = spsc_find_lap(r, &push->lap, r->start);
	pull->fast.origin = spsc_find_lap(r, &pull->lap, r->start);
	push->fast.limit = spsc_limit(r, &push->lap, r->start);
	pull->fast.limit = spsc_limit(r, &pull->lap, r->start);
	push->fast.tail = &r->tail;
	pull->fast.head = &r->head;
	pull->fast.taken = &r->taken;
	pull->fast.ended = &r->ended;
	if (r->marked)
		spsc_init_marks(r, push, pull);
}

/* The marks of the next push, of the next pull. */
PP_INLINE struct pp_fast_marks *spsc_push_marks(struct spsc *r, struct spsc_pusher *e)
{
	return marks_at(&e->fast.origin, &e->fast.limit, r->capacity, pp_load(&r->tail), e->lap.stride);
}

PP_INLINE struct pp_fast_marks *spsc_pull_marks(struct spsc *r, struct spsc_puller *e)
{
	return marks_at(&e->fast.origin, &e->fast.limit, r->capacity, pp_load(&r->head), e->lap.stride);
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

/* Where pulls end.  The caller set RING_CANCELLED; pushes end at `push_seal`. */
static inline uint64_t spsc_pull_sealed_at(struct spsc *r, uint64_t push_seal, bool fenced)
{
	uint64_t seal = pp_load(&r->pull_seal); /* a position and nothing else */
	uint64_t taken;

	if (seal != spsc_none(r))
		return seal;
	pp_heavy(SPSC_CANCEL_HEAVY, fenced);
	taken = pp_load(&r->taken);
	/* With marks `taken` goes up before `ended` is looked at: perhaps for an item that lost
	 * against the seal, and then the puller sees the end. */
	if (taken - r->start > push_seal - r->start)
		taken = push_seal;
	return pp_decide_relaxed(&r->pull_seal, &seal, taken) ? taken : seal;
}

/* ---- push ----------------------------------------------------------------- */

/* How far slots whose push was taken back are free again: what is pulled in place is pulled.  No slot is
 * handed over by it; but the push that then goes ahead comes after those pulls. */
static inline uint64_t spsc_taken(struct spsc *r)
{
	return pp_load_acquire(SPSC_TAKEN_SEEN, &r->taken);
}

/* How many such slots count as occupied. */
static inline uint64_t spsc_aborted(struct spsc *r, struct spsc_pusher *e)
{
	if (pp_load(&e->book->aborted) == 0)
		return 0;
	return book_settle(e->book, spsc_taken(r), pp_load(&r->tail));
}

/* The pusher knows of too little room: look again.  1, or why there is none. */
static inline int64_t spsc_look_for_room(struct spsc *r, struct spsc_pusher *e, uint64_t tail)
{
	/* The puller's copies out of these slots are done: SPSC_HEAD. */
	uint64_t head = pp_load_acquire(SPSC_HEAD_SEEN, &r->head);

	e->lap.known = head + r->capacity - spsc_aborted(r, e);
	if (e->lap.known != tail)
		return 1;
	return pp_load(&r->ended) ? RING_SEALED : RING_NONE;
}

/* One slot, or why none. */
static inline int64_t spsc_claim_marked_push(struct spsc *r, struct spsc_pusher *e, uint64_t tail)
{
	struct pp_fast_marks *marks = spsc_push_marks(r, e);

	if (pp_load(&e->book->aborted) == 0 &&
	    pp_load_acquire(MARK_FREE_SEEN, &marks->free) == (uint32_t)tail)
		return 1;
	return spsc_look_for_room(r, e, tail);
}

/* Not `n` below the limit: find room, or the next lap.  How many, or why none. */
static inline int64_t spsc_claim_near_limit(struct spsc *r, struct spsc_pusher *e, uint64_t tail,
                                            uint64_t n)
{
	int64_t found;

	if (r->marked)
		return spsc_claim_marked_push(r, e, tail);
	found = e->lap.known - tail >= n ? 1 : spsc_look_for_room(r, e, tail);
	if (found <= 0)
		return found;
	if (e->lap.end == tail)
		e->fast.origin = spsc_find_lap(r, &e->lap, tail);
	e->fast.limit = spsc_limit(r, &e->lap, tail);
	return (int64_t)spsc_min(n, e->fast.limit - tail);
}

/* How many of `n` slots from the tail on are the pusher's to fill, in this lap; or RING_NONE,
 * RING_SEALED.  On a sealed ring with room only spsc_settle_push() says so. */
PP_INLINE int64_t spsc_claim_push(struct spsc *r, struct spsc_pusher *e, uint64_t n)
{
	uint64_t tail = pp_load(&r->tail); /* the pusher's own */

	if (pp_unlikely(r->marked || e->fast.limit - tail < n))
		return spsc_claim_near_limit(r, e, tail, n);
	return (int64_t)n;
}

/* The slot that is filled next. */
PP_INLINE unsigned char *spsc_push_slot(struct spsc *r, struct spsc_pusher *e)
{
	return pp_fast_slot(e->fast.origin, pp_load(&r->tail), e->lap.stride);
}

/* Hand the first `n` claimed slots to the puller. */
PP_INLINE void spsc_publish_push(struct spsc *r, struct spsc_pusher *e, uint64_t n)
{
	uint64_t tail = pp_load(&r->tail); /* the pusher's own */

	pp_store_release(SPSC_TAIL, &r->tail, tail + n);
	if (r->marked) {
		struct pp_fast_marks *marks = pp_fast_slot(e->fast.origin, tail, e->lap.stride);

		pp_store_release(MARK_FULL, &marks->full, (uint32_t)(tail + 1));
	}
}

/* After publishing and a light fence the pusher found `ended`: how many of the `n` items just
 * published count?  The others are taken back. */
PP_NOINLINE static uint64_t spsc_settle_push(struct spsc *r, struct spsc_pusher *e, uint64_t n)
{
	uint64_t tail = pp_load(&r->tail); /* the pusher's own, so exact: no fence */
	uint64_t seal = spsc_none(r);
	uint64_t lost;

	if (pp_decide(SPSC_SEAL_OWN, &r->push_seal, &seal, tail))
		return n;
	lost = spsc_min(tail - seal, n);
	/* Relaxed: nobody takes an item beyond the seal, so nothing is handed over. */
	pp_store(&r->tail, tail - lost);
	e->fast.origin = spsc_find_lap(r, &e->lap, tail - lost);
	e->fast.limit = spsc_limit(r, &e->lap, tail - lost);
	return n - lost;
}

/* The push at the tail, claimed and not published, is taken back.  How many such slots count as
 * occupied now.  With marks, which know nothing of them, the path of one item is closed while
 * there are any. */
static inline uint64_t spsc_abort(struct spsc *r, struct spsc_pusher *e)
{
	uint64_t tail = pp_load(&r->tail);
	uint64_t head = pp_load_acquire(SPSC_HEAD_SEEN, &r->head);
	uint64_t aborted = book_abort(e->book, spsc_taken(r), tail);

	e->lap.known = head + r->capacity - aborted;
	if (!r->marked)
		e->fast.limit = spsc_limit(r, &e->lap, tail);
	return aborted;
}

/* ---- pull ----------------------------------------------------------------- */

/* The puller knows of too few items: look again.  1, or why there is none. */
static inline int64_t spsc_look(struct spsc *r, struct spsc_puller *e, uint64_t head, bool fenced)
{
	uint32_t ended;

	e->lap.known = pp_load_acquire(SPSC_TAIL_SEEN, &r->tail);
	/* Either who ends the push side counts the item that this tail shows, or the bit is
	 * seen here: the pusher's own look comes after its item can be seen. */
	pp_light(SPSC_LOOK_LIGHT, fenced);
	ended = pp_load(&r->ended);
	if (pp_unlikely(ended))
		e->lap.known = spsc_push_sealed_at(r, fenced);
	if (e->lap.known != head)
		return 1;
	return ended & RING_CANCELLED ? RING_SEALED : ended ? RING_END : RING_NONE;
}

/* One item, or why none. */
static inline int64_t spsc_claim_marked_pull(struct spsc *r, struct spsc_puller *e, uint64_t head,
                                             bool fenced)
{
	struct pp_fast_marks *marks = spsc_pull_marks(r, e);

	if (pp_load_acquire(MARK_FULL_SEEN, &marks->full) == (uint32_t)(head + 1)) {
		pp_light(SPSC_LOOK_LIGHT, fenced);
		if (pp_likely(!pp_load(&r->ended)))
			return 1;
	}
	return spsc_look(r, e, head, fenced);
}

/* Not `n` below the limit: find items, or the next lap.  How many, or why none. */
static inline int64_t spsc_claim_below_limit(struct spsc *r, struct spsc_puller *e, uint64_t head,
                                             uint64_t n, bool fenced)
{
	int64_t found;

	if (r->marked)
		return spsc_claim_marked_pull(r, e, head, fenced);
	found = e->lap.known - head >= n ? 1 : spsc_look(r, e, head, fenced);
	if (found <= 0)
		return found;
	if (e->lap.end == head)
		e->fast.origin = spsc_find_lap(r, &e->lap, head);
	e->fast.limit = spsc_limit(r, &e->lap, head);
	return (int64_t)(e->fast.limit - head);
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

/* How many of `n` items from the head on are the puller's to copy, in this lap; or RING_NONE,
 * RING_SEALED, RING_END. */
PP_INLINE int64_t spsc_claim_pull(struct spsc *r, struct spsc_puller *e, uint64_t n, bool fenced)
{
	uint64_t head = pp_load(&r->head); /* the puller's own */
	int64_t there = (int64_t)(e->fast.limit - head);

	if (pp_unlikely(r->marked || (uint64_t)there < n)) {
		there = spsc_claim_below_limit(r, e, head, n, fenced);
		if (there <= 0)
			return there;
	}
	n = spsc_min(n, (uint64_t)there);
	/* For who cancels the fence orders it; release: for who goes by it for room. */
	pp_store_release(SPSC_TAKEN, &r->taken, head + n);
	pp_light(SPSC_TAKE_LIGHT, fenced);
	if (pp_unlikely(pp_load(&r->ended) & RING_CANCELLED))
		return spsc_settle_pull(r, head, n);
	return (int64_t)n;
}

/* The slot that is emptied next. */
PP_INLINE const unsigned char *spsc_pull_slot(struct spsc *r, struct spsc_puller *e)
{
	return pp_fast_slot(e->fast.origin, pp_load(&r->head), e->lap.stride);
}

/* After a run of `k` slots: call for those of the next two like it, in this lap. */
PP_INLINE void spsc_fetch(struct spsc *r, struct spsc_puller *e, uint64_t k)
{
	uint64_t from = pp_load(&r->head) + k; /* the puller's own */

	pp_fetch(pp_fast_slot(e->fast.origin, from, e->lap.stride),
	         ring_fetch(e->lap.end - from, 2 * k, e->lap.stride));
}

/* Give the first `n` claimed slots back to the pusher. */
PP_INLINE void spsc_publish_pull(struct spsc *r, struct spsc_puller *e, uint64_t n)
{
	uint64_t head = pp_load(&r->head); /* the puller's own */

	/* The licence to overwrite: what was copied out is out. */
	pp_store_release(SPSC_HEAD, &r->head, head + n);
	if (r->marked) {
		struct pp_fast_marks *marks = pp_fast_slot(e->fast.origin, head, e->lap.stride);

		pp_store_release(MARK_FREE, &marks->free, (uint32_t)(head + r->capacity));
	}
}

/* ---- with marks: a little later, before the counters are looked at -------------------- */

static inline void spsc_look_for_free(struct spsc *r, struct spsc_pusher *e)
{
	marks_look(&spsc_push_marks(r, e)->free, pp_load(&r->tail));
}

static inline void spsc_look_for_full(struct spsc *r, struct spsc_puller *e)
{
	marks_look(&spsc_pull_marks(r, e)->full, pp_load(&r->head) + 1);
}

#endif
