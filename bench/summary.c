/* SPDX-License-Identifier: MIT */
#include "summary.h"

#include "queues/queues.h"
#include "results.h"
#include "util.h"

#include <stdlib.h>
#include <string.h>

enum { CHART = 20, CURVE_LEAST = 6 /* points that make a curve */ };

static double p50_of(const run_result *r) { return r->depth.p50; }
static double p99_of(const run_result *r) { return r->depth.p99; }
static double full_of(const run_result *r) { return r->depth.full * 100; }
static double empty_of(const run_result *r) { return r->depth.empty * 100; }
static double line_of(const run_result *r) { return r->line_ns; }

static double memory_of(const run_result *r) { return (double)r->counts.memory; }

static double parks_of(const run_result *r)
{
	return (double)(r->counts.push_parks + r->counts.pull_parks) / (double)r->items * 1e3;
}

static double switches_of(const run_result *r)
{
	return (r->push_switches + r->pull_switches) / (double)r->items;
}

static bool same_curve(const point *a, const point *b)
{
	const run_spec *x = &a->run, *y = &b->run;

	return x->queue == y->queue && x->spec.producers == y->spec.producers &&
	       x->spec.consumers == y->spec.consumers && x->spec.batch == y->spec.batch &&
	       x->spec.form == y->spec.form && x->regime == y->regime &&
	       x->placement == y->placement;
}

static const char *bar(double share)
{
	static const char *const eighths[] = { "", "▏", "▎", "▍", "▌", "▋", "▊", "▉" };
	static char made[CHART * 3 + 8];
	int parts = (int)(share * CHART * 8 + 0.5), i;

	made[0] = 0;
	for (i = 0; i < parts / 8 && i < CHART; i++)
		strcat(made, "█");
	return strcat(made, i < CHART ? eighths[parts % 8] : "");
}

static const char *time_text(double ns)
{
	static char made[4][24];
	static int turn;
	char *out = made[turn++ % 4];

	if (ns < 1e3)
		snprintf(out, 24, "%.0f ns", ns);
	else if (ns < 1e6)
		snprintf(out, 24, "%.1f us", ns / 1e3);
	else
		snprintf(out, 24, "%.1f ms", ns / 1e6);
	return out;
}

static bool all_valid(const point *p)
{
	int i, valid = 0;

	for (i = 0; i < p->count; i++)
		valid += point_valid(&p->samples[i]);
	return valid * 2 > p->count;
}

static void show_row(const point *p, double peak)
{
	double median, least, most;
	char capacity[32];

	point_spread(p, rate_of, &median, &least, &most);
	snprintf(capacity, sizeof(capacity), p->capacity == SIZE_MAX ? "none" : "%zu", p->capacity);
	say("%8s %9.3f %+4.0f..%+4.0f%%", capacity, median / 1e6, (least / median - 1) * 100,
	    (most / median - 1) * 100);
	if (p->depth && p->run.queue->depth && p->capacity)
		say("%8.0f %7.0f %4.0f %4.0f %9s", point_median(p, p50_of), point_median(p, p99_of),
		    point_median(p, full_of), point_median(p, empty_of),
		    time_text(point_median(p, wait_of)));
	else
		say("%8s %7s %4s %4s %9s", "-", "-", "-", "-", "-");
	say(" %6.3f %6.3f %8.3f %8.4f %s%s\n", point_median(p, push_cpu_of),
	    point_median(p, pull_cpu_of), point_median(p, parks_of), point_median(p, switches_of),
	    p->depth && !all_valid(p) ? "!" : " ", bar(peak > 0 ? median / peak : 0));
}

struct knee {
	const point *at, *best, *one;
	double peak, round_trip_ns;
};

/* The smallest capacity within 95 % of the peak; a hand-off is no buffer, so not 0. */
static struct knee find_knee(point *const *curve, size_t count)
{
	struct knee k = { 0 };
	size_t i;

	for (i = 0; i < count; i++)
		if (point_median(curve[i], rate_of) > k.peak) {
			k.best = curve[i];
			k.peak = point_median(curve[i], rate_of);
		}
	for (i = 0; i < count && !k.at; i++)
		if (curve[i]->capacity && point_median(curve[i], rate_of) >= 0.95 * k.peak)
			k.at = curve[i];
	for (i = 0; i < count; i++)
		if (curve[i]->capacity == 1)
			k.one = curve[i];
	k.round_trip_ns = k.best ? point_median(k.best, line_of) : 0;
	return k;
}

/* The model: min(Xmax, C / round trip), once with the line's, once with capacity 1's own. */
static void show_model(const struct knee *k)
{
	if (k->round_trip_ns > 0)
		say("  model      min(Xmax, C / R): a line round trip of %.0f ns puts the knee at %.1f\n",
		    k->round_trip_ns, k->peak * k->round_trip_ns / 1e9);
	if (k->one) {
		double own = 1e9 / point_median(k->one, rate_of);

		say("             the hand-over at capacity 1, %.0f ns, puts it at %.1f\n", own,
		    k->peak * own / 1e9);
	}
}

static void show_advice(point *const *curve, size_t count)
{
	struct knee k = find_knee(curve, count);
	double capacity, rate;

	if (!k.at)
		return;
	capacity = (double)k.at->capacity;
	rate = point_median(k.at, rate_of);
	say("  knee       capacity %zu: %.1f M items/s, peak %.1f\n", k.at->capacity, rate / 1e6,
	    k.peak / 1e6);
	show_model(&k);
	if (k.at->depth)
		say("  in queue   %s at the knee, %s at capacity %zu\n",
		    time_text(point_median(k.at, wait_of)),
		    time_text(point_median(curve[count - 1], wait_of)), curve[count - 1]->capacity);
	say("  overload   of twice what is pulled is unseen for %s at the knee, %s at capacity %zu\n",
	    time_text(capacity / rate * 1e9),
	    time_text((double)curve[count - 1]->capacity / rate * 1e9), curve[count - 1]->capacity);
	say("  take       %zu, or twice that for bursts: less costs throughput, more only adds waiting\n",
	    k.at->capacity);
}

/* What no backpressure costs. */
static void show_memory(const point *p)
{
	if (p->capacity == SIZE_MAX && p->run.queue->counts)
		say("  memory     %.1f MiB at most, and the limit of %.0f MiB %s\n",
		    point_median(p, memory_of) / 1048576,
		    (double)p->run.spec.memory_limit / 1048576,
		    point_median(p, memory_of) > 0.99 * (double)p->run.spec.memory_limit ?
		    "ended the sample" : "was not reached");
}

static void show_curve(point *const *curve, size_t count)
{
	const run_spec *r = &curve[0]->run;
	struct knee k = find_knee(curve, count);
	char *promises = queue_promises(r->queue);
	size_t i;

	if (!k.best)
		return;
	say("\n%s %uP%uC, %s calls, batch %u, %zu-byte items, %s, CPUs: %s (%s)\n", r->queue->name,
	    r->spec.producers, r->spec.consumers, form_names[r->spec.form], r->spec.batch,
	    r->spec.item_size, regime_names[r->regime], placement_names[r->placement], promises);
	free(promises);
	say("%8s %9s %11s%8s %7s %4s %4s %9s %6s %6s %8s %8s\n", "capacity", "M items/s",
	    "spread", "depth50", "depth99", "full", "mpty", "in queue", "push s", "pull s",
	    "parks/k", "switches");
	for (i = 0; i < count; i++)
		show_row(curve[i], k.peak);
	show_memory(curve[0]);
	if (r->spec.item_size < sizeof(uint64_t))
		say("  items      of %zu bytes have no room for a number: their order is not checked, and which\n"
		    "             is which on both ends of the queue follows from it\n", r->spec.item_size);
	if (count >= CURVE_LEAST && r->regime == BALANCED && k.best->capacity != SIZE_MAX)
		show_advice(curve, count);
}

/* Leaves out what was not measured. */
static size_t only_measured(point *const *points, size_t count, point **measured)
{
	size_t i, n = 0;

	for (i = 0; i < count; i++)
		if (points[i]->count)
			measured[n++] = points[i];
	return n;
}

void summary_show(point *const *all, size_t all_count)
{
	point **points = touched((all_count + 1) * sizeof(*points));
	size_t count = only_measured(all, all_count, points), from, to;

	for (from = 0; from < count; from = to) {
		for (to = from + 1; to < count && same_curve(points[from], points[to]); to++)
			;
		show_curve(points + from, to - from);
	}
	free(points);
	say("\nMedians, and how far the samples lie around them. full, mpty: %% of the time; push s, pull s: CPU seconds per million items;\n"
	    "switches: context switches per item; !: depth and time in queue disagree (Little's law)\n");
}
