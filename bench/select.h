/* SPDX-License-Identifier: MIT */
/* What pp_select() costs, and the plain calls that do the same work. */
#ifndef BENCH_SELECT_H
#define BENCH_SELECT_H

#include <pushpull/pushpull.h>

#include <stddef.h>

enum { SELECT_RINGS = 4, SELECT_RUN = 63 /* calls between two looks at the clock */ };

typedef enum select_load {
	/* One thread and four rings of capacity 64 that all have items: what a call takes. */
	SELECT_READY,    /* a select of four pulls                                  */
	SELECT_ORDERED,  /* the same with PP_ORDERED: it takes from the first       */
	SELECT_BY_PULLS, /* plain pulls, from each of the four in turn              */
	SELECT_BY_FIRST, /* plain pulls from the first                              */
	/* One thread and four empty rings: what it takes to find nothing. */
	SELECT_NOTHING,  /* a select whose deadline is past                         */
	SELECT_BY_TRIES, /* four plain tries                                        */
	/* Two threads that wait for each other: what there and back takes, or a meeting. */
	SELECT_RALLY,    /* capacity 1: over two rings in turn there, over two others back; who
			    pulls, selects                                          */
	SELECT_MIXED,    /* capacity 0: each selects of a push into one ring and a pull from
			    another                                                 */
	SELECT_LOADS
} select_load;

extern const char *const select_names[];

typedef struct select_run {
	select_load load;
	pp_kind     kind;
	size_t      item_size; /* 8 or more */
	double      seconds;   /* of a sample, about */

	double      calls;     /* state: so many make a sample; 0: not known yet */
	const char *wrong;     /* why there is no figure */
} select_run;

size_t select_capacity(select_load load);

/* Take a sample: nanoseconds a call, there and back, or a meeting; not a number: see `wrong`. */
double select_ns(select_run *r);

/* `ns` of all runs together, of which each has a look at the clock in it. */
double select_per_call(double ns, double runs, double clock_ns);

#endif
