/* SPDX-License-Identifier: MIT */
/* "No more pulls": what pushes and pulls say after pp_cancel, and who wakes. */
#include "support.h"

SUITE(cancel);

static void after_cancel(pp_kind kind, size_t capacity, size_t depth)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t item = 77;

	ends_fill(&e, 0, depth);
	EXPECT_EQ(pp_cancel(e.rx), 0);
	for (size_t i = 0; i < ARRAY_LEN(push_forms); i++)
		EXPECT_EQ(form_push(&push_forms[i], &e, 1), -EPIPE);
	for (size_t i = 0; i < ARRAY_LEN(pull_forms); i++)
		EXPECT_EQ(form_pull(&pull_forms[i], &e, &item), -ESHUTDOWN);
	EXPECT_EQ(item, 77);
	ends_let_go(&e);
}

static void empty(pp_kind kind, size_t capacity)
{
	after_cancel(kind, capacity, 0);
}

static void full(pp_kind kind, size_t capacity)
{
	after_cancel(kind, capacity, capacity);
}

Test(cancel, pushes_give_epipe_and_pulls_eshutdown_on_an_empty_ring)
{
	for_each_ring(0, empty);
}

Test(cancel, pushes_give_epipe_and_pulls_eshutdown_on_a_full_ring)
{
	for_each_ring(1, full);
}

static void idempotent(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);

	for (int i = 0; i < 3; i++)
		EXPECT_EQ(pp_cancel(e.rx), 0);
	EXPECT_EQ(pp_close(e.tx), 0);
	EXPECT_EQ(pp_cancel(e.rx), 0);
	EXPECT_EQ(ends_stats(&e).cancelled, 1);
	ends_let_go(&e);
}

Test(cancel, cancelling_again_gives_0)
{
	for_each_ring(0, idempotent);
}

static void wakes_pusher(pp_kind kind, size_t capacity)
{
	for (size_t i = 0; i < ARRAY_LEN(push_forms); i++) {
		struct ends e;
		struct call push = { .form = &push_forms[i], .n = 1, .deadline = PP_FOREVER };

		if (push.form->waits == TRY)
			continue;
		e = push.ends = ends_open(kind, capacity);
		ends_fill(&e, 0, capacity);
		call_start(&push);
		ends_await_parked(&e, 1, 0);
		EXPECT_EQ(pp_cancel(e.rx), 0);
		EXPECT_EQ(call_join(&push), -EPIPE);
		ends_await_parked(&e, 0, 0);
		ends_let_go(&e);
	}
}

Test(cancel, a_sleeping_pusher_wakes_with_epipe)
{
	for_each_ring(0, wakes_pusher);
}

static void wakes_puller(pp_kind kind, size_t capacity)
{
	for (size_t i = 0; i < ARRAY_LEN(pull_forms); i++) {
		struct ends e;
		struct call pull = { .form = &pull_forms[i], .n = 1, .deadline = PP_FOREVER };

		if (pull.form->waits == TRY)
			continue;
		e = pull.ends = ends_open(kind, capacity);
		call_start(&pull);
		ends_await_parked(&e, 0, 1);
		EXPECT_EQ(pp_cancel(e.rx), 0);
		EXPECT_EQ(call_join(&pull), -ESHUTDOWN);
		ends_await_parked(&e, 0, 0);
		ends_let_go(&e);
	}
}

Test(cancel, a_sleeping_puller_wakes_with_eshutdown)
{
	for_each_ring(0, wakes_puller);
}

static void wakes_all(size_t capacity, bool fill)
{
	struct ends e = ends_open(PP_MPMC, capacity);
	struct call calls[5];

	if (fill)
		ends_fill(&e, 0, capacity);
	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		if (fill)
			call_push(&calls[i], &e, FOREVER, 99);
		else
			call_pull(&calls[i], &e, FOREVER);
	}
	ends_await_parked(&e, fill ? ARRAY_LEN(calls) : 0, fill ? 0 : ARRAY_LEN(calls));
	EXPECT_EQ(pp_cancel(e.rx), 0);
	for (size_t i = 0; i < ARRAY_LEN(calls); i++)
		EXPECT_EQ(call_join(&calls[i]), fill ? -EPIPE : -ESHUTDOWN);
	ends_await_parked(&e, 0, 0);
	ends_let_go(&e);
}

Test(cancel, everyone_asleep_on_either_side_wakes)
{
	for (size_t capacity = 0; capacity < 5; capacity++) {
		wakes_all(capacity, false);
		wakes_all(capacity, true);
	}
}

static void both_ended(pp_kind kind, size_t capacity)
{
	/* In either order: each side hears first that it has ended itself. */
	for (int close_first = 0; close_first < 2; close_first++) {
		struct ends e = ends_open(kind, capacity);
		uint64_t item;

		ends_fill(&e, 0, capacity);
		if (close_first)
			EXPECT_EQ(pp_close(e.tx), 0);
		EXPECT_EQ(pp_cancel(e.rx), 0);
		EXPECT_EQ(pp_close(e.tx), 0);
		for (size_t i = 0; i < ARRAY_LEN(push_forms); i++)
			EXPECT_EQ(form_push(&push_forms[i], &e, 1), -ESHUTDOWN);
		for (size_t i = 0; i < ARRAY_LEN(pull_forms); i++)
			EXPECT_EQ(form_pull(&pull_forms[i], &e, &item), -ESHUTDOWN);
		ends_let_go(&e);
	}
}

Test(cancel, after_close_and_cancel_each_side_says_eshutdown)
{
	for_each_ring(0, both_ended);
}

static void partial_batch(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t items[20] = { 0 };
	struct call push = { .form = &push_forms[BATCH], .ends = e, .items = items,
			     .n = capacity + 2 };

	call_start(&push);
	ends_await_parked(&e, 1, 0);
	EXPECT_EQ(pp_cancel(e.rx), 0);
	EXPECT_EQ(call_join(&push), capacity ? (ssize_t)capacity : -EPIPE);
	ends_let_go(&e);
}

Test(cancel, a_batch_cut_short_by_cancel_says_how_many_went_in)
{
	for (size_t capacity = 0; capacity < 9; capacity++)
		for_each_kind(capacity, partial_batch);
}
