/* SPDX-License-Identifier: MIT */
/* Throughput and depth over capacities. */
#include "commands.h"
#include "point.h"
#include "progress.h"
#include "queues/queues.h"
#include "results.h"
#include "settings.h"
#include "summary.h"
#include "util.h"

#include <stdlib.h>

enum { DEFAULT_REPS = 5, POINTS_MAX = 20000 };

static point **points;
static size_t point_count;

static const size_t all_capacities[] = { 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096,
					 8192, 16384, 32768, 65536 };
static const size_t few_capacities[] = { 0, 1, 64, 1024 };
static const shape all_shapes[] = { { 1, 1 }, { 2, 2 }, { 4, 4 } };

static void set_capacities(options *o, const size_t *from, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		o->capacities[i] = from[i];
	o->capacity_count = count;
}

static void set_shapes(options *o, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		o->shapes[i] = all_shapes[i];
	o->shape_count = count;
}

static void set_queues(options *o, const pp_bench_queue *a, const pp_bench_queue *b)
{
	o->queues[0] = a;
	o->queues[1] = b;
	o->queue_count = b ? 2 : 1;
}

static void set_all(int *list, size_t *count, size_t n)
{
	for (*count = 0; *count < n; ++*count)
		list[*count] = (int)*count;
}

/* A queue that rounds its capacity would be measured again and again: once is enough. */
static bool planned(const options *o, const point *p, size_t asked)
{
	size_t i;

	if (p->capacity == asked)
		return false;
	if (p->capacity == SIZE_MAX)
		return asked != o->capacities[0];
	for (i = 0; i < o->capacity_count; i++)
		if (o->capacities[i] == p->capacity)
			return true;
	return false;
}

/* One curve: the capacities of one setting. */
static void plan_curve(const options *o, const run_spec *how, const void *context)
{
	const pp_bench_queue *queue = context;
	shape of = { how->spec.producers, how->spec.consumers };
	size_t i;

	if (how->spec.batch > 1 && !(queue->guarantees & PP_BENCH_BATCHES))
		return;
	if (how->spec.form != PP_BENCH_BLOCKING && !(queue->guarantees & PP_BENCH_FORMS))
		return;
	for (i = 0; i < o->capacity_count; i++) {
		point *p;

		/* Two tries never meet. */
		if (!o->capacities[i] && how->spec.form == PP_BENCH_TRY)
			continue;
		p = point_new(o, queue, of, o->capacities[i]);
		if (!p || planned(o, p, o->capacities[i])) {
			free(p);
			continue;
		}
		if (point_count == POINTS_MAX)
			bad_use("more than %d points: ask for less", POINTS_MAX);
		point_set(p, how);
		point_register(p, "sweep");
		points[point_count++] = p;
	}
}

static void plan_product(const options *o)
{
	size_t q;

	for (q = 0; q < o->queue_count; q++)
		settings_each(o, plan_curve, o->queues[q]);
}

/* What nobody chose. */
static void fill(options *o)
{
	if (!o->queue_count)
		set_queues(o, &queue_spsc, &queue_mpmc);
	if (!o->shape_count)
		set_shapes(o, COUNT_OF(all_shapes));
	if (!o->capacity_count)
		set_capacities(o, all_capacities, COUNT_OF(all_capacities));
	settings_fill(o);
}

/* The default programme: our rings everywhere, the rest where it tells something. */
static void plan_default(options *o)
{
	fill(o);
	plan_product(o);
	set_capacities(o, few_capacities, COUNT_OF(few_capacities));
	o->regimes[0] = SLOW_CONSUMER;
	o->regimes[1] = SLOW_PRODUCER;
	o->regimes[2] = BURSTY_PRODUCER;
	o->regime_count = 3;
	plan_product(o);
	o->regimes[0] = BALANCED;
	o->regime_count = 1;
	if (o->placements[0] != PLACE_ONE) {
		o->placements[0] = PLACE_ONE;
		plan_product(o);
		o->placements[0] = PLACE_TWO;
	}
	set_queues(o, &queue_mutex, NULL);
	set_shapes(o, 1);
	set_capacities(o, all_capacities, COUNT_OF(all_capacities));
	plan_product(o);
	set_queues(o, &queue_pipe, &queue_list);
	plan_product(o);
	set_queues(o, &queue_list, NULL);
	o->regimes[0] = SLOW_CONSUMER;
	plan_product(o);
}

static void plan_full(options *o)
{
	static const unsigned batches[] = { 1, 8, 32, 64 };
	size_t i;

	if (!o->batch_count)
		for (i = 0; i < COUNT_OF(batches); i++)
			o->batches[o->batch_count++] = batches[i];
	if (!o->form_count)
		set_all(o->forms, &o->form_count, 3);
	if (!o->regime_count)
		set_all(o->regimes, &o->regime_count, 4);
	if (!o->placement_count && place_cpus() > 1)
		set_all(o->placements, &o->placement_count, 3);
	if (!o->queue_count)
		while (queue_at((unsigned)o->queue_count)) {
			o->queues[o->queue_count] = queue_at((unsigned)o->queue_count);
			o->queue_count++;
		}
	fill(o);
	plan_product(o);
}

static void plan_quick(options *o)
{
	if (!o->capacity_count)
		set_capacities(o, few_capacities, COUNT_OF(few_capacities));
	fill(o);
	plan_product(o);
}

int command_sweep(options *o)
{
	static const char *const shown[] = { "items_per_second", "depth_p50", "depth_p99",
					     "wait_mean_ns", NULL };
	static const char *const usual[] = { "/item:8", "/batch:1", "/form:blocking", "/regime:balanced",
					     "/placement:two", NULL };
	bool extras = o->plain && !o->quick && !o->full;

	if (!o->reps)
		o->reps = o->quick ? 2 : DEFAULT_REPS;
	if (o->min_time <= 0)
		o->min_time = o->quick ? 0.02 : 0.1;
	results_open(o);
	points = touched(POINTS_MAX * sizeof(*points));
	if (extras) {
		limits_register(true);
		idle_register(o->idle_time > 0 ? o->idle_time : 2);
		plan_default(o);
	} else if (o->full) {
		plan_full(o);
	} else if (o->quick) {
		plan_quick(o);
	} else {
		fill(o);
		plan_product(o);
	}
	if (!point_count)
		bad_use("no queue can do what was asked for");
	results_run(shown, usual);
	summary_show(points, point_count);
	if (extras) {
		limits_show();
		idle_show();
	}
	results_close(o);
	return point_any_wrong() ? EXIT_FAILURE : EXIT_SUCCESS;
}
