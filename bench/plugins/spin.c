/* SPDX-License-Identifier: MIT */
/*
 * An example plugin: a ring for one producer and one consumer that spin.
 *
 *     cc -O3 -shared -fPIC spin.c -o spin.so
 *     pushpull-bench check --queue ./spin.so
 *     pushpull-bench --queue ./spin.so --queue spsc
 */
#include <pushpull/bench.h>

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

struct spin {
	_Alignas(128) _Atomic size_t tail; /* items pushed; the producer writes it */
	size_t head_seen;                  /* the producer's last look at head     */
	_Alignas(128) _Atomic size_t head; /* items pulled; the consumer writes it */
	size_t tail_seen;
	_Alignas(128) _Atomic int closed;
	size_t capacity, item_size;
	char  *slots;
};

/* Whoever shares its CPU with the other side must let it run at some time. */
static inline void spin_wait(unsigned *turns)
{
	if (++*turns % 1000)
		pp_bench_pause();
	else
		sched_yield();
}

static inline int spin_push(struct spin *q, const void *item)
{
	size_t tail = atomic_load_explicit(&q->tail, memory_order_relaxed);
	unsigned turns = 0;

	while (tail - q->head_seen == q->capacity) {
		q->head_seen = atomic_load_explicit(&q->head, memory_order_acquire);
		if (tail - q->head_seen == q->capacity)
			spin_wait(&turns);
	}
	memcpy(q->slots + tail % q->capacity * q->item_size, item, q->item_size);
	atomic_store_explicit(&q->tail, tail + 1, memory_order_release);
	return 0;
}

static inline int spin_pull(struct spin *q, void *item)
{
	size_t head = atomic_load_explicit(&q->head, memory_order_relaxed);
	unsigned turns = 0;

	while (head == q->tail_seen) {
		int closed = atomic_load_explicit(&q->closed, memory_order_acquire);

		q->tail_seen = atomic_load_explicit(&q->tail, memory_order_acquire);
		if (head != q->tail_seen)
			break;
		if (closed)
			return -EPIPE;
		spin_wait(&turns);
	}
	memcpy(item, q->slots + head % q->capacity * q->item_size, q->item_size);
	atomic_store_explicit(&q->head, head + 1, memory_order_release);
	return 0;
}

PP_BENCH_PRODUCE(spin_produce, spin_push(queue, item))
PP_BENCH_CONSUME(spin_consume, spin_pull(queue, item))

static int spin_open(void **queue, const pp_bench_spec *spec)
{
	struct spin *q = aligned_alloc(128, sizeof(*q));

	if (!q)
		return -ENOMEM;
	*q = (struct spin){ .capacity = spec->capacity, .item_size = spec->item_size,
			    .slots = malloc(spec->capacity * spec->item_size) };
	if (!q->slots) {
		free(q);
		return -ENOMEM;
	}
	/* Touch it now: page faults are not what is measured. */
	memset(q->slots, 0, spec->capacity * spec->item_size);
	*queue = q;
	return 0;
}

static void spin_close(void *queue)
{
	struct spin *q = queue;

	atomic_store_explicit(&q->closed, 1, memory_order_release);
}

static void spin_destroy(void *queue)
{
	struct spin *q = queue;

	free(q->slots);
	free(q);
}

static size_t spin_depth(void *queue)
{
	struct spin *q = queue;
	size_t head = atomic_load(&q->head), tail = atomic_load(&q->tail);

	return tail - head <= q->capacity ? tail - head : 0;
}

PP_BENCH_EXPORT = {
	PP_BENCH_HEADER, .name = "spin", .about = "one producer and one consumer that spin",
	.guarantees = PP_BENCH_FIFO | PP_BENCH_BOUNDED | PP_BENCH_EXACT,
	.max_producers = 1, .max_consumers = 1,
	.open = spin_open, .produce = spin_produce, .consume = spin_consume, .close = spin_close,
	.destroy = spin_destroy, .depth = spin_depth,
};
