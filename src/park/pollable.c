/* SPDX-License-Identifier: MIT */
#include "park/pollable.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

/* By syscall(): close(), write() and read() are cancellation points, and a thread that is
 * cancelled here would leave an operation half-way. */

int pp_pollable_open(void)
{
	int saved = errno;
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (fd < 0)
		fd = -errno;
	errno = saved;
	return fd;
}

void pp_pollable_close(int fd)
{
	int saved = errno;

	(void)syscall(SYS_close, fd);
	errno = saved;
}

void pp_pollable_signal(int fd)
{
	int saved = errno;
	uint64_t one = 1;
	long r;

	do /* it fails only where the count is full, and then it is readable */
		r = syscall(SYS_write, fd, &one, sizeof one);
	while (r < 0 && errno == EINTR);
	errno = saved;
}

void pp_pollable_reset(int fd)
{
	int saved = errno;
	uint64_t count;
	long r;

	do
		r = syscall(SYS_read, fd, &count, sizeof count);
	while (r < 0 && errno == EINTR);
	errno = saved;
}
