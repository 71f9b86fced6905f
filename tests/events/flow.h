/* SPDX-License-Identifier: MIT */
/*
 * Items through one ring, with a ledger: producers and consumers that block in a thread of
 * their own, or are sources of an event loop.  At the end every item was seen once, in each
 * producer's order, and none is missing in between.
 */
#ifndef EVENTS_FLOW_H
#define EVENTS_FLOW_H

#include "source.h"
#include "support.h"

#include <pthread.h>
#include <stdatomic.h>
#include <pushpull/pushpull.h>

enum { EACH = 2, ITEMS_MAX = 100000 };

struct flow {
	pp_tx *tx;
	pp_rx *rx;
	atomic_uchar (*ledger)[ITEMS_MAX]; /* [producer][number]: how often it was seen    */
	atomic_uint seen[EACH];            /* items of each producer                       */
	unsigned goal; /* cancel when this many of every producer were seen; 0: never      */
};

/* An item is its producer's index and its number. */
struct producer {
	struct source source;
	struct flow *flow;
	pp_tx *tx;
	uint64_t item;       /* the next one                                    */
	atomic_uint limit;   /* of items; lowered to `item` to make it stop     */
	atomic_uint turns;   /* how often the loop went on                      */
	int result;          /* why it stopped; DONE: at the limit              */
	pthread_t thread;
};

struct consumer {
	struct source source;
	struct flow *flow;
	pp_rx *rx;
	int64_t last[EACH];  /* number that it saw, of each producer            */
	atomic_uint count;
	atomic_uint turns;
	int result;
	pthread_t thread;
};

enum { DONE = 1 };

void flow_open(struct flow *flow, pp_kind kind, size_t capacity);
/* Look at the ledger: from each producer the first items were seen, `count[i]` of them or, if
 * the ring was cancelled, at most as many. */
void flow_check(struct flow *flow, const uint32_t count[EACH]);
/* Let go of the ends that are left. */
void flow_free(struct flow *flow);

void producer_init(struct producer *p, struct flow *flow, uint32_t index, uint32_t limit);
void consumer_init(struct consumer *c, struct flow *flow);
uint32_t producer_count(const struct producer *p); /* of items that were pushed */

/* Run in a thread with a reference of its own, of which it lets go when it leaves. */
enum how { BLOCKING, IN_LOOP };
void producer_start(struct producer *p, enum how how);
void consumer_start(struct consumer *c, enum how how);
void join(pthread_t thread);

#endif
