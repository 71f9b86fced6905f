/* SPDX-License-Identifier: MIT */
/* The command line. */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include "engine.h"

#include <stdbool.h>
#include <stddef.h>

enum { LIST_MAX = 64 };

typedef struct shape {
	unsigned producers, consumers;
} shape;

typedef struct options {
	const char *command;
	const pp_bench_queue *queues[LIST_MAX]; /* as --queue named them; none: the defaults */
	size_t   queue_count;
	shape    shapes[LIST_MAX];
	size_t   shape_count;
	size_t   capacities[LIST_MAX];
	size_t   capacity_count;
	unsigned batches[LIST_MAX];
	size_t   batch_count;
	int      forms[LIST_MAX], regimes[LIST_MAX], placements[LIST_MAX];
	size_t   form_count, regime_count, placement_count;
	unsigned rows[LIST_MAX]; /* of goals; none: all */
	size_t   row_count;
	size_t   item_size;
	int      reps;
	double   min_time;   /* seconds of a sample */
	double   idle_time;
	double   target;     /* that ratios shall reach; 0: none */
	bool     rally;      /* compare ping-pong instead of streams */
	bool     quick, full, depth;
	bool     plain;      /* no selection was made: the default programme */
	const char *out;
} options;

extern const char *const workload_names[]; /* of compare: stream, then ping-pong */

/* What is wrong with the arguments ends the program with one line and status 2. */
void options_read(options *o, int argc, char **argv);

#endif
