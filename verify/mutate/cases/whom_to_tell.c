/* SPDX-License-Identifier: MIT */
/* Who is told of an event: by who holds the list of watchers when it comes, one watcher for each
 * event; and not a select that somebody serves elsewhere, but the next. */
#include "alone.h"
#include "async_ops.h"

SUITE(whom_to_tell);

enum { MOST = 4 };

static struct ends e;
static bool pushes; /* those who watch */
static size_t more;

static void event(void)
{
	uint64_t item = BROUGHT;

	EXPECT_EQ(pushes ? pp_try_pull(e.rx, &item) : pp_try_push(e.tx, &item), 0);
}

/* One has been told, and the list is still held. */
static void more_events(void)
{
	for (size_t i = 0; i < more; i++)
		event();
}

static void each_is_told(size_t capacity, size_t watchers)
{
	struct asyncing a[MOST];

	e = ends_open(PP_MPMC, capacity);
	if (pushes)
		ends_fill(&e, 0, capacity);
	for (size_t i = 0; i < watchers; i++) {
		asyncing_init(&a[i], &e, pushes, PUSHED);
		asyncing_waits(&a[i]);
	}
	at(PP_AT_watch_told, more_events);
	event();
	EXPECT_EQ(met, 1 + more);
	for (size_t i = 0; i < watchers; i++)
		if (i <= more)
			asyncing_told(&a[i], 1);
		else
			EXPECT_EQ(atomic_load(&a[i].calls), 0);
	for (size_t i = 0; i < watchers; i++)
		if (i <= more)
			asyncing_gives(&a[i], 0);
		else
			EXPECT_EQ(asyncing_withdraw(&a[i]), 0);
	ends_let_go(&e);
}

Test(whom_to_tell, each_event_is_told_to_one_watcher)
{
	for (size_t watchers = 2; watchers <= MOST; watchers++)
		for (more = 1; more < watchers; more++)
			for (size_t capacity = MOST; capacity < 2 * MOST; capacity++) {
				pushes = false;
				each_is_told(capacity, watchers);
				pushes = true;
				each_is_told(capacity, watchers);
			}
}

/* ---- Behind a select that is served elsewhere ------------------------------------------ */

static struct asyncing behind;

/* The select has been claimed, and not yet served. */
static void event_passes_it_over(void)
{
	event();
	asyncing_told(&behind, 1);
}

static void is_passed_over(size_t capacity)
{
	struct ends meets = ends_open(PP_MPMC, 0);
	struct selecting s;

	e = ends_open(PP_MPMC, capacity);
	if (pushes)
		ends_fill(&e, 0, capacity);
	selecting_init(&s);
	selecting_pull(&s, &meets);
	if (pushes)
		selecting_push(&s, &e, PUSHED);
	else
		selecting_pull(&s, &e);
	selecting_sleeps(&s);
	asyncing_init(&behind, &e, pushes, PUSHED);
	asyncing_waits(&behind);
	at(PP_AT_meet_matched, event_passes_it_over);
	EXPECT_EQ(pp_try_push(meets.tx, &(uint64_t){ 8 }), 0);
	EXPECT_EQ(met, 1);
	selecting_gives(&s, 0, 0);
	EXPECT_EQ(s.items[0], 8);
	asyncing_gives(&behind, 0);
	ends_let_go(&e);
	ends_let_go(&meets);
}

Test(whom_to_tell, an_event_passes_over_a_select_that_is_served_elsewhere)
{
	for (size_t capacity = 1; capacity < 4; capacity++) {
		pushes = false;
		is_passed_over(capacity);
		pushes = true;
		is_passed_over(capacity);
	}
}
