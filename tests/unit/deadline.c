/* SPDX-License-Identifier: MIT */
/* Deadlines: absolute, on the monotonic clock, and what is there now comes first. */
#include "support.h"

#include <time.h>

SUITE(deadline);

static int64_t monotonic_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * PP_SEC + t.tv_nsec;
}

Test(deadline, now_is_clock_monotonic_in_nanoseconds)
{
	for (int i = 0; i < 1000; i++) {
		int64_t before = monotonic_ns(), now = pp_now(), after = monotonic_ns();

		EXPECT(before <= now && now <= after);
	}
}

Test(deadline, in_is_now_plus_ns_and_never_past_forever)
{
	pp_time before = pp_now(), in = pp_in(5 * PP_SEC), after = pp_now();

	EXPECT(before + 5 * PP_SEC <= in && in <= after + 5 * PP_SEC);
	EXPECT_EQ(pp_in(INT64_MAX), PP_FOREVER);
	EXPECT_EQ(pp_in(INT64_MAX - pp_now() + PP_SEC), PP_FOREVER);
	EXPECT(pp_in(INT64_MAX - pp_now() - PP_SEC) < PP_FOREVER);
	EXPECT(pp_in(INT64_MIN) >= 0);
	EXPECT(pp_in(-PP_MS) < pp_now());
	EXPECT(pp_in(0) <= pp_now());
}

Test(deadline, the_units_are_nanoseconds)
{
	EXPECT_EQ(PP_US, 1000);
	EXPECT_EQ(PP_MS, 1000 * 1000);
	EXPECT_EQ(PP_SEC, 1000 * 1000 * 1000);
	EXPECT_EQ(PP_FOREVER, INT64_MAX);
}

static const pp_time past[] = { INT64_MIN, -1, 0, 1 };

static void takes_what_is_there(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t item = 5;

	for (size_t i = 0; i < ARRAY_LEN(past); i++) {
		EXPECT_EQ(pp_push_until(e.tx, &item, past[i]), 0);
		EXPECT_EQ(pp_pull_until(e.rx, &item, past[i]), 0);
		EXPECT_EQ(pp_push_n_until(e.tx, &item, 1, past[i]), 1);
		EXPECT_EQ(pp_pull_n_until(e.rx, &item, 1, 1, past[i]), 1);
	}
	ends_let_go(&e);
}

Test(deadline, a_past_deadline_still_takes_what_is_there)
{
	for_each_ring(1, takes_what_is_there);
}

static void otherwise_etimedout(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t item = 5;

	for (size_t i = 0; i < ARRAY_LEN(past); i++) {
		EXPECT_EQ(pp_pull_until(e.rx, &item, past[i]), -ETIMEDOUT);
		EXPECT_EQ(pp_pull_n_until(e.rx, &item, 1, 1, past[i]), -ETIMEDOUT);
	}
	ends_fill(&e, 0, capacity);
	for (size_t i = 0; i < ARRAY_LEN(past); i++) {
		EXPECT_EQ(pp_push_until(e.tx, &item, past[i]), -ETIMEDOUT);
		EXPECT_EQ(pp_push_n_until(e.tx, &item, 1, past[i]), -ETIMEDOUT);
	}
	EXPECT_EQ(item, 5);
	/* At once: nobody went to sleep for it. */
	EXPECT_EQ(ends_stats(&e).push_parks + ends_stats(&e).pull_parks, 0);
	ends_drain(&e, 0, capacity);
	ends_let_go(&e);
}

Test(deadline, a_past_deadline_with_nothing_there_gives_etimedout_without_a_sleep)
{
	for_each_ring(0, otherwise_etimedout);
}

static void never_early(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t item = 3;

	for (int i = 0; i < 3; i++) {
		pp_time deadline = pp_in(i * PP_MS + 300 * PP_US);

		EXPECT_EQ(pp_pull_until(e.rx, &item, deadline), -ETIMEDOUT);
		EXPECT(pp_now() >= deadline);
	}
	ends_fill(&e, 0, capacity);
	for (int i = 0; i < 3; i++) {
		pp_time deadline = pp_in(i * PP_MS + 300 * PP_US);

		EXPECT_EQ(pp_push_until(e.tx, &item, deadline), -ETIMEDOUT);
		EXPECT(pp_now() >= deadline);
	}
	EXPECT_EQ(item, 3);
	ends_drain(&e, 0, capacity); /* what timed out did not get in */
	EXPECT_EQ(pp_try_pull(e.rx, &item), -EAGAIN);
	ends_let_go(&e);
}

Test(deadline, nobody_gives_up_before_the_deadline_and_nothing_moves_after_it)
{
	for (size_t capacity = 0; capacity <= 5; capacity++)
		for_each_kind(capacity, never_early);
}

static void far_deadline(pp_kind kind, size_t capacity)
{
	static const pp_time offsets[] = { 600 * PP_SEC, INT64_MAX / 2, INT64_MAX };

	for (size_t i = 0; i < ARRAY_LEN(offsets); i++) {
		struct ends e = ends_open(kind, capacity);
		struct call pull = { .form = &pull_forms[SINGLE_UNTIL], .ends = e, .n = 1,
				     .deadline = pp_in(offsets[i]) };

		call_start(&pull);
		ends_await_parked(&e, 0, 1);
		EXPECT_EQ(pp_push(e.tx, &(uint64_t){ 8 }), 0);
		EXPECT_EQ(call_join(&pull), 0);
		EXPECT_EQ(pull.item, 8);
		ends_let_go(&e);
	}
}

Test(deadline, an_item_that_comes_in_time_ends_a_timed_wait)
{
	for (size_t capacity = 0; capacity <= 5; capacity++)
		for_each_kind(capacity, far_deadline);
}

static void room_in_time(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	struct call push = { .form = &push_forms[SINGLE_UNTIL], .ends = e, .item = capacity,
			     .n = 1, .deadline = pp_in(600 * PP_SEC) };
	uint64_t item;

	ends_fill(&e, 0, capacity);
	call_start(&push);
	ends_await_parked(&e, 1, 0);
	EXPECT_EQ(pp_pull(e.rx, &item), 0);
	EXPECT_EQ(call_join(&push), 0);
	if (capacity)
		ends_drain(&e, 1, capacity);
	else
		EXPECT_EQ(item, 0);
	ends_let_go(&e);
}

Test(deadline, room_that_comes_in_time_ends_a_timed_wait)
{
	for (size_t capacity = 0; capacity <= 5; capacity++)
		for_each_kind(capacity, room_in_time);
}

static void streams(pp_kind kind, size_t capacity)
{
	struct streams s = { .ends = ends_open(kind, capacity), .producers = 1, .consumers = 1,
			     .items = 3000, .tick = 5 * PP_US,
			     .push = &push_forms[SINGLE_UNTIL],
			     .pull = &pull_forms[SINGLE_UNTIL] };

	streams_run(&s);
	ends_let_go(&s.ends);
}

Test(deadline, a_stream_of_short_deadlines_loses_and_repeats_nothing)
{
	for (size_t capacity = 0; capacity <= 4; capacity++)
		for_each_kind(capacity, streams);
}
