/* SPDX-License-Identifier: MIT */
/*
 * Queue depth and time in the queue, seen from inside.
 *
 * Every k-th item of a producer (k at random around `every`, 64 at least) is marked.
 * The producer notes time and depth right after pushing it, the consumer right after
 * pulling it: two looks at the depth, and the difference of the two times is what the
 * item spent in the queue.  The cost of the clock is the same on both ends and cancels.
 *
 * Looks are taken at items, but depth is a thing of time: each look counts for half the
 * time to its neighbours in the order of all threads' looks together, so that a queue
 * that is full while everybody sleeps counts as full for that long.
 */
#ifndef BENCH_SAMPLER_H
#define BENCH_SAMPLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct look {
	int64_t  ns;
	uint64_t word;  /* of the marked item, without the mark */
	uint64_t depth;
	bool     pulled; /* right after its pull, else right after its push */
} look;

typedef struct look_log {
	look  *looks;
	size_t count, room;
} look_log;

typedef struct depth_figures {
	double mean, p50, p90, p99, max; /* items                                      */
	double full, empty;              /* share of the time                          */
	double wait_mean, wait_p50, wait_p99; /* ns in the queue                       */
	double wait_error;               /* standard error of the mean                 */
	double first_full_ns;            /* from the start to the first look that found it
	                                    full; negative: never                      */
	double little;                   /* |L - lambda W| over the larger             */
	bool   little_holds;             /* within 10 % and what cannot be told                    */
	size_t looks, waits;
} depth_figures;

enum { LITTLE_PERCENT = 10 };

/* What can be wrong with marked items. */
enum { LOOKS_DISORDER = 1, LOOKS_STRANGE = 2 /* twice, or from nowhere */ };

static inline void look_add(look_log *log, int64_t ns, uint64_t word, uint64_t depth,
			    bool pulled)
{
	if (log->count < log->room)
		log->looks[log->count++] = (look){ ns, word, depth, pulled };
}

/*
 * What the logs of `producers` producers and then `consumers` consumers say about a run
 * that began at start_ns and moved `rate` items a second, on CPUs that are a round trip of
 * line_ns apart.  0, or what is wrong with the items.
 */
int depth_analyse(const look_log *logs, size_t producers, size_t consumers, size_t capacity,
		  int64_t start_ns, double rate, double line_ns, depth_figures *figures);

#endif
