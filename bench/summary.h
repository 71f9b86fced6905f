/* SPDX-License-Identifier: MIT */
/* Tables, a small chart and the answer to "which capacity?". */
#ifndef BENCH_SUMMARY_H
#define BENCH_SUMMARY_H

#include "point.h"

/* Points that differ in nothing but capacity stand one after the other. */
void summary_show(point *const *points, size_t count);

#endif
