/* SPDX-License-Identifier: MIT */
/*
 * What each call was told, and whether the contract allows it.
 *
 * Each call has a start and an end, each item those of its push and of its pull.  From them follows
 * what must be so whatever the order in which overlapping calls took effect; only that is required.
 */
#ifndef STEPS_LEDGER_H
#define STEPS_LEDGER_H

#include <pushpull/pushpull.h>

#include "sched.h"

enum { RINGS = 2, MOST_ITEMS = 64, WORDS = 5 };
enum { A, B, ANY_RING = -1 };

/* How a call waits. */
enum how { TRY, WAIT, SOON, PATIENT, LATE };
/* What a case of a call is to the other side at capacity 0: somebody to be met, or somebody who is
 * told of those. */
enum role { PUSH, PULL, NO_ROLE };
enum way { MET, TOLD };

struct scenario {
	const char *name;
	struct { unsigned char kind, capacity; } ring[RINGS];
	const char *thread[STEPS_THREADS];
	unsigned flags;
};

/* Kinds of rings. */
enum { NONE = 0, SPSC = PP_SPSC, MPMC = PP_MPMC };
/* Flags.  SIGNALS come, and end calls; UNASKED ones come, to who has a deadline, and end none. */
enum { SIGNALS = 1, TRACKED = 2, FENCED = 4, LARGE = 8, SPURIOUS = 16, UNASKED = 32 };

extern const struct scenario scenarios[];
extern const unsigned scenario_count;

struct ring {
	pp_tx *tx;
	pp_rx *rx;
	pp_kind kind;
	unsigned capacity;
	unsigned tx_refs, rx_refs;
	bool closing, closed, cancelling, cancelled; /* begun, over       */
	bool end_seen;                               /* a pull got -EPIPE */
	int returned;     /* pushes that returned 0                        */
	int given_back;   /* slots that pulls have given back, or may have */
	int may_push, may_take; /* by calls under way                      */
	int open_push, open_pull, aborted;
	int dropped, pulled;
	const void *lock; /* capacity 0: of the queues */
	unsigned starts, under_way;
};

struct call {
	char letter;
	enum how how;
	unsigned start, signals, n;
	int64_t deadline;
	unsigned most;    /* items */
	bool in_place, batch;
	struct wish {
		int ring;
		enum role role;
		enum way way;
		bool closed, cancelled, end_seen, others; /* before; others are under way */
		unsigned starts;
	} wish[RINGS];
};

enum item_state { UNDER_WAY, PUSHED, FAILED, TAKEN_BACK };

struct item {
	enum item_state state;
	int ring, pulls, drops;
	unsigned pusher, puller;
	unsigned push_start, push_end; /* push_end: or, at capacity 0, when it was in line */
	unsigned pull_start, pull_end; /* of a drop, too                                    */
	unsigned freed;                /* its slot                                          */
};

extern struct item items[MOST_ITEMS];
extern unsigned item_count;
extern struct ring rings[RINGS];
extern const struct scenario *scenario;
extern size_t item_size;

/* Opens the rings of a scenario: settle.c. */
void ledger_begin(const struct scenario *s);
/* All threads have ended: drains the rings, lets go of them, settles. */
void ledger_end(void);
void ledger_clear(void);
/* The callback of every ring. */
void note_drop(void *bytes, void *ring);

/* ---- calls ------------------------------------------------------------------------------- */

struct call *call_begin(char letter, enum how how, unsigned most);
void call_wish(struct call *c, int ring, enum role role, enum way way);
void call_end(struct call *c);
/* While it goes on, signals came. */
void call_again(struct call *c);

/* ---- items -------------------------------------------------------------------------------- */

/* The next item of this thread for a ring, written to `bytes`. */
unsigned item_new(int ring, void *bytes);
void item_write(unsigned item, void *bytes);
/* What a push of `n` items from `first` on for wish `k` of a call came to. */
void pushed(struct call *c, unsigned k, unsigned first, unsigned n, ssize_t r);
void push_taken_back(struct call *c, unsigned item);
/* What a pull came to: `n` is room in `bytes`. */
void pulled(struct call *c, unsigned k, const void *bytes, unsigned n, ssize_t r);
/* The item in a slot that was pulled in place; the slot has been committed. */
unsigned slot_item(const void *slot);
void slot_given_back(unsigned item);
/* Room for items to be pulled; pulled() looks whether a pull that failed has left it alone. */
void untouched(void *bytes, unsigned n);

void require(bool holds, const char *property, const struct call *c);

#endif
