/* SPDX-License-Identifier: MIT */
/* Two queues that should be alike, on the same threads in turns. */
#ifndef BENCH_TWINS_H
#define BENCH_TWINS_H

#include <pushpull/bench.h>

#include <stdbool.h>

enum {
	TWINS_SETS = 24,  /* a sample opens so many pairs of queues */
	TWINS_TURNS = 12, /* of a pair                              */
	TWINS_WARM = 4    /* the first ones, which do not count     */
};

/*
 * `ns` gets what an item takes in the middle turn of each.  `alone`: one thread pushes and pulls
 * some at a time; else a producer and a consumer.  NULL, or what is wrong.
 */
const char *twins_measure(const pp_bench_queue *const queues[2], size_t capacity, bool alone,
			  double seconds, double ns[2]);

/* Whose turn it is: 0, 1, 1, 0 and so on, so that what drifts favours nobody. */
unsigned twins_turn(unsigned turn);
/* What the middle turn of each took. */
void twins_medians(double turns[TWINS_SETS][TWINS_TURNS], double ns[2]);

#endif
