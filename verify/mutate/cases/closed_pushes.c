/* SPDX-License-Identifier: MIT */
/* PP_SPSC without marks: pushes into a closed ring that has room leave what is in it as it was,
 * wherever in a lap it was closed. */
#include "support.h"

#include <string.h>

SUITE(closed_pushes);

/* Too many for marks; items as large as what lies before the first slot. */
enum { CAPACITY = 200, SIZE = 64 };

static void push_items(struct ends *e, size_t first, size_t count)
{
	unsigned char item[SIZE];

	for (size_t n = first; n < first + count; n++) {
		memset(item, (int)(n % 251), SIZE);
		EXPECT_EQ(pp_try_push(e->tx, item), 0);
	}
}

static void pull_items(struct ends *e, size_t first, size_t count)
{
	unsigned char item[SIZE], want[SIZE];

	for (size_t n = first; n < first + count; n++) {
		memset(want, (int)(n % 251), SIZE);
		EXPECT_EQ(pp_try_pull(e->rx, item), 0);
		EXPECT_EQ(memcmp(item, want, SIZE), 0);
	}
}

/* Closed when so many items were pushed, and all of them but `left` pulled. */
static void nothing_changes(size_t pushed, size_t left)
{
	struct ends e = ends_open_with(&PP_CONFIG(.kind = PP_SPSC, .capacity = CAPACITY,
						  .item_size = SIZE));
	unsigned char items[5][SIZE];
	size_t most = pushed < CAPACITY ? pushed : CAPACITY;
	pp_stats s;

	memset(items, 0xFF, sizeof items);
	push_items(&e, 0, most);
	for (size_t n = 0; n < pushed - most; n++) {
		pull_items(&e, n, 1);
		push_items(&e, most + n, 1);
	}
	pull_items(&e, pushed - most, most - left);
	EXPECT_EQ(pp_close(e.tx), 0);
	for (size_t n = 1; n <= 5; n++) {
		EXPECT_EQ(pp_try_push(e.tx, items), -ESHUTDOWN);
		EXPECT_EQ(pp_try_push_n(e.tx, items, n), -ESHUTDOWN);
		EXPECT_EQ(pp_tx_depth(e.tx), left);
	}
	pull_items(&e, pushed - left, left);
	EXPECT_EQ(pp_try_pull(e.rx, items), -EPIPE);
	s = ends_stats(&e);
	EXPECT_EQ(s.pushed, pushed);
	EXPECT_EQ(s.pulled, pushed);
	EXPECT_EQ(s.dropped, 0);
	EXPECT_EQ(s.depth_max <= CAPACITY, 1);
	ends_let_go(&e);
}

Test(closed_pushes, they_fail_and_touch_no_item_and_no_count)
{
	static const size_t left[] = { 0, 1, 5, CAPACITY - 5, CAPACITY - 2, CAPACITY - 1 };

	for (size_t at = CAPACITY - 3; at <= 2 * CAPACITY + 3; at++) {
		if (at == CAPACITY + 8)
			at = 2 * CAPACITY - 3;
		for (size_t i = 0; i < ARRAY_LEN(left); i++)
			if (left[i] <= at)
				nothing_changes(at, left[i]);
	}
}
