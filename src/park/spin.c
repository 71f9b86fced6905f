/* SPDX-License-Identifier: MIT */
#include "park/spin.h"

#include <errno.h>
#include <sched.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/compiler.h"

enum {
	PAUSE_NS   = 2500,  /* longest pause phase of most waits; a park costs ten times that */
	SPREAD     = 4,     /* how many times as long others last: a power of two       */
	TOTAL_NS   = 25000, /* longest wait before parking: about what a park costs    */
	YIELDS     = 50,
	GROUP      = 48,    /* most pauses between two looks                           */
	LOOKS      = 16,    /* at one distance, before it doubles                      */
	PACE       = 32,    /* most pauses: some 700 ns, about the way of two far lines */
	PACE_TRY   = 4,     /* of a try                                                */
	CLOCK      = 8,     /* pauses between two looks at the clock, which cost as much */
	SCORE_FULL = 64,
	SCORE_BEGIN = 32,
	SCORE_WIN  = 8,
	LONG_NS    = 250000, /* a wait that no spin should have covered                 */
	IDLE_NS    = 1000000, /* nor any probe: whoever it was is not just waking up      */
	PROBE_NS   = 120000, /* longer than an idle CPU takes to run a thread it was woken for */
	PROBE_OFTEN = 16,   /* waits from one probe to the next: at first, and at last     */
	PROBE_SELDOM = 1024
};

static bool one_cpu_only(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	/* The process's, which is its main thread's: that a thread which opens a ring keeps to one CPU
	 * says nothing of its peer.  Fails where there are more CPUs than bits: then there is more
	 * than one. */
	return sched_getaffinity(getpid(), sizeof set, &set) == 0 && CPU_COUNT(&set) == 1;
}

static uint32_t between(size_t least, size_t n, size_t most)
{
	return (uint32_t)(n < least ? least : n > most ? most : n);
}

void pp_spin_init(struct pp_spin *spin, int64_t spin_ns, struct pp_spin_wish wish)
{
	spin->few = between(0, wish.few, UINT32_MAX);
	spin->pace = between(1, wish.pace, PACE);
	spin->first_group = between(1, wish.patience, GROUP);
	spin->shared = wish.shared;
	spin->adaptive = spin_ns == 0;
	spin->limit_ns = spin_ns == 0 ? TOTAL_NS : spin_ns < 0 ? 0 : spin_ns;
	spin->alone = one_cpu_only();
	pp_store(&spin->pause_score, SCORE_BEGIN);
	pp_store(&spin->yield_score, SCORE_BEGIN);
	pp_store(&spin->lost, 0);
	pp_store(&spin->probe_every, PROBE_OFTEN);
}

bool pp_spin_pace(struct pp_spin *spin, uint64_t found, bool trying)
{
	uint32_t pauses = trying && spin->pace > PACE_TRY ? PACE_TRY : spin->pace;
	uint32_t i;

	if (!spin->adaptive || spin->alone)
		return false;
	if (found >= 2 && found < spin->few)
		for (i = 0; i < pauses; i++)
			pp_pause();
	return true;
}

/* The limits of an adaptive wait, by what was learned. */
static void set_limits(struct pp_spinner *s, struct pp_spin *spin)
{
	uint32_t pauses = pp_load(&spin->pause_score);
	uint32_t yields = pp_load(&spin->yield_score);

	s->probing = pp_load(&spin->lost) >= pp_load(&spin->probe_every);
	if (s->probing) {
		s->total_ns = PROBE_NS;
		return;
	}
	s->pause_ns = s->pause_ns * pauses / SCORE_FULL;
	s->total_ns = s->pause_ns + (TOTAL_NS - PAUSE_NS) * (int64_t)yields / SCORE_FULL;
}

void pp_spin_begin(struct pp_spinner *s, struct pp_spin *spin)
{
	s->spin = spin;
	s->group = spin->adaptive ? spin->first_group : 1;
	s->looks = s->unclocked = s->yields = 0;
	s->yielding = s->probing = false;
	s->pause_ns = spin->alone ? 0 : spin->limit_ns < PAUSE_NS ? spin->limit_ns : PAUSE_NS;
	s->total_ns = spin->limit_ns;
	s->began = s->now = 0;
	if (spin->adaptive)
		set_limits(s, spin);
	/* Else it is asked when the first pauses were in vain. */
	if (spin->adaptive ? s->pause_ns == 0 : s->total_ns > 0)
		s->began = s->now = pp_clock_now();
}

/* Threads of one side that stop together would give way together too, and to such of the other
 * side that then stop together, and so for ever.  So they do not last equally long. */
static void begin_late(struct pp_spinner *s)
{
	int64_t more = 0;

	if (s->spin->shared && !s->probing)
		more = s->pause_ns * (s->now / 16 & (SPREAD - 1));
	s->began = s->now;
	s->pause_ns += more;
	s->total_ns += more;
}

static void win(PP_ATOMIC(uint32_t) *score)
{
	uint32_t next = pp_load(score) + SCORE_WIN;

	pp_store(score, next > SCORE_FULL ? SCORE_FULL : next);
}

/* Fades by a part of what it is. */
static void lose(PP_ATOMIC(uint32_t) *score, uint32_t part)
{
	uint32_t now = pp_load(score);

	pp_store(score, now - (now + part - 1) / part);
}

/* True: the clock has moved. */
static bool pause_group(struct pp_spinner *s)
{
	uint32_t i;

	for (i = 0; i < s->group; i++)
		pp_pause();
	if (!s->spin->adaptive)
		return true; /* one pause at a time: a limit of the caller's is kept */
	s->unclocked += s->group;
	if (++s->looks == LOOKS) {
		s->looks = 0;
		s->group = s->group * 2 < GROUP ? s->group * 2 : GROUP;
	}
	if (s->unclocked < CLOCK)
		return false;
	s->unclocked = 0;
	return true;
}

/* A filter may refuse it. */
static void give_way(void)
{
	int saved = errno;

	sched_yield();
	errno = saved;
}

bool pp_spin_step(struct pp_spinner *s)
{
	if (s->now - s->began >= s->total_ns)
		return false;
	if (s->now - s->began < s->pause_ns) {
		if (!pause_group(s))
			return true;
	} else {
		s->yielding = true;
		if (s->yields++ == YIELDS && !s->probing)
			return false;
		give_way();
	}
	s->now = pp_clock_now();
	if (s->spin->adaptive && !s->began)
		begin_late(s);
	return true;
}

void pp_spin_end(struct pp_spinner *s, bool won)
{
	struct pp_spin *spin = s->spin;

	if (!won || !spin->adaptive || s->total_ns == 0)
		return;
	pp_store(&spin->lost, 0);
	pp_store(&spin->probe_every, PROBE_OFTEN);
	if (s->probing) {
		pp_store(&spin->pause_score, SCORE_BEGIN);
		pp_store(&spin->yield_score, SCORE_BEGIN);
	} else {
		win(s->yielding ? &spin->yield_score : &spin->pause_score);
		/* The pauses were in vain, as where both sides share a CPU.  But where several threads
		 * wait, only the pauses keep them from giving way together. */
		if (s->yielding && !spin->shared)
			lose(&spin->pause_score, 16);
	}
}

void pp_spin_parked(struct pp_spinner *s)
{
	struct pp_spin *spin = s->spin;
	uint32_t every = pp_load(&spin->probe_every);
	int64_t took;

	if (!spin->adaptive)
		return;
	took = pp_clock_now() - s->began;
	if (s->probing) {
		pp_store(&spin->lost, 0);
		pp_store(&spin->probe_every, every < PROBE_SELDOM ? every * 2 : every);
	} else if (took < IDLE_NS) {
		pp_store(&spin->lost, pp_load(&spin->lost) + 1);
	}
	if (s->total_ns > 0 && took > LONG_NS) {
		lose(&spin->pause_score, took < IDLE_NS ? 4 : 2);
		lose(&spin->yield_score, took < IDLE_NS ? 4 : 2);
	}
}
