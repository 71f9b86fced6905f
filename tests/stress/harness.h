/* SPDX-License-Identifier: MIT */
/*
 * One harness for all stress programs.  A program is a mode: which calls the threads make,
 * how rounds end, and what else goes on meanwhile.  The harness runs rounds of it over every
 * kind, capacity and number of threads, and checks the book of each round (ledger.h), every
 * single result against what the contract allows at that moment, and at the end the stats.
 *
 *   program [--kind spsc|mpmc] [--capacity N] [--producers N] [--consumers N]
 *           [--items N] [--seconds N] [--seed N]
 *
 * STRESS_SECONDS sets the seconds of every mode, STRESS_SEED the seed.
 */
#ifndef STRESS_HARNESS_H
#define STRESS_HARNESS_H

#include <pushpull/pushpull.h>

#include <stdbool.h>

/* The calls that a side makes, one picked at random each time. */
enum {
	CALL_PLAIN       = 1,
	CALL_TRY         = 2,
	CALL_UNTIL       = 4,
	CALL_BATCH       = 8,
	CALL_BATCH_TRY   = 16,
	CALL_BATCH_UNTIL = 32,
	CALLS            = 6,
	CALL_ANY         = 63
};

/* How a round ends, one picked at random each time. */
enum {
	END_DRAIN  = 1, /* the last producer closes, or lets go of the last push end        */
	END_CLOSE  = 2, /* a third thread closes at a random moment                          */
	END_CANCEL = 4, /* a third thread cancels at a random moment                         */
	END_LEAVE  = 8, /* the consumers leave one by one, the last pull end cancels         */
	END_ANY    = 15
};

struct shape { unsigned producers, consumers; };

struct mode {
	const char *name;
	unsigned pushes, pulls;       /* CALL_...                                            */
	unsigned endings;             /* END_...                                             */
	bool signals;                 /* a thread peppers the others with SIGUSR1            */
	unsigned before_wrap;         /* start at most so far before the counters wrap       */
	unsigned round_us;            /* no round pushes longer than that; shorter ones occur */
	unsigned seconds;             /* of the whole program, unless told otherwise         */
	const struct shape *shapes;   /* of PP_MPMC; ends with 0, 0.  NULL: small ones       */
	void (*before_first)(void);   /* before the first ring is opened                     */
};

int stress_main(int argc, char **argv, const struct mode *mode);

#endif
