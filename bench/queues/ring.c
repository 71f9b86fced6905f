/* SPDX-License-Identifier: MIT */
/* Our own rings, through the plain functions of the shared library. */
#include "queues.h"

#include <pushpull/pushpull.h>

#include <errno.h>
#include <sched.h>
#include <stdlib.h>

struct ring {
	pp_tx *tx;
	pp_rx *rx;
	pp_bench_form form;
	size_t batch;
};

enum { TRIES_BEFORE_YIELD = 100 };

/* What a caller of the try form does meanwhile: spin a little, then let others run. */
static inline int again(ssize_t result, unsigned *tries)
{
	if (result != -EAGAIN && result != -EBUSY)
		return 0;
	if (++*tries % TRIES_BEFORE_YIELD)
		pp_bench_pause();
	else
		sched_yield();
	return 1;
}

static inline int push_by_try(pp_tx *tx, const void *item)
{
	unsigned tries = 0;
	int result;

	do
		result = pp_try_push(tx, item);
	while (again(result, &tries));
	return result;
}

static inline int pull_by_try(pp_rx *rx, void *item)
{
	unsigned tries = 0;
	int result;

	do
		result = pp_try_pull(rx, item);
	while (again(result, &tries));
	return result;
}

static inline ssize_t push_n_by_try(pp_tx *tx, const void *items, size_t count)
{
	unsigned tries = 0;
	ssize_t result;

	do
		result = pp_try_push_n(tx, items, count);
	while (again(result, &tries));
	return result;
}

static inline ssize_t pull_n_by_try(pp_rx *rx, void *items, size_t count)
{
	unsigned tries = 0;
	ssize_t result;

	do
		result = pp_try_pull_n(rx, items, count);
	while (again(result, &tries));
	return result;
}

/* Here `queue` is the end itself. */
PP_BENCH_PRODUCE(push_blocking, pp_push(queue, item))
PP_BENCH_PRODUCE(push_try, push_by_try(queue, item))
PP_BENCH_PRODUCE(push_deadline, pp_push_until(queue, item, side->deadline))
PP_BENCH_PRODUCE_N(push_n_blocking, pp_push_n(queue, items, count))
PP_BENCH_PRODUCE_N(push_n_try, push_n_by_try(queue, items, count))
PP_BENCH_PRODUCE_N(push_n_deadline, pp_push_n_until(queue, items, count, side->deadline))

PP_BENCH_CONSUME(pull_blocking, pp_pull(queue, item))
PP_BENCH_CONSUME(pull_try, pull_by_try(queue, item))
PP_BENCH_CONSUME(pull_deadline, pp_pull_until(queue, item, side->deadline))
PP_BENCH_CONSUME_N(pull_n_blocking, pp_pull_n(queue, items, count))
PP_BENCH_CONSUME_N(pull_n_try, pull_n_by_try(queue, items, count))
PP_BENCH_CONSUME_N(pull_n_deadline, pp_pull_n_until(queue, items, 1, count, side->deadline))

typedef void loop(void *end, pp_bench_side *side);

static loop *const produce_loops[2][3] = {
	{ push_blocking, push_try, push_deadline },
	{ push_n_blocking, push_n_try, push_n_deadline },
};
static loop *const consume_loops[2][3] = {
	{ pull_blocking, pull_try, pull_deadline },
	{ pull_n_blocking, pull_n_try, pull_n_deadline },
};

static int open_kind(void **queue, const pp_bench_spec *spec, pp_kind kind)
{
	pp_config config = PP_CONFIG(.kind = kind, .capacity = spec->capacity,
				     .item_size = spec->item_size, .name = "bench");
	struct ring *r;
	int error;

	if (spec->form == PP_BENCH_TRY && !spec->capacity)
		return -EOPNOTSUPP; /* two tries never meet */
	if (spec->flags & PP_BENCH_PARK)
		config.spin_ns = PP_SPIN_NONE;
	r = malloc(sizeof(*r));
	if (!r)
		return -ENOMEM;
	error = pp_open_with(&r->tx, &r->rx, &config);
	if (error) {
		free(r);
		return error;
	}
	r->form = spec->form;
	r->batch = spec->batch;
	*queue = r;
	return 0;
}

static int open_spsc(void **queue, const pp_bench_spec *spec)
{
	return open_kind(queue, spec, PP_SPSC);
}

static int open_mpmc(void **queue, const pp_bench_spec *spec)
{
	return open_kind(queue, spec, PP_MPMC);
}

static void produce(void *queue, pp_bench_side *side)
{
	struct ring *r = queue;

	produce_loops[r->batch > 1][r->form](r->tx, side);
}

static void consume(void *queue, pp_bench_side *side)
{
	struct ring *r = queue;

	consume_loops[r->batch > 1][r->form](r->rx, side);
}

static void close_ring(void *queue)
{
	struct ring *r = queue;

	pp_close(r->tx);
}

static void destroy(void *queue)
{
	struct ring *r = queue;

	pp_tx_unref(r->tx);
	pp_rx_unref(r->rx);
	free(r);
}

static size_t depth(void *queue)
{
	struct ring *r = queue;

	return pp_tx_depth(r->tx);
}

static void counts(void *queue, pp_bench_counts *out)
{
	struct ring *r = queue;
	pp_stats stats = { .size = sizeof(stats) };

	pp_tx_stats(r->tx, &stats);
	*out = (pp_bench_counts){ .push_parks = stats.push_parks, .pull_parks = stats.pull_parks,
				  .push_wakes = stats.push_wakes, .pull_wakes = stats.pull_wakes };
}

#define RING_GUARANTEES (PP_BENCH_FIFO | PP_BENCH_PRODUCER_FIFO | PP_BENCH_BOUNDED | PP_BENCH_EXACT | \
			 PP_BENCH_BLOCKS | PP_BENCH_RENDEZVOUS | PP_BENCH_BATCHES | PP_BENCH_FORMS)

const pp_bench_queue queue_spsc = {
	PP_BENCH_HEADER, .name = "spsc", .about = "PP_SPSC, Lamport's ring, plain functions",
	.guarantees = RING_GUARANTEES, .max_producers = 1, .max_consumers = 1,
	.open = open_spsc, .produce = produce, .consume = consume, .close = close_ring,
	.destroy = destroy, .depth = depth, .counts = counts,
};

const pp_bench_queue queue_mpmc = {
	PP_BENCH_HEADER, .name = "mpmc", .about = "PP_MPMC, Vyukov's queue, plain functions",
	.guarantees = RING_GUARANTEES,
	.open = open_mpmc, .produce = produce, .consume = consume, .close = close_ring,
	.destroy = destroy, .depth = depth, .counts = counts,
};
