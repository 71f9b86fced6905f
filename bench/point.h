/* SPDX-License-Identifier: MIT */
/* One point of a sweep: a queue in one setting, and its samples. */
#ifndef BENCH_POINT_H
#define BENCH_POINT_H

#include "engine.h"
#include "gbench.h"
#include "options.h"

typedef struct point {
	run_spec run;
	char    *name;
	size_t   capacity;  /* what the queue really holds, SIZE_MAX: no bounds */
	double   min_time;
	double   rate;      /* items a second, from the last sample; 0: not yet known */
	bool     depth;
	bool     may_be_cut; /* after four times its length, however seldom it went round its ring:
				threads that spin for each other can take a minute for that */
	run_result *samples;
	int      count, reps;
} point;

/* A point, or NULL where the queue cannot do that. */
point *point_new(const options *o, const pp_bench_queue *queue, shape of, size_t capacity);
/* Batch, form, regime and placement, as there. */
void point_set(point *p, const run_spec *how);
/* A queue without a choice of calls has those that its promise tells. */
bool queue_has_form(const pp_bench_queue *queue, pp_bench_form form);
/* All at once, as near as the queue can do it: without hand-over at capacity 1.  NULL: it cannot. */
point *point_as(const options *o, const pp_bench_queue *queue, const run_spec *how);
/* Keep a sample for the medians. */
void point_keep(point *p, const run_result *result);
/* Give it its name and register it. */
void point_register(point *p, const char *group);

/* Beside a figure in the results: what the queue promises, and what not. */
void queue_label(gb_state *state, const pp_bench_queue *queue);

/* Take one sample, at least min_time long; what the queue did wrong is in the result. */
void point_sample(point *p, run_result *result);

/* Median, smallest and largest of one figure over the samples. */
typedef double figure(const run_result *result);
double point_median(const point *p, figure *of);
void   point_spread(const point *p, figure *of, double *median, double *least, double *most);

double rate_of(const run_result *r);
double depth_mean_of(const run_result *r);
double wait_of(const run_result *r);
double push_cpu_of(const run_result *r); /* seconds per million items */
double pull_cpu_of(const run_result *r);
/* Whether a queue has broken a promise in any sample so far. */
bool   point_any_wrong(void);
bool   point_valid(const run_result *r);

#endif
