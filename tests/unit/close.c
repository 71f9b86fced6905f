/* SPDX-License-Identifier: MIT */
/* "No more items": what pushes and pulls say after pp_close, and who wakes. */
#include "ending.h"

SUITE(close);

static void pushes_end(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);

	EXPECT_EQ(pp_close(e.tx), 0);
	for (size_t i = 0; i < ARRAY_LEN(push_forms); i++)
		EXPECT_EQ(form_push(&push_forms[i], &e, 1), -ESHUTDOWN);
	EXPECT_EQ(pp_rx_depth(e.rx), 0);
	ends_let_go(&e);
}

Test(close, pushes_after_close_give_eshutdown)
{
	for_each_ring(0, pushes_end);
}

static void full_push(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);

	ends_fill(&e, 0, capacity);
	EXPECT_EQ(pp_close(e.tx), 0);
	for (size_t i = 0; i < ARRAY_LEN(push_forms); i++)
		EXPECT_EQ(form_push(&push_forms[i], &e, 1), -ESHUTDOWN);
	ends_drain(&e, 0, capacity);
	ends_let_go(&e);
}

Test(close, a_push_on_a_full_closed_ring_gives_eshutdown_not_full)
{
	for_each_ring(1, full_push);
}

static void drains(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t got;

	ends_fill(&e, 50, capacity);
	EXPECT_EQ(pp_close(e.tx), 0);
	for (size_t i = 0; i < capacity; i++) {
		const struct form *form = &pull_forms[(capacity + i) % ARRAY_LEN(pull_forms)];

		EXPECT_EQ(form_pull(form, &e, &got), form->done);
		EXPECT_EQ(got, 50 + i);
	}
	for (size_t i = 0; i < 2 * ARRAY_LEN(pull_forms); i++)
		EXPECT_EQ(form_pull(&pull_forms[i % ARRAY_LEN(pull_forms)], &e, &got), -EPIPE);
	ends_let_go(&e);
}

Test(close, pull_after_close_drains_then_gives_epipe)
{
	for_each_ring(0, drains);
}

static void idempotent(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t item;

	ends_fill(&e, 0, capacity);
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(pp_close(e.tx), 0);
	ends_drain(&e, 0, capacity);
	EXPECT_EQ(pp_close(e.tx), 0);
	EXPECT_EQ(pp_pull(e.rx, &item), -EPIPE);
	EXPECT_EQ(pp_close(e.tx), 0);
	ends_let_go(&e);
}

Test(close, closing_again_gives_0_and_changes_nothing)
{
	for_each_ring(0, idempotent);
}

Test(close, a_sleeping_puller_wakes_and_sees_the_end)
{
	sleeper_wakes(&by_close, false);
}

Test(close, a_sleeping_pusher_wakes_with_eshutdown_and_keeps_its_item)
{
	sleeper_wakes(&by_close, true);
}

Test(close, everyone_asleep_on_either_side_wakes)
{
	everyone_wakes(&by_close);
}

/*
 * A pusher and a puller run while another thread closes.  Every push that said 0 was
 * pulled, none that said -ESHUTDOWN was.
 */
struct racer {
	struct ends e;
	uint64_t    pushed;
	int         result;
};

static void *push_until_refused(void *arg)
{
	struct racer *r = arg;

	while ((r->result = pp_push(r->e.tx, &r->pushed)) == 0)
		r->pushed++;
	return NULL;
}

static void race(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	struct racer r = { .e = e };
	uint64_t pulled = 0, item;
	pthread_t thread;
	int result;

	EXPECT_EQ(pthread_create(&thread, NULL, push_until_refused, &r), 0);
	for (; pulled < 20; pulled++)
		EXPECT_EQ(pp_pull(e.rx, &item), 0);
	EXPECT_EQ(pp_close(e.tx), 0);
	for (; (result = pp_pull(e.rx, &item)) == 0; pulled++)
		EXPECT_EQ(item, pulled);
	EXPECT_EQ(result, -EPIPE);
	pthread_join(thread, NULL);
	EXPECT_EQ(r.result, -ESHUTDOWN);
	EXPECT_EQ(pulled, r.pushed);
	ends_let_go(&e);
}

Test(close, a_push_that_races_with_close_is_delivered_or_refused)
{
	for (int round = 0; round < 200; round++)
		for (size_t capacity = 0; capacity < 4; capacity++)
			for_each_kind(capacity, race);
}

Test(close, a_batch_cut_short_by_close_says_how_many_went_in)
{
	batch_is_cut(&by_close);
}
