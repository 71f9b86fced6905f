/* SPDX-License-Identifier: MIT */
/* A push that finds no room is no event: of those who wait to pull it calls nobody. */
#include "async_ops.h"

SUITE(refused_pushes);

enum { FIRST, SECOND, PULLS };

static void calls_nobody(unsigned flags)
{
	struct ends e = ends_open_with(&PP_CONFIG(.kind = PP_MPMC, .capacity = 1, .flags = flags,
						  .item_size = sizeof(uint64_t)));
	struct asyncing pulls[PULLS];
	uint64_t item = 7;

	for (int i = 0; i < PULLS; i++) {
		asyncing_init(&pulls[i], &e, false, 0);
		asyncing_waits(&pulls[i]);
	}
	EXPECT_EQ(pp_try_push(e.tx, &item), 0);
	asyncing_told(&pulls[FIRST], 1);
	EXPECT_EQ(pp_try_push(e.tx, &item), -EAGAIN);
	EXPECT_EQ(pp_try_push_n(e.tx, &item, 1), -EAGAIN);
	EXPECT_EQ(pp_push_until(e.tx, &item, 0), -ETIMEDOUT);
	EXPECT_EQ(atomic_load(&pulls[SECOND].calls), 0);
	asyncing_gives(&pulls[FIRST], 0);
	EXPECT_EQ(asyncing_withdraw(&pulls[SECOND]), 0);
	asyncing_over(&pulls[SECOND]);
	ends_let_go(&e);
}

Test(refused_pushes, a_push_that_finds_no_room_calls_nobody)
{
	calls_nobody(0);
	calls_nobody(PP_TRACK_DEPTH);
}
