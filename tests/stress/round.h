/* SPDX-License-Identifier: MIT */
/* One round: its rings, its threads, and what is known of the rings while they run. */
#ifndef STRESS_ROUND_H
#define STRESS_ROUND_H

#include "harness.h"
#include "ledger.h"
#include "support.h"

#include <pthread.h>
#include <semaphore.h>

enum {
	BATCH_MAX = 48,
	WORKERS_MAX = 2 * PRODUCERS_MAX,
	RINGS_MAX = 4,
	ENDS_MAX = 2 * RINGS_MAX /* of one thread */
};

struct ring {
	pp_kind kind;
	size_t capacity;
	unsigned producers, consumers;
	unsigned steady_consumers;       /* those that keep the ring moving: see struct end */
	unsigned ending;                 /* one of END_... */
	bool last_one_closes;            /* END_DRAIN: by pp_close, not by letting go */
	bool interruptible;
	unsigned pushes, pulls;          /* CALL_... of this ring */
	pp_time close_at, cancel_at;     /* by the third thread; 0: it does not, or has done it */
	pp_tx *tx;
	pp_rx *rx;
	struct ledger ledger;
	atomic_uint producing, steady;   /* push ends, and steady pull ends, still in use */
	/* What has begun and what is over: a result is checked against both. */
	atomic_bool close_began, close_done, cancel_began, cancel_done;
	atomic_bool tx_watched, rx_watched; /* one thread at a time may arm an end */
};

struct round {
	const struct mode *mode;
	unsigned rings, workers;
	struct ring ring[RINGS_MAX];
	pp_time stop_pushing;
	atomic_uint alive;               /* threads that still run */
};

/* An end of a ring, in the hands of one thread. */
struct end {
	struct ring *ring;
	bool pushes;
	/* A wait without a deadline leaves no steady end out, and no push if the thread still
	 * has any.  So nobody waits for a thread that waits for him: each ring has a steady
	 * puller, and who is to close goes on to do so. */
	bool steady;
	bool over;                       /* let go of */
	unsigned number, serial;         /* of a push end: among its like; of the next item */
	struct witness witness;          /* of a pull end */
};

struct worker {
	struct round *round;
	struct luck luck;
	pthread_t thread;
	sem_t bell;                      /* rung for operations without a thread */
	unsigned n;
	struct end ends[ENDS_MAX];
	unsigned char items[BATCH_MAX * ITEM_MAX];
};

/* Give the workers their ends, and each ring its kind: PP_SPSC where `kind` says so, and at
 * random where it has only one thread on each side. */
void layout_make(struct round *r, struct worker *workers, struct luck *luck, unsigned layout,
		 pp_kind kind);
/* One ring, whose threads push or pull. */
void layout_single(struct round *r, struct worker *workers, const struct shape *shape,
		   pp_kind kind);
/* One of the set that there is for this kind. */
unsigned layout_pick(struct luck *luck, unsigned set, pp_kind kind);
const char *layout_name(unsigned layout);

/* Run it to its end and check everything. */
struct totals round_run(struct round *r, struct worker *workers, struct luck *luck,
			pp_config *configs, unsigned items);

/* Close or cancel, and let the workers know. */
void ring_close(struct ring *r);
void ring_cancel(struct ring *r);

/* The body of a thread. */
void *worker_run(void *worker);

#endif
