/* SPDX-License-Identifier: MIT */
/*
 * The project's targets: ratios of things measured one right after the other, the
 * order turned round every time, with a bootstrap interval of the median ratio.  A
 * target is met when the worse end of the interval meets it.
 */
#include "goals.h"

#include "commands.h"
#include "gbench.h"
#include "progress.h"
#include "queues/queues.h"
#include "results.h"
#include "settings.h"
#include "util.h"

#include <math.h>
#include <stdlib.h>

static struct goal *goals;
static size_t goal_count;

/* ---- A round ---------------------------------------------------------------------------- */

/* A rival that fails is out; if ours does, nothing here counts. */
static void fail(const struct goal *g, size_t which)
{
	const struct arm *arm = &g->arms[which];

	if (!which || g->against == THE_OTHER || g->against == ITSELF)
		give_up("%s: %s", arm->queue->name, arm->wrong);
	progress_note("%s, row %d, %s: %s: left out", arm->queue->name, g->row, g->what, arm->wrong);
}

static double figure_of(void *context, size_t which)
{
	struct goal *g = context;
	struct arm *arm = &g->arms[which];
	double value;

	if (arm->wrong || interrupted || goal_far_behind(g, which))
		return NAN;
	progress_show(g->what);
	value = arm->measure(arm);
	if (arm->wrong)
		fail(g, which);
	return arm->wrong ? NAN : value;
}

/* Where there are more than two, each of them too. */
static void count_figures(gb_state *state, const struct goal *g, const double *row)
{
	size_t i;

	for (i = 0; g->count > 2 && i < g->count; i++) {
		char *name = text("figure_%zu", i);

		if (isfinite(row[i]))
			gb_count(state, name, row[i]);
		free(name);
	}
}

static void body(gb_state *state, void *context)
{
	struct goal *g = context;
	int64_t start = now_ns();
	const double *row = interrupted ? NULL : rounds_take(&g->rounds, figure_of, g);
	size_t over, under;

	progress_step(g->what);
	if (!row || !goal_sides(g, &over, &under) || !isfinite(row[over] / row[under])) {
		gb_skip(state, interrupted ? "interrupted" : row ? "no figure" : "too many repetitions");
		return;
	}
	gb_time(state, (double)(now_ns() - start) / 1e9);
	gb_count(state, "row", g->row);
	gb_count(state, "a", row[over]);
	gb_count(state, "b", row[under]);
	gb_count(state, "ratio", row[over] / row[under]);
	gb_count(state, "must", g->must);
	gb_count(state, "goal", g->goal);
	gb_count(state, "at_least", g->at_least);
	gb_count(state, "of_a", g->of_a);
	gb_count(state, "line_ns", g->rounds.lines[g->rounds.count - 1]);
	count_figures(state, g, row);
}

static char *verdicts(void)
{
	return goals_verdicts(goals, goal_count);
}

/* ---- The subcommand ------------------------------------------------------------------------ */

/* Every row of the list, once. */
static char *row_numbers(void)
{
	char *all = text("%s", "");
	size_t i;

	for (i = 0; i < goal_count; i++)
		if (!i || goals[i].row != goals[i - 1].row)
			append(&all, "%s%d", i ? ", " : "", goals[i].row);
	return all;
}

static void check_rows(const options *o)
{
	size_t n, i;

	for (n = 0; n < o->row_count; n++) {
		for (i = 0; i < goal_count && goals[i].row != (int)o->rows[n]; i++)
			;
		if (i == goal_count)
			bad_use("--rows: no row %u here; there are %s", o->rows[n], row_numbers());
	}
}

static bool wanted(const options *o, const struct goal *g)
{
	size_t i;

	for (i = 0; i < o->row_count && g->row != (int)o->rows[i]; i++)
		;
	return !o->row_count || i < o->row_count;
}

/* The rows that were asked for move to the front of the list. */
static void choose(const options *o)
{
	size_t i, kept = 0, measured = 0;

	check_rows(o);
	for (i = 0; i < goal_count; i++)
		if (wanted(o, &goals[i]))
			goals[kept++] = goals[i];
	goal_count = kept;
	for (i = 0; i < goal_count; i++) {
		goal_enter(&goals[i], o);
		measured += goals[i].count > 1;
	}
	if (!measured)
		bad_use("--rows: what these rows compare with has to be named with --queue");
}

static void register_goal(struct goal *g, int reps)
{
	char *name = text("goals/row:%d/%s", g->row, g->what), *at;

	for (at = name; *at; at++)
		*at = *at == ' ' ? '_' : *at;
	if (g->count > 1)
		gb_register(name, body, g, reps);
	free(name);
}

/* The results describe every queue that takes part, also those that nobody has to name. */
static void name_ours(options *o)
{
	size_t i;

	for (i = 0; o->queue_count && queue_at((unsigned)i); i++)
		if (queue_at((unsigned)i)->guarantees & PP_BENCH_BOUNDED && o->queue_count < LIST_MAX)
			o->queues[o->queue_count++] = queue_at((unsigned)i);
}

int command_goals(options *o)
{
	size_t i;

	settings_for_rounds(o);
	arms_block_for(o->idle_time > 0 ? o->idle_time : o->quick ? 1 : 10);
	if (place_cpus() < 2)
		bad_use("goals needs two CPUs");
	goals = goals_list(&goal_count);
	choose(o);
	name_ours(o);
	results_open(o);
	for (i = 0; i < goal_count; i++)
		register_goal(&goals[i], o->reps);
	results_conclude(verdicts);
	results_run(NULL, NULL);
	goals_show(goals, goal_count);
	results_close(o);
	return EXIT_SUCCESS;
}
