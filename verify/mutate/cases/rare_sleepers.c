/* SPDX-License-Identifier: MIT */
/* When a wait makes the heavy fence: where sleepers are rare.  The first wait of a ring does; those
 * that follow make none, and none is needed, as whoever looks for sleepers makes a fence; and
 * after sixteen looks in a row that found nobody the next wait makes one again.  A wait that skips
 * it then may sleep beside an item, on a machine whose stores take their time. */
#include "alone.h"

#include "channel.h"

SUITE(rare_sleepers);

#define EXPEDITED (1 << 3) /* membarrier(2) */
#define IN_A_ROW 16

static unsigned heavy_fences;

/* Says that the kernel has membarrier, so that the ring is no fenced one; one thread needs none. */
static long kernel(long number, const long *a)
{
	if (number != SYS_membarrier)
		return to_kernel(number, a);
	heavy_fences += a[0] == EXPEDITED;
	return 0;
}

KERNEL(kernel);

/* ---- What happens while the one thread is about to sleep ------------------------------- */

static const struct ends *ring;
static int looks; /* before an item comes */

/* As many looks of a pusher that find nobody, if nobody is there. */
static void look_in_vain(const struct ends *e, int n)
{
	for (int i = 0; i < n; i++) {
		ends_fill(e, 5, 1);
		ends_drain(e, 5, 1);
	}
}

static void item_comes(void)
{
	look_in_vain(ring, looks);
	ends_fill(ring, 7, 1);
}

static void comes_at(enum pp_stall_point where, const struct ends *e, int n)
{
	ring = e;
	looks = n;
	at(where, item_comes);
}

/* It announces itself, and then an item comes. */
static void waits_once(const struct ends *e, int n)
{
	uint64_t item = 0;

	comes_at(PP_AT_wait_announced, e, n);
	EXPECT_EQ(pp_pull(e->rx, &item), 0);
	EXPECT_EQ(item, 7);
	EXPECT_EQ(met, 1);
}

static struct ends open_alone(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open_with(&PP_CONFIG(.kind = kind, .capacity = capacity,
						  .item_size = 8, .spin_ns = PP_SPIN_NONE));

	EXPECT(!e.rx->end.fenced);
	heavy_fences = 0;
	return e;
}

/* ---- A push or a pull ------------------------------------------------------------------ */

static void frequent(pp_kind kind, size_t capacity)
{
	struct ends e = open_alone(kind, capacity);

	for (int i = 0; i < 3 * IN_A_ROW; i++) {
		waits_once(&e, 0);
		look_in_vain(&e, IN_A_ROW - 1);
		EXPECT_EQ(heavy_fences, 1);
	}
	EXPECT_EQ(ends_stats(&e).pull_wakes, 0); /* nobody has slept */
	ends_let_go(&e);
}

Test(rare_sleepers, waits_with_few_looks_in_between_make_one_heavy_fence)
{
	for_each_ring(1, frequent);
}

static void rare(pp_kind kind, size_t capacity)
{
	struct ends e = open_alone(kind, capacity);

	for (unsigned i = 0; i < 4; i++) {
		waits_once(&e, 0);
		EXPECT_EQ(heavy_fences, i + 1);
		look_in_vain(&e, IN_A_ROW);
	}
	ends_let_go(&e);
}

Test(rare_sleepers, after_many_looks_in_vain_a_wait_makes_a_heavy_fence)
{
	for_each_ring(1, rare);
}

/* Who announced itself when sleepers were frequent says nothing about later. */
static void rare_meanwhile(pp_kind kind, size_t capacity)
{
	struct ends e = open_alone(kind, capacity);

	waits_once(&e, 0);
	waits_once(&e, 2 * IN_A_ROW);
	EXPECT_EQ(heavy_fences, 1);
	waits_once(&e, 0);
	EXPECT_EQ(heavy_fences, 2);
	ends_let_go(&e);
}

Test(rare_sleepers, also_where_the_looks_came_while_another_wait_began)
{
	for_each_ring(1, rare_meanwhile);
}

/* ---- A select -------------------------------------------------------------------------- */

static void select_one(struct ends *e, struct ends *other, int n)
{
	uint64_t items[2] = { 0 };
	pp_case cases[2] = { { .rx = e->rx, .item = &items[0] },
			     { .rx = other->rx, .item = &items[1] } };

	comes_at(PP_AT_wait_sleeping, e, n);
	EXPECT_EQ(pp_select(cases, 2, 0, PP_FOREVER), 0);
	EXPECT_EQ(items[0], 7);
	EXPECT_EQ(met, 1);
}

static void selects(pp_kind kind, size_t capacity)
{
	struct ends other = open_alone(kind, capacity), e = open_alone(kind, capacity);

	for (unsigned i = 0; i < 4; i++) {
		select_one(&e, &other, 0);
		EXPECT_EQ(heavy_fences, 1); /* for both rings, and for the look after it was told */
	}
	look_in_vain(&e, IN_A_ROW);
	select_one(&e, &other, 0);
	EXPECT_EQ(heavy_fences, 2);
	waits_once(&e, 0); /* and for who waits there alone */
	waits_once(&other, 0);
	EXPECT_EQ(heavy_fences, 2);
	ends_let_go(&e);
	ends_let_go(&other);
}

Test(rare_sleepers, a_select_makes_one_for_all_its_rings)
{
	for_each_ring(1, selects);
}

static void at_once(pp_kind kind, size_t capacity)
{
	struct ends e = open_alone(kind, capacity), other = open_alone(kind, capacity);
	uint64_t item;
	pp_case cases[2] = { { .rx = e.rx, .item = &item }, { .rx = other.rx, .item = &item } };

	for (uint64_t i = 0; i < 20; i++) {
		ends_fill(&e, i, 1);
		EXPECT_EQ(pp_select(cases, i % 2 + 1, 0, PP_FOREVER), 0);
		EXPECT_EQ(item, i);
	}
	EXPECT_EQ(heavy_fences, 0);
	ends_let_go(&e);
	ends_let_go(&other);
}

Test(rare_sleepers, a_select_that_finds_an_item_at_once_makes_none)
{
	for_each_ring(1, at_once);
}

/* ---- A descriptor ---------------------------------------------------------------------- */

/* Told, or not needed as there is an item: nobody watches any more, so looks are in vain again. */
static void armed(pp_kind kind, size_t capacity)
{
	for (int ready = 0; ready < 2; ready++) {
		struct ends e = open_alone(kind, capacity);

		waits_once(&e, 0);
		if (ready)
			ends_fill(&e, 5, 1);
		EXPECT_EQ(pp_rx_arm(e.rx), ready);
		if (!ready)
			ends_fill(&e, 5, 1);
		ends_drain(&e, 5, 1);
		EXPECT_EQ(heavy_fences, 1);
		look_in_vain(&e, IN_A_ROW);
		waits_once(&e, 0);
		EXPECT_EQ(heavy_fences, 2);
		ends_let_go(&e);
	}
}

Test(rare_sleepers, a_descriptor_that_was_told_or_not_needed_is_no_sleeper)
{
	for_each_ring(1, armed);
}

/* ---- Who leaves ------------------------------------------------------------------------ */

static void nobody_is_left(struct pp_eventcount *ec)
{
	EXPECT((pp_load(&ec->state) & EC_LOW) < EC_ONE);
	EXPECT_EQ(pp_load(&ec->unwoken), 0);
}

static void leaves(pp_kind kind, size_t capacity)
{
	struct ends e = open_alone(kind, capacity);
	uint64_t item = 0;

	pp_test_stall_hook = NULL;
	do
		EXPECT_EQ(pp_pull_until(e.rx, &item, pp_in(PP_MS)), -ETIMEDOUT);
	while (ends_stats(&e).pull_parks == 0);
	nobody_is_left(&e.rx->end.block->items);
	ends_fill(&e, 0, capacity);
	do
		EXPECT_EQ(pp_push_until(e.tx, &item, pp_in(PP_MS)), -ETIMEDOUT);
	while (ends_stats(&e).push_parks == 0);
	nobody_is_left(&e.rx->end.block->space);
	ends_let_go(&e);
}

/* Else 2^28 waits in vain would make the count wrap. */
Test(rare_sleepers, a_wait_in_vain_leaves_no_count_behind)
{
	for (size_t capacity = 1; capacity < 5; capacity++)
		for_each_kind(capacity, leaves);
}
