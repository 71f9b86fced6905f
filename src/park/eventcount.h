/* SPDX-License-Identifier: MIT */
/*
 * Eventcount: sleeping until "something changed", for data structures that do not
 * lock.  It knows nothing of rings.  After D. Vyukov's eventcount; here each sleeper is
 * counted and each wake is claimed, so that one event makes one wake call at most.
 *
 * Words.
 *   state   { epoch : 32, sleepers : 28, flags : 4 }
 *           sleepers: registered waiters that no wake has been claimed for; may
 *           overcount (who leaves may leave its count behind), never under.  A claim that
 *           finds it stale takes all of it, so that it stays below 2^28
 *           epoch: how many wakes have been claimed
 *           EC_RUNG: rung for ever; every look at the state is alerted by it
 *           EC_WATCHED: others than sleepers want to be told of events (watch.h)
 *           EC_FENCED, EC_SETTLED: sleepers are frequent (below)
 *   bell    the futex word: goes up after each claim, before the wake call
 *   unwoken waiters in the kernel, or on the way there, that no wake call has hit; may
 *           overcount.  Whom a call hits is taken off by the caller, so that a sleeper that
 *           was woken and has no CPU yet makes no wake call of others
 *
 * Use.  Who makes an event: publish it, light fence, and if ec_alert() is not 0,
 * ec_wake().  Who waits: try; ec_announce(), heavy fence, try again; ec_sleep(); and on
 * every way out ec_leave().
 *
 * No wake is lost.  For a waiter that announced, and a publisher that looked:
 *   - by the two fences, the waiter's second try sees the event or the publisher's look
 *     sees the waiter;
 *   - the waiter read the bell before it announced (EC_BELL_SEEN), so a wake claimed for
 *     it rings a later bell: it cannot fall asleep past that wake;
 *   - a waiter leaves by itself with a decrement only if the epoch has not moved since
 *     it announced, in the same atomic word.  If it has moved, a wake may have been meant
 *     for it: it leaves its count behind and reports that it owes a wake.
 *
 * Frequent sleepers.  The heavy fence is a system call that interrupts other CPUs.  So the
 * first sleeper sets EC_FENCED, and after its heavy fence EC_SETTLED: from then on whoever
 * finds EC_FENCED makes a full fence and looks again, and whoever announces and finds
 * EC_SETTLED makes a full fence in place of the heavy one.  What was published before a
 * look that does not see EC_FENCED came before the heavy fence, so before EC_SETTLED, and
 * such a sleeper sees it.  Looks that find nobody asleep clear both flags, at once, in the
 * word of the count.  docs/parking.md has the argument in full.
 *
 * Owed wakes.  A waiter that was woken, or may have been (ec_sleep() or ec_leave() say
 * so), has consumed an event's wake.  Having taken what it came for, or not, it looks
 * whether more is there for another sleeper and if so wakes one.  docs/parking.md has
 * the proof that with this nobody sleeps beside work.
 */
/* Modelled in verify/spin.  spin: ec_alert, ec_announce, ec_fence_wanted, ec_is_stale
 * spin: ec_leave, ec_settle, ec_wake */
#ifndef PP_PARK_EVENTCOUNT_H
#define PP_PARK_EVENTCOUNT_H

#include "base/atomic.h"
#include "base/compiler.h"
#include "park/sleep.h"

#define EC_RUNG     UINT64_C(1)
#define EC_WATCHED  UINT64_C(2)
#define EC_FENCED   UINT64_C(4)
#define EC_SETTLED  UINT64_C(8)
#define EC_ONE      UINT64_C(16)
#define EC_EPOCH    (UINT64_C(1) << 32)
#define EC_LOW      (EC_EPOCH - 1)

/* Looks in vain, each with a fence, before the flags are cleared.  A fence that waits for
 * a far line costs half a microsecond, the heavy fence that it saves up to fifty. */
#ifndef EC_VAIN
#define EC_VAIN 16
#endif

/* A count over twice the sleepers in the kernel and this is mostly of waiters that left it behind. */
#ifndef EC_LEFT
#define EC_LEFT 64
#endif

struct pp_eventcount {
	PP_ATOMIC(uint64_t) state;
	PP_ATOMIC(uint32_t) bell;
	PP_ATOMIC(uint32_t) unwoken;
	PP_ATOMIC(uint32_t) vain;    /* looks with a fence since one found a sleeper; a guess */
	struct pp_sleepers sleepers; /* for people */
};

struct pp_ec_ticket {
	uint32_t epoch; /* at the announcement */
	uint32_t bell;  /* read before it      */
};

enum pp_ec_result {
	EC_WOKEN,   /* no longer registered; owes a wake                    */
	EC_AGAIN,   /* still registered: try again                          */
	EC_TIMEOUT, /* still registered; the deadline passed                */
	EC_SIGNAL   /* still registered; a signal handler ran               */
};

static inline void ec_init(struct pp_eventcount *ec)
{
	pp_store(&ec->state, 0);
	pp_store(&ec->bell, 0);
	pp_store(&ec->unwoken, 0);
	pp_store(&ec->vain, 0);
	pp_sleepers_init(&ec->sleepers);
}

/* Sleepers or a flag.  One relaxed load: the light fence before it orders it. */
PP_INLINE uint32_t ec_alert(struct pp_eventcount *ec)
{
	return (uint32_t)pp_load(&ec->state);
}

PP_INLINE bool ec_is_rung(uint32_t alert)
{
	return alert & EC_RUNG;
}

/* ---- waking ------------------------------------------------------------------ */

void ec_ring_bell(struct pp_eventcount *ec, uint32_t n);

uint64_t ec_look_fenced(struct pp_eventcount *ec);

/* Are most of `sleepers` no more?  A guess: it decides between one wake and waking everybody, and
 * either loses none. */
static inline bool ec_is_stale(struct pp_eventcount *ec, uint64_t sleepers)
{
	return sleepers > 2 * (uint64_t)pp_load(&ec->unwoken) + EC_LEFT;
}

/* Wake up to `n` sleepers that no wake was claimed for; all, where the count is stale.  Result: the
 * state that was seen. */
static inline uint64_t ec_wake(struct pp_eventcount *ec, uint64_t n)
{
	uint64_t state = pp_load(&ec->state);
	uint64_t k;

	if (state & EC_FENCED)
		state = ec_look_fenced(ec);

	do {
		k = (state & EC_LOW) / EC_ONE;
		if (k == 0)
			return state;
		if (k > n && !ec_is_stale(ec, k))
			k = n;
		/* Relaxed: that the bell below rings after the sleeper read it is EC_BELL's. */
	} while (!pp_cas(&ec->state, &state, state + EC_EPOCH - k * EC_ONE));
	ec_ring_bell(ec, (uint32_t)k);
	return state;
}

/* Ring for ever: every look from now on is alerted.  Wakes nobody yet, so that what
 * ends can be sealed in between; then everybody is to be woken. */
static inline void ec_ring(struct pp_eventcount *ec)
{
	pp_fetch_or(&ec->state, EC_RUNG); /* a hint: ordered by what follows */
}

/* ---- waiting ----------------------------------------------------------------- */

/* What a waiter needs between its announcement, which found `state`, and its next look. */
enum ec_fence {
	EC_FENCE_FULL,  /* everybody knows that sleepers are frequent */
	EC_FENCE_HEAVY,
	EC_FENCE_FIRST  /* likewise; then ec_settle()                 */
};

static inline enum ec_fence ec_fence_wanted(struct pp_eventcount *ec, uint64_t state, bool fenced)
{
	if (state & PP_SWITCH(EC_WAIT_SETTLED, EC_FENCED, EC_SETTLED))
		return EC_FENCE_FULL;
	if (!fenced && !(pp_fetch_or(&ec->state, EC_FENCED) & EC_FENCED))
		return EC_FENCE_FIRST;
	return EC_FENCE_HEAVY;
}

/* One fence may serve announcements at several eventcounts: the greatest that is wanted. */
static inline void ec_fence(enum ec_fence wanted, bool fenced)
{
	if (wanted == EC_FENCE_FULL)
		pp_full_fence(EC_WAIT_FENCE);
	else
		pp_heavy(EC_HEAVY, fenced);
}

/* Relaxed: the heavy fence comes before EC_SETTLED here, and a full one after it is seen. */
static inline void ec_settle(struct pp_eventcount *ec, enum ec_fence wanted)
{
	if (wanted != EC_FENCE_FIRST)
		return;
	PP_STALL(wait_fenced);
	pp_fetch_or(&ec->state, EC_SETTLED);
}

/* Register as a sleeper, with the fence that it takes; the caller tries again.
 * `fenced`: whoever looks makes a full fence anyway. */
static inline struct pp_ec_ticket ec_announce(struct pp_eventcount *ec, bool fenced)
{
	struct pp_ec_ticket ticket;
	enum ec_fence wanted;
	uint64_t state;

	/* Acquire: what follows, the announcement, comes after. */
	ticket.bell = pp_load_acquire(EC_BELL_SEEN, &ec->bell);
	state = pp_fetch_add(&ec->state, EC_ONE);
	ticket.epoch = (uint32_t)(state / EC_EPOCH);
	PP_STALL(wait_announced);
	wanted = ec_fence_wanted(ec, state, fenced);
	ec_fence(wanted, fenced);
	ec_settle(ec, wanted);
	return ticket;
}

/* Give the registration up.  True: a wake may have been claimed for it, and is owed. */
static inline bool ec_leave(struct pp_eventcount *ec, const struct pp_ec_ticket *ticket)
{
	uint64_t state = pp_load(&ec->state);

	do {
		if ((uint32_t)(state / EC_EPOCH) != ticket->epoch)
			return true;
		/* Relaxed: only the count and the epoch matter, and they are this word. */
	} while (!pp_cas(&ec->state, &state, state - EC_ONE));
	return false;
}

/* Sleep until woken, `deadline` (CLOCK_MONOTONIC, ns; INT64_MAX: none), or, if
 * `interruptible`, a signal. */
enum pp_ec_result ec_sleep(struct pp_eventcount *ec, struct pp_ec_ticket *ticket,
                           int64_t deadline, bool interruptible);

#endif
