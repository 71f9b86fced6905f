/* SPDX-License-Identifier: MIT */
/*
 * Throughput over capacities, all of them in each round: a larger ring should not be slower.
 * Before the peak none may be worse, beyond its interval, than the best of the smaller ones;
 * after it the worst one makes the ratio.
 */
#include "goals.h"

#include "util.h"

#include <math.h>

enum { CAPACITY_MAX = 65536, POINTS_MAX = 18 };

static const double shorter = 0.4; /* so many samples need not be that long */

void curve_enter(struct goal *g, bool quick)
{
	const size_t factor = quick ? 8 : 2;
	size_t capacity;

	g->arms = touched(POINTS_MAX * sizeof(*g->arms));
	for (capacity = 0; capacity <= CAPACITY_MAX; capacity = capacity ? capacity * factor : 1) {
		struct arm *one = &g->arms[g->count++];

		*one = g->a;
		one->capacity = capacity;
		one->seconds *= shorter;
	}
}

/* The best of the first `count` capacities. */
static size_t best_of(const struct goal *g, size_t count)
{
	size_t i, best = 0;

	for (i = 1; i < count; i++)
		if (rounds_median(&g->rounds, i) > rounds_median(&g->rounds, best))
			best = i;
	return best;
}

void curve_sides(const struct goal *g, size_t *worst, size_t *peak)
{
	double least = INFINITY;
	size_t i;

	*worst = *peak = best_of(g, g->count);
	for (i = *peak + 1; i < g->count; i++) {
		interval ratio = rounds_ratio(&g->rounds, i, *peak);

		if (!ratio.count || ratio.low >= least)
			continue;
		least = ratio.low;
		*worst = i;
	}
}

bool curve_falls(const struct goal *g, size_t at, size_t *from, interval *ratio)
{
	if (!at || at > best_of(g, g->count))
		return false;
	*from = best_of(g, at);
	*ratio = rounds_ratio(&g->rounds, at, *from);
	return ratio->count && ratio->high < 1;
}

bool curve_falls_at_all(const struct goal *g)
{
	interval ratio;
	size_t i, from;

	for (i = 0; i < g->count; i++)
		if (curve_falls(g, i, &from, &ratio))
			return true;
	return false;
}
