/* SPDX-License-Identifier: MIT */
/* What Go's own tests of channels expect, src/runtime/chan_test.go: all but select. */
#include "support.h"

#include <sched.h>

SUITE(go_chan);

/* Go runs over every capacity below 20, in its long form below 200. */
static void over_capacities(ring_body *body, pp_kind kind)
{
	static const size_t large[] = { 63, 64, 127, 128, 199 };

	for (size_t capacity = 0; capacity < 20; capacity++)
		body(kind, capacity);
	for (size_t i = 0; i < ARRAY_LEN(large); i++)
		body(kind, large[i]);
}

static void over_both(ring_body *body)
{
	over_capacities(body, PP_SPSC);
	over_capacities(body, PP_MPMC);
}

/* ---- TestChan, part by part -------------------------------------------------- */

static void pull_something(struct scene *s, unsigned me)
{
	(void)me;
	(void)must_pull(&s->e[0]);
	atomic_fetch_add(&s->hits[0], 1);
}

static void empty_blocks(pp_kind kind, size_t capacity)
{
	unsigned pullers = kind == PP_MPMC ? 2 : 1;
	uint64_t item = 77;
	struct scene s;

	scene_open(&s, kind, 1, capacity);
	for (unsigned i = 0; i < pullers; i++)
		scene_spawn(&s, pull_something, i);
	ends_await_parked(&s.e[0], 0, pullers);
	CHECK_EQ(atomic_load(&s.hits[0]), 0);
	if (kind == PP_MPMC) {
		CHECK_EQ(pp_try_pull(s.e[0].rx, &item), -EAGAIN);
		CHECK_EQ(choose_now(&(pp_case){ .rx = s.e[0].rx, .item = &item }, 1), -ETIMEDOUT);
	}
	for (unsigned i = 0; i < pullers; i++)
		must_push(&s.e[0], 0);
	scene_end(&s);
	CHECK_EQ(atomic_load(&s.hits[0]), pullers);
	CHECK_EQ(item, 77);
}

/* Go: chan_test.go TestChan, "receive from empty chan blocks" */
Test(go_chan, pulls_from_an_empty_ring_block_and_tries_do_not)
{
	over_both(empty_blocks);
}

static void push_one_more(struct scene *s, unsigned me)
{
	must_push(&s->e[0], me);
	atomic_fetch_add(&s->hits[0], 1);
}

static void full_blocks(pp_kind kind, size_t capacity)
{
	struct scene s;

	scene_open(&s, kind, 1, capacity);
	ends_fill(&s.e[0], 0, capacity);
	scene_spawn(&s, push_one_more, (unsigned)capacity);
	ends_await_parked(&s.e[0], 1, 0);
	CHECK_EQ(atomic_load(&s.hits[0]), 0);
	if (kind == PP_MPMC) {
		uint64_t item = 77;

		CHECK_EQ(pp_try_push(s.e[0].tx, &item), -EAGAIN);
		CHECK_EQ(choose_now(&(pp_case){ .tx = s.e[0].tx, .item = &item }, 1), -ETIMEDOUT);
	}
	CHECK_EQ(must_pull(&s.e[0]), 0);
	scene_join(&s);
	CHECK_EQ(atomic_load(&s.hits[0]), 1);
	ends_drain(&s.e[0], 1, capacity);
	scene_end(&s);
}

/* Go: chan_test.go TestChan, "send to full chan blocks" */
Test(go_chan, pushes_to_a_full_ring_block_and_tries_do_not)
{
	over_both(full_blocks);
}

static void closed_drains(pp_kind kind, size_t capacity)
{
	struct scene s;

	scene_open(&s, kind, 1, capacity);
	ends_fill(&s.e[0], 0, capacity);
	CHECK_EQ(pp_close(s.e[0].tx), 0);
	for (size_t i = 0; i < capacity; i++)
		CHECK_EQ(must_pull(&s.e[0]), i);
	must_end(&s.e[0]);
	must_end(&s.e[0]);
	scene_end(&s);
}

/* Go: chan_test.go TestChan, "receive 0 from closed chan" */
Test(go_chan, a_closed_ring_gives_its_items_and_then_the_end)
{
	over_both(closed_drains);
}

static void pull_the_end(struct scene *s, unsigned me)
{
	(void)me;
	must_end(&s->e[0]);
}

static void close_unblocks(pp_kind kind, size_t capacity)
{
	struct scene s;

	scene_open(&s, kind, 1, capacity);
	scene_spawn(&s, pull_the_end, 0);
	ends_await_parked(&s.e[0], 0, 1);
	CHECK_EQ(pp_close(s.e[0].tx), 0);
	scene_end(&s);
}

/* Go: chan_test.go TestChan, "close unblocks receive" */
Test(go_chan, close_wakes_a_blocked_pull)
{
	over_both(close_unblocks);
}

static void push_count(struct scene *s, unsigned me)
{
	(void)me;
	for (size_t i = 0; i < s->count; i++)
		must_push(&s->e[0], i);
}

static void hundred(pp_kind kind, size_t capacity)
{
	struct scene s;

	scene_open(&s, kind, 1, capacity);
	s.count = 100;
	for (int round = 0; round < 2; round++) {
		scene_spawn(&s, push_count, 0);
		for (size_t i = 0; i < s.count; i++)
			CHECK_EQ(must_pull(&s.e[0]), i);
		scene_join(&s);
	}
	scene_end(&s);
}

/* Go: chan_test.go TestChan, "Send 100 integers" */
Test(go_chan, a_hundred_items_come_in_order)
{
	over_both(hundred);
}

static void pull_count(struct scene *s, unsigned me)
{
	(void)me;
	for (size_t i = 0; i < s->count; i++) {
		uint64_t item = must_pull(&s->e[0]);

		CHECK(item < s->count);
		atomic_fetch_add(&s->ledger[item], 1);
	}
}

static void four_by_four(pp_kind kind, size_t capacity)
{
	struct scene s;

	scene_open(&s, kind, 1, capacity);
	s.count = SANITIZED ? 200 : 1000;
	scene_ledger(&s, s.count);
	for (unsigned i = 0; i < 4; i++)
		scene_spawn(&s, push_count, i);
	for (unsigned i = 0; i < 4; i++)
		scene_spawn(&s, pull_count, i);
	scene_join(&s);
	scene_ledger_is(&s, s.count, 4);
	scene_end(&s);
}

/* Go: chan_test.go TestChan, "Send 1000 integers in 4 goroutines" */
Test(go_chan, four_pushers_and_four_pullers_lose_and_repeat_nothing)
{
	over_capacities(four_by_four, PP_MPMC);
}

static void len_and_cap(pp_kind kind, size_t capacity)
{
	struct scene s;

	scene_open(&s, kind, 1, capacity);
	CHECK_EQ(pp_tx_depth(s.e[0].tx), 0);
	CHECK_EQ(pp_rx_capacity(s.e[0].rx), capacity);
	ends_fill(&s.e[0], 0, capacity);
	CHECK_EQ(pp_tx_depth(s.e[0].tx), capacity);
	CHECK_EQ(pp_rx_depth(s.e[0].rx), capacity);
	CHECK_EQ(pp_tx_capacity(s.e[0].tx), capacity);
	scene_end(&s);
}

/* Go: chan_test.go TestChan, "Test len/cap" */
Test(go_chan, depth_and_capacity_are_what_they_should_be)
{
	over_both(len_and_cap);
}

/* ---- The rest ------------------------------------------------------------------ */

static void try_sees_something(struct scene *s, unsigned me)
{
	uint64_t item = 0;
	int result;

	if (me == 0)
		result = try_pull(&s->e[0], &item);
	else
		result = pp_select(&(pp_case){ .rx = s->e[0].rx, .item = &item }, 1, 0, 0);
	CHECK(result == 0 || (me == 0 && result == -EPIPE));
	atomic_fetch_add(&s->hits[0], (unsigned)item);
}

static void close_races_with_try(unsigned by_select)
{
	struct scene s;

	for (size_t i = 0; i < (SANITIZED ? 300 : 5000); i++) {
		uint64_t item = 0;
		int result;

		scene_open(&s, PP_MPMC, 1, 1);
		must_push(&s.e[0], 1);
		scene_spawn(&s, try_sees_something, by_select);
		CHECK_EQ(pp_close(s.e[0].tx), 0);
		result = pp_pull(s.e[0].rx, &item);
		CHECK(result == 0 || result == -EPIPE);
		scene_join(&s);
		CHECK_EQ(item + atomic_load(&s.hits[0]), 1);
		scene_end(&s);
	}
}

/* Go: chan_test.go TestNonblockRecvRace.  A ring with an item or an end never looks empty. */
Test(go_chan, a_try_that_races_with_close_never_finds_the_ring_empty)
{
	close_races_with_try(0);
}

/* Go: chan_test.go TestNonblockRecvRace, whose operation is a select with a default */
Test(go_chan, a_select_that_races_with_close_never_finds_the_ring_empty)
{
	close_races_with_try(1);
}

#define WORKERS 23
#define ITEMS   (SANITIZED ? 5000u : 100000u)

static const uint64_t primes[] = { 2, 3, 7, 11, 13, 17, 19, 23, 27, 31 };

static void worker(struct scene *s, unsigned me)
{
	uint64_t item;

	while (pp_pull(s->e[0].rx, &item) == 0) {
		if (item == primes[me % ARRAY_LEN(primes)])
			sched_yield();
		must_push(&s->e[1], item);
	}
	if (atomic_fetch_add(&s->hits[0], 1) + 1 == WORKERS)
		CHECK_EQ(pp_close(s->e[1].tx), 0);
}

static void feeder(struct scene *s, unsigned me)
{
	(void)me;
	for (size_t i = 0; i < ITEMS; i++)
		must_push(&s->e[0], primes[i % ARRAY_LEN(primes)]);
	CHECK_EQ(pp_close(s->e[0].tx), 0);
}

/* Go: chan_test.go TestMultiConsumer */
Test(go_chan, many_workers_between_two_rings_pass_everything_on)
{
	uint64_t count = 0, sum = 0, want = 0, item;
	struct scene s;

	scene_open(&s, PP_MPMC, 2, WORKERS * 3);
	for (unsigned i = 0; i < WORKERS; i++)
		scene_spawn(&s, worker, i);
	scene_spawn(&s, feeder, 0);
	for (size_t i = 0; i < ITEMS; i++)
		want += primes[i % ARRAY_LEN(primes)];
	for (; pp_pull(s.e[1].rx, &item) == 0; count++)
		sum += item;
	CHECK_EQ(count, ITEMS);
	CHECK_EQ(sum, want);
	scene_end(&s);
}

static void push_ten(struct scene *s, unsigned me)
{
	volatile char page[40000];

	(void)me;
	for (size_t i = 0; i < 10; i++) {
		must_push(&s->e[0], i);
		page[i * 4000] = 1; /* Go moves a stack; ours must only stay as it is */
		page[0] = page[i * 4000];
	}
}

static void ten_one_by_one(pp_kind kind, size_t capacity)
{
	struct scene s;

	scene_open(&s, kind, 1, capacity);
	scene_spawn(&s, push_ten, 0);
	for (size_t i = 0; i < 10; i++) {
		ends_await_parked(&s.e[0], 1, 0);
		CHECK_EQ(must_pull(&s.e[0]), i);
	}
	scene_end(&s);
}

/* Go: chan_test.go TestShrinkStackDuringBlockedSend and TestNoShrinkStackWhileParking: what is
 * left of them where stacks stay, a pusher asleep before each pull. */
Test(go_chan, a_pusher_that_sleeps_before_every_pull_hands_over_in_order)
{
	for_each_kind(0, ten_one_by_one);
}
