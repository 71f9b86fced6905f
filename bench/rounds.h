/* SPDX-License-Identifier: MIT */
/* Contestants measured one right after the other, again and again, and their paired ratios. */
#ifndef BENCH_ROUNDS_H
#define BENCH_ROUNDS_H

#include <stdbool.h>
#include <stddef.h>

enum { ROUNDS = 15 /* that make a verdict */, ROUNDS_MAX = 100 };

typedef struct rounds {
	size_t  width;   /* contestants                                     */
	double *figures; /* a row of all contestants for each round         */
	double  lines[ROUNDS_MAX]; /* line round trip of that minute, ns      */
	size_t  count;
} rounds;

void rounds_init(rounds *r, size_t width);

/* One round: a figure of each contestant, not a number where there is none.  Every other
 * round begins with the last one, so that what drifts favours nobody.  NULL: there is no room
 * for one more; else the figures. */
typedef double round_figure(void *context, size_t contestant);
const double *rounds_take(rounds *r, round_figure *figure, void *context);

typedef struct interval {
	double median, low, high; /* low to high: bootstrap 95 % interval of the median */
	size_t count;             /* samples, or pairs of them                          */
} interval;

interval rounds_figure(const rounds *r, size_t contestant);
/* The median alone, which is cheap; not a number where there is none. */
double rounds_median(const rounds *r, size_t contestant);
/* Of the figures of `over`, each divided by that of `under` in the same round. */
interval rounds_ratio(const rounds *r, size_t over, size_t under);
interval rounds_line(const rounds *r);

/* A target is met when the worse end of the interval meets it. */
bool interval_meets(const interval *i, bool at_least, double target);

#endif
