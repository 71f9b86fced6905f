/* SPDX-License-Identifier: MIT */
/*
 * The path of one item through a ring, as text that is compiled twice: into the library, and by
 * <pushpull/typed.h> into its callers.  Not for direct use.
 *
 * Everything here is ABI.  An end begins with a cursor, whose first word says what the ring
 * is and how the cursor is laid out.  Code that finds another word than the one that it was
 * compiled for calls the library, which knows them all; so a layout may change when the
 * word does.
 *
 * PP_SPSC: after L. Lamport's ring ("Specifying concurrent program modules", 1983), each side
 * keeping the last value that it saw of the other's counter.  PP_MPMC: after D. Vyukov's bounded
 * queue, with a turn number in each slot.  Who reads what, and why each order is needed: the
 * library's src/ring/spsc.h, src/ring/mpmc.h and docs/memory-model.md.
 */
#ifndef PUSHPULL_FAST_H
#define PUSHPULL_FAST_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <pushpull/pushpull.h>

/* The library and its checkers bring their own. */
#ifndef PP_FAST_SEAM
#define PP_FAST_SEAM
#define PP_FAST_ATOMIC(type)                type
#define PP_FAST_LOAD(p)                     __atomic_load_n((p), __ATOMIC_RELAXED)
#define PP_FAST_LOAD_ACQUIRE(label, p)      __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define PP_FAST_STORE_RELEASE(label, p, v)  __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define PP_FAST_EXCHANGE_IF(p, seen, v) \
	__atomic_compare_exchange_n((p), (seen), (v), 1, __ATOMIC_RELAXED, __ATOMIC_RELAXED)
#define PP_FAST_LIGHT(label)                __atomic_signal_fence(__ATOMIC_SEQ_CST)
#define PP_FAST_COPY(to, from, size)        memcpy((to), (from), (size))
#define PP_FAST_FETCH(address)              __builtin_prefetch(address)
#define PP_FAST_STRIDE(size)                (size)
#define PP_FAST_TURN_STRIDE(size)           pp_fast_turn_stride(size)
#define PP_FAST_TURN_OFFSET(size)           pp_fast_turn_offset(size)
#define PP_FAST_MARK_STRIDE(size)           pp_fast_turn_stride(size)
#define PP_FAST_MARK_OFFSET(size)           pp_fast_turn_offset(size)
#define PP_FAST_STALL(point)                ((void)0)
#endif

#define PP_FAST_INLINE static inline __attribute__((always_inline))
#define PP_FAST_LIKELY(x) __builtin_expect(!!(x), 1)

/* { layout : 4, kind : 4, item size : 24 }.  Only rings with slots and the asymmetric fence, with
 * items below PP_FAST_SIZES, and with nothing else to do for an item have such a word; all
 * others have 0. */
#define PP_FAST_PLAIN  UINT32_C(1)
#define PP_FAST_MARKED UINT32_C(2) /* PP_SPSC with few slots: marks in front of the items */
#define PP_FAST_SIZES  (UINT32_C(1) << 24)
#define PP_FAST_WORD_OF(layout, kind, size) \
	((layout) << 28 | (uint32_t)(kind) << 24 | (uint32_t)(size))
#define PP_FAST_WORD(kind, size)   PP_FAST_WORD_OF(PP_FAST_PLAIN, kind, size)
#define PP_FAST_MARKED_WORD(size)  PP_FAST_WORD_OF(PP_FAST_MARKED, PP_SPSC, size)

/* ---- Where an item lies ------------------------------------------------------------------ */

/* PP_SPSC: items one after the other; where those are few, each behind its marks.  PP_MPMC: each
 * item behind its turn.  Both padded so that the item keeps its alignment, an array's: the largest
 * power of two that divides the size, 16 at most. */
PP_FAST_INLINE size_t pp_fast_align(size_t size)
{
	size_t align = size & (0 - size);

	return align < 16 ? align : 16;
}

PP_FAST_INLINE size_t pp_fast_turn_offset(size_t size)
{
	return pp_fast_align(size) < sizeof(uint64_t) ? sizeof(uint64_t) : pp_fast_align(size);
}

PP_FAST_INLINE size_t pp_fast_turn_stride(size_t size)
{
	size_t unit = pp_fast_turn_offset(size);

	return unit + (size + unit - 1) / unit * unit;
}

/* ---- The cursors --------------------------------------------------------------------------- */

/* The slot of position p is at origin + p * stride, until a lap of the slots ends: then comes
 * another origin.  So the position is all that changes with an item.  With marks, the lap ends at
 * `limit`; without, the library is called there. */
struct pp_fast_push {
	uint32_t word;
	uint16_t capacity;               /* with marks                                      */
	uint16_t ahead;                  /* bytes from a slot to the one to be fetched      */
	uintptr_t origin;
	uint64_t limit;                  /* no push at this position without the library    */
	PP_FAST_ATOMIC(uint64_t) *tail;
	PP_FAST_ATOMIC(uint64_t) *alert; /* 0 in the low half: nobody is to be told         */
};

struct pp_fast_pull {
	uint32_t word;
	uint16_t capacity;               /* with marks                                      */
	uint16_t ahead;                  /* bytes from a slot to the one to be fetched      */
	uintptr_t origin;
	uint64_t limit;                  /* no pull at this position without the library    */
	PP_FAST_ATOMIC(uint64_t) *head;
	PP_FAST_ATOMIC(uint64_t) *alert;
	PP_FAST_ATOMIC(uint64_t) *taken;
	PP_FAST_ATOMIC(uint32_t) *ended;
};

/* PP_MPMC, either end; constant, so that every thread may read it.  A position is { lap, index,
 * sealed : 1 }, and `mask` takes the index out of it, times two. */
struct pp_fast_shared {
	uint32_t word;
	uint32_t ahead;                  /* bytes from a slot to the one to be fetched      */
	uintptr_t slots;
	uint64_t mask;                   /* a lap is mask + 2                               */
	uint64_t last;                   /* index of the last slot, times two               */
	PP_FAST_ATOMIC(uint64_t) *next;  /* the tail, or the head                           */
	PP_FAST_ATOMIC(uint64_t) *alert;
};

#ifdef __cplusplus
extern "C" {
#endif

/* The rest of a push or pull that found somebody to be told.  Never blocks; the result is
 * that of the push or pull. */
PP_API int pp_fast_pushed(pp_tx *tx);
PP_API int pp_fast_pulled(pp_rx *rx);

/* Another thread of the same side of a ring of so many slots was faster: let it go ahead for a
 * little, less than a microsecond.  Never waits for it. */
PP_API void pp_fast_contended(uint64_t slots);

#ifdef __cplusplus
}
#endif

enum pp_fast_result {
	PP_FAST_NO,      /* nothing was done: call the library            */
	PP_FAST_DONE,
	PP_FAST_ALERTED, /* done, and somebody may have to be told of it  */
	PP_FAST_LOST     /* nothing was done: pp_fast_contended(), then as PP_FAST_NO */
};

PP_FAST_INLINE void *pp_fast_slot(uintptr_t origin, uint64_t position, size_t stride)
{
	return (void *)(origin + (uintptr_t)position * stride);
}

/* Nobody asleep, nothing ending. */
PP_FAST_INLINE enum pp_fast_result pp_fast_look(PP_FAST_ATOMIC(uint64_t) *alert)
{
	return PP_FAST_LIKELY((uint32_t)PP_FAST_LOAD(alert) == 0) ? PP_FAST_DONE : PP_FAST_ALERTED;
}

/* ---- PP_SPSC ------------------------------------------------------------------------------- */

PP_FAST_INLINE enum pp_fast_result pp_fast_put(struct pp_fast_push *f, const void *item, size_t size)
{
	PP_FAST_ATOMIC(uint64_t) *tail = f->tail;
	uint64_t position = PP_FAST_LOAD(tail); /* the pusher's own */

	if (!PP_FAST_LIKELY(position != f->limit))
		return PP_FAST_NO;
	PP_FAST_STALL(push_claimed);
	PP_FAST_COPY(pp_fast_slot(f->origin, position, PP_FAST_STRIDE(size)), item, size);
	PP_FAST_STALL(push_copied);
	PP_FAST_STORE_RELEASE(SPSC_TAIL, tail, position + 1);
	PP_FAST_STALL(push_published);
	PP_FAST_LIGHT(PUSH_LIGHT);
	return pp_fast_look(f->alert);
}

PP_FAST_INLINE enum pp_fast_result pp_fast_get(struct pp_fast_pull *f, void *item, size_t size)
{
	PP_FAST_ATOMIC(uint64_t) *head = f->head;
	uint64_t position = PP_FAST_LOAD(head); /* the puller's own */
	const unsigned char *slot;

	if (!PP_FAST_LIKELY(position != f->limit))
		return PP_FAST_NO;
	/* For who cancels the fence orders it; release: for who goes by it for room. */
	PP_FAST_STORE_RELEASE(SPSC_TAKEN, f->taken, position + 1);
	PP_FAST_LIGHT(SPSC_TAKE_LIGHT);
	if (!PP_FAST_LIKELY(PP_FAST_LOAD(f->ended) == 0))
		return PP_FAST_NO; /* the library takes the same item, or says why not */
	PP_FAST_STALL(pull_claimed);
	slot = (const unsigned char *)pp_fast_slot(f->origin, position, PP_FAST_STRIDE(size));
	PP_FAST_FETCH(slot + f->ahead);
	PP_FAST_COPY(item, slot, size);
	PP_FAST_STALL(pull_copied);
	/* The licence to overwrite: what was copied out is out. */
	PP_FAST_STORE_RELEASE(SPSC_HEAD, head, position + 1);
	PP_FAST_STALL(pull_freed);
	PP_FAST_LIGHT(PULL_LIGHT);
	return pp_fast_look(f->alert);
}

/* ---- PP_SPSC with marks -------------------------------------------------------------------- */

/* What the two counters say, once more where the item is, so that one line brings the item and the
 * news.  Low halves of positions: the last item put in and one, the next one that may be.  A
 * mark may be late, never early; each has one writer. */
struct pp_fast_marks {
	PP_FAST_ATOMIC(uint32_t) full; /* the pusher's */
	PP_FAST_ATOMIC(uint32_t) free; /* the puller's */
};

PP_FAST_INLINE void pp_fast_next_lap(uintptr_t *origin, uint64_t *limit, uint64_t capacity,
                                     size_t stride)
{
	*origin -= capacity * stride;
	*limit += capacity;
}

PP_FAST_INLINE enum pp_fast_result pp_fast_put_marked(struct pp_fast_push *f, const void *item,
                                                      size_t size)
{
	PP_FAST_ATOMIC(uint64_t) *tail = f->tail;
	uint64_t position = PP_FAST_LOAD(tail); /* the pusher's own */
	struct pp_fast_marks *marks;

	if (position == f->limit)
		pp_fast_next_lap(&f->origin, &f->limit, f->capacity, PP_FAST_MARK_STRIDE(size));
	marks = (struct pp_fast_marks *)pp_fast_slot(f->origin, position, PP_FAST_MARK_STRIDE(size));
	if (!PP_FAST_LIKELY(PP_FAST_LOAD_ACQUIRE(MARK_FREE_SEEN, &marks->free) == (uint32_t)position))
		return PP_FAST_NO;
	PP_FAST_FETCH((const unsigned char *)marks + f->ahead);
	PP_FAST_STALL(push_claimed);
	PP_FAST_COPY((unsigned char *)marks + PP_FAST_MARK_OFFSET(size), item, size);
	PP_FAST_STALL(push_copied);
	PP_FAST_STORE_RELEASE(SPSC_TAIL, tail, position + 1);
	PP_FAST_STALL(push_published);
	PP_FAST_STORE_RELEASE(MARK_FULL, &marks->full, (uint32_t)(position + 1));
	PP_FAST_LIGHT(PUSH_LIGHT);
	return pp_fast_look(f->alert);
}

PP_FAST_INLINE enum pp_fast_result pp_fast_get_marked(struct pp_fast_pull *f, void *item, size_t size)
{
	PP_FAST_ATOMIC(uint64_t) *head = f->head;
	uint64_t position = PP_FAST_LOAD(head); /* the puller's own */
	struct pp_fast_marks *marks;

	if (position == f->limit)
		pp_fast_next_lap(&f->origin, &f->limit, f->capacity, PP_FAST_MARK_STRIDE(size));
	marks = (struct pp_fast_marks *)pp_fast_slot(f->origin, position, PP_FAST_MARK_STRIDE(size));
	if (!PP_FAST_LIKELY(PP_FAST_LOAD_ACQUIRE(MARK_FULL_SEEN, &marks->full) == (uint32_t)(position + 1)))
		return PP_FAST_NO;
	/* For who cancels the fence orders it; release: for who goes by it for room. */
	PP_FAST_STORE_RELEASE(SPSC_TAKEN, f->taken, position + 1);
	PP_FAST_LIGHT(SPSC_TAKE_LIGHT); /* and SPSC_LOOK_LIGHT, of the look at the mark */
	if (!PP_FAST_LIKELY(PP_FAST_LOAD(f->ended) == 0))
		return PP_FAST_NO; /* the library takes the same item, or says why not */
	PP_FAST_FETCH((const unsigned char *)marks + f->ahead);
	PP_FAST_STALL(pull_claimed);
	PP_FAST_COPY(item, (const unsigned char *)marks + PP_FAST_MARK_OFFSET(size), size);
	PP_FAST_STALL(pull_copied);
	PP_FAST_STORE_RELEASE(SPSC_HEAD, head, position + 1);
	PP_FAST_STALL(pull_freed);
	/* The licence to overwrite: what was copied out is out. */
	PP_FAST_STORE_RELEASE(MARK_FREE, &marks->free, (uint32_t)(position + f->capacity));
	PP_FAST_LIGHT(PULL_LIGHT);
	return pp_fast_look(f->alert);
}

/* ---- PP_MPMC ------------------------------------------------------------------------------- */

PP_FAST_INLINE PP_FAST_ATOMIC(uint64_t) *pp_fast_turn(const struct pp_fast_shared *f,
                                                      uint64_t position, size_t stride)
{
	/* A stride is even. */
	return (PP_FAST_ATOMIC(uint64_t) *)(f->slots + (uintptr_t)(position & f->mask) * (stride / 2));
}

PP_FAST_INLINE uint64_t pp_fast_after(const struct pp_fast_shared *f, uint64_t position)
{
	return position + ((position & f->mask) != f->last ? 2 : f->mask + 2 - f->last);
}

/* Claim the slot at the end's position: its turn, and what it waits for, in *turn and *position.
 * `role`: 0 a push, which waits for the turn of its position; 1 a pull, for one more.  What a
 * sealed position waits for is no turn of its slot while it stands; when a drop has gone on from
 * there, the exchange fails.  One attempt: what follows a lost one is rare, and would have the
 * compiler save registers for all. */
PP_FAST_INLINE enum pp_fast_result pp_fast_claim(const struct pp_fast_shared *f, int role,
                                                 size_t stride, uint64_t *position,
                                                 PP_FAST_ATOMIC(uint64_t) **turn)
{
	uint64_t seen = PP_FAST_LOAD(f->next), is;

	*turn = pp_fast_turn(f, seen, stride);
	is = role ? PP_FAST_LOAD_ACQUIRE(MPMC_FULL_SEEN, *turn)
	          : PP_FAST_LOAD_ACQUIRE(MPMC_FREE_SEEN, *turn);
	if (!PP_FAST_LIKELY(is == seen + (uint64_t)role))
		return PP_FAST_NO;
	*position = seen;
	/* Relaxed: the turn orders everything. */
	if (!PP_FAST_LIKELY(PP_FAST_EXCHANGE_IF(f->next, &seen, pp_fast_after(f, seen))))
		return PP_FAST_LOST;
	/* The exchange waits for the stores before it, so lines come one by one if nobody calls
	 * for them earlier. */
	PP_FAST_FETCH((const unsigned char *)*turn + f->ahead);
	return PP_FAST_DONE;
}

PP_FAST_INLINE void *pp_fast_turn_item(PP_FAST_ATOMIC(uint64_t) *turn, size_t size)
{
	(void)size;
	return (unsigned char *)turn + PP_FAST_TURN_OFFSET(size);
}

PP_FAST_INLINE enum pp_fast_result pp_fast_put_shared(const struct pp_fast_shared *f,
                                                      const void *item, size_t size)
{
	PP_FAST_ATOMIC(uint64_t) *turn;
	uint64_t position;
	enum pp_fast_result r = pp_fast_claim(f, 0, PP_FAST_TURN_STRIDE(size), &position, &turn);

	if (!PP_FAST_LIKELY(r == PP_FAST_DONE))
		return r;
	PP_FAST_STALL(push_claimed);
	PP_FAST_COPY(pp_fast_turn_item(turn, size), item, size);
	PP_FAST_STALL(push_copied);
	PP_FAST_STORE_RELEASE(MPMC_FULL, turn, position + 1);
	PP_FAST_STALL(push_published);
	PP_FAST_LIGHT(PUSH_LIGHT);
	return pp_fast_look(f->alert);
}

PP_FAST_INLINE enum pp_fast_result pp_fast_get_shared(const struct pp_fast_shared *f, void *item,
                                                      size_t size)
{
	PP_FAST_ATOMIC(uint64_t) *turn;
	uint64_t position;
	enum pp_fast_result r = pp_fast_claim(f, 1, PP_FAST_TURN_STRIDE(size), &position, &turn);

	if (!PP_FAST_LIKELY(r == PP_FAST_DONE))
		return r;
	PP_FAST_STALL(pull_claimed);
	PP_FAST_COPY(item, pp_fast_turn_item(turn, size), size);
	PP_FAST_STALL(pull_copied);
	PP_FAST_STORE_RELEASE(MPMC_FREE, turn, position + f->mask + 2);
	PP_FAST_STALL(pull_freed);
	PP_FAST_LIGHT(PULL_LIGHT);
	return pp_fast_look(f->alert);
}

#endif
