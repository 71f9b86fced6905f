/* SPDX-License-Identifier: MIT */
/* The list of targets, and what they are made of. */
#ifndef BENCH_GOALS_H
#define BENCH_GOALS_H

#include "point.h"

/* One side of a comparison: how it is measured, and with what. */
struct arm {
	double (*measure)(struct arm *arm);
	const pp_bench_queue *queue;
	unsigned  threads; /* producers, and as many consumers */
	size_t    capacity;
	unsigned  batch;
	pp_bench_form form;
	placement where;
	bool      park, depth;
	double    constant;

	double    seconds; /* state */
	point    *point;
	struct arm *rivals;
	unsigned  turn;
	int       turns;   /* of a sample, with sampling and without */
};

struct goal {
	int         row;  /* of the project's table */
	const char *what;
	bool        at_least; /* the ratio shall be that large; else that small */
	double      must, goal;
	bool        rival_pending;
	bool        of_a;  /* the target is one for a itself; b is the machine's own figure */
	struct arm  a, b;
};

struct goal *goals_list(size_t *count);

double arm_rate(struct arm *arm);            /* items a second                        */
double arm_time(struct arm *arm);            /* ns per item                           */
double arm_switches(struct arm *arm);        /* context switches per item             */
double arm_wakes_per_park(struct arm *arm);  /* wake calls per call that sleeps       */
double arm_wakes_per_switch(struct arm *arm); /* wake calls per voluntary switch       */
double arm_rival(struct arm *arm);           /* the faster of mutex ring and pipe     */
double arm_index_ring(struct arm *arm);      /* items a second, published per `batch` */
double arm_line(struct arm *arm);            /* ns for a line there and back          */
double arm_ping_pong(struct arm *arm);       /* ns there and back                     */
double arm_futex(struct arm *arm);           /* ns there and back                     */
double arm_constant(struct arm *arm);
double arm_sampled(struct arm *arm);         /* ns per item in turns with sampling ... */
double arm_unsampled(struct arm *arm);       /* ... and in those between them          */
double arm_slow_consumer(struct arm *arm);   /* the producer's share of a CPU         */
double arm_bare_waiter(struct arm *arm);     /* that of a thread that waits in a futex */
double arm_blocked_cpu(struct arm *arm);     /* ms in 10 s                            */
double arm_blocked_switches(struct arm *arm);

/* Share of a CPU that a producer takes whose consumer needs 10 ms for each of `items`. */
double slow_consumer_share(const pp_bench_queue *queue, size_t capacity, unsigned items);

#endif
