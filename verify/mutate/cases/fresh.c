/* SPDX-License-Identifier: MIT */
/* A ring that was just opened has counted nothing, whatever its memory held before. */
#include "support.h"

#include <stdlib.h>

SUITE(fresh);

/* The library calls this one, as the program's comes first. */
void *aligned_alloc(size_t alignment, size_t size)
{
	void *block = NULL;

	EXPECT_EQ(posix_memalign(&block, alignment, size), 0);
	memset(block, 0xA5, size);
	return block;
}

static void has_counted_nothing(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	pp_stats s = ends_stats(&e);

	EXPECT_EQ(s.pushed + s.pulled + s.dropped + s.depth + s.depth_max, 0);
	EXPECT_EQ(s.push_parks + s.pull_parks + s.push_wakes + s.pull_wakes, 0);
	EXPECT_EQ(s.push_full + s.pull_empty + s.push_blocked_ns + s.pull_blocked_ns, 0);
	EXPECT_EQ(s.pushers_parked + s.pullers_parked, 0);
	EXPECT(!s.closed && !s.cancelled);
	EXPECT(s.tx_refs == 1 && s.rx_refs == 1);
	ends_let_go(&e);
}

Test(fresh, a_ring_that_was_just_opened_has_counted_nothing)
{
	for_each_ring(0, has_counted_nothing);
}
