/* SPDX-License-Identifier: MIT */
/* The little statistics that the tables need; the rest is left to Google Benchmark. */
#ifndef BENCH_STATS_H
#define BENCH_STATS_H

#include <stddef.h>

typedef struct spread {
	double median, least, most;
	size_t count;
} spread;

/* Sorts `values`. */
spread spread_of(double *values, size_t count);
/* Sorts `values`; `share` 0 to 1. */
double quantile(double *values, size_t count, double share);

/* Bootstrap 95 % interval of the median of `values`. */
void median_interval(const double *values, size_t count, double *low, double *high);

#endif
