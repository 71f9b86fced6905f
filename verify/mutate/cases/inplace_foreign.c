/* SPDX-License-Identifier: MIT */
/* PP_MPMC: what is ended in place is a slot of the ring, whatever lies in memory around them. */
#include "support.h"

#include <stdlib.h>

SUITE(inplace_foreign);

static uint64_t pattern;

/* The library calls this, as the program's come first. */
void *aligned_alloc(size_t alignment, size_t size)
{
	void *block = NULL;

	if (posix_memalign(&block, alignment, size))
		return NULL;
	for (size_t i = 0; i < size / sizeof(pattern); i++)
		((uint64_t *)block)[i] = pattern;
	return block;
}

static void are_none(const struct ends *e, char *slot)
{
	EXPECT_EQ(pp_push_commit(e->tx, slot), -EINVAL);
	EXPECT_EQ(pp_push_abort(e->tx, slot), -EINVAL);
	EXPECT_EQ(pp_pull_commit(e->rx, slot), -EINVAL);
}

static void beside_the_slots(size_t capacity)
{
	struct ends e = ends_open(PP_MPMC, capacity);
	char *first = slot_push(&e), *last = first;
	ptrdiff_t stride = 0;

	for (size_t i = 1; i < capacity; i++) {
		char *slot = slot_push(&e);

		stride = slot - last;
		last = slot;
	}
	are_none(&e, first - stride);
	are_none(&e, last + stride);
	for (ptrdiff_t i = 0; i < (ptrdiff_t)capacity; i++)
		EXPECT_EQ(pp_push_commit(e.tx, first + i * stride), 0);
	ends_let_go(&e);
}

/* As if a slot behind the last one were open, to be filled, and to be emptied. */
Test(inplace_foreign, what_lies_beside_the_slots_is_none)
{
	for (size_t capacity = 2; capacity <= 9; capacity++)
		for (unsigned role = 0; role < 2; role++) {
			pattern = 2 * capacity + role;
			beside_the_slots(capacity);
		}
}
