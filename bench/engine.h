/* SPDX-License-Identifier: MIT */
/*
 * One sample: producers and consumers on a fresh queue, from a barrier to the end of
 * the stream.  The thread that calls this sleeps meanwhile.
 */
#ifndef BENCH_ENGINE_H
#define BENCH_ENGINE_H

#include "place.h"
#include "sampler.h"

#include <pushpull/bench.h>

typedef enum regime { BALANCED, SLOW_CONSUMER, SLOW_PRODUCER, BURSTY_PRODUCER } regime;

extern const char *const regime_names[];
extern const char *const form_names[]; /* of pp_bench_form */

enum {
	SLOW_NS = 250,       /* work per item of the slow side                    */
	BURST_ITEMS = 1000,  /* of a bursty producer, then it sleeps              */
	BURST_PAUSE_NS = 100000,
	MARK_EVERY_MIN = 64,
	MARK_SPACING_NS = 20000, /* time between two looks of a producer at the depth, and */
	MARK_SPACING_LINES = 60, /* so many line round trips more: a look costs about one */
	LOOKS_ROOM = 1 << 15,    /* marks of a run; a thread has room for twice as many */
};

typedef struct run_spec {
	const pp_bench_queue *queue;
	pp_bench_spec spec;
	regime    regime;
	placement placement;
	uint64_t  items;       /* all producers together */
	uint64_t  mark_every;  /* items of one producer between two marks; 0: no sampling */
	uint64_t  poll_every;  /* without sampling: items between two looks at the clock */
	double    longest;     /* seconds after which producers stop early; 0: never ...  */
	uint64_t  least;       /* ... but not before all together have pushed about so many */
	bool      verify;      /* every item is checked: not for timing */
	double    pace;        /* items a second at which they are meant to be sent; 0: as
	                          fast as it goes.  Each wait then counts from the intended time. */
	int64_t (*clock)(void); /* NULL: the real one */
} run_spec;

typedef struct run_result {
	double   seconds;
	uint64_t items;
	double   push_cpu, pull_cpu;           /* seconds                           */
	double   push_switches, pull_switches; /* voluntary and not                 */
	double   involuntary;
	double   push_even, pull_even;         /* smallest over largest items of a thread */
	pp_bench_counts counts;
	bool     has_counts;
	depth_figures depth;
	bool     has_depth;
	double   line_ns;                      /* line ping-pong just before        */
	double   steal, others;                /* shares of the machine's time      */
	double  *latencies;                    /* paced runs: ns, unsorted          */
	size_t   latency_count;
	bool     disorder;                     /* a producer's items did not stay in order */
	const char *wrong;                     /* what the queue broke of its promises, or NULL */
} run_result;

/* Rounds of pp_bench_work that take `ns` here. */
uint64_t work_rounds(double ns);

/* A side that just moves `left` items and marks none; free side->items. */
void side_plain(pp_bench_side *side, void *queue, const pp_bench_spec *spec, uint64_t left);

/* What an open queue really holds; SIZE_MAX without bounds. */
size_t capacity_of(const pp_bench_queue *queue, void *open, const pp_bench_spec *spec);

/* 0, or a negative errno value from opening the queue.  A queue that hangs ends the program. */
int run_once(const run_spec *spec, run_result *result);

#endif
