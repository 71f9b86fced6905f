/* SPDX-License-Identifier: MIT */
/*
 * A thread that waits for several things at once, of which exactly one may serve it; or an
 * operation that waits without a thread, which is called instead of woken.
 *
 * It hangs a link of its own into the list of each thing, and all links lead to one word:
 *
 *   WAITS    the first who claims it serves it
 *   ACTS     it does something itself, for which nobody else may serve it: for a moment, or it leaves
 *   CLAIMED  somebody serves it: it waits for that, whatever else happens
 *   MET      served; final
 *
 *   NEWS     with WAITS, ACTS: something happened since it last began to look around; it looks
 *            again before it sleeps
 *   ASLEEP   with WAITS, CLAIMED: it sleeps, or is about to; who ends the state owes a wake call
 *
 * While it looks around it waits, and can be claimed.  Who would claim it while it acts leaves NEWS
 * instead, and does not wait for it.
 *
 * Who follows a link holds the lock of the list that it is in.  The owner unlinks itself under the
 * same lock before it returns, and if it is claimed it waits for MET, so nobody touches its memory
 * after that; a wake call uses the address only.
 */
/* Modelled in verify/spin.  spin: waiter_look, waiter_sleep, waiter_tell */
#ifndef PP_PARK_WAITER_H
#define PP_PARK_WAITER_H

#include <errno.h>

#include "base/atomic.h"
#include "base/compiler.h"
#include "park/sleep.h"

enum {
	WAITER_ASLEEP  = 1,
	WAITER_NEWS    = 2,
	WAITER_WAITS   = 0,
	WAITER_ACTS    = 4,
	WAITER_CLAIMED = 8,
	WAITER_MET     = 12
};

struct pp_link;

/* What is called in place of a wake, with no lock held.  NULL: nothing. */
struct pp_call {
	void (*make)(void *context);
	void *context;
};

struct pp_waiter {
	PP_ATOMIC(uint32_t) word;
	PP_PLAIN(struct pp_link *) met; /* written by who claimed it, before MET */
	struct pp_call call;            /* the same as long as any link of it is listed */
};

/* A waiter's place in one list; all of it but `waiter` under the list's lock. */
struct pp_link {
	PP_PLAIN(struct pp_link *) next;
	PP_PLAIN(struct pp_link *) prev;
	struct pp_waiter *waiter;        /* NULL: somebody who waits for nothing else */
	PP_PLAIN(bool) listed;
	PP_PLAIN(bool) owed;             /* at a rendezvous: its look again, see queue_is_too_early() */
	bool told : 1, begun : 1;        /* the owner's notes, without the lock       */
	unsigned char fence;
};

struct pp_list {
	PP_PLAIN(struct pp_link *) first;
	PP_PLAIN(struct pp_link *) last;
};

static inline void list_init(struct pp_list *list)
{
	list->first = list->last = NULL;
}

static inline void list_append(struct pp_list *list, struct pp_link *link)
{
	link->next = NULL;
	link->prev = list->last;
	if (list->last)
		list->last->next = link;
	else
		list->first = link;
	list->last = link;
	link->listed = true;
}

static inline void list_remove(struct pp_list *list, struct pp_link *link)
{
	if (link->prev)
		link->prev->next = link->next;
	else
		list->first = link->next;
	if (link->next)
		link->next->prev = link->prev;
	else
		list->last = link->prev;
	link->listed = false;
}

/* ---- who comes by, under a list's lock ------------------------------------------------- */

enum waiter_is { WAITER_IS_TAKEN, WAITER_IS_BUSY, WAITER_IS_MINE };

/* What whoever ends a waiter's state owes it, taken under the list's lock, for its memory may be
 * gone afterwards. */
struct pp_wake {
	PP_ATOMIC(uint32_t) *asleep;
	struct pp_call call;
};

static inline void pp_call_make(const struct pp_call *call)
{
	if (call->make)
		call->make(call->context);
}

/* It was one of those `sleepers`. */
static inline void pp_wake_make(const struct pp_wake *owed, struct pp_sleepers *sleepers)
{
	if (owed->asleep) {
		pp_fetch_add(&sleepers->wakes, 1);
		(void)pp_futex_wake(owed->asleep, 1);
	}
	pp_call_make(&owed->call);
}

/* There are news, and this much is owed for them.  False: it is served elsewhere. */
static inline bool waiter_tell(struct pp_waiter *w, struct pp_wake *owed)
{
	uint32_t word = pp_load(&w->word);

	do {
		if (word >= WAITER_CLAIMED)
			return false;
		/* Relaxed: before it looks it takes the lock that the caller holds. */
	} while (!pp_cas(&w->word, &word, (word & ~(uint32_t)WAITER_ASLEEP) | WAITER_NEWS));
	owed->asleep = word & WAITER_ASLEEP ? &w->word : NULL;
	owed->call = w->call;
	return true;
}

/* Serve it: the caller writes `met` and then MET.  BUSY: it acts; with `mark` it has news. */
static inline enum waiter_is waiter_claim(struct pp_waiter *w, bool mark)
{
	uint32_t word = pp_load(&w->word);

	for (;;) {
		if (word >= WAITER_CLAIMED)
			return WAITER_IS_TAKEN;
		if (word >= WAITER_ACTS) {
			if (!mark || pp_cas(&w->word, &word, word | WAITER_NEWS))
				return WAITER_IS_BUSY; /* relaxed, as waiter_tell() */
		} else if (pp_cas(&w->word, &word, WAITER_CLAIMED | (word & WAITER_ASLEEP))) {
			return WAITER_IS_MINE; /* relaxed: what it laid out, the list's lock brought */
		}
	}
}

/* Would it be served now?  If it acts it has news. */
static inline bool waiter_is_open(struct pp_waiter *w)
{
	uint32_t word = pp_load(&w->word);

	while (word >= WAITER_ACTS && word < WAITER_CLAIMED)
		if (pp_cas(&w->word, &word, word | WAITER_NEWS))
			return false; /* relaxed, as waiter_tell() */
	return word < WAITER_CLAIMED;
}

/* ---- the thread itself ------------------------------------------------------------------- */

static inline void waiter_init(struct pp_waiter *w)
{
	pp_store(&w->word, WAITER_WAITS);
	w->met = NULL;
	w->call = (struct pp_call){ NULL, NULL };
}

/* Begin to look around: news from now on are news again, and the older ones will be seen. */
static inline void waiter_look(struct pp_waiter *w)
{
	uint32_t word = pp_load(&w->word);

	while (word & WAITER_NEWS)
		if (pp_cas(&w->word, &word, word & ~(uint32_t)WAITER_NEWS))
			break; /* relaxed: the lists' locks bring them */
}

/* Nobody else is to serve it.  False: somebody does already.  Relaxed, as is the way back: what
 * others need to know stands in the lists. */
static inline bool waiter_act(struct pp_waiter *w)
{
	uint32_t word = pp_load(&w->word);

	do {
		if (word >= WAITER_CLAIMED)
			return false;
	} while (!pp_cas(&w->word, &word, WAITER_ACTS | (word & WAITER_NEWS)));
	return true;
}

/* It came to nothing. */
static inline void waiter_acted(struct pp_waiter *w)
{
	pp_fetch_add(&w->word, (uint32_t)WAITER_WAITS - WAITER_ACTS);
}

/* Sleep for one change of the word, which is `state`.  As pp_futex_wait(). */
static inline int waiter_sleep(struct pp_waiter *w, uint32_t state, int64_t deadline,
                               bool interruptible)
{
	uint32_t awake = state;

	/* Relaxed: if it fails, the caller reads the word again. */
	if (!pp_decide_relaxed(&w->word, &awake, state | WAITER_ASLEEP) &&
	    awake != (state | WAITER_ASLEEP))
		return -EAGAIN;
	return pp_futex_wait(&w->word, state | WAITER_ASLEEP, deadline, interruptible);
}

/* The word, and with it what whoever wrote it did before. */
static inline uint32_t waiter_state(struct pp_waiter *w)
{
	return pp_load_acquire(WAITER_SEEN, &w->word);
}

/* Claimed: wait for the end of it. */
static inline void waiter_await_met(struct pp_waiter *w)
{
	while (waiter_state(w) != WAITER_MET)
		(void)waiter_sleep(w, WAITER_CLAIMED, INT64_MAX, false);
}

#endif
