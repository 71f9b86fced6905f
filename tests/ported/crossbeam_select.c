/* SPDX-License-Identifier: MIT */
/* What crossbeam-channel expects of Select where it performs the operation: tests/select.rs. */
#include "choices.h"

#include <sched.h>

SUITE(crossbeam_select);

/* crossbeam: tests/select.rs smoke1 */
Test(crossbeam_select, of_two_rings_the_one_with_an_item_is_chosen)
{
	for_kinds(by_select, one_of_two);
}

/* crossbeam: tests/select.rs smoke2 */
Test(crossbeam_select, of_five_rings_the_one_with_an_item_is_chosen)
{
	for_kinds(by_select, one_of_five);
}

/* crossbeam: tests/select.rs disconnected */
Test(crossbeam_select, a_ring_that_has_ended_is_chosen)
{
	for_kinds(by_select, ended_is_ready);
}

/* crossbeam: tests/select.rs default */
Test(crossbeam_select, without_waiting_it_chooses_what_is_ready_or_nothing)
{
	for_kinds(by_select, default_and_not);
}

/* crossbeam: tests/select.rs timeout */
Test(crossbeam_select, with_a_deadline_it_chooses_what_becomes_ready_or_nothing)
{
	for_kinds(by_select, timeout_and_not);
}

/* crossbeam: tests/select.rs default_when_disconnected */
Test(crossbeam_select, an_end_is_chosen_and_not_the_default)
{
	for_kinds(by_select, default_when_ended);
}

/* crossbeam: tests/select.rs default_only */
Test(crossbeam_select, without_a_case_the_deadline_passes)
{
	only_default(by_select);
}

/* crossbeam: tests/select.rs unblocks */
Test(crossbeam_select, a_select_that_sleeps_is_woken_by_a_pusher_or_a_puller)
{
	for_kinds(by_select, unblocked);
}

/* crossbeam: tests/select.rs both_ready */
Test(crossbeam_select, a_pull_and_a_push_go_ahead_one_after_the_other)
{
	for_kinds(by_select, both_in_turn);
}

/* ---- loop_try: two that only try, against one select that waits -------------------- */

static void try_to_push_until_told(struct scene *s, unsigned me)
{
	uint64_t item = me, none = 0;
	pp_case push = push_case(&s->e[0], &item), end = pull_case(&s->e[2], &none);

	while (choose_now(&push, 1) != 0 && pp_select(&end, 1, 0, 0) != 0)
		sched_yield();
}

static void try_to_pull_until_told(struct scene *s, unsigned me)
{
	uint64_t item, none = 0;
	pp_case end = pull_case(&s->e[2], &none);

	for (;;) {
		if (try_pull(&s->e[1], &item) == 0) {
			CHECK_EQ(item, me);
			break;
		}
		if (pp_select(&end, 1, 0, 0) == 0)
			break;
		sched_yield();
	}
}

static void meets_one_that_tries(pp_kind kind, size_t capacity)
{
	struct scene s;

	for (int i = 0; i < 20; i++) {
		uint64_t in = 0, out = 2;
		pp_case cases[2];
		int index;

		scene_open(&s, kind, 2, capacity);
		scene_add(&s, PP_MPMC, 0);
		cases[0] = pull_case(&s.e[0], &in);
		cases[1] = push_case(&s.e[1], &out);
		scene_spawn(&s, try_to_push_until_told, 1);
		scene_spawn(&s, try_to_pull_until_told, 2);
		doze();
		index = choose_until(cases, 2, soon());
		CHECK(index == 0 || index == 1);
		CHECK_EQ(in, index == 0 ? 1 : 0);
		tx_drop(&s.e[2]);
		scene_end(&s);
	}
}

/* crossbeam: tests/select.rs loop_try */
Test(crossbeam_select, a_select_that_waits_meets_threads_that_only_try)
{
	for_each_kind(0, meets_one_that_tries);
}

/* ---- References and items there before ------------------------------------------------- */

/* crossbeam: tests/select.rs cloning1 */
Test(crossbeam_select, a_reference_that_comes_and_goes_is_no_end)
{
	for_kinds(by_select, beside_a_reference);
}

/* crossbeam: tests/select.rs cloning2 */
Test(crossbeam_select, a_reference_that_goes_wakes_no_select)
{
	for_kinds(by_select, woken_beside_a_reference);
}

/* crossbeam: tests/select.rs preflight1 */
Test(crossbeam_select, an_item_that_was_there_before_is_pulled)
{
	for_kinds(by_select, item_there_before);
}

/* crossbeam: tests/select.rs preflight2 */
Test(crossbeam_select, an_item_comes_before_the_end)
{
	for_kinds(by_select, item_before_the_end);
}

/* crossbeam: tests/select.rs preflight3 */
Test(crossbeam_select, after_the_last_item_the_end_is_chosen)
{
	for_kinds(by_select, only_the_end);
}

/* ---- Several cases on one ring ------------------------------------------------------------ */

static void all_four_happen(pp_kind kind, size_t capacity)
{
	bool hits[4] = { false };
	uint64_t in, out = 0;
	struct scene s;

	scene_open(&s, kind, 1, capacity);
	while (!hits[0] || !hits[1] || !hits[2] || !hits[3]) {
		pp_case cases[] = { pull_case(&s.e[0], &in), pull_case(&s.e[0], &in),
				    push_case(&s.e[0], &out), push_case(&s.e[0], &out) };

		hits[choose(cases, 4)] = true;
	}
	scene_end(&s);
}

/* crossbeam: tests/select.rs duplicate_operations */
Test(crossbeam_select, each_of_two_equal_pulls_and_two_equal_pushes_is_chosen_at_times)
{
	for_each_kind(WIDE, all_four_happen);
}

/* crossbeam: tests/select.rs nesting */
Test(crossbeam_select, selects_one_after_the_other_push_and_pull_in_turn)
{
	for_kinds(by_select, one_after_the_other);
}

static void not_with_itself(pp_kind kind, size_t capacity)
{
	uint64_t in = 9, out = 0;
	struct scene s;
	pp_case cases[2];

	scene_open(&s, kind, 1, capacity);
	cases[0] = push_case(&s.e[0], &out);
	cases[1] = pull_case(&s.e[0], &in);
	if (capacity == 0)
		CHECK_EQ(choose_until(cases, 2, pp_in(3 * PP_MS)), -ETIMEDOUT);
	else
		CHECK_EQ(choose_until(cases, 2, soon()), 0);
	CHECK_EQ(in, 9);
	scene_end(&s);
}

/* crossbeam: tests/select.rs send_recv_same_channel */
Test(crossbeam_select, a_push_and_a_pull_of_one_call_do_not_meet)
{
	for_each_kind(0, not_with_itself);
	for_each_kind(WIDE, not_with_itself);
}

static void match_another(struct scene *s, unsigned me)
{
	uint64_t in = me, out = me;

	if (choose((pp_case[]){ pull_case(&s->e[0], &in), push_case(&s->e[0], &out) }, 2) == 0)
		CHECK(in != me);
}

static void all_match(unsigned threads, bool one_more)
{
	struct scene s;

	for (int i = 0; i < 10; i++) {
		scene_open(&s, PP_MPMC, 1, 0);
		for (unsigned j = 0; j < threads; j++)
			scene_spawn(&s, match_another, j);
		if (one_more)
			must_push(&s.e[0], UINT64_MAX);
		scene_join(&s);
		CHECK_EQ(try_pull(&s.e[0], &(uint64_t){ 0 }), -EAGAIN);
		scene_end(&s);
	}
}

/* crossbeam: tests/select.rs matching */
Test(crossbeam_select, an_even_crowd_meets_in_pairs)
{
	all_match(44, false);
}

/* crossbeam: tests/select.rs matching_with_leftover */
Test(crossbeam_select, an_odd_crowd_meets_in_pairs_and_one_pusher)
{
	all_match(55, true);
}

/* crossbeam: tests/select.rs sync_and_clone, tests/select.rs send_and_clone.  Each thread has
 * its own cases here, so there is nothing to share or to clone but the ring. */
Test(crossbeam_select, a_crowd_of_twenty_meets_in_pairs)
{
	all_match(20, false);
}

/* ---- Stress ---------------------------------------------------------------------------------- */

/* crossbeam: tests/select.rs stress_recv */
Test(crossbeam_select, pulls_come_in_the_order_of_the_pushes_to_two_rings)
{
	for_kinds(by_select, alternating_pulls);
}

/* crossbeam: tests/select.rs stress_send */
Test(crossbeam_select, pushes_go_where_the_puller_is)
{
	for_kinds(by_select, alternating_pushes);
}

/* crossbeam: tests/select.rs stress_mixed, tests/select.rs reuse */
Test(crossbeam_select, a_pull_and_a_push_each_go_ahead_once_in_every_round)
{
	for_kinds(by_select, pull_and_push);
}

/* crossbeam: tests/select.rs stress_timeout_two_threads */
Test(crossbeam_select, deadlines_on_both_sides_lose_and_repeat_nothing)
{
	for_kinds(by_select, deadlines);
}

/* crossbeam: tests/select.rs channel_through_channel */
Test(crossbeam_select, a_ring_comes_out_of_a_ring_again_and_again)
{
	for (size_t capacity = 0; capacity < 4; capacity++) {
		rings_through_rings(by_select, PP_SPSC, capacity);
		rings_through_rings(by_select, PP_MPMC, capacity);
	}
}

/* ---- One of two is ready at every moment --------------------------------------------------- */

/* Rings: 0 and 1 are chosen among, 2 starts a round, 3 ends it. */
static void one_is_always_ready(struct scene *s, unsigned timed)
{
	uint64_t item;

	for (size_t i = 0; i < s->count; i++) {
		pp_case cases[] = { pull_case(&s->e[i % 2], &item),
				    pull_case(&s->e[1 - i % 2], &item) };

		must_push(&s->e[2], 0);
		must_push(&s->e[0], 1);
		CHECK(choose_until(cases, 2, timed ? pp_in(0) : 0) >= 0);
		must_push(&s->e[3], 0);
		(void)try_pull(&s->e[1], &item);
	}
}

static void linearizable(unsigned timed)
{
	uint64_t item;
	struct scene s;

	for (size_t capacity = 1; capacity <= WIDE; capacity += WIDE - 1) {
		scene_open(&s, PP_MPMC, 2, capacity);
		scene_add(&s, PP_SPSC, 0);
		scene_add(&s, PP_SPSC, 0);
		s.count = SANITIZED ? 1000 : 30000;
		scene_spawn(&s, one_is_always_ready, timed);
		for (size_t i = 0; i < s.count; i++) {
			(void)must_pull(&s.e[2]);
			must_push(&s.e[1], 1);
			(void)try_pull(&s.e[0], &item);
			(void)must_pull(&s.e[3]);
		}
		scene_end(&s);
	}
}

/* crossbeam: tests/select.rs linearizable_try */
Test(crossbeam_select, without_waiting_it_never_misses_the_one_of_two_that_is_ready)
{
	linearizable(0);
}

/* crossbeam: tests/select.rs linearizable_timeout */
Test(crossbeam_select, with_a_deadline_that_is_now_it_never_misses_the_one_of_two_that_is_ready)
{
	linearizable(1);
}

/* ---- Chance -------------------------------------------------------------------------------- */

#define CHOICES 10000

static void of_full_rings(pp_kind kind, size_t capacity)
{
	unsigned hits[4] = { 0 };
	uint64_t item, end;
	struct scene s;

	scene_open(&s, kind, 2, capacity);
	scene_add(&s, kind, 0);
	scene_add(&s, kind, 1);
	tx_drop(&s.e[2]);
	tx_drop(&s.e[3]);
	ends_fill(&s.e[0], 0, CHOICES);
	ends_fill(&s.e[1], 0, CHOICES);
	for (int i = 0; i < CHOICES; i++) {
		pp_case cases[] = { pull_case(&s.e[0], &item), pull_case(&s.e[1], &item),
				    pull_case(&s.e[2], &end), pull_case(&s.e[3], &end) };
		int index = pp_select(cases, 4, 0, PP_FOREVER);

		CHECK(index >= 0);
		CHECK_EQ(cases[index].result, index < 2 ? 0 : -EPIPE);
		hits[index]++;
	}
	for (int i = 0; i < 4; i++)
		CHECK(hits[i] >= CHOICES / 4 / 2);
	scene_end(&s);
}

/* crossbeam: tests/select.rs fairness1; rings that have ended stand for after and tick */
Test(crossbeam_select, of_full_rings_and_ended_ones_each_is_chosen_often_enough)
{
	for_each_kind(CHOICES, of_full_rings);
}

static void push_where_empty(struct scene *s, unsigned me)
{
	uint64_t item = me;

	for (int i = 0; i < CHOICES; i++) {
		pp_case cases[3];

		for (int ring = 0; ring < 3; ring++)
			cases[ring] = ring < 2 && pp_tx_depth(s->e[ring].tx) > 0 ?
					      disabled_case() :
					      push_case(&s->e[ring], &item);
		(void)choose(cases, 3);
	}
}

static void of_three_flavours(pp_kind kind, size_t capacity)
{
	unsigned hits[3] = { 0 };
	uint64_t item;
	struct scene s;

	scene_open(&s, kind, 1, capacity);
	scene_add(&s, kind, 1);
	scene_add(&s, kind, 0);
	scene_spawn(&s, push_where_empty, 0);
	for (int i = 0; i < CHOICES; i++)
		hits[choose((pp_case[]){ pull_case(&s.e[0], &item), pull_case(&s.e[1], &item),
					 pull_case(&s.e[2], &item) }, 3)]++;
	for (int i = 0; i < 3; i++)
		CHECK(hits[i] >= CHOICES / 3 / 50);
	scene_end(&s);
}

/* crossbeam: tests/select.rs fairness2 */
Test(crossbeam_select, between_selects_that_push_and_pull_no_ring_starves)
{
	for_each_kind(WIDE, of_three_flavours);
}

/* ---- issue 1096: a select through one reference, the ring through another ------------------ */

static void push_first(struct scene *s, unsigned me)
{
	must_push(&s->e[0], me);
}

static void pull_last(struct scene *s, unsigned me)
{
	CHECK_EQ(must_pull(&s->e[0]), me);
}

static void through_references(pp_kind kind, size_t capacity)
{
	uint64_t in = 0, out = 124;
	struct scene s;

	scene_open(&s, kind, 1, capacity);
	CHECK_EQ(pp_rx_ref(s.e[0].rx), 0);
	CHECK_EQ(pp_tx_ref(s.e[0].tx), 0);
	scene_spawn(&s, push_first, 123);
	CHECK_EQ(choose((pp_case[]){ pull_case(&s.e[0], &in) }, 1), 0);
	CHECK_EQ(in, 123);
	scene_join(&s);
	scene_spawn(&s, pull_last, 124);
	CHECK_EQ(choose((pp_case[]){ push_case(&s.e[0], &out) }, 1), 0);
	scene_join(&s);
	pp_rx_unref(s.e[0].rx);
	pp_tx_unref(s.e[0].tx);
	scene_end(&s);
}

/* crossbeam: tests/select.rs issue_1096 */
Test(crossbeam_select, a_select_on_a_ring_with_several_references_moves_one_item)
{
	for_each_kind(0, through_references);
	for_each_kind(2, through_references);
	for_each_kind(WIDE, through_references);
}
