/* SPDX-License-Identifier: MIT */
/* The queues that are built in; they present themselves as any plugin does. */
#ifndef BENCH_QUEUES_H
#define BENCH_QUEUES_H

#include <pushpull/bench.h>

extern const pp_bench_queue queue_spsc;   /* PP_SPSC, plain functions         */
extern const pp_bench_queue queue_typed;  /* PP_SPSC, inlined by PP_TYPED() */
extern const pp_bench_queue queue_typed_mpmc; /* PP_MPMC, likewise          */
extern const pp_bench_queue queue_mpmc;   /* PP_MPMC, plain functions         */
extern const pp_bench_queue queue_mutex;  /* a mutex and two condition variables */
extern const pp_bench_queue queue_pipe;   /* pipe(2)                          */
extern const pp_bench_queue queue_list;   /* unbounded: the anti-pattern      */

/* PP_SPSC and PP_MPMC whose descriptors nobody arms: for a target, not to be named. */
extern const pp_bench_queue queue_spsc_fds, queue_mpmc_fds;

/* A built-in by name, or NULL. */
const pp_bench_queue *queue_find(const char *name);
const pp_bench_queue *queue_at(unsigned n); /* NULL after the last */
/* Load a plugin; what is wrong with it ends the program with one line. */
const pp_bench_queue *queue_load(const char *path);
/* What it promises and what not, as words on the heap. */
char *queue_promises(const pp_bench_queue *queue);

/* Every queue copies the commonest size without a call. */
static inline void queue_copy(void *to, const void *from, size_t size)
{
	if (size == 8)
		memcpy(to, from, 8);
	else
		memcpy(to, from, size);
}

#endif
