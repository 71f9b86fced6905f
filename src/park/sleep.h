/* SPDX-License-Identifier: MIT */
/* A sleep that is counted: the futex wait, and what people want to know about it. */
/* Modelled in verify/spin.  spin: pp_sleep */
#ifndef PP_PARK_SLEEP_H
#define PP_PARK_SLEEP_H

#include "base/atomic.h"
#include "base/clock.h"
#include "park/futex.h"

/* Relaxed counts: nothing is decided by them. */
struct pp_sleepers {
	PP_ATOMIC(uint32_t) asleep;     /* threads asleep now                 */
	PP_ATOMIC(uint64_t) parks;      /* times a thread went to sleep       */
	PP_ATOMIC(uint64_t) wakes;      /* wake calls                         */
	PP_ATOMIC(uint64_t) blocked_ns; /* total time asleep, finished sleeps */
};

static inline void pp_sleepers_init(struct pp_sleepers *s)
{
	pp_store(&s->asleep, 0);
	pp_store(&s->parks, 0);
	pp_store(&s->wakes, 0);
	pp_store(&s->blocked_ns, 0);
}

/* pp_futex_wait(), counted. */
static inline int pp_sleep(struct pp_sleepers *s, PP_ATOMIC(uint32_t) *word, uint32_t expected,
                           int64_t deadline, bool interruptible)
{
	int64_t began = pp_clock_now();
	int r;

	pp_fetch_add(&s->parks, 1);
	pp_fetch_add(&s->asleep, 1);
	/* Between what the caller counted and the kernel's look at the word: EC_BELL_FENCE. */
	pp_full_fence(SLEEP_FENCE);
	PP_STALL(wait_sleeping);
	r = pp_futex_wait(word, expected, deadline, interruptible);
	PP_STALL(wait_woken);
	pp_fetch_add(&s->asleep, UINT32_MAX);
	pp_fetch_add(&s->blocked_ns, (uint64_t)(pp_clock_now() - began));
	return r;
}

#endif
