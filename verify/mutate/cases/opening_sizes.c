/* SPDX-License-Identifier: MIT */
/* Sizes at the edge of what a number holds, of an item and of the caller's struct. */
#include "support.h"

#include <pushpull/fast.h>

SUITE(opening_sizes);

/* With what belongs to an item, its size would come to nothing again. */
static void is_an_overflow(pp_kind kind, size_t capacity)
{
	pp_tx *tx;
	pp_rx *rx;

	for (size_t less = 0; less < 100; less++)
		EXPECT_EQ(pp_open(&tx, &rx, kind, capacity, SIZE_MAX - less), -EINVAL);
}

Test(opening_sizes, an_item_that_leaves_no_room_beside_it_is_an_overflow)
{
	for (size_t capacity = 1; capacity < 4; capacity++)
		for_each_kind(capacity, is_an_overflow);
	for_each_kind(200, is_an_overflow);
}

/* What the inlined path compares, of both ends. */
static uint32_t word_of(pp_kind kind, size_t capacity, size_t item_size)
{
	struct ends e = ends_open_with(&PP_CONFIG(.kind = kind, .capacity = capacity,
						  .item_size = item_size));
	uint32_t word = *(const uint32_t *)(const void *)e.tx;

	EXPECT_EQ(*(const uint32_t *)(const void *)e.rx, word);
	ends_let_go(&e);
	return word;
}

Test(opening_sizes, an_end_has_a_word_where_its_item_size_fits_into_one)
{
	const size_t least = PP_FAST_SIZES;

	if (word_of(PP_MPMC, 1, 8) == 0)
		cr_skip_test("no ring has an inlined path here");
	EXPECT_EQ(word_of(PP_SPSC, 1, least - 1), PP_FAST_MARKED_WORD(least - 1));
	EXPECT_EQ(word_of(PP_SPSC, 128, 8), PP_FAST_MARKED_WORD(8));
	EXPECT_EQ(word_of(PP_SPSC, 129, 8), PP_FAST_WORD(PP_SPSC, 8));
	EXPECT_EQ(word_of(PP_MPMC, 1, least - 1), PP_FAST_WORD(PP_MPMC, least - 1));
	for (size_t more = 0; more < 2; more++) {
		EXPECT_EQ(word_of(PP_SPSC, 1, least + more), 0);
		EXPECT_EQ(word_of(PP_MPMC, 1, least + more), 0);
	}
}

Test(opening_sizes, what_lies_behind_the_callers_struct_is_not_looked_at)
{
	struct {
		pp_config     config;
		unsigned char behind[64];
	} caller = { .config = PP_CONFIG(.kind = PP_MPMC, .capacity = 1, .item_size = 1) };
	struct ends e;

	for (size_t i = 0; i < sizeof caller.behind; i++)
		caller.behind[i] = 0xFF;
	e = ends_open_with(&caller.config);
	ends_let_go(&e);
	/* Nor behind one that has grown. */
	for (size_t i = 0; i < 8; i++)
		caller.behind[i] = 0;
	caller.config.size += 8;
	e = ends_open_with(&caller.config);
	ends_let_go(&e);
}
