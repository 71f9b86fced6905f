/* SPDX-License-Identifier: MIT */
/* Batches: how many move, and what cuts them short. */
#include "support.h"

#include <limits.h>
#include <stdlib.h>

SUITE(batch);

static uint64_t *numbers(uint64_t first, size_t count)
{
	uint64_t *items = malloc((count + 1) * sizeof(*items));

	EXPECT(items != NULL);
	for (size_t i = 0; i < count; i++)
		items[i] = first + i;
	return items;
}

static void expect_numbers(const uint64_t *items, uint64_t first, size_t count)
{
	for (size_t i = 0; i < count; i++)
		EXPECT_EQ(items[i], first + i);
}

static void as_many_as_fit(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t *in = numbers(0, capacity + 3), *out = numbers(0, capacity + 3);

	for (size_t lap = 0; lap < 3; lap++) {
		size_t first = capacity / 3;

		EXPECT_EQ(pp_try_push_n(e.tx, in, first ? first : 1),
			  capacity ? (ssize_t)(first ? first : 1) : -EAGAIN);
		first = capacity && !first ? 1 : first;
		EXPECT_EQ(pp_try_push_n(e.tx, in + first, capacity + 3 - first),
			  capacity - first ? (ssize_t)(capacity - first) : -EAGAIN);
		EXPECT_EQ(pp_try_push_n(e.tx, in, 2), -EAGAIN);
		EXPECT_EQ(pp_try_pull_n(e.rx, out, capacity + 3),
			  capacity ? (ssize_t)capacity : -EAGAIN);
		expect_numbers(out, 0, capacity);
		EXPECT_EQ(pp_try_pull_n(e.rx, out, 2), -EAGAIN);
	}
	free(in);
	free(out);
	ends_let_go(&e);
}

Test(batch, try_moves_as_many_as_fit_and_says_how_many)
{
	for_each_ring(0, as_many_as_fit);
}

static void nothing_asked(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t item = 4;

	EXPECT_EQ(pp_push_n(e.tx, &item, 0), 0);
	EXPECT_EQ(pp_try_push_n(e.tx, &item, 0), 0);
	EXPECT_EQ(pp_push_n_until(e.tx, &item, 0, PP_FOREVER), 0);
	EXPECT_EQ(pp_pull_n(e.rx, &item, 0), 0);
	EXPECT_EQ(pp_try_pull_n(e.rx, &item, 0), 0);
	EXPECT_EQ(pp_pull_n_until(e.rx, &item, 0, 0, PP_FOREVER), 0);
	EXPECT_EQ(item, 4);
	EXPECT_EQ(pp_tx_depth(e.tx), 0);
	ends_let_go(&e);
}

Test(batch, a_batch_of_none_gives_0)
{
	for_each_ring(0, nothing_asked);
}

static void all_in(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	size_t count = 2 * capacity + 3;
	uint64_t *in = numbers(0, count), got;
	struct call push = { .form = &push_forms[BATCH], .ends = e, .items = in, .n = count };

	call_start(&push);
	ends_await_parked(&e, 1, 0);
	EXPECT_EQ(pp_tx_depth(e.tx), capacity);
	for (size_t i = 0; i < count; i++) {
		EXPECT_EQ(pp_pull(e.rx, &got), 0);
		EXPECT_EQ(got, i);
	}
	EXPECT_EQ(call_join(&push), count);
	free(in);
	ends_let_go(&e);
}

Test(batch, push_n_blocks_until_all_are_in)
{
	for_each_ring(0, all_in);
}

static void what_is_there(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t *out = numbers(0, capacity + 2);
	size_t there = (capacity + 1) / 2;

	ends_fill(&e, 10, there);
	EXPECT_EQ(pp_pull_n(e.rx, out, capacity + 2), there);
	expect_numbers(out, 10, there);
	free(out);
	ends_let_go(&e);
}

Test(batch, pull_n_takes_what_is_there_and_does_not_wait_for_more)
{
	for_each_ring(1, what_is_there);
}

/* A side may know of fewer items, or slots, than there are by now. */
static void what_came_since(pp_kind kind, size_t capacity, const struct form *push,
			    const struct form *pull)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t *in = numbers(0, capacity), *out = numbers(0, capacity);

	for (size_t left = 1; left < capacity; left += 1 + left * capacity / 64) {
		ends_fill(&e, 0, capacity);
		ends_drain(&e, 0, capacity - left);
		EXPECT_EQ(push->run(&e, in, capacity, 1), capacity - left);
		EXPECT_EQ(pull->run(&e, out, capacity, 1), capacity);
		expect_numbers(out, capacity - left, left);
		expect_numbers(out + left, 0, capacity - left);
	}
	free(in);
	free(out);
	ends_let_go(&e);
}

static void all_there_is_now(pp_kind kind, size_t capacity)
{
	static const int without_wait[] = { BATCH_TRY, BATCH_UNTIL };

	for (size_t i = 0; i < ARRAY_LEN(without_wait); i++)
		for (size_t j = BATCH; j <= BATCH_UNTIL; j++)
			what_came_since(kind, capacity, &push_forms[without_wait[i]], &pull_forms[j]);
}

Test(batch, moves_what_is_there_now_and_not_only_what_was_seen_before)
{
	for_each_ring(2, all_there_is_now);
}

static void waits_for_first(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t in[3] = { 6, 7, 8 }, out[4] = { 0 };
	size_t together = capacity < ARRAY_LEN(in) ? 1 : ARRAY_LEN(in);
	struct call pull = { .form = &pull_forms[BATCH], .ends = e, .items = out, .n = 4 };

	call_start(&pull);
	ends_await_parked(&e, 0, 1);
	AWAIT(in_futex(atomic_load(&pull.tid)));
	EXPECT_EQ(pp_push_n(e.tx, in, together), together);
	EXPECT_EQ(call_join(&pull), together); /* what is there when it wakes, not only one */
	expect_numbers(out, 6, together);
	ends_let_go(&e);
}

Test(batch, pull_n_on_an_empty_ring_waits_for_the_first)
{
	for_each_ring(0, waits_for_first);
}

static void min_over_capacity(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	size_t min = 2 * capacity + 3;
	uint64_t *out = numbers(0, min);
	struct call pull = { .form = &pull_min_form, .ends = e, .items = out, .n = min,
			     .deadline = PP_FOREVER };

	call_start(&pull);
	for (uint64_t i = 0; i < min; i++) {
		EXPECT(!atomic_load(&pull.returned));
		EXPECT_EQ(pp_push(e.tx, &(uint64_t){ 30 + i }), 0);
	}
	EXPECT_EQ(call_join(&pull), min);
	expect_numbers(out, 30, min);
	free(out);
	ends_let_go(&e);
}

Test(batch, min_may_exceed_the_capacity_as_items_are_taken_as_they_arrive)
{
	for_each_ring(0, min_over_capacity);
}

static void min_0(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t out[3] = { 9, 9, 9 };

	EXPECT_EQ(pp_pull_n_until(e.rx, out, 0, 3, PP_FOREVER), -EAGAIN);
	if (capacity) {
		ends_fill(&e, 1, 1);
		EXPECT_EQ(pp_pull_n_until(e.rx, out, 0, 3, 0), 1);
		EXPECT_EQ(out[0], 1);
	}
	EXPECT_EQ(pp_close(e.tx), 0);
	EXPECT_EQ(pp_pull_n_until(e.rx, out, 0, 3, PP_FOREVER), -EPIPE);
	EXPECT_EQ(ends_stats(&e).pull_parks, 0);
	ends_let_go(&e);
}

Test(batch, min_0_is_as_try)
{
	for_each_ring(0, min_0);
}

static void deadline_cuts(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t *in = numbers(0, capacity + 2), *out = numbers(0, capacity + 2);

	EXPECT_EQ(pp_push_n_until(e.tx, in, capacity + 2, pp_in(PP_MS)),
		  capacity ? (ssize_t)capacity : -ETIMEDOUT);
	EXPECT_EQ(pp_push_n_until(e.tx, in, 2, pp_in(PP_MS)), -ETIMEDOUT);
	EXPECT_EQ(pp_pull_n_until(e.rx, out, capacity + 1, capacity + 2, pp_in(PP_MS)),
		  capacity ? (ssize_t)capacity : -ETIMEDOUT);
	expect_numbers(out, 0, capacity);
	EXPECT_EQ(pp_pull_n_until(e.rx, out, 1, 2, pp_in(PP_MS)), -ETIMEDOUT);
	free(in);
	free(out);
	ends_let_go(&e);
}

Test(batch, a_deadline_after_some_gives_the_number_and_after_none_etimedout)
{
	for_each_ring(0, deadline_cuts);
}

static void end_cuts(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t *out = numbers(0, capacity + 2);

	ends_fill(&e, 0, capacity);
	EXPECT_EQ(pp_close(e.tx), 0);
	EXPECT_EQ(pp_pull_n_until(e.rx, out, capacity + 1, capacity + 2, PP_FOREVER),
		  capacity ? (ssize_t)capacity : -EPIPE);
	EXPECT_EQ(pp_pull_n(e.rx, out, capacity + 2), -EPIPE);
	free(out);
	ends_let_go(&e);
}

Test(batch, the_end_of_the_stream_after_some_gives_the_number_and_after_none_epipe)
{
	for_each_ring(0, end_cuts);
}

static void max_is_kept(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t out[5] = { 9, 9, 9, 9, 9 };

	ends_fill(&e, 0, capacity);
	EXPECT_EQ(pp_pull_n(e.rx, out, 2), 2);
	EXPECT_EQ(pp_try_pull_n(e.rx, out + 2, 1), 1);
	EXPECT_EQ(pp_pull_n_until(e.rx, out + 3, 0, 1, 0), 1);
	EXPECT_EQ(out[3], 3);
	EXPECT_EQ(out[4], 9);
	EXPECT_EQ(pp_rx_depth(e.rx), capacity - 4);
	ends_let_go(&e);
}

Test(batch, no_more_than_max_are_taken)
{
	for_each_ring(4, max_is_kept);
}

static void wrong_sizes(pp_kind kind, size_t capacity)
{
	static const size_t huge[] = { (size_t)SSIZE_MAX + 1, SIZE_MAX };
	struct ends e = ends_open(kind, capacity);
	uint64_t item = 1;

	for (size_t i = 0; i < ARRAY_LEN(huge); i++) {
		EXPECT_EQ(pp_push_n(e.tx, &item, huge[i]), -EINVAL);
		EXPECT_EQ(pp_try_push_n(e.tx, &item, huge[i]), -EINVAL);
		EXPECT_EQ(pp_push_n_until(e.tx, &item, huge[i], 0), -EINVAL);
		EXPECT_EQ(pp_pull_n(e.rx, &item, huge[i]), -EINVAL);
		EXPECT_EQ(pp_try_pull_n(e.rx, &item, huge[i]), -EINVAL);
		EXPECT_EQ(pp_pull_n_until(e.rx, &item, 0, huge[i], 0), -EINVAL);
	}
	EXPECT_EQ(pp_pull_n_until(e.rx, &item, 2, 1, 0), -EINVAL);
	EXPECT_EQ(pp_pull_n_until(e.rx, &item, 1, 0, 0), -EINVAL);
	EXPECT_EQ(pp_tx_depth(e.tx), 0);
	ends_let_go(&e);
}

Test(batch, a_count_over_ssize_max_or_min_over_max_gives_einval)
{
	for_each_ring(0, wrong_sizes);
}

/* Two producers, batches far over the capacity: the one does not shut the other out. */
Test(batch, others_items_may_come_between_those_of_a_batch)
{
	struct ends e = ends_open(PP_MPMC, 2);
	uint64_t *in = numbers(0, 10), got, next = 0, seen = 0;
	struct call batch = { .form = &push_forms[BATCH], .ends = e, .items = in, .n = 10 };
	struct call single;

	call_start(&batch);
	ends_await_parked(&e, 1, 0);
	call_push(&single, &e, FOREVER, 1000);
	ends_await_parked(&e, 2, 0);
	for (int i = 0; i < 11; i++) {
		EXPECT_EQ(pp_pull(e.rx, &got), 0);
		if (got == 1000) {
			seen++;
			continue;
		}
		EXPECT_EQ(got, next);
		next++;
	}
	EXPECT_EQ(seen, 1);
	EXPECT_EQ(next, 10);
	EXPECT_EQ(call_join(&batch), 10);
	EXPECT_EQ(call_join(&single), 0);
	free(in);
	ends_let_go(&e);
}
