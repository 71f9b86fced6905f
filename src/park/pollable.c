/* SPDX-License-Identifier: MIT */
#include "park/pollable.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

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

	close(fd);
	errno = saved;
}

void pp_pollable_signal(int fd)
{
	int saved = errno;
	uint64_t one = 1;
	ssize_t r;

	do /* it fails only where the count is full, and then it is readable */
		r = write(fd, &one, sizeof one);
	while (r < 0 && errno == EINTR);
	errno = saved;
}

void pp_pollable_reset(int fd)
{
	int saved = errno;
	uint64_t count;
	ssize_t r;

	do
		r = read(fd, &count, sizeof count);
	while (r < 0 && errno == EINTR);
	errno = saved;
}
