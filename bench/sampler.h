/* SPDX-License-Identifier: MIT */
/*
 * Queue depth and time in the queue, seen from inside.
 *
 * From time to time a producer looks at the depth, right after a push, and marks an item
 * that it will push a little later.  It notes the time right after pushing that, and the
 * consumer time and depth right after pulling it: the difference of the two times is what the
 * item spent in the queue.  The cost of the clock is the same on both ends and cancels.
 * (The look does not wait for the marked item, because that may be long in coming.)
 *
 * The clock is cheap and the depth is not.  A true index lies on the line that the other side
 * writes: the look takes the line, and the other side has to take it back, so that the two
 * looks cost two line round trips, half of them on either side, and disturb a
 * stream besides.  So a producer looks at the clock often, and at the depth rarely.
 *
 * Looks are taken at items, but depth is a thing of time: each look counts for half the
 * time to its neighbours in the order of all threads' looks together, so that a queue
 * that is full while everybody sleeps counts as full for that long.  Likewise a wait
 * counts for the items around its own that were not marked.
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
	uint32_t items;  /* that its wait stands for; filled in afterwards     */
	uint32_t what;
} look;

enum {
	LOOK_DEPTH = 1, /* has a depth                              */
	LOOK_WAIT = 2,  /* is one end of a wait                     */
	LOOK_PULLED = 4 /* right after a pull, else right after a push */
};

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
	bool   little_holds;             /* within 10 % and what cannot be told        */
	size_t looks, waits;
} depth_figures;

enum { LITTLE_PERCENT = 10 };

/* What can be wrong with marked items. */
enum { LOOKS_DISORDER = 1, LOOKS_STRANGE = 2 /* twice, or from nowhere */ };

static inline void look_add(look_log *log, int64_t ns, uint64_t word, uint64_t depth,
			    uint32_t what)
{
	if (log->count < log->room)
		log->looks[log->count++] = (look){ ns, word, depth, 0, what };
}

/* What is to be looked back at. */
typedef struct look_back {
	const look_log *logs;     /* of the producers and then of the consumers         */
	size_t  producers, consumers, capacity;
	int64_t start_ns;
	double  rate;             /* items a second                                     */
	double  line_ns;          /* a round trip between the CPUs                      */
	bool    few;              /* items too small for a number: their order tells which is which */
} look_back;

/* 0, or what is wrong with the items. */
int depth_analyse(const look_back *run, depth_figures *figures);

#endif
