/* SPDX-License-Identifier: MIT */
/*
 * Who watches an eventcount beside those who sleep at it: threads that wait for several things
 * at once, operations that wait without a thread, and a descriptor that an event loop polls.
 *
 * An event that wakes up to n sleepers also tells up to n watchers, and the descriptor: in
 * addition, never instead, so that neither kind can take the other's wakes.  EC_WATCHED in the
 * eventcount's state says that there is somebody.
 *
 * The list has a lock, and whoever makes an event must not wait for it: a try does not wait for
 * another thread, whatever that is doing.  So who finds it held adds its events to the lock word,
 * and leaves; who gives the lock back finds them there, and tells the watchers in its stead.
 */
/* Modelled in verify/spin.  spin: watch_wake */
#ifndef PP_PARK_WATCH_H
#define PP_PARK_WATCH_H

#include "park/eventcount.h"
#include "park/waiter.h"

/* { owed events : 30, somebody sleeps for it : 1, held : 1 } */
#define WATCH_HELD    UINT32_C(1)
#define WATCH_AWAITED UINT32_C(2)
#define WATCH_ONE     UINT32_C(4)
#define WATCH_MOST    (UINT32_C(1) << 28) /* more events than that tell everybody */

#ifndef WATCH_SPINS
#define WATCH_SPINS 40
#endif

struct pp_watch {
	PP_ATOMIC(uint32_t) lock;
	struct pp_list list;  /* the rest under the lock       */
	PP_PLAIN(int) armed;  /* a descriptor, or NOT_ARMED    */
};

enum { NOT_ARMED = -1 };

static inline void watch_init(struct pp_watch *watch)
{
	pp_store(&watch->lock, 0);
	list_init(&watch->list);
	watch->armed = NOT_ARMED;
}

/* Tell up to `n` watchers of `ec`, and the descriptor.  Waits for nobody. */
void watch_tell(struct pp_watch *watch, struct pp_eventcount *ec, uint64_t n);

/* Events: wake up to `n` sleepers, and tell as many watchers. */
static inline void watch_wake(struct pp_watch *watch, struct pp_eventcount *ec, uint64_t n)
{
	if (pp_unlikely(ec_wake(ec, n) & EC_WATCHED))
		PP_SWITCH(WATCH_TELL, (void)0, watch_tell(watch, ec, n));
}

/* Be told of events from now on; if `link` is listed already, as before.  Result: the fence that
 * it takes before the caller looks (ec_fence()). */
enum ec_fence watch_begin(struct pp_watch *watch, struct pp_eventcount *ec, struct pp_link *link,
                          bool fenced);
/* No more.  True: an event was told to this link, and whoever leaves owes its wake. */
bool watch_end(struct pp_watch *watch, struct pp_eventcount *ec, struct pp_link *link);

/* The same for a descriptor, one at a time. */
enum ec_fence watch_arm(struct pp_watch *watch, struct pp_eventcount *ec, int fd, bool fenced);
void watch_disarm(struct pp_watch *watch, struct pp_eventcount *ec);

#endif
