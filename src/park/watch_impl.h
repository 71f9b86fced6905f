/* SPDX-License-Identifier: MIT */
/* The body of watch.h, as text that a model checker can read too. */
/* In verify/spin.  spin: watch_begin, watch_done, watch_end, watch_enter_or_owe, watch_leave
 * spin: watch_settle, watch_take, watch_tell */
#ifndef PP_PARK_WATCH_IMPL_H
#define PP_PARK_WATCH_IMPL_H

#include "park/pollable.h"
#include "park/watch.h"

/* ---- the lock ----------------------------------------------------------------------- */

/* False: held, and its holder owes `n` events more. */
static bool watch_enter_or_owe(struct pp_watch *watch, uint32_t n)
{
	uint32_t word = pp_load(&watch->lock);

	for (;;) {
		if (!(word & WATCH_HELD)) {
			if (pp_lock_cas(WATCH_TAKE, &watch->lock, &word, word | WATCH_HELD))
				return true;
		} else {
			uint32_t owed = word / WATCH_ONE;
			uint32_t more = n < WATCH_MOST - owed ? n : WATCH_MOST - owed;

			/* Relaxed: whoever is told makes a fence of its own before it looks. */
			if (pp_cas(&watch->lock, &word, word + more * WATCH_ONE))
				return false;
		}
	}
}

/* One attempt; `mark`: others may sleep for the lock. */
static bool watch_try_enter(struct pp_watch *watch, uint32_t mark)
{
	uint32_t word = pp_load(&watch->lock);

	return !(word & WATCH_HELD) &&
	       pp_lock_cas(WATCH_TAKE, &watch->lock, &word, word | WATCH_HELD | mark);
}

static void watch_enter(struct pp_watch *watch)
{
	uint32_t word;
	int i;

	for (i = 0; i < WATCH_SPINS; i++) {
		if (watch_try_enter(watch, 0))
			return;
		pp_pause();
	}
	while (!watch_try_enter(watch, WATCH_AWAITED)) {
		word = pp_load(&watch->lock);
		if (word & WATCH_HELD &&
		    (word & WATCH_AWAITED || pp_cas(&watch->lock, &word, word | WATCH_AWAITED)))
			(void)pp_futex_wait(&watch->lock, word | WATCH_AWAITED, INT64_MAX, false);
	}
}

/* How many events are owed. */
static uint32_t watch_leave(struct pp_watch *watch)
{
	uint32_t word = pp_exchange_release(WATCH_GIVE, &watch->lock, 0);

	if (word & WATCH_AWAITED)
		PP_SWITCH(WATCH_LOCK_WAKE, (void)0, (void)pp_futex_wake(&watch->lock, 1));
	return word / WATCH_ONE;
}

/* Under the lock, before leaving it: nobody watches any more? */
static void watch_settle(struct pp_watch *watch, struct pp_eventcount *ec)
{
	uint64_t state = pp_load(&ec->state);

	if (watch->list.first || watch->armed != NOT_ARMED)
		return;
	while (state & EC_WATCHED && !pp_cas(&ec->state, &state, state & ~EC_WATCHED))
		;
}

/* ---- telling ------------------------------------------------------------------------- */

/* Whom to tell, once the lock is given back. */
struct watch_told {
	bool found;
	int fd;
	struct pp_wake wake;
};

static struct watch_told watch_take(struct pp_watch *watch)
{
	struct watch_told told = { .found = false, .fd = watch->armed };
	struct pp_link *link, *next;

	watch->armed = NOT_ARMED;
	for (link = watch->list.first; link; link = next) {
		next = link->next;
		if (!waiter_tell(link->waiter, &told.wake))
			continue; /* served elsewhere: the next one */
		list_remove(&watch->list, link);
		told.found = true;
		break;
	}
	return told;
}

void watch_tell(struct pp_watch *watch, struct pp_eventcount *ec, uint64_t events)
{
	uint32_t n = events < WATCH_MOST ? (uint32_t)events : WATCH_MOST;

	while (n > 0 && watch_enter_or_owe(watch, n)) {
		struct watch_told told = watch_take(watch);
		uint32_t owed;

		watch_settle(watch, ec);
		PP_STALL(watch_told);
		owed = watch_leave(watch);
		if (told.fd != NOT_ARMED)
			PP_SWITCH(WATCH_SIGNAL, (void)0, pp_pollable_signal(told.fd));
		PP_SWITCH(WATCH_WAKE, (void)0, pp_wake_make(&told.wake, &ec->sleepers));
		n = told.found ? n - 1 : 0;
		n = owed < WATCH_MOST - n ? n + owed : WATCH_MOST;
	}
}

/* Give the lock back, and tell whom others owed it to. */
static void watch_done(struct pp_watch *watch, struct pp_eventcount *ec)
{
	uint32_t owed = watch_leave(watch);

	if (owed)
		PP_SWITCH(WATCH_TELL_OWED, (void)0, watch_tell(watch, ec, owed));
}

/* ---- watching ------------------------------------------------------------------------- */

enum ec_fence watch_begin(struct pp_watch *watch, struct pp_eventcount *ec, struct pp_link *link,
                          bool fenced)
{
	uint64_t state;

	watch_enter(watch);
	PP_STALL(watch_locked);
	if (!link->listed) {
		link->told |= link->begun; /* an event took it off */
		list_append(&watch->list, link);
	}
	link->begun = true;
	state = pp_fetch_or(&ec->state, EC_WATCHED); /* the announcement: ordered by the fence */
	watch_done(watch, ec);
	return ec_fence_wanted(ec, state, fenced);
}

bool watch_end(struct pp_watch *watch, struct pp_eventcount *ec, struct pp_link *link)
{
	bool listed;

	watch_enter(watch);
	PP_STALL(watch_locked);
	listed = link->listed;
	if (listed)
		list_remove(&watch->list, link);
	watch_settle(watch, ec);
	watch_done(watch, ec);
	return !listed;
}

enum ec_fence watch_arm(struct pp_watch *watch, struct pp_eventcount *ec, int fd, bool fenced)
{
	uint64_t state;

	watch_enter(watch);
	PP_STALL(watch_locked);
	watch->armed = fd;
	state = pp_fetch_or(&ec->state, EC_WATCHED);
	watch_done(watch, ec);
	return ec_fence_wanted(ec, state, fenced);
}

void watch_disarm(struct pp_watch *watch, struct pp_eventcount *ec)
{
	watch_enter(watch);
	watch->armed = NOT_ARMED;
	watch_settle(watch, ec);
	watch_done(watch, ec);
}

#endif
