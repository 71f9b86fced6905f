/* SPDX-License-Identifier: MIT */
/*
 * Who is set against ours.  Queues that the user names are rivals in the rows that their
 * promises fit; the best of a row is the one that its verdict is about.
 */
#include "goals.h"

#include "progress.h"
#include "queues/queues.h"
#include "util.h"

#include <math.h>
#include <string.h>

enum {
	FEW = 3,  /* rounds that everybody is measured in; after them none ...  */
	FAR = 10, /* ... that is so many times worse than the best             */
	BUILT_IN = 2
};

/* ---- What a queue promises ---------------------------------------------------------------- */

static bool is_ours(const pp_bench_queue *queue)
{
	return queue == &queue_spsc || queue == &queue_typed || queue == &queue_mpmc ||
	       queue == &queue_typed_mpmc;
}

static bool has_all(const pp_bench_queue *queue, uint32_t promises)
{
	return (queue->guarantees & promises) == promises;
}

static bool for_any_threads(const pp_bench_queue *queue)
{
	return !queue->max_producers && !queue->max_consumers;
}

static bool for_threads(const pp_bench_queue *queue, unsigned threads)
{
	return (!queue->max_producers || threads <= queue->max_producers) &&
	       (!queue->max_consumers || threads <= queue->max_consumers);
}

/* Whether the row is one for it.  Another order, or no bounds, is another task. */
static bool is_rival(const struct goal *g, const pp_bench_queue *queue)
{
	const struct arm *a = &g->a;

	if (g->against == ONE_QUEUE)
		return !strcmp(queue->name, g->rival);
	if (is_ours(queue) || !for_threads(queue, a->threads) ||
	    !has_all(queue, PP_BENCH_FIFO | PP_BENCH_BOUNDED))
		return false;
	if (g->against == TRYING_QUEUES)
		return queue_has_form(queue, PP_BENCH_TRY) &&
		       (!for_any_threads(a->queue) || for_any_threads(queue));
	return has_all(queue, PP_BENCH_BLOCKS | (a->capacity ? 0 : PP_BENCH_RENDEZVOUS));
}

/* ---- The contestants ------------------------------------------------------------------------ */

static void add_rival(struct goal *g, const pp_bench_queue *queue)
{
	struct arm rival = g->a;
	size_t i;

	for (i = 1; i < g->count; i++)
		if (g->arms[i].queue == queue)
			return;
	rival.queue = queue;
	rival.form = g->against == BLOCKING_QUEUES ? PP_BENCH_BLOCKING : PP_BENCH_TRY;
	if (!arm_ready(&rival)) {
		rival.wrong = text("cannot do that");
		progress_note("%s cannot do row %d, %s: left out", queue->name, g->row, g->what);
	}
	g->arms[g->count++] = rival;
}

static void add_rivals(struct goal *g, const options *o)
{
	size_t i;

	if (g->against == BLOCKING_QUEUES) {
		add_rival(g, &queue_mutex);
		if (g->a.capacity)
			add_rival(g, &queue_pipe);
	}
	for (i = 0; i < o->queue_count; i++)
		if (is_rival(g, o->queues[i]))
			add_rival(g, o->queues[i]);
}

static bool has_rivals(const struct goal *g)
{
	return g->against == BLOCKING_QUEUES || g->against == TRYING_QUEUES ||
	       g->against == ONE_QUEUE;
}

void goal_enter(struct goal *g, const options *o)
{
	g->a.seconds = g->b.seconds = o->min_time;
	g->a.may_be_cut = has_rivals(g) && g->a.threads > 1;
	if (g->against == ITSELF) {
		curve_enter(g, o->quick);
	} else {
		g->arms = touched((1 + BUILT_IN + o->queue_count) * sizeof(*g->arms));
		g->arms[g->count++] = g->a;
		if (g->against == THE_OTHER)
			g->arms[g->count++] = g->b;
		else
			add_rivals(g, o);
	}
	rounds_init(&g->rounds, g->count);
}

bool goal_pending(const struct goal *g)
{
	size_t i;

	for (i = 1; has_rivals(g) && i < g->count; i++)
		if (!g->arms[i].wrong && !queue_find(g->arms[i].queue->name))
			return false;
	return has_rivals(g);
}

/* ---- The best of them -------------------------------------------------------------------------- */

/* 0: none has a figure. */
static size_t best_rival(const struct goal *g, double *median)
{
	size_t i, best = 0;

	for (i = 1; i < g->count; i++) {
		double one = rounds_median(&g->rounds, i);

		if (g->arms[i].wrong || !isfinite(one) ||
		    (best && (g->at_least ? one <= *median : one >= *median)))
			continue;
		best = i;
		*median = one;
	}
	return best;
}

bool goal_far_behind(const struct goal *g, size_t which)
{
	double best, own;

	if (!which || !has_rivals(g) || g->rounds.count < FEW || !best_rival(g, &best))
		return false;
	own = rounds_median(&g->rounds, which);
	return g->at_least ? own * FAR < best : own > best * FAR;
}

bool goal_sides(const struct goal *g, size_t *over, size_t *under)
{
	double median;

	if (!g->rounds.count)
		return false;
	if (g->against == ITSELF) {
		curve_sides(g, over, under);
		return true;
	}
	*over = 0;
	*under = has_rivals(g) ? best_rival(g, &median) : 1;
	return *under != 0;
}

interval goal_judged(const struct goal *g)
{
	size_t over, under;

	if (!goal_sides(g, &over, &under))
		return (interval){ 0 };
	return g->of_a ? rounds_figure(&g->rounds, over) : rounds_ratio(&g->rounds, over, under);
}

const char *goal_verdict(const struct goal *g, const interval *judged)
{
	if (!judged->count)
		return "no figure";
	if (g->against == ITSELF && curve_falls_at_all(g))
		return "NOT MET";
	return interval_meets(judged, g->at_least, g->goal) ? "goal met" :
	       interval_meets(judged, g->at_least, g->must) ? "met" : "NOT MET";
}
