/* SPDX-License-Identifier: MIT */
/* PP_SPSC: a slot that is pulled in place is free when that is committed.  Until then it is no news
 * for who waits to push into it, where no push behind it was taken back. */
#include "async_ops.h"

SUITE(inplace_news);

static void is_told_at_commit(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	struct asyncing push;
	void *slot;

	ends_fill(&e, 0, capacity);
	asyncing_init(&push, &e, true, PUSHED);
	asyncing_waits(&push);
	slot = slot_pull(&e);
	asyncing_waits(&push);
	EXPECT_EQ(atomic_load(&push.calls), 0);
	EXPECT_EQ(pp_pull_commit(e.rx, slot), 0);
	asyncing_told(&push, 1);
	asyncing_gives(&push, 0);
	ends_let_go(&e);
}

Test(inplace_news, an_operation_is_called_when_the_slot_is_free)
{
	for_each_capacity(1, PP_SPSC, is_told_at_commit);
}

static void is_readable_at_commit(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	int fd = pp_tx_fd(e.tx);
	void *slot;

	ends_fill(&e, 0, capacity);
	EXPECT_EQ(pp_tx_arm(e.tx), 0);
	slot = slot_pull(&e);
	EXPECT(!fd_readable(fd));
	EXPECT_EQ(pp_pull_commit(e.rx, slot), 0);
	EXPECT(fd_readable(fd));
	ends_let_go(&e);
}

Test(inplace_news, a_descriptor_is_readable_when_the_slot_is_free)
{
	for_each_capacity(1, PP_SPSC, is_readable_at_commit);
}

static void is_woken_once(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	struct call push;
	void *slot;

	ends_fill(&e, 0, capacity);
	call_push(&push, &e, FOREVER, 1);
	ends_await_parked(&e, 1, 0);
	AWAIT(in_futex(atomic_load(&push.tid)));
	slot = slot_pull(&e);
	EXPECT_EQ(ends_stats(&e).push_wakes, 0);
	EXPECT_EQ(pp_pull_commit(e.rx, slot), 0);
	EXPECT_EQ(call_join(&push), 0);
	EXPECT_EQ(ends_stats(&e).push_wakes, 1);
	ends_let_go(&e);
}

Test(inplace_news, a_sleeper_is_woken_when_the_slot_is_free)
{
	for_each_capacity(1, PP_SPSC, is_woken_once);
}
