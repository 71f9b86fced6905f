/* SPDX-License-Identifier: MIT */
/* Nobody is woken, and no wake call is made, for nothing: where no item is left for another
 * sleeper, where no event came, and where nobody sleeps. */
#include "alone.h"
#include "selecting.h"

#include "channel.h"

SUITE(wakes_for_nothing);

static atomic_int wake_calls;

static long kernel(long number, const long *a)
{
	atomic_fetch_add(&wake_calls, is_wake(number, a));
	return to_kernel(number, a);
}

KERNEL(kernel);

static void sleeps(struct call *c, const struct ends *e, bool push)
{
	if (push)
		call_push(c, e, FOREVER, 1);
	else
		call_pull(c, e, FOREVER);
	AWAIT(in_futex(atomic_load(&c->tid)));
}

/* What a sleeper of this side waits for. */
static void act(const struct ends *e, bool push)
{
	uint64_t item = 3;

	EXPECT_EQ(push ? pp_try_pull(e->rx, &item) : pp_try_push(e->tx, &item), 0);
}

static uint64_t wakes(const struct ends *e, bool push)
{
	pp_stats stats = ends_stats(e);

	return push ? stats.push_wakes : stats.pull_wakes;
}

/* Of two sleepers the one that was woken takes all there is, and lets the other sleep. */
static void one_for_one(size_t capacity, bool push)
{
	struct ends e = ends_open(PP_MPMC, capacity);
	struct call calls[2];

	if (push)
		ends_fill(&e, 0, capacity);
	sleeps(&calls[0], &e, push);
	sleeps(&calls[1], &e, push);
	ends_await_parked(&e, push ? 2 : 0, push ? 0 : 2);
	for (uint64_t n = 1; n <= ARRAY_LEN(calls); n++) {
		act(&e, push);
		AWAIT(atomic_load(&calls[0].returned) + atomic_load(&calls[1].returned) == (int)n);
		EXPECT_EQ(wakes(&e, push), n);
	}
	EXPECT_EQ(call_join(&calls[0]), 0);
	EXPECT_EQ(call_join(&calls[1]), 0);
	/* Nobody is counted any more: else every operation from now on would look for somebody. */
	EXPECT(ec_alert(&e.rx->end.block->items) < EC_ONE);
	EXPECT(ec_alert(&e.rx->end.block->space) < EC_ONE);
	ends_let_go(&e);
}

Test(wakes_for_nothing, one_item_or_slot_wakes_one_of_two_sleepers)
{
	for (size_t capacity = 1; capacity < 5; capacity++) {
		one_for_one(capacity, false);
		one_for_one(capacity, true);
	}
}

/* It leaves a ring where nothing has happened, and somebody else sleeps. */
static void select_leaves(size_t capacity, bool push)
{
	struct ends e = ends_open(PP_MPMC, capacity), other = ends_open(PP_MPMC, 1);
	struct selecting s;
	struct call call;

	if (push)
		ends_fill(&e, 0, capacity);
	sleeps(&call, &e, push);
	selecting_init(&s);
	selecting_pull(&s, &other);
	if (push)
		selecting_push(&s, &e, 1);
	else
		selecting_pull(&s, &e);
	selecting_sleeps(&s);
	act(&other, false);
	selecting_gives(&s, 0, 0);
	EXPECT_EQ(wakes(&e, push), 0);
	EXPECT(!atomic_load(&call.returned));
	act(&e, push);
	EXPECT_EQ(call_join(&call), 0);
	EXPECT_EQ(wakes(&e, push), 1);
	ends_let_go(&e);
	ends_let_go(&other);
}

Test(wakes_for_nothing, a_select_that_leaves_a_ring_where_nothing_happened_wakes_nobody_there)
{
	for (size_t capacity = 1; capacity < 5; capacity++) {
		select_leaves(capacity, false);
		select_leaves(capacity, true);
	}
}

/* Told is the descriptor, which takes no wake call. */
static void armed(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);

	EXPECT_EQ(pp_rx_arm(e.rx), 0);
	act(&e, false);
	EXPECT(fd_readable(pp_rx_fd(e.rx)));
	ends_fill(&e, 0, capacity - 1);
	EXPECT_EQ(pp_tx_arm(e.tx), 0);
	act(&e, true);
	EXPECT(fd_readable(pp_tx_fd(e.tx)));
	EXPECT_EQ(atomic_load(&wake_calls), 0);
	ends_let_go(&e);
}

Test(wakes_for_nothing, where_nobody_sleeps_no_wake_call_is_made)
{
	for (size_t capacity = 1; capacity < 5; capacity++)
		for_each_kind(capacity, armed);
}
