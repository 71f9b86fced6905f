/* SPDX-License-Identifier: MIT */
/*
 * Any number of pushers and pullers: D. Vyukov's bounded MPMC queue, for every exact
 * capacity from 1 up.
 *
 * Words.  A position is { lap, index, 0 }: the index of a slot and how often the ring
 * has gone round, above a spare low bit.  The index is below the capacity, so there is
 * no division and no power of two; the lap wraps together with the word.
 *
 *   tail  { lap, index, sealed }  the next push; sealed: there is none
 *   head  { lap, index, sealed }  the next pull; sealed: there is none
 *   turn of a slot  { lap, index, 0 }  free for the push at that position
 *                   { lap, index, 1 }  holds the item of that position
 *
 *                   MPMC_ABORTED    the push at that position was taken back
 *
 * (Vyukov's own numbering, pos and pos + 1, cannot tell the two apart at capacity 1.)
 *
 * A slot whose push was taken back stays in the ring until it is at the head.  Then whoever meets
 * it, a pull that wants the item behind it or a push that wants the slot, moves the head over it
 * and frees it: mpmc_pass_over().
 *
 * Who moves tail or head over a slot owns the slot until it writes the slot's turn, and
 * may do so only when it has seen the turn; the turn carries all ordering.  Seals live
 * in the same words as the positions, so an operation that claims is before the end
 * and no other is.
 *
 * Invariant: head <= tail <= head + capacity.
 *
 * Progress: non-blocking fast path.  Not lock-free in the formal sense: a thread stopped
 * between claim and turn holds up the operation one lap later on that slot and, as FIFO
 * demands, pulls behind it.  No function here waits for it: they answer RING_BUSY.
 */
#ifndef PP_RING_MPMC_H
#define PP_RING_MPMC_H

#include "ring/ring.h"

enum mpmc_role { MPMC_PUSH = 0, MPMC_PULL = 1 }; /* also the turn bit that the role waits for */

#define MPMC_SEAL UINT64_C(1)

/* The turn of a slot whose push was taken back, as mpmc_turn() shows it to the pull at that
 * position: long ago, so that nobody waits for it, and no turn is ever that late.  To the push a lap
 * later it is MPMC_ABORTED - lap + 1. */
#define MPMC_ABORTED (-(INT64_C(1) << 62))

/* Looks at a slot before the other side is looked at: about what that costs, or less. */
#ifndef MPMC_LOOKS
#define MPMC_LOOKS 8
#endif

struct mpmc {
	uint64_t capacity;
	uint64_t lap;   /* one lap: the power of two above every { index, 0 } */
	uint64_t start; /* first position, index 0 */
	PP_ATOMIC(uint32_t) ended;
	PP_ATOMIC(uint64_t) aborts, passed; /* pushes taken back; their slots that were passed over */
	PP_OWN_LINE PP_ATOMIC(uint64_t) tail;
	PP_ATOMIC(uint64_t) push_waited; /* hint: where a push last found its slot not ready */
	PP_OWN_LINE PP_ATOMIC(uint64_t) head;
	PP_ATOMIC(uint64_t) pull_waited;
};

/* The turn words: the checker and the library lay slots out in their own way. */
struct pp_slots;
PP_INLINE PP_ATOMIC(uint64_t) *pp_slot_turn(const struct pp_slots *slots, uint64_t index);

/* Smallest lap for a capacity; 0 if positions would not fit. */
static inline uint64_t mpmc_lap(uint64_t capacity)
{
	uint64_t lap = 2;

	while (lap && lap >> 1 < capacity)
		lap <<= 1;
	return lap;
}

/* `laps_before_wrap`: tests start there; 0 starts at position 0. */
static inline void mpmc_init(struct mpmc *r, const struct pp_slots *slots, uint64_t capacity,
                             uint64_t laps_before_wrap)
{
	uint64_t i;

	r->capacity = capacity;
	r->lap = mpmc_lap(capacity);
	r->start = 0 - laps_before_wrap * r->lap;
	pp_store(&r->ended, 0);
	pp_store(&r->aborts, 0);
	pp_store(&r->passed, 0);
	pp_store(&r->tail, r->start);
	pp_store(&r->head, r->start);
	pp_store(&r->push_waited, r->start - 1);
	pp_store(&r->pull_waited, r->start - 1);
	for (i = 0; i < capacity; i++)
		pp_store(pp_slot_turn(slots, i), r->start + 2 * i);
}

PP_INLINE uint64_t mpmc_index(const struct mpmc *r, uint64_t position)
{
	return (position & (r->lap - 1)) >> 1;
}

/* `n` positions further, n <= capacity. */
PP_INLINE uint64_t mpmc_advance(const struct mpmc *r, uint64_t position, uint64_t n)
{
	uint64_t index = mpmc_index(r, position) + n;

	return index < r->capacity ? position + 2 * n
	                           : position + 2 * n - 2 * r->capacity + r->lap;
}

PP_INLINE PP_ATOMIC(uint64_t) *mpmc_word(struct mpmc *r, enum mpmc_role role)
{
	return role == MPMC_PUSH ? &r->tail : &r->head;
}

/* A quarter of the slots, and where those are few none at all: lines that the other side still
 * works on are not to be called for.  So many bytes lie behind the last slot, unused. */
static inline uint32_t mpmc_ahead(uint64_t capacity, size_t stride)
{
	uint64_t quarter = capacity < 4 * RING_SLACK / stride ? capacity / 4 * stride : RING_SLACK;

	return quarter < RING_SLACK / 2 ? 0 : (uint32_t)quarter;
}

/* What the path of one item needs (pushpull/fast.h).  Word and alert are the end's to set. */
static inline struct pp_fast_shared mpmc_cursor(struct mpmc *r, const struct pp_slots *slots,
                                                enum mpmc_role role)
{
	struct pp_fast_shared f = { 0 };

	f.slots = (uintptr_t)slots->base;
	f.mask = r->lap - 2;
	f.last = 2 * (r->capacity - 1);
	f.next = mpmc_word(r, role);
	f.ahead = mpmc_ahead(r->capacity, slots->stride);
	return f;
}

PP_INLINE uint64_t mpmc_seen(enum mpmc_role role, PP_ATOMIC(uint64_t) *turn)
{
	return role == MPMC_PUSH ? pp_load_acquire(MPMC_FREE_SEEN, turn)
	                         : pp_load_acquire(MPMC_FULL_SEEN, turn);
}

/* > 0: the turn has gone past what `role` at `position` waits for; 0: it is now; < 0: not yet. */
PP_INLINE int64_t mpmc_turn(const struct mpmc *r, const struct pp_slots *slots,
                            enum mpmc_role role, uint64_t position)
{
	PP_ATOMIC(uint64_t) *turn = pp_slot_turn(slots, mpmc_index(r, position));

	return (int64_t)(mpmc_seen(role, turn) - (position | (uint64_t)role));
}

/* Does a turn that mpmc_turn() gave to `role` say that the push before was taken back? */
PP_INLINE bool mpmc_was_aborted(const struct mpmc *r, enum mpmc_role role, int64_t turn)
{
	return turn == (role == MPMC_PULL ? MPMC_ABORTED : MPMC_ABORTED - (int64_t)r->lap + 1);
}

/*
 * The slot at `position` is not ready: why?  Relaxed loads: every answer is true of some
 * moment of the call, or an operation that overlaps it can be put after it.  A head
 * read late can only turn "full" into "busy", one read early is clamped to "full".
 */
static inline int mpmc_why(struct mpmc *r, enum mpmc_role role, uint64_t position)
{
	uint64_t other;

	if (role == MPMC_PUSH) {
		other = pp_load(&r->head) & ~MPMC_SEAL;
		return position - other >= r->lap ? RING_NONE : RING_BUSY;
	}
	other = pp_load(&r->tail);
	if ((other & ~MPMC_SEAL) != position)
		return RING_BUSY;
	if (!(other & MPMC_SEAL))
		return RING_NONE;
	/* A cancel seals the tail before the head: a pull in between has ended, too. */
	(void)pp_load_acquire(MPMC_SEAL_SEEN, &r->tail);
	return pp_load(&r->ended) & RING_CANCELLED ? RING_SEALED : RING_END;
}

/*
 * The slot at `position` is not ready.  Look a few times more, at the slot alone: to know why it is
 * not takes the line of the other side's position away from who moves it, and in a stream the
 * slot is ready before that line is here.  Once per position, so that who asks a ring at rest
 * has the answer at once.
 */
static inline bool mpmc_soon(struct mpmc *r, const struct pp_slots *slots, enum mpmc_role role,
                             uint64_t position)
{
	PP_ATOMIC(uint64_t) *waited = role == MPMC_PUSH ? &r->push_waited : &r->pull_waited;
	int i;

	if (pp_load(waited) == position)
		return false;
	pp_store(waited, position);
	for (i = 0; i < MPMC_LOOKS; i++) {
		pp_pause();
		if (mpmc_turn(r, slots, role, position) >= 0)
			return true;
	}
	return false;
}

/* After a run of `k` from `position` on: the lines of the next one like it, in this lap.  Whoever
 * looks at a turn here also writes it. */
static inline void mpmc_fetch(const struct mpmc *r, const struct pp_slots *slots,
                              uint64_t position, uint64_t k)
{
	uint64_t from = mpmc_index(r, position) + k, left = r->capacity - from;

	pp_fetch_all_to_write(pp_slot_turn(slots, from), ring_fetch(left, k, slots->stride));
}

/* How many slots of up to `n` from `position` on are ready, the first of which is, up to the end of
 * the lap; and call for the lines of those behind several.  A later slot that is ready stays ready
 * until somebody moves the role's word. */
PP_INLINE uint64_t mpmc_run(const struct mpmc *r, const struct pp_slots *slots,
                            enum mpmc_role role, uint64_t position, uint64_t n)
{
	uint64_t index = mpmc_index(r, position), most = r->capacity - index;
	unsigned char *slot = slots->base + index * slots->stride;
	size_t stride = slots->stride; /* read once: the acquiring loads would have it read each time */
	uint64_t awaited = position | (uint64_t)role;
	uint64_t k;

	if (n > most)
		n = most;
	for (k = 1; k < n; k++) {
		slot += stride;
		awaited += 2;
		if (mpmc_seen(role, (PP_ATOMIC(uint64_t) *)(void *)slot) != awaited)
			break;
	}
	if (k > 1)
		mpmc_fetch(r, slots, position, k);
	return k;
}

/*
 * Claim up to `n` slots that are ready, one after the other in one lap, for `role`.  `seal` is
 * the seal that the role's word must show: 0, or MPMC_SEAL for who drops what is left.
 * Result: how many from *claimed on, or RING_NONE, RING_BUSY, RING_SEALED, RING_END; RING_ABORTED:
 * mpmc_pass_over() first.
 */
PP_INLINE int64_t mpmc_claim(struct mpmc *r, const struct pp_slots *slots, enum mpmc_role role,
                             uint64_t seal, uint64_t n, uint64_t *claimed)
{
	PP_ATOMIC(uint64_t) *word = mpmc_word(r, role);
	uint64_t seen = pp_load(word); /* a guess: the turn and the exchange decide */

	for (;;) {
		uint64_t position = seen & ~MPMC_SEAL;
		int64_t turn;
		uint64_t k;

		if (pp_unlikely((seen & MPMC_SEAL) != seal)) {
			(void)pp_load_acquire(MPMC_SEAL_SEEN, word);
			return RING_SEALED;
		}
		turn = mpmc_turn(r, slots, role, position);
		if (pp_unlikely(turn != 0)) {
			uint64_t again = pp_load(word);

			if (mpmc_was_aborted(r, role, turn))
				return RING_ABORTED;
			if (turn < 0 && again == seen && !mpmc_soon(r, slots, role, position))
				return mpmc_why(r, role, position);
			seen = again;
			continue;
		}
		k = mpmc_run(r, slots, role, position, n);
		/* Relaxed: the turns that were read above order everything. */
		if (pp_likely(pp_cas(word, &seen, mpmc_advance(r, position, k) | seal))) {
			*claimed = position;
			return (int64_t)k;
		}
		pp_fast_contended(r->capacity);
		seen = pp_load(word);
	}
}

/* Pass the slot at `position`, claimed by `role`, on to the other role. */
PP_INLINE void mpmc_publish(struct mpmc *r, const struct pp_slots *slots, enum mpmc_role role,
                            uint64_t position)
{
	PP_ATOMIC(uint64_t) *turn = pp_slot_turn(slots, mpmc_index(r, position));

	if (role == MPMC_PUSH)
		pp_store_release(MPMC_FULL, turn, position | 1);
	else
		pp_store_release(MPMC_FREE, turn, position + r->lap);
}

/* Items between an array and the `k` slots claimed from `position` on, each slot passed on as soon
 * as its item is there, or out. */
PP_INLINE void mpmc_move_of(const struct mpmc *r, const struct pp_slots *slots, enum mpmc_role role,
                            uint64_t position, unsigned char *items, uint64_t k, size_t size,
                            size_t stride, size_t offset)
{
	unsigned char *slot = slots->base + mpmc_index(r, position) * stride;
	uint64_t lap = r->lap;
	uint64_t i;

	for (i = 0; i < k; i++, slot += stride, items += size, position += 2) {
		PP_ATOMIC(uint64_t) *turn = (PP_ATOMIC(uint64_t) *)(void *)slot;

		if (role == MPMC_PUSH) {
			pp_copy(slot + offset, items, size);
			PP_STALL(push_copied);
			pp_store_release(MPMC_FULL, turn, position | 1);
		} else {
			pp_copy(items, slot + offset, size);
			PP_STALL(pull_copied);
			pp_store_release(MPMC_FREE, turn, position + lap);
		}
	}
}

PP_INLINE void mpmc_move(const struct mpmc *r, const struct pp_slots *slots, enum mpmc_role role,
                         uint64_t position, unsigned char *items, uint64_t k)
{
	switch (slots->item_size) {
#define MOVE_OF(size)                                                                       \
	case size:                                                                          \
		mpmc_move_of(r, slots, role, position, items, k, size, pp_turn_stride(size), \
		             pp_turn_offset(size));                                          \
		break
	PP_KNOWN_SIZES(MOVE_OF);
#undef MOVE_OF
	default:
		mpmc_move_of(r, slots, role, position, items, k, slots->item_size, slots->stride,
		             slots->offset);
	}
}

/* Could there be more than the `k` slots claimed from `position` on?  They ended with the lap, or
 * at a slot to be passed over. */
PP_INLINE bool mpmc_lap_done(struct mpmc *r, uint64_t position, uint64_t k)
{
	return mpmc_index(r, position) + k == r->capacity || pp_load(&r->aborts) != pp_load(&r->passed);
}

/* ---- slots that were opened --------------------------------------------------------------- */

/* The position of a slot that `role` has claimed, by the turn that only its owner moves.  False: of
 * none, as far as that can be seen. */
static inline bool mpmc_opened(const struct mpmc *r, const struct pp_slots *slots,
                               enum mpmc_role role, uint64_t index, uint64_t *position)
{
	uint64_t turn = pp_load(pp_slot_turn(slots, index)); /* the owner's own claim saw it */

	*position = turn & ~UINT64_C(1);
	return (turn & 1) == (uint64_t)role && mpmc_index(r, *position) == index;
}

/* The push that claimed `position` is taken back. */
static inline void mpmc_abort(struct mpmc *r, const struct pp_slots *slots, uint64_t position)
{
	pp_fetch_add(&r->aborts, 1);
	/* Release: who takes the slot next writes after what was written into it in vain. */
	pp_store_release(MPMC_ABORT, pp_slot_turn(slots, mpmc_index(r, position)),
	                 (position | 1) + (uint64_t)MPMC_ABORTED);
}

/* The slot at the head, if its push was taken back, becomes free.  `seal` as for mpmc_claim().
 * True: it has, and who waits for room is to be told.  False: it was not so, or somebody else is at
 * it. */
static inline bool mpmc_pass_over(struct mpmc *r, const struct pp_slots *slots, uint64_t seal)
{
	uint64_t seen = pp_load(&r->head), position = seen & ~MPMC_SEAL;

	if ((seen & MPMC_SEAL) != seal || mpmc_turn(r, slots, MPMC_PULL, position) != MPMC_ABORTED)
		return false;
	/* Relaxed: the turn orders everything. */
	if (!pp_decide_relaxed(&r->head, &seen, mpmc_advance(r, position, 1) | seal))
		return false;
	PP_STALL(passing_over);
	mpmc_publish(r, slots, MPMC_PULL, position);
	pp_fetch_add(&r->passed, 1);
	return true;
}

/* How many slots from the head on are only to be passed over.  For people: any thread, any time. */
static inline uint64_t mpmc_to_pass(struct mpmc *r, const struct pp_slots *slots)
{
	uint64_t position = pp_load(&r->head) & ~MPMC_SEAL, n = 0;

	if (pp_load(&r->aborts) == pp_load(&r->passed))
		return 0;
	for (; n < r->capacity; n++, position = mpmc_advance(r, position, 1))
		if (mpmc_turn(r, slots, MPMC_PULL, position) != MPMC_ABORTED)
			break;
	return n;
}

/* What a claim by `role` would come to now: 1, or why not. */
static inline int mpmc_peek(struct mpmc *r, const struct pp_slots *slots, enum mpmc_role role)
{
	for (;;) {
		uint64_t seen = pp_load(mpmc_word(r, role));
		int64_t turn;

		if (seen & MPMC_SEAL)
			return RING_SEALED;
		turn = mpmc_turn(r, slots, role, seen);
		if (turn == 0)
			return 1;
		if (mpmc_was_aborted(r, role, turn))
			return RING_ABORTED;
		if (turn < 0 && pp_load(mpmc_word(r, role)) == seen)
			return mpmc_why(r, role, seen);
	}
}

/* ---- ending and looking ------------------------------------------------------------------- */

/* End a side: RING_CLOSED, RING_CANCELLED.  No claim for it from here on; who is told
 * RING_SEALED sees `why` in r->ended. */
static inline void mpmc_end(struct mpmc *r, uint32_t why)
{
	pp_fetch_or(&r->ended, why); /* ordered by the seals */
	pp_fetch_or_acq_rel(MPMC_SEAL_TAIL, &r->tail, MPMC_SEAL);
	PP_STALL(end_half_sealed);
	if (why & RING_CANCELLED)
		pp_fetch_or(&r->head, MPMC_SEAL); /* says all that a pull has to know */
}

/* Could the next operation of `role` go ahead, or end? */
static inline bool mpmc_ready(struct mpmc *r, const struct pp_slots *slots, enum mpmc_role role)
{
	uint64_t seen = pp_load(mpmc_word(r, role));
	int64_t turn;

	if (seen & MPMC_SEAL)
		return true;
	turn = mpmc_turn(r, slots, role, seen);
	/* An end is set before it is sealed.  The other side's line is left alone else. */
	return turn >= 0 || mpmc_was_aborted(r, role, turn) ||
	       (pp_load(&r->ended) && mpmc_why(r, role, seen) < RING_BUSY);
}

/* How many positions `role` has gone since the start. */
static inline uint64_t mpmc_count(struct mpmc *r, enum mpmc_role role)
{
	uint64_t gone = (pp_load(mpmc_word(r, role)) & ~MPMC_SEAL) - r->start;

	return gone / r->lap * r->capacity + mpmc_index(r, gone);
}

#endif
