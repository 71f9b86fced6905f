/* SPDX-License-Identifier: MIT */
/* "No more pulls": what pushes and pulls say after pp_cancel, and who wakes. */
#include "ending.h"

SUITE(cancel);

static void after_cancel(pp_kind kind, size_t capacity, size_t depth)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t item = 77;

	ends_fill(&e, 0, depth);
	EXPECT_EQ(pp_cancel(e.rx), 0);
	for (size_t i = 0; i < ARRAY_LEN(push_forms); i++)
		EXPECT_EQ(form_push(&push_forms[i], &e, 1), -EPIPE);
	for (size_t i = 0; i < ARRAY_LEN(pull_forms); i++)
		EXPECT_EQ(form_pull(&pull_forms[i], &e, &item), -ESHUTDOWN);
	EXPECT_EQ(item, 77);
	ends_let_go(&e);
}

static void empty(pp_kind kind, size_t capacity)
{
	after_cancel(kind, capacity, 0);
}

static void full(pp_kind kind, size_t capacity)
{
	after_cancel(kind, capacity, capacity);
}

Test(cancel, pushes_give_epipe_and_pulls_eshutdown_on_an_empty_ring)
{
	for_each_ring(0, empty);
}

Test(cancel, pushes_give_epipe_and_pulls_eshutdown_on_a_full_ring)
{
	for_each_ring(1, full);
}

static void idempotent(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);

	for (int i = 0; i < 3; i++)
		EXPECT_EQ(pp_cancel(e.rx), 0);
	EXPECT_EQ(pp_close(e.tx), 0);
	EXPECT_EQ(pp_cancel(e.rx), 0);
	EXPECT_EQ(ends_stats(&e).cancelled, 1);
	ends_let_go(&e);
}

Test(cancel, cancelling_again_gives_0)
{
	for_each_ring(0, idempotent);
}

Test(cancel, a_sleeping_pusher_wakes_with_epipe)
{
	sleeper_wakes(&by_cancel, true);
}

Test(cancel, a_sleeping_puller_wakes_with_eshutdown)
{
	sleeper_wakes(&by_cancel, false);
}

Test(cancel, everyone_asleep_on_either_side_wakes)
{
	everyone_wakes(&by_cancel);
}

static void both_ended(pp_kind kind, size_t capacity)
{
	/* In either order: each side hears first that it has ended itself. */
	for (int close_first = 0; close_first < 2; close_first++) {
		struct ends e = ends_open(kind, capacity);
		uint64_t item;

		ends_fill(&e, 0, capacity);
		if (close_first)
			EXPECT_EQ(pp_close(e.tx), 0);
		EXPECT_EQ(pp_cancel(e.rx), 0);
		EXPECT_EQ(pp_close(e.tx), 0);
		for (size_t i = 0; i < ARRAY_LEN(push_forms); i++)
			EXPECT_EQ(form_push(&push_forms[i], &e, 1), -ESHUTDOWN);
		for (size_t i = 0; i < ARRAY_LEN(pull_forms); i++)
			EXPECT_EQ(form_pull(&pull_forms[i], &e, &item), -ESHUTDOWN);
		ends_let_go(&e);
	}
}

Test(cancel, after_close_and_cancel_each_side_says_eshutdown)
{
	for_each_ring(0, both_ended);
}

Test(cancel, a_batch_cut_short_by_cancel_says_how_many_went_in)
{
	batch_is_cut(&by_cancel);
}

Test(cancel, a_pull_batch_cut_short_by_cancel_says_how_many_came_out_and_keeps_them)
{
	pull_batch_is_cut(&by_cancel);
}

/* One that comes to a ring that is cancelled finds nothing, though items were there. */
static void too_late(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t items[20] = { 77, 77 };

	ends_fill(&e, 0, capacity);
	EXPECT_EQ(pp_cancel(e.rx), 0);
	EXPECT_EQ(pp_pull_n_until(e.rx, items, capacity + 2, capacity + 2, PP_FOREVER), -ESHUTDOWN);
	EXPECT_EQ(pp_pull_n(e.rx, items, capacity + 2), -ESHUTDOWN);
	EXPECT_EQ(items[0], 77);
	ends_let_go(&e);
}

Test(cancel, a_pull_batch_after_cancel_takes_none_of_the_items_that_were_there)
{
	for (size_t capacity = 0; capacity < 9; capacity++)
		for_each_kind(capacity, too_late);
}
