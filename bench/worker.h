/* SPDX-License-Identifier: MIT */
/* The threads of a sample, as the engine and what looks at items on their way share them. */
#ifndef BENCH_WORKER_H
#define BENCH_WORKER_H

#include "engine.h"
#include "util.h"

#include <pthread.h>
#include <stdatomic.h>

enum { LOOKS_MAX = 4 * LOOKS_ROOM /* two a mark, and marks come at random */ };

struct run;

/* One measured thread, on lines of its own. */
struct worker {
	_Alignas(128) pp_bench_side side;
	look_log  log;
	struct run *run;
	uint64_t  to_mark, to_pause; /* producers: items until then */
	uint64_t  random, marks;
	int64_t   mark_due;          /* not before then is an item marked */
	bool      may_mark;
	bool      resting;           /* sampling is off for this turn     */
	int64_t   turn_began;
	uint64_t  turn_moved;
	double   *turns[2];
	size_t    turn_count[2];
	uint64_t *expected;          /* consumers that verify: next sequence per producer */
	bool      consumer, disorder;
	unsigned  index;
	pthread_t thread;
	_Atomic pid_t tid;
	_Atomic bool  done;
	int64_t   begin_ns, end_ns, cpu_ns;
	long      voluntary, involuntary;
	char      pad[128];
};

struct run {
	const run_spec *spec;
	void           *queue;
	pthread_barrier_t ready;
	struct worker  *workers; /* producers, then consumers */
	unsigned        producers, consumers;
	_Atomic unsigned pushing; /* producers that are not done */
	double          step_ns; /* paced: time between two items of a producer */
};

static inline size_t depth_of(const struct run *run)
{
	return run->spec->queue->depth ? run->spec->queue->depth(run->queue) : 0;
}

static inline int64_t clock_of(const struct run *run)
{
	return run->spec->clock ? run->spec->clock() : now_ns();
}

/* Items have no room for a word of their own. */
static inline bool too_small(const run_spec *spec)
{
	return spec->spec.item_size < sizeof(uint64_t);
}

/* The bits of a word that an item has room for, without the mark. */
static inline uint64_t room_of(const run_spec *spec)
{
	return (UINT64_C(1) << (too_small(spec) ? 8 * spec->spec.item_size - 1 : 63)) - 1;
}

/* Give the side what it calls for marks, pace and checks, and room for what is noted. */
void marks_begin(struct worker *w);

#endif
