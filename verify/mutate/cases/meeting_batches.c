/* SPDX-License-Identifier: MIT */
/* Capacity 0: a batch meets everybody who waits already, and waits for no more than it must. */
#include "async_ops.h"

SUITE(meeting_batches);

enum { WAITING = 3, ROOM = WAITING + 2 };

/* Pushers in line, one after the other; a line of one is all that PP_SPSC has. */
struct line {
	struct ends e;
	struct asyncing pushers[WAITING];
	size_t n;
};

static void line_up(struct line *l, pp_kind kind)
{
	l->e = ends_open(kind, 0);
	l->n = kind == PP_SPSC ? 1 : WAITING;
	for (size_t i = 0; i < l->n; i++) {
		asyncing_init(&l->pushers[i], &l->e, true, BROUGHT + i);
		asyncing_waits(&l->pushers[i]);
	}
}

/* `pulled` of them were met, the first first. */
static void line_was_met(struct line *l, const uint64_t *items, size_t pulled)
{
	for (size_t i = 0; i < l->n; i++) {
		EXPECT_EQ(atomic_load(&l->pushers[i].calls), i < pulled);
		EXPECT_EQ(items[i], i < pulled ? BROUGHT + i : UNTOUCHED);
		if (i < pulled)
			asyncing_gives(&l->pushers[i], 0);
		else
			EXPECT_EQ(asyncing_withdraw(&l->pushers[i]), 0);
		asyncing_over(&l->pushers[i]);
	}
	ends_let_go(&l->e);
}

static void pulled_by(pp_kind kind, size_t form, size_t max)
{
	uint64_t items[ROOM] = { UNTOUCHED, UNTOUCHED, UNTOUCHED };
	struct line l;
	size_t want;

	line_up(&l, kind);
	want = max < l.n ? max : l.n;
	EXPECT_EQ(pull_forms[form].run(&l.e, items, max, PP_FOREVER), want);
	line_was_met(&l, items, want);
}

Test(meeting_batches, a_pull_takes_from_all_who_wait_and_then_waits_for_nobody)
{
	for (size_t max = 1; max <= ROOM; max++)
		for (int n = 0; n < 4; n++)
			pulled_by(n & 1 ? PP_MPMC : PP_SPSC, n & 2 ? BATCH : BATCH_TRY, max);
}

static void pulled_for_a_minimum(pp_kind kind, size_t min)
{
	uint64_t items[ROOM] = { UNTOUCHED, UNTOUCHED, UNTOUCHED };
	struct line l;

	line_up(&l, kind);
	if (min > l.n)
		min = l.n;
	EXPECT_EQ(pp_pull_n_until(l.e.rx, items, min, ROOM, PP_FOREVER), l.n);
	line_was_met(&l, items, l.n);
}

Test(meeting_batches, a_pull_with_a_minimum_takes_what_else_waits)
{
	for (size_t min = 0; min <= WAITING; min++) {
		pulled_for_a_minimum(PP_SPSC, min);
		pulled_for_a_minimum(PP_MPMC, min);
	}
}

/* A push goes to as many as sleep in a pull, and comes back. */
static void pushed_to(pp_kind kind, uint32_t pullers)
{
	struct ends e = ends_open(kind, 0);
	uint64_t items[ROOM] = { 10, 11, 12, 13, 14 };
	struct call pulls[WAITING];

	for (uint32_t i = 0; i < pullers; i++) {
		call_pull(&pulls[i], &e, FOREVER);
		ends_await_parked(&e, 0, i + 1);
	}
	EXPECT_EQ(pp_try_push_n(e.tx, items, ROOM), pullers ? (ssize_t)pullers : -EAGAIN);
	for (uint32_t i = 0; i < pullers; i++) {
		EXPECT_EQ(call_join(&pulls[i]), 0);
		EXPECT_EQ(pulls[i].item, items[i]);
	}
	EXPECT_EQ(ends_stats(&e).pushed, pullers);
	ends_let_go(&e);
}

Test(meeting_batches, a_push_that_tries_goes_to_all_who_wait)
{
	for (uint32_t pullers = 0; pullers <= WAITING; pullers++)
		pushed_to(PP_MPMC, pullers);
	pushed_to(PP_SPSC, 1);
}

/* A batch that sleeps for each of its items. */
static void counts_once(pp_kind kind)
{
	struct ends e = ends_open_with(&PP_CONFIG(.kind = kind, .capacity = 0, .item_size = 8,
	                                          .spin_ns = PP_SPIN_NONE));
	uint64_t items[WAITING] = { 10, 11, 12 }, item;
	struct call push = { .form = &push_forms[BATCH], .ends = e, .items = items, .n = WAITING };

	call_start(&push);
	for (uint64_t i = 0; i < WAITING; i++) {
		AWAIT(ends_stats(&e).push_parks == i + 1 && ends_stats(&e).pushers_parked == 1);
		EXPECT_EQ(pp_pull(e.rx, &item), 0);
		EXPECT_EQ(item, items[i]);
	}
	EXPECT_EQ(call_join(&push), WAITING);
	EXPECT_EQ(ends_stats(&e).push_full, 1);
	ends_let_go(&e);
}

Test(meeting_batches, a_batch_that_waits_more_than_once_counts_as_one_call)
{
	counts_once(PP_SPSC);
	counts_once(PP_MPMC);
}
