/* SPDX-License-Identifier: MIT */
/* PP_SPSC: a pull that begins in place may have freed slots of pushes that were taken back.  Where
 * pushers sleep often, and so without the heavy fence, it makes a full one before it looks who
 * sleeps. */
#include "stepping.h"

SUITE(inplace_fences);

enum { COUNTED = 1 }; /* the slot that is open: an instruction with a lock prefix */

/* Full fences: instructions that are one, or have a lock prefix. */
static unsigned fences_of(const struct form *form, const struct ends *e, uint64_t *item)
{
	struct stepped s = { .trace = true };

	s.call.form = form;
	s.call.ends = *e;
	s.call.n = 1;
	s.call.deadline = PP_FOREVER;
	stepped_start(&s);
	EXPECT_EQ(stepped_finish(&s), 0);
	*item = s.call.item;
	return atomic_load(&s.fences) + atomic_load(&s.locked);
}

/* It is committed afterwards. */
static unsigned fences_of_a_begin(const struct ends *e)
{
	uint64_t slot;
	unsigned n = fences_of(&pull_begin_forms[FOREVER], e, &slot);

	EXPECT_EQ(pp_pull_commit(e->rx, (void *)(uintptr_t)slot), 0);
	return n;
}

/* Of a ring that is full before and after. */
static void a_pusher_sleeps(const struct ends *e)
{
	uint64_t item;
	struct call push;

	call_push(&push, e, FOREVER, 1);
	ends_await_parked(e, 1, 0);
	EXPECT_EQ(pp_try_pull(e->rx, &item), 0);
	EXPECT_EQ(call_join(&push), 0);
}

static void fences(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t item;

	ends_fill(&e, 0, capacity);
	if (fences_of(&pull_forms[SINGLE], &e, &item))
		cr_skip_test("no membarrier: every look fences");
	ends_fill(&e, capacity, 1);
	EXPECT_EQ(fences_of_a_begin(&e), COUNTED);
	ends_fill(&e, capacity + 1, 1);
	a_pusher_sleeps(&e);
	EXPECT_EQ(fences_of_a_begin(&e), COUNTED + 1);
	ends_let_go(&e);
}

Test(inplace_fences, a_pull_that_begins_fences_where_pushers_sleep_often_and_only_there)
{
	if (!stepping_works())
		cr_skip_test("only on x86-64: needs the trap flag");
	for_each_capacity(1, PP_SPSC, fences);
}
