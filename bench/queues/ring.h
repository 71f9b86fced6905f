/* SPDX-License-Identifier: MIT */
/* Our own rings: the same loops around each set of calls that the library has for them. */
#ifndef BENCH_RING_H
#define BENCH_RING_H

#include "queues.h"

#include <pushpull/pushpull.h>

#include <errno.h>
#include <sched.h>

typedef void ring_loop(void *end, pp_bench_side *side);

struct ring_loops {
	ring_loop *produce[2][3], *consume[2][3]; /* item by item or in batches, in each form */
};

struct ring {
	pp_tx *tx;
	pp_rx *rx;
	const struct ring_loops *loops;
	pp_bench_form form;
	size_t batch;
};

enum { TRIES_BEFORE_YIELD = 100 };

/* What a caller of the try form does meanwhile: spin a little, then let others run. */
static inline int ring_again(ssize_t result, unsigned *tries)
{
	if (result != -EAGAIN && result != -EBUSY)
		return 0;
	if (++*tries % TRIES_BEFORE_YIELD)
		pp_bench_pause();
	else
		sched_yield();
	return 1;
}

#define RING_BY_TRY(function, parameters, call)                 \
	static inline ssize_t function parameters               \
	{                                                       \
		unsigned tries = 0;                             \
		ssize_t result;                                 \
                                                                \
		do                                              \
			result = call;                          \
		while (ring_again(result, &tries));             \
		return result;                                  \
	}

/*
 * RING_LOOPS(id, calls) defines `id`_loops around calls##_push and its relatives.  In the
 * expressions `queue` is the end itself.
 */
#define RING_LOOPS(id, calls)                                                                   \
	RING_BY_TRY(id##_push_by_try, (pp_tx *tx, const void *item), calls##_try_push(tx, item)) \
	RING_BY_TRY(id##_pull_by_try, (pp_rx *rx, void *item), calls##_try_pull(rx, item))      \
	RING_BY_TRY(id##_push_n_by_try, (pp_tx *tx, const void *items, size_t count),           \
		    calls##_try_push_n(tx, items, count))                                       \
	RING_BY_TRY(id##_pull_n_by_try, (pp_rx *rx, void *items, size_t count),                 \
		    calls##_try_pull_n(rx, items, count))                                       \
	PP_BENCH_PRODUCE(id##_push_blocking, calls##_push(queue, item))                         \
	PP_BENCH_PRODUCE(id##_push_try, id##_push_by_try(queue, item))                          \
	PP_BENCH_PRODUCE(id##_push_deadline, calls##_push_until(queue, item, side->deadline))   \
	PP_BENCH_PRODUCE_N(id##_push_n_blocking, calls##_push_n(queue, (void *)items, count))   \
	PP_BENCH_PRODUCE_N(id##_push_n_try, id##_push_n_by_try(queue, items, count))            \
	PP_BENCH_PRODUCE_N(id##_push_n_deadline,                                                \
			   calls##_push_n_until(queue, (void *)items, count, side->deadline))   \
	PP_BENCH_CONSUME(id##_pull_blocking, calls##_pull(queue, item))                         \
	PP_BENCH_CONSUME(id##_pull_try, id##_pull_by_try(queue, item))                          \
	PP_BENCH_CONSUME(id##_pull_deadline, calls##_pull_until(queue, item, side->deadline))   \
	PP_BENCH_CONSUME_N(id##_pull_n_blocking, calls##_pull_n(queue, (void *)items, count))   \
	PP_BENCH_CONSUME_N(id##_pull_n_try, id##_pull_n_by_try(queue, items, count))            \
	PP_BENCH_CONSUME_N(id##_pull_n_deadline,                                                \
			   calls##_pull_n_until(queue, (void *)items, 1, count, side->deadline)) \
	static const struct ring_loops id##_loops = {                                           \
		.produce = { { id##_push_blocking, id##_push_try, id##_push_deadline },         \
			     { id##_push_n_blocking, id##_push_n_try, id##_push_n_deadline } }, \
		.consume = { { id##_pull_blocking, id##_pull_try, id##_pull_deadline },         \
			     { id##_pull_n_blocking, id##_pull_n_try, id##_pull_n_deadline } }, \
	};

int    ring_open(void **queue, const pp_bench_spec *spec, pp_kind kind,
		 const struct ring_loops *loops);
void   ring_produce(void *queue, pp_bench_side *side);
void   ring_consume(void *queue, pp_bench_side *side);
void   ring_close(void *queue);
void   ring_destroy(void *queue);
size_t ring_depth(void *queue);
void   ring_counts(void *queue, pp_bench_counts *out);

#define RING_GUARANTEES (PP_BENCH_FIFO | PP_BENCH_PRODUCER_FIFO | PP_BENCH_BOUNDED | PP_BENCH_EXACT | \
			 PP_BENCH_BLOCKS | PP_BENCH_RENDEZVOUS | PP_BENCH_BATCHES | PP_BENCH_FORMS)
#define RING_CALLS .produce = ring_produce, .consume = ring_consume, .close = ring_close, \
		   .destroy = ring_destroy, .depth = ring_depth, .counts = ring_counts

#endif
