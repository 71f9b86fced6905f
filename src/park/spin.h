/* SPDX-License-Identifier: MIT */
/*
 * How long to look again before going to sleep.
 *
 * Two phases.  First pauses, in growing groups, the first the longer the more the ring
 * holds, so that the waiter does not pounce on each single item of a stream: right when
 * the peer runs on another CPU and answers within a microsecond or two.  Then a bounded
 * number of sched_yield: right when the peer is ready to run but has no CPU, since then it
 * gets this one.  Then the caller parks.
 *
 * Each phase has a score that rises when the phase ended a wait and falls when the wait
 * turned out to be long, and the phase lasts in proportion.  A wait that outlasted the
 * spin by a little says nothing against spinning.
 *
 * Threads that wait for the same would give way together, so for some the first phase is longer, and
 * they keep it; where one thread waits, it goes if it is always in vain.
 *
 * Two threads that hand over item by item can fall into step asleep: each parks since the
 * other takes as long to wake up as a spin lasts, and so for ever.  Hence the probe: after
 * a number of lost waits one lasts longer than a wake takes.  If that pays, both are awake
 * from then on; if not, the next probe is twice as far.
 */
#ifndef PP_PARK_SPIN_H
#define PP_PARK_SPIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/atomic.h"

/* What an end has learned.  Relaxed and racy: a lost update is a lesson less. */
struct pp_spin {
	int64_t limit_ns; /* of both phases together; constant */
	uint32_t first_group; /* pauses before the second look; constant */
	uint32_t few;     /* so few items at a look are no reason to hurry; constant */
	uint32_t pace;    /* pauses before the next look then; constant */
	bool adaptive;    /* constant */
	bool shared;      /* constant: several threads may wait here */
	bool alone;       /* constant: the process may run on one CPU only: no pauses */
	PP_ATOMIC(uint32_t) pause_score, yield_score;
	PP_ATOMIC(uint32_t) lost, probe_every; /* waits lost in a row */
};

/* One wait. */
struct pp_spinner {
	struct pp_spin *spin;
	int64_t began, now;
	int64_t pause_ns, total_ns; /* limits of this wait */
	uint32_t group, looks, unclocked, yields;
	bool yielding, probing;
};

/* What a ring asks for.  Pauses are 1 at least, and as many as are sensible at most. */
struct pp_spin_wish {
	size_t patience; /* pauses before the second look  */
	size_t few;      /* for pp_spin_pace()             */
	size_t pace;     /* likewise: pauses               */
	bool   shared;   /* several threads may wait here  */
};

/* `spin_ns` as in pp_config. */
void pp_spin_init(struct pp_spin *spin, int64_t spin_ns, struct pp_spin_wish wish);

/* Before a look, where the last one found `found` items: let the peer get ahead if those were few.
 * One item is no stream, and is fetched at once.  `trying`: who does not wait, for a tenth of a
 * microsecond at most.  False: nobody pauses here, by the caller's setting or on one CPU. */
bool pp_spin_pace(struct pp_spin *spin, uint64_t found, bool trying);

void pp_spin_begin(struct pp_spinner *s, struct pp_spin *spin);
/* Let a little time pass.  False: enough, park. */
bool pp_spin_step(struct pp_spinner *s);
/* The wait ended before parking, or did not: then, back from the kernel, how long it took
 * altogether tells whether spinning is to blame. */
void pp_spin_end(struct pp_spinner *s, bool won);
void pp_spin_parked(struct pp_spinner *s);

#endif
