/* SPDX-License-Identifier: MIT */
/* A signal that interrupts the write to a ring's descriptor, or the read from it, loses nothing:
 * who makes a descriptor readable, or resets it, does it again. */
#include "alone.h"

SUITE(pollable_interrupted);

static long interrupted; /* the next call of this number */

static long kernel(long number, const long *a)
{
	if (number != interrupted)
		return to_kernel(number, a);
	interrupted = -1;
	errno = EINTR;
	return -1;
}

KERNEL(kernel);

static void is_told(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t item = 1;
	int fd;

	interrupted = -1;
	fd = pp_rx_fd(e.rx);
	EXPECT_EQ(pp_rx_arm(e.rx), 0);
	interrupted = SYS_write;
	errno = ENOTTY;
	EXPECT_EQ(pp_try_push(e.tx, &item), 0);
	EXPECT_EQ(interrupted, -1);
	EXPECT(fd_readable(fd));
	EXPECT_EQ(pp_try_pull(e.rx, &item), 0);
	interrupted = SYS_read;
	EXPECT_EQ(pp_rx_arm(e.rx), 0);
	EXPECT_EQ(interrupted, -1);
	EXPECT(!fd_readable(fd));
	EXPECT_EQ(errno, ENOTTY);
	ends_let_go(&e);
}

Test(pollable_interrupted, a_descriptor_is_made_readable_and_reset_all_the_same)
{
	for (size_t capacity = 1; capacity < 4; capacity++)
		for_each_kind(capacity, is_told);
}
