/* SPDX-License-Identifier: MIT */
/* Our own rings, through the plain functions of the shared library. */
#include "ring.h"

#include <stdlib.h>

RING_LOOPS(plain, pp)

int ring_open(void **queue, const pp_bench_spec *spec, pp_kind kind,
	      const struct ring_loops *loops)
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
	r->loops = loops;
	r->form = spec->form;
	r->batch = spec->batch;
	*queue = r;
	return 0;
}

void ring_produce(void *queue, pp_bench_side *side)
{
	struct ring *r = queue;

	r->loops->produce[r->batch > 1][r->form](r->tx, side);
}

void ring_consume(void *queue, pp_bench_side *side)
{
	struct ring *r = queue;

	r->loops->consume[r->batch > 1][r->form](r->rx, side);
}

void ring_close(void *queue)
{
	struct ring *r = queue;

	pp_close(r->tx);
}

void ring_destroy(void *queue)
{
	struct ring *r = queue;

	pp_tx_unref(r->tx);
	pp_rx_unref(r->rx);
	free(r);
}

size_t ring_depth(void *queue)
{
	struct ring *r = queue;

	return pp_tx_depth(r->tx);
}

void ring_counts(void *queue, pp_bench_counts *out)
{
	struct ring *r = queue;
	pp_stats stats = { .size = sizeof(stats) };

	pp_tx_stats(r->tx, &stats);
	*out = (pp_bench_counts){ .push_parks = stats.push_parks, .pull_parks = stats.pull_parks,
				  .push_wakes = stats.push_wakes, .pull_wakes = stats.pull_wakes };
}

static int open_spsc(void **queue, const pp_bench_spec *spec)
{
	return ring_open(queue, spec, PP_SPSC, &plain_loops);
}

static int open_mpmc(void **queue, const pp_bench_spec *spec)
{
	return ring_open(queue, spec, PP_MPMC, &plain_loops);
}

const pp_bench_queue queue_spsc = {
	PP_BENCH_HEADER, .name = "spsc", .about = "PP_SPSC, Lamport's ring, plain functions",
	.guarantees = RING_GUARANTEES, .max_producers = 1, .max_consumers = 1,
	.open = open_spsc, RING_CALLS,
};

const pp_bench_queue queue_mpmc = {
	PP_BENCH_HEADER, .name = "mpmc", .about = "PP_MPMC, Vyukov's queue, plain functions",
	.guarantees = RING_GUARANTEES,
	.open = open_mpmc, RING_CALLS,
};

/* With descriptors for event loops that nobody arms: to see that these cost nothing. */
static int with_fds(int error, void **queue)
{
	struct ring *r = *queue;

	if (error)
		return error;
	error = pp_tx_fd(r->tx);
	if (error >= 0)
		error = pp_rx_fd(r->rx);
	if (error < 0)
		ring_destroy(r);
	return error < 0 ? error : 0;
}

static int open_spsc_fds(void **queue, const pp_bench_spec *spec)
{
	return with_fds(open_spsc(queue, spec), queue);
}

static int open_mpmc_fds(void **queue, const pp_bench_spec *spec)
{
	return with_fds(open_mpmc(queue, spec), queue);
}

const pp_bench_queue queue_spsc_fds = {
	PP_BENCH_HEADER, .name = "spsc_fds", .guarantees = RING_GUARANTEES, .max_producers = 1,
	.max_consumers = 1, .open = open_spsc_fds, RING_CALLS,
};

const pp_bench_queue queue_mpmc_fds = {
	PP_BENCH_HEADER, .name = "mpmc_fds", .guarantees = RING_GUARANTEES,
	.open = open_mpmc_fds, RING_CALLS,
};
