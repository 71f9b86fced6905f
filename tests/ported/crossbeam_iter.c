/* SPDX-License-Identifier: MIT */
/*
 * What crossbeam-channel expects of iteration over a receiver, tests/iter.rs, and of two handles
 * of one channel, tests/same_channel.rs.  In C the iteration is a loop around a pull.
 */
#include "support.h"

SUITE(crossbeam_iter);

/* Rings: 0 the items, 1 the sum. */
static void sum_until_the_end(struct scene *s, unsigned me)
{
	uint64_t item, sum = 0;

	(void)me;
	while (pp_pull(s->e[0].rx, &item) == 0)
		sum += item;
	must_push(&s->e[1], sum);
}

static void summed(pp_kind kind, size_t capacity)
{
	struct scene s;

	scene_open(&s, kind, 2, capacity);
	scene_spawn(&s, sum_until_the_end, 0);
	must_push(&s.e[0], 3);
	must_push(&s.e[0], 1);
	must_push(&s.e[0], 2);
	tx_drop(&s.e[0]);
	CHECK_EQ(must_pull(&s.e[1]), 6);
	scene_end(&s);
}

/* crossbeam: tests/iter.rs nested_recv_iter */
Test(crossbeam_iter, a_loop_of_pulls_gets_everything_and_ends_with_the_stream)
{
	for_each_kind(0, summed);
	for_each_kind(64, summed);
}

static void sum_until_enough(struct scene *s, unsigned me)
{
	uint64_t item, sum = 0;

	while (pp_pull(s->e[0].rx, &item) == 0 && sum < me)
		sum += item;
	rx_drop(&s->e[0]);
	must_push(&s->e[1], sum);
}

static void left_early(pp_kind kind, size_t capacity)
{
	uint64_t two = 2;
	struct scene s;
	int last;

	scene_open(&s, kind, 2, capacity);
	scene_spawn(&s, sum_until_enough, 3);
	for (int i = 0; i < 3; i++)
		must_push(&s.e[0], two);
	last = pp_push(s.e[0].tx, &two);
	CHECK(last == 0 || last == -EPIPE);
	tx_drop(&s.e[0]);
	CHECK_EQ(must_pull(&s.e[1]), 4);
	scene_end(&s);
}

/* crossbeam: tests/iter.rs recv_iter_break */
Test(crossbeam_iter, a_loop_of_pulls_may_be_left_before_the_end)
{
	for_each_kind(0, left_early);
	for_each_kind(64, left_early);
}

/* Requests on 0, responses on 1, by tries: until the responses are enough. */
static void request_until_six(struct scene *s, unsigned me)
{
	uint64_t item, sum = 0;

	for (;;) {
		while (sum < me && try_pull(&s->e[1], &item) == 0)
			sum += item;
		if (sum == me)
			break;
		must_push(&s->e[0], 0);
	}
	tx_drop(&s->e[0]);
	rx_drop(&s->e[1]);
}

static void answered(pp_kind kind, size_t capacity)
{
	uint64_t item, two = 2;
	struct scene s;

	scene_open(&s, kind, 2, capacity);
	scene_spawn(&s, request_until_six, 6);
	while (pp_pull(s.e[0].rx, &item) == 0)
		if (pp_push(s.e[1].tx, &two) != 0)
			break;
	scene_end(&s);
}

/* crossbeam: tests/iter.rs recv_try_iter */
Test(crossbeam_iter, a_loop_of_tries_stops_where_nothing_is_and_goes_on_later)
{
	for_each_kind(64, answered);
}

static void two_then_the_end(pp_kind kind, size_t capacity)
{
	struct scene s;

	scene_open(&s, kind, 1, capacity);
	must_push(&s.e[0], 1);
	must_push(&s.e[0], 2);
	tx_drop(&s.e[0]);
	CHECK_EQ(must_pull(&s.e[0]), 1);
	CHECK_EQ(must_pull(&s.e[0]), 2);
	must_end(&s.e[0]);
	scene_end(&s);
}

/* crossbeam: tests/iter.rs recv_into_iter_owned, tests/iter.rs recv_into_iter_borrowed */
Test(crossbeam_iter, what_was_pushed_before_the_end_is_pulled_after_it)
{
	for_each_kind(64, two_then_the_end);
}

/* ---- same_channel.rs -------------------------------------------------------------------- */

static void pull_seven(struct scene *s, unsigned me)
{
	CHECK_EQ(must_pull(&s->e[0]), me);
}

static void one_ring_two_references(pp_kind kind, size_t capacity)
{
	uint64_t item = 9;
	struct scene s;

	scene_open(&s, kind, 2, capacity);
	CHECK_EQ(pp_tx_ref(s.e[0].tx), 0);
	CHECK_EQ(pp_rx_ref(s.e[0].rx), 0);
	CHECK(s.e[0].tx != s.e[1].tx);
	CHECK(s.e[0].rx != s.e[1].rx);
	pp_tx_unref(s.e[0].tx);
	pp_rx_unref(s.e[0].rx);
	scene_spawn(&s, pull_seven, 7);
	must_push(&s.e[0], 7);
	scene_join(&s);
	CHECK_EQ(pp_try_pull(s.e[1].rx, &item), -EAGAIN);
	CHECK_EQ(pp_close(s.e[0].tx), 0);
	CHECK_EQ(pp_try_pull(s.e[0].rx, &item), -EPIPE);
	CHECK_EQ(pp_try_pull(s.e[1].rx, &item), -EAGAIN);
	scene_end(&s);
}

/* crossbeam: tests/same_channel.rs array_same_channel, tests/same_channel.rs zero_same_channel.
 * A reference is the same end, so there is nothing to ask; another ring is another. */
Test(crossbeam_iter, a_reference_is_the_same_ring_and_another_ring_is_not)
{
	for_each_kind(0, one_ring_two_references);
	for_each_kind(1, one_ring_two_references);
}
