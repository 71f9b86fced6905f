/* SPDX-License-Identifier: MIT */
/* What else the machine did meanwhile, and what kind of machine it is. */
#ifndef BENCH_MACHINE_H
#define BENCH_MACHINE_H

#include <stdint.h>

struct machine_time {
	double total, busy, steal; /* seconds of all CPUs, from /proc/stat      */
	double own;                /* CPU seconds of this process               */
};

void machine_time(struct machine_time *time);
/* Since `before`: share of the CPUs' time that was stolen, that other processes used. */
void machine_shares(const struct machine_time *before, double *steal, double *others);

/* Add CPU, kernel, compiler, flags, version, date, load and steal to the results. */
void machine_describe(void);

#endif
