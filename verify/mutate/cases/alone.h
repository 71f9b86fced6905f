/* SPDX-License-Identifier: MIT */
/* What cases in one thread share: a kernel of their own, and things that happen in the middle of a
 * call, at the points of the library's test hooks. */
#ifndef MUTATE_CASES_ALONE_H
#define MUTATE_CASES_ALONE_H

#include "kernel.h"

#include <linux/futex.h>
#include <unistd.h>

#include "base/hooks.h"

static inline bool is_wake(long number, const long *a)
{
	return is_futex(number) && (a[1] & FUTEX_CMD_MASK) == FUTEX_WAKE;
}

static inline bool is_wait(long number, const long *a)
{
	return is_futex(number) && (a[1] & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET;
}

/* ---- In the middle of a call ----------------------------------------------------------- */

#define MANY 100 /* a call that has not gone on by then never does */

static enum pp_stall_point point;
static void (*happens)(void);
static unsigned met; /* how often it came to the point */

static inline void come_to(enum pp_stall_point where)
{
	void (*now)(void) = happens;

	if (where != point)
		return;
	EXPECT(met++ < MANY);
	happens = NULL; /* once, unless it says so again */
	if (now)
		now();
}

static inline void at(enum pp_stall_point where, void (*what)(void))
{
	point = where;
	happens = what;
	met = 0;
	pp_test_stall_hook = come_to;
}

#endif
