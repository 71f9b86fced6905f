/* SPDX-License-Identifier: MIT */
/* What crossbeam-channel expects of its zero flavour: rendezvous. */
#include "flavor.h"

SUITE(crossbeam_zero);

static void never_alone(pp_kind kind, size_t capacity)
{
	uint64_t item = 7;
	struct scene s;

	scene_open(&s, kind, 1, capacity);
	CHECK_EQ(pp_try_push(s.e[0].tx, &item), -EAGAIN);
	CHECK_EQ(pp_try_pull(s.e[0].rx, &item), -EAGAIN);
	CHECK_EQ(item, 7);
	scene_end(&s);
}

/* crossbeam: tests/zero.rs smoke */
Test(crossbeam_zero, nobody_goes_ahead_alone)
{
	for_each_kind(0, never_alone);
}

/* crossbeam: tests/zero.rs capacity */
Test(crossbeam_zero, the_capacity_is_told_at_both_ends)
{
	for_each_kind(0, capacity_is_told);
}

static void pull_a_zero(struct scene *s, unsigned me)
{
	CHECK_EQ(must_pull(&s->e[0]), me);
}

static void empty_and_full(pp_kind kind, size_t capacity)
{
	struct scene s;

	scene_open(&s, kind, 1, capacity);
	for (int i = 0; i < 2; i++) {
		CHECK_EQ(pp_tx_depth(s.e[0].tx), 0);
		CHECK_EQ(pp_rx_depth(s.e[0].rx), 0);
		CHECK_EQ(pp_try_push(s.e[0].tx, &(uint64_t){ 0 }), -EAGAIN);
		scene_spawn(&s, pull_a_zero, 0);
		must_push(&s.e[0], 0);
		scene_join(&s);
	}
	scene_end(&s);
}

/* crossbeam: tests/zero.rs len_empty_full */
Test(crossbeam_zero, a_meeting_is_empty_and_full_at_once)
{
	for_each_kind(0, empty_and_full);
}

/* crossbeam: tests/zero.rs try_recv */
Test(crossbeam_zero, tries_find_nobody_then_a_pusher_then_the_end)
{
	for_each_kind(0, try_pull_empty_item_end);
}

/* crossbeam: tests/zero.rs recv */
Test(crossbeam_zero, pulls_get_the_items_and_then_the_end)
{
	for_each_kind(0, pull_items_then_end);
}

/* crossbeam: tests/zero.rs recv_timeout */
Test(crossbeam_zero, a_pull_with_a_deadline_ends_in_time_or_with_an_item_or_with_the_end)
{
	for_each_kind(0, pull_until_in_time);
}

static void pull_eight_and_leave(struct scene *s, unsigned me)
{
	CHECK_EQ(must_pull(&s->e[0]), me);
	rx_drop(&s->e[0]);
}

static void tries_of_none(pp_kind kind, size_t capacity)
{
	struct scene s;

	scene_open(&s, kind, 1, capacity);
	CHECK_EQ(try_push(&s.e[0], 7), -EAGAIN);
	scene_spawn(&s, pull_eight_and_leave, 8);
	push_by_tries(&s.e[0], 8);
	scene_join(&s);
	CHECK_EQ(try_push(&s.e[0], 9), -EPIPE);
	scene_end(&s);
}

/* crossbeam: tests/zero.rs try_send */
Test(crossbeam_zero, tries_to_push_see_nobody_a_puller_and_gone)
{
	for_each_kind(0, tries_of_none);
}

/* crossbeam: tests/zero.rs send */
Test(crossbeam_zero, pushes_wait_for_a_puller_and_keep_their_order)
{
	for_each_kind(0, push_three);
}

static void deadlines_of_none(pp_kind kind, size_t capacity)
{
	uint64_t items[] = { 7, 8, 9 };
	struct scene s;

	scene_open(&s, kind, 1, capacity);
	CHECK_EQ(pp_push_until(s.e[0].tx, &items[0], pp_in(2 * PP_MS)), -ETIMEDOUT);
	scene_spawn(&s, pull_eight_and_leave, 8);
	CHECK_EQ(pp_push_until(s.e[0].tx, &items[1], soon()), 0);
	CHECK_EQ(pp_push_until(s.e[0].tx, &items[2], soon()), -EPIPE);
	scene_end(&s);
}

/* crossbeam: tests/zero.rs send_timeout */
Test(crossbeam_zero, a_push_with_a_deadline_that_was_late_is_with_no_puller)
{
	for_each_kind(0, deadlines_of_none);
}

/* crossbeam: tests/zero.rs len, tests/zero.rs spsc */
Test(crossbeam_zero, a_stream_comes_in_order_at_depth_0_and_ends)
{
	for_each_kind(0, stream_in_order);
}

/* crossbeam: tests/zero.rs disconnect_wakes_sender */
Test(crossbeam_zero, letting_go_of_the_pull_end_wakes_a_push)
{
	for_each_kind(0, cancelling_wakes_pusher);
}

/* crossbeam: tests/zero.rs disconnect_wakes_receiver */
Test(crossbeam_zero, letting_go_of_the_push_end_wakes_a_pull)
{
	for_each_kind(0, closing_wakes_puller);
}

/* crossbeam: tests/zero.rs mpmc */
Test(crossbeam_zero, four_pushers_and_four_pullers_lose_and_repeat_nothing)
{
	each_item_four_times(0);
}

/* crossbeam: tests/zero.rs stress_oneshot */
Test(crossbeam_zero, a_meeting_for_one_item_again_and_again)
{
	for_each_kind(0, one_item_per_ring);
}

/* crossbeam: tests/zero.rs stress_iter */
Test(crossbeam_zero, requests_are_answered_until_it_is_enough)
{
	for_each_kind(0, requests_and_responses);
}

/* crossbeam: tests/zero.rs stress_timeout_two_threads */
Test(crossbeam_zero, deadlines_on_both_sides_lose_and_repeat_nothing)
{
	for_each_kind(0, deadlines_on_both_sides);
}

/* crossbeam: tests/zero.rs drops */
Test(crossbeam_zero, what_was_handed_over_is_not_dropped)
{
	left_items_are_dropped(PP_SPSC, 0, 0);
	left_items_are_dropped(PP_MPMC, 0, 0);
}

/* crossbeam: tests/zero.rs fairness */
Test(crossbeam_zero, of_two_rings_each_is_chosen_often_enough_on_both_sides)
{
	for_each_kind(0, fair_between_rings);
}

/* crossbeam: tests/zero.rs fairness_duplicates */
Test(crossbeam_zero, of_five_cases_on_one_ring_each_is_chosen_often_enough_on_both_sides)
{
	for_each_kind(0, fair_between_duplicates);
}

static void pull_then_push(struct scene *s, unsigned me)
{
	uint64_t item = must_pull(&s->e[0]);

	CHECK_EQ(item, me);
	CHECK_EQ(choose((pp_case[]){ push_case(&s->e[0], &item) }, 1), 0);
}

/* crossbeam: tests/zero.rs recv_in_send: who waited first is served first, then serves. */
Test(crossbeam_zero, a_puller_that_was_served_first_pushes_to_the_next)
{
	struct scene s;

	scene_open(&s, PP_MPMC, 1, 0);
	scene_spawn(&s, pull_then_push, 5);
	ends_await_parked(&s.e[0], 0, 1);
	scene_spawn(&s, pull_a_zero, 5);
	ends_await_parked(&s.e[0], 0, 2);
	must_push(&s.e[0], 5);
	scene_end(&s);
}

/* crossbeam: tests/zero.rs channel_through_channel */
Test(crossbeam_zero, a_ring_comes_out_of_a_meeting_again_and_again)
{
	for_each_kind(0, ring_through_ring);
}
