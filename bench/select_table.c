/* SPDX-License-Identifier: MIT */
/* The subcommand: what choosing among several rings costs, with the plain calls beside it. */
#include "commands.h"
#include "gbench.h"
#include "point.h"
#include "progress.h"
#include "queues/queues.h"
#include "results.h"
#include "select.h"
#include "settings.h"
#include "stats.h"
#include "util.h"

#include <math.h>
#include <stdlib.h>

enum { KINDS = 2 };

static const pp_bench_queue *const kinds[KINDS] = { &queue_spsc, &queue_mpmc };

static const char *const words[SELECT_LOADS] = {
	[SELECT_READY] = "4 rings ready, a select of 4 pulls",
	[SELECT_ORDERED] = "the same with PP_ORDERED",
	[SELECT_BY_PULLS] = "a plain pull, from each of them in turn",
	[SELECT_BY_FIRST] = "a plain pull, from the first",
	[SELECT_NOTHING] = "4 rings empty, a select with a past deadline",
	[SELECT_BY_TRIES] = "4 plain tries that fail",
	[SELECT_RALLY] = "there over 1 of 2 rings, back over 1 of 2, capacity 1",
	[SELECT_MIXED] = "push or pull at capacity 0, per item, two threads",
};

struct choice {
	select_run run;
	const pp_bench_queue *queue;
	double *ns;
	size_t  count;
};

static struct choice choices[SELECT_LOADS * KINDS];
static size_t choice_count;
static bool any_wrong;

static void body(gb_state *state, void *context)
{
	struct choice *c = context;
	double ns = interrupted ? NAN : select_ns(&c->run);

	progress_step("select");
	if (!isfinite(ns)) {
		gb_skip(state, interrupted ? "interrupted" : c->run.wrong);
		if (!interrupted)
			progress_note("select/%s/queue:%s: %s", select_names[c->run.load], c->queue->name,
				      c->run.wrong);
		any_wrong |= !interrupted;
		return;
	}
	queue_label(state, c->queue);
	gb_time(state, ns / 1e9);
	gb_count(state, "capacity", (double)select_capacity(c->run.load));
	gb_count(state, "item_size", (double)c->run.item_size);
	gb_count(state, "line_ns", line_now());
	c->ns[c->count++] = ns;
}

static void add(const options *o, const pp_bench_queue *queue, select_load load)
{
	struct choice *c = &choices[choice_count++];
	char *name = text("select/%s/queue:%s/capacity:%zu/item:%zu", select_names[load], queue->name,
			  select_capacity(load), o->item_size);

	*c = (struct choice){ .queue = queue, .ns = touched((size_t)o->reps * sizeof(double)),
		.run = { .load = load, .kind = queue == &queue_spsc ? PP_SPSC : PP_MPMC,
			 .item_size = o->item_size, .seconds = o->min_time } };
	gb_register(name, body, c, o->reps);
	free(name);
}

static bool wanted(const options *o, const pp_bench_queue *queue)
{
	size_t i;

	for (i = 0; i < o->queue_count && o->queues[i] != queue; i++)
		;
	return !o->queue_count || i < o->queue_count;
}

static void refuse(const options *o)
{
	size_t i;

	for (i = 0; i < o->queue_count; i++)
		if (o->queues[i] != kinds[0] && o->queues[i] != kinds[1])
			bad_use("--queue: select is for spsc and mpmc, not for '%s'", o->queues[i]->name);
	if (o->item_size < 8)
		bad_use("--item-size: items of select have 8 bytes at least");
}

static void show(const pp_bench_queue *queue)
{
	size_t i;

	say("\nChoosing, %s: ns a call, a round trip or an item\n", queue->name);
	for (i = 0; i < choice_count; i++) {
		struct choice *c = &choices[i];
		spread s = spread_of(c->ns, c->count);

		if (c->queue == queue && s.count)
			say("  %-54s %10.1f  %.1f..%.1f\n", words[c->run.load], s.median, s.least, s.most);
	}
}

int command_select(options *o)
{
	int load, k;

	refuse(o);
	settings_for_rounds(o);
	results_open(o);
	for (load = 0; load < SELECT_LOADS; load++)
		for (k = 0; k < KINDS; k++)
			if (wanted(o, kinds[k]))
				add(o, kinds[k], load);
	results_run(NULL, NULL);
	for (k = 0; k < KINDS; k++)
		if (wanted(o, kinds[k]))
			show(kinds[k]);
	results_close(o);
	return any_wrong ? EXIT_FAILURE : EXIT_SUCCESS;
}
