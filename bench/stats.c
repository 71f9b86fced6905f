/* SPDX-License-Identifier: MIT */
#include "stats.h"

#include "util.h"

#include <stdlib.h>

enum { RESAMPLES = 2000 };

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double of_sorted(const double *sorted, size_t count, double share)
{
	double at = share * (double)(count - 1);
	size_t below = (size_t)at;
	double part = at - (double)below;

	if (!count)
		return 0;
	if (below + 1 >= count)
		return sorted[count - 1];
	return sorted[below] + part * (sorted[below + 1] - sorted[below]);
}

double quantile(double *values, size_t count, double share)
{
	qsort(values, count, sizeof(*values), by_size);
	return of_sorted(values, count, share);
}

spread spread_of(double *values, size_t count)
{
	if (!count)
		return (spread){ 0 };
	qsort(values, count, sizeof(*values), by_size);
	return (spread){ of_sorted(values, count, 0.5), values[0], values[count - 1], count };
}

void median_interval(const double *values, size_t count, double *low, double *high)
{
	double *medians = touched(RESAMPLES * sizeof(double));
	double *drawn = touched(count * sizeof(double));
	uint64_t random = UINT64_C(88172645463325252); /* the same interval for the same samples */
	size_t i, j;

	for (i = 0; i < RESAMPLES; i++) {
		for (j = 0; j < count; j++)
			drawn[j] = values[next_random(&random) % count];
		medians[i] = quantile(drawn, count, 0.5);
	}
	*low = quantile(medians, RESAMPLES, 0.025);
	*high = of_sorted(medians, RESAMPLES, 0.975);
	free(drawn);
	free(medians);
}
