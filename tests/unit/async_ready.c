/* SPDX-License-Identifier: MIT */
/* Operations that wait without a thread: what `ready` may do, and what may be gone afterwards. */
#include "async_ops.h"

#include <stdlib.h>

SUITE(async_ready);

/* ---- `ready` uses the ring --------------------------------------------------------- */

/* It goes ahead in the call, and the operation has ended when the event's maker returns. */
static void come_at_once(struct asyncing *a)
{
	*(int *)a->with = asyncing_call(a);
}

static void inline_call(struct ends *e, bool push)
{
	struct bringing b;
	struct asyncing a;
	int result = 1;

	asyncing_init(&a, e, push, PUSHED);
	a.then = come_at_once;
	a.with = &result;
	asyncing_waits(&a);
	bring(&b, e, push);
	EXPECT_EQ(result, 0);
	EXPECT_EQ(a.item, push ? PUSHED : BROUGHT);
	asyncing_over(&a);
	brought(&b);
}

Test(async_ready, it_may_make_the_same_call_again)
{
	for_each_async(0, inline_call);
}

static void inline_end(struct ends *e, bool push)
{
	struct asyncing a[4];
	int results[4] = { 1, 1, 1, 1 };
	size_t n = pp_tx_kind(e->tx) == PP_SPSC ? 1 : 4;

	for (size_t i = 0; i < n; i++) {
		asyncing_init(&a[i], e, push, PUSHED);
		a[i].then = come_at_once;
		a[i].with = &results[i];
		asyncing_waits(&a[i]);
	}
	EXPECT_EQ(pp_close(e->tx), 0);
	for (size_t i = 0; i < n; i++) {
		EXPECT_EQ(results[i], push ? -ESHUTDOWN : -EPIPE);
		asyncing_over(&a[i]);
	}
}

Test(async_ready, also_at_the_end_of_the_ring)
{
	for_each_async(0, inline_end);
}

/* Every kind of call on the ring that it is called for. */
static void use_ring(struct asyncing *a)
{
	const struct ends *e = &a->e;
	uint64_t item = 11, pulled = 0;
	pp_case cases[] = { pull_case(e, &pulled), push_case(e, &item) };
	struct asyncing other;

	(void)pp_tx_arm(e->tx);
	(void)pp_rx_arm(e->rx);
	(void)pp_tx_depth(e->tx);
	(void)ends_stats(e);
	(void)pp_dump(-1);
	if (pp_tx_kind(e->tx) == PP_MPMC) {
		asyncing_init(&other, e, a->push, 12);
		if (asyncing_call(&other) == -EAGAIN)
			(void)asyncing_withdraw(&other);
		asyncing_over(&other);
	}
	if (pp_select(cases, 2, PP_ORDERED, 0) < 0 && pp_try_pull(e->rx, &pulled) < 0)
		(void)pp_try_push(e->tx, &item);
	(void)pp_tx_ref(e->tx);
	pp_tx_unref(e->tx);
	atomic_fetch_add((atomic_int *)a->with, 1);
}

static void uses_ring(struct ends *e, bool push)
{
	atomic_int used = 0;
	struct asyncing a;
	struct bringing b;

	asyncing_init(&a, e, push, PUSHED);
	a.then = use_ring;
	a.with = &used;
	asyncing_waits(&a);
	bring(&b, e, push);
	EXPECT(atomic_load(&used) >= 1);
	if (a.op && asyncing_call(&a) == -EAGAIN)
		(void)asyncing_withdraw(&a);
	asyncing_over(&a);
	if (b.waits && b.pusher.op && asyncing_call(&b.pusher) == -EAGAIN)
		(void)asyncing_withdraw(&b.pusher);
}

Test(async_ready, it_may_use_the_ring_in_every_other_way)
{
	for_each_async(0, uses_ring);
}

/* ---- `ready` and the other operations ---------------------------------------------- */

static void withdraw_other(struct asyncing *a)
{
	struct asyncing *other = a->with;

	if (other->op)
		EXPECT_EQ(asyncing_withdraw(other), 0);
}

/* `end`: both are to be called. */
static void withdraws(struct ends *e, bool push, bool end)
{
	struct asyncing pair[2];
	struct bringing b = { .waits = false };

	for (size_t i = 0; i < 2; i++) {
		asyncing_init(&pair[i], e, push, PUSHED);
		pair[i].then = withdraw_other;
		pair[i].with = &pair[1 - i];
		asyncing_waits(&pair[i]);
	}
	if (end)
		EXPECT_EQ(pp_close(e->tx), 0);
	else
		bring(&b, e, push);
	EXPECT_EQ(atomic_load(&pair[0].calls) + atomic_load(&pair[1].calls), 1);
	for (size_t i = 0; i < 2; i++) {
		EXPECT(!pair[i].op == (atomic_load(&pair[i].calls) == 0));
		if (pair[i].op)
			asyncing_gives(&pair[i], !end ? 0 : push ? -ESHUTDOWN : -EPIPE);
		asyncing_over(&pair[i]);
	}
	brought(&b);
}

static void withdraws_other(struct ends *e, bool push)
{
	struct ends more = ends_open(PP_MPMC, pp_tx_capacity(e->tx));

	ends_fill(&more, 0, push ? pp_tx_capacity(e->tx) : 0);
	withdraws(e, push, false);
	withdraws(&more, push, true);
	ends_let_go(&more);
}

Test(async_ready, it_may_withdraw_another_operation_of_the_ring)
{
	for_each_shared(0, withdraws_other);
}

/* In the call itself: a push tells a pull that waits, which takes the item of the push before that
 * has returned. */
static void in_the_call(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	struct asyncing push, pull;
	int result = 1;

	asyncing_init(&pull, &e, false, 0);
	pull.then = come_at_once;
	pull.with = &result;
	asyncing_waits(&pull);
	asyncing_init(&push, &e, true, 41);
	EXPECT_EQ(asyncing_call(&push), -EAGAIN);
	EXPECT_EQ(result, 0);
	EXPECT_EQ(pull.item, 41);
	asyncing_told(&push, 1);
	asyncing_gives(&push, 0);
	asyncing_over(&pull);
	ends_let_go(&e);
}

Test(async_ready, it_may_serve_the_call_that_calls_it)
{
	for_each_kind(0, in_the_call);
}

/* ---- Gone afterwards --------------------------------------------------------------- */

static void last_refs(struct ends *e, bool push)
{
	struct bringing b;
	struct asyncing a;

	asyncing_init(&a, e, push, PUSHED);
	asyncing_waits(&a);
	if (push) { /* it ends as the other side goes, and this side goes with it */
		pp_rx_unref(e->rx);
		asyncing_gives(&a, -EPIPE);
		pp_tx_unref(e->tx);
	} else {
		bring(&b, e, push);
		asyncing_gives(&a, 0);
		brought(&b);
		pp_tx_unref(e->tx);
		pp_rx_unref(e->rx);
	}
	*e = (struct ends){ NULL, NULL };
}

Test(async_ready, the_ring_may_go_as_soon_as_the_operation_has_ended)
{
	for_each_async(0, last_refs);
}

/* All that is left of the ring goes in `ready`, in a call that the main thread makes to let go. */
static void leave(struct asyncing *a)
{
	int result = asyncing_call(a);

	if (a->push)
		pp_tx_unref(a->e.tx);
	else
		pp_rx_unref(a->e.rx);
	*(int *)a->with = result;
}

static void leaves(struct ends *e, bool push)
{
	struct asyncing a;
	int result = 1;

	asyncing_init(&a, e, push, PUSHED);
	a.then = leave;
	a.with = &result;
	asyncing_waits(&a);
	if (push)
		pp_rx_unref(e->rx);
	else
		pp_tx_unref(e->tx);
	EXPECT_EQ(result, -EPIPE);
	asyncing_over(&a);
	*e = (struct ends){ NULL, NULL };
}

/* The same in an operation of the other side, which has its own reference. */
static void leaves_in_a_call(struct ends *e, bool push)
{
	uint64_t item = BROUGHT;
	struct asyncing a;
	int result = 1;

	if (!push && pp_tx_capacity(e->tx) == 0)
		return; /* a thread that waits would be the one to go on */
	asyncing_init(&a, e, push, PUSHED);
	a.then = leave;
	a.with = &result;
	asyncing_waits(&a);
	EXPECT_EQ(push ? pp_try_pull(e->rx, &item) : pp_try_push(e->tx, &item), 0);
	EXPECT_EQ(result, 0);
	asyncing_over(&a);
	if (push)
		e->tx = NULL;
	else
		e->rx = NULL;
}

Test(async_ready, it_may_let_go_of_its_own_end)
{
	for_each_async(0, leaves);
	for_each_async(0, leaves_in_a_call);
}

/* ---- Cancel and drop --------------------------------------------------------------- */

struct dropping {
	struct ends     e;
	struct asyncing push;
	unsigned        dropped;
	bool            leaves;
};

/* Withdraws the push that waits, and lets go of everything, the reference that is being cancelled
 * with among it. */
static void drop(void *item, void *context)
{
	struct dropping *d = context;

	(void)item;
	d->dropped++;
	if (d->dropped > 1 || !d->leaves)
		return;
	EXPECT_EQ(asyncing_withdraw(&d->push), 0);
	ends_let_go(&d->e);
}

static void cancelled(pp_kind kind, size_t capacity, bool leaves)
{
	struct dropping d = { .leaves = leaves };

	d.e = ends_open_with(&PP_CONFIG(.kind = kind, .capacity = capacity,
					.item_size = sizeof(uint64_t), .drop = drop,
					.drop_context = &d));
	ends_fill(&d.e, 0, capacity);
	asyncing_init(&d.push, &d.e, true, PUSHED);
	asyncing_waits(&d.push);
	EXPECT_EQ(pp_cancel(d.e.rx), 0);
	EXPECT_EQ(d.dropped, capacity);
	EXPECT_EQ(atomic_load(&d.push.calls), 1);
	if (!leaves)
		asyncing_gives(&d.push, -EPIPE);
	asyncing_over(&d.push);
	ends_let_go(&d.e);
}

static void cancelled_twice(pp_kind kind, size_t capacity)
{
	cancelled(kind, capacity, false);
	cancelled(kind, capacity, true);
}

Test(async_ready, a_cancel_drops_the_items_and_calls_who_waits)
{
	for_each_kind(1, cancelled_twice);
	for_each_kind(3, cancelled_twice);
}
