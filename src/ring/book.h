/* SPDX-License-Identifier: MIT */
/*
 * PP_SPSC: the book of pushes that were taken back.
 *
 * The puller never meets them: such a push is not published, and its slot is used for the next
 * one.  But until everything before it is pulled the slot counts as occupied, as in PP_MPMC,
 * where it stands in the ring.  So while there is such a slot the pusher keeps a book of those
 * that count, the oldest first: one bit each, set for a push taken back, clear for an item.
 *
 * Only the pushing thread writes.  Others read for the depth, and may read a mixture of two
 * moments: relaxed words, and every loop here ends with the capacity.
 */
#ifndef PP_RING_BOOK_H
#define PP_RING_BOOK_H

#include "base/atomic.h"

struct spsc_book {
	PP_ATOMIC(uint64_t) *bits;          /* one for each slot of the ring               */
	uint64_t slots;
	PP_ATOMIC(uint64_t) first, last;    /* bits that count: their numbers              */
	PP_ATOMIC(uint64_t) head, tail;     /* the items from `first` to `last`: positions */
	PP_ATOMIC(uint64_t) aborted;        /* bits that are set                           */
};

#define BOOK_BITS UINT64_C(64) /* in a word */

static inline uint64_t book_words(uint64_t slots)
{
	return slots / BOOK_BITS + 1;
}

static inline void book_init(struct spsc_book *b, PP_ATOMIC(uint64_t) *bits, uint64_t slots)
{
	b->bits = bits;
	b->slots = slots;
	pp_store(&b->first, 0);
	pp_store(&b->last, 0);
	pp_store(&b->head, 0);
	pp_store(&b->tail, 0);
	pp_store(&b->aborted, 0);
}

static inline uint64_t book_mask(const struct spsc_book *b, uint64_t number)
{
	return UINT64_C(1) << number % b->slots % BOOK_BITS;
}

static inline bool book_has(const struct spsc_book *b, uint64_t number)
{
	return pp_load(&b->bits[number % b->slots / BOOK_BITS]) & book_mask(b, number);
}

static inline void book_append(struct spsc_book *b, bool aborted)
{
	uint64_t number = pp_load(&b->last), mask = book_mask(b, number);
	PP_ATOMIC(uint64_t) *word = &b->bits[number % b->slots / BOOK_BITS];

	pp_store(word, aborted ? pp_load(word) | mask : pp_load(word) & ~mask);
	pp_store(&b->last, number + 1);
}

/* Items that were pushed since the last entry.  A pusher that lost against the end has gone back. */
static inline void book_catch_up(struct spsc_book *b, uint64_t tail)
{
	for (; (int64_t)(tail - pp_load(&b->tail)) > 0; pp_store(&b->tail, pp_load(&b->tail) + 1))
		book_append(b, false);
}

/* How many still count when all before `head` is pulled; *gone: the entries before that. */
static inline uint64_t book_count(struct spsc_book *b, uint64_t head, uint64_t *gone)
{
	uint64_t aborted = pp_load(&b->aborted), first = pp_load(&b->first);
	uint64_t items = head - pp_load(&b->head), n = pp_load(&b->last) - first, i;

	for (i = 0; aborted && i < n && i < b->slots; i++) {
		if (book_has(b, first + i))
			aborted--;
		else if (items)
			items--;
		else
			break;
	}
	*gone = i;
	return aborted;
}

/* The pusher: forget what no longer counts.  How many are left. */
static inline uint64_t book_settle(struct spsc_book *b, uint64_t head, uint64_t tail)
{
	uint64_t aborted = pp_load(&b->aborted), left, gone;

	if (aborted == 0)
		return 0;
	book_catch_up(b, tail);
	left = book_count(b, head, &gone);
	pp_store(&b->first, pp_load(&b->first) + gone);
	pp_store(&b->head, pp_load(&b->head) + gone - (aborted - left));
	pp_store(&b->aborted, left);
	return left;
}

/* The pusher takes back the push after `tail`.  How many count now. */
static inline uint64_t book_abort(struct spsc_book *b, uint64_t head, uint64_t tail)
{
	uint64_t aborted = book_settle(b, head, tail);

	if ((int64_t)(tail - head) <= 0)
		return 0; /* nothing is before it */
	if (aborted == 0) {
		pp_store(&b->first, 0);
		pp_store(&b->last, 0);
		pp_store(&b->head, head);
		pp_store(&b->tail, head);
		book_catch_up(b, tail);
	}
	book_append(b, true);
	pp_store(&b->aborted, aborted + 1);
	return aborted + 1;
}

#endif
