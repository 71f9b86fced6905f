/* SPDX-License-Identifier: MIT */
/*
 * Queues beside each other.  At each point all of them are measured one right after the other,
 * round after round, and the first is set against each of the others.
 */
#include "commands.h"
#include "gbench.h"
#include "latency.h"
#include "point.h"
#include "progress.h"
#include "queues/queues.h"
#include "results.h"
#include "rounds.h"
#include "settings.h"
#include "util.h"

#include <math.h>
#include <stdlib.h>

enum { CONTESTS_MAX = 1000 };

struct contestant {
	const pp_bench_queue *queue;
	point *point;
	bool   of_form;  /* has the calls that are compared */
	char  *wrong;    /* what it did, after which it is out */
};

struct contest {
	const options *o;
	run_spec run;
	struct contestant *them; /* the first is the one that the others are set against */
	size_t   count, left_out;
	rounds   rounds;
};

static struct contest contests[CONTESTS_MAX];
static size_t contest_count;
static bool any_wrong;

/* ---- Who takes part --------------------------------------------------------------------- */

static void add_contest(const options *o, const run_spec *how, bool like_only)
{
	struct contest *c = &contests[contest_count];
	size_t i;

	if (contest_count == CONTESTS_MAX)
		bad_use("more than %d points: ask for less", CONTESTS_MAX);
	*c = (struct contest){ .o = o, .run = *how };
	c->them = touched(o->queue_count * sizeof(*c->them));
	for (i = 0; i < o->queue_count; i++) {
		struct contestant one = { .queue = o->queues[i] };

		one.of_form = queue_has_form(one.queue, how->spec.form);
		if (!like_only || one.of_form)
			one.point = point_as(o, one.queue, how);
		if (one.point)
			c->them[c->count++] = one;
		else if (!i)
			break;
		else
			c->left_out++;
	}
	if (c->count > 1)
		contest_count++;
}

static void add_capacities(const options *o, const run_spec *how, const void *like_only)
{
	run_spec at = *how;
	size_t i;

	for (i = 0; i < o->capacity_count; i++) {
		at.spec.capacity = o->capacities[i];
		add_contest(o, &at, *(const bool *)like_only);
	}
}

/* ---- What is measured --------------------------------------------------------------------- */

/* Round trips a second. */
static double rally_rate(const struct contest *c, const struct contestant *one)
{
	return 1e9 / ping_pong_ns(one->queue, c->run.placement, c->run.spec.form == PP_BENCH_TRY ?
				  WAIT_SPINNING : WAIT_AS_USUAL, c->o->item_size, c->o->min_time);
}

static double rate(void *context, size_t which)
{
	struct contest *c = context;
	struct contestant *one = &c->them[which];
	run_result result;

	if (one->wrong || interrupted)
		return NAN;
	if (c->o->rally)
		return rally_rate(c, one);
	point_sample(one->point, &result);
	if (result.wrong) {
		any_wrong = true;
		one->wrong = text("%s", result.wrong);
		progress_note("%s, capacity %zu: %s", one->queue->name, c->run.spec.capacity,
			      one->wrong);
		return NAN;
	}
	point_keep(one->point, &result);
	return rate_of(&result);
}

static void count_rates(gb_state *state, const struct contest *c, const double *row)
{
	char *promises = text("%s", ""), *name, *of;
	size_t i;

	for (i = 0; i < c->count; i++) {
		name = text("rate_%zu", i);
		of = queue_promises(c->them[i].queue);
		append(&promises, "%s%s: %s", i ? "; " : "", c->them[i].queue->name, of);
		if (isfinite(row[i]))
			gb_count(state, name, row[i]);
		free(name);
		free(of);
	}
	gb_label(state, promises);
	free(promises);
}

static void body(gb_state *state, void *context)
{
	struct contest *c = context;
	int64_t start = now_ns();
	const double *row = interrupted ? NULL : rounds_take(&c->rounds, rate, c);
	const char *wrong = c->them[0].wrong;

	progress_step("compare");
	if (!row || !isfinite(row[0])) {
		gb_skip(state, interrupted ? "interrupted" : row ? wrong : "too many repetitions");
		return;
	}
	gb_time(state, (double)(now_ns() - start) / 1e9);
	gb_count(state, "line_ns", c->rounds.lines[c->rounds.count - 1]);
	count_rates(state, c, row);
}

/* ---- What is said of it ------------------------------------------------------------------- */

/* How many times as fast the first is. */
static interval ratio_of(const struct contest *c, size_t which)
{
	return rounds_ratio(&c->rounds, 0, which);
}

static const char *verdict(const struct contest *c, size_t which)
{
	interval i = ratio_of(c, which);

	if (c->them[which].wrong || !i.count)
		return "no figure";
	if (!which)
		return "first";
	if (c->o->target > 0)
		return interval_meets(&i, true, c->o->target) ? "met" : "NOT MET";
	return i.low > 1 ? "ahead" : i.high < 1 ? "behind" : "undecided";
}

static char *holds(const struct contestant *one)
{
	return one->point->capacity == SIZE_MAX ? text("all") : text("%zu", one->point->capacity);
}

static void show_contestant(const struct contest *c, size_t which)
{
	const struct contestant *one = &c->them[which];
	interval i = ratio_of(c, which);
	double speed = rounds_figure(&c->rounds, which).median;
	char *capacity = holds(one), *promises = queue_promises(one->queue), *ratio;

	ratio = which ? text("%.3g  %.3g..%.3g", i.median, i.low, i.high) : text("%s", "");
	say("  %-22s %8s ", one->queue->name, capacity);
	if (one->wrong || !i.count)
		say(" %s\n", one->wrong ? one->wrong : "no figure");
	else if (c->o->rally)
		say("%10.0f ns %22s  %-9s  %s\n", 1e9 / speed, ratio, verdict(c, which), promises);
	else
		say("%9.3f M/s %6.3f %6.3f %22s  %-9s  %s\n", speed / 1e6,
		    point_median(one->point, push_cpu_of), point_median(one->point, pull_cpu_of),
		    ratio, verdict(c, which), promises);
	free(ratio);
	free(promises);
	free(capacity);
}

/* Like with like: those that have these calls, then those that have others. */
static void show_kind(const struct contest *c, bool of_form)
{
	bool named = of_form;
	size_t i;

	for (i = 0; i < c->count; i++) {
		if (c->them[i].of_form != of_form)
			continue;
		if (!named)
			say("  without %s calls:\n", form_names[c->run.spec.form]);
		named = true;
		show_contestant(c, i);
	}
}

static void show(const struct contest *c)
{
	const pp_bench_spec *s = &c->run.spec;
	interval line = rounds_line(&c->rounds);

	if (!line.count)
		return;
	say("\n%s, %uP%uC, capacity %zu, items of %zu bytes, batch %u, %s calls, %s, CPUs: %s\n",
	    c->o->rally ? "Ping-pong" : "Stream", s->producers, s->consumers, s->capacity,
	    c->o->item_size, s->batch, form_names[s->form], regime_names[c->run.regime],
	    placement_names[c->run.placement]);
	say("%zu rounds, line round trip %.0f ns (%.0f..%.0f)%s\n", line.count, line.median,
	    line.low, line.high, line.count < ROUNDS ? ": too few rounds for a verdict that counts" : "");
	say("  %-22s %8s %13s %s%22s\n", "", "holds", c->o->rally ? "there, back" : "",
	    c->o->rally ? "" : "CPU push,pull ", "first / it, 95 %");
	show_kind(c, true);
	show_kind(c, false);
	if (c->left_out)
		say("  %zu more cannot do this, or have no %s calls\n", c->left_out,
		    form_names[s->form]);
}

static void append_point(char **all, const struct contest *c)
{
	const pp_bench_spec *s = &c->run.spec;

	append(all, "\"workload\": \"%s\", \"shape\": \"%uP%uC\", \"capacity\": %zu, ",
	       workload_names[c->o->rally], s->producers, s->consumers, s->capacity);
	append(all, "\"item_size\": %zu, \"batch\": %u, \"form\": \"%s\", ", c->o->item_size,
	       s->batch, form_names[s->form]);
	append(all, "\"regime\": \"%s\", \"placement\": \"%s\", \"line_ns\": %.1f, ",
	       regime_names[c->run.regime], placement_names[c->run.placement],
	       rounds_line(&c->rounds).median);
}

static void append_contestant(char **all, const struct contest *c, size_t which)
{
	const struct contestant *one = &c->them[which];
	size_t capacity = one->point->capacity;
	char *promises = queue_promises(one->queue);
	interval ratio = ratio_of(c, which);

	append(all, "\"queue\": \"%s\", \"promises\": \"%s\", \"has_form\": %s, \"holds\": %lld, ",
	       one->queue->name, promises, one->of_form ? "true" : "false",
	       capacity == SIZE_MAX ? -1LL : (long long)capacity);
	append(all, "\"rate\": %.6g, \"first_over_this\": %.6g, \"low\": %.6g, \"high\": %.6g, ",
	       rounds_figure(&c->rounds, which).median, ratio.median, ratio.low, ratio.high);
	append(all, "\"pairs\": %zu, \"target\": %g, \"verdict\": \"%s\"", ratio.count,
	       c->o->target, verdict(c, which));
	free(promises);
}

/* For the results: each contestant at each point. */
static char *members(void)
{
	char *all = text(",\n    \"compare\": [");
	size_t n, i;

	for (n = 0; n < contest_count; n++)
		for (i = 0; i < contests[n].count; i++) {
			append(&all, "%s\n      {", n || i ? "," : "");
			append_point(&all, &contests[n]);
			append_contestant(&all, &contests[n], i);
			append(&all, "}");
		}
	append(&all, "\n    ]");
	return all;
}

/* ---- The subcommand ------------------------------------------------------------------------ */

/* What nobody chose; whether those are left out that lack the form. */
static bool fill(options *o)
{
	static const pp_bench_queue *const usual[] = { &queue_spsc, &queue_typed, &queue_mutex,
						       &queue_pipe };
	bool like_only = !o->form_count, usual_only = !o->queue_count;
	size_t i;

	for (i = 0; usual_only && i < COUNT_OF(usual); i++)
		o->queues[o->queue_count++] = usual[i];
	if (o->rally) {
		if (o->shape_count || o->capacity_count || o->batch_count || o->regime_count)
			bad_use("ping-pong is 1P1C at capacity 1, item by item: it has no shapes, "
				"capacities, batch or regime");
		for (i = 0; i < o->form_count; i++)
			if (o->forms[i] == PP_BENCH_DEADLINE)
				bad_use("ping-pong has no deadline form");
		o->capacities[o->capacity_count++] = 1;
	}
	if (!o->shape_count)
		o->shapes[o->shape_count++] = (shape){ 1, 1 };
	if (!o->capacity_count) {
		o->capacities[o->capacity_count++] = 8;
		o->capacities[o->capacity_count++] = 1024;
	}
	if (like_only) {
		o->forms[o->form_count++] = PP_BENCH_BLOCKING;
		o->forms[o->form_count++] = PP_BENCH_TRY;
	}
	settings_fill(o);
	return like_only;
}

static void register_contest(struct contest *c)
{
	const pp_bench_spec *s = &c->run.spec;
	char *name = text("compare/workload:%s/shape:%uP%uC/capacity:%zu/item:%zu/batch:%u",
			  workload_names[c->o->rally], s->producers, s->consumers, s->capacity,
			  c->o->item_size, s->batch);

	append(&name, "/form:%s/regime:%s/placement:%s", form_names[s->form],
	       regime_names[c->run.regime], placement_names[c->run.placement]);
	rounds_init(&c->rounds, c->count);
	gb_register(name, body, c, c->o->reps);
	free(name);
}

int command_compare(options *o)
{
	bool like_only = fill(o);
	size_t i;

	settings_for_rounds(o);
	o->depth = false;
	if (o->queue_count < 2)
		bad_use("--queue: name two at least");
	settings_each(o, add_capacities, &like_only);
	if (!contest_count)
		bad_use("no other queue can do what was asked for as the first does it%s",
			like_only ? " (--form compares also unlike ones)" : "");
	results_open(o);
	for (i = 0; i < contest_count; i++)
		register_contest(&contests[i]);
	results_conclude(members);
	results_run(NULL, NULL);
	for (i = 0; i < contest_count; i++)
		show(&contests[i]);
	say("\nfirst / it: how many times as fast the first one is, from pairs of the same round.\n"
	    "CPU: seconds for a million items.\n");
	results_close(o);
	return any_wrong ? EXIT_FAILURE : EXIT_SUCCESS;
}
