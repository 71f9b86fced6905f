/* SPDX-License-Identifier: MIT */
/* Operations that wait without a thread: what they give, and when they are called. */
#include "async_ops.h"

#include <string.h>

SUITE(async);

/* ---- It can go ahead --------------------------------------------------------------- */

static void at_once(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	struct asyncing push, pull;

	for (uint64_t i = 0; i < capacity; i++) {
		asyncing_init(&push, &e, true, i);
		asyncing_gives(&push, 0);
		EXPECT_EQ(pp_tx_depth(e.tx), i + 1);
	}
	for (uint64_t i = 0; i < capacity; i++) {
		asyncing_init(&pull, &e, false, 0);
		asyncing_gives(&pull, 0);
		EXPECT_EQ(pull.item, i);
		EXPECT_EQ(atomic_load(&pull.calls), 0);
	}
	EXPECT_EQ(ends_stats(&e).pushed, capacity);
	EXPECT_EQ(ends_stats(&e).pulled, capacity);
	ends_let_go(&e);
}

Test(async, what_can_go_ahead_is_done_at_once)
{
	for_each_ring(1, at_once);
}

/* ---- It waits ---------------------------------------------------------------------- */

static void called_once(struct ends *e, bool push)
{
	size_t before = pp_tx_depth(e->tx);
	struct bringing b;
	struct asyncing a;

	asyncing_init(&a, e, push, PUSHED);
	asyncing_waits(&a);
	EXPECT_EQ(pp_tx_depth(e->tx), before);
	bring(&b, e, push);
	asyncing_told(&a, 1);
	if (pp_tx_capacity(e->tx)) /* nothing moves but by the call */
		EXPECT_EQ(pp_tx_depth(e->tx), push ? before - 1 : 1);
	asyncing_gives(&a, 0);
	EXPECT_EQ(a.item, push ? PUSHED : BROUGHT);
	brought(&b);
	EXPECT_EQ(atomic_load(&a.calls), 1);
	EXPECT_EQ(pp_tx_depth(e->tx), before);
}

Test(async, what_cannot_waits_is_called_once_and_then_is_done)
{
	for_each_async(0, called_once);
}

static void called_again(struct ends *e, bool push)
{
	struct bringing b;
	struct asyncing a;

	if (push && pp_tx_capacity(e->tx) == 0)
		return; /* who comes for it takes it */
	asyncing_init(&a, e, push, PUSHED);
	asyncing_waits(&a);
	for (unsigned round = 1; round < 4; round++) {
		bring(&b, e, push);
		asyncing_told(&a, round);
		bring_back(&b, e, push); /* another one was faster */
		asyncing_waits(&a);
	}
	bring(&b, e, push);
	asyncing_told(&a, 4);
	asyncing_gives(&a, 0);
	brought(&b);
}

Test(async, called_in_vain_it_waits_again_and_is_called_again)
{
	for_each_async(0, called_again);
}

static void early(struct ends *e, bool push)
{
	struct bringing b;
	struct asyncing a;

	asyncing_init(&a, e, push, PUSHED);
	for (int i = 0; i < 5; i++)
		asyncing_waits(&a);
	bring(&b, e, push);
	asyncing_told(&a, 1);
	asyncing_gives(&a, 0);
	brought(&b);
}

Test(async, to_make_the_call_early_does_no_harm)
{
	for_each_async(0, early);
}

/* Told, and not come for it yet: no more calls. */
static void not_yet(struct ends *e, bool push)
{
	struct asyncing a;

	asyncing_init(&a, e, push, PUSHED);
	asyncing_waits(&a);
	for (size_t i = 0; i < 2; i++) {
		uint64_t item = 0;

		EXPECT_EQ(push ? pp_try_pull(e->rx, &item) : pp_try_push(e->tx, &item), 0);
		asyncing_told(&a, 1);
	}
	EXPECT_EQ(pp_close(e->tx), 0);
	asyncing_told(&a, 1);
	asyncing_gives(&a, push ? -ESHUTDOWN : 0);
}

Test(async, once_called_it_is_not_called_again_before_it_came)
{
	for_each_async(3, not_yet);
}

#define MANY 5

/* As many as the event brings items or slots; those are told that came first. */
static void as_many(bool push)
{
	struct ends e = ends_open(PP_MPMC, MANY);
	struct asyncing a[MANY];
	uint64_t items[MANY] = { 0 };
	unsigned calls = 0;

	ends_fill(&e, 0, push ? MANY : 0);
	for (size_t i = 0; i < MANY; i++) {
		asyncing_init(&a[i], &e, push, PUSHED + i);
		asyncing_waits(&a[i]);
	}
	EXPECT_EQ(push ? pp_try_pull_n(e.rx, items, 3) : pp_try_push_n(e.tx, items, 3), 3);
	for (size_t i = 0; i < MANY; i++)
		calls += atomic_load(&a[i].calls);
	EXPECT_EQ(calls, 3);
	EXPECT_EQ(push ? pp_try_pull_n(e.rx, items, 2) : pp_try_push_n(e.tx, items, 2), 2);
	for (size_t i = 0; i < MANY; i++) {
		asyncing_told(&a[i], 1);
		asyncing_gives(&a[i], 0);
	}
	ends_let_go(&e);
}

Test(async, an_event_calls_as_many_as_it_brings_items_or_slots)
{
	as_many(false);
	as_many(true);
}

/* ---- The end of the ring ----------------------------------------------------------- */

enum ended { BY_CLOSE, BY_CANCEL, BY_BOTH, BY_LAST_REF, ENDINGS };

static int end_of(struct ends *e, bool push, enum ended how)
{
	if (how == BY_LAST_REF) {
		if (push)
			pp_rx_unref(e->rx), e->rx = NULL;
		else
			pp_tx_unref(e->tx), e->tx = NULL;
		return -EPIPE;
	}
	if (how != BY_CANCEL)
		EXPECT_EQ(pp_close(e->tx), 0);
	if (how != BY_CLOSE)
		EXPECT_EQ(pp_cancel(e->rx), 0);
	return how == BY_BOTH || push == (how == BY_CLOSE) ? -ESHUTDOWN : -EPIPE;
}

static void ended(struct ends *e, bool push)
{
	size_t n = pp_tx_kind(e->tx) == PP_SPSC ? 1 : MANY, capacity = pp_tx_capacity(e->tx);
	pp_kind kind = pp_tx_kind(e->tx);

	for (enum ended how = 0; how < ENDINGS; how++) {
		struct ends other = ends_open(kind, capacity);
		struct asyncing a[MANY], late;
		int gives;

		ends_fill(&other, 0, push ? capacity : 0);
		for (size_t i = 0; i < n; i++) {
			asyncing_init(&a[i], &other, push, PUSHED);
			asyncing_waits(&a[i]);
		}
		gives = end_of(&other, push, how);
		for (size_t i = 0; i < n; i++)
			asyncing_told(&a[i], 1);
		for (size_t i = 0; i < n; i++)
			asyncing_gives(&a[i], gives);
		asyncing_init(&late, &other, push, PUSHED);
		asyncing_gives(&late, gives);
		EXPECT_EQ(atomic_load(&late.calls), 0);
		ends_let_go(&other);
	}
}

Test(async, the_end_of_the_ring_calls_everyone_and_gives_what_the_plain_operation_gives)
{
	for_each_async(0, ended);
}

/* Told of the close, it still pulls what is there first; an end beside an item is no event lost. */
static void drained_first(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	struct asyncing a;

	asyncing_init(&a, &e, false, 0);
	asyncing_waits(&a);
	ends_fill(&e, 3, 1);
	EXPECT_EQ(pp_close(e.tx), 0);
	asyncing_told(&a, 1);
	asyncing_gives(&a, 0);
	EXPECT_EQ(a.item, 3);
	asyncing_gives(&a, -EPIPE);
	ends_let_go(&e);
}

Test(async, a_pull_drains_a_closed_ring_before_it_gives_the_end)
{
	for_each_ring(1, drained_first);
}

/* ---- Wrong arguments --------------------------------------------------------------- */

static void nothing(void *context)
{
	(void)context;
}

/* On a ring where it would otherwise be done. */
static void refuses(const struct ends *e, const pp_async *like)
{
	pp_async op = *like;
	uint64_t item = UNTOUCHED;

	EXPECT_EQ(pp_push_async(e->tx, &item, &op), -EINVAL);
	EXPECT_EQ(pp_pull_async(e->rx, &item, &op), -EINVAL);
	EXPECT_EQ(pp_push_withdraw(e->tx, &op), -EINVAL);
	EXPECT_EQ(pp_pull_withdraw(e->rx, &op), -EINVAL);
	EXPECT_EQ(item, UNTOUCHED);
	EXPECT_EQ(memcmp(&op, like, sizeof(op)), 0);
}

static void wrong(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	pp_async good = PP_ASYNC(.ready = nothing);
	uint64_t item = UNTOUCHED;

	for (int closed = 0; closed < 2; closed++) { /* -EINVAL comes before the end */
		ends_fill(&e, 0, capacity && !closed);
		EXPECT_EQ(pp_push_async(NULL, &item, &good), -EINVAL);
		EXPECT_EQ(pp_push_async(e.tx, NULL, &good), -EINVAL);
		EXPECT_EQ(pp_push_async(e.tx, &item, NULL), -EINVAL);
		EXPECT_EQ(pp_pull_async(NULL, &item, &good), -EINVAL);
		EXPECT_EQ(pp_pull_async(e.rx, NULL, &good), -EINVAL);
		EXPECT_EQ(pp_pull_async(e.rx, &item, NULL), -EINVAL);
		EXPECT_EQ(pp_push_withdraw(NULL, &good), -EINVAL);
		EXPECT_EQ(pp_push_withdraw(e.tx, NULL), -EINVAL);
		EXPECT_EQ(pp_pull_withdraw(NULL, &good), -EINVAL);
		EXPECT_EQ(pp_pull_withdraw(e.rx, NULL), -EINVAL);
		refuses(&e, &PP_ASYNC(.ready = NULL));
		refuses(&e, &PP_ASYNC(.ready = nothing, .flags = 1));
		refuses(&e, &PP_ASYNC(.ready = nothing, .flags = 1u << 31));
		refuses(&e, &PP_ASYNC(.ready = nothing, .ref = nothing));
		refuses(&e, &PP_ASYNC(.ready = nothing, .unref = nothing));
		EXPECT_EQ(item, UNTOUCHED);
		EXPECT_EQ(pp_tx_depth(e.tx), capacity ? 1 : 0);
		EXPECT_EQ(pp_close(e.tx), 0);
	}
	ends_let_go(&e);
}

Test(async, a_wrong_argument_gives_einval_and_changes_nothing)
{
	for_each_kind(0, wrong);
	for_each_kind(1, wrong);
	for_each_kind(3, wrong);
}

/* ---- PP_SPSC with a slot open ------------------------------------------------------ */

static void finish_slot(const struct ends *e, void *slot, bool push)
{
	EXPECT_EQ(push ? slot_commit(e, slot, 1) : pp_pull_commit(e->rx, slot), 0);
}

static void slot_open(struct ends *e, bool push)
{
	struct asyncing a, told;
	struct bringing b;
	void *slot;

	if (pp_tx_kind(e->tx) != PP_SPSC)
		return;
	asyncing_init(&told, e, push, PUSHED);
	asyncing_waits(&told);
	bring(&b, e, push);
	slot = push ? slot_push(e) : slot_pull(e); /* instead of coming for it */
	asyncing_init(&a, e, push, PUSHED);
	asyncing_gives(&a, -EBUSY);
	asyncing_gives(&told, -EBUSY);
	finish_slot(e, slot, push);
	EXPECT_EQ(atomic_load(&told.calls), 1);
	asyncing_waits(&a); /* as if it had not been tried */
	bring(&b, e, push);
	asyncing_gives(&a, 0);
}

Test(async, with_a_slot_of_the_end_open_it_gives_ebusy_and_has_ended)
{
	for_each_async(1, slot_open);
}

/* ---- errno ------------------------------------------------------------------------- */

static void keeps_errno(struct ends *e, bool push)
{
	struct asyncing a, other;
	struct bringing b;

	errno = 77;
	asyncing_init(&a, e, push, PUSHED);
	asyncing_waits(&a);
	bring(&b, e, push);
	asyncing_gives(&a, 0);
	brought(&b);
	asyncing_init(&other, e, push, PUSHED);
	asyncing_waits(&other);
	EXPECT_EQ(asyncing_withdraw(&other), 0);
	EXPECT_EQ(pp_push_async(NULL, NULL, NULL), -EINVAL);
	EXPECT_EQ(pp_close(e->tx), 0);
	asyncing_init(&a, e, true, PUSHED);
	asyncing_gives(&a, -ESHUTDOWN);
	EXPECT_EQ(errno, 77);
}

Test(async, errno_is_not_touched)
{
	for_each_async(0, keeps_errno);
}
