/* SPDX-License-Identifier: MIT */
/* Operations that wait without a thread: the references of a context, and withdrawing.  Each
 * asyncing_over() checks the sum: a reference for each call of `ready`, and none left. */
#include "async_ops.h"

SUITE(async_refs);

static void sums(const struct asyncing *a, unsigned calls)
{
	asyncing_over(a);
	EXPECT_EQ(atomic_load(&a->calls), calls);
	EXPECT_EQ(atomic_load(&a->given), calls + atomic_load(&a->taken));
}

/* ---- References -------------------------------------------------------------------- */

static void served(struct ends *e, bool push)
{
	struct bringing b;
	struct asyncing a;

	asyncing_init(&a, e, push, PUSHED);
	asyncing_waits(&a);
	EXPECT_EQ(atomic_load(&a.given), 1); /* before it could be called */
	EXPECT_EQ(atomic_load(&a.taken), 0);
	bring(&b, e, push);
	asyncing_told(&a, 1);
	EXPECT_EQ(atomic_load(&a.taken), 0); /* the call has taken it over */
	asyncing_gives(&a, 0);
	sums(&a, 1);
	brought(&b);
}

Test(async_refs, a_reference_goes_to_the_call_that_may_come)
{
	for_each_async(0, served);
}

static void relisted(struct ends *e, bool push)
{
	struct bringing b;
	struct asyncing a;

	if (push && pp_tx_capacity(e->tx) == 0)
		return; /* who comes for it takes it */
	asyncing_init(&a, e, push, PUSHED);
	asyncing_waits(&a);
	for (unsigned round = 1; round < 4; round++) {
		for (unsigned again = 0; again < round; again++)
			asyncing_waits(&a);
		bring(&b, e, push);
		asyncing_told(&a, round);
		bring_back(&b, e, push);
		asyncing_waits(&a); /* one more for the next call */
	}
	EXPECT_EQ(asyncing_withdraw(&a), 0);
	sums(&a, 3);
}

Test(async_refs, who_was_called_and_waits_again_gives_another_one)
{
	for_each_async(0, relisted);
}

/* Each way to leave without a call, from before the first call on. */
static void unserved(struct ends *e, bool push)
{
	struct bringing b;
	struct asyncing a;

	asyncing_init(&a, e, push, PUSHED);
	asyncing_waits(&a);
	EXPECT_EQ(asyncing_withdraw(&a), 0);
	sums(&a, 0);
	EXPECT_EQ(atomic_load(&a.taken), 1);

	asyncing_init(&a, e, push, PUSHED); /* after the call */
	asyncing_waits(&a);
	bring(&b, e, push);
	asyncing_told(&a, 1);
	EXPECT_EQ(asyncing_withdraw(&a), push && pp_tx_capacity(e->tx) == 0);
	sums(&a, 1);
	EXPECT_EQ(atomic_load(&a.taken), 0);
	if (b.waits || pp_tx_capacity(e->tx))
		bring_back(&b, e, push);

	asyncing_init(&a, e, push, PUSHED); /* after the end */
	asyncing_waits(&a);
	EXPECT_EQ(pp_close(e->tx), 0);
	asyncing_told(&a, 1);
	EXPECT_EQ(asyncing_withdraw(&a), 0);
	sums(&a, 1);
}

Test(async_refs, withdrawn_in_time_it_comes_back_and_withdrawn_late_it_does_not)
{
	for_each_async(0, unserved);
}

static void at_the_end(struct ends *e, bool push)
{
	struct asyncing a;

	asyncing_init(&a, e, push, PUSHED);
	asyncing_waits(&a);
	EXPECT_EQ(pp_cancel(e->rx), 0);
	asyncing_told(&a, 1);
	asyncing_gives(&a, push ? -EPIPE : -ESHUTDOWN);
	sums(&a, 1);
	asyncing_gives(&a, push ? -EPIPE : -ESHUTDOWN); /* another one, at once */
	sums(&a, 1);
}

Test(async_refs, at_the_end_of_the_ring_the_sum_is_right)
{
	for_each_async(0, at_the_end);
}

static void at_once(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	struct asyncing a;

	asyncing_init(&a, &e, true, 1);
	asyncing_gives(&a, 0);
	sums(&a, 0);
	asyncing_init(&a, &e, false, 0);
	asyncing_gives(&a, 0);
	sums(&a, 0);
	ends_let_go(&e);
}

/* It waits in the line, is told that it is its turn, and is served. */
static void at_once_when_they_meet(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	struct asyncing push, pull;

	asyncing_init(&push, &e, true, 1);
	asyncing_waits(&push);
	asyncing_init(&pull, &e, false, 0);
	asyncing_gives(&pull, 0);
	sums(&pull, 0);
	asyncing_gives(&push, 0);
	sums(&push, 1);
	ends_let_go(&e);
}

Test(async_refs, what_is_done_at_once_keeps_none)
{
	for_each_kind(1, at_once);
	for_each_kind(3, at_once);
	for_each_kind(0, at_once_when_they_meet);
}

static void uncounted(struct ends *e, bool push)
{
	struct bringing b;
	struct asyncing a;

	asyncing_init(&a, e, push, PUSHED);
	a.uncounted = true;
	asyncing_waits(&a);
	asyncing_waits(&a);
	EXPECT_EQ(asyncing_withdraw(&a), 0);
	asyncing_waits(&a);
	bring(&b, e, push);
	asyncing_told(&a, 1);
	asyncing_gives(&a, 0);
	brought(&b);
}

Test(async_refs, a_context_need_not_be_counted)
{
	for_each_async(0, uncounted);
}

/* ---- Withdrawn --------------------------------------------------------------------- */

static void not_called(struct ends *e, bool push)
{
	struct bringing b;
	struct asyncing a;
	uint64_t item = 0;

	asyncing_init(&a, e, push, PUSHED);
	asyncing_waits(&a);
	EXPECT_EQ(asyncing_withdraw(&a), 0);
	if (push && pp_tx_capacity(e->tx) == 0) {
		EXPECT_EQ(pp_try_pull(e->rx, &item), -EAGAIN); /* not there any more */
	} else {
		bring(&b, e, push);
		EXPECT_EQ(atomic_load(&a.calls), 0);
		EXPECT_EQ(push ? pp_try_push(e->tx, &item) : pp_try_pull(e->rx, &item), 0);
		brought(&b); /* to another one */
	}
	EXPECT_EQ(pp_close(e->tx), 0);
	EXPECT_EQ(atomic_load(&a.calls), 0);
}

Test(async_refs, who_has_withdrawn_is_not_called_and_takes_nothing)
{
	for_each_async(0, not_called);
}

static void ignore(void *context)
{
	(void)context;
}

static void twice(struct ends *e, bool push)
{
	uint64_t item = UNTOUCHED;
	pp_async op = PP_ASYNC(.ready = ignore);

	for (int i = 0; i < 3; i++) { /* also before it began */
		EXPECT_EQ(push ? pp_push_withdraw(e->tx, &op) : pp_pull_withdraw(e->rx, &op), 0);
		EXPECT_EQ(push ? pp_push_withdraw(e->tx, &op) : pp_pull_withdraw(e->rx, &op), 0);
		EXPECT_EQ(push ? pp_push_async(e->tx, &item, &op) :
				 pp_pull_async(e->rx, &item, &op), -EAGAIN);
	}
	EXPECT_EQ(pp_close(e->tx), 0);
	EXPECT_EQ(push ? pp_push_async(e->tx, &item, &op) : pp_pull_async(e->rx, &item, &op),
		  push ? -ESHUTDOWN : -EPIPE);
	EXPECT_EQ(push ? pp_push_withdraw(e->tx, &op) : pp_pull_withdraw(e->rx, &op), 0);
	EXPECT_EQ(item, UNTOUCHED);
}

Test(async_refs, what_does_not_wait_is_withdrawn_to_no_effect)
{
	for_each_async(0, twice);
}

static void taken(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	struct asyncing a;
	uint64_t item = 0;

	asyncing_init(&a, &e, true, PUSHED);
	asyncing_waits(&a);
	EXPECT_EQ(pp_try_pull(e.rx, &item), 0);
	EXPECT_EQ(item, PUSHED);
	EXPECT_EQ(asyncing_withdraw(&a), 1);
	sums(&a, 1);
	EXPECT_EQ(ends_stats(&e).pushed, 1);
	ends_let_go(&e);
}

Test(async_refs, at_capacity_0_a_push_whose_item_was_taken_is_withdrawn_with_1)
{
	for_each_kind(0, taken);
}
