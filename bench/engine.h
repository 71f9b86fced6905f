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
	CLOCK_EVERY_MIN = 16,  /* items                                             */
	CLOCK_SPACING_NS = 50000, /* time between two looks of a producer at the clock */
	MARK_SPACING_NS = 400000, /* time between two marks of all producers together, and */
	MARK_SPACING_LINES = 800, /* so many line round trips more: a mark costs about two */
	MARKS_LEAST = 100,     /* of a run, however short it is: then they cost more   */
	LOOKS_ROOM = 1 << 14,  /* marks of a run                                    */
	TURNS_MAX = 512,
};

typedef struct run_spec {
	const pp_bench_queue *queue;
	pp_bench_spec spec;
	regime    regime;
	placement placement;
	uint64_t  items;       /* all producers together */
	uint64_t  mark_every;  /* items of one producer between two that may be marked; 0: no sampling */
	double    mark_ns;     /* time between two marks of one producer; 0: mark all that may be */
	uint64_t  poll_every;  /* without sampling: items between two looks at the clock */
	double    turn_ns;     /* sampling goes off and on so often; 0: it stays on      */
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
	double  *turns[2];                     /* [0] with, [1] without sampling: ns per item of
						  producer 0 in each turn; where turn_ns is given */
	size_t   turn_count;                   /* pairs of them                     */
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
