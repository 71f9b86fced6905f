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
	CALL_PLAIN        = 1 << 0,
	CALL_TRY          = 1 << 1,
	CALL_UNTIL        = 1 << 2,
	CALL_BATCH        = 1 << 3,
	CALL_BATCH_TRY    = 1 << 4,
	CALL_BATCH_UNTIL  = 1 << 5,
	CALL_BEGIN        = 1 << 6,  /* in place: begun, then committed or aborted           */
	CALL_BEGIN_TRY    = 1 << 7,
	CALL_BEGIN_UNTIL  = 1 << 8,
	CALL_SELECT       = 1 << 9,  /* over ends of this ring and of others                 */
	CALL_SELECT_UNTIL = 1 << 10,
	CALL_ARM          = 1 << 11, /* try, arm, poll; several ends at once                 */
	CALL_ARM_UNTIL    = 1 << 12,
	CALL_ASYNC        = 1 << 13, /* without a thread; several ends at once               */
	CALL_ASYNC_UNTIL  = 1 << 14,
	CALLS             = 15,
	CALL_ANY          = (1 << CALLS) - 1,

	CALL_COPIES       = CALL_PLAIN | CALL_TRY | CALL_UNTIL | CALL_BATCH | CALL_BATCH_TRY |
			    CALL_BATCH_UNTIL,
	CALL_BATCHES      = CALL_BATCH | CALL_BATCH_TRY | CALL_BATCH_UNTIL,
	CALL_TRIES        = CALL_TRY | CALL_BATCH_TRY | CALL_BEGIN_TRY,
	CALL_IN_PLACE     = CALL_BEGIN | CALL_BEGIN_TRY | CALL_BEGIN_UNTIL,
	CALL_SELECTS      = CALL_SELECT | CALL_SELECT_UNTIL,
	CALL_ARMS         = CALL_ARM | CALL_ARM_UNTIL,
	CALL_ASYNCS       = CALL_ASYNC | CALL_ASYNC_UNTIL,
	CALL_LIMITED      = CALL_UNTIL | CALL_BATCH_UNTIL | CALL_BEGIN_UNTIL | CALL_SELECT_UNTIL |
			    CALL_ARM_UNTIL
};

/* How a ring ends, one picked at random each time. */
enum {
	END_DRAIN  = 1,  /* the last producer closes, or lets go of the last push end       */
	END_CLOSE  = 2,  /* a third thread closes at a random moment                         */
	END_CANCEL = 4,  /* a third thread cancels at a random moment                        */
	END_LEAVE  = 8,  /* the consumers leave one by one, the last pull end cancels        */
	END_BOTH   = 16, /* a third thread closes and cancels, at two random moments         */
	ENDS       = 5,
	END_ANY    = 31
};

/* Who uses which rings, where a round has several; one picked at random each time. */
enum {
	LAYOUT_GROUPS  = 1,  /* two groups; each ring leads from one to the other            */
	LAYOUT_LOOP    = 2,  /* everybody pushes and pulls everywhere (PP_MPMC)              */
	LAYOUT_FAN_IN  = 4,  /* each ring has producers of its own, the consumers have all   */
	LAYOUT_FAN_OUT = 8,  /* each ring has consumers of its own, the producers have all   */
	LAYOUT_CROSS   = 16, /* consumers, each with a ring that it never leaves out for long,
				producers, and threads that do both (PP_MPMC)                */
	LAYOUTS        = 5,
	LAYOUT_ANY     = 31
};

struct shape { unsigned producers, consumers; };

struct mode {
	const char *name;
	unsigned pushes, pulls;       /* CALL_...                                            */
	unsigned endings;             /* END_...                                             */
	unsigned layouts;             /* LAYOUT_...: 2 to 4 rings in each round; 0: one ring  */
	bool signals;                 /* a thread peppers the others with SIGUSR1            */
	unsigned before_wrap;         /* start at most so far before the counters wrap       */
	unsigned round_us;            /* no round pushes longer than that; shorter ones occur */
	unsigned seconds;             /* of the whole program, unless told otherwise         */
	const struct shape *shapes;   /* of PP_MPMC; ends with 0, 0.  NULL: small ones       */
	void (*before_first)(void);   /* before the first ring is opened                     */
};

int stress_main(int argc, char **argv, const struct mode *mode);

#endif
