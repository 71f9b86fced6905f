/* SPDX-License-Identifier: MIT */
/*
 * What the programs of this folder share: cases that each run in a process of their own, since
 * filters, limits and namespaces cannot be taken back; and a stream of items with a ledger.
 *
 *   program [--long] [--open] [NAME...]
 *
 * --long: also the cases that take long.  --open: also those that are known to fail.
 */
#ifndef EDGE_H
#define EDGE_H

#include "support.h"

#include <pushpull/pushpull.h>

#include <stdatomic.h>

enum edge_when {
	EDGE_QUICK, /* always                                             */
	EDGE_LONG,  /* only with --long                                   */
	EDGE_OPEN   /* only with --open: a defect that is not mended yet  */
};

struct edge {
	const char *name;
	void (*run)(void); /* fails by CHECK(), is left out by edge_skip() */
	enum edge_when when;
};

int edges_main(int argc, char **argv, const struct edge *edges, size_t count);

/* More rounds, threads or rings. */
bool edge_is_long(void);
/* This machine cannot run the case. */
_Noreturn void edge_skip(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A number for people. */
void edge_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Wait for a condition that another thread brings about; the case's limit ends it otherwise. */
#define AWAIT(condition) \
	do { \
		while (!(condition)) \
			nap_us(200); \
	} while (0)

void edge_open(pp_tx **tx, pp_rx **rx, pp_kind kind, size_t capacity);
void edge_let_go(pp_tx *tx, pp_rx *rx);
pp_stats edge_stats(const pp_rx *rx);

/* Calls of one kind, or of all kinds in turn. */
enum stream_call { STREAM_ALL, STREAM_PLAIN, STREAM_UNTIL, STREAM_BATCH, STREAM_IN_PLACE,
	           STREAM_SELECT, STREAM_CALLS };

/* Pushers push, the last of them closes, pullers drain; then every item was pulled exactly once,
 * and each puller saw each pusher's items in order. */
struct stream {
	pp_kind kind; /* PP_SPSC: one thread a side, whatever is asked for */
	size_t capacity;
	unsigned pushers, pullers;
	uint32_t items; /* of each pusher */
	enum stream_call call;
	int64_t spin_ns;
	unsigned flags;
	void (*enter)(unsigned thread); /* in each thread, before its first call */
	void (*leave)(void);            /* after its last one                    */
	void (*opened)(pp_tx *tx, pp_rx *rx);
};

void stream_run(const struct stream *stream);
/* For both kinds, at capacities 0, 1, 3 and 64. */
void stream_run_everywhere(struct stream stream);

/* Threads that each block in one call on a ring, until it returns. */
struct blocked {
	pp_tx *tx;
	pp_rx *rx;
	pp_time deadline;
	atomic_int result; /* BLOCKED_STILL until it returned */
	uint64_t item;
	pthread_t thread;
};

enum { BLOCKED_STILL = 1 };

/* A puller, asleep when this returns if `before` others were. */
void blocked_pull(struct blocked *b, pp_tx *tx, pp_rx *rx, pp_time deadline, unsigned before);
int blocked_join(struct blocked *b);

#endif
