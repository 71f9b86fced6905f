/* SPDX-License-Identifier: MIT */
/*
 * Which of several ways an execution goes: at random, each once up to a bound, or as written down.
 *
 * An execution asks for a choice at its points, which are counted.  Option 0 is the usual way:
 * the running thread goes on.  Some options cost nothing (who runs next when one has fallen
 * asleep), the others are deviations: a thread is stopped that could go on, a signal comes, a
 * deadline passes early.
 * A schedule is written as the points at which it does not take option 0: "17:1,40:2".
 */
#ifndef STEPS_EXPLORE_H
#define STEPS_EXPLORE_H

#include <stdbool.h>
#include <stdint.h>

enum option_kind { OPTION_RUN, OPTION_SIGNAL, OPTION_SPURIOUS, OPTION_TIME, OPTION_PICK };

struct option {
	unsigned char kind, thread;
};

enum { MOST_OPTIONS = 16, MOST_POINTS = 20000 };

/* One of `n`, of which the first `costless` cost nothing.  `current`: option 0 is to go on.
 * `at_random_only`: an exhaustive search leaves the others out. */
unsigned explore_decide(const struct option *options, unsigned n, unsigned costless,
                        bool at_random_only);
/* True: explore_decide() will say 0 if only the first option costs nothing. */
bool explore_goes_on(void);

/* Each way once, with at most so many deviations. */
void explore_all(unsigned bound);
/* At random; the same number, the same way. */
void explore_seed(uint64_t seed);
/* As it is written.  False: not a schedule. */
bool explore_replay(const char *schedule);

/* Before each execution.  False: all were done. */
bool explore_next(void);

/* The execution that runs, or ran last, and all of them, in memory that a child process shares. */
struct explored {
	uint32_t points;     /* so far, of this execution      */
	uint32_t deviations; /* likewise; at[] has them        */
	bool random, fine, failed, complete;
	unsigned bound;
	uint64_t seed, executions, moved;
	char property[64], details[256], row[512];
	struct { uint32_t point, option; } at[MOST_POINTS];
};

extern struct explored *explored;

#endif
