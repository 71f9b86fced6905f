/* SPDX-License-Identifier: MIT */
/* The machine's part of stepping: the trap flag, and one breakpoint at a time. */
#ifndef TESTS_UNIT_BREAKPOINT_H
#define TESTS_UNIT_BREAKPOINT_H

#include "stepping.h"

/* A point of a call: an instruction, and which of its executions (the first is 1). */
struct point {
	unsigned char *code;
	unsigned       turn;
};

#define POINTS_MAX 20000

/* The points of the last trace, in the order in which they were met. */
extern struct point trace_points[POINTS_MAX];
extern atomic_uint  trace_count;

void breakpoint_prepare(void); /* once, before the rest */
void breakpoint_plant(struct point point);
void breakpoint_clear(void);
/* Run in the thread that is stepped, around the call. */
void breakpoint_enter(struct stepped *s);
void breakpoint_leave(void);

#endif
