/* SPDX-License-Identifier: MIT */
/* "No more items": what pushes and pulls say after pp_close, and who wakes. */
#include "support.h"

SUITE(close);

static void pushes_end(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);

	EXPECT_EQ(pp_close(e.tx), 0);
	for (size_t i = 0; i < ARRAY_LEN(push_forms); i++)
		EXPECT_EQ(form_push(&push_forms[i], &e, 1), -ESHUTDOWN);
	EXPECT_EQ(pp_rx_depth(e.rx), 0);
	ends_let_go(&e);
}

Test(close, pushes_after_close_give_eshutdown)
{
	for_each_ring(0, pushes_end);
}

static void full_push(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);

	ends_fill(&e, 0, capacity);
	EXPECT_EQ(pp_close(e.tx), 0);
	for (size_t i = 0; i < ARRAY_LEN(push_forms); i++)
		EXPECT_EQ(form_push(&push_forms[i], &e, 1), -ESHUTDOWN);
	ends_drain(&e, 0, capacity);
	ends_let_go(&e);
}

Test(close, a_push_on_a_full_closed_ring_gives_eshutdown_not_full)
{
	for_each_ring(1, full_push);
}

static void drains(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t got;

	ends_fill(&e, 50, capacity);
	EXPECT_EQ(pp_close(e.tx), 0);
	for (size_t i = 0; i < capacity; i++) {
		const struct form *form = &pull_forms[i % ARRAY_LEN(pull_forms)];

		EXPECT_EQ(form_pull(form, &e, &got), form->done);
		EXPECT_EQ(got, 50 + i);
	}
	for (size_t i = 0; i < 2 * ARRAY_LEN(pull_forms); i++)
		EXPECT_EQ(form_pull(&pull_forms[i % ARRAY_LEN(pull_forms)], &e, &got), -EPIPE);
	ends_let_go(&e);
}

Test(close, pull_after_close_drains_then_gives_epipe)
{
	for_each_ring(0, drains);
}

static void idempotent(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t item;

	ends_fill(&e, 0, capacity);
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(pp_close(e.tx), 0);
	ends_drain(&e, 0, capacity);
	EXPECT_EQ(pp_close(e.tx), 0);
	EXPECT_EQ(pp_pull(e.rx, &item), -EPIPE);
	EXPECT_EQ(pp_close(e.tx), 0);
	ends_let_go(&e);
}

Test(close, closing_again_gives_0_and_changes_nothing)
{
	for_each_ring(0, idempotent);
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
		EXPECT_EQ(pp_close(e.tx), 0);
		EXPECT_EQ(call_join(&pull), -EPIPE);
		ends_await_parked(&e, 0, 0);
		ends_let_go(&e);
	}
}

Test(close, a_sleeping_puller_wakes_and_sees_the_end)
{
	for_each_ring(0, wakes_puller);
}

static void wakes_pusher(pp_kind kind, size_t capacity)
{
	for (size_t i = 0; i < ARRAY_LEN(push_forms); i++) {
		struct ends e;
		struct call push = { .form = &push_forms[i], .n = 1, .item = 99,
				     .deadline = PP_FOREVER };

		if (push.form->waits == TRY)
			continue;
		e = push.ends = ends_open(kind, capacity);
		ends_fill(&e, 0, capacity);
		call_start(&push);
		ends_await_parked(&e, 1, 0);
		EXPECT_EQ(pp_close(e.tx), 0);
		EXPECT_EQ(call_join(&push), -ESHUTDOWN);
		ends_drain(&e, 0, capacity); /* and no 99 behind them */
		EXPECT_EQ(pp_try_pull(e.rx, &push.item), -EPIPE);
		ends_let_go(&e);
	}
}

Test(close, a_sleeping_pusher_wakes_with_eshutdown_and_keeps_its_item)
{
	for_each_ring(0, wakes_pusher);
}

static void wakes_all(size_t capacity, bool full)
{
	struct ends e = ends_open(PP_MPMC, capacity);
	struct call calls[5];

	if (full)
		ends_fill(&e, 0, capacity);
	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		if (full)
			call_push(&calls[i], &e, FOREVER, 99);
		else
			call_pull(&calls[i], &e, FOREVER);
	}
	ends_await_parked(&e, full ? ARRAY_LEN(calls) : 0, full ? 0 : ARRAY_LEN(calls));
	EXPECT_EQ(pp_close(e.tx), 0);
	for (size_t i = 0; i < ARRAY_LEN(calls); i++)
		EXPECT_EQ(call_join(&calls[i]), full ? -ESHUTDOWN : -EPIPE);
	ends_await_parked(&e, 0, 0);
	ends_let_go(&e);
}

Test(close, everyone_asleep_on_either_side_wakes)
{
	for (size_t capacity = 0; capacity < 5; capacity++) {
		wakes_all(capacity, false);
		wakes_all(capacity, true);
	}
}

/*
 * A pusher and a puller run while another thread closes.  Every push that said 0 was
 * pulled, none that said -ESHUTDOWN was.
 */
struct racer {
	struct ends e;
	uint64_t    pushed;
	int         result;
};

static void *push_until_refused(void *arg)
{
	struct racer *r = arg;

	while ((r->result = pp_push(r->e.tx, &r->pushed)) == 0)
		r->pushed++;
	return NULL;
}

static void race(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	struct racer r = { .e = e };
	uint64_t pulled = 0, item;
	pthread_t thread;
	int result;

	EXPECT_EQ(pthread_create(&thread, NULL, push_until_refused, &r), 0);
	for (; pulled < 20; pulled++)
		EXPECT_EQ(pp_pull(e.rx, &item), 0);
	EXPECT_EQ(pp_close(e.tx), 0);
	for (; (result = pp_pull(e.rx, &item)) == 0; pulled++)
		EXPECT_EQ(item, pulled);
	EXPECT_EQ(result, -EPIPE);
	pthread_join(thread, NULL);
	EXPECT_EQ(r.result, -ESHUTDOWN);
	EXPECT_EQ(pulled, r.pushed);
	ends_let_go(&e);
}

Test(close, a_push_that_races_with_close_is_delivered_or_refused)
{
	for (int round = 0; round < 200; round++)
		for (size_t capacity = 0; capacity < 4; capacity++)
			for_each_kind(capacity, race);
}

static void partial_batch(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t items[20], item;
	struct call push = { .form = &push_forms[BATCH], .ends = e, .items = items,
			     .n = capacity + 2 };

	for (size_t i = 0; i < ARRAY_LEN(items); i++)
		items[i] = i;
	call_start(&push);
	ends_await_parked(&e, 1, 0);
	EXPECT_EQ(pp_close(e.tx), 0);
	EXPECT_EQ(call_join(&push), capacity ? (ssize_t)capacity : -ESHUTDOWN);
	ends_drain(&e, 0, capacity);
	EXPECT_EQ(pp_pull(e.rx, &item), -EPIPE);
	ends_let_go(&e);
}

Test(close, a_batch_cut_short_by_close_says_how_many_went_in)
{
	for (size_t capacity = 0; capacity < 9; capacity++)
		for_each_kind(capacity, partial_batch);
}
