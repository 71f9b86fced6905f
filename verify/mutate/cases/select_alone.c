/* SPDX-License-Identifier: MIT */
/* A select and what happens while it looks, spins, sleeps and wakes, all in one thread: the test's
 * hooks are called in the middle of the select. */
#include "alone.h"

#include <sched.h>

SUITE(select_alone);

static const struct ends *ring;

static void act(bool push)
{
	uint64_t item = 7;

	EXPECT_EQ(push ? pp_try_push(ring->tx, &item) : pp_try_pull(ring->rx, &item), 0);
}

/* ---- The kernel ------------------------------------------------------------------------ */

static unsigned sleeps, yields;
static int sleep_gives; /* what ends the first sleep; the second is ended by an item */

static void (*asleep)(void); /* what happens while it sleeps, once */

static long kernel(long number, const long *a)
{
	if (asleep && is_wait(number, a)) {
		void (*what)(void) = asleep;

		asleep = NULL;
		what();
		return to_kernel(number, a);
	}
	if (!sleep_gives || !is_wait(number, a))
		return to_kernel(number, a);
	if (sleeps++) {
		act(true);
		return 0;
	}
	errno = sleep_gives;
	return -1;
}

KERNEL(kernel);

/* The first gives what the select waits for. */
int sched_yield(void)
{
	if (yields++ == 0)
		act(true);
	return 0;
}

/* ---- What happens at a point ----------------------------------------------------------- */

static void at_ring(enum pp_stall_point where, const struct ends *e, void (*what)(void))
{
	ring = e;
	at(where, what);
}

static void item_comes(void)
{
	act(true);
}

static void slot_comes(void)
{
	act(false);
}

static void item_comes_and_goes(void)
{
	act(true);
	act(false);
}

static struct ends open_with(pp_kind kind, size_t capacity, int64_t spin_ns)
{
	return ends_open_with(&PP_CONFIG(.kind = kind, .capacity = capacity, .item_size = 8,
					 .flags = PP_INTERRUPTIBLE, .spin_ns = spin_ns));
}

static int select_pulls(const struct ends *e, const struct ends *other, unsigned flags,
			pp_time deadline)
{
	static uint64_t items[2];
	pp_case cases[2] = { { .rx = e->rx, .item = &items[0] } };

	if (other)
		cases[1] = (pp_case){ .rx = other->rx, .item = &items[1] };
	return pp_select(cases, other ? 2 : 1, flags, deadline);
}

/* ---- One call -------------------------------------------------------------------------- */

static void counts_waits(pp_kind kind, size_t capacity)
{
	struct ends e = open_with(kind, capacity, PP_SPIN_NONE);
	struct ends other = open_with(kind, capacity, PP_SPIN_NONE);
	uint64_t item = 7;
	pp_case push = { .tx = e.tx, .item = &item };

	at_ring(PP_AT_wait_sleeping, &e, item_comes);
	EXPECT_EQ(select_pulls(&e, &other, 0, PP_FOREVER), 0);
	EXPECT_EQ(met, 1);
	EXPECT_EQ(ends_stats(&e).pull_empty, 1);
	EXPECT_EQ(ends_stats(&other).pull_empty, 1);
	ends_fill(&e, 0, capacity);
	at_ring(PP_AT_wait_sleeping, &e, slot_comes);
	EXPECT_EQ(pp_select(&push, 1, 0, PP_FOREVER), 0);
	EXPECT_EQ(met, 1);
	EXPECT_EQ(ends_stats(&e).push_full, 1);
	ends_let_go(&e);
	ends_let_go(&other);
}

static void counts_late(pp_kind kind, size_t capacity)
{
	struct ends e = open_with(kind, capacity, PP_SPIN_NONE);
	uint64_t item = 7;
	pp_case push = { .tx = e.tx, .item = &item };

	EXPECT_EQ(select_pulls(&e, NULL, 0, 0), -ETIMEDOUT);
	EXPECT_EQ(ends_stats(&e).pull_empty, 1);
	ends_fill(&e, 0, capacity);
	EXPECT_EQ(pp_select(&push, 1, 0, 0), -ETIMEDOUT);
	EXPECT_EQ(ends_stats(&e).push_full, 1);
	ends_let_go(&e);
}

Test(select_alone, a_select_that_finds_nothing_counts_as_one_call)
{
	for_each_ring(0, counts_waits);
	for_each_ring(0, counts_late);
}

static void end_comes(void)
{
	EXPECT_EQ(pp_close(ring->tx), 0);
}

static void counts_wakes(pp_kind kind, size_t capacity)
{
	struct ends e = open_with(kind, capacity, PP_SPIN_NONE);

	ring = &e;
	asleep = item_comes;
	EXPECT_EQ(select_pulls(&e, NULL, 0, PP_FOREVER), 0);
	EXPECT_EQ(ends_stats(&e).pull_wakes, 1);
	asleep = end_comes;
	EXPECT_EQ(select_pulls(&e, NULL, 0, PP_FOREVER), 0);
	EXPECT_EQ(ends_stats(&e).pull_wakes, 2);
	EXPECT_EQ(ends_stats(&e).push_wakes, 0);
	ends_let_go(&e);
}

Test(select_alone, to_wake_a_select_is_a_wake_of_the_ring_that_did_it)
{
	for_each_ring(0, counts_wakes);
}

/* ---- A sleep --------------------------------------------------------------------------- */

static void dozes_and_item_comes(void)
{
	doze();
	act(true);
}

static void sleep_is_counted(pp_kind kind, size_t capacity)
{
	struct ends e = open_with(kind, capacity, PP_SPIN_NONE);
	struct ends other = open_with(kind, capacity, PP_SPIN_NONE);

	for (uint64_t i = 0; i < 3; i++) {
		uint64_t before = ends_stats(&other).pull_blocked_ns;

		at_ring(PP_AT_wait_sleeping, &e, dozes_and_item_comes);
		EXPECT_EQ(select_pulls(&e, &other, 0, PP_FOREVER), 0);
		EXPECT_EQ(ends_stats(&e).pull_parks, i + 1);
		EXPECT_EQ(ends_stats(&other).pull_parks, i + 1);
		EXPECT(ends_stats(&other).pull_blocked_ns > before);
		EXPECT_EQ(ends_stats(&other).pullers_parked, 0);
	}
	ends_let_go(&e);
	ends_let_go(&other);
}

Test(select_alone, each_ring_counts_a_sleep_once_and_how_long_it_was)
{
	for (size_t capacity = 1; capacity < 5; capacity++)
		for_each_kind(capacity, sleep_is_counted);
}

/* ---- Spinning -------------------------------------------------------------------------- */

static void spins(pp_kind kind, size_t capacity)
{
	struct ends e = open_with(kind, capacity, INT64_MAX);
	struct ends other = open_with(kind, capacity, PP_SPIN_NONE);

	yields = 0;
	at_ring(PP_AT_wait_sleeping, &e, item_comes);
	EXPECT_EQ(select_pulls(&e, &other, 0, PP_FOREVER), 0);
	EXPECT_EQ(yields, 1);
	EXPECT_EQ(ends_stats(&e).pull_parks, 0);
	ends_let_go(&e);
	ends_let_go(&other);
}

Test(select_alone, it_spins_as_its_first_ring_is_told_to)
{
	for_each_ring(1, spins);
}

/* ---- A sleep that ends by itself ------------------------------------------------------- */

/* When it wakes an item has come, and is gone again: it looks, and then the signal counts. */
static void comes_and_goes(pp_kind kind, size_t capacity, int why)
{
	struct ends e = open_with(kind, capacity, PP_SPIN_NONE);

	sleeps = 0;
	sleep_gives = why;
	at_ring(PP_AT_wait_woken, &e, item_comes_and_goes);
	EXPECT_EQ(select_pulls(&e, NULL, 0, pp_in(60 * PP_SEC)), -why);
	EXPECT_EQ(met, 1);
	EXPECT_EQ(sleeps, 1);
	sleep_gives = 0;
	ends_let_go(&e);
}

static void by_itself(pp_kind kind, size_t capacity)
{
	comes_and_goes(kind, capacity, EINTR);
	comes_and_goes(kind, capacity, ETIMEDOUT);
}

Test(select_alone, a_signal_or_deadline_ends_it_though_it_was_told_of_what_is_gone)
{
	for_each_ring(1, by_itself);
}

/* ---- Past its deadline ----------------------------------------------------------------- */

/* Behind its look at the first ring, at its look at the second one. */
static void moves(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity), meets = ends_open(PP_MPMC, 0);

	at_ring(PP_AT_meet_locked, &e, item_comes);
	EXPECT_EQ(select_pulls(&e, &meets, PP_ORDERED, 0), 0);
	EXPECT_EQ(met, 1);
	at_ring(PP_AT_meet_locked, &e, item_comes_and_goes);
	EXPECT_EQ(select_pulls(&e, &meets, PP_ORDERED, 0), -ETIMEDOUT);
	EXPECT_EQ(met, 2);
	ends_let_go(&e);
	ends_let_go(&meets);
}

Test(select_alone, past_its_deadline_it_looks_again_where_anything_has_moved_meanwhile)
{
	for_each_ring(1, moves);
}

Test(select_alone, of_no_case_at_all_it_waits_until_the_deadline)
{
	EXPECT_EQ(pp_select(NULL, 0, 0, 0), -ETIMEDOUT);
	EXPECT_EQ(pp_select(NULL, 0, 0, pp_in(PP_MS)), -ETIMEDOUT);
	EXPECT_EQ(pp_select(NULL, 0, PP_ORDERED, pp_in(PP_MS)), -ETIMEDOUT);
	EXPECT_EQ(pp_select(NULL, 0, 0, PP_FOREVER), -EINVAL);
}
