/* SPDX-License-Identifier: MIT */
/*
 * Working in place: pushes that are taken back.  No item is left; the slot counts as occupied
 * until everything before it is pulled, and is then free with no pull needed.
 */
#include "support.h"

#include <stdlib.h>

SUITE(inplace_abort);

static void abort_one(const struct ends *e)
{
	EXPECT_EQ(pp_push_abort(e->tx, slot_push(e)), 0);
}

static void abort_many(const struct ends *e, size_t count)
{
	while (count-- > 0)
		abort_one(e);
}

/* Try and past deadline: full. */
static void is_full(const struct ends *e)
{
	EXPECT_EQ(pp_tx_depth(e->tx), pp_tx_capacity(e->tx));
	EXPECT_EQ(pp_try_push(e->tx, &(uint64_t){ 0 }), -EAGAIN);
	EXPECT_EQ(pp_try_push_n(e->tx, &(uint64_t){ 0 }, 1), -EAGAIN);
	EXPECT_EQ(pp_push_until(e->tx, &(uint64_t){ 0 }, 0), -ETIMEDOUT);
}

/* ---- No item ---------------------------------------------------------------------- */

static void in_an_empty_ring(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t item = 99;

	for (int lap = 0; lap < 3; lap++) {
		abort_many(&e, capacity + 1); /* nothing is before them: free at once */
		EXPECT_EQ(pp_tx_depth(e.tx), 0);
		EXPECT_EQ(pp_try_pull(e.rx, &item), -EAGAIN);
		EXPECT_EQ(pp_try_pull_n(e.rx, &item, 1), -EAGAIN);
		EXPECT_EQ(pp_pull_until(e.rx, &item, 0), -ETIMEDOUT);
		ends_fill(&e, 0, capacity); /* and all of the ring is there */
		is_full(&e);
		ends_drain(&e, 0, capacity);
	}
	EXPECT_EQ(ends_stats(&e).pushed, 3 * capacity);
	EXPECT_EQ(item, 99);
	ends_let_go(&e);
}

Test(inplace_abort, in_an_empty_ring_the_slot_is_free_at_once)
{
	for_each_ring(1, in_an_empty_ring);
}

/* item, aborted, aborted, item, aborted, aborted, ... and the same from 1 and 2 further on */
static void passed_over(pp_kind kind, size_t capacity, size_t phase, bool batch)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t items[1000], in = 0, out = 0;

	for (size_t i = 0; i < capacity; i++) {
		if ((i + phase) % 3)
			abort_one(&e);
		else
			ends_fill(&e, in++, 1);
	}
	EXPECT_EQ(ends_stats(&e).pushed, in); /* items only */
	while (batch && out < in) {
		ssize_t n = pp_try_pull_n(e.rx, items, ARRAY_LEN(items));

		EXPECT(n > 0);
		for (ssize_t i = 0; i < n; i++)
			EXPECT_EQ(items[i], out++);
	}
	ends_drain(&e, out, in - out);
	EXPECT_EQ(pp_try_pull(e.rx, items), -EAGAIN);
	EXPECT_EQ(pp_tx_depth(e.tx), 0);
	ends_fill(&e, 0, capacity);
	ends_let_go(&e);
}

static void in_every_phase(pp_kind kind, size_t capacity)
{
	for (size_t phase = 0; phase < 3; phase++) {
		passed_over(kind, capacity, phase, false);
		passed_over(kind, capacity, phase, true);
	}
}

Test(inplace_abort, pulls_and_batches_pass_over_it)
{
	for_each_ring(1, in_every_phase);
}

/* A batch takes what is there: it does not end before an aborted slot. */
static void batch_goes_on(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t items[4];

	ends_fill(&e, 0, 1);
	abort_one(&e);
	ends_fill(&e, 1, 1);
	abort_one(&e);
	ends_fill(&e, 2, 1);
	EXPECT_EQ(pp_pull_n(e.rx, items, ARRAY_LEN(items)), 3);
	for (uint64_t i = 0; i < 3; i++)
		EXPECT_EQ(items[i], i);
	ends_let_go(&e);
}

Test(inplace_abort, a_batch_does_not_end_at_it)
{
	for_each_kind(5, batch_goes_on);
	for_each_kind(1000, batch_goes_on);
}

static void batch_goes_in(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t items[17] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17 };

	ends_fill(&e, 0, 1);
	abort_many(&e, capacity - 1);
	is_full(&e);
	ends_drain(&e, 0, 1);
	EXPECT_EQ(pp_try_push_n(e.tx, items, capacity), capacity);
	ends_drain(&e, 1, capacity);
	ends_let_go(&e);
}

Test(inplace_abort, a_batch_of_pushes_takes_the_slots_that_were_freed_with_it)
{
	for (size_t capacity = 1; capacity <= 17; capacity++)
		for_each_kind(capacity, batch_goes_in);
}

/* ---- It counts until everything before it is pulled ------------------------------- */

static void counts_behind(pp_kind kind, size_t capacity, size_t before)
{
	struct ends e = ends_open(kind, capacity);

	ends_fill(&e, 0, before);
	for (size_t i = before; i < capacity; i++) {
		EXPECT_EQ(pp_tx_depth(e.tx), i);
		EXPECT_EQ(pp_rx_depth(e.rx), i);
		abort_one(&e);
	}
	is_full(&e);
	for (size_t left = before; left-- > 1;) { /* each pull frees one slot */
		ends_drain(&e, before - left - 1, 1);
		EXPECT_EQ(pp_tx_depth(e.tx), capacity - 1);
		abort_one(&e);
		is_full(&e);
	}
	ends_drain(&e, before - 1, 1); /* and the last one all others */
	EXPECT_EQ(pp_tx_depth(e.tx), 0);
	ends_fill(&e, 0, capacity);
	is_full(&e);
	ends_drain(&e, 0, capacity);
	EXPECT_EQ(ends_stats(&e).pushed, before + capacity);
	EXPECT_EQ(ends_stats(&e).pulled, before + capacity);
	ends_let_go(&e);
}

static void counts(pp_kind kind, size_t capacity)
{
	if (capacity > 1000)
		return;
	for (size_t before = 1; before <= capacity; before += before < 4 ? 1 : capacity / 3)
		counts_behind(kind, capacity, before);
}

Test(inplace_abort, it_counts_as_occupied_until_everything_before_it_is_pulled)
{
	for_each_ring(1, counts);
}

/* A pull takes its item at begin, so what is behind it is free while that slot is open. */
static void free_behind_an_open_pull(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	void *slot;

	ends_fill(&e, 0, 1);
	abort_many(&e, capacity - 1);
	is_full(&e);
	slot = slot_pull(&e);
	EXPECT_EQ(pp_tx_depth(e.tx), 1); /* the one that is open */
	EXPECT_EQ(pp_pull_commit(e.rx, slot), 0);
	EXPECT_EQ(pp_tx_depth(e.tx), 0);
	ends_fill(&e, 0, capacity);
	ends_let_go(&e);
}

Test(inplace_abort, it_is_free_once_everything_before_it_is_pulled_in_place)
{
	for_each_ring(1, free_behind_an_open_pull);
}

/* PP_MPMC: an open push before it keeps it occupied, whatever becomes of that. */
static void behind_an_open_push(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	void *first = slot_push(&e);

	abort_many(&e, capacity - 1);
	is_full(&e);
	EXPECT_EQ(slot_commit(&e, first, 3), 0);
	is_full(&e);
	ends_drain(&e, 3, 1);
	EXPECT_EQ(pp_tx_depth(e.tx), 0);
	first = slot_push(&e);
	abort_many(&e, capacity - 1);
	is_full(&e);
	EXPECT_EQ(pp_try_pull(e.rx, &(uint64_t){ 0 }), -EBUSY);
	EXPECT_EQ(pp_push_abort(e.tx, first), 0);
	EXPECT_EQ(pp_tx_depth(e.tx), 0);
	EXPECT_EQ(pp_try_pull(e.rx, &(uint64_t){ 0 }), -EAGAIN);
	ends_fill(&e, 0, capacity);
	ends_drain(&e, 0, capacity);
	ends_let_go(&e);
}

Test(inplace_abort, all_of_a_ring_may_be_taken_back_in_any_order)
{
	for_each_capacity(1, PP_MPMC, behind_an_open_push);
}

/* ---- Who waits for it wakes ------------------------------------------------------- */

#define PUSHERS 4

/* PP_MPMC: so many sleep and so many slots become free with the last of what is before them. */
static void pushers_start(struct call *calls, const struct ends *e, size_t n)
{
	for (size_t i = 0; i < n; i++)
		call_push(&calls[i], e, FOREVER, 100 + i);
	ends_await_parked(e, (uint32_t)n, 0);
	for (size_t i = 0; i < n; i++)
		AWAIT(in_futex(atomic_load(&calls[i].tid)));
}

static void pushers_end(struct call *calls, struct ends *e, size_t n)
{
	for (size_t i = 0; i < n; i++)
		EXPECT_EQ(call_join(&calls[i]), 0);
	EXPECT_EQ(pp_tx_depth(e->tx), n);
	ends_let_go(e);
}

static size_t sleepers(pp_kind kind, size_t capacity)
{
	return kind == PP_SPSC ? 1 : capacity < PUSHERS ? capacity : PUSHERS;
}

static void wakes_by_pull(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	size_t n = sleepers(kind, capacity);
	struct call calls[PUSHERS];

	ends_fill(&e, 0, 1);
	abort_many(&e, capacity - 1);
	pushers_start(calls, &e, n);
	ends_drain(&e, 0, 1); /* one pull: all slots */
	pushers_end(calls, &e, n);
}

Test(inplace_abort, a_pull_that_frees_it_wakes_all_who_wait_for_room)
{
	for_each_ring(1, wakes_by_pull);
}

static void wakes_by_pull_in_place(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	size_t n = sleepers(kind, capacity);
	struct call calls[PUSHERS];
	void *slot;

	ends_fill(&e, 0, 1);
	abort_many(&e, capacity - 1);
	pushers_start(calls, &e, n);
	slot = slot_pull(&e);
	EXPECT_EQ(pp_pull_commit(e.rx, slot), 0);
	pushers_end(calls, &e, n);
}

Test(inplace_abort, so_does_a_pull_in_place)
{
	for_each_ring(1, wakes_by_pull_in_place);
}

/* The slots from the oldest on are aborted last: the last abort frees them all. */
static void wakes_by_abort(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	size_t n = sleepers(kind, capacity);
	struct call calls[PUSHERS];
	void **slots = calloc(capacity, sizeof(*slots));

	EXPECT(slots != NULL);
	for (size_t i = 0; i < capacity; i++)
		slots[i] = slot_push(&e);
	pushers_start(calls, &e, n);
	for (size_t i = capacity; i-- > 0;) {
		EXPECT_EQ(ends_stats(&e).pushed, 0);
		EXPECT_EQ(pp_push_abort(e.tx, slots[i]), 0);
	}
	free(slots);
	pushers_end(calls, &e, n);
}

Test(inplace_abort, an_abort_at_the_front_wakes_all_who_wait_for_room)
{
	for_each_capacity(1, PP_MPMC, wakes_by_abort);
}

static void puller_goes_on(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	void *first = slot_push(&e), *second = slot_push(&e);
	struct call pull;

	ends_fill(&e, 5, 1);
	call_pull(&pull, &e, FOREVER);
	ends_await_parked(&e, 0, 1);
	EXPECT_EQ(pp_push_abort(e.tx, second), 0);
	EXPECT_EQ(pp_push_abort(e.tx, first), 0);
	EXPECT_EQ(call_join(&pull), 0); /* the item behind them */
	EXPECT_EQ(pull.item, 5);
	EXPECT_EQ(pp_tx_depth(e.tx), 0);
	ends_let_go(&e);
}

Test(inplace_abort, a_pull_that_waits_for_it_goes_on_behind_it)
{
	puller_goes_on(PP_MPMC, 3);
	puller_goes_on(PP_MPMC, 1000);
}

static void puller_sleeps_on(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	void *slot = slot_push(&e);
	struct call pull;

	call_pull(&pull, &e, FOREVER);
	ends_await_parked(&e, 0, 1);
	EXPECT_EQ(pp_push_abort(e.tx, slot), 0);
	AWAIT(pp_tx_depth(e.tx) == 0); /* an estimate while the puller passes over the slot, too */
	ends_await_parked(&e, 0, 1); /* there is no item */
	EXPECT(!atomic_load(&pull.returned));
	ends_fill(&e, 6, 1);
	EXPECT_EQ(call_join(&pull), 0);
	EXPECT_EQ(pull.item, 6);
	EXPECT_EQ(pp_tx_depth(e.tx), 0);
	ends_let_go(&e);
}

Test(inplace_abort, with_nothing_behind_it_a_pull_waits_on)
{
	for_each_ring(1, puller_sleeps_on);
}
