/* SPDX-License-Identifier: MIT */
/* Capacity 0: an arm that says 1 has not armed the descriptor. */
#include "async_ops.h"

SUITE(meeting_armed);

static void a_pusher_waits(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	int fd = pp_rx_fd(e.rx);
	struct asyncing push;
	uint64_t item;

	for (int round = 0; round < 4; round++) {
		asyncing_init(&push, &e, true, PUSHED);
		asyncing_waits(&push);
		if (round % 2 == 0)
			EXPECT_EQ(pp_rx_arm(e.rx), 1);
		EXPECT(!fd_readable(fd));
		EXPECT_EQ(pp_try_pull(e.rx, &item), 0);
		asyncing_gives(&push, 0);
	}
	ends_let_go(&e);
}

Test(meeting_armed, an_end_that_was_ready_when_it_was_to_be_armed_is_not)
{
	for_each_kind(0, a_pusher_waits);
}

/* It said 0 before: that was for one event. */
static void an_event_comes(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	int fd = pp_rx_fd(e.rx);
	struct asyncing push;
	uint64_t item;

	EXPECT_EQ(pp_rx_arm(e.rx), 0);
	for (int round = 0; round < 3; round++) {
		asyncing_init(&push, &e, true, PUSHED);
		asyncing_waits(&push);
		EXPECT_EQ(fd_readable(fd), round == 0);
		if (round == 0)
			EXPECT_EQ(pp_rx_arm(e.rx), 1); /* which takes it back */
		EXPECT(!fd_readable(fd));
		EXPECT_EQ(pp_try_pull(e.rx, &item), 0);
		asyncing_gives(&push, 0);
	}
	ends_let_go(&e);
}

Test(meeting_armed, one_event_disarms_it)
{
	for_each_kind(0, an_event_comes);
}
