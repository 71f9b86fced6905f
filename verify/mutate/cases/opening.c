/* SPDX-License-Identifier: MIT */
/* What opening a ring takes from the allocator goes back: when the ring ends, and when opening
 * fails at any of its steps; and what can never be opened is told from what is not there now. */
#include "blocks.h"

SUITE(opening);

static int fail_calloc = -1; /* after so many */

/* As those of blocks.h. */
void *calloc(size_t n, size_t size)
{
	extern void *__libc_calloc(size_t n, size_t size);

	if (fail_calloc >= 0 && fail_calloc-- == 0)
		return NULL;
	return __libc_calloc(n, size);
}

static void is_given_back(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);

	EXPECT_EQ(taken, capacity ? 2 : 1);
	ends_let_go(&e);
	EXPECT_EQ(taken, 0);
}

Test(opening, a_ring_that_ends_gives_back_what_it_took)
{
	for_each_ring(0, is_given_back);
}

/* Each of the blocks in turn; the place in the table of rings is the last step. */
static void fails(pp_kind kind, size_t capacity)
{
	pp_tx *tx;
	pp_rx *rx;

	for (int i = 0; i < (capacity ? 2 : 1); i++) {
		fail_aligned = i;
		EXPECT_EQ(pp_open(&tx, &rx, kind, capacity, 8), -ENOMEM);
		EXPECT(!tx && !rx);
		EXPECT_EQ(taken, 0);
	}
	fail_aligned = -1;
}

Test(opening, opening_that_fails_keeps_nothing)
{
	for_each_ring(0, fails);
}

/* The first ring of a process needs a table. */
Test(opening, opening_without_a_place_in_the_table_keeps_nothing)
{
	pp_tx *tx;
	pp_rx *rx;

	for (int n = 0; n < 4; n++) {
		fail_calloc = 0;
		EXPECT_EQ(pp_open(&tx, &rx, n & 1 ? PP_MPMC : PP_SPSC, n & 2, 8), -ENOMEM);
		EXPECT_EQ(fail_calloc, -1);
		EXPECT_EQ(taken, 0);
	}
	for_each_kind(1, is_given_back);
}

/* Slots that an address could reach, but no position: an overflow, whatever the allocator says. */
Test(opening, more_slots_than_there_are_positions_are_an_overflow)
{
	const size_t most = SIZE_MAX / 64 / 2 + 1;
	pp_tx *tx;
	pp_rx *rx;

	EXPECT_EQ(pp_open(&tx, &rx, PP_MPMC, most + 1, 1), -EINVAL);
	EXPECT_EQ(pp_open(&tx, &rx, PP_MPMC, most / 2, 1), -ENOMEM);
}
