/* SPDX-License-Identifier: MIT */
/*
 * Capacity 0: a pusher and a puller meet, and the item goes from one's memory into the
 * other's.  Nothing is ever stored.
 *
 * Who comes first waits in a queue with a node on its own stack; who comes second takes
 * the oldest node of the other side, copies, and tells it.  A short lock guards the two
 * queues: no item is copied, nothing of the caller's runs and no system call but the
 * lock's own is made while it is held.  A try that finds it held answers -EBUSY.
 *
 * A node's life.  Listed under the lock; taken off the queue, once, under the lock: by a
 * partner, by who ends the ring, or by its owner in order to withdraw.  After a partner
 * or an ender took it, the owner waits for the word `state` to say so, whatever happens
 * meanwhile, and the other's last touch of the node is the exchange of that word; a wake
 * call after it uses the address only.
 *
 * First come, first served on each side, since the queues are.
 */
#ifndef PP_RENDEZVOUS_MEETING_H
#define PP_RENDEZVOUS_MEETING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/atomic.h"
#include "park/sleep.h"
#include "park/spin.h"

enum meet_role { MEET_PUSH = 0, MEET_PULL = 1 };

struct meet_node { /* in one line: the partner fetches it once */
	_Alignas(64) PP_PLAIN(struct meet_node *) next; /* the first three: under the lock */
	PP_PLAIN(struct meet_node *) prev;
	PP_PLAIN(bool) listed;
	PP_PLAIN(void *) item;
	PP_ATOMIC(uint32_t) state;
};

struct meet_queue {
	PP_PLAIN(struct meet_node *) first;
	PP_PLAIN(struct meet_node *) last;
};

/* What a side is for people and for spinning; the front desk owns it. */
struct meet_side {
	struct pp_sleepers sleepers;
	struct pp_spin *spin;
	PP_ATOMIC(uint64_t) *refused;
};

struct pp_meeting {
	PP_ATOMIC(uint32_t) lock;    /* 0 free, 1 held, 2 held and somebody sleeps for it */
	struct meet_queue queue[2];  /* by role */
	size_t item_size;
	bool interruptible;
	PP_ATOMIC(uint32_t) *ended;  /* RING_CLOSED, RING_CANCELLED */
	PP_ATOMIC(uint64_t) met;     /* items handed over */
	struct meet_side side[2];
};

void meet_init(struct pp_meeting *m, size_t item_size, bool interruptible,
               PP_ATOMIC(uint32_t) *ended);

/* Hand over with a partner that waits already: 1; or -EAGAIN, -EBUSY, -ESHUTDOWN, -EPIPE. */
int64_t meet_try(struct pp_meeting *m, enum meet_role role, void *item);
/* The same for as many of `n` as there are partners: how many, or why none. */
ssize_t meet_try_n(struct pp_meeting *m, enum meet_role role, void *items, size_t n);
/* Wait for the first `min` hand-overs, then take what waits, `max` at most.  How many, or
 * why none: also -ETIMEDOUT, -EINTR. */
ssize_t meet_wait(struct pp_meeting *m, enum meet_role role, void *items, size_t min, size_t max,
                  int64_t deadline);
/* End the ring for everybody who waits: `why` is RING_CLOSED or RING_CANCELLED. */
void meet_end(struct pp_meeting *m, uint32_t why);

#endif
