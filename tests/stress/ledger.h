/* SPDX-License-Identifier: MIT */
/*
 * The book of one round: what became of every item.
 *
 * An item names its producer and its serial number, and the rest of its bytes follow from
 * these, so that a torn or stale copy shows.  Checked at the end of the round:
 *
 *   exactly once  an item whose push returned 0 was pulled once or dropped once, and an item
 *                 that was not pushed was seen by nobody
 *   FIFO          if the push of a ended before the push of b began, the pull of b did not
 *                 end before the pull of a began (clocks of the calls, any two producers)
 *   order         each consumer sees each producer's items in rising order (checked on the
 *                 spot, by the consumer)
 */
#ifndef STRESS_LEDGER_H
#define STRESS_LEDGER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ITEM_MIN = 8, ITEM_MAX = 200, PRODUCERS_MAX = 16 };

struct entry {
	int64_t push_began, push_ended; /* the producer's */
	int64_t pull_began, pull_ended; /* the consumer's; for ever if dropped */
	atomic_uint pulls, drops;
	bool pushed;
};

struct ledger {
	unsigned producers, per_producer;
	size_t item_size;
	struct entry *entries;
};

/* What one consumer has seen. */
struct witness { int64_t last[PRODUCERS_MAX]; };

void ledger_open(struct ledger *l, unsigned producers, unsigned per_producer, size_t item_size);
void ledger_free(struct ledger *l);

void item_make(const struct ledger *l, void *item, unsigned producer, unsigned serial);

/* The first `n` items from `serial` on were pushed. */
void ledger_pushed(struct ledger *l, unsigned producer, unsigned serial, unsigned n,
		   int64_t began, int64_t ended);
void ledger_pulled(struct ledger *l, struct witness *w, const void *item, int64_t began,
		   int64_t ended);
void ledger_dropped(struct ledger *l, const void *item);

struct totals { uint64_t pushed, pulled, dropped; };
/* Everything is over: check the book. */
struct totals ledger_check(struct ledger *l);

#endif
