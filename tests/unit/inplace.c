/* SPDX-License-Identifier: MIT */
/* Working in place: where the slot is, how long it is the caller's, and what waits for it. */
#include "support.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

SUITE(inplace);

/* ---- Moving items ----------------------------------------------------------------- */

static void laps(const struct form *push, const struct form *pull, pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t in = 0, out = 0, item;

	for (size_t lap = 0; lap < 3; lap++) {
		/* Runs of several lengths, so that full and empty come at every index. */
		for (size_t i = 0; i < capacity - lap % capacity; i++, in++)
			EXPECT_EQ(form_push(push, &e, in), 0);
		EXPECT_EQ(pp_rx_depth(e.rx), in - out);
		for (; out < in; out++) {
			EXPECT_EQ(form_pull(pull, &e, &item), 0);
			EXPECT_EQ(item, out);
		}
	}
	EXPECT_EQ(ends_stats(&e).pushed, in);
	EXPECT_EQ(ends_stats(&e).pulled, in);
	EXPECT_EQ(pp_tx_depth(e.tx), 0);
	ends_let_go(&e);
}

static void written_in_place(pp_kind kind, size_t capacity)
{
	for (size_t i = 0; i < ARRAY_LEN(push_in_place_forms); i++)
		laps(&push_in_place_forms[i], &pull_forms[SINGLE_TRY], kind, capacity);
}

Test(inplace, an_item_that_is_written_in_place_is_pulled_as_any_other)
{
	for_each_ring(1, written_in_place);
}

static void read_in_place(pp_kind kind, size_t capacity)
{
	for (size_t i = 0; i < ARRAY_LEN(pull_in_place_forms); i++)
		laps(&push_forms[SINGLE_TRY], &pull_in_place_forms[i], kind, capacity);
}

Test(inplace, an_item_that_was_pushed_as_any_other_is_read_in_place)
{
	for_each_ring(1, read_in_place);
}

static void both_in_place(pp_kind kind, size_t capacity)
{
	laps(&push_in_place_forms[TRY], &pull_in_place_forms[TRY], kind, capacity);
}

Test(inplace, an_item_may_be_in_place_on_both_sides)
{
	for_each_ring(1, both_in_place);
}

static void streams(pp_kind kind, size_t capacity)
{
	struct streams s = { .producers = kind == PP_SPSC ? 1 : 3, .items = 2000,
			     .consumers = kind == PP_SPSC ? 1 : 3,
			     .push = &push_in_place_forms[FOREVER],
			     .pull = &pull_in_place_forms[FOREVER] };

	s.ends = ends_open(kind, capacity);
	streams_run(&s);
}

Test(inplace, a_stream_in_place_comes_through_whole_and_in_order)
{
	static const size_t capacities[] = { 1, 2, 3, 64, 127, 128, 129, 1000 };

	for (size_t i = 0; i < ARRAY_LEN(capacities); i++)
		for_each_kind(capacities[i], streams);
}

/* ---- The slot --------------------------------------------------------------------- */

static size_t alignment_of(size_t item_size)
{
	size_t alignment = item_size & -item_size;

	return alignment < _Alignof(max_align_t) ? alignment : _Alignof(max_align_t);
}

static void is_aligned(const void *slot, size_t item_size)
{
	EXPECT_EQ((uintptr_t)slot % alignment_of(item_size), 0);
}

static bool is_all(const unsigned char *bytes, unsigned char byte, size_t n)
{
	while (n && bytes[n - 1] == byte)
		n--;
	return n == 0;
}

/* Every byte of a slot is the caller's, and no other item's. */
static void whole_slots(pp_kind kind, size_t capacity, size_t item_size)
{
	struct ends e = ends_open_with(&PP_CONFIG(.kind = kind, .capacity = capacity,
						  .item_size = item_size));
	void *slot;

	for (int lap = 0; lap < 3; lap++) {
		for (size_t i = 0; i < capacity; i++) {
			slot = slot_push(&e);
			is_aligned(slot, item_size);
			memset(slot, (int)(i + 1), item_size);
			EXPECT_EQ(pp_push_commit(e.tx, slot), 0);
		}
		for (size_t i = 0; i < capacity; i++) {
			slot = slot_pull(&e);
			is_aligned(slot, item_size);
			EXPECT(is_all(slot, (unsigned char)(i + 1), item_size));
			memset(slot, 0xFF, item_size); /* it may be changed */
			EXPECT_EQ(pp_pull_commit(e.rx, slot), 0);
		}
	}
	ends_let_go(&e);
}

static void slots_of(size_t item_size)
{
	static const size_t capacities[] = { 1, 2, 3, 5, 130 };

	for (size_t i = 0; i < ARRAY_LEN(capacities); i++) {
		whole_slots(PP_SPSC, capacities[i], item_size);
		whole_slots(PP_MPMC, capacities[i], item_size);
	}
}

Test(inplace, a_slot_is_item_size_bytes_aligned_to_what_divides_the_size)
{
	static const size_t large[] = { 65, 96, 100, 127, 128, 129, 1000, 4096, 5001 };

	for (size_t item_size = 1; item_size <= 64; item_size++)
		slots_of(item_size);
	for (size_t i = 0; i < ARRAY_LEN(large); i++)
		slots_of(large[i]);
}

/* ---- Several slots open (PP_MPMC) ------------------------------------------------- */

static void shuffle(void **slots, size_t *numbers, size_t n, unsigned *seed)
{
	for (size_t i = n; i-- > 1;) {
		size_t k = (size_t)rand_r(seed) % (i + 1), number = numbers[i];
		void *slot = slots[i];

		slots[i] = slots[k];
		slots[k] = slot;
		numbers[i] = numbers[k];
		numbers[k] = number;
	}
}

static void any_order(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	void **slots = calloc(capacity, sizeof(*slots));
	size_t *numbers = calloc(capacity, sizeof(*numbers));
	unsigned seed = 1;

	EXPECT(slots && numbers);
	for (uint64_t lap = 0; lap < 4; lap++) {
		for (size_t i = 0; i < capacity; i++, numbers[i - 1] = i - 1)
			slots[i] = slot_push(&e);
		EXPECT_EQ(pp_try_push(e.tx, &lap), -EAGAIN);
		shuffle(slots, numbers, capacity, &seed);
		for (size_t i = 0; i < capacity; i++)
			EXPECT_EQ(slot_commit(&e, slots[i], lap + numbers[i]), 0);
		for (size_t i = 0; i < capacity; i++) {
			slots[i] = slot_pull(&e);
			EXPECT_EQ(slot_get(slots[i]), lap + i); /* FIFO holds */
		}
		EXPECT_EQ(pp_try_pull(e.rx, &(uint64_t){ 0 }), -EAGAIN);
		shuffle(slots, numbers, capacity, &seed);
		for (size_t i = 0; i < capacity; i++)
			EXPECT_EQ(pp_pull_commit(e.rx, slots[i]), 0);
	}
	free(slots);
	free(numbers);
	ends_let_go(&e);
}

Test(inplace, any_number_of_slots_is_open_and_committed_in_any_order)
{
	for_each_capacity(1, PP_MPMC, any_order);
}

struct remote {
	struct ends e;
	void       *push, *pull;
};

static void *commit_both(void *arg)
{
	struct remote *r = arg;

	if (pp_push_commit(r->e.tx, r->push) != 0 || pp_pull_commit(r->e.rx, r->pull) != 0)
		return NULL;
	return arg;
}

static void by_another_thread(pp_kind kind, size_t capacity)
{
	struct remote r = { .e = ends_open(kind, capacity) };
	pthread_t thread;
	void *done;

	ends_fill(&r.e, 1, 1);
	r.pull = slot_pull(&r.e);
	r.push = slot_push(&r.e);
	slot_put(r.push, 2);
	EXPECT_EQ(pthread_create(&thread, NULL, commit_both, &r), 0);
	EXPECT_EQ(pthread_join(thread, &done), 0);
	EXPECT(done != NULL);
	ends_drain(&r.e, 2, 1);
	ends_fill(&r.e, 3, capacity);
	ends_drain(&r.e, 3, capacity);
	ends_let_go(&r.e);
}

Test(inplace, any_thread_may_commit)
{
	by_another_thread(PP_MPMC, 2);
	by_another_thread(PP_MPMC, 1000);
}

static void behind_an_open_push(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t item = 99;
	void *slot = slot_push(&e);

	ends_fill(&e, 1, capacity - 1); /* those behind it go on */
	EXPECT_EQ(pp_try_push(e.tx, &item), -EAGAIN); /* for one lap */
	EXPECT_EQ(pp_try_pull(e.rx, &item), -EBUSY);
	EXPECT_EQ(pp_try_pull_n(e.rx, &item, 1), -EBUSY);
	EXPECT_EQ(pp_try_pull_begin(e.rx, &slot), -EBUSY);
	EXPECT(slot == NULL);
	EXPECT_EQ(pp_pull_until(e.rx, &item, pp_in(PP_MS)), -ETIMEDOUT);
	EXPECT_EQ(pp_pull_begin_until(e.rx, &slot, 0), -ETIMEDOUT);
	EXPECT_EQ(item, 99);
	ends_let_go(&e);
}

static void then_in_order(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	void *slot = slot_push(&e);

	ends_fill(&e, 1, capacity - 1);
	EXPECT_EQ(slot_commit(&e, slot, 0), 0);
	ends_drain(&e, 0, capacity);
	ends_let_go(&e);
}

Test(inplace, behind_an_open_push_others_push_on_for_a_lap_and_pulls_wait)
{
	for_each_capacity(1, PP_MPMC, behind_an_open_push);
	for_each_capacity(1, PP_MPMC, then_in_order);
}

/* Half of the ring is free before the slot that is open; then pushes have come to it. */
static void behind_an_open_pull(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	size_t half = capacity / 2;
	uint64_t item = 99;
	void *slot, *none = &none;

	ends_fill(&e, 0, capacity);
	ends_drain(&e, 0, half);
	slot = slot_pull(&e);
	EXPECT_EQ(slot_get(slot), half);
	ends_drain(&e, half + 1, capacity - half - 1); /* those behind it go on */
	ends_fill(&e, 0, half);
	EXPECT_EQ(pp_try_push(e.tx, &item), -EBUSY);
	EXPECT_EQ(pp_try_push_n(e.tx, &item, 1), -EBUSY);
	EXPECT_EQ(pp_try_push_begin(e.tx, &none), -EBUSY);
	EXPECT(none == NULL);
	EXPECT_EQ(pp_push_until(e.tx, &item, pp_in(PP_MS)), -ETIMEDOUT);
	EXPECT_EQ(slot_get(slot), half); /* nobody has written into it */
	EXPECT_EQ(pp_pull_commit(e.rx, slot), 0);
	ends_fill(&e, half, capacity - half);
	ends_drain(&e, 0, capacity);
	ends_let_go(&e);
}

Test(inplace, behind_an_open_pull_others_go_on_for_a_lap_and_pushes_wait)
{
	for_each_capacity(1, PP_MPMC, behind_an_open_pull);
}

/* ---- Waiting ---------------------------------------------------------------------- */

static void puller_waits_for_commit(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	void *slot = slot_push(&e);
	struct call pull;

	if (kind == PP_MPMC)
		ends_fill(&e, 2, capacity - 1); /* not for these: FIFO holds */
	call_pull(&pull, &e, FOREVER);
	ends_await_parked(&e, 0, 1);
	EXPECT_EQ(slot_commit(&e, slot, 1), 0);
	EXPECT_EQ(call_join(&pull), 0);
	EXPECT_EQ(pull.item, 1);
	ends_let_go(&e);
}

Test(inplace, a_pull_sleeps_until_an_open_push_is_committed)
{
	for_each_ring(1, puller_waits_for_commit);
}

static void pusher_waits_for_commit(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	struct call push;
	void *slot;

	ends_fill(&e, 1, capacity);
	slot = slot_pull(&e);
	if (kind == PP_MPMC)
		ends_drain(&e, 2, capacity - 1); /* nor for these slots */
	call_push(&push, &e, FOREVER, 7);
	ends_await_parked(&e, 1, 0);
	EXPECT_EQ(pp_pull_commit(e.rx, slot), 0);
	EXPECT_EQ(call_join(&push), 0);
	ends_let_go(&e);
}

Test(inplace, a_push_sleeps_until_an_open_pull_is_committed)
{
	for_each_ring(1, pusher_waits_for_commit);
}

static void start_begin(struct call *c, const struct ends *e, const struct form *form)
{
	*c = (struct call){ .form = form, .ends = *e, .n = 1, .deadline = PP_FOREVER };
	call_start(c);
}

static void begin_waits_for_room(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	struct call begin;

	ends_fill(&e, 0, capacity);
	start_begin(&begin, &e, &push_begin_forms[FOREVER]);
	ends_await_parked(&e, 1, 0);
	ends_drain(&e, 0, 1);
	EXPECT_EQ(call_join(&begin), 0);
	EXPECT_EQ(slot_commit(&e, (void *)(uintptr_t)begin.item, capacity), 0);
	ends_drain(&e, 1, capacity);
	ends_let_go(&e);
}

static void begin_waits_for_an_item(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	struct call begin;

	start_begin(&begin, &e, &pull_begin_forms[UNTIL]);
	ends_await_parked(&e, 0, 1);
	ends_fill(&e, 5, 1);
	EXPECT_EQ(call_join(&begin), 0);
	EXPECT_EQ(slot_get((void *)(uintptr_t)begin.item), 5);
	EXPECT_EQ(pp_pull_commit(e.rx, (void *)(uintptr_t)begin.item), 0);
	ends_let_go(&e);
}

Test(inplace, a_begin_sleeps_as_the_single_operation_does)
{
	for_each_ring(1, begin_waits_for_room);
	for_each_ring(1, begin_waits_for_an_item);
}
