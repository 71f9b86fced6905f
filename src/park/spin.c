/* SPDX-License-Identifier: MIT */
#include "park/spin.h"

#include <sched.h>

#include "base/clock.h"
#include "base/compiler.h"

enum {
	PAUSE_NS   = 2500,  /* longest pause phase; a park costs ten times that        */
	TOTAL_NS   = 25000, /* longest wait before parking: about what a park costs    */
	YIELDS     = 50,
	GROUP      = 16,    /* most pauses between two looks                           */
	FIRST_GROUP = 8,    /* most before the second look                             */
	LOOKS      = 16,    /* at one distance, before it doubles                      */
	CLOCK      = 8,     /* pauses between two looks at the clock, which cost as much */
	SCORE_FULL = 64,
	SCORE_BEGIN = 32,
	SCORE_WIN  = 8,
	PROBE      = 16,    /* waits between two tries of a phase that does not pay    */
	PROBE_SCORE = 8
};

static bool one_cpu_only(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	/* Fails where there are more CPUs than bits: then there is more than one. */
	return sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) == 1;
}

void pp_spin_init(struct pp_spin *spin, int64_t spin_ns, size_t capacity)
{
	size_t sixteenth = capacity / 16;

	spin->first_group = sixteenth < 1 ? 1 : sixteenth > FIRST_GROUP ? FIRST_GROUP
	                                                                : (uint32_t)sixteenth;
	spin->adaptive = spin_ns == 0;
	spin->limit_ns = spin_ns == 0 ? TOTAL_NS : spin_ns < 0 ? 0 : spin_ns;
	spin->alone = one_cpu_only();
	pp_store(&spin->pause_score, SCORE_BEGIN);
	pp_store(&spin->yield_score, SCORE_BEGIN);
	pp_store(&spin->waits, 0);
}

static int64_t scaled(int64_t full, uint32_t score, uint32_t waits)
{
	if (score == 0)
		score = waits % PROBE == 0 ? PROBE_SCORE : 0;
	return full * score / SCORE_FULL;
}

void pp_spin_begin(struct pp_spinner *s, struct pp_spin *spin)
{
	uint32_t waits = pp_load(&spin->waits);

	s->spin = spin;
	s->group = spin->first_group;
	s->looks = s->unclocked = s->yields = 0;
	s->yielding = false;
	s->pause_ns = spin->alone ? 0 : spin->limit_ns < PAUSE_NS ? spin->limit_ns : PAUSE_NS;
	s->total_ns = spin->limit_ns;
	if (spin->adaptive) {
		pp_store(&spin->waits, waits + 1);
		s->pause_ns = scaled(s->pause_ns, pp_load(&spin->pause_score), waits);
		s->total_ns = s->pause_ns +
		              scaled(TOTAL_NS - PAUSE_NS, pp_load(&spin->yield_score), waits);
	}
	s->began = s->now = s->total_ns > 0 ? pp_clock_now() : 0;
}

static void learn(PP_ATOMIC(uint32_t) *score, bool won)
{
	uint32_t now = pp_load(score);
	uint32_t next = won ? now + SCORE_WIN : now - (now + 3) / 4;

	pp_store(score, next > SCORE_FULL ? SCORE_FULL : next);
}

/* True: the clock has moved. */
static bool pause_group(struct pp_spinner *s)
{
	uint32_t i;

	for (i = 0; i < s->group; i++)
		pp_pause();
	s->unclocked += s->group;
	if (++s->looks == LOOKS && s->group < GROUP) {
		s->looks = 0;
		s->group *= 2;
	}
	if (s->unclocked < CLOCK)
		return false;
	s->unclocked = 0;
	return true;
}

bool pp_spin_step(struct pp_spinner *s)
{
	if (s->now - s->began >= s->total_ns)
		return false;
	if (s->now - s->began < s->pause_ns) {
		if (!pause_group(s))
			return true;
	} else {
		if (!s->yielding && s->pause_ns > 0 && s->spin->adaptive)
			learn(&s->spin->pause_score, false);
		s->yielding = true;
		if (s->yields++ == YIELDS)
			return false;
		sched_yield();
	}
	s->now = pp_clock_now();
	return true;
}

void pp_spin_end(struct pp_spinner *s, bool won)
{
	if (!s->spin->adaptive || s->total_ns == 0)
		return;
	if (s->yielding)
		learn(&s->spin->yield_score, won);
	else
		learn(&s->spin->pause_score, won);
}
