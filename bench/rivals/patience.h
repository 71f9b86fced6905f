/* SPDX-License-Identifier: MIT */
/*
 * What the callers of a queue that does not block do between two tries: pause, and now and
 * then let others run.  The same as our own rings get in the try form.
 */
#ifndef RIVALS_PATIENCE_H
#define RIVALS_PATIENCE_H

#include <pushpull/bench.h>

#include <sched.h>

static inline void patience(unsigned *tries)
{
	if (++*tries % 100)
		pp_bench_pause();
	else
		sched_yield();
}

#endif
