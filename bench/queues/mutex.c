/* SPDX-License-Identifier: MIT */
/* The ring that everybody writes first: a mutex and two condition variables. */
#include "queues.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

struct mutex_ring {
	pthread_mutex_t lock;
	pthread_cond_t  room, items;
	_Atomic size_t  count;  /* written under the lock, read without it by depth() */
	size_t          head, tail, capacity, item_size;
	bool            closed;
	uint64_t        push_parks, pull_parks; /* under the lock */
	char           *slots;
};

static size_t count_of(struct mutex_ring *q)
{
	return atomic_load_explicit(&q->count, memory_order_relaxed);
}

static void set_count(struct mutex_ring *q, size_t count)
{
	atomic_store_explicit(&q->count, count, memory_order_relaxed);
}

static size_t next(const struct mutex_ring *q, size_t at)
{
	return at + 1 == q->capacity ? 0 : at + 1;
}

static inline int push(struct mutex_ring *q, const void *item)
{
	pthread_mutex_lock(&q->lock);
	while (count_of(q) == q->capacity) {
		q->push_parks++;
		pthread_cond_wait(&q->room, &q->lock);
	}
	queue_copy(q->slots + q->tail * q->item_size, item, q->item_size);
	q->tail = next(q, q->tail);
	set_count(q, count_of(q) + 1);
	pthread_cond_signal(&q->items);
	pthread_mutex_unlock(&q->lock);
	return 0;
}

static inline int pull(struct mutex_ring *q, void *item)
{
	bool got;

	pthread_mutex_lock(&q->lock);
	while (!count_of(q) && !q->closed) {
		q->pull_parks++;
		pthread_cond_wait(&q->items, &q->lock);
	}
	got = count_of(q) != 0;
	if (got) {
		queue_copy(item, q->slots + q->head * q->item_size, q->item_size);
		q->head = next(q, q->head);
		set_count(q, count_of(q) - 1);
		pthread_cond_signal(&q->room);
	}
	pthread_mutex_unlock(&q->lock);
	return got ? 0 : -EPIPE;
}

PP_BENCH_PRODUCE(produce, push(queue, item))
PP_BENCH_CONSUME(consume, pull(queue, item))

static int open_mutex(void **queue, const pp_bench_spec *spec)
{
	struct mutex_ring *q;

	if (!spec->capacity)
		return -EOPNOTSUPP;
	q = calloc(1, sizeof(*q));
	if (!q)
		return -ENOMEM;
	q->capacity = spec->capacity;
	q->item_size = spec->item_size;
	q->slots = malloc(spec->capacity * spec->item_size);
	if (!q->slots) {
		free(q);
		return -ENOMEM;
	}
	memset(q->slots, 0, spec->capacity * spec->item_size);
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->room, NULL);
	pthread_cond_init(&q->items, NULL);
	*queue = q;
	return 0;
}

static void close_mutex(void *queue)
{
	struct mutex_ring *q = queue;

	pthread_mutex_lock(&q->lock);
	q->closed = true;
	pthread_cond_broadcast(&q->items);
	pthread_mutex_unlock(&q->lock);
}

static void destroy(void *queue)
{
	struct mutex_ring *q = queue;

	pthread_cond_destroy(&q->items);
	pthread_cond_destroy(&q->room);
	pthread_mutex_destroy(&q->lock);
	free(q->slots);
	free(q);
}

static size_t depth(void *queue)
{
	return count_of(queue);
}

/* A condition variable does not say how often its signal made a system call. */
static void counts(void *queue, pp_bench_counts *out)
{
	struct mutex_ring *q = queue;

	*out = (pp_bench_counts){ .push_parks = q->push_parks, .pull_parks = q->pull_parks };
}

const pp_bench_queue queue_mutex = {
	PP_BENCH_HEADER, .name = "mutex", .about = "a ring under a mutex with two condition variables",
	.guarantees = PP_BENCH_FIFO | PP_BENCH_PRODUCER_FIFO | PP_BENCH_BOUNDED | PP_BENCH_EXACT |
		      PP_BENCH_BLOCKS,
	.open = open_mutex, .produce = produce, .consume = consume, .close = close_mutex,
	.destroy = destroy, .depth = depth, .counts = counts,
};
