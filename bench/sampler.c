/* SPDX-License-Identifier: MIT */
#include "sampler.h"

#include "util.h"

#include <pushpull/bench.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct weighed {
	double value, weight;
} weighed;

static int by_value(const void *a, const void *b)
{
	double x = ((const weighed *)a)->value, y = ((const weighed *)b)->value;

	return (x > y) - (x < y);
}

static int by_time(const void *a, const void *b)
{
	int64_t x = ((const look *)a)->ns, y = ((const look *)b)->ns;

	return (x > y) - (x < y);
}

static int by_word(const void *a, const void *b)
{
	uint64_t x = ((const look *)a)->word, y = ((const look *)b)->word;

	return (x > y) - (x < y);
}

/* The value below which `share` of the weight lies; `sorted` by value. */
static double percentile(const weighed *sorted, size_t n, double share)
{
	double total = 0, sum = 0;
	size_t i;

	for (i = 0; i < n; i++)
		total += sorted[i].weight;
	for (i = 0; i + 1 < n; i++) {
		sum += sorted[i].weight;
		if (sum >= share * total)
			break;
	}
	return n ? sorted[i].value : 0;
}

/* What is of the kind, of all logs one after the other. */
static look *joined(const look_log *logs, size_t from, size_t to, uint32_t kind, size_t *count)
{
	size_t n = 0, i, j;
	look *all;

	for (i = from; i < to; i++)
		n += logs[i].count;
	all = malloc((n + 1) * sizeof(*all));
	if (!all)
		give_up("out of memory");
	for (*count = 0, i = from; i < to; i++)
		for (j = 0; j < logs[i].count; j++)
			if (logs[i].looks[j].what & kind)
				all[(*count)++] = logs[i].looks[j];
	return all;
}

/*
 * What the operation beside a look found and left: a push that leaves d found d - 1, a
 * pull d + 1.  Either counts, because the moment between two operations of one side is
 * the shortest; a look that fits both, at capacity 1 or 2, counts half for each.
 */
static void found_full_or_empty(const look *l, size_t capacity, double weight, depth_figures *out)
{
	bool pulled = l->what & LOOK_PULLED;
	bool full = l->depth + pulled >= capacity;
	bool empty = l->depth <= (pulled ? 0 : 1);

	if (full && empty)
		weight /= 2;
	out->full += full ? weight : 0;
	out->empty += empty ? weight : 0;
}

static void depth_over_time(const look *looks, size_t n, size_t capacity, depth_figures *out)
{
	weighed *depths = calloc(n + 1, sizeof(*depths));
	double total = 0;
	size_t i;

	if (!depths)
		give_up("out of memory");
	for (i = 0; i < n; i++) {
		int64_t from = looks[i ? i - 1 : 0].ns, to = looks[i + 1 < n ? i + 1 : i].ns;
		double depth = (double)looks[i].depth, weight = (double)(to - from) / 2;

		depths[i] = (weighed){ depth, weight };
		total += weight;
		out->mean += depth * weight;
		found_full_or_empty(&looks[i], capacity, weight, out);
	}
	qsort(depths, n, sizeof(*depths), by_value);
	out->p50 = percentile(depths, n, 0.5);
	out->p90 = percentile(depths, n, 0.9);
	out->p99 = percentile(depths, n, 0.99);
	out->max = n ? depths[n - 1].value : 0;
	out->mean = total > 0 ? out->mean / total : 0;
	out->full = total > 0 ? out->full / total : 0;
	out->empty = total > 0 ? out->empty / total : 0;
	free(depths);
}

/* Half the items to the marks before and after it; sorted by word. */
static void set_items(look *in, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		const look *before = &in[i ? i - 1 : i], *after = &in[i + 1 < n ? i + 1 : i];
		unsigned from = PP_BENCH_PRODUCER(in[i].word);
		uint64_t items = 0;

		if (PP_BENCH_PRODUCER(before->word) == from)
			items += in[i].word - before->word;
		if (PP_BENCH_PRODUCER(after->word) == from)
			items += after->word - in[i].word;
		items = items / 2 + 1;
		in[i].items = items < UINT32_MAX ? (uint32_t)items : UINT32_MAX;
	}
}

/* Without numbers: what went in first is what came out first. */
static void number_by_time(look *looks, size_t n)
{
	size_t i;

	qsort(looks, n, sizeof(*looks), by_time);
	for (i = 0; i < n; i++)
		looks[i].word = i;
}

static void wait_figures(weighed *waits, size_t n, depth_figures *figures)
{
	double total = 0, sum = 0, squares = 0, weights = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		total += waits[i].weight;
		weights += waits[i].weight * waits[i].weight;
		sum += waits[i].weight * waits[i].value;
		squares += waits[i].weight * waits[i].value * waits[i].value;
	}
	figures->waits = n;
	if (!n)
		return;
	figures->wait_mean = sum / total;
	figures->wait_error = sqrt(fmax(squares / total - figures->wait_mean * figures->wait_mean, 0) *
				   weights) / total;
	qsort(waits, n, sizeof(*waits), by_value);
	figures->wait_p50 = percentile(waits, n, 0.5);
	figures->wait_p99 = percentile(waits, n, 0.99);
}

/* Pair both ends of every marked item; both lists sorted by word. */
static bool time_in_queue(const look *in, size_t pushed, const look *out, size_t pulled,
			  depth_figures *figures)
{
	weighed *waits = calloc(pulled + 1, sizeof(*waits));
	size_t i, j = 0;

	if (!waits)
		give_up("out of memory");
	for (i = 0; i < pulled; i++) {
		while (j < pushed && in[j].word < out[i].word)
			j++;
		if (j == pushed || in[j].word != out[i].word ||
		    (i && out[i].word == out[i - 1].word))
			break;
		waits[i] = (weighed){ (double)(out[i].ns - in[j].ns), in[j].items };
	}
	wait_figures(waits, i, figures);
	free(waits);
	return i == pulled;
}

static bool in_order(const look_log *log, size_t producers)
{
	uint64_t *last = calloc(producers, sizeof(*last));
	bool ordered = true;
	size_t i;

	if (!last)
		give_up("out of memory");
	for (i = 0; i < log->count && ordered; i++) {
		unsigned from = PP_BENCH_PRODUCER(log->looks[i].word);
		uint64_t seq = (log->looks[i].word & PP_BENCH_SEQ_MASK) + 1;

		ordered = from < producers && seq > last[from];
		if (ordered)
			last[from] = seq;
	}
	free(last);
	return ordered;
}

/* Little's law, and whether it can be said to be missed. */
static void compare(const look_back *run, depth_figures *f)
{
	double expected = run->rate * f->wait_mean / 1e9, larger = fmax(f->mean, fabs(expected));
	/*
	 * What cannot be told is no miss: half an item, three standard errors of the wait, and
	 * what moves while an index goes from one CPU to the other, because a moment
	 * on one is that much earlier or later on the other.
	 */
	double chance = 0.5 + run->rate * (3 * f->wait_error + run->line_ns / 2) / 1e9;

	f->little = fabs(f->mean - expected) / fmax(larger, 1e-9);
	f->little_holds = fabs(f->mean - expected) <= chance + LITTLE_PERCENT / 100.0 * larger;
}

int depth_analyse(const look_back *run, depth_figures *figures)
{
	size_t threads = run->producers + run->consumers, pushed, pulled, all, i;
	look *in = joined(run->logs, 0, run->producers, LOOK_WAIT, &pushed);
	look *pulls = joined(run->logs, run->producers, threads, LOOK_WAIT, &pulled);
	look *both = joined(run->logs, 0, threads, LOOK_DEPTH, &all);
	int wrong = 0;

	*figures = (depth_figures){ .first_full_ns = -1, .looks = all };
	for (i = run->producers; i < threads && !run->few; i++)
		wrong |= in_order(&run->logs[i], run->producers) ? 0 : LOOKS_DISORDER;
	qsort(both, all, sizeof(*both), by_time);
	depth_over_time(both, all, run->capacity, figures);
	for (i = 0; i < all && figures->first_full_ns < 0; i++)
		if (both[i].depth >= run->capacity)
			figures->first_full_ns = (double)(both[i].ns - run->start_ns);
	qsort(in, pushed, sizeof(*in), by_word);
	set_items(in, pushed);
	if (run->few) {
		number_by_time(in, pushed);
		number_by_time(pulls, pulled);
	}
	qsort(pulls, pulled, sizeof(*pulls), by_word);
	if (!time_in_queue(in, pushed, pulls, pulled, figures))
		wrong |= LOOKS_STRANGE;
	/* A hand-over: nothing is ever inside, and a push returns after its pull. */
	if (!run->capacity)
		*figures = (depth_figures){ .first_full_ns = -1, .looks = all, .little_holds = true };
	else
		compare(run, figures);
	free(in);
	free(pulls);
	free(both);
	return wrong;
}
