/* SPDX-License-Identifier: MIT */
/*
 * The anti-pattern: a list without bounds, one allocation per item.  It shows what no
 * backpressure does to depth and memory; at spec->memory_limit a push fails, so that
 * it does it to this queue and not to the machine.
 */
#include "queues.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

struct node {
	struct node *next;
	uint64_t     item[];
};

struct list {
	pthread_mutex_t lock;
	pthread_cond_t  items;
	struct node    *first, **last;
	_Atomic size_t  count;  /* written under the lock */
	size_t          most, limit, item_size;
	bool            closed;
	uint64_t        pull_parks;
};

static inline int push(struct list *q, const void *item)
{
	struct node *node = malloc(sizeof(*node) + q->item_size);
	size_t count;

	if (!node)
		return -ENOMEM;
	queue_copy(node->item, item, q->item_size);
	node->next = NULL;
	pthread_mutex_lock(&q->lock);
	count = atomic_load_explicit(&q->count, memory_order_relaxed) + 1;
	if (count > q->limit) {
		pthread_mutex_unlock(&q->lock);
		free(node);
		return -ENOMEM;
	}
	*q->last = node;
	q->last = &node->next;
	q->most = count > q->most ? count : q->most;
	atomic_store_explicit(&q->count, count, memory_order_relaxed);
	pthread_cond_signal(&q->items);
	pthread_mutex_unlock(&q->lock);
	return 0;
}

static inline int pull(struct list *q, void *item)
{
	struct node *node;

	pthread_mutex_lock(&q->lock);
	while (!q->first && !q->closed) {
		q->pull_parks++;
		pthread_cond_wait(&q->items, &q->lock);
	}
	node = q->first;
	if (node) {
		q->first = node->next;
		if (!q->first)
			q->last = &q->first;
		atomic_store_explicit(&q->count, q->count - 1, memory_order_relaxed);
	}
	pthread_mutex_unlock(&q->lock);
	if (!node)
		return -EPIPE;
	queue_copy(item, node->item, q->item_size);
	free(node);
	return 0;
}

PP_BENCH_PRODUCE(produce, push(queue, item))
PP_BENCH_CONSUME(consume, pull(queue, item))

/* What malloc takes for one item, its own header included. */
static size_t node_bytes(size_t item_size)
{
	return (sizeof(struct node) + item_size + 8 + 15) / 16 * 16;
}

static int open_list(void **queue, const pp_bench_spec *spec)
{
	struct list *q = calloc(1, sizeof(*q));

	if (!q)
		return -ENOMEM;
	q->item_size = spec->item_size;
	q->limit = spec->memory_limit / node_bytes(spec->item_size);
	q->last = &q->first;
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->items, NULL);
	*queue = q;
	return 0;
}

static void close_list(void *queue)
{
	struct list *q = queue;

	pthread_mutex_lock(&q->lock);
	q->closed = true;
	pthread_cond_broadcast(&q->items);
	pthread_mutex_unlock(&q->lock);
}

static void destroy(void *queue)
{
	struct list *q = queue;

	while (q->first) {
		struct node *node = q->first;

		q->first = node->next;
		free(node);
	}
	pthread_cond_destroy(&q->items);
	pthread_mutex_destroy(&q->lock);
	free(q);
}

static size_t depth(void *queue)
{
	struct list *q = queue;

	return atomic_load_explicit(&q->count, memory_order_relaxed);
}

static void counts(void *queue, pp_bench_counts *out)
{
	struct list *q = queue;

	*out = (pp_bench_counts){ .pull_parks = q->pull_parks,
				  .memory = q->most * node_bytes(q->item_size) };
}

const pp_bench_queue queue_list = {
	PP_BENCH_HEADER, .name = "list", .about = "an unbounded list, one allocation per item",
	.guarantees = PP_BENCH_FIFO | PP_BENCH_PRODUCER_FIFO | PP_BENCH_BLOCKS,
	.open = open_list, .produce = produce, .consume = consume, .close = close_list,
	.destroy = destroy, .depth = depth, .counts = counts,
};
