/* SPDX-License-Identifier: MIT */
#include "flavor.h"

#include "choices.h"

#include <stdlib.h>

#define STREAM (SANITIZED ? 2000u : 20000u)

void capacity_is_told(pp_kind kind, size_t capacity)
{
	struct scene s;

	scene_open(&s, kind, 1, capacity);
	CHECK_EQ(pp_tx_capacity(s.e[0].tx), capacity);
	CHECK_EQ(pp_rx_capacity(s.e[0].rx), capacity);
	scene_end(&s);
}

/* ---- One call after the other ------------------------------------------------- */

static void push_and_leave(struct scene *s, unsigned me)
{
	for (unsigned i = 0; i < me; i++)
		must_push(&s->e[0], 7 + i);
	tx_drop(&s->e[0]);
}

void try_pull_empty_item_end(pp_kind kind, size_t capacity)
{
	uint64_t item = 77;
	struct scene s;

	scene_open(&s, kind, 1, capacity);
	CHECK_EQ(pp_try_pull(s.e[0].rx, &item), -EAGAIN);
	scene_spawn(&s, push_and_leave, 1);
	CHECK_EQ(pull_by_tries(&s.e[0]), 7);
	scene_join(&s);
	CHECK_EQ(pp_try_pull(s.e[0].rx, &item), -EPIPE);
	CHECK_EQ(item, 77);
	scene_end(&s);
}

static void pull_three_and_the_end(struct scene *s, unsigned me)
{
	for (unsigned i = 0; i < me; i++)
		CHECK_EQ(must_pull(&s->e[0]), 7 + i);
	must_end(&s->e[0]);
}

void pull_items_then_end(pp_kind kind, size_t capacity)
{
	struct scene s;

	scene_open(&s, kind, 1, capacity);
	scene_spawn(&s, pull_three_and_the_end, 3);
	ends_await_parked(&s.e[0], 0, 1);
	scene_spawn(&s, push_and_leave, 3);
	scene_end(&s);
	scene_open(&s, kind, 1, capacity);
	scene_spawn(&s, push_and_leave, 3);
	if (capacity == 0)
		ends_await_parked(&s.e[0], 1, 0);
	pull_three_and_the_end(&s, 3);
	scene_end(&s);
}

void pull_until_in_time(pp_kind kind, size_t capacity)
{
	pp_time deadline = pp_in(3 * PP_MS);
	uint64_t item = 77;
	struct scene s;

	scene_open(&s, kind, 1, capacity);
	CHECK_EQ(pp_pull_until(s.e[0].rx, &item, deadline), -ETIMEDOUT);
	CHECK(pp_now() >= deadline);
	CHECK_EQ(item, 77);
	scene_spawn(&s, push_and_leave, 1);
	CHECK_EQ(pp_pull_until(s.e[0].rx, &item, soon()), 0);
	CHECK_EQ(item, 7);
	CHECK_EQ(pp_pull_until(s.e[0].rx, &item, soon()), -EPIPE);
	scene_end(&s);
}

void push_three(pp_kind kind, size_t capacity)
{
	struct scene s;

	scene_open(&s, kind, 1, capacity);
	scene_spawn(&s, push_and_leave, 3);
	if (capacity < 3)
		ends_await_parked(&s.e[0], 1, 0);
	for (uint64_t i = 0; i < 3; i++)
		CHECK_EQ(must_pull(&s.e[0]), 7 + i);
	scene_end(&s);
}

/* ---- The end wakes --------------------------------------------------------------- */

void closing_wakes_puller(pp_kind kind, size_t capacity)
{
	struct scene s;

	scene_open(&s, kind, 1, capacity);
	scene_spawn(&s, pull_three_and_the_end, 0);
	ends_await_parked(&s.e[0], 0, 1);
	tx_drop(&s.e[0]);
	scene_end(&s);
}

static void push_past_the_end(struct scene *s, unsigned me)
{
	uint64_t item = me;

	for (size_t i = 0; i < s->capacity; i++)
		must_push(&s->e[0], item);
	CHECK_EQ(pp_push(s->e[0].tx, &item), -EPIPE);
}

void cancelling_wakes_pusher(pp_kind kind, size_t capacity)
{
	struct scene s;

	scene_open(&s, kind, 1, capacity);
	scene_spawn(&s, push_past_the_end, 1);
	ends_await_parked(&s.e[0], 1, 0);
	rx_drop(&s.e[0]);
	scene_end(&s);
}

/* ---- Streams ------------------------------------------------------------------------ */

static void push_stream(struct scene *s, unsigned me)
{
	(void)me;
	for (uint64_t i = 0; i < s->count; i++)
		must_push(&s->e[0], i);
}

void stream_in_order(pp_kind kind, size_t capacity)
{
	struct scene s;

	scene_open(&s, kind, 1, capacity);
	s.count = STREAM;
	scene_spawn(&s, push_stream, 0);
	for (uint64_t i = 0; i < STREAM; i++) {
		CHECK_EQ(must_pull(&s.e[0]), i);
		CHECK(pp_rx_depth(s.e[0].rx) <= capacity);
		CHECK(pp_tx_depth(s.e[0].tx) <= capacity);
	}
	scene_join(&s);
	CHECK_EQ(pp_rx_depth(s.e[0].rx), 0);
	tx_drop(&s.e[0]);
	must_end(&s.e[0]);
	scene_end(&s);
}

static void pull_into_ledger(struct scene *s, unsigned me)
{
	(void)me;
	for (size_t i = 0; i < s->count; i++) {
		uint64_t item = must_pull(&s->e[0]);

		CHECK(item < s->count);
		atomic_fetch_add(&s->ledger[item], 1);
	}
}

void each_item_four_times(size_t capacity)
{
	struct scene s;

	scene_open(&s, PP_MPMC, 1, capacity);
	s.count = STREAM / 4;
	scene_ledger(&s, s.count);
	for (unsigned i = 0; i < 4; i++) {
		scene_spawn(&s, pull_into_ledger, i);
		scene_spawn(&s, push_stream, i);
	}
	scene_join(&s);
	scene_ledger_is(&s, s.count, 4);
	scene_end(&s);
}

static void pull_zero(struct scene *s, unsigned me)
{
	CHECK_EQ(must_pull(&s->e[0]), me);
}

static void push_zero(struct scene *s, unsigned me)
{
	must_push(&s->e[0], me);
}

void one_item_per_ring(pp_kind kind, size_t capacity)
{
	struct scene s;

	for (int i = 0; i < (SANITIZED ? 200 : 1000); i++) {
		scene_open(&s, kind, 1, capacity);
		scene_spawn(&s, pull_zero, 0);
		scene_spawn(&s, push_zero, 0);
		scene_end(&s);
	}
}

/* Requests on ring 0, by try where nothing can be stored; responses by tries from ring 1. */
static void request_until_enough(struct scene *s, unsigned me)
{
	uint64_t item, got = 0;

	(void)me;
	while (got < s->count) {
		while (got < s->count && try_pull(&s->e[1], &item) == 0)
			got += item;
		if (got == s->count)
			break;
		if (s->capacity > 0)
			must_push(&s->e[0], 1);
		else
			(void)try_push(&s->e[0], 1);
	}
	tx_drop(&s->e[0]);
	rx_drop(&s->e[1]);
}

void requests_and_responses(pp_kind kind, size_t capacity)
{
	uint64_t item, one = 1;
	struct scene s;

	scene_open(&s, kind, 2, capacity);
	s.count = capacity > 0 ? STREAM : STREAM / 20;
	scene_spawn(&s, request_until_enough, 0);
	while (pp_pull(s.e[0].rx, &item) == 0) {
		int result = pp_push(s.e[1].tx, &one);

		CHECK(result == 0 || result == -EPIPE);
		if (result)
			break;
	}
	scene_end(&s);
}

static void nap_at_times(unsigned i, unsigned naps)
{
	for (unsigned n = 0; i % 2 == 0 && n < naps; n++)
		doze();
}

static void push_by_deadlines(struct scene *s, unsigned me)
{
	for (uint64_t i = 0; i < s->count; i++) {
		int result;

		nap_at_times((unsigned)i, me);
		while ((result = pp_push_until(s->e[0].tx, &i, pp_in(200 * PP_US))) != 0)
			CHECK_EQ(result, -ETIMEDOUT);
	}
}

void deadlines_on_both_sides(pp_kind kind, size_t capacity)
{
	struct scene s;

	scene_open(&s, kind, 1, capacity);
	s.count = 200;
	scene_spawn(&s, push_by_deadlines, 15);
	for (uint64_t i = 0; i < s.count; i++) {
		uint64_t item;
		int result;

		nap_at_times((unsigned)i, 15);
		while ((result = pp_pull_until(s.e[0].rx, &item, pp_in(200 * PP_US))) != 0)
			CHECK_EQ(result, -ETIMEDOUT);
		CHECK_EQ(item, i);
	}
	CHECK_EQ(pp_rx_depth(s.e[0].rx), 0);
	scene_end(&s);
}

/* ---- What is left ---------------------------------------------------------------------- */

static atomic_uint dropped;

static void count_dropped(void *item, void *context)
{
	(void)item;
	(void)context;
	atomic_fetch_add(&dropped, 1);
}

void left_items_are_dropped(pp_kind kind, size_t capacity, size_t left)
{
	unsigned seed = 1;
	struct scene s;

	for (int run = 0; run < 40; run++) {
		size_t more = left ? (size_t)rand_r(&seed) % left : 0;

		scene_open(&s, kind, 0, capacity);
		s.e[s.rings++] = ends_open_with(&PP_CONFIG(.kind = kind, .capacity = capacity,
							   .item_size = 8,
							   .drop = count_dropped));
		atomic_store(&dropped, 0);
		s.count = (size_t)rand_r(&seed) % 500;
		scene_spawn(&s, push_stream, 0);
		for (size_t i = 0; i < s.count; i++)
			(void)must_pull(&s.e[0]);
		scene_join(&s);
		for (size_t i = 0; i < more; i++)
			must_push(&s.e[0], i);
		CHECK_EQ(atomic_load(&dropped), 0);
		tx_drop(&s.e[0]);
		rx_drop(&s.e[0]);
		CHECK_EQ(atomic_load(&dropped), more);
		scene_end(&s);
	}
}

/* ---- Chance ------------------------------------------------------------------------------ */

/* Choose `count` times among the cases: each came at least half as often as its share. */
static void choose_fairly(pp_case *cases, size_t n, size_t count)
{
	size_t hits[8] = { 0 };

	for (size_t i = 0; i < count; i++)
		hits[choose(cases, n)]++;
	for (size_t i = 0; i < n; i++)
		if (hits[i] < count / n / 2)
			check_equal((long long)hits[i], (long long)(count / n / 2),
				    "chosen too seldom", __FILE__, __LINE__);
}

#define CHOICES 10000

/* me: how many cases, over rings 0 and 1 in turn, or over ring 0 alone if it is odd. */
static void pull_fairly(struct scene *s, unsigned me)
{
	uint64_t item;
	pp_case cases[8];

	for (unsigned i = 0; i < me; i++)
		cases[i] = pull_case(&s->e[me % 2 ? 0 : i % 2], &item);
	choose_fairly(cases, me, CHOICES);
}

static void push_fairly(struct scene *s, unsigned me)
{
	uint64_t item = me;
	pp_case cases[8];

	for (unsigned i = 0; i < me; i++)
		cases[i] = push_case(&s->e[me % 2 ? 0 : i % 2], &item);
	choose_fairly(cases, me, CHOICES);
}

/* Above capacity 0 all is there before the first choice; at 0 both sides choose. */
static void fair(pp_kind kind, size_t capacity, unsigned cases)
{
	struct scene s;

	scene_open(&s, kind, 2, capacity > 0 ? CHOICES : 0);
	if (capacity > 0)
		for (unsigned i = 0; i < CHOICES; i++) {
			must_push(&s.e[0], i);
			must_push(&s.e[1], i);
		}
	else
		scene_spawn(&s, push_fairly, cases);
	pull_fairly(&s, cases);
	scene_end(&s);
}

void fair_between_rings(pp_kind kind, size_t capacity)
{
	fair(kind, capacity, 2);
}

void fair_between_duplicates(pp_kind kind, size_t capacity)
{
	fair(kind, capacity, 5);
}

/* ---- Rings in rings ------------------------------------------------------------------------ */

void ring_through_ring(pp_kind kind, size_t capacity)
{
	rings_through_rings(by_call, kind, capacity);
}
