/* SPDX-License-Identifier: MIT */
/* The table of targets, and the same for the results. */
#include "goals.h"

#include "results.h"
#include "util.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 100 };

/* The queue that the ratio is against, where there was a choice. */
static const char *opponent(const struct goal *g, size_t under)
{
	return g->against == THE_OTHER || g->against == ITSELF ? "" : g->arms[under].queue->name;
}

static size_t holds(const struct arm *arm)
{
	return arm->point ? arm->point->capacity : arm->capacity;
}

/* ---- For people ---------------------------------------------------------------------------------- */

/* Words after each other, on as many lines as they need. */
static void flow(char **line, char *word)
{
	if (strlen(*line) + strlen(word) > LINE) {
		say("%s\n", *line);
		free(*line);
		*line = text("     ");
	}
	append(line, " %s", word);
	free(word);
}

static char *figure_word(const struct goal *g, double value)
{
	return g->at_least ? text("%.3g M/s", value / 1e6) : text("%.4g ns", value);
}

static void flow_rival(char **line, const struct goal *g, size_t which, bool last)
{
	const struct arm *arm = &g->arms[which];
	interval i = rounds_figure(&g->rounds, which);
	char *median = figure_word(g, i.median), *more = text("%s", "");

	if (!arm->wrong && i.count < g->rounds.count)
		append(&more, " (rounds: %zu)", i.count);
	flow(line, arm->wrong ? text("%s: %s%s", arm->queue->name, arm->wrong, last ? "" : ",") :
			       text("%s %s%s%s", arm->queue->name, median, more, last ? "" : ","));
	free(median);
	free(more);
}

static void show_rivals(const struct goal *g)
{
	char *line = text("      rivals:");
	size_t i;

	for (i = 1; i < g->count; i++)
		flow_rival(&line, g, i, i + 1 == g->count);
	say("%s\n", line);
	free(line);
}

static void show_curve(const struct goal *g)
{
	char *line = text("      M/s:");
	size_t i, worst, peak, from;
	interval ratio;

	curve_sides(g, &worst, &peak);
	for (i = 0; i < g->count; i++)
		flow(&line, text("%zu: %.3g%s", g->arms[i].capacity,
				 rounds_median(&g->rounds, i) / 1e6, i + 1 < g->count ? "," : ";"));
	flow(&line, text("peak at %zu,", g->arms[peak].capacity));
	flow(&line, worst > peak ? text("worst after it at %zu", g->arms[worst].capacity) :
				   text("nothing after it"));
	say("%s\n", line);
	free(line);
	for (i = 0; i < g->count; i++)
		if (curve_falls(g, i, &from, &ratio))
			say("      falls before the peak: at %zu to %.3f (%.3f..%.3f) of %zu's\n",
			    g->arms[i].capacity, ratio.median, ratio.low, ratio.high,
			    g->arms[from].capacity);
}

static void show_goal(const struct goal *g)
{
	interval i = goal_judged(g);
	size_t over = 0, under = 0;
	const char *name;

	if (!goal_sides(g, &over, &under)) {
		if (g->count < 2)
			say("%3d %-58s not measured, rival pending\n", g->row, g->what);
		return;
	}
	name = opponent(g, under);
	say("%3d %-58s %9.4g %9.4g %8.4g  %.4g..%.4g  %s %g / %g  %s%s%s%s  line %.0f ns\n", g->row,
	    g->what, rounds_median(&g->rounds, over), rounds_median(&g->rounds, under), i.median,
	    i.low, i.high, g->at_least ? ">=" : "<=", g->must, g->goal, goal_verdict(g, &i),
	    *name ? ", vs " : "", name, goal_pending(g) ? ", rival pending" : "",
	    rounds_line(&g->rounds).median);
	if (*name)
		show_rivals(g);
	else if (g->against == ITSELF)
		show_curve(g);
}

/* The floor of row 18, as what one wake costs. */
static void show_wakes(const struct goal *g)
{
	double ours, bare;

	if (!g->rounds.count || g->b.measure != arm_bare_waiter)
		return;
	ours = rounds_median(&g->rounds, 0) * GOALS_SLOW_MS * 1e3;
	bare = rounds_median(&g->rounds, 1) * GOALS_SLOW_MS * 1e3;
	say("row %d, %s: %.1f us of CPU per wake; a bare futex wait takes %.1f us of them, %.1f are ours\n",
	    g->row, g->a.queue->name, ours, bare, ours - bare);
}

void goals_show(const struct goal *list, size_t count)
{
	size_t i;

	say("\nrow what is compared %42s %9s %9s %8s  95 %% of ratio  must / goal\n", "", "a", "b", "ratio");
	for (i = 0; i < count; i++)
		show_goal(&list[i]);
	say("\n");
	for (i = 0; i < count; i++)
		show_wakes(&list[i]);
	say("\na, b: medians in items/s, ns, or as the row says; a ratio is the median of a / b.\n"
	    "vs: the best rival, which b is; one far behind it is measured in a few rounds only.\n"
	    "Row 18's target is one for a itself, and b what a bare futex wait takes in its place.\n"
	    "Row 21: a is the worst capacity after the peak, b the peak.\n"
	    "rival pending: no queue but the mutex ring and pipe(2) was there to compare with\n"
	    "(--queue names some; those of Go, Rust and Python are foreign.py's).\n");
}

/* ---- For the results ---------------------------------------------------------------------------- */

static void append_arm(char **all, const struct goal *g, size_t which)
{
	const struct arm *arm = &g->arms[which];
	interval i = rounds_figure(&g->rounds, which);

	append(all, "%s\n        {\"queue\": \"%s\", \"holds\": %zu, \"median\": %.6g, \"low\": %.6g, "
		    "\"high\": %.6g, \"rounds\": %zu, \"wrong\": \"%s\"}", **all ? "," : "",
	       arm->queue->name, holds(arm), i.median, i.low, i.high, i.count,
	       arm->wrong ? arm->wrong : "");
}

/* Rivals, or all points of a curve. */
static char *contestants(const struct goal *g)
{
	char *all = text("%s", "");
	size_t i;

	for (i = g->against != ITSELF; g->against != THE_OTHER && i < g->count; i++)
		append_arm(&all, g, i);
	return all;
}

/* Capacities at which a curve falls before its peak. */
static char *falls(const struct goal *g)
{
	char *all = text("%s", "");
	interval ratio;
	size_t i, from;

	for (i = 0; g->against == ITSELF && i < g->count; i++)
		if (curve_falls(g, i, &from, &ratio))
			append(&all, "%s%zu", *all ? ", " : "", g->arms[i].capacity);
	return all;
}

static void append_goal(char **all, const struct goal *g)
{
	char *them = contestants(g), *fallen = falls(g);
	interval v = goal_judged(g);
	size_t over = 0, under = 0;
	bool known = goal_sides(g, &over, &under);

	append(all, "%s\n      {\"row\": %d, \"what\": \"%s\", \"of\": \"%s\", "
		    "\"direction\": \"%s\", \"must\": %g, \"goal\": %g, ", **all ? "," : "", g->row,
	       g->what, g->of_a ? "a" : "ratio", g->at_least ? "at least" : "at most", g->must, g->goal);
	append(all, "\"pairs\": %zu, \"median\": %.6g, \"low\": %.6g, \"high\": %.6g, "
		    "\"rival_pending\": %s, \"verdict\": \"%s\", \"against\": \"%s\"", v.count,
	       v.median, v.low, v.high, goal_pending(g) ? "true" : "false", goal_verdict(g, &v),
	       known ? opponent(g, under) : "");
	if (g->against == ITSELF)
		append(all, ", \"peak\": %zu, \"falls\": [%s], \"curve\": [%s\n      ]}",
		       g->arms[under].capacity, fallen, them);
	else
		append(all, ", \"rivals\": [%s]}", them);
	free(them);
	free(fallen);
}

char *goals_verdicts(const struct goal *list, size_t count)
{
	char *all = text("%s", ""), *object;
	size_t i;

	for (i = 0; i < count; i++)
		if (list[i].rounds.count)
			append_goal(&all, &list[i]);
	object = text(",\n    \"goals\": [%s\n    ]", all);
	free(all);
	return object;
}
