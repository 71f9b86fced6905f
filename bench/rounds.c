/* SPDX-License-Identifier: MIT */
#include "rounds.h"

#include "place.h"
#include "stats.h"
#include "util.h"

#include <math.h>
#include <string.h>

void rounds_init(rounds *r, size_t width)
{
	*r = (rounds){ .width = width, .figures = touched(width * ROUNDS_MAX * sizeof(double)) };
}

const double *rounds_take(rounds *r, round_figure *figure, void *context)
{
	double *row = r->figures + r->count * r->width;
	size_t i;

	if (r->count == ROUNDS_MAX)
		return NULL;
	r->lines[r->count] = line_now();
	for (i = 0; i < r->width; i++) {
		size_t at = r->count % 2 ? r->width - 1 - i : i;

		row[at] = figure(context, at);
	}
	r->count++;
	return row;
}

static interval interval_of(const double *values, size_t count)
{
	double sorted[ROUNDS_MAX];
	interval i = { .count = count };

	if (!count)
		return i;
	memcpy(sorted, values, count * sizeof(double));
	i.median = spread_of(sorted, count).median;
	median_interval(values, count, &i.low, &i.high);
	return i;
}

interval rounds_ratio(const rounds *r, size_t over, size_t under)
{
	double ratios[ROUNDS_MAX];
	size_t i, count = 0;

	for (i = 0; i < r->count; i++) {
		const double *row = r->figures + i * r->width;

		ratios[count] = row[over] / row[under];
		count += isfinite(ratios[count]) != 0;
	}
	return interval_of(ratios, count);
}

/* Those rounds in which there is one. */
static size_t figures_of(const rounds *r, size_t contestant, double *values)
{
	size_t i, count = 0;

	for (i = 0; i < r->count; i++) {
		values[count] = r->figures[i * r->width + contestant];
		count += isfinite(values[count]) != 0;
	}
	return count;
}

interval rounds_figure(const rounds *r, size_t contestant)
{
	double values[ROUNDS_MAX];

	return interval_of(values, figures_of(r, contestant, values));
}

double rounds_median(const rounds *r, size_t contestant)
{
	double values[ROUNDS_MAX];
	size_t count = figures_of(r, contestant, values);

	return count ? quantile(values, count, 0.5) : NAN;
}

interval rounds_line(const rounds *r)
{
	return interval_of(r->lines, r->count);
}

bool interval_meets(const interval *i, bool at_least, double target)
{
	return at_least ? i->low >= target : i->high <= target;
}
