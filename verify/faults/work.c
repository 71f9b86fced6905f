/* SPDX-License-Identifier: MIT */
#include "work.h"

#include <pushpull/async.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

enum { PRODUCERS = 2, ITEMS = 300, RINGS = 2, ERRNO_MARK = 4711 };

const char *work_name = "";

static struct {
	struct shape shape;
	pp_tx *tx[RINGS];
	pp_rx *rx[RINGS];
	unsigned rings, producers;
	atomic_uint seen[PRODUCERS * ITEMS], dropped[PRODUCERS * ITEMS];
	bool pushed[PRODUCERS * ITEMS];
} work;

/* `call`, and errno as it was. */
#define KEEPS_ERRNO(call) \
	do { \
		errno = ERRNO_MARK; \
		(call); \
		CHECK(errno == ERRNO_MARK, "%s: errno %d", #call, errno); \
	} while (0)

static void drop(void *item, void *context)
{
	uint64_t number;

	(void)context;
	memcpy(&number, item, sizeof(number));
	CHECK(number < PRODUCERS * ITEMS, "dropped what is no item");
	atomic_fetch_add(&work.dropped[number], 1);
}

static void begin(struct shape shape, unsigned rings)
{
	unsigned i;
	int r;

	memset(&work, 0, sizeof(work));
	work.shape = shape;
	work.rings = rings;
	work.producers = shape.kind == PP_MPMC ? PRODUCERS : rings;
	for (i = 0; i < rings; i++) {
		KEEPS_ERRNO(r = pp_open_with(&work.tx[i], &work.rx[i],
			&PP_CONFIG(.kind = shape.kind, .capacity = shape.capacity, .item_size = 8,
			           .flags = shape.flags, .spin_ns = shape.capacity % 2 ? PP_SPIN_NONE : 0,
			           .drop = drop)));
		CHECK(r == 0, "open gave %d", r);
	}
}

/* Everything that was pushed went one way, once. */
static void end(bool cancelled)
{
	unsigned i, k;

	for (i = 0; i < work.rings; i++)
		KEEPS_ERRNO(pp_rx_unref(work.rx[i]));
	for (k = 0; k < work.producers * ITEMS; k++) {
		unsigned seen = atomic_load(&work.seen[k]), dropped = atomic_load(&work.dropped[k]);

		CHECK(seen + dropped == work.pushed[k] && (cancelled || !dropped),
		      "item %u: pushed %d, pulled %u, dropped %u", k, work.pushed[k], seen, dropped);
		CHECK(cancelled || work.pushed[k], "item %u was not pushed", k);
	}
}

static bool interrupted(int r)
{
	CHECK(r != -EINTR || work.shape.flags & PP_INTERRUPTIBLE, "-EINTR from a ring that is not");
	return r == -EINTR;
}

/* ---- the threads ------------------------------------------------------------------------- */

/* By either form. */
static int push(pp_tx *tx, const uint64_t *item)
{
	ssize_t r;

	KEEPS_ERRNO(r = *item % 3 ? pp_push(tx, item) : pp_push_n(tx, item, 1));
	return *item % 3 || r < 0 ? (int)r : (int)r - 1;
}

static void *produce(void *arg)
{
	uintptr_t p = (uintptr_t)arg;
	pp_tx *tx = work.tx[p % work.rings];
	uint64_t i;
	int r = 0;

	for (i = p * ITEMS; i < (p + 1) * ITEMS && r == 0; i++) {
		do
			r = push(tx, &i);
		while (interrupted(r));
		work.pushed[i] = r == 0;
	}
	CHECK(r == 0 || r == -EPIPE, "push gave %d", r);
	KEEPS_ERRNO(pp_tx_unref(tx));
	return NULL;
}

static void took(uint64_t item, int64_t *last)
{
	unsigned p = (unsigned)(item / ITEMS);

	CHECK(item < PRODUCERS * ITEMS, "pulled what is no item: %llx", (unsigned long long)item);
	CHECK((int64_t)item > last[p], "item %d after %d", (int)item, (int)last[p]);
	last[p] = (int64_t)item;
	atomic_fetch_add(&work.seen[item], 1);
}

static int pull(bool timed, uint64_t *item)
{
	pp_time deadline = timed ? pp_in(200 * PP_US) : 0;
	int r;

	KEEPS_ERRNO(r = timed ? pp_pull_until(work.rx[0], item, deadline) : pp_pull(work.rx[0], item));
	if (r == -ETIMEDOUT)
		CHECK(timed && pp_now() >= deadline, "-ETIMEDOUT before the deadline");
	return r;
}

static void *consume(void *arg)
{
	int64_t last[PRODUCERS] = { -1, -1 };
	const bool timed = arg != NULL;
	uint64_t item;
	int r;

	for (;;) {
		r = pull(timed, &item);
		if (r == 0)
			took(item, last);
		else if (!interrupted(r) && r != -ETIMEDOUT)
			break;
	}
	CHECK(r == -EPIPE || r == -ESHUTDOWN, "pull gave %d", r);
	return NULL;
}

static void start_producers(pthread_t *threads)
{
	uintptr_t p;
	int r;

	/* All references before the first thread may let go of one. */
	for (p = work.rings; p < work.producers; p++) {
		KEEPS_ERRNO(r = pp_tx_ref(work.tx[p % work.rings]));
		CHECK(r == 0, "ref gave %d", r);
	}
	for (p = 0; p < work.producers; p++)
		CHECK(pthread_create(&threads[p], NULL, produce, (void *)p) == 0, "no thread");
}

static void join(pthread_t *threads, unsigned n)
{
	while (n)
		CHECK(pthread_join(threads[--n], NULL) == 0, "join");
}

static void stream(struct shape shape, bool timed, bool cancel)
{
	pthread_t producers[PRODUCERS], consumers[2];
	unsigned n = shape.kind == PP_MPMC ? 2 : 1, i;
	int r;

	begin(shape, 1);
	for (i = 0; i < n; i++)
		CHECK(pthread_create(&consumers[i], NULL, consume, timed ? &work : NULL) == 0, "no thread");
	start_producers(producers);
	if (cancel) {
		usleep(300);
		KEEPS_ERRNO(r = pp_cancel(work.rx[0]));
		CHECK(r == 0, "cancel gave %d", r);
	}
	join(producers, work.producers);
	join(consumers, n);
	end(cancel);
}

void work_stream(struct shape shape)
{
	stream(shape, false, false);
}

void work_deadlines(struct shape shape)
{
	stream(shape, true, false);
}

void work_cancel(struct shape shape)
{
	stream(shape, false, true);
}

/* ---- one consumer, in other ways --------------------------------------------------------- */

void work_select(struct shape shape)
{
	int64_t last[PRODUCERS] = { -1, -1 };
	pthread_t producers[PRODUCERS];
	pp_case cases[RINGS];
	uint64_t item;
	unsigned open = RINGS, i;
	int r;

	begin(shape, RINGS);
	start_producers(producers);
	for (i = 0; i < RINGS; i++)
		cases[i] = (pp_case){ .rx = work.rx[i], .item = &item };
	while (open) {
		KEEPS_ERRNO(r = pp_select(cases, RINGS, 0, PP_FOREVER));
		if (interrupted(r))
			continue;
		CHECK(r >= 0 && r < RINGS, "select gave %d", r);
		if (cases[r].result == 0) {
			took(item, last);
			continue;
		}
		CHECK(cases[r].result == -EPIPE, "the case gave %d", cases[r].result);
		cases[r].rx = NULL;
		open--;
	}
	join(producers, work.producers);
	end(false);
}

void work_poll(struct shape shape)
{
	int64_t last[PRODUCERS] = { -1, -1 };
	pthread_t producers[PRODUCERS];
	struct pollfd p = { .events = POLLIN };
	uint64_t item;
	int r;

	begin(shape, 1);
	start_producers(producers);
	KEEPS_ERRNO(p.fd = pp_rx_fd(work.rx[0]));
	CHECK(p.fd >= 0, "no descriptor: %d", p.fd);
	for (;;) {
		KEEPS_ERRNO(r = pp_try_pull(work.rx[0], &item));
		if (r == 0) {
			took(item, last);
			continue;
		}
		if (r != -EAGAIN && r != -EBUSY)
			break;
		KEEPS_ERRNO(r = pp_rx_arm(work.rx[0]));
		CHECK(r == 0 || r == 1, "arm gave %d", r);
		if (r == 0)
			CHECK(poll(&p, 1, -1) == 1, "poll");
	}
	CHECK(r == -EPIPE, "pull gave %d", r);
	join(producers, work.producers);
	end(false);
}

static void called(void *context)
{
	CHECK(sem_post(context) == 0, "semaphore");
}

void work_async(struct shape shape)
{
	int64_t last[PRODUCERS] = { -1, -1 };
	pthread_t producers[PRODUCERS];
	sem_t semaphore;
	pp_async op = PP_ASYNC(.ready = called, .context = &semaphore);
	uint64_t item;
	int r;

	begin(shape, 1);
	CHECK(sem_init(&semaphore, 0, 0) == 0, "semaphore");
	start_producers(producers);
	for (;;) {
		KEEPS_ERRNO(r = pp_pull_async(work.rx[0], &item, &op));
		if (r == 0)
			took(item, last);
		else if (r != -EAGAIN)
			break;
		else
			while (sem_wait(&semaphore) != 0)
				;
	}
	CHECK(r == -EPIPE, "pull gave %d", r);
	join(producers, work.producers);
	end(false);
	sem_destroy(&semaphore);
}
