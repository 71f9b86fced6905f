/* SPDX-License-Identifier: MIT */
/* What Go's own tests of select expect, src/runtime/chan_test.go. */
#include "support.h"

#include <math.h>
#include <sched.h>

SUITE(go_select);

/* ---- A select without waiting sees one moment ---------------------------------- */

#define ROUNDS (SANITIZED ? 1000u : 30000u)

/* Rings: 0 and 1 are chosen among, 2 starts a round, 3 ends it. */
static void select_now_finds_one(struct scene *s, unsigned me)
{
	uint64_t item;

	(void)me;
	for (unsigned i = 0; i < ROUNDS; i++) {
		pp_case cases[2];
		int index;

		(void)must_pull(&s->e[2]);
		cases[0] = pull_case(&s->e[i % 2], &item);
		cases[1] = pull_case(&s->e[1 - i % 2], &item);
		index = pp_select(cases, 2, 0, 0);
		CHECK(index >= 0);
		CHECK(cases[index].result == 0 || cases[index].result == -EPIPE);
		must_push(&s->e[3], 0);
	}
}

/* The second becomes ready, and then the first is no longer. */
static void smeared(bool by_close)
{
	struct scene s;

	scene_open(&s, PP_SPSC, 4, 0);
	scene_spawn(&s, select_now_finds_one, 0);
	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t item;

		ends_let_go(&s.e[0]);
		ends_let_go(&s.e[1]);
		s.e[0] = ends_open(PP_MPMC, 1);
		s.e[1] = ends_open(PP_MPMC, by_close ? 0 : 1);
		must_push(&s.e[0], 1);
		must_push(&s.e[2], 0);
		if (by_close)
			CHECK_EQ(pp_close(s.e[1].tx), 0);
		else
			must_push(&s.e[1], 1);
		(void)try_pull(&s.e[0], &item);
		(void)must_pull(&s.e[3]);
	}
	scene_end(&s);
}

/* Go: chan_test.go TestNonblockSelectRace.  Of two rings one is ready at every moment. */
Test(go_select, a_select_without_waiting_finds_the_one_of_two_rings_that_is_ready)
{
	smeared(false);
}

/* Go: chan_test.go TestNonblockSelectRace2 */
Test(go_select, a_select_without_waiting_finds_the_one_that_is_ready_or_closed)
{
	smeared(true);
}

/* ---- Meeting itself ------------------------------------------------------------- */

static void push_or_pull(struct scene *s, unsigned me)
{
	for (unsigned i = 0; i < 1000; i++) {
		uint64_t out = me, in = 99;
		unsigned push_at = me == 0 || i % 2 == 0 ? 0 : 1;
		pp_case cases[2];
		unsigned index;

		cases[push_at] = push_case(&s->e[0], &out);
		cases[1 - push_at] = pull_case(&s->e[0], &in);
		index = (unsigned)choose(cases, 2);
		if (s->capacity == 0 && index != push_at)
			CHECK(in != me);
		if (index == push_at)
			CHECK_EQ(in, 99);
	}
}

/* Go: chan_test.go TestSelfSelect */
Test(go_select, selects_that_push_and_pull_one_ring_meet_each_other_and_not_themselves)
{
	static const size_t capacities[] = { 0, 1, 10 };
	struct scene s;

	for (size_t i = 0; i < ARRAY_LEN(capacities); i++) {
		scene_open(&s, PP_MPMC, 1, capacities[i]);
		scene_spawn(&s, push_or_pull, 0);
		scene_spawn(&s, push_or_pull, 1);
		scene_end(&s);
	}
}

/* ---- Stress --------------------------------------------------------------------- */

#define EACH (SANITIZED ? 500u : 10000u)

static void push_each(struct scene *s, unsigned me)
{
	for (unsigned i = 0; i < EACH; i++)
		must_push(&s->e[me], 0);
}

static void pull_each(struct scene *s, unsigned me)
{
	for (unsigned i = 0; i < EACH; i++)
		CHECK_EQ(must_pull(&s->e[me]), 0);
}

/* Every ring EACH times, all in one select; a ring that has had enough is disabled. */
static void select_all(struct scene *s, unsigned pushes)
{
	static const unsigned orders[2][4] = { { 0, 1, 2, 3 }, { 3, 2, 0, 1 } };
	unsigned counts[4] = { 0 };
	uint64_t item = 0;
	pp_case cases[4];

	for (unsigned i = 0; i < 4; i++) {
		const struct ends *e = &s->e[orders[pushes][i]];

		cases[i] = pushes ? push_case(e, &item) : pull_case(e, &item);
	}
	for (unsigned i = 0; i < 4 * EACH; i++) {
		unsigned index = (unsigned)choose(cases, 4);

		if (++counts[index] == EACH)
			cases[index] = disabled_case();
	}
}

/* Go: chan_test.go TestSelectStress */
Test(go_select, selects_and_single_calls_on_four_rings_come_out_even)
{
	struct scene s;

	scene_open(&s, PP_MPMC, 2, 0);
	scene_add(&s, PP_MPMC, 2);
	scene_add(&s, PP_MPMC, 3);
	for (unsigned i = 0; i < 4; i++) {
		scene_spawn(&s, push_each, i);
		scene_spawn(&s, pull_each, i);
	}
	scene_spawn(&s, select_all, 1);
	scene_spawn(&s, select_all, 0);
	scene_join(&s);
	for (unsigned i = 0; i < 4; i++)
		CHECK_EQ(pp_rx_depth(s.e[i].rx), 0);
	scene_end(&s);
}

/* ---- Chance --------------------------------------------------------------------- */

#define TRIALS 10000

/* Rings 0 and 1 are full, 2 and 3 always empty; what comes goes to ring 4, until 5 is closed. */
static void forward(struct scene *s, unsigned me)
{
	uint64_t item;

	(void)me;
	for (;;) {
		pp_case in[] = { pull_case(&s->e[2], &item), pull_case(&s->e[3], &item),
				 pull_case(&s->e[0], &item), pull_case(&s->e[1], &item) };
		pp_case out[] = { push_case(&s->e[4], &item), pull_case(&s->e[5], &item) };

		(void)choose(in, 4);
		if (pp_select(out, 2, 0, PP_FOREVER) == 1)
			break;
		CHECK_EQ(out[0].result, 0);
	}
}

static void even_chances(pp_kind kind, size_t capacity)
{
	unsigned counts[3] = { 0 };
	struct scene s;

	scene_open(&s, kind, 2, TRIALS + 1);
	for (int i = 0; i < TRIALS + 1; i++) {
		must_push(&s.e[0], 1);
		must_push(&s.e[1], 2);
	}
	for (int i = 0; i < 4; i++)
		scene_add(&s, kind, capacity);
	scene_spawn(&s, forward, 0);
	for (int i = 0; i < TRIALS; i++) {
		uint64_t item = must_pull(&s.e[4]);

		CHECK(item == 1 || item == 2);
		counts[item]++;
	}
	/* What an even coin stays within but for once in a million runs. */
	CHECK(fabs((double)counts[1] / TRIALS - 0.5) <= 4.891676 / (2 * sqrt(TRIALS)));
	CHECK_EQ(pp_close(s.e[5].tx), 0);
	scene_end(&s);
}

/* Go: chan_test.go TestSelectFairness */
Test(go_select, of_two_rings_that_are_ready_each_is_chosen_half_of_the_time)
{
	for_each_kind(0, even_chances);
}

static void pull_all(struct scene *s, unsigned me)
{
	(void)me;
	for (size_t i = 0; i < s->count; i++) {
		sched_yield();
		atomic_fetch_add(&s->hits[must_pull(&s->e[0])], 1);
	}
}

static void pushes_either(pp_kind kind, size_t capacity)
{
	uint64_t one = 1, zero = 0;
	struct scene s;

	scene_open(&s, kind, 1, capacity);
	s.count = 100;
	scene_spawn(&s, pull_all, 0);
	for (size_t i = 0; i < s.count; i++)
		(void)choose((pp_case[]){ push_case(&s.e[0], &one), push_case(&s.e[0], &zero) }, 2);
	scene_join(&s);
	CHECK_EQ(atomic_load(&s.hits[0]) + atomic_load(&s.hits[1]), s.count);
	CHECK(atomic_load(&s.hits[0]) > s.count / 10);
	CHECK(atomic_load(&s.hits[1]) > s.count / 10);
	scene_end(&s);
}

/* Go: chan_test.go TestPseudoRandomSend */
Test(go_select, of_two_pushes_into_one_ring_both_happen)
{
	for_each_kind(0, pushes_either);
	for_each_kind(100, pushes_either);
}

static void pushes_to_a_full_ring(pp_kind kind, size_t capacity)
{
	uint64_t items[3] = { 1, 2, 3 };
	struct scene s;

	scene_open(&s, kind, 1, capacity);
	must_push(&s.e[0], 7);
	CHECK_EQ(choose_now((pp_case[]){ push_case(&s.e[0], items) }, 1), -ETIMEDOUT);
	CHECK_EQ(choose_now((pp_case[]){ push_case(&s.e[0], items + 1),
					 push_case(&s.e[0], items + 2) }, 2), -ETIMEDOUT);
	CHECK_EQ(must_pull(&s.e[0]), 7);
	CHECK_EQ(pp_rx_depth(s.e[0].rx), 0);
	scene_end(&s);
}

/* Go: chan_test.go TestChanSendInterface */
Test(go_select, pushes_to_a_full_ring_are_not_performed)
{
	for_each_kind(1, pushes_to_a_full_ring);
}

/* ---- One ring twice in a call ----------------------------------------------------- */

static void select_c_c_d(struct scene *s, unsigned me)
{
	uint64_t item;
	pp_case cases[] = { pull_case(&s->e[0], &item), pull_case(&s->e[0], &item),
			    pull_case(&s->e[1], &item) };

	CHECK_EQ(choose(cases, 3), 2);
	CHECK_EQ(item, 7);
	must_push(&s->e[2], me);
}

static void pull_an_eight(struct scene *s, unsigned me)
{
	(void)me;
	CHECK_EQ(must_pull(&s->e[0]), 8);
}

/* Go: chan_test.go TestSelectDuplicateChannel */
Test(go_select, a_select_that_waits_twice_on_a_ring_leaves_it_to_others)
{
	static const size_t capacities[] = { 0, 1, 3 };
	struct scene s;

	for (size_t i = 0; i < ARRAY_LEN(capacities); i++) {
		scene_open(&s, PP_MPMC, 3, capacities[i]);
		scene_await_asleep(&s, scene_spawn(&s, select_c_c_d, 9));
		scene_await_asleep(&s, scene_spawn(&s, pull_an_eight, 0));
		must_push(&s.e[1], 7);
		CHECK_EQ(must_pull(&s.e[2]), 9);
		must_push(&s.e[0], 8);
		scene_end(&s);
	}
}

static void select_in_vain(struct scene *s, unsigned me)
{
	uint64_t kept = 42, other = 43;
	pp_case cases[] = { pull_case(&s->e[0], &kept), pull_case(&s->e[1], &other),
			    disabled_case(), disabled_case() };
	int index;

	if (me == 1) {
		cases[2] = pull_case(&s->e[0], &kept);
		cases[3] = pull_case(&s->e[1], &other);
	}
	index = pp_select(cases, 2 + 2 * me, 0, PP_FOREVER);
	CHECK(index == 1 || index == 3);
	CHECK_EQ(cases[index].result, -EPIPE);
	CHECK_EQ(kept, 42);
	CHECK_EQ(other, 43);
}

/* Go: chan_test.go TestSelectStackAdjust: the end of a ring leaves the buffers as they were. */
Test(go_select, a_select_that_is_woken_by_a_close_writes_to_no_buffer)
{
	struct scene s;

	for (size_t capacity = 0; capacity < 2; capacity++) {
		scene_open(&s, PP_MPMC, 2, capacity);
		scene_await_asleep(&s, scene_spawn(&s, select_in_vain, 0));
		scene_await_asleep(&s, scene_spawn(&s, select_in_vain, 1));
		CHECK_EQ(pp_close(s.e[1].tx), 0);
		scene_end(&s);
	}
}

/* Go: chan_test.go BenchmarkChanClosed, which reports an error when the default is taken */
Test(go_select, a_closed_ring_is_ready_in_every_select)
{
	uint64_t item;
	struct scene s;

	scene_open(&s, PP_MPMC, 1, 0);
	CHECK_EQ(pp_close(s.e[0].tx), 0);
	for (int i = 0; i < 1000; i++) {
		pp_case cases[] = { pull_case(&s.e[0], &item) };

		CHECK_EQ(chosen_result(cases, 1, 0, 0), -EPIPE);
	}
	scene_end(&s);
}
