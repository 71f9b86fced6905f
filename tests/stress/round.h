/* SPDX-License-Identifier: MIT */
/* One round: a ring, its threads, and what is known of them while they run. */
#ifndef STRESS_ROUND_H
#define STRESS_ROUND_H

#include "harness.h"
#include "ledger.h"
#include "support.h"

#include <pthread.h>

enum { BATCH_MAX = 48, WORKERS_MAX = 2 * PRODUCERS_MAX };

struct round {
	const struct mode *mode;
	pp_kind kind;
	size_t capacity;
	unsigned producers, consumers;
	unsigned ending;                 /* one of END_... */
	bool last_one_closes;            /* END_DRAIN: by pp_close, not by letting go */
	bool interruptible;
	unsigned pushes, pulls;          /* CALL_... of this round */
	pp_time stop_pushing;
	pp_tx *tx;
	pp_rx *rx;
	struct ledger ledger;
	atomic_uint producing, alive;    /* threads that still run */
	/* What has begun and what is over: a result is checked against both. */
	atomic_bool close_began, close_done, cancel_began, cancel_done;
	atomic_uint signals_seen;
};

struct worker {
	struct round *round;
	unsigned number;                 /* among its like */
	struct luck luck;
	pthread_t thread;
	unsigned char items[BATCH_MAX * ITEM_MAX];
};

/* Run it to its end and check everything. */
struct totals round_run(struct round *r, struct luck *luck, const pp_config *config,
			unsigned items);

/* The bodies of the threads. */
void *worker_produce(void *worker);
void *worker_consume(void *worker);

/* Close or cancel, and let the workers know. */
void round_close(struct round *r);
void round_cancel(struct round *r);

#endif
