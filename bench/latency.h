/* SPDX-License-Identifier: MIT */
#ifndef BENCH_LATENCY_H
#define BENCH_LATENCY_H

#include "engine.h"

typedef enum waiting {
	WAIT_AS_USUAL, /* blocking calls                                  */
	WAIT_PARKED,   /* blocking calls of waiters that sleep at once    */
	WAIT_SPINNING, /* try calls, again and again                      */
} waiting;

/* Nanoseconds for an item to go through one queue of capacity 1 and back through another. */
double ping_pong_ns(const pp_bench_queue *queue, placement where, waiting how, size_t item_size,
		    double seconds);

#endif
