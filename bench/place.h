/* SPDX-License-Identifier: MIT */
/* Which CPU a measured thread runs on, and how far apart the CPUs are. */
#ifndef BENCH_PLACE_H
#define BENCH_PLACE_H

#include <stdbool.h>

typedef enum placement { PLACE_TWO, PLACE_ONE, PLACE_UNPINNED } placement;

extern const char *const placement_names[];

/* Look at the CPUs this process may use; two of them are measured on. */
void place_init(void);
int  place_cpus(void);
/* The n-th of the (at most two) CPUs that are measured on. */
int  place_cpu(int n);

/* Pin the calling thread, the index-th of its side. */
void place_side(placement where, bool consumer, unsigned index);
void place_on(int cpu);
void place_anywhere(void);

/* Nanoseconds for a cache line to go from one CPU to the other and back, measured for some
 * `ms`; `lines` 1: both write one line, 2: each writes its own. 0: only one CPU. */
double line_round_trip(int lines, double ms);
/* The one-line figure of this minute: not older than two seconds. */
double line_now(void);

#endif
