/* SPDX-License-Identifier: MIT */
/*
 * Capacity 0: a pusher and a puller meet, and the item goes from one to the other.
 * Nothing is ever stored.
 *
 * Who comes first takes a place and waits; who comes second takes the place off, copies,
 * and tells its owner.  Where places are is the one thing in which the kinds differ:
 *
 *   PP_SPSC  spot.h   one word says who waits, at most one thread; no lock
 *   PP_MPMC  queue.h  two queues of places on the waiters' stacks, under a short lock: no
 *                     item is copied, nothing of the caller's runs and no system call but the
 *                     lock's own is made while it is held.  A try that finds it held answers
 *                     -EBUSY.  First come, first served on each side, since the queues are.
 *
 * A select waits in several meetings, so its places are always in queues; and so are those of a
 * ring of PP_SPSC from the moment on when a select, a descriptor, or an operation without a thread
 * comes to wait there (SPOT_MOVED).  Who finds its place must also claim the select itself (park/waiter.h), or pass it over.
 *
 * A place's life.  Taken once: by a partner, by who ends the ring, or by its owner in order
 * to withdraw.  After a partner or an ender took it, the owner waits for the word `state`
 * to say so, whatever happens meanwhile, and the other's last touch of the place is the
 * exchange of that word; a wake call after it uses the address only.
 */
#ifndef PP_RENDEZVOUS_MEETING_H
#define PP_RENDEZVOUS_MEETING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/atomic.h"
#include "base/compiler.h"
#include "park/sleep.h"
#include "park/spin.h"
#include "park/waiter.h"
#include "ring/slot.h"

enum meet_role { MEET_PUSH = 0, MEET_PULL = 1 };

/* Not a result of the contract's. */
enum { MEET_IS_CLAIMED = 3 };

/* In place of a deadline: meet who waits already, and wait for nothing, not even the lock. */
#define MEET_TRY INT64_MIN

struct meet_node { /* in one line, the item too: the partner fetches it once */
	_Alignas(64) struct pp_link link; /* no waiter: the thread waits here only */
	PP_ATOMIC(uint32_t) state;
	struct pp_carrier carrier;
};

/* A select's place in one of its meetings; or that of a push without a thread. */
struct meet_case {
	struct pp_link link; /* its waiter is the select's */
	void *item;
};

struct meet_queue {
	PP_OWN_LINE PP_ATOMIC(uint32_t) lock; /* 0 free, 1 held, 2 held and somebody sleeps for it */
	struct pp_list waiting[2];            /* by role */
	struct pp_list watching;              /* pulls without a thread: told of who gets in line */
	PP_PLAIN(int) armed[2];               /* by role: a descriptor, or NOT_ARMED */
	PP_PLAIN(uint32_t) watched;           /* 1 << role: somebody is armed, or watches */
};

/* All of a hand-over in one line, which goes there and back once. */
struct meet_spot {
	PP_ATOMIC(uint32_t) state[2]; /* by role */
	struct pp_carrier carrier[2]; /* the item of who waits, on its way */
};

/* Items handed over.  Each side writes its own line, so that the count goes to no other CPU. */
struct meet_count {
	PP_OWN_LINE PP_ATOMIC(uint64_t) items;
};

/* What a side is for people and for spinning; the front desk owns it. */
struct meet_side {
	struct pp_sleepers sleepers;
	struct pp_spin *spin;
	PP_ATOMIC(uint64_t) *refused;
};

struct pp_meeting {
	PP_OWN_LINE PP_ATOMIC(uint32_t) word; /* RING_CLOSED, RING_CANCELLED; SPOT_... */
	struct meet_spot spot;                /* PP_SPSC */
	struct meet_queue queue;              /* PP_MPMC */
	struct meet_count met[2];             /* by the role of who came second */
	PP_OWN_LINE bool single;              /* PP_SPSC */
	bool carried;                         /* an item fits into a carrier */
	bool interruptible;
	size_t item_size;
	struct meet_side side[2];
};

/* Hand-overs so far. */
static inline uint64_t meet_met(struct pp_meeting *m)
{
	return pp_load(&m->met[MEET_PUSH].items) + pp_load(&m->met[MEET_PULL].items);
}

void meet_init(struct pp_meeting *m, bool single, size_t item_size, bool interruptible);

/* Hand over with a partner that waits already: 1; or -EAGAIN, -EBUSY, -ESHUTDOWN, -EPIPE. */
int64_t meet_try(struct pp_meeting *m, enum meet_role role, void *item);
/* The same for as many of `n` as there are partners: how many, or why none. */
ssize_t meet_try_n(struct pp_meeting *m, enum meet_role role, void *items, size_t n);
/* Wait for the first `min` hand-overs, then take what waits, `max` at most.  How many, or
 * why none: also -ETIMEDOUT, -EINTR. */
ssize_t meet_wait(struct pp_meeting *m, enum meet_role role, void *items, size_t min, size_t max,
                  int64_t deadline);
/* A select arrives, or looks again.  1: it has handed over, and acts; or -ESHUTDOWN, -EPIPE, and it
 * acts; -EAGAIN: it waits in `c`; MEET_IS_CLAIMED: somebody serves it. */
int64_t meet_arrive(struct pp_meeting *m, enum meet_role role, struct meet_case *c);
/* It leaves.  False: somebody had taken the place. */
bool meet_leave(struct pp_meeting *m, enum meet_role role, struct meet_case *c);
/* A pull without a thread: as meet_try(), but it waits for the lock; or -EAGAIN, and `link` is told
 * when a pusher has got in line, or the ring ends.  *listed: what this call changed: 1 it entered,
 * -1 it left, before it was told. */
int64_t meet_watch(struct pp_meeting *m, void *item, struct pp_link *link, int *listed);
/* It leaves.  False: it had been told. */
bool meet_unwatch(struct pp_meeting *m, struct pp_link *link);
/* It had been told, and a pusher may still be there: the next of those who watch is told. */
void meet_pass_on(struct pp_meeting *m);
/* Signal `fd` once when somebody of the other side waits, or the ring ends.  True: that is so now. */
bool meet_arm(struct pp_meeting *m, enum meet_role role, int fd);
/* End the ring for everybody who waits: `why` is RING_CLOSED or RING_CANCELLED. */
void meet_end(struct pp_meeting *m, uint32_t why);

#endif
