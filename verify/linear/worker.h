/* SPDX-License-Identifier: MIT */
/* A thread of a round. */
#ifndef LINEAR_WORKER_H
#define LINEAR_WORKER_H

#include <pthread.h>
#include <stdatomic.h>

#include "round.h"

enum { WORKER_OPS = 1200 };

struct round {
	const struct setting *setting;
	pp_tx *tx;
	pp_rx *rx;
	pthread_barrier_t start;
	atomic_uint producing, alive;
	atomic_uint drops;
	uint32_t *drop;
};

struct worker {
	struct round *round;
	pthread_t id;
	unsigned thread;
	struct luck luck;
	uint32_t serial;
	size_t ops;
	struct op *op;
	atomic_bool ready;       /* of an operation without a thread */
	bool over;               /* it has seen the end              */
	unsigned char items[BATCH_MAX * ITEM_SIZE_MAX];
};

void *worker_produce(void *worker);
void *worker_consume(void *worker);
/* Ends the ring at some moment, and does nothing else. */
void *worker_end(void *worker);

/* calls.c: the call of op->call, with what op asks for; op->result and what was pulled. */
void call_make(struct worker *w, struct op *op);
/* The halves of a call in place: the slot, or NULL. */
void *call_begin(struct worker *w, struct op *op);
void call_end(struct worker *w, struct op *op, void *slot);

/* An item is its name and, where there is room, the name again: a torn one shows. */
uint32_t item_name(const unsigned char *item, size_t size);
void item_make(unsigned char *item, size_t size, uint32_t name);

void nap_us(unsigned us);

#endif
