/* SPDX-License-Identifier: MIT */
/* Capacity 0: the two meet, and nothing is ever stored. */
#include "support.h"

#include <sched.h>
#include <stdlib.h>

SUITE(rendezvous);

static void only_met(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	struct call push;
	uint64_t got;

	call_push(&push, &e, FOREVER, 7);
	ends_await_parked(&e, 1, 0);
	EXPECT(!atomic_load(&push.returned));
	EXPECT_EQ(ends_stats(&e).pushed, 0);
	EXPECT_EQ(pp_tx_depth(e.tx), 0);
	EXPECT_EQ(pp_rx_depth(e.rx), 0);
	EXPECT_EQ(pp_pull(e.rx, &got), 0);
	EXPECT_EQ(got, 7);
	EXPECT_EQ(call_join(&push), 0);
	EXPECT_EQ(ends_stats(&e).pushed, 1);
	EXPECT_EQ(ends_stats(&e).depth_max, 0);
	ends_let_go(&e);
}

Test(rendezvous, a_push_returns_only_when_a_pull_has_the_item)
{
	for_each_kind(0, only_met);
}

static void tries_alone(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t item = 9;

	for (size_t i = 0; i < ARRAY_LEN(push_forms); i++)
		if (push_forms[i].waits != FOREVER)
			EXPECT_EQ(form_push(&push_forms[i], &e, 1), form_refusal(&push_forms[i]));
	for (size_t i = 0; i < ARRAY_LEN(pull_forms); i++)
		if (pull_forms[i].waits != FOREVER)
			EXPECT_EQ(form_pull(&pull_forms[i], &e, &item),
				  form_refusal(&pull_forms[i]));
	EXPECT_EQ(item, 9);
	EXPECT_EQ(pp_rx_depth(e.rx), 0);
	ends_let_go(&e);
}

Test(rendezvous, with_nobody_waiting_try_says_eagain_and_a_past_deadline_etimedout)
{
	for_each_kind(0, tries_alone);
}

static void meets_puller(pp_kind kind, size_t capacity)
{
	for (size_t i = 0; i < ARRAY_LEN(push_forms); i++) {
		struct ends e = ends_open(kind, capacity);
		struct call pull;

		call_pull(&pull, &e, FOREVER);
		ends_await_parked(&e, 0, 1);
		EXPECT_EQ(form_push(&push_forms[i], &e, 70 + i), push_forms[i].done);
		EXPECT_EQ(call_join(&pull), 0);
		EXPECT_EQ(pull.item, 70 + i);
		ends_let_go(&e);
	}
}

Test(rendezvous, every_form_of_push_meets_a_puller_that_waits)
{
	for_each_kind(0, meets_puller);
}

static void meets_pusher(pp_kind kind, size_t capacity)
{
	for (size_t i = 0; i < ARRAY_LEN(pull_forms); i++) {
		struct ends e = ends_open(kind, capacity);
		struct call push;
		uint64_t got = 0;

		call_push(&push, &e, FOREVER, 80 + i);
		ends_await_parked(&e, 1, 0);
		EXPECT_EQ(form_pull(&pull_forms[i], &e, &got), pull_forms[i].done);
		EXPECT_EQ(got, 80 + i);
		EXPECT_EQ(call_join(&push), 0);
		ends_let_go(&e);
	}
}

Test(rendezvous, every_form_of_pull_meets_a_pusher_that_waits)
{
	for_each_kind(0, meets_pusher);
}

/* ---- Two sides that only try --------------------------------------------------- */

static void *try_pushes(void *arg)
{
	struct ends *e = arg;
	size_t met = 0;

	for (uint64_t i = 0; i < 20000; i++)
		met += pp_try_push(e->tx, &i) == 0;
	return (void *)met;
}

static void two_tries(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	pthread_t thread;
	uint64_t item;
	void *met;

	EXPECT_EQ(pthread_create(&thread, NULL, try_pushes, &e), 0);
	for (int i = 0; i < 20000; i++) {
		int result = pp_try_pull(e.rx, &item);

		EXPECT(result == -EAGAIN || result == -EBUSY);
	}
	pthread_join(thread, &met);
	EXPECT_EQ((size_t)met, 0);
	EXPECT_EQ(ends_stats(&e).pushed, 0);
	ends_let_go(&e);
}

Test(rendezvous, two_sides_that_both_only_try_never_meet)
{
	for_each_kind(0, two_tries);
}

/* ---- Withdrawing ------------------------------------------------------------------ */

static void withdrawn_push(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t item;

	EXPECT_EQ(pp_push_until(e.tx, &(uint64_t){ 1 }, pp_in(2 * PP_MS)), -ETIMEDOUT);
	EXPECT_EQ(pp_try_pull(e.rx, &item), -EAGAIN);
	EXPECT_EQ(pp_pull_until(e.rx, &item, pp_in(2 * PP_MS)), -ETIMEDOUT);
	EXPECT_EQ(pp_try_push(e.tx, &(uint64_t){ 1 }), -EAGAIN);
	EXPECT_EQ(ends_stats(&e).pushers_parked, 0);
	EXPECT_EQ(ends_stats(&e).pullers_parked, 0);
	ends_let_go(&e);
}

Test(rendezvous, one_that_withdrew_is_met_by_nobody)
{
	for_each_kind(0, withdrawn_push);
}

/* One side keeps giving up; what it says and what the other side saw must agree. */
struct flighty {
	struct ends e;
	uint64_t    tried, done;
	atomic_bool over;
};

static void *push_with_deadlines(void *arg)
{
	struct flighty *f = arg;

	for (f->tried = 0; f->tried < 4000; f->tried++) {
		int result = pp_push_until(f->e.tx, &f->tried,
					   pp_in((int64_t)(f->tried % 16) * 2 * PP_US));

		if (result == 0)
			f->done++;
		else if (result != -ETIMEDOUT)
			break;
	}
	atomic_store(&f->over, true);
	return NULL;
}

static void handoffs_agree(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	struct flighty f = { .e = e };
	uint64_t pulled = 0, next = 0, item;
	pthread_t thread;

	EXPECT_EQ(pthread_create(&thread, NULL, push_with_deadlines, &f), 0);
	for (unsigned i = 0; !atomic_load(&f.over); i++) {
		int result = pp_pull_until(e.rx, &item, pp_in((int64_t)(i % 8) * 2 * PP_US));

		EXPECT(result == 0 || result == -ETIMEDOUT);
		if (result != 0)
			continue;
		EXPECT(item >= next); /* each at most once, in order */
		next = item + 1;
		pulled++;
	}
	pthread_join(thread, NULL);
	EXPECT_EQ(f.tried, 4000);
	EXPECT_EQ(pulled, f.done);
	ends_let_go(&e);
}

Test(rendezvous, deadlines_on_both_sides_never_undo_or_repeat_a_handoff)
{
	for_each_kind(0, handoffs_agree);
}

/* ---- First come, first served ----------------------------------------------------- */

Test(rendezvous, waiting_pushers_are_served_in_the_order_in_which_they_came)
{
	struct ends e = ends_open(PP_MPMC, 0);
	struct call calls[6];
	uint64_t got;

	for (uint32_t i = 0; i < ARRAY_LEN(calls); i++) {
		call_push(&calls[i], &e, FOREVER, i);
		ends_await_parked(&e, i + 1, 0);
	}
	for (uint64_t i = 0; i < ARRAY_LEN(calls); i++) {
		EXPECT_EQ(pp_pull(e.rx, &got), 0);
		EXPECT_EQ(got, i);
	}
	for (size_t i = 0; i < ARRAY_LEN(calls); i++)
		EXPECT_EQ(call_join(&calls[i]), 0);
	ends_let_go(&e);
}

Test(rendezvous, waiting_pullers_are_served_in_the_order_in_which_they_came)
{
	struct ends e = ends_open(PP_MPMC, 0);
	struct call calls[6];

	for (uint32_t i = 0; i < ARRAY_LEN(calls); i++) {
		call_pull(&calls[i], &e, FOREVER);
		ends_await_parked(&e, 0, i + 1);
	}
	for (uint64_t i = 0; i < ARRAY_LEN(calls); i++)
		EXPECT_EQ(pp_try_push(e.tx, &i), 0);
	for (uint64_t i = 0; i < ARRAY_LEN(calls); i++) {
		EXPECT_EQ(call_join(&calls[i]), 0);
		EXPECT_EQ(calls[i].item, i);
	}
	ends_let_go(&e);
}

Test(rendezvous, one_that_withdrew_is_passed_over)
{
	struct ends e = ends_open(PP_MPMC, 0);
	struct call first, second, third;
	uint64_t got;

	call_push(&first, &e, FOREVER, 1);
	ends_await_parked(&e, 1, 0);
	second = (struct call){ .form = &push_forms[SINGLE_UNTIL], .ends = e, .item = 2, .n = 1,
				.deadline = pp_in(30 * PP_MS) };
	call_start(&second);
	AWAIT(atomic_load(&second.returned) || ends_stats(&e).push_parks >= 2);
	call_push(&third, &e, FOREVER, 3);
	EXPECT_EQ(call_join(&second), -ETIMEDOUT);
	ends_await_parked(&e, 2, 0);
	EXPECT_EQ(pp_pull(e.rx, &got), 0);
	EXPECT_EQ(got, 1);
	EXPECT_EQ(pp_pull(e.rx, &got), 0);
	EXPECT_EQ(got, 3);
	EXPECT_EQ(call_join(&first), 0);
	EXPECT_EQ(call_join(&third), 0);
	ends_let_go(&e);
}

/* ---- Batches and streams ----------------------------------------------------------- */

static void batches(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t items[5] = { 1, 2, 3, 4, 5 }, got[5] = { 0 };
	struct call push = { .form = &push_forms[BATCH], .ends = e, .items = items, .n = 5 };

	call_start(&push);
	ends_await_parked(&e, 1, 0);
	EXPECT_EQ(pp_pull(e.rx, got), 0);
	EXPECT_EQ(got[0], 1);
	EXPECT_EQ(pp_pull_n_until(e.rx, got + 1, 4, 4, PP_FOREVER), 4);
	for (uint64_t i = 0; i < 5; i++)
		EXPECT_EQ(got[i], i + 1);
	EXPECT_EQ(call_join(&push), 5);
	ends_let_go(&e);
}

Test(rendezvous, a_batch_is_handoffs_one_after_the_other)
{
	for_each_kind(0, batches);
}

static void cut_batch(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t items[5] = { 1, 2, 3, 4, 5 }, got;
	struct call push = { .form = &push_forms[BATCH], .ends = e, .items = items, .n = 5 };

	call_start(&push);
	EXPECT_EQ(pp_pull(e.rx, &got), 0);
	EXPECT_EQ(pp_pull(e.rx, &got), 0);
	EXPECT_EQ(pp_close(e.tx), 0);
	EXPECT_EQ(call_join(&push), 2);
	EXPECT_EQ(pp_pull(e.rx, &got), -EPIPE);
	ends_let_go(&e);
}

Test(rendezvous, a_batch_cut_short_says_how_many_were_handed_over)
{
	for_each_kind(0, cut_batch);
}

static void stream_1p1c(pp_kind kind, size_t capacity)
{
	struct streams s = { .ends = ends_open(kind, capacity), .producers = 1, .consumers = 1,
			     .items = 5000 };

	streams_run(&s);
	ends_let_go(&s.ends);
}

Test(rendezvous, a_stream_arrives_once_and_in_order)
{
	for_each_kind(0, stream_1p1c);
}

Test(rendezvous, many_pushers_and_pullers_lose_and_repeat_nothing)
{
	for (size_t form = 0; form < 2; form++) {
		struct streams s = { .ends = ends_open(PP_MPMC, 0), .producers = 4, .consumers = 4,
				     .items = 1500, .tick = 20 * PP_US,
				     .push = &push_forms[form ? SINGLE_UNTIL : SINGLE],
				     .pull = &pull_forms[form ? SINGLE_UNTIL : SINGLE] };

		streams_run(&s);
		ends_let_go(&s.ends);
	}
}

static void one_side_tries(pp_kind kind, size_t capacity)
{
	struct streams s = { .ends = ends_open(kind, capacity), .producers = 1, .consumers = 1,
			     .items = 3000, .push = &push_forms[SINGLE_TRY] };

	streams_run(&s);
	ends_let_go(&s.ends);
	s = (struct streams){ .ends = ends_open(kind, capacity), .producers = 1, .consumers = 1,
			      .items = 3000, .pull = &pull_forms[SINGLE_TRY] };
	streams_run(&s);
	ends_let_go(&s.ends);
}

Test(rendezvous, a_side_that_only_tries_meets_a_side_that_waits)
{
	for_each_kind(0, one_side_tries);
}
