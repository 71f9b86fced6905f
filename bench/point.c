/* SPDX-License-Identifier: MIT */
#include "point.h"

#include "progress.h"
#include "queues/queues.h"
#include "stats.h"
#include "util.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	WRAPS = 16,           /* every sample goes round its ring so many times, at least */
	FIRST_ITEMS = 2000,
	RETRIES = 6,
	POLL_RARER = 16,
	LONGEST = 4,          /* times the planned length */
	MEMORY_LIMIT = 256 << 20, /* bytes, for queues without bounds */
};

static const double headroom = 1.2; /* aim so far beyond min_time */

point *point_new(const options *o, const pp_bench_queue *queue, shape of, size_t capacity)
{
	point *p;
	void *open;

	if ((queue->max_producers && of.producers > queue->max_producers) ||
	    (queue->max_consumers && of.consumers > queue->max_consumers) ||
	    (!capacity && (queue->guarantees & PP_BENCH_BOUNDED) &&
	     !(queue->guarantees & PP_BENCH_RENDEZVOUS)))
		return NULL;
	p = touched(sizeof(*p));
	p->run = (run_spec){ .queue = queue, .spec = { .size = sizeof(p->run.spec),
		.capacity = capacity, .item_size = o->item_size, .producers = of.producers,
		.consumers = of.consumers, .batch = 1, .memory_limit = MEMORY_LIMIT } };
	p->min_time = o->min_time;
	p->reps = o->reps;
	p->depth = o->depth;
	if (queue->open(&open, &p->run.spec)) {
		free(p);
		return NULL;
	}
	p->capacity = capacity_of(queue, open, &p->run.spec);
	queue->close(open);
	queue->destroy(open);
	return p;
}

void point_set(point *p, const run_spec *how)
{
	p->run.spec.batch = how->spec.batch;
	p->run.spec.form = how->spec.form;
	p->run.regime = how->regime;
	p->run.placement = how->placement;
}

bool queue_has_form(const pp_bench_queue *queue, pp_bench_form form)
{
	if (queue->guarantees & PP_BENCH_FORMS)
		return true;
	return form == (queue->guarantees & PP_BENCH_BLOCKS ? PP_BENCH_BLOCKING : PP_BENCH_TRY);
}

point *point_as(const options *o, const pp_bench_queue *queue, const run_spec *how)
{
	size_t capacity = how->spec.capacity;
	point *p;

	if (how->spec.batch > 1 && !(queue->guarantees & PP_BENCH_BATCHES))
		return NULL;
	/* Who cannot hand over is as near to it as it can be. */
	if (!capacity && !(queue->guarantees & PP_BENCH_RENDEZVOUS))
		capacity = 1;
	if (!capacity && how->spec.form == PP_BENCH_TRY)
		return NULL; /* two tries never meet */
	p = point_new(o, queue, (shape){ how->spec.producers, how->spec.consumers }, capacity);
	if (p)
		point_set(p, how);
	return p;
}

double rate_of(const run_result *r)
{
	return r->seconds > 0 ? (double)r->items / r->seconds : 0;
}

double depth_mean_of(const run_result *r)
{
	return r->depth.mean;
}

double wait_of(const run_result *r)
{
	return r->depth.wait_mean;
}

double push_cpu_of(const run_result *r)
{
	return r->push_cpu / (double)r->items * 1e6;
}

double pull_cpu_of(const run_result *r)
{
	return r->pull_cpu / (double)r->items * 1e6;
}

bool point_valid(const run_result *r)
{
	return !r->wrong && (!r->has_depth || !r->depth.waits || r->depth.little_holds);
}

/* Items for a sample of `seconds` at the rate of the last one. */
static void plan(point *p, double seconds)
{
	double least = WRAPS * (double)(p->capacity == SIZE_MAX ? 1 : p->capacity);
	double items = p->rate * seconds, every, apart;

	if (items < least)
		items = least;
	if (items < FIRST_ITEMS)
		items = FIRST_ITEMS;
	p->run.items = (uint64_t)items;
	every = p->rate / p->run.spec.producers * CLOCK_SPACING_NS / 1e9;
	if (every < CLOCK_EVERY_MIN)
		every = CLOCK_EVERY_MIN;
	if (every < items / LOOKS_ROOM)
		every = items / LOOKS_ROOM;
	apart = MARK_SPACING_NS + MARK_SPACING_LINES * line_now();
	if (apart > seconds * 1e9 / MARKS_LEAST)
		apart = seconds * 1e9 / MARKS_LEAST;
	p->run.mark_ns = apart * p->run.spec.producers;
	p->run.mark_every = p->depth ? (uint64_t)every : 0;
	p->run.poll_every = POLL_RARER * (uint64_t)every;
	p->run.longest = seconds * LONGEST;
	p->run.least = (uint64_t)least;
	if (p->may_be_cut) {
		p->run.least = 0;
		p->run.poll_every = POLL_RARER * CLOCK_EVERY_MIN; /* whatever the rate was before */
	}
}

/* Run once and learn the rate. */
static int take(point *p, double seconds, run_result *result)
{
	int error;

	plan(p, seconds);
	free(result->turns[0]);
	free(result->turns[1]);
	error = run_once(&p->run, result);
	if (!error && rate_of(result) > 0)
		p->rate = rate_of(result);
	return error;
}

/* Short runs, until one was long enough to tell the rate. */
static int learn_rate(point *p, run_result *result)
{
	double seconds = p->min_time / 8;
	int tries, error = 0;

	for (tries = 0; tries < RETRIES && !error; tries++) {
		error = take(p, seconds, result);
		if (result->wrong || result->seconds >= seconds / 2)
			break;
	}
	return error;
}

void point_sample(point *p, run_result *result)
{
	int tries, error = 0;

	*result = (run_result){ 0 };
	if (p->rate <= 0)
		error = learn_rate(p, result);
	for (tries = 0; tries < RETRIES && !error; tries++) {
		error = take(p, p->min_time * headroom, result);
		if (result->seconds >= p->min_time || result->wrong)
			break;
	}
	if (error)
		result->wrong = strerror(-error);
}

static void count_cpu(gb_state *state, const run_result *r)
{
	double items = (double)r->items, thousands = items / 1e3;

	gb_count(state, "push_cpu_s_per_million", push_cpu_of(r));
	gb_count(state, "pull_cpu_s_per_million", pull_cpu_of(r));
	gb_count(state, "push_switches_per_item", r->push_switches / items);
	gb_count(state, "pull_switches_per_item", r->pull_switches / items);
	gb_count(state, "involuntary_switches", r->involuntary);
	gb_count(state, "push_even", r->push_even);
	gb_count(state, "pull_even", r->pull_even);
	if (!r->has_counts)
		return;
	gb_count(state, "push_parks_per_thousand", (double)r->counts.push_parks / thousands);
	gb_count(state, "pull_parks_per_thousand", (double)r->counts.pull_parks / thousands);
	gb_count(state, "push_wakes_per_thousand", (double)r->counts.push_wakes / thousands);
	gb_count(state, "pull_wakes_per_thousand", (double)r->counts.pull_wakes / thousands);
	gb_count(state, "memory_bytes", (double)r->counts.memory);
}

static void count_depth(gb_state *state, const run_result *r)
{
	const depth_figures *d = &r->depth;

	if (r->has_depth) {
		gb_count(state, "depth_mean", d->mean);
		gb_count(state, "depth_p50", d->p50);
		gb_count(state, "depth_p90", d->p90);
		gb_count(state, "depth_p99", d->p99);
		gb_count(state, "depth_max", d->max);
		gb_count(state, "time_full", d->full);
		gb_count(state, "time_empty", d->empty);
		gb_count(state, "little_error", d->little);
		gb_count(state, "first_full_us", d->first_full_ns < 0 ? -1 : d->first_full_ns / 1e3);
	}
	gb_count(state, "wait_mean_ns", d->wait_mean);
	gb_count(state, "wait_p50_ns", d->wait_p50);
	gb_count(state, "wait_p99_ns", d->wait_p99);
	gb_count(state, "looks", (double)d->looks);
}

static void count_setting(gb_state *state, const point *p)
{
	const pp_bench_spec *s = &p->run.spec;

	gb_count(state, "capacity", p->capacity == SIZE_MAX ? -1 : (double)p->capacity);
	gb_count(state, "item_size", (double)s->item_size);
	gb_count(state, "numbered", s->item_size >= sizeof(uint64_t));
	gb_count(state, "batch", s->batch);
	gb_count(state, "producers", s->producers);
	gb_count(state, "consumers", s->consumers);
}

void queue_label(gb_state *state, const pp_bench_queue *queue)
{
	char *promises = queue_promises(queue);

	gb_label(state, promises);
	free(promises);
}

void point_keep(point *p, const run_result *result)
{
	if (!p->samples)
		p->samples = touched((size_t)p->reps * sizeof(*p->samples));
	if (p->count < p->reps)
		p->samples[p->count++] = *result;
}

static bool any_wrong;

bool point_any_wrong(void)
{
	return any_wrong;
}

static void body(gb_state *state, void *context)
{
	point *p = context;
	run_result result;

	if (interrupted) {
		gb_skip(state, "interrupted");
		return;
	}
	point_sample(p, &result);
	progress_step(p->name);
	if (result.wrong) {
		any_wrong = true;
		gb_skip(state, result.wrong);
		progress_note("%s: %s", p->name, result.wrong);
		return;
	}
	queue_label(state, p->run.queue);
	gb_time(state, result.seconds / (double)result.items);
	gb_count(state, "items_per_second", rate_of(&result));
	gb_count(state, "items", (double)result.items);
	gb_count(state, "seconds", result.seconds);
	gb_count(state, "valid", point_valid(&result));
	gb_count(state, "line_ns", result.line_ns);
	gb_count(state, "steal_share", result.steal);
	gb_count(state, "other_share", result.others);
	count_setting(state, p);
	count_cpu(state, &result);
	if (p->depth)
		count_depth(state, &result);
	point_keep(p, &result);
}

void point_register(point *p, const char *group)
{
	const run_spec *r = &p->run;
	const pp_bench_spec *s = &r->spec;
	char *capacity = p->capacity == SIZE_MAX ? text("unbounded") : text("%zu", p->capacity);

	p->name = text("%s/queue:%s/shape:%uP%uC/capacity:%s/item:%zu/batch:%u/form:%s/regime:%s/"
		       "placement:%s", group, r->queue->name, s->producers, s->consumers, capacity,
		       s->item_size, s->batch, form_names[s->form], regime_names[r->regime],
		       placement_names[r->placement]);
	free(capacity);
	gb_register(p->name, body, p, p->reps);
}

void point_spread(const point *p, figure *of, double *median, double *least, double *most)
{
	double *values = touched((size_t)(p->count + 1) * sizeof(double));
	spread s;
	int i;

	for (i = 0; i < p->count; i++)
		values[i] = of(&p->samples[i]);
	s = spread_of(values, (size_t)p->count);
	*median = s.median;
	*least = s.least;
	*most = s.most;
	free(values);
}

double point_median(const point *p, figure *of)
{
	double median, least, most;

	point_spread(p, of, &median, &least, &most);
	return median;
}
