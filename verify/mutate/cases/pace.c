/* SPDX-License-Identifier: MIT */
/* When a pull is paced: once behind each look that found items, when those are used up.  Not where
 * a lap of the slots ends before they are, and not by who asks again a ring at rest.  And who spins
 * in vain says so once, when the sleep is over. */
#include "support.h"

#include "park/spin.h"

SUITE(pace);

/* ---- In place of src/park/spin.c ------------------------------------------------------- */

static unsigned paced, begun, steps, slept;
static uint64_t last_found;
static bool last_trying;

bool pp_spin_pace(struct pp_spin *spin, uint64_t found, bool trying)
{
	(void)spin;
	paced++;
	last_found = found;
	last_trying = trying;
	return true;
}

void pp_spin_init(struct pp_spin *spin, int64_t spin_ns, struct pp_spin_wish wish)
{
	(void)spin_ns;
	(void)wish;
	*spin = (struct pp_spin){ .limit_ns = 0 };
}

void pp_spin_begin(struct pp_spinner *s, struct pp_spin *spin)
{
	*s = (struct pp_spinner){ .spin = spin };
	begun++;
}

bool pp_spin_step(struct pp_spinner *s)
{
	return ++steps && s->looks++ < 3;
}

void pp_spin_end(struct pp_spinner *s, bool won)
{
	(void)s;
	(void)won;
}

void pp_spin_parked(struct pp_spinner *s)
{
	(void)s;
	slept++;
}

/* ---- The ring -------------------------------------------------------------------------- */

#define CAPACITY 1000 /* too many slots for marks */

static void pull(const struct ends *e, uint64_t first, size_t count)
{
	uint64_t item;

	for (size_t i = 0; i < count; i++) {
		EXPECT_EQ(pp_pull(e->rx, &item), 0);
		EXPECT_EQ(item, first + i);
	}
}

static void expect_paced(unsigned times, uint64_t found, bool trying)
{
	EXPECT_EQ(paced, times);
	EXPECT_EQ(last_found, found);
	EXPECT_EQ(last_trying, trying);
}

Test(pace, a_pull_is_paced_where_what_the_look_before_found_is_used_up)
{
	struct ends e = ends_open(PP_SPSC, CAPACITY);

	paced = 0;
	ends_fill(&e, 0, 600);
	pull(&e, 0, 600);
	EXPECT_EQ(paced, 0); /* there was no look before */
	ends_fill(&e, 600, 800);
	pull(&e, 600, 1);
	expect_paced(1, 600, false);
	pull(&e, 601, 799); /* past the end of the lap */
	EXPECT_EQ(paced, 1);
	ends_fill(&e, 1400, 2);
	pull(&e, 1400, 2);
	expect_paced(2, 800, false);
	ends_let_go(&e);
}

static void at_rest(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t item;

	paced = 0;
	ends_fill(&e, 0, capacity);
	ends_drain(&e, 0, capacity);
	EXPECT_EQ(paced, 0);
	EXPECT_EQ(pp_try_pull(e.rx, &item), -EAGAIN);
	expect_paced(1, capacity, true);
	for (int i = 0; i < 5; i++)
		EXPECT_EQ(pp_try_pull(e.rx, &item), -EAGAIN);
	EXPECT_EQ(paced, 1);
	ends_let_go(&e);
}

Test(pace, who_asks_a_ring_at_rest_again_is_not_paced)
{
	for_each_capacity(1, PP_SPSC, at_rest);
}

/* ---- A wait in vain -------------------------------------------------------------------- */

static int select_until(const struct ends *e, bool push, uint64_t *item, pp_time deadline)
{
	pp_case c = { .tx = push ? e->tx : NULL, .rx = push ? NULL : e->rx, .item = item };

	return pp_select(&c, 1, 0, deadline);
}

static int wait_until(const struct ends *e, bool push, uint64_t *item, pp_time deadline)
{
	return push ? pp_push_until(e->tx, item, deadline) : pp_pull_until(e->rx, item, deadline);
}

static void in_vain(const struct ends *e, bool push, bool select)
{
	uint64_t item = 0, before, after;
	int r;

	do { /* until the deadline was not over at once */
		begun = steps = slept = 0;
		before = push ? ends_stats(e).push_parks : ends_stats(e).pull_parks;
		r = (select ? select_until : wait_until)(e, push, &item, pp_in(PP_MS));
		EXPECT_EQ(r, -ETIMEDOUT);
		after = push ? ends_stats(e).push_parks : ends_stats(e).pull_parks;
	} while (after == before);
	EXPECT_EQ(begun, 1);
	EXPECT_EQ(steps, 4);
	EXPECT_EQ(slept, 1);
}

static void spins_in_vain(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);

	in_vain(&e, false, false);
	in_vain(&e, false, true);
	ends_fill(&e, 0, capacity);
	in_vain(&e, true, false);
	in_vain(&e, true, true);
	ends_let_go(&e);
}

Test(pace, who_spins_in_vain_and_sleeps_says_so_once)
{
	for (size_t capacity = 0; capacity < 5; capacity++)
		for_each_kind(capacity, spins_in_vain);
}
