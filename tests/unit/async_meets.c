/* SPDX-License-Identifier: MIT */
/* Operations that wait without a thread, at capacity 0: a push is a pusher that waits, a pull meets
 * whoever does. */
#include "async_ops.h"

SUITE(async_meets);

/* ---- A push that waits ------------------------------------------------------------- */

static void is_taken_by(const struct ends *e, const struct form *form)
{
	struct asyncing push;
	uint64_t item = UNTOUCHED;

	asyncing_init(&push, e, true, 31);
	asyncing_waits(&push);
	EXPECT_EQ(form_pull(form, e, &item), form->done);
	EXPECT_EQ(item, 31);
	asyncing_told(&push, 1);
	asyncing_gives(&push, 0);
	EXPECT_EQ(atomic_load(&push.calls), 1);
}

static void is_taken(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	struct asyncing push, pull;

	for (size_t i = 0; i < ARRAY_LEN(pull_forms); i++)
		is_taken_by(&e, &pull_forms[i]);
	for (size_t i = 0; i < ARRAY_LEN(pull_select_forms); i++)
		is_taken_by(&e, &pull_select_forms[i]);
	asyncing_init(&push, &e, true, 32);
	asyncing_waits(&push);
	asyncing_init(&pull, &e, false, 0);
	asyncing_gives(&pull, 0);
	EXPECT_EQ(pull.item, 32);
	asyncing_gives(&push, 0);
	EXPECT_EQ(pp_tx_depth(e.tx), 0);
	EXPECT_EQ(ends_stats(&e).pushed, 10);
	EXPECT_EQ(ends_stats(&e).pulled, 10);
	ends_let_go(&e);
}

Test(async_meets, a_push_that_waits_is_there_for_every_form_of_pull)
{
	for_each_kind(0, is_taken);
}

/* Asleep in a plain pull, or a select. */
static void is_met(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	struct selecting s;
	struct asyncing push;
	struct call pull;

	for (uint64_t i = 0; i < 3; i++) {
		call_pull(&pull, &e, FOREVER);
		ends_await_parked(&e, 0, 1);
		asyncing_init(&push, &e, true, i);
		asyncing_gives(&push, 0);
		EXPECT_EQ(atomic_load(&push.calls), 0);
		EXPECT_EQ(call_join(&pull), 0);
		EXPECT_EQ(pull.item, i);

		selecting_init(&s);
		selecting_pull(&s, &e);
		selecting_sleeps(&s);
		asyncing_init(&push, &e, true, 10 + i);
		asyncing_gives(&push, 0);
		selecting_gives(&s, 0, 0);
		EXPECT_EQ(s.items[0], 10 + i);
	}
	ends_let_go(&e);
}

Test(async_meets, a_push_meets_whoever_sleeps_in_a_pull)
{
	for_each_kind(0, is_met);
}

/* The first of PP_SPSC waits where only threads do; who waits without one has moved it. */
static void from_its_spot(bool pushes)
{
	struct ends e = ends_open(PP_SPSC, 0);
	struct asyncing a;
	struct call call;

	if (pushes)
		call_push(&call, &e, FOREVER, 8);
	else
		call_pull(&call, &e, FOREVER);
	ends_await_parked(&e, pushes, !pushes);
	asyncing_init(&a, &e, !pushes, 8);
	asyncing_gives(&a, 0);
	EXPECT_EQ(call_join(&call), 0);
	EXPECT_EQ(pushes ? a.item : call.item, 8);
	for (uint64_t i = 0; i < 3; i++) { /* and from now on */
		call_pull(&call, &e, FOREVER);
		EXPECT_EQ(pp_push(e.tx, &i), 0);
		EXPECT_EQ(call_join(&call), 0);
		EXPECT_EQ(call.item, i);
	}
	ends_let_go(&e);
}

Test(async_meets, on_an_spsc_ring_it_finds_a_thread_that_waited_before)
{
	from_its_spot(false);
	from_its_spot(true);
}

/* ---- A pull that waits ------------------------------------------------------------- */

/* Told of whoever comes, and takes it only when it is called. */
static void comes_for(struct ends *e, struct asyncing *pull, uint64_t item)
{
	asyncing_told(pull, 1);
	EXPECT_EQ(ends_stats(e).pulled, item);
	asyncing_gives(pull, 0);
	EXPECT_EQ(pull->item, item);
}

static void comes_for_all(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	struct asyncing pull, push;
	struct selecting s;
	struct call call;

	asyncing_init(&pull, &e, false, 0);
	asyncing_waits(&pull);
	call_push(&call, &e, FOREVER, 0);
	AWAIT(atomic_load(&pull.calls) == 1);
	ends_await_parked(&e, 1, 0);
	EXPECT(!atomic_load(&call.returned));
	comes_for(&e, &pull, 0);
	EXPECT_EQ(call_join(&call), 0);

	asyncing_init(&pull, &e, false, 0);
	asyncing_waits(&pull);
	selecting_init(&s);
	selecting_push(&s, &e, 1);
	selecting_sleeps(&s);
	comes_for(&e, &pull, 1);
	selecting_gives(&s, 0, 0);

	asyncing_init(&pull, &e, false, 0);
	asyncing_waits(&pull);
	asyncing_init(&push, &e, true, 2);
	asyncing_waits(&push);
	comes_for(&e, &pull, 2);
	asyncing_told(&push, 1);
	asyncing_gives(&push, 0);
	ends_let_go(&e);
}

Test(async_meets, a_pull_is_called_for_whoever_waits_to_push_and_comes_for_it)
{
	for_each_kind(0, comes_for_all);
}

static void meets_at_once(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	struct asyncing pull;
	struct selecting s;
	struct call call;

	for (uint64_t i = 0; i < 6; i += 2) {
		call_push(&call, &e, FOREVER, i);
		ends_await_parked(&e, 1, 0);
		asyncing_init(&pull, &e, false, 0);
		asyncing_gives(&pull, 0);
		EXPECT_EQ(pull.item, i);
		EXPECT_EQ(call_join(&call), 0);

		selecting_init(&s);
		selecting_push(&s, &e, i + 1);
		selecting_sleeps(&s);
		asyncing_init(&pull, &e, false, 0);
		asyncing_gives(&pull, 0);
		EXPECT_EQ(pull.item, i + 1);
		selecting_gives(&s, 0, 0);
	}
	ends_let_go(&e);
}

Test(async_meets, a_pull_meets_whoever_sleeps_in_a_push)
{
	for_each_kind(0, meets_at_once);
}

/* It is no puller that waits: nobody hands it an item. */
static void is_not_there(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	struct asyncing pull;
	uint64_t item = 3;

	asyncing_init(&pull, &e, false, 0);
	asyncing_waits(&pull);
	for (size_t i = 0; i < ARRAY_LEN(push_forms); i++)
		if (push_forms[i].waits == TRY)
			EXPECT_EQ(form_push(&push_forms[i], &e, item), -EAGAIN);
	EXPECT_EQ(form_push(&push_select_forms[TRY], &e, item), -ETIMEDOUT);
	EXPECT_EQ(pp_tx_arm(e.tx), 0);
	EXPECT_EQ(atomic_load(&pull.calls), 0);
	EXPECT_EQ(asyncing_withdraw(&pull), 0);
	EXPECT_EQ(ends_stats(&e).pushed, 0);
	ends_let_go(&e);
}

Test(async_meets, a_pull_that_waits_is_nobody_for_a_try_to_meet)
{
	for_each_kind(0, is_not_there);
}

/* Told, and gone: who waits to push is still there, whole. */
static void leaves_it(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	struct asyncing pull;
	struct call call;
	uint64_t item = 0;

	asyncing_init(&pull, &e, false, 0);
	asyncing_waits(&pull);
	call_push(&call, &e, FOREVER, 6);
	AWAIT(atomic_load(&pull.calls) == 1);
	ends_await_parked(&e, 1, 0);
	EXPECT_EQ(asyncing_withdraw(&pull), 0);
	asyncing_over(&pull);
	EXPECT(!atomic_load(&call.returned));
	EXPECT_EQ(pp_try_pull(e.rx, &item), 0);
	EXPECT_EQ(item, 6);
	EXPECT_EQ(call_join(&call), 0);
	ends_let_go(&e);
}

Test(async_meets, a_pull_that_withdraws_leaves_the_item_to_the_next)
{
	for_each_kind(0, leaves_it);
}

/* ---- First come, first served ------------------------------------------------------ */

static void in_order(void)
{
	struct ends e = ends_open(PP_MPMC, 0);
	struct asyncing first, third, gone, last;
	struct selecting fourth;
	struct call second;
	uint64_t item;

	asyncing_init(&first, &e, true, 1);
	asyncing_waits(&first);
	call_push(&second, &e, FOREVER, 2);
	ends_await_parked(&e, 1, 0);
	asyncing_init(&third, &e, true, 3);
	asyncing_waits(&third);
	selecting_init(&fourth);
	selecting_push(&fourth, &e, 4);
	selecting_start(&fourth);
	ends_await_parked(&e, 2, 0);
	asyncing_init(&gone, &e, true, 99);
	asyncing_waits(&gone);
	asyncing_init(&last, &e, true, 5);
	asyncing_waits(&last);
	asyncing_waits(&first); /* to come early is no place lost */
	EXPECT_EQ(asyncing_withdraw(&gone), 0);
	for (uint64_t i = 1; i <= 5; i++) {
		EXPECT_EQ(pp_pull(e.rx, &item), 0);
		EXPECT_EQ(item, i);
	}
	asyncing_gives(&first, 0);
	EXPECT_EQ(call_join(&second), 0);
	asyncing_gives(&third, 0);
	selecting_gives(&fourth, 0, 0);
	asyncing_gives(&last, 0);
	ends_let_go(&e);
}

Test(async_meets, all_who_wait_to_push_are_served_in_the_order_in_which_they_came)
{
	for (int round = 0; round < 10; round++)
		in_order();
}

/* Each pull takes the oldest, whoever was called first. */
static void pulls_in_order(void)
{
	struct ends e = ends_open(PP_MPMC, 0);
	struct asyncing pull[3], push[3];

	for (size_t i = 0; i < 3; i++) {
		asyncing_init(&pull[i], &e, false, 0);
		asyncing_waits(&pull[i]);
	}
	for (size_t i = 0; i < 3; i++) {
		asyncing_init(&push[i], &e, true, i);
		asyncing_waits(&push[i]);
	}
	for (size_t i = 0; i < 3; i++) {
		struct asyncing *p = &pull[2 - i];

		asyncing_told(p, 1); /* one call for each who came */
		asyncing_gives(p, 0);
		EXPECT_EQ(p->item, i);
		asyncing_gives(&push[i], 0);
	}
	ends_let_go(&e);
}

Test(async_meets, as_many_pulls_are_called_as_pushers_came)
{
	pulls_in_order();
}

/* ---- Both sides without a thread --------------------------------------------------- */

static void stream_alone(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	struct asyncing push, pull;

	asyncing_init(&push, &e, true, 0);
	asyncing_init(&pull, &e, false, 0);
	for (uint64_t pushed = 0, pulled = 0; pulled < 200;) {
		int r = asyncing_call(&push);

		EXPECT(r == 0 || r == -EAGAIN);
		if (r == 0)
			push.item = ++pushed;
		r = asyncing_call(&pull);
		EXPECT(r == 0 || r == -EAGAIN);
		if (r == 0)
			EXPECT_EQ(pull.item, pulled++);
	}
	if (push.op)
		(void)asyncing_withdraw(&push);
	if (pull.op)
		(void)asyncing_withdraw(&pull);
	asyncing_over(&push);
	asyncing_over(&pull);
	ends_let_go(&e);
}

Test(async_meets, one_thread_streams_to_itself)
{
	static const size_t capacities[] = { 0, 1, 3 };

	for (size_t i = 0; i < ARRAY_LEN(capacities); i++)
		for_each_kind(capacities[i], stream_alone);
}
