/* SPDX-License-Identifier: MIT */
/* PP_SPSC: a pull takes its item at begin, so from then on the slots behind it whose pushes were
 * taken back are free: a pusher that waits for one wakes, though the pull is not committed. */
#include "support.h"

SUITE(inplace_wakes);

static void wakes_at_begin(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	struct call push;
	uint64_t item;
	void *slot;

	ends_fill(&e, 0, 1);
	for (size_t i = 1; i < capacity; i++)
		EXPECT_EQ(pp_push_abort(e.tx, slot_push(&e)), 0);
	call_push(&push, &e, FOREVER, 1);
	ends_await_parked(&e, 1, 0);
	AWAIT(in_futex(atomic_load(&push.tid)));
	slot = slot_pull(&e);
	EXPECT_EQ(call_join(&push), 0); /* before the commit */
	EXPECT_EQ(slot_get(slot), 0);
	EXPECT_EQ(pp_pull_commit(e.rx, slot), 0);
	EXPECT_EQ(pp_try_pull(e.rx, &item), 0);
	EXPECT_EQ(item, 1);
	ends_let_go(&e);
}

Test(inplace_wakes, a_pull_that_has_begun_wakes_who_waits_for_a_slot_behind_it)
{
	for_each_capacity(2, PP_SPSC, wakes_at_begin);
}
