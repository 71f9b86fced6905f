/* SPDX-License-Identifier: MIT */
/* Capacity 0, PP_MPMC: several pulls without a thread.  Each pusher that gets in line is told to
 * one of them; who has ended is told nothing, and the end of the ring is told to all. */
#include "async_ops.h"

SUITE(meeting_watchers);

enum { FIRST, SECOND, THIRD, PULLS };

struct watching {
	struct ends e;
	struct asyncing pulls[PULLS];
	struct asyncing pusher;
};

static void watching_begin(struct watching *w)
{
	w->e = ends_open(PP_MPMC, 0);
	for (int i = 0; i < PULLS; i++) {
		asyncing_init(&w->pulls[i], &w->e, false, 0);
		asyncing_waits(&w->pulls[i]);
	}
}

static void pusher_gets_in_line(struct watching *w, uint64_t item)
{
	asyncing_init(&w->pusher, &w->e, true, item);
	asyncing_waits(&w->pusher);
}

static void were_told(const struct watching *w, unsigned first, unsigned second, unsigned third)
{
	EXPECT_EQ(atomic_load(&w->pulls[FIRST].calls), first);
	EXPECT_EQ(atomic_load(&w->pulls[SECOND].calls), second);
	EXPECT_EQ(atomic_load(&w->pulls[THIRD].calls), third);
}

static void withdraw_all(struct watching *w)
{
	for (int i = 0; i < PULLS; i++) {
		if (w->pulls[i].op)
			EXPECT_EQ(asyncing_withdraw(&w->pulls[i]), 0);
		asyncing_over(&w->pulls[i]);
	}
	ends_let_go(&w->e);
}

Test(meeting_watchers, each_pusher_is_told_to_the_one_who_waits_longest)
{
	struct watching w;

	watching_begin(&w);
	for (unsigned n = 0; n < 2 * PULLS; n++) {
		pusher_gets_in_line(&w, BROUGHT + n);
		were_told(&w, n / PULLS + 1, (n + 2) / PULLS, (n + 1) / PULLS);
		asyncing_gives(&w.pulls[n % PULLS], 0);
		EXPECT_EQ(w.pulls[n % PULLS].item, BROUGHT + n);
		asyncing_gives(&w.pusher, 0);
		asyncing_waits(&w.pulls[n % PULLS]);
	}
	withdraw_all(&w);
}

/* It looked by itself, and was faster than who was told. */
Test(meeting_watchers, who_was_served_without_being_told_is_told_nothing_more)
{
	struct watching w;

	watching_begin(&w);
	pusher_gets_in_line(&w, BROUGHT);
	were_told(&w, 1, 0, 0);
	asyncing_gives(&w.pulls[SECOND], 0);
	asyncing_gives(&w.pusher, 0);
	asyncing_waits(&w.pulls[FIRST]); /* behind the third */
	pusher_gets_in_line(&w, BROUGHT + 1);
	were_told(&w, 1, 0, 1);
	asyncing_gives(&w.pulls[THIRD], 0);
	asyncing_gives(&w.pusher, 0);
	pusher_gets_in_line(&w, BROUGHT + 2);
	were_told(&w, 2, 0, 1);
	EXPECT_EQ(asyncing_withdraw(&w.pusher), 0);
	withdraw_all(&w);
}

Test(meeting_watchers, who_was_told_and_leaves_tells_the_next_while_the_pusher_waits)
{
	struct watching w;

	watching_begin(&w);
	pusher_gets_in_line(&w, BROUGHT);
	EXPECT_EQ(asyncing_withdraw(&w.pulls[FIRST]), 0);
	were_told(&w, 1, 1, 0);
	asyncing_gives(&w.pulls[SECOND], 0);
	asyncing_gives(&w.pusher, 0);
	were_told(&w, 1, 1, 0);
	withdraw_all(&w);
}

Test(meeting_watchers, who_was_told_and_leaves_tells_nobody_when_the_pusher_is_gone)
{
	struct watching w;

	watching_begin(&w);
	pusher_gets_in_line(&w, BROUGHT);
	EXPECT_EQ(asyncing_withdraw(&w.pusher), 0);
	EXPECT_EQ(asyncing_withdraw(&w.pulls[FIRST]), 0);
	were_told(&w, 1, 0, 0);
	withdraw_all(&w);
}

Test(meeting_watchers, who_leaves_untold_tells_nobody)
{
	struct watching w;

	watching_begin(&w);
	pusher_gets_in_line(&w, BROUGHT);
	EXPECT_EQ(asyncing_withdraw(&w.pulls[SECOND]), 0);
	were_told(&w, 1, 0, 0);
	EXPECT_EQ(asyncing_withdraw(&w.pusher), 0);
	withdraw_all(&w);
}

/* A puller that gets in line concerns pushers, and the descriptor of their end. */
Test(meeting_watchers, a_puller_in_line_is_no_news_for_them)
{
	struct watching w;
	struct call pull;
	uint64_t item = 7;
	int fd;

	watching_begin(&w);
	fd = pp_tx_fd(w.e.tx);
	EXPECT(fd >= 0);
	EXPECT_EQ(pp_tx_arm(w.e.tx), 0);
	call_pull(&pull, &w.e, FOREVER);
	ends_await_parked(&w.e, 0, 1);
	AWAIT(fd_readable(fd));
	were_told(&w, 0, 0, 0);
	EXPECT_EQ(pp_try_push(w.e.tx, &item), 0);
	EXPECT_EQ(call_join(&pull), 0);
	withdraw_all(&w);
}

/* With somebody in line or not, and one of them told already. */
static void at_the_end(bool cancel, bool in_line)
{
	struct watching w;
	int push_gives = cancel ? -EPIPE : -ESHUTDOWN, pull_gives = cancel ? -ESHUTDOWN : -EPIPE;

	watching_begin(&w);
	if (in_line)
		pusher_gets_in_line(&w, BROUGHT);
	EXPECT_EQ(cancel ? pp_cancel(w.e.rx) : pp_close(w.e.tx), 0);
	were_told(&w, 1, 1, 1);
	if (in_line) {
		asyncing_told(&w.pusher, 1);
		asyncing_gives(&w.pusher, push_gives);
	}
	for (int i = 0; i < PULLS; i++) {
		asyncing_told(&w.pulls[i], 1);
		asyncing_gives(&w.pulls[i], pull_gives);
	}
	withdraw_all(&w);
}

Test(meeting_watchers, the_end_is_told_to_all_of_them_whoever_is_in_line)
{
	for (int n = 0; n < 4; n++)
		at_the_end(n & 1, n & 2);
}
