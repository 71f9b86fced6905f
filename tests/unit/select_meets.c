/* SPDX-License-Identifier: MIT */
/* pp_select() at capacity 0, where it takes part on both sides; and streams through selects. */
#include "selecting.h"

SUITE(select_meets);

/* ---- It counts as waiting --------------------------------------------------------- */

static void meets_tries(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity), other = ends_open(kind, capacity);
	struct selecting s;
	uint64_t item = UNTOUCHED;

	selecting_init(&s);
	selecting_pull(&s, &other);
	selecting_push(&s, &e, 31);
	selecting_sleeps(&s);
	EXPECT_EQ(pp_try_pull(other.rx, &item), -EAGAIN); /* only its own side of each */
	EXPECT_EQ(pp_try_push(e.tx, &item), -EAGAIN);
	EXPECT_EQ(pp_tx_depth(e.tx), 0);
	EXPECT_EQ(pp_try_pull(e.rx, &item), 0);
	EXPECT_EQ(item, 31);
	selecting_gives(&s, 1, 0);
	EXPECT_EQ(pp_try_push(other.tx, &item), -EAGAIN); /* it has left this one */
	EXPECT_EQ(ends_stats(&e).pushed, 1);
	EXPECT_EQ(ends_stats(&other).pushed, 0);

	selecting_init(&s);
	selecting_push(&s, &e, 32);
	selecting_pull(&s, &other);
	selecting_sleeps(&s);
	EXPECT_EQ(pp_try_push(other.tx, &(uint64_t){ 33 }), 0);
	selecting_gives(&s, 1, 0);
	EXPECT_EQ(s.items[1], 33);
	EXPECT_EQ(pp_try_pull(e.rx, &item), -EAGAIN);
	ends_let_go(&e);
	ends_let_go(&other);
}

Test(select_meets, a_select_that_waits_is_a_pusher_or_a_puller_that_waits)
{
	for_each_kind(0, meets_tries);
}

static void meets_waiting(pp_kind kind, size_t capacity)
{
	for (size_t i = 0; i < 3; i++) {
		struct ends e = ends_open(kind, capacity), other = ends_open(kind, capacity);
		struct call call;
		uint64_t item = UNTOUCHED, none = UNTOUCHED;
		pp_case cases[] = { pull_case(&other, &none), pull_case(&e, &item) };

		call_push(&call, &e, FOREVER, 8);
		ends_await_parked(&e, 1, 0);
		EXPECT_EQ(pp_select(cases, 2, i ? PP_ORDERED : 0, i == 2 ? PP_FOREVER : 0), 1);
		EXPECT_EQ(item, 8);
		EXPECT_EQ(call_join(&call), 0);
		call_pull(&call, &e, FOREVER);
		ends_await_parked(&e, 0, 1);
		cases[1] = push_case(&e, &(uint64_t){ 9 });
		EXPECT_EQ(pp_select(cases, 2, i ? PP_ORDERED : 0, i == 2 ? PP_FOREVER : 0), 1);
		EXPECT_EQ(call_join(&call), 0);
		EXPECT_EQ(call.item, 9);
		EXPECT_EQ(none, UNTOUCHED);
		ends_let_go(&e);
		ends_let_go(&other);
	}
}

Test(select_meets, a_select_meets_who_is_already_waiting)
{
	for_each_kind(0, meets_waiting);
}

/* ---- Two selects ------------------------------------------------------------------ */

static void two_selects(pp_kind kind, size_t capacity)
{
	struct ends a = ends_open(kind, capacity), b = ends_open(kind, capacity);
	struct selecting one, two;

	for (int round = 0; round < 200; round++) {
		selecting_init(&one);
		selecting_push(&one, &a, 1);
		selecting_pull(&one, &b);
		selecting_init(&two);
		selecting_pull(&two, &a);
		selecting_push(&two, &b, 2);
		if (round % 2)
			selecting_sleeps(&one);
		else
			selecting_start(&one);
		selecting_start(&two);
		AWAIT(atomic_load(&one.returned) && atomic_load(&two.returned));
		EXPECT_EQ(one.index, two.index); /* the same ring */
		if (one.index == 0)
			EXPECT_EQ(two.items[0], 1);
		else
			EXPECT_EQ(one.items[1], 2);
		selecting_gives(&one, one.index, 0);
		selecting_gives(&two, two.index, 0);
		EXPECT_EQ(ends_stats(&a).pushed + ends_stats(&b).pushed, round + 1);
	}
	ends_await_parked(&a, 0, 0);
	ends_await_parked(&b, 0, 0);
	ends_let_go(&a);
	ends_let_go(&b);
}

Test(select_meets, two_selects_meet_on_exactly_one_ring)
{
	for_each_kind(0, two_selects);
}

/* Two that only come by, deadline long past, do not meet. */
static void never_itself(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity), other = ends_open(kind, capacity);
	uint64_t items[3] = { 1, UNTOUCHED, UNTOUCHED };
	pp_case cases[] = { push_case(&e, &items[0]), pull_case(&e, &items[1]) };
	struct selecting s;
	struct call call;

	for (unsigned flags = 0; flags <= PP_ORDERED; flags++) {
		EXPECT_EQ(pp_select(cases, 2, flags, 0), -ETIMEDOUT);
		EXPECT_EQ(pp_select(cases, 2, flags, pp_in(2 * PP_MS)), -ETIMEDOUT);
	}
	EXPECT_EQ(items[1], UNTOUCHED);
	EXPECT_EQ(ends_stats(&e).pushed, 0);
	for (int round = 0; round < 20; round++) {
		selecting_init(&s);
		selecting_push(&s, &e, 5);
		selecting_pull(&s, &e);
		selecting_sleeps(&s);
		if (round % 2)
			call_pull(&call, &e, FOREVER);
		else
			call_push(&call, &e, FOREVER, 6);
		EXPECT_EQ(call_join(&call), 0); /* but it does meet others, on both sides */
		selecting_gives(&s, round % 2 ? 0 : 1, 0);
		EXPECT_EQ(round % 2 ? call.item : s.items[1], round % 2 ? 5 : 6);
	}
	ends_let_go(&e);
	ends_let_go(&other);
}

Test(select_meets, a_call_never_meets_itself)
{
	never_itself(PP_MPMC, 0); /* PP_SPSC: that other would be a second pushing thread */
}

static void spsc_itself(void)
{
	struct ends e = ends_open(PP_SPSC, 0);
	uint64_t items[2] = { 1, UNTOUCHED };
	pp_case cases[] = { push_case(&e, &items[0]), pull_case(&e, &items[1]) };

	EXPECT_EQ(pp_select(cases, 2, 0, 0), -ETIMEDOUT);
	EXPECT_EQ(pp_select(cases, 2, PP_ORDERED, pp_in(2 * PP_MS)), -ETIMEDOUT);
	EXPECT_EQ(items[1], UNTOUCHED);
	ends_let_go(&e);
}

Test(select_meets, nor_on_an_spsc_ring)
{
	spsc_itself();
}

/* Two threads, each with both ends of one ring in one call: they meet each other. */
static void both_ends_each(void)
{
	struct ends e = ends_open(PP_MPMC, 0);
	struct selecting s[2];

	for (int round = 0; round < 200; round++) {
		for (uint64_t i = 0; i < 2; i++) {
			selecting_init(&s[i]);
			selecting_push(&s[i], &e, 10 + i);
			selecting_pull(&s[i], &e);
			selecting_start(&s[i]);
		}
		AWAIT(atomic_load(&s[0].returned) && atomic_load(&s[1].returned));
		EXPECT_EQ(s[0].index + s[1].index, 1); /* the one pushes, the other pulls */
		for (size_t i = 0; i < 2; i++) {
			if (s[i].index == 1)
				EXPECT_EQ(s[i].items[1], 10 + (1 - i));
			selecting_gives(&s[i], s[i].index, 0);
		}
	}
	EXPECT_EQ(ends_stats(&e).pushed, 200);
	ends_let_go(&e);
}

Test(select_meets, two_calls_with_both_ends_of_one_ring_meet_each_other)
{
	both_ends_each();
}

/* ---- First come, first served ----------------------------------------------------- */

static void served_in_order(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity), other = ends_open(kind, capacity);
	struct selecting first, third;
	struct call second;

	selecting_init(&first);
	selecting_pull(&first, &other);
	selecting_pull(&first, &e);
	selecting_sleeps(&first);
	call_pull(&second, &e, FOREVER);
	ends_await_parked(&e, 0, 2);
	selecting_init(&third);
	selecting_pull(&third, &e);
	selecting_pull(&third, &other);
	selecting_sleeps(&third);
	ends_await_parked(&e, 0, 3);
	EXPECT_EQ(pp_try_push(e.tx, &(uint64_t){ 1 }), 0);
	selecting_gives(&first, 1, 0);
	EXPECT_EQ(first.items[1], 1);
	EXPECT_EQ(pp_try_push(e.tx, &(uint64_t){ 2 }), 0);
	EXPECT_EQ(call_join(&second), 0);
	EXPECT_EQ(second.item, 2);
	EXPECT_EQ(pp_try_push(e.tx, &(uint64_t){ 3 }), 0);
	selecting_gives(&third, 0, 0);
	EXPECT_EQ(third.items[0], 3);
	ends_let_go(&e);
	ends_let_go(&other);
}

Test(select_meets, selects_and_plain_waiters_are_served_in_the_order_in_which_they_came)
{
	for (int round = 0; round < 20; round++)
		served_in_order(PP_MPMC, 0);
}

static void passed_over(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity), other = ends_open(kind, capacity);
	struct selecting s;
	struct call pull;

	selecting_init(&s);
	selecting_pull(&s, &e);
	selecting_pull(&s, &other);
	selecting_sleeps(&s);
	call_pull(&pull, &e, FOREVER);
	ends_await_parked(&e, 0, 2);
	EXPECT_EQ(pp_try_push(other.tx, &(uint64_t){ 1 }), 0);
	/* Whether or not it has got up already, and leaves: a try would not wait for its lock. */
	EXPECT_EQ(pp_push(e.tx, &(uint64_t){ 2 }), 0);
	EXPECT_EQ(call_join(&pull), 0);
	EXPECT_EQ(pull.item, 2);
	selecting_gives(&s, 1, 0);
	EXPECT_EQ(s.items[1], 1);
	EXPECT_EQ(pp_try_push(e.tx, &(uint64_t){ 3 }), -EAGAIN);
	ends_let_go(&e);
	ends_let_go(&other);
}

Test(select_meets, a_select_that_was_served_elsewhere_is_passed_over)
{
	for (int round = 0; round < 200; round++)
		passed_over(PP_MPMC, 0);
}

/* ---- Streams ---------------------------------------------------------------------- */

#define WAYS 3

/* One thread pushes to three rings, whichever takes an item first; one pulls from all of them. */
struct fan {
	struct ends e[WAYS];
	uint64_t    items;
	atomic_uint failures;
};

static void *push_anywhere(void *arg)
{
	struct fan *fan = arg;

	for (uint64_t item = 0; item < fan->items; item++) {
		pp_case cases[WAYS];

		for (size_t i = 0; i < WAYS; i++)
			cases[i] = push_case(&fan->e[i], &item);
		int index = pp_select(cases, WAYS, item % 2 ? PP_ORDERED : 0, PP_FOREVER);

		if (index < 0 || cases[index].result != 0)
			atomic_fetch_add(&fan->failures, 1);
	}
	for (size_t i = 0; i < WAYS; i++)
		(void)pp_close(fan->e[i].tx);
	return NULL;
}

static void fan_through(pp_kind kind, size_t capacity)
{
	struct fan fan = { .items = SANITIZED ? 300 : 2000 };
	uint64_t next[WAYS] = { 0 }, item, total = 0;
	pp_case cases[WAYS];
	size_t open = WAYS;
	pthread_t thread;

	for (size_t i = 0; i < WAYS; i++)
		fan.e[i] = ends_open(kind, capacity);
	EXPECT_EQ(pthread_create(&thread, NULL, push_anywhere, &fan), 0);
	for (size_t i = 0; i < WAYS; i++)
		cases[i] = pull_case(&fan.e[i], &item);
	while (open > 0) {
		int index = pp_select(cases, WAYS, 0, PP_FOREVER);

		EXPECT(index >= 0 && index < WAYS);
		if (cases[index].result == 0) {
			EXPECT(item >= next[index]); /* each ring in its order */
			next[index] = item + 1;
			total++;
		} else {
			EXPECT_EQ(cases[index].result, -EPIPE);
			cases[index].rx = NULL; /* no more from there: disabled */
			open--;
		}
	}
	EXPECT_EQ(pthread_join(thread, NULL), 0);
	EXPECT_EQ(atomic_load(&fan.failures), 0);
	EXPECT_EQ(total, fan.items);
	for (size_t i = 0; i < WAYS; i++)
		ends_let_go(&fan.e[i]);
}

Test(select_meets, everything_that_selects_push_selects_pull_once_and_in_order)
{
	static const size_t capacities[] = { 0, 1, 2, 3, 64, 128, 129, 1000 };

	for (size_t i = 0; i < ARRAY_LEN(capacities); i++)
		for_each_kind(capacities[i], fan_through);
}

/* Any number of threads, half of them with selects. */
static void streams(size_t capacity, const struct form *push, const struct form *pull)
{
	struct streams s = { .producers = 3, .consumers = 3, .items = SANITIZED ? 200 : 2000,
			     .push = push, .pull = pull };

	s.ends = ends_open(PP_MPMC, capacity);
	streams_run(&s);
}

Test(select_meets, selects_and_plain_calls_stream_to_each_other)
{
	static const size_t capacities[] = { 0, 1, 2, 3, 64, 1000 };

	for (size_t i = 0; i < ARRAY_LEN(capacities); i++) {
		streams(capacities[i], &push_select_forms[FOREVER], NULL);
		streams(capacities[i], NULL, &pull_select_forms[FOREVER]);
		streams(capacities[i], &push_select_forms[FOREVER], &pull_select_forms[FOREVER]);
	}
}
