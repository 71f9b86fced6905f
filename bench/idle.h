/* SPDX-License-Identifier: MIT */
/* A thread that is blocked in a queue, and what that costs. */
#ifndef BENCH_IDLE_H
#define BENCH_IDLE_H

#include <pushpull/bench.h>

#include <stdbool.h>

typedef struct blocked {
	const pp_bench_queue *queue;
	size_t capacity;
	bool   pull;     /* on an empty queue; else push, on a full one */
	double cpu_ms;   /* from the start of the thread to the end of the wait */
	double switches; /* context switches meanwhile */
	double seconds;
	bool   returned; /* it did not block at all */
} blocked;

/* Let all of them wait at the same time. */
void blocked_measure(blocked *all, size_t count, double seconds);

#endif
