/* SPDX-License-Identifier: MIT */
#ifndef BENCH_LATENCY_H
#define BENCH_LATENCY_H

#include "engine.h"

/* Nanoseconds for an item to go through one queue of capacity 1 and back through another;
 * `park`: waiters sleep at once. */
double ping_pong_ns(const pp_bench_queue *queue, placement where, bool park, size_t item_size,
		    double seconds);

#endif
