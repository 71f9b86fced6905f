/* SPDX-License-Identifier: MIT */
/* A ring that ends while pp_dump() runs keeps its memory until that has finished, and then gives
 * it back. */
#include "blocks.h"
#include "kernel.h"

#include <fcntl.h>
#include <unistd.h>

SUITE(dump_holds);

static struct ends goes; /* when the dump writes its next line */
static unsigned lines;

static long in_place_of_kernel(long number, const long *a)
{
	if (number == SYS_write) {
		lines++;
		ends_let_go(&goes);
		goes = (struct ends){ NULL, NULL };
	}
	return to_kernel(number, a);
}

KERNEL(in_place_of_kernel);

/* ---- The cases ------------------------------------------------------------------------------- */

static void dump_to_nowhere(void)
{
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	EXPECT(fd >= 0);
	EXPECT_EQ(pp_dump(fd), 0);
	EXPECT_EQ(close(fd), 0);
}

static void ends_in_a_dump(pp_kind kind, size_t capacity)
{
	struct ends other;
	unsigned held;

	goes = ends_open(kind, capacity);
	held = taken;
	EXPECT_EQ(held, capacity ? 2 : 1);
	lines = 0;
	dump_to_nowhere();
	EXPECT_EQ(lines, 1);
	EXPECT(goes.tx == NULL);
	EXPECT_EQ(taken, held); /* the dump might still have looked at it */
	other = ends_open(kind, capacity);
	EXPECT_EQ(taken, held); /* of the other */
	ends_let_go(&other);
	EXPECT_EQ(taken, 0);
}

Test(dump_holds, a_ring_that_ends_in_a_dump_goes_with_the_next_one)
{
	for (size_t capacity = 0; capacity < 3; capacity++)
		for_each_kind(capacity, ends_in_a_dump);
}

static void ends_after_a_dump(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);

	dump_to_nowhere();
	EXPECT(taken > 0);
	ends_let_go(&e);
	EXPECT_EQ(taken, 0);
}

Test(dump_holds, after_a_dump_a_ring_goes_at_once)
{
	for (size_t capacity = 0; capacity < 3; capacity++)
		for_each_kind(capacity, ends_after_a_dump);
}
