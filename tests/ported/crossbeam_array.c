/* SPDX-License-Identifier: MIT */
/* What crossbeam-channel expects of its array flavour: bounded, capacity above 0. */
#include "flavor.h"

SUITE(crossbeam_array);

static void smoke(pp_kind kind, size_t capacity)
{
	uint64_t item = 0;
	struct scene s;

	scene_open(&s, kind, 1, capacity);
	must_push(&s.e[0], 7);
	CHECK_EQ(pp_try_pull(s.e[0].rx, &item), 0);
	CHECK_EQ(item, 7);
	must_push(&s.e[0], 8);
	CHECK_EQ(must_pull(&s.e[0]), 8);
	CHECK_EQ(pp_try_pull(s.e[0].rx, &item), -EAGAIN);
	CHECK_EQ(pp_pull_until(s.e[0].rx, &item, pp_in(PP_MS)), -ETIMEDOUT);
	CHECK_EQ(item, 7);
	scene_end(&s);
}

/* crossbeam: tests/array.rs smoke */
Test(crossbeam_array, an_item_goes_in_and_comes_out)
{
	for_each_kind(1, smoke);
}

/* crossbeam: tests/array.rs capacity */
Test(crossbeam_array, the_capacity_is_told_at_both_ends)
{
	for (size_t capacity = 1; capacity < 10; capacity++)
		for_each_kind(capacity, capacity_is_told);
}

static void depth_is(const struct ends *e, size_t depth)
{
	CHECK_EQ(pp_tx_depth(e->tx), depth);
	CHECK_EQ(pp_rx_depth(e->rx), depth);
}

static void empty_half_full(pp_kind kind, size_t capacity)
{
	struct scene s;

	scene_open(&s, kind, 1, capacity);
	depth_is(&s.e[0], 0);
	must_push(&s.e[0], 0);
	depth_is(&s.e[0], 1);
	must_push(&s.e[0], 0);
	depth_is(&s.e[0], 2);
	CHECK_EQ(pp_try_push(s.e[0].tx, &(uint64_t){ 0 }), -EAGAIN);
	(void)must_pull(&s.e[0]);
	depth_is(&s.e[0], 1);
	scene_end(&s);
}

/* crossbeam: tests/array.rs len_empty_full */
Test(crossbeam_array, both_ends_tell_empty_half_full_and_full)
{
	for_each_kind(2, empty_half_full);
}

/* crossbeam: tests/array.rs try_recv */
Test(crossbeam_array, tries_find_nothing_then_an_item_then_the_end)
{
	for_each_kind(100, try_pull_empty_item_end);
}

/* crossbeam: tests/array.rs recv */
Test(crossbeam_array, pulls_get_the_items_and_then_the_end)
{
	for_each_kind(100, pull_items_then_end);
}

/* crossbeam: tests/array.rs recv_timeout */
Test(crossbeam_array, a_pull_with_a_deadline_ends_in_time_or_with_an_item_or_with_the_end)
{
	for_each_kind(100, pull_until_in_time);
}

static void pull_one_and_three(struct scene *s, unsigned me)
{
	uint64_t item;

	CHECK_EQ(pull_by_tries(&s->e[0]), 1);
	CHECK_EQ(try_pull(&s->e[0], &item), -EAGAIN);
	must_push(&s->e[1], me);
	CHECK_EQ(must_pull(&s->e[0]), 3);
	rx_drop(&s->e[0]);
}

static void tries_of_one(pp_kind kind, size_t capacity)
{
	struct scene s;

	scene_open(&s, kind, 2, capacity);
	CHECK_EQ(try_push(&s.e[0], 1), 0);
	CHECK_EQ(try_push(&s.e[0], 2), -EAGAIN);
	scene_spawn(&s, pull_one_and_three, 0);
	(void)must_pull(&s.e[1]);
	CHECK_EQ(try_push(&s.e[0], 3), 0);
	scene_join(&s);
	CHECK_EQ(try_push(&s.e[0], 4), -EPIPE);
	scene_end(&s);
}

/* crossbeam: tests/array.rs try_send */
Test(crossbeam_array, tries_to_push_see_full_free_and_gone)
{
	for_each_kind(1, tries_of_one);
}

/* crossbeam: tests/array.rs send */
Test(crossbeam_array, pushes_wait_for_room_and_keep_their_order)
{
	for_each_kind(1, push_three);
}

static void pull_two_and_four(struct scene *s, unsigned me)
{
	(void)me;
	CHECK_EQ(must_pull(&s->e[0]), 1);
	(void)must_pull(&s->e[1]);
	CHECK_EQ(must_pull(&s->e[0]), 2);
	CHECK_EQ(must_pull(&s->e[0]), 4);
	rx_drop(&s->e[0]);
}

static void deadlines_of_two(pp_kind kind, size_t capacity)
{
	uint64_t items[] = { 1, 2, 3, 4, 5 };
	struct scene s;

	scene_open(&s, kind, 2, capacity);
	CHECK_EQ(pp_push_until(s.e[0].tx, &items[0], soon()), 0);
	CHECK_EQ(pp_push_until(s.e[0].tx, &items[1], soon()), 0);
	CHECK_EQ(pp_push_until(s.e[0].tx, &items[2], pp_in(2 * PP_MS)), -ETIMEDOUT);
	scene_spawn(&s, pull_two_and_four, 0);
	CHECK_EQ(pp_push_until(s.e[0].tx, &items[3], soon()), 0);
	must_push(&s.e[1], 0);
	scene_join(&s);
	CHECK_EQ(pp_push(s.e[0].tx, &items[4]), -EPIPE);
	scene_end(&s);
}

/* crossbeam: tests/array.rs send_timeout */
Test(crossbeam_array, a_push_with_a_deadline_that_was_late_is_not_in_the_ring)
{
	for_each_kind(2, deadlines_of_two);
}

static void three_then_cancel(pp_kind kind, size_t capacity)
{
	uint64_t item = 4;
	struct scene s;

	scene_open(&s, kind, 1, capacity);
	ends_fill(&s.e[0], 1, 3);
	rx_drop(&s.e[0]);
	CHECK_EQ(pp_push(s.e[0].tx, &item), -EPIPE);
	CHECK_EQ(pp_try_push(s.e[0].tx, &item), -EPIPE);
	CHECK_EQ(pp_push_until(s.e[0].tx, &item, soon()), -EPIPE);
	scene_end(&s);
}

/* crossbeam: tests/array.rs send_after_disconnect */
Test(crossbeam_array, no_push_succeeds_once_the_pull_side_is_gone)
{
	for_each_kind(100, three_then_cancel);
}

static void three_then_close(pp_kind kind, size_t capacity)
{
	struct scene s;

	scene_open(&s, kind, 1, capacity);
	ends_fill(&s.e[0], 1, 3);
	tx_drop(&s.e[0]);
	for (uint64_t i = 1; i <= 3; i++)
		CHECK_EQ(must_pull(&s.e[0]), i);
	must_end(&s.e[0]);
	scene_end(&s);
}

/* crossbeam: tests/array.rs recv_after_disconnect */
Test(crossbeam_array, items_outlive_the_push_side)
{
	for_each_kind(100, three_then_close);
}

static void depth_follows(pp_kind kind, size_t capacity)
{
	struct scene s;

	scene_open(&s, kind, 1, capacity);
	for (size_t round = 0; round < capacity / 10; round++) {
		for (size_t i = 0; i < 50; i++) {
			must_push(&s.e[0], i);
			depth_is(&s.e[0], i + 1);
		}
		for (size_t i = 0; i < 50; i++) {
			(void)must_pull(&s.e[0]);
			depth_is(&s.e[0], 49 - i);
		}
	}
	for (size_t i = 0; i < capacity; i++) {
		must_push(&s.e[0], i);
		depth_is(&s.e[0], i + 1);
	}
	ends_drain(&s.e[0], 0, capacity);
	depth_is(&s.e[0], 0);
	scene_end(&s);
}

/* crossbeam: tests/array.rs len */
Test(crossbeam_array, the_depth_follows_pushes_and_pulls_and_stays_below_the_capacity)
{
	for_each_kind(1000, depth_follows);
	for_each_kind(1000, stream_in_order);
}

/* crossbeam: tests/array.rs disconnect_wakes_sender */
Test(crossbeam_array, letting_go_of_the_pull_end_wakes_a_push)
{
	for_each_kind(1, cancelling_wakes_pusher);
}

/* crossbeam: tests/array.rs disconnect_wakes_receiver */
Test(crossbeam_array, letting_go_of_the_push_end_wakes_a_pull)
{
	for_each_kind(1, closing_wakes_puller);
}

/* crossbeam: tests/array.rs spsc */
Test(crossbeam_array, a_stream_comes_in_order_and_ends)
{
	for_each_kind(3, stream_in_order);
}

/* crossbeam: tests/array.rs mpmc */
Test(crossbeam_array, four_pushers_and_four_pullers_lose_and_repeat_nothing)
{
	each_item_four_times(3);
}

/* crossbeam: tests/array.rs stress_oneshot */
Test(crossbeam_array, a_ring_for_one_item_again_and_again)
{
	for_each_kind(1, one_item_per_ring);
}

/* crossbeam: tests/array.rs stress_iter */
Test(crossbeam_array, requests_are_answered_until_it_is_enough)
{
	for_each_kind(1, requests_and_responses);
}

/* crossbeam: tests/array.rs stress_timeout_two_threads */
Test(crossbeam_array, deadlines_on_both_sides_lose_and_repeat_nothing)
{
	for_each_kind(2, deadlines_on_both_sides);
}

/* crossbeam: tests/array.rs drops */
Test(crossbeam_array, what_is_left_is_dropped_once_and_what_is_pulled_is_not)
{
	left_items_are_dropped(PP_SPSC, 50, 50);
	left_items_are_dropped(PP_MPMC, 50, 50);
}

static void push_then_try(struct scene *s, unsigned me)
{
	uint64_t item;

	for (unsigned i = 0; i < s->count; i++) {
		must_push(&s->e[0], me);
		CHECK_EQ(try_pull(&s->e[0], &item), 0);
	}
}

/* crossbeam: tests/array.rs linearizable.  Who has pushed finds an item; at most -EBUSY. */
Test(crossbeam_array, a_try_after_a_push_of_ones_own_never_finds_the_ring_empty)
{
	struct scene s;

	scene_open(&s, PP_MPMC, 1, 4);
	s.count = SANITIZED ? 1000 : 10000;
	for (unsigned i = 0; i < 4; i++)
		scene_spawn(&s, push_then_try, i);
	scene_join(&s);
	depth_is(&s.e[0], 0);
	scene_end(&s);
}

/* crossbeam: tests/array.rs fairness */
Test(crossbeam_array, of_two_full_rings_each_is_chosen_often_enough)
{
	for_each_kind(1, fair_between_rings);
}

/* crossbeam: tests/array.rs fairness_duplicates */
Test(crossbeam_array, of_five_pulls_from_one_ring_each_is_chosen_often_enough)
{
	for_each_kind(1, fair_between_duplicates);
}

static void full_then_room(pp_kind kind, size_t capacity)
{
	uint64_t item = 3;
	struct scene s;
	pp_case c;

	scene_open(&s, kind, 1, capacity);
	c = push_case(&s.e[0], &item);
	ends_fill(&s.e[0], 1, capacity);
	CHECK_EQ(choose_now(&c, 1), -ETIMEDOUT);
	CHECK_EQ(must_pull(&s.e[0]), 1);
	CHECK_EQ(choose(&c, 1), 0);
	scene_end(&s);
}

/* crossbeam: tests/array.rs recv_in_send; there is no expression to evaluate in C */
Test(crossbeam_array, a_select_pushes_after_a_pull_has_made_room)
{
	for_each_kind(1, full_then_room);
	for_each_kind(2, full_then_room);
}

/* crossbeam: tests/array.rs channel_through_channel */
Test(crossbeam_array, a_ring_comes_out_of_a_ring_again_and_again)
{
	for_each_kind(1, ring_through_ring);
}

static void mark_dropped(void *item, void *context)
{
	int **mark = item;

	(void)context;
	++**mark;
}

static struct ends open_marking(pp_kind kind, size_t capacity)
{
	return ends_open_with(&PP_CONFIG(.kind = kind, .capacity = capacity,
					 .item_size = sizeof(int *), .drop = mark_dropped));
}

static void both_marked(pp_kind kind, size_t capacity)
{
	struct ends e = open_marking(kind, capacity);
	int marks[2] = { 0, 0 };

	for (int i = 0; i < 2; i++)
		CHECK_EQ(pp_push(e.tx, &(int *){ &marks[i] }), 0);
	tx_drop(&e);
	CHECK_EQ(marks[0] + marks[1], 0);
	rx_drop(&e);
	CHECK_EQ(marks[0], 1);
	CHECK_EQ(marks[1], 1);
}

/* crossbeam: tests/array.rs panic_on_drop, its first half: C has no panic */
Test(crossbeam_array, each_item_that_is_left_is_dropped_exactly_once)
{
	for_each_kind(2, both_marked);
}

static void marked_at_once(pp_kind kind, size_t capacity)
{
	struct ends e = open_marking(kind, capacity);
	int mark = 0;

	CHECK_EQ(pp_push(e.tx, &(int *){ &mark }), 0);
	rx_drop(&e);
	CHECK_EQ(mark, 1);
	tx_drop(&e);
	CHECK_EQ(mark, 1);
}

/* crossbeam: tests/array.rs drop_unreceived */
Test(crossbeam_array, items_are_dropped_when_the_pull_end_goes_though_the_push_end_stays)
{
	for_each_kind(1, marked_at_once);
}
