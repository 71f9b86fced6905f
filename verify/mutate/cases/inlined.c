/* SPDX-License-Identifier: MIT */
/* The inlined path finds at once what any other path left: a slot that was filled, or freed, in
 * place, in a batch or by a select is one that an item goes through without the library. */
#include "support.h"

#include <pushpull/fast.h>

SUITE(inlined);

enum { SINGLE_WAY, BATCH_WAY, PLACE_WAY, SELECT_WAY, WAYS };

static void fill_one(struct ends *e, int way, uint64_t item)
{
	pp_case c = { .tx = e->tx, .item = &item };

	switch (way) {
	case SINGLE_WAY: EXPECT_EQ(pp_try_push(e->tx, &item), 0); break;
	case BATCH_WAY:  EXPECT_EQ(pp_try_push_n(e->tx, &item, 1), 1); break;
	case PLACE_WAY:  EXPECT_EQ(slot_commit(e, slot_push(e), item), 0); break;
	default:         EXPECT_EQ(pp_select(&c, 1, 0, 0), 0);
	}
}

static void free_one(struct ends *e, int way, uint64_t want)
{
	uint64_t item = 0;
	pp_case c = { .rx = e->rx, .item = &item };
	void *slot;

	switch (way) {
	case SINGLE_WAY: EXPECT_EQ(pp_try_pull(e->rx, &item), 0); break;
	case BATCH_WAY:  EXPECT_EQ(pp_try_pull_n(e->rx, &item, 1), 1); break;
	case PLACE_WAY:
		slot = slot_pull(e);
		item = slot_get(slot);
		EXPECT_EQ(pp_pull_commit(e->rx, slot), 0);
		break;
	default: EXPECT_EQ(pp_select(&c, 1, 0, 0), 0);
	}
	EXPECT_EQ(item, want);
}

static enum pp_fast_result inlined_push(pp_kind kind, struct ends *e, uint64_t item)
{
	void *cursor = e->tx;

	return kind == PP_SPSC ? pp_fast_put_marked(cursor, &item, sizeof item)
	                       : pp_fast_put_shared(cursor, &item, sizeof item);
}

static enum pp_fast_result inlined_pull(pp_kind kind, struct ends *e, uint64_t *item)
{
	void *cursor = e->rx;

	return kind == PP_SPSC ? pp_fast_get_marked(cursor, item, sizeof *item)
	                       : pp_fast_get_shared(cursor, item, sizeof *item);
}

/* Slots that `way` frees, over some laps. */
static void freed(pp_kind kind, size_t capacity, int way)
{
	struct ends e = ends_open(kind, capacity);

	ends_fill(&e, 0, capacity);
	for (uint64_t n = 0; n < 3 * capacity + 1; n++) {
		EXPECT_EQ(inlined_push(kind, &e, 0), PP_FAST_NO);
		free_one(&e, way, n);
		EXPECT_EQ(inlined_push(kind, &e, n + capacity), PP_FAST_DONE);
	}
	ends_let_go(&e);
}

/* Slots that `way` fills. */
static void filled(pp_kind kind, size_t capacity, int way)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t item = 0;

	for (uint64_t n = 0; n < 3 * capacity + 1; n++) {
		EXPECT_EQ(inlined_pull(kind, &e, &item), PP_FAST_NO);
		fill_one(&e, way, n);
		EXPECT_EQ(inlined_pull(kind, &e, &item), PP_FAST_DONE);
		EXPECT_EQ(item, n);
	}
	ends_let_go(&e);
}

static bool has_inlined_path(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	bool has = *(const uint32_t *)(const void *)e.tx != 0;

	ends_let_go(&e);
	return has;
}

/* With marks: up to 128 slots. */
static void any_way(pp_kind kind, size_t capacity)
{
	if (!has_inlined_path(kind, capacity))
		cr_skip_test("no ring has an inlined path here");
	for (int way = 0; way < WAYS; way++) {
		freed(kind, capacity, way);
		filled(kind, capacity, way);
	}
}

Test(inlined, a_slot_that_was_freed_or_filled_in_any_way_is_seen_without_the_library)
{
	for (size_t capacity = 1; capacity < 7; capacity++)
		for_each_kind(capacity, any_way);
	for_each_kind(128, any_way);
}
