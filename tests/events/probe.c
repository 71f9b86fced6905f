/* SPDX-License-Identifier: MIT */
#include "probe.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>

void ring_open(struct ring *r, pp_kind kind, size_t capacity)
{
	*r = (struct ring){ .kind = kind, .capacity = capacity };
	CHECK(pp_open(&r->tx, &r->rx, kind, capacity, sizeof(int)) == 0, "pp_open");
}

void ring_let_go(struct ring *r)
{
	pp_tx_unref(r->tx);
	pp_rx_unref(r->rx);
}

int push(struct ring *r)
{
	return pp_try_push(r->tx, &(int){ 7 });
}

int pull(struct ring *r)
{
	int item = 0, result = pp_try_pull(r->rx, &item);

	CHECK(result != 0 || item == 7, "pulled %d", item);
	return result;
}

void fill(struct ring *r)
{
	for (size_t i = 0; i < r->capacity; i++)
		CHECK(push(r) == 0, "push %zu", i);
	CHECK(push(r) == -EAGAIN, "not full");
}

bool readable(int fd)
{
	struct pollfd look = { .fd = fd, .events = POLLIN };
	int ready = poll(&look, 1, 0);

	CHECK(ready >= 0 && !(look.revents & ~POLLIN), "poll: %d, %x", ready, look.revents);
	return ready == 1;
}

bool rx_readable(struct ring *r)
{
	return readable(pp_rx_fd(r->rx));
}

bool tx_readable(struct ring *r)
{
	return readable(pp_tx_fd(r->tx));
}

unsigned open_fds(void)
{
	DIR *folder = opendir("/proc/self/fd");
	unsigned count = 0;

	CHECK(folder, "no /proc");
	while (readdir(folder))
		count++;
	closedir(folder);
	return count;
}

static void run_on(const struct probe *probe, pp_kind kind, size_t capacity)
{
	unsigned wanted = (kind == PP_SPSC ? SPSC : MPMC) | (capacity == 0 ? ZERO : ABOVE_ZERO);
	struct ring r;

	if ((probe->on & wanted) != wanted)
		return;
	test_case("%s, %s, capacity %zu", probe->name, kind == PP_SPSC ? "spsc" : "mpmc",
		  capacity);
	ring_open(&r, kind, capacity);
	probe->run(&r);
	ring_let_go(&r);
	watchdog_feed();
}

void run_cases(const struct probe *cases, size_t count)
{
	static const size_t capacities[] = { 0, 1, 3, 64 };
	unsigned before = open_fds();

	watchdog_start();
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < ARRAY_LEN(capacities); j++) {
			run_on(&cases[i], PP_SPSC, capacities[j]);
			run_on(&cases[i], PP_MPMC, capacities[j]);
		}
		printf("ok      %s\n", cases[i].name);
	}
	CHECK(open_fds() == before, "%u descriptors, not %u", open_fds(), before);
}
