/* SPDX-License-Identifier: MIT */
/*
 * Looking at the descriptors of a ring from outside: a ring of ints that are all 7, what a try
 * gives and whether poll(2) says readable, and cases that run on the rings that they are for.
 */
#ifndef EVENTS_PROBE_H
#define EVENTS_PROBE_H

#include "support.h"

#include <pushpull/pushpull.h>

struct ring {
	pp_tx *tx;
	pp_rx *rx;
	pp_kind kind;
	size_t capacity;
};

void ring_open(struct ring *r, pp_kind kind, size_t capacity);
void ring_let_go(struct ring *r);

int push(struct ring *r); /* try one item */
int pull(struct ring *r);
void fill(struct ring *r);

bool rx_readable(struct ring *r);
bool tx_readable(struct ring *r);
bool readable(int fd);
unsigned open_fds(void); /* of the process */

/* On which rings a case runs: kinds and capacities. */
enum { SPSC = 1, MPMC = 2, ZERO = 4, ABOVE_ZERO = 8, ANY = 15, STORING = 11 };

struct probe {
	const char *name;
	void (*run)(struct ring *r);
	unsigned on;
};
#define CASE(function, on) { #function, function, on }

/* Run them; afterwards no descriptor is left open. */
void run_cases(const struct probe *cases, size_t count);

#endif
