/* SPDX-License-Identifier: MIT */
/* epoll(7), level-triggered and, compiled with -DEDGE, edge-triggered. */
#include "source.h"

#include <errno.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <unistd.h>

#ifdef EDGE
static const uint32_t interest = EPOLLIN | EPOLLET;
#else
static const uint32_t interest = EPOLLIN;
#endif

static int wait_and_go_on(int epoll)
{
	struct epoll_event event;
	struct source *ready;
	int count = epoll_wait(epoll, &event, 1, -1);

	if (count < 0)
		return errno == EINTR ? 0 : -errno;
	ready = event.data.ptr; /* one of many, in a real loop */
	return ready->go_on(ready);
}

static int run(struct source *source)
{
	struct epoll_event event = { .events = interest, .data.ptr = source };
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	int result = epoll < 0 ? -errno : 0;

	if (result == 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, source->fd, &event) < 0)
		result = -errno;
	if (result == 0)
		result = source->go_on(source); /* nothing is armed before the first time */
	while (result == 0)
		result = wait_and_go_on(epoll);
	if (epoll >= 0)
		close(epoll);
	return result;
}

#ifdef EDGE
const struct recipe recipe = { .name = "epoll, edge-triggered", .run = run };
#else
const struct recipe recipe = { .name = "epoll, level-triggered", .run = run };
#endif
