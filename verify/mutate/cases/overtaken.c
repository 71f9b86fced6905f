/* SPDX-License-Identifier: MIT */
/* Pushes at a rendezvous beside a select that acts: who came first is served first, and who may go
 * ahead does. */
#include "alone.h"
#include "async_ops.h"

#include <sched.h>

SUITE(overtaken);

enum { FIRST = 11, SECOND = 12 };

static struct ends a, b, c;
static struct asyncing first, second;
static pthread_t main_thread;
static unsigned looks, locks, sleeps;

static void open_all(void)
{
	a = ends_open(PP_MPMC, 0);
	b = ends_open(PP_MPMC, 0);
	c = ends_open(PP_MPMC, 0);
	asyncing_init(&first, &a, true, FIRST);
	asyncing_init(&second, &a, true, SECOND);
}

static void let_go_of_all(void)
{
	ends_let_go(&a);
	ends_let_go(&b);
	ends_let_go(&c);
}

/* ---- Who came later ------------------------------------------------------------------------ */

/* The select has tried all three, got in line at a, and acts at b when the first push comes to a; it
 * waits, about to look at c, when the second does. */
static void two_come(enum pp_stall_point where)
{
	static bool within; /* a push of this function's */
	uint64_t item = SECOND;

	if (within)
		return;
	within = true;
	if (where == PP_AT_select_acts && ++looks == 2)
		asyncing_waits(&first);
	if (where == PP_AT_meet_locked && ++locks == 6) {
		EXPECT_EQ(pp_try_push(a.tx, &item), -EBUSY);
		asyncing_waits(&second);
	}
	within = false;
}

Test(overtaken, who_came_later_does_not_take_a_select_that_the_first_found_acting)
{
	uint64_t items[3] = { 0 };
	pp_case cases[3];

	open_all();
	cases[0] = pull_case(&a, &items[0]);
	cases[1] = pull_case(&b, &items[1]);
	cases[2] = pull_case(&c, &items[2]);
	pp_test_stall_hook = two_come;
	EXPECT_EQ(pp_select(cases, 3, PP_ORDERED, PP_FOREVER), 0);
	pp_test_stall_hook = NULL;
	EXPECT_EQ(items[0], FIRST);
	asyncing_told(&first, 1);
	asyncing_gives(&first, 0);
	EXPECT_EQ(pp_try_pull(a.rx, &items[0]), 0);
	EXPECT_EQ(items[0], SECOND);
	asyncing_told(&second, 1);
	asyncing_gives(&second, 0);
	let_go_of_all();
}

/* ---- Who may go ahead ---------------------------------------------------------------------- */

static atomic_bool frozen, thawed;
static void (*finds_it_acting)(void);

/* In line at a, and acting at c for as long as the main thread likes. */
static void freeze(void)
{
	static atomic_uint looked;

	if (atomic_fetch_add(&looked, 1) % 2 == 0)
		return;
	atomic_store(&frozen, true);
	while (!atomic_load(&thawed))
		sched_yield();
}

/* The main thread's select looks at a and b; while it acts at b somebody finds it; when it sleeps a
 * push comes. */
static void somebody_comes(enum pp_stall_point where)
{
	static bool within;

	if (!pthread_equal(pthread_self(), main_thread)) {
		if (where == PP_AT_select_acts && !atomic_load(&thawed))
			freeze();
		return;
	}
	if (within)
		return;
	within = true;
	if (where == PP_AT_select_acts && ++looks == 2)
		finds_it_acting();
	if (where == PP_AT_wait_sleeping && sleeps++ == 0)
		EXPECT_EQ(asyncing_call(&second), 0);
	within = false;
}

static void a_try(void)
{
	uint64_t item = FIRST;

	EXPECT_EQ(pp_try_push(a.tx, &item), -EBUSY);
}

static void one_that_leaves(void)
{
	asyncing_waits(&first);
	EXPECT_EQ(asyncing_withdraw(&first), 0);
}

static void beside_another_select(void (*somebody)(void))
{
	uint64_t items[2] = { 0 };
	struct selecting other;
	pp_case cases[2];

	open_all();
	cases[0] = pull_case(&a, &items[0]);
	cases[1] = pull_case(&b, &items[1]);
	finds_it_acting = somebody;
	main_thread = pthread_self();
	looks = sleeps = 0;
	atomic_store(&frozen, false);
	atomic_store(&thawed, false);
	pp_test_stall_hook = somebody_comes;
	selecting_init(&other);
	selecting_push(&other, &a, 7);
	selecting_push(&other, &c, 8);
	other.flags = PP_ORDERED;
	selecting_start(&other);
	while (!atomic_load(&frozen))
		sched_yield();
	EXPECT_EQ(pp_select(cases, 2, PP_ORDERED, PP_FOREVER), 0);
	EXPECT_EQ(items[0], SECOND);
	atomic_store(&thawed, true);
	EXPECT_EQ(pp_pull(a.rx, &items[0]), 0);
	EXPECT_EQ(items[0], 7);
	selecting_gives(&other, 0, 0);
	pp_test_stall_hook = NULL;
	let_go_of_all();
}

Test(overtaken, a_try_that_finds_a_select_acting_keeps_nobody_from_it)
{
	beside_another_select(a_try);
}

Test(overtaken, a_push_that_found_it_acting_and_left_keeps_nobody_from_it)
{
	beside_another_select(one_that_leaves);
}
