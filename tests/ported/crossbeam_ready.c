/* SPDX-License-Identifier: MIT */
/*
 * What crossbeam-channel expects of Select where it only names an operation that is ready:
 * tests/ready.rs.  Here that is to arm, to poll the descriptors, and then to try.
 */
#include "choices.h"

SUITE(crossbeam_ready);

/* crossbeam: tests/ready.rs smoke1 */
Test(crossbeam_ready, of_two_rings_the_one_with_an_item_is_ready)
{
	for_kinds(by_readiness, one_of_two);
}

/* crossbeam: tests/ready.rs smoke2 */
Test(crossbeam_ready, of_five_rings_the_one_with_an_item_is_ready)
{
	for_kinds(by_readiness, one_of_five);
}

/* crossbeam: tests/ready.rs disconnected */
Test(crossbeam_ready, a_ring_that_has_ended_is_ready)
{
	for_kinds(by_readiness, ended_is_ready);
}

/* crossbeam: tests/ready.rs default */
Test(crossbeam_ready, without_waiting_what_is_ready_is_found_or_nothing)
{
	for_kinds(by_readiness, default_and_not);
}

/* crossbeam: tests/ready.rs timeout */
Test(crossbeam_ready, with_a_deadline_what_becomes_ready_is_found_or_nothing)
{
	for_kinds(by_readiness, timeout_and_not);
}

/* crossbeam: tests/ready.rs default_when_disconnected */
Test(crossbeam_ready, an_end_is_found_without_waiting)
{
	for_kinds(by_readiness, default_when_ended);
}

/* crossbeam: tests/ready.rs default_only */
Test(crossbeam_ready, without_an_end_of_a_ring_the_deadline_passes)
{
	only_default(by_readiness);
}

/* crossbeam: tests/ready.rs unblocks */
Test(crossbeam_ready, a_poll_is_woken_by_a_pusher_or_a_puller)
{
	for_kinds(by_readiness, unblocked);
}

/* crossbeam: tests/ready.rs both_ready */
Test(crossbeam_ready, a_pull_and_a_push_go_ahead_one_after_the_other)
{
	for_kinds(by_readiness, both_in_turn);
}

/* crossbeam: tests/ready.rs cloning1 */
Test(crossbeam_ready, a_reference_that_comes_and_goes_is_no_end)
{
	for_kinds(by_readiness, beside_a_reference);
}

/* crossbeam: tests/ready.rs cloning2 */
Test(crossbeam_ready, a_reference_that_goes_makes_nothing_ready)
{
	for_kinds(by_readiness, woken_beside_a_reference);
}

/* crossbeam: tests/ready.rs preflight1 */
Test(crossbeam_ready, an_item_that_was_there_before_is_ready)
{
	for_kinds(by_readiness, item_there_before);
}

/* crossbeam: tests/ready.rs preflight2 */
Test(crossbeam_ready, an_item_comes_before_the_end)
{
	for_kinds(by_readiness, item_before_the_end);
}

/* crossbeam: tests/ready.rs preflight3 */
Test(crossbeam_ready, after_the_last_item_the_end_is_ready)
{
	for_kinds(by_readiness, only_the_end);
}

/* crossbeam: tests/ready.rs nesting */
Test(crossbeam_ready, pushes_and_pulls_are_ready_in_turn)
{
	for_kinds(by_readiness, one_after_the_other);
}

/* crossbeam: tests/ready.rs stress_recv */
Test(crossbeam_ready, pulls_come_in_the_order_of_the_pushes_to_two_rings)
{
	for_kinds(by_readiness, alternating_pulls);
}

/* crossbeam: tests/ready.rs stress_send */
Test(crossbeam_ready, pushes_go_where_the_puller_is)
{
	for_kinds(by_readiness, alternating_pushes);
}

/* crossbeam: tests/ready.rs stress_mixed */
Test(crossbeam_ready, a_pull_and_a_push_each_go_ahead_once_in_every_round)
{
	for_kinds(by_readiness, pull_and_push);
}

/* crossbeam: tests/ready.rs stress_timeout_two_threads */
Test(crossbeam_ready, deadlines_on_both_sides_lose_and_repeat_nothing)
{
	for_kinds(by_readiness, deadlines);
}

/* crossbeam: tests/ready.rs channel_through_channel; from 1 up, as two that only try and arm do not
 * meet at capacity 0 */
Test(crossbeam_ready, a_ring_comes_out_of_a_ring_again_and_again)
{
	for (size_t capacity = 1; capacity < 4; capacity++) {
		rings_through_rings(by_readiness, PP_SPSC, capacity);
		rings_through_rings(by_readiness, PP_MPMC, capacity);
	}
}

static void both_ends_of_one(pp_kind kind, size_t capacity)
{
	struct interest ends[2];
	struct scene s;

	scene_open(&s, kind, 1, capacity);
	ends[0] = push_interest(&s.e[0]);
	ends[1] = pull_interest(&s.e[0]);
	if (capacity == 0) {
		CHECK_EQ(ready_until(ends, 2, pp_in(3 * PP_MS)), -ETIMEDOUT);
	} else {
		CHECK_EQ(ready_until(ends, 2, soon()), 0);
		CHECK_EQ(pp_try_push(s.e[0].tx, &(uint64_t){ 1 }), 0);
		CHECK_EQ(ready_until(&ends[1], 1, soon()), 0);
	}
	scene_end(&s);
}

/* crossbeam: tests/ready.rs send_recv_same_channel */
Test(crossbeam_ready, the_ends_of_one_ring_do_not_make_each_other_ready_by_waiting)
{
	for_each_kind(0, both_ends_of_one);
	for_each_kind(WIDE, both_ends_of_one);
}

static void select_pushes(struct scene *s, unsigned me)
{
	uint64_t item = me;

	for (size_t i = 0; i < s->count; i++)
		(void)choose((pp_case[]){ push_case(&s->e[0], &item), push_case(&s->e[1], &item),
					  push_case(&s->e[2], &item) }, 3);
}

static void finds_what_a_select_pushes(pp_kind kind, size_t capacity)
{
	uint64_t item;
	struct scene s;

	scene_open(&s, kind, 1, capacity);
	scene_add(&s, kind, 1);
	scene_add(&s, kind, 0);
	s.count = SANITIZED ? 300 : 3000;
	scene_spawn(&s, select_pushes, 0);
	for (size_t i = 0; i < s.count; i++) {
		pp_case cases[] = { pull_case(&s.e[2], &item), pull_case(&s.e[1], &item),
				    pull_case(&s.e[0], &item) };
		int index = by_readiness(cases, 3, PP_FOREVER);

		CHECK(index >= 0);
		CHECK_EQ(cases[index].result, 0);
	}
	scene_join(&s);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(pp_rx_depth(s.e[i].rx), 0);
	scene_end(&s);
}

/* crossbeam: tests/ready.rs fairness2, of which the chance is the caller's here: it polls */
Test(crossbeam_ready, everything_that_a_select_pushes_to_three_rings_is_found)
{
	for_each_kind(WIDE, finds_what_a_select_pushes);
}
