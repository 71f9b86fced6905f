/* SPDX-License-Identifier: MIT */
/*
 * A queue under a lock that does one thing wrong, chosen when it is built; `check` must
 * say so.  BROKEN: 0 nothing, 1 loses an item, 2 gives one twice, 3 swaps two, 4 holds one too
 * many, 5 claims to sleep but spins, 6 never sees the end, 7 has no close, 8 swaps two and
 * promises no order, 9 keeps it and does not promise it, 10 is healthy and takes its time.
 */
#include <pushpull/bench.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

enum { VICTIM = 100, SLOW_US = 100 };

struct broken {
	pthread_mutex_t lock;
	pthread_cond_t  changed;
	size_t   capacity, count, head, pulled;
	int      closed;
	uint64_t slots[];
};

static void wait_for_change(struct broken *q)
{
	if (BROKEN != 5) {
		pthread_cond_wait(&q->changed, &q->lock);
		return;
	}
	pthread_mutex_unlock(&q->lock);
	sched_yield();
	pthread_mutex_lock(&q->lock);
}

static int push(struct broken *q, const void *item)
{
	pthread_mutex_lock(&q->lock);
	while (q->count == q->capacity)
		wait_for_change(q);
	q->slots[(q->head + q->count++) % q->capacity] = pp_bench_get(item);
	pthread_cond_broadcast(&q->changed);
	pthread_mutex_unlock(&q->lock);
	return 0;
}

/* What a healthy queue does not do, to the item that is about to leave. */
static void harm(struct broken *q)
{
	uint64_t *first = &q->slots[q->head], *second = &q->slots[(q->head + 1) % q->capacity];
	uint64_t kept = *first;

	if (++q->pulled < VICTIM || q->count < 2)
		return;
	q->pulled = 0;
	if (BROKEN == 1) {
		q->head = (q->head + 1) % q->capacity;
		q->count--;
	} else if (BROKEN == 2) {
		*second = *first;
	} else if (BROKEN == 3 || BROKEN == 8) {
		*first = *second;
		*second = kept;
	}
}

static int pull(struct broken *q, void *item)
{
	int got;

	if (BROKEN == 10)
		usleep(SLOW_US);
	pthread_mutex_lock(&q->lock);
	while (!q->count && (!q->closed || BROKEN == 6))
		wait_for_change(q);
	got = q->count != 0;
	if (got) {
		harm(q);
		pp_bench_put(item, q->slots[q->head]);
		q->head = (q->head + 1) % q->capacity;
		q->count--;
		pthread_cond_broadcast(&q->changed);
	}
	pthread_mutex_unlock(&q->lock);
	return got ? 0 : -EPIPE;
}

PP_BENCH_PRODUCE(produce, push(queue, item))
PP_BENCH_CONSUME(consume, pull(queue, item))

static int open_broken(void **queue, const pp_bench_spec *spec)
{
	size_t capacity = spec->capacity + (BROKEN == 4);
	struct broken *q = calloc(1, sizeof(*q) + capacity * sizeof(uint64_t));

	if (!q)
		return -ENOMEM;
	q->capacity = capacity;
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->changed, NULL);
	*queue = q;
	return 0;
}

#if BROKEN != 7
static void close_broken(void *queue)
{
	struct broken *q = queue;

	pthread_mutex_lock(&q->lock);
	q->closed = 1;
	pthread_cond_broadcast(&q->changed);
	pthread_mutex_unlock(&q->lock);
}
#else
#define close_broken NULL
#endif

PP_BENCH_EXPORT = {
	PP_BENCH_HEADER, .name = "broken",
	.guarantees = (BROKEN == 8 || BROKEN == 9 ? 0 : PP_BENCH_FIFO) | PP_BENCH_BOUNDED | PP_BENCH_EXACT | PP_BENCH_BLOCKS,
	.open = open_broken, .produce = produce, .consume = consume, .close = close_broken,
	.destroy = free,
};
