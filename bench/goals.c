/* SPDX-License-Identifier: MIT */
/*
 * The project's targets: ratios of two things measured one right after the other, the
 * order turned round every time, with a bootstrap interval of the median ratio.  A
 * target is met when the worse end of the interval meets it.
 */
#include "commands.h"
#include "floor.h"
#include "gbench.h"
#include "goals.h"
#include "idle.h"
#include "latency.h"
#include "point.h"
#include "progress.h"
#include "queues/queues.h"
#include "results.h"
#include "rounds.h"
#include "settings.h"
#include "stats.h"
#include "util.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	SLOW_ITEMS = 50, SLOW_ITEM_MS = 10,
	LONGER = 5,          /* a sample that counts sleeps           */
	TURNS = 40, TURN_LONGER = 10 /* a sample with sampling on and off */
};

enum { A, B }; /* the contestants of a target */

static struct goal *goals;
static size_t goal_count;
static rounds *measured;
static double blocked_seconds = 10;

/* ---- What an arm can measure ------------------------------------------------------- */

static double sample(struct arm *arm, run_result *result)
{
	static options o = { .item_size = 8, .reps = 1 };

	if (!arm->point) {
		o.min_time = arm->seconds;
		arm->point = point_new(&o, arm->queue, (shape){ arm->threads, arm->threads },
				       arm->capacity);
		if (!arm->point)
			give_up("%s cannot do capacity %zu", arm->queue->name, arm->capacity);
		arm->point->run.spec.batch = arm->batch ? arm->batch : 1;
		arm->point->run.spec.form = arm->form;
		arm->point->run.spec.flags = arm->park ? PP_BENCH_PARK : 0;
		arm->point->run.placement = arm->where;
		arm->point->depth = arm->depth;
		arm->point->run.turn_ns = arm->turns ? arm->seconds * 1e9 / arm->turns : 0;
	}
	point_sample(arm->point, result);
	if (result->wrong)
		give_up("%s: %s", arm->queue->name, result->wrong);
	return rate_of(result);
}

static void longer(struct arm *arm, int times)
{
	if (!arm->point)
		arm->seconds *= times;
}

double arm_rate(struct arm *arm)
{
	run_result result;

	return sample(arm, &result);
}

double arm_time(struct arm *arm)
{
	return 1e9 / arm_rate(arm);
}

double arm_switches(struct arm *arm)
{
	run_result result;

	sample(arm, &result);
	return (result.push_switches + result.pull_switches) / (double)result.items;
}

static double wakes_per(struct arm *arm, bool park)
{
	run_result r;
	double wakes, parks;

	longer(arm, LONGER);
	sample(arm, &r);
	wakes = (double)(r.counts.push_wakes + r.counts.pull_wakes);
	parks = (double)(r.counts.push_parks + r.counts.pull_parks);
	/* Not a number, if nobody slept. */
	return wakes / (park ? parks : r.push_switches + r.pull_switches - r.involuntary);
}

double arm_wakes_per_park(struct arm *arm)
{
	return wakes_per(arm, true);
}

/* The kernel counts a switch only if the sleeper was not woken before it was off its CPU. */
double arm_wakes_per_switch(struct arm *arm)
{
	return wakes_per(arm, false);
}

/* One sample gives both figures: the same queue and threads, in turns. */
static double in_turns(struct arm *arm, int which)
{
	static double ns[2];
	static bool other_is_due;
	run_result result;
	int i;

	if (!other_is_due) {
		longer(arm, TURN_LONGER);
		arm->turns = TURNS;
		sample(arm, &result);
		for (i = 0; i < 2; i++)
			ns[i] = result.turn_count ? quantile(result.turns[i], result.turn_count, 0.5) : NAN;
		free(result.turns[0]);
		free(result.turns[1]);
	}
	other_is_due = !other_is_due;
	return ns[which];
}

double arm_sampled(struct arm *arm)
{
	return in_turns(arm, 0);
}

double arm_unsampled(struct arm *arm)
{
	return in_turns(arm, 1);
}

/* The better of the blocking rivals that are built in. */
double arm_rival(struct arm *arm)
{
	static struct arm rivals[64][2];
	static size_t used;
	double mutex, pipe;

	if (!arm->rivals) {
		arm->rivals = rivals[used++ % COUNT_OF(rivals)];
		arm->rivals[0] = arm->rivals[1] = *arm;
		arm->rivals[0].queue = &queue_mutex;
		arm->rivals[1].queue = &queue_pipe;
	}
	mutex = arm_rate(&arm->rivals[0]);
	pipe = arm_rate(&arm->rivals[1]);
	return mutex > pipe ? mutex : pipe;
}

double arm_index_ring(struct arm *arm)
{
	return index_ring_rate(arm->batch);
}

double arm_line(struct arm *arm)
{
	(void)arm;
	return line_round_trip(1, 5);
}

double arm_ping_pong(struct arm *arm)
{
	return ping_pong_ns(arm->queue, arm->where, arm->park ? WAIT_PARKED : WAIT_AS_USUAL, 8,
			    arm->seconds);
}

double arm_futex(struct arm *arm)
{
	return futex_round_trip(arm->where == PLACE_TWO);
}

double arm_constant(struct arm *arm)
{
	return arm->constant;
}

double arm_slow_consumer(struct arm *arm)
{
	return slow_consumer_share(arm->queue, arm->capacity, SLOW_ITEMS);
}

double arm_bare_waiter(struct arm *arm)
{
	return futex_waiter_share(SLOW_ITEMS - (unsigned)arm->capacity, SLOW_ITEM_MS * 1000000);
}

/* One 10 s wait of many threads serves all repetitions: each takes one thread. */
static blocked *blocked_all(void)
{
	static blocked waits[2 * ROUNDS + 2];
	static bool done;
	size_t i;

	for (i = 0; i < COUNT_OF(waits) && !done; i++)
		waits[i] = (blocked){ .queue = i % 4 < 2 ? &queue_spsc : &queue_mpmc,
				      .capacity = i % 3 == 0 ? 0 : i % 3 == 1 ? 1 : 1024, .pull = i % 2 };
	if (!done)
		blocked_measure(waits, COUNT_OF(waits), blocked_seconds);
	done = true;
	return waits;
}

double arm_blocked_cpu(struct arm *arm)
{
	return blocked_all()[arm->turn++ % (2 * ROUNDS)].cpu_ms;
}

double arm_blocked_switches(struct arm *arm)
{
	return blocked_all()[arm->turn++ % (2 * ROUNDS)].switches;
}

/* ---- The subcommand ------------------------------------------------------------------- */

static double figure_of(void *context, size_t which)
{
	struct goal *g = context;
	struct arm *arm = which == A ? &g->a : &g->b;

	return arm->measure(arm);
}

static void body(gb_state *state, void *context)
{
	struct goal *g = context;
	rounds *m = &measured[g - goals];
	int64_t start = now_ns();
	const double *row;

	if (interrupted) {
		gb_skip(state, "interrupted");
		return;
	}
	row = rounds_take(m, figure_of, g);
	progress_step(g->what);
	if (!row || !isfinite(row[A] / row[B])) {
		gb_skip(state, row ? "no figure" : "too many repetitions");
		return;
	}
	gb_time(state, (double)(now_ns() - start) / 1e9);
	gb_count(state, "row", g->row);
	gb_count(state, "a", row[A]);
	gb_count(state, "b", row[B]);
	gb_count(state, "ratio", row[A] / row[B]);
	gb_count(state, "must", g->must);
	gb_count(state, "goal", g->goal);
	gb_count(state, "at_least", g->at_least);
	gb_count(state, "of_a", g->of_a);
	gb_count(state, "line_ns", m->lines[m->count - 1]);
}

/* What the target is one for: the ratio, or a. */
static interval judged(const struct goal *g, const rounds *m)
{
	return g->of_a ? rounds_figure(m, A) : rounds_ratio(m, A, B);
}

static const char *verdict(const struct goal *g, const interval *i)
{
	if (!i->count)
		return "no figure";
	return interval_meets(i, g->at_least, g->goal) ? "goal met" :
	       interval_meets(i, g->at_least, g->must) ? "met" : "NOT MET";
}

static void show_goal(const struct goal *g, const rounds *m)
{
	interval i = judged(g, m);

	if (!i.count)
		return;
	say("%3d %-58s %9.4g %9.4g %8.4g  %.4g..%.4g  %s %g / %g  %s%s  line %.0f ns\n", g->row, g->what,
	    rounds_figure(m, A).median, rounds_figure(m, B).median, i.median, i.low, i.high,
	    g->at_least ? ">=" : "<=", g->must, g->goal, verdict(g, &i),
	    g->rival_pending ? ", rival pending" : "", rounds_line(m).median);
}

/* The floor of row 18, as what one wake costs. */
static void show_wakes(const struct goal *g, const rounds *m)
{
	double ours, bare;

	if (!m->count || g->b.measure != arm_bare_waiter)
		return;
	ours = rounds_figure(m, A).median * SLOW_ITEM_MS * 1e3;
	bare = rounds_figure(m, B).median * SLOW_ITEM_MS * 1e3;
	say("row %d, %s: %.1f us of CPU per wake; a bare futex wait takes %.1f us of them, %.1f are ours\n",
	    g->row, g->a.queue->name, ours, bare, ours - bare);
}

/* For the results: a verdict on each row. */
static char *verdicts(void)
{
	char *all = text("%s", ""), *list;
	size_t i;

	for (i = 0; i < goal_count; i++) {
		const struct goal *g = &goals[i];
		interval v = judged(g, &measured[i]);

		if (!measured[i].count)
			continue;
		append(&all, "%s\n      {\"row\": %d, \"what\": \"%s\", \"of\": \"%s\", "
			      "\"direction\": \"%s\", \"must\": %g, \"goal\": %g, \"pairs\": %zu, "
			      "\"median\": %.6g, \"low\": %.6g, \"high\": %.6g, "
			      "\"rival_pending\": %s, \"verdict\": \"%s\"}",
			      *all ? "," : "", g->row, g->what, g->of_a ? "a" : "ratio",
			      g->at_least ? "at least" : "at most", g->must, g->goal, v.count,
			      v.median, v.low, v.high, g->rival_pending ? "true" : "false",
			      verdict(g, &v));
	}
	list = text(",\n    \"goals\": [%s\n    ]", all);
	free(all);
	return list;
}

int command_goals(options *o)
{
	size_t i;

	settings_for_rounds(o);
	blocked_seconds = o->idle_time > 0 ? o->idle_time : o->quick ? 1 : 10;
	if (place_cpus() < 2)
		bad_use("goals needs two CPUs");
	results_open(o);
	goals = goals_list(&goal_count);
	measured = touched(goal_count * sizeof(*measured));
	for (i = 0; i < goal_count; i++) {
		char *name = text("goals/row:%d/%s", goals[i].row, goals[i].what), *at;

		rounds_init(&measured[i], 2);
		goals[i].a.seconds = goals[i].b.seconds = o->min_time;
		for (at = name; *at; at++)
			*at = *at == ' ' ? '_' : *at;
		gb_register(name, body, &goals[i], o->reps);
		free(name);
	}
	results_conclude(verdicts);
	results_run(NULL, NULL);
	say("\nrow what is compared %42s %9s %9s %8s  95 %% of ratio  must / goal\n", "", "a", "b", "ratio");
	for (i = 0; i < goal_count; i++)
		show_goal(&goals[i], &measured[i]);
	say("\n");
	for (i = 0; i < goal_count; i++)
		show_wakes(&goals[i], &measured[i]);
	say("\na, b: medians in items/s, ns, or as the row says; a ratio is the median of a / b.\n"
	    "Row 18's target is one for a itself, and b what a bare futex wait takes in its place.\n"
	    "rival pending: compared with the mutex ring and pipe(2) only.\n");
	results_close(o);
	return EXIT_SUCCESS;
}
