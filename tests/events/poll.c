/* SPDX-License-Identifier: MIT */
/* poll(2). */
#include "source.h"

#include <errno.h>
#include <poll.h>

static int run(struct source *source)
{
	struct pollfd wait = { .fd = source->fd, .events = POLLIN };
	int result;

	while ((result = source->go_on(source)) == 0)
		if (poll(&wait, 1, -1) < 0 && errno != EINTR)
			return -errno;
	return result;
}

const struct recipe recipe = { .name = "poll", .run = run };
