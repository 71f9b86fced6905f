/* SPDX-License-Identifier: MIT */
/*
 * What GenMC needs in place of the machine.  The atomics are those of base/atomic.h as it ships
 * (PP_MODEL is not set); what is replaced has its include guard set here:
 *
 *   base/fence.h     the asymmetric fence, as its guarantee
 *   base/clock.h     no clock: a deadline passes at any moment, or never
 *   park/futex.c     the kernel
 *   park/spin.c      no spinning: straight to sleep
 *   base/compiler.h  its hints to the CPU
 *
 * The asymmetric fence.  Each thread has a word.  A light fence is a read-modify-write of its own
 * thread's word, a heavy one of every thread's: whichever of the two comes first in the word's
 * modification order happens before what follows the other.  That is the guarantee of
 * base/fence.h, as an edge.  It is more in three things: two heavy fences are ordered by the
 * words that they share, what is ordered by one pair is passed on by the next, and a heavy fence
 * begins and ends with a fence of its own thread, as membarrier(2) does: the library counts on
 * both (README.md).
 *
 * futex.  Each word has a queue, a set of threads.  Who waits looks at the word and enters the
 * queue between two changes of it; who wakes takes threads out.  A wake call happens before the
 * return of the wait that it ends, and, more than futex(2) says, before every later look at the
 * word.
 *
 * A thread that waits for ever is what GenMC reports with -check-liveness: it is blocked in one of
 * the two loops that are marked for it (SEAM_AWAIT), and all that it reads there is final.  No
 * other loop is taken for one (-disable-spin-assume): those of the library end by themselves.
 */
#ifndef SEAM_H
#define SEAM_H

#include <assert.h>
#include <errno.h>
#include <genmc.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifndef ENOTSUP /* GenMC's errno.h has the common ones */
#define ENOTSUP 95
#endif

/* Threads beside main(), which are numbered from 1. */
#ifndef SEAM_THREADS
#define SEAM_THREADS 2
#endif

static inline __attribute__((always_inline)) unsigned seam_self(void)
{
	return (unsigned)pthread_self();
}

/* ---- structs that are assigned or cleared through a pointer -------------------------------- */

/* GenMC calls these by name, and wants every word accessed in its own size: those structs are made
 * of words of eight bytes, but for the cursor of PP_MPMC, which begins with two halves. */
enum { SEAM_CURSOR = 48 };

void *memcpy(void *to, const void *from, size_t n)
{
	size_t i = 0;

	assert(n % 8 == 0);
	if (n == SEAM_CURSOR)
		for (; i < 2; i++)
			((uint32_t *)to)[i] = ((const uint32_t *)from)[i];
	for (i = i / 2; i < n / 8; i++)
		((uint64_t *)to)[i] = ((const uint64_t *)from)[i];
	return to;
}

void *memset(void *to, int value, size_t n)
{
	size_t i = 0;

	assert(n % 8 == 0 && value == 0);
	if (n == SEAM_CURSOR)
		for (; i < 2; i++)
			((uint32_t *)to)[i] = 0;
	for (i = i / 2; i < n / 8; i++)
		((uint64_t *)to)[i] = 0;
	return to;
}

/* So large that it is returned in memory, and not as one register of two halves. */
#define pp_ec_ticket __attribute__((aligned(32))) pp_ec_ticket

/* ---- in place of what base/compiler.h asks of the CPU ------------------------------------- */

#include "base/compiler.h"

#undef pp_fetch_line
#undef PP_OWN_LINE
#define pp_fetch_line(address)          ((void)0)
#define pp_fetch(from, bytes)           ((void)0)
#define pp_fetch_to_write(address)      ((void)0)
#define pp_fetch_all_to_write(from, n)  ((void)0)
#define pp_pause() ((void)0)
#define PP_OWN_LINE

/* ---- in place of base/fence.h ------------------------------------------------------------- */

#define PP_BASE_FENCE_H

static _Atomic(uint32_t) seam_order[SEAM_THREADS + 1];

static inline void pp_fence_light(bool fenced)
{
	if (fenced)
		atomic_thread_fence(memory_order_seq_cst);
	else
		atomic_fetch_add_explicit(&seam_order[seam_self()], 1, memory_order_acq_rel);
}

static inline void pp_fence_heavy(bool fenced)
{
	unsigned self = seam_self(), k;

	/* What its own thread has seen by relaxed loads counts as before it, too. */
	if (!fenced)
		atomic_thread_fence(memory_order_acq_rel);
	for (k = 1; !fenced && k <= SEAM_THREADS; k++)
		if (k != self)
			atomic_fetch_add_explicit(&seam_order[k], 1, memory_order_acq_rel);
	atomic_thread_fence(memory_order_seq_cst);
}

/* ---- in place of base/clock.h and time.c -------------------------------------------------- */

#define PP_BASE_CLOCK_H

/* Two moments: 0, and 1 from when seam_pass_time() takes effect. */
static _Atomic(uint32_t) seam_time;

PP_INLINE bool seam_is_late(int64_t deadline)
{
	return deadline != INT64_MAX &&
	       atomic_load_explicit(&seam_time, memory_order_relaxed) != 0;
}

/* Once, by a thread of its own: every look at the time then may come before it or after. */
static inline void seam_pass_time(void)
{
	atomic_store_explicit(&seam_time, 1, memory_order_relaxed);
}

/* For the counts of time asleep. */
static inline int64_t pp_clock_now(void)
{
	return 0;
}

/* ---- in place of park/futex.c ------------------------------------------------------------- */

#include "base/atomic.h"
#include "park/futex.h"

#define SEAM_WORDS 31

static struct seam_queue {
	_Atomic(uint64_t) word;    /* whose queue it is */
	_Atomic(uint32_t) threads; /* { wake calls, a bit for each thread } */
} seam_queues[SEAM_WORDS];

enum { SEAM_CALL = 1 << 16 };

static _Atomic(uint32_t) seam_woken[SEAM_THREADS + 1]; /* times it was taken out of a queue */
static uint32_t seam_slept[SEAM_THREADS + 1];          /* its own: times it came back       */

static inline struct seam_queue *seam_queue_of(PP_ATOMIC(uint32_t) *word)
{
	struct seam_queue *q = &seam_queues[(uintptr_t)word / sizeof *word % SEAM_WORDS];
	uint64_t address = (uint64_t)(uintptr_t)word;
	uint64_t of = atomic_load_explicit(&q->word, memory_order_relaxed);

	if (of == address)
		return q;
	if (of || !atomic_compare_exchange_strong_explicit(&q->word, &of, address, memory_order_relaxed,
	                                             memory_order_relaxed))
		assert(of == address); /* SEAM_WORDS keeps them apart */
	return q;
}

/* A word that is there from the beginning: saves the threads a race for its queue. */
static inline void seam_know(PP_ATOMIC(uint32_t) *word)
{
	(void)seam_queue_of(word);
}

PP_INLINE bool seam_exchange(struct seam_queue *q, uint32_t *seen, uint32_t to)
{
	return atomic_compare_exchange_strong_explicit(&q->threads, seen, to, memory_order_release,
	                                               memory_order_relaxed);
}

/* Out of the queue by itself.  False: somebody was faster, and has woken it. */
static inline bool seam_give_up(struct seam_queue *q, uint32_t bit)
{
	uint32_t seen = atomic_load_explicit(&q->threads, memory_order_relaxed);

	while (seen & bit)
		if (seam_exchange(q, &seen, seen & ~bit))
			return true;
	return false;
}

/* Until `condition`, which only reads. */
#define SEAM_AWAIT(condition)                     \
	do {                                      \
		__VERIFIER_loop_begin();          \
		for (;;) {                        \
			__VERIFIER_spin_start();  \
			if (condition)            \
				break;            \
			__VERIFIER_spin_end(0);   \
		}                                 \
	} while (0)

PP_INLINE bool seam_is_woken(unsigned self)
{
	return atomic_load_explicit(&seam_woken[self], memory_order_acquire) != seam_slept[self];
}

static inline int seam_sleep(struct seam_queue *q, unsigned self, int64_t deadline)
{
	bool late = false;

	SEAM_AWAIT(seam_is_woken(self) || (late = seam_is_late(deadline)));
	if (late && seam_give_up(q, UINT32_C(1) << self))
		return -ETIMEDOUT;
	if (late)
		SEAM_AWAIT(seam_is_woken(self));
	seam_slept[self]++;
	return 0;
}

int pp_futex_wait(PP_ATOMIC(uint32_t) *word, uint32_t expected, int64_t deadline,
                  bool interruptible)
{
	struct seam_queue *q = seam_queue_of(word);
	unsigned self = seam_self();
	uint32_t seen;

	(void)interruptible; /* no signals here */
	do {
		seen = atomic_load_explicit(&q->threads, memory_order_acquire);
		if (atomic_load_explicit(word, memory_order_relaxed) != expected)
			return -EAGAIN;
	} while (!seam_exchange(q, &seen, seen | UINT32_C(1) << self));
	return seam_sleep(q, self, deadline);
}

/* Those who are woken: the first by number.  Threads that can change places do so elsewhere. */
static inline uint32_t seam_choose(uint32_t threads, uint32_t n)
{
	uint32_t chosen = 0, k;

	for (k = 1; k <= SEAM_THREADS && n > 0; k++)
		if (threads & UINT32_C(1) << k) {
			chosen |= UINT32_C(1) << k;
			n--;
		}
	return chosen;
}

uint32_t pp_futex_wake(PP_ATOMIC(uint32_t) *word, uint32_t n)
{
	struct seam_queue *q = seam_queue_of(word);
	uint32_t seen = atomic_load_explicit(&q->threads, memory_order_relaxed);
	uint32_t chosen, k, woken = 0;

	do {
		chosen = seam_choose(seen, n);
	} while (!seam_exchange(q, &seen, (seen & ~chosen) + SEAM_CALL));
	for (k = 1; k <= SEAM_THREADS; k++)
		if (chosen & UINT32_C(1) << k) {
			atomic_fetch_add_explicit(&seam_woken[k], 1, memory_order_release);
			woken++;
		}
	return woken;
}

#endif
