/* SPDX-License-Identifier: MIT */
/* Waiting in an event loop, whole: try until nothing goes, arm, wait for the descriptor,
 * start over. */
#include "selecting.h"

#include <poll.h>

SUITE(readiness_loop);

#define SPAN (20 * PP_SEC) /* for one item; longer is a lost event */

static ssize_t wait_for(int fd, int armed)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (armed != 0)
		return armed == 1 ? 0 : armed;
	return poll(&p, 1, (int)(SPAN / PP_MS)) == 1 ? 0 : -ETIMEDOUT;
}

/* Push and pull as an event loop does, as forms. */
static ssize_t push_by_loop(const struct ends *e, uint64_t *items, size_t n, pp_time deadline)
{
	ssize_t r;

	(void)n;
	(void)deadline;
	while ((r = pp_try_push(e->tx, items)) == -EAGAIN || r == -EBUSY)
		if ((r = wait_for(pp_tx_fd(e->tx), pp_tx_arm(e->tx))) != 0)
			return r;
	return r;
}

static ssize_t pull_by_loop(const struct ends *e, uint64_t *items, size_t n, pp_time deadline)
{
	ssize_t r;

	(void)n;
	(void)deadline;
	while ((r = pp_try_pull(e->rx, items)) == -EAGAIN || r == -EBUSY)
		if ((r = wait_for(pp_rx_fd(e->rx), pp_rx_arm(e->rx))) != 0)
			return r;
	return r;
}

static const struct form push_loop = { "push by loop", UNTIL, 0, push_by_loop };
static const struct form pull_loop = { "pull by loop", UNTIL, 0, pull_by_loop };

static void stream(pp_kind kind, size_t capacity, const struct form *push, const struct form *pull)
{
	struct streams s = { .items = SANITIZED ? 500 : 3000, .push = push, .pull = pull };

	/* One loop for each end; the others may be more. */
	s.producers = kind == PP_SPSC || push == &push_loop ? 1 : 3;
	s.consumers = kind == PP_SPSC || pull == &pull_loop ? 1 : 3;
	s.ends = ends_open(kind, capacity);
	streams_run(&s);
}

static void streams(pp_kind kind, size_t capacity)
{
	stream(kind, capacity, NULL, &pull_loop);
	stream(kind, capacity, &push_loop, NULL);
	stream(kind, capacity, &push_select_forms[FOREVER], &pull_loop);
	stream(kind, capacity, &push_loop, &pull_select_forms[FOREVER]);
	if (capacity == 0)
		return; /* two sides that only try or arm never meet */
	stream(kind, capacity, &push_loop, &pull_loop);
	stream(kind, capacity, &push_in_place_forms[FOREVER], &pull_loop);
	stream(kind, capacity, &push_loop, &pull_in_place_forms[FOREVER]);
}

Test(readiness_loop, a_loop_on_one_end_moves_every_item_once_and_sees_the_end)
{
	static const size_t capacities[] = { 0, 1, 2, 3, 64, 128, 129, 1000 };

	for (size_t i = 0; i < ARRAY_LEN(capacities); i++)
		for_each_kind(capacities[i], streams);
}
