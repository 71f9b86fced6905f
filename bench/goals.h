/* SPDX-License-Identifier: MIT */
/* The list of targets, and what they are made of. */
#ifndef BENCH_GOALS_H
#define BENCH_GOALS_H

#include "point.h"
#include "rounds.h"
#include "select.h"

enum { GOALS_SLOW_MS = 10 /* what an item takes the slow consumer */ };

/* One contestant: how it is measured, and with what. */
struct arm {
	double (*measure)(struct arm *arm); /* not a number: nothing, or it is wrong */
	const pp_bench_queue *queue;
	unsigned  threads; /* producers, and as many consumers */
	size_t    capacity;
	size_t    item_size; /* 0: 8 */
	unsigned  batch;
	pp_bench_form form;
	placement where;
	bool      park, depth;
	bool      may_be_cut; /* see struct point */
	double    constant;
	select_load load;
	bool      alone;     /* one thread */

	double    seconds; /* state */
	point    *point;
	unsigned  turn;
	int       turns;   /* of a sample, with sampling and without */
	select_run *select;
	char     *wrong;   /* why it takes no part any more */
};

/* What a is set against. */
enum against {
	THE_OTHER,       /* b                                                              */
	BLOCKING_QUEUES, /* the mutex ring, pipe(2), and queues that sleep; at capacity 0
			    the mutex ring at 1, and queues that hand over           */
	TRYING_QUEUES,   /* queues that have tries; where a is for any threads, they too   */
	ONE_QUEUE,       /* the one called `rival`                                         */
	ITSELF           /* over all capacities: the worst one after the peak, and the peak */
};

struct goal {
	int         row;  /* of the project's table */
	const char *what;
	bool        at_least; /* the ratio shall be that large; else that small */
	double      must, goal;
	enum against against;
	struct arm  a, b;
	bool        of_a;  /* the target is one for a itself; b is the machine's own figure */
	const char *rival;

	struct arm *arms;  /* state: all contestants, the first is a */
	size_t      count; /* less than two: there is nobody to compare with */
	rounds      rounds;
};

struct goal *goals_list(size_t *count);

/* ---- Who takes part (goals_rivals.c) ---- */

void goal_enter(struct goal *g, const options *o);
/* Whether rivals are looked for, and those that are built in are the only ones. */
bool goal_pending(const struct goal *g);
/* Whether nothing more needs to be known of it: it is much worse than the best rival. */
bool goal_far_behind(const struct goal *g, size_t which);
/* The two that the ratio is of.  False: there are none yet. */
bool goal_sides(const struct goal *g, size_t *over, size_t *under);
/* What the target is one for: the ratio, or a. */
interval goal_judged(const struct goal *g);
const char *goal_verdict(const struct goal *g, const interval *judged);

/* ---- Over capacities (goals_curve.c) ---- */

void curve_enter(struct goal *g, bool quick); /* quick: fewer capacities */
/* The best capacity, and the worst of those after it. */
void curve_sides(const struct goal *g, size_t *worst, size_t *peak);
/* Whether a capacity before the peak is surely worse than the best one before it, `from`. */
bool curve_falls(const struct goal *g, size_t at, size_t *from, interval *ratio);
bool curve_falls_at_all(const struct goal *g);

/* ---- What is said of it (goals_show.c) ---- */

void goals_show(const struct goal *list, size_t count);
/* For the results: a verdict on each row; on the heap. */
char *goals_verdicts(const struct goal *list, size_t count);

/* ---- What an arm can measure (goals_arms.c) ---- */

/* Get its queue ready; false: that queue cannot do it. */
bool arm_ready(struct arm *arm);
void arms_block_for(double seconds);

double arm_rate(struct arm *arm);            /* items a second                        */
double arm_time(struct arm *arm);            /* ns per item                           */
double arm_switches(struct arm *arm);        /* context switches per item             */
double arm_wakes_per_park(struct arm *arm);  /* wake calls per call that sleeps       */
double arm_wakes_per_switch(struct arm *arm); /* wake calls per voluntary switch       */
double arm_index_ring(struct arm *arm);      /* items a second, published per `batch` */
double arm_line(struct arm *arm);            /* ns for a line there and back          */
double arm_ping_pong(struct arm *arm);       /* ns there and back                     */
double arm_futex(struct arm *arm);           /* ns there and back                     */
double arm_constant(struct arm *arm);
double arm_sampled(struct arm *arm);         /* ns per item in turns with sampling ... */
double arm_unsampled(struct arm *arm);       /* ... and in those between them          */
double arm_select(struct arm *arm);          /* ns per call of `load`                 */
double arm_fds(struct arm *arm);             /* ns per item in turns of a ring with descriptors ... */
double arm_no_fds(struct arm *arm);          /* ... and in those of a ring without    */
double arm_slow_consumer(struct arm *arm);   /* the producer's share of a CPU         */
double arm_bare_waiter(struct arm *arm);     /* that of a thread that waits in a futex */
double arm_blocked_cpu(struct arm *arm);     /* ms in 10 s                            */
double arm_blocked_switches(struct arm *arm);

/* Share of a CPU that a producer takes whose consumer needs 10 ms for each of `items`. */
double slow_consumer_share(const pp_bench_queue *queue, size_t capacity, unsigned items);

#endif
