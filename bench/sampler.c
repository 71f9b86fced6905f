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

/* All logs one after the other. */
static look *joined(const look_log *logs, size_t from, size_t to, size_t *count)
{
	size_t n = 0, i;
	look *all;

	for (i = from; i < to; i++)
		n += logs[i].count;
	all = malloc((n + 1) * sizeof(*all));
	if (!all)
		give_up("out of memory");
	for (*count = 0, i = from; i < to; *count += logs[i++].count)
		memcpy(all + *count, logs[i].looks, logs[i].count * sizeof(*all));
	return all;
}

/*
 * What the operation beside a look found and left: a push that leaves d found d - 1, a
 * pull d + 1.  Either counts, because the moment between two operations of one side is
 * the shortest; a look that fits both, at capacity 1 or 2, counts half for each.
 */
static void found_full_or_empty(const look *l, size_t capacity, double weight, depth_figures *out)
{
	bool full = l->depth + l->pulled >= capacity;
	bool empty = l->depth <= (l->pulled ? 0 : 1);

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

/* Pair both ends of every marked item; both lists sorted by word. */
static bool time_in_queue(const look *in, size_t pushed, const look *out, size_t pulled,
			  depth_figures *figures)
{
	weighed *waits = calloc(pulled + 1, sizeof(*waits));
	double squares = 0;
	bool exact = true;
	size_t i, j = 0;

	if (!waits)
		give_up("out of memory");
	for (i = 0; i < pulled; i++) {
		while (j < pushed && in[j].word < out[i].word)
			j++;
		if (j == pushed || in[j].word != out[i].word ||
		    (i && out[i].word == out[i - 1].word)) {
			exact = false;
			break;
		}
		waits[i] = (weighed){ (double)(out[i].ns - in[j].ns), 1 };
		figures->wait_mean += waits[i].value / (double)pulled;
		squares += waits[i].value * waits[i].value / (double)pulled;
	}
	figures->waits = i;
	figures->wait_error = i ? sqrt(fmax(squares - figures->wait_mean * figures->wait_mean, 0) /
				       (double)i) : 0;
	qsort(waits, i, sizeof(*waits), by_value);
	figures->wait_p50 = percentile(waits, i, 0.5);
	figures->wait_p99 = percentile(waits, i, 0.99);
	free(waits);
	return exact;
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

int depth_analyse(const look_log *logs, size_t producers, size_t consumers, size_t capacity,
		  int64_t start_ns, double rate, double line_ns, depth_figures *figures)
{
	size_t pushed, pulled, all, i;
	look *in = joined(logs, 0, producers, &pushed);
	look *pulls = joined(logs, producers, producers + consumers, &pulled);
	look *both = joined(logs, 0, producers + consumers, &all);
	double expected, chance;
	int wrong = 0;

	*figures = (depth_figures){ .first_full_ns = -1, .looks = all };
	for (i = producers; i < producers + consumers; i++)
		wrong |= in_order(&logs[i], producers) ? 0 : LOOKS_DISORDER;
	qsort(both, all, sizeof(*both), by_time);
	depth_over_time(both, all, capacity, figures);
	for (i = 0; i < all && figures->first_full_ns < 0; i++)
		if (both[i].depth >= capacity)
			figures->first_full_ns = (double)(both[i].ns - start_ns);
	qsort(in, pushed, sizeof(*in), by_word);
	qsort(pulls, pulled, sizeof(*pulls), by_word);
	if (!time_in_queue(in, pushed, pulls, pulled, figures))
		wrong |= LOOKS_STRANGE;
	if (!capacity) {
		/* A hand-over: nothing is ever inside, and a push returns after its pull. */
		*figures = (depth_figures){ .first_full_ns = -1, .looks = all, .little_holds = true };
		goto out;
	}
	expected = rate * figures->wait_mean / 1e9;
	figures->little = fabs(figures->mean - expected) /
			  fmax(fmax(figures->mean, fabs(expected)), 1e-9);
	/*
	 * What cannot be told is no miss: half an item, three standard errors of the wait, and
	 * what moves while an index goes from one CPU to the other, because a moment
	 * on one is that much earlier or later on the other.
	 */
	chance = 0.5 + rate * (3 * figures->wait_error + line_ns / 2) / 1e9;
	figures->little_holds = fabs(figures->mean - expected) <= chance +
				LITTLE_PERCENT / 100.0 * fmax(figures->mean, fabs(expected));
out:
	free(in);
	free(pulls);
	free(both);
	return wrong;
}
