/* SPDX-License-Identifier: MIT */
/*
 * Concurrency Kit's ring, in C, as its header is none for C++.  CK is spsc or mpmc.  Its size is
 * a power of two, and it holds one item less.
 */
#include "patience.h"

#include <ck_ring.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

struct rival {
	ck_ring_t ring;
	void *slots;
	_Alignas(128) _Atomic int closed;
};

struct block8  { uint64_t words[1]; };
struct block64 { uint64_t words[8]; };

#define PASTE(a, b, c, d)   a##b##c##d
#define CK_CALL(verb, size) CK_NAMED(verb, CK, size)
#define CK_NAMED(verb, kind, size) PASTE(ck_ring_##verb##_, kind, _item, size)

/* The loops for one size of item. */
#define LOOPS(size)                                                                     \
	CK_RING_PROTOTYPE(item##size, block##size)                                      \
                                                                                        \
	static inline int push##size(struct rival *q, void *item)                       \
	{                                                                               \
		unsigned tries = 0;                                                     \
                                                                                        \
		while (!CK_CALL(enqueue, size)(&q->ring, q->slots, item))               \
			patience(&tries);                                               \
		return 0;                                                               \
	}                                                                               \
                                                                                        \
	static inline int pull##size(struct rival *q, void *item)                       \
	{                                                                               \
		unsigned tries = 0;                                                     \
		int over = 0;                                                           \
                                                                                        \
		while (!CK_CALL(dequeue, size)(&q->ring, q->slots, item)) {             \
			if (over)                                                       \
				return -EPIPE;                                          \
			over = atomic_load_explicit(&q->closed, memory_order_acquire);  \
			if (!over)                                                      \
				patience(&tries);                                       \
		}                                                                       \
		return 0;                                                               \
	}                                                                               \
                                                                                        \
	PP_BENCH_PRODUCE(produce##size, push##size(queue, item))                        \
	PP_BENCH_CONSUME(consume##size, pull##size(queue, item))

LOOPS(8)
LOOPS(64)

static const struct {
	size_t size;
	void (*produce)(void *queue, pp_bench_side *side);
	void (*consume)(void *queue, pp_bench_side *side);
} loops[] = {
	{ 8, produce8, consume8 }, { 64, produce64, consume64 },
};

enum { SIZES = sizeof(loops) / sizeof(*loops) };

static unsigned loop_of(size_t item_size)
{
	unsigned i = 0;

	while (i < SIZES && loops[i].size != item_size)
		i++;
	return i;
}

static int open_ring(void **queue, const pp_bench_spec *spec)
{
	struct rival *q;
	unsigned size = 4;

	if (loop_of(spec->item_size) == SIZES)
		return -EOPNOTSUPP;
	while (size < spec->capacity + 1)
		size *= 2;
	q = aligned_alloc(128, sizeof(*q));
	if (!q)
		return -ENOMEM;
	memset(q, 0, sizeof(*q));
	q->slots = aligned_alloc(128, (size * spec->item_size + 127) & ~(size_t)127);
	if (!q->slots) {
		free(q);
		return -ENOMEM;
	}
	memset(q->slots, 0, size * spec->item_size);
	ck_ring_init(&q->ring, size);
	*queue = q;
	return 0;
}

static void produce(void *queue, pp_bench_side *side)
{
	loops[loop_of(side->item_size)].produce(queue, side);
}

static void consume(void *queue, pp_bench_side *side)
{
	loops[loop_of(side->item_size)].consume(queue, side);
}

static void close_ring(void *queue)
{
	struct rival *q = queue;

	atomic_store_explicit(&q->closed, 1, memory_order_release);
}

static void destroy(void *queue)
{
	struct rival *q = queue;

	free(q->slots);
	free(q);
}

static size_t depth(void *queue)
{
	return ck_ring_size(&((struct rival *)queue)->ring);
}

static size_t capacity(void *queue)
{
	return ck_ring_capacity(&((struct rival *)queue)->ring) - 1;
}

PP_BENCH_EXPORT = {
	PP_BENCH_HEADER, .name = RIVAL_NAME,
	.about = "Concurrency Kit " RIVAL_NAME ", by value, try and yield (" RIVAL_VERSION ")",
	.guarantees = PP_BENCH_FIFO | PP_BENCH_PRODUCER_FIFO | PP_BENCH_BOUNDED,
	.max_producers = CK_MOST, .max_consumers = CK_MOST,
	.open = open_ring, .produce = produce, .consume = consume, .close = close_ring,
	.destroy = destroy, .depth = depth, .capacity = capacity,
};
