/* SPDX-License-Identifier: MIT */
/* io_uring(7): a poll request for each wait or, compiled with -DMULTISHOT, one that stays. */
#include "source.h"

#include <errno.h>
#include <liburing.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

static int watch(struct io_uring *uring, int fd)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(uring);

#ifdef MULTISHOT
	io_uring_prep_poll_multishot(sqe, fd, POLLIN);
#else
	io_uring_prep_poll_add(sqe, fd, POLLIN);
#endif
	return io_uring_submit(uring);
}

/* Wait for a completion.  *watched: will this request bring another one? */
static int wait_once(struct io_uring *uring, bool *watched)
{
	struct io_uring_cqe *cqe;
	int result = io_uring_wait_cqe(uring, &cqe);

	if (result < 0)
		return result == -EINTR ? 0 : result;
	*watched = cqe->flags & IORING_CQE_F_MORE;
	result = cqe->res; /* what poll(2) would give, or a failure */
	io_uring_cqe_seen(uring, cqe);
	return result < 0 ? result : 0;
}

static int run(struct source *source)
{
	struct io_uring uring;
	bool watched = false;
	int result = io_uring_queue_init(4, &uring, 0), error = 0;

	if (result < 0)
		return result;
	while (error >= 0 && (result = source->go_on(source)) == 0) {
		if (!watched)
			error = watch(&uring, source->fd);
		if (error >= 0)
			error = wait_once(&uring, &watched);
	}
	io_uring_queue_exit(&uring);
	return error < 0 ? error : result;
}

/* Containers and settings of the kernel often refuse it. */
static bool usable(void)
{
	struct io_uring uring;
	int result = io_uring_queue_init(4, &uring, 0);

	if (result < 0) {
		printf("SKIP: io_uring_setup: %s\n", strerror(-result));
		return false;
	}
	io_uring_queue_exit(&uring);
	return true;
}

#ifdef MULTISHOT
const struct recipe recipe = { .name = "io_uring, multishot", .run = run, .usable = usable };
#else
const struct recipe recipe = { .name = "io_uring", .run = run, .usable = usable };
#endif
