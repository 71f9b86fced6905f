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
 * The asymmetric fence.  Each pair of threads has a word for the light fences of the one and the
 * heavy ones of the other.  Both are read-modify-writes of it: whichever comes first in the word's
 * modification order happens before what follows the other.  That is the guarantee of
 * base/fence.h, as an edge.  It is more in one thing: what is ordered by one pair is passed on by
 * the next.  And a heavy fence begins and ends with a fence of its own thread, as membarrier(2)
 * does: the library counts on both (README.md).
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

/* Defined in desk.h. */
void *memset(void *to, int value, size_t n);

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

/* Which threads make light fences, and which heavy ones: 1 << thread. */
#ifndef SEAM_LIGHT
#define SEAM_LIGHT ~0u
#endif
#ifndef SEAM_HEAVY
#define SEAM_HEAVY ~0u
#endif

/* By thread of the light fence, thread of the heavy one. */
static _Atomic(uint32_t) seam_order[SEAM_THREADS + 1][SEAM_THREADS + 1];

PP_INLINE bool seam_is_other(unsigned k, unsigned self, unsigned set)
{
	return k != self && (set >> k & 1) != 0;
}

static inline void seam_meet(unsigned light, unsigned heavy)
{
	atomic_fetch_add_explicit(&seam_order[light][heavy], 1, memory_order_acq_rel);
}

static inline void pp_fence_light(bool fenced)
{
	unsigned self = seam_self(), k;

	if (fenced)
		atomic_thread_fence(memory_order_seq_cst);
	assert(fenced || self == 0 || SEAM_LIGHT >> self & 1);
	for (k = 1; !fenced && self && k <= SEAM_THREADS; k++)
		if (seam_is_other(k, self, SEAM_HEAVY))
			seam_meet(self, k);
}

static inline void pp_fence_heavy(bool fenced)
{
	unsigned self = seam_self(), k;

	/* What its own thread has seen by relaxed loads counts as before it, too. */
	if (!fenced)
		atomic_thread_fence(memory_order_acq_rel);
	assert(fenced || self == 0 || SEAM_HEAVY >> self & 1);
	for (k = 1; !fenced && self && k <= SEAM_THREADS; k++)
		if (seam_is_other(k, self, SEAM_LIGHT))
			seam_meet(k, self);
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

/* In place of base/random.h: one case, or the first. */
#define PP_BASE_RANDOM_H

static inline uint32_t pp_random_below(uint32_t n)
{
	(void)n;
	return 0;
}

/* For the counts of time asleep. */
static inline int64_t pp_clock_now(void)
{
	return 0;
}

/* ---- in place of park/futex.c ------------------------------------------------------------- */

#include "base/atomic.h"
#include "park/futex.h"

/* ---- counts for people ---------------------------------------------------------------------- */

/* Nothing is decided by them, and each order of two threads that count would be an execution. */
#define SEAM_IS_COUNT(p)                                                                     \
	(!__builtin_strcmp(p, "&s->parks") || !__builtin_strcmp(p, "&s->blocked_ns") ||      \
	 !__builtin_strcmp(p, "&sleepers->parks") ||                                         \
	 !__builtin_strcmp(p, "&sleepers->blocked_ns") ||                                    \
	 !__builtin_strcmp(p, "&sleepers->wakes") ||                                         \
	 !__builtin_strcmp(p, "&ec->sleepers.wakes") ||                                      \
	 !__builtin_strcmp(p, "&m->side[owner].sleepers.wakes") ||                           \
	 !__builtin_strcmp(p, "counter") || !__builtin_strcmp(p, "m->side[role].refused"))

/* GenMC adds in 64 bits: less than zero is a subtraction. */
#define SEAM_ADD(p, v, order)                                                                \
	({                                                                                   \
		__typeof__(v) seam_v = (v);                                                  \
		sizeof *(p) == 4 && (uint32_t)seam_v >> 31                                   \
			? atomic_fetch_sub_explicit((p), 0 - (uint32_t)seam_v, order)        \
			: atomic_fetch_add_explicit((p), seam_v, order);                     \
	})

#undef pp_fetch_add
#undef pp_fetch_add_acq_rel
#define pp_fetch_add(p, v) (SEAM_IS_COUNT(#p) ? 0 : SEAM_ADD(p, v, memory_order_relaxed))
#define pp_fetch_add_acq_rel(label, p, v) SEAM_ADD(p, v, PP_ORDER(label, relaxed, acq_rel))
#undef pp_store
#define pp_store(p, v) \
	(SEAM_IS_COUNT(#p) ? (void)0 : atomic_store_explicit((p), (v), memory_order_relaxed))

/* SPIN_LOCKS: the look at the lock of watch.h is the compare-and-swap behind it, which fails if the
 * lock is not free.  An older value that a look of its own could find comes to the same. */
#ifdef SPIN_LOCKS
#undef pp_load
#define pp_load(p)                                   \
	(!__builtin_strcmp(#p, "&watch->lock") ? 0 : \
	 atomic_load_explicit((p), memory_order_relaxed))
#endif

#define SEAM_WORDS 31

static struct seam_queue {
	_Atomic(uint64_t) word;    /* whose queue it is    */
	_Atomic(uint32_t) threads; /* { wake calls, a bit for each thread } */
} seam_queues[SEAM_WORDS];

enum { SEAM_CALL = 1 << 16 };

static _Atomic(uint32_t) seam_woken[SEAM_THREADS + 1]; /* times it was taken out of a queue */
static uint32_t seam_slept[SEAM_THREADS + 1];          /* its own: times it came back       */
static _Atomic(uint32_t) seam_down[SEAM_THREADS + 1];  /* it has been in a queue            */

/* The first word that comes takes the place. */
static inline bool seam_is_queue_of(struct seam_queue *q, uint64_t address)
{
	uint64_t of = atomic_load_explicit(&q->word, memory_order_relaxed);

	return of == address ||
	       (of == 0 && (atomic_compare_exchange_strong_explicit(
				    &q->word, &of, address, memory_order_relaxed,
				    memory_order_relaxed) ||
	                    of == address));
}

static inline struct seam_queue *seam_queue_of(PP_ATOMIC(uint32_t) *word)
{
	uint64_t address = (uint64_t)(uintptr_t)word;
	unsigned at = (unsigned)(address / sizeof *word % SEAM_WORDS), k;

	for (k = 0; k < SEAM_WORDS; k++)
		if (seam_is_queue_of(&seam_queues[(at + k) % SEAM_WORDS], address))
			break;
	assert(k < SEAM_WORDS);
	return &seam_queues[(at + k) % SEAM_WORDS];
}

/* A word that is there from the beginning: saves the threads a race for its queue. */
static inline void seam_know(PP_ATOMIC(uint32_t) *word)
{
	(void)seam_queue_of(word);
}

/* Out of the queue by itself.  False: somebody was faster, and has woken it. */
static inline bool seam_give_up(struct seam_queue *q, uint32_t bit)
{
	return atomic_fetch_and_explicit(&q->threads, ~bit, memory_order_relaxed) & bit;
}

#ifdef ASLEEP /* main() waits for it */
#define SEAM_NOTE_DOWN(self) \
	atomic_store_explicit(&seam_down[self], 1, memory_order_release)
#else
#define SEAM_NOTE_DOWN(self) ((void)0)
#endif

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

/* True: decided, *in the queue or not.  False: the queue has changed since the look at it, which is
 * left to the execution in which the look finds it changed. */
static inline bool seam_enter(struct seam_queue *q, PP_ATOMIC(uint32_t) *word, uint32_t expected,
                              uint32_t bit, bool *in)
{
	uint32_t seen = atomic_load_explicit(&q->threads, memory_order_acquire);

	*in = atomic_load_explicit(word, memory_order_relaxed) == expected;
	return !*in || atomic_compare_exchange_strong_explicit(&q->threads, &seen, seen | bit,
	                                                       memory_order_release,
	                                                       memory_order_relaxed);
}

/* The look at the word and going to sleep are one step against wake calls. */
int pp_futex_wait(PP_ATOMIC(uint32_t) *word, uint32_t expected, int64_t deadline,
                  bool interruptible)
{
	struct seam_queue *q = seam_queue_of(word);
	unsigned self = seam_self();
	bool in;

	(void)interruptible; /* no signals here */
	SEAM_AWAIT(seam_enter(q, word, expected, UINT32_C(1) << self, &in));
	if (!in)
		return -EAGAIN;
	SEAM_NOTE_DOWN(self);
	return seam_sleep(q, self, deadline);
}

#ifndef SEAM_FIRST
#define SEAM_FIRST 1 /* the thread that is woken before those behind it, by number */
#endif

/* Those who are woken. */
static inline uint32_t seam_choose(uint32_t threads, uint32_t n)
{
	uint32_t chosen = 0, k;

	for (k = 0; k < SEAM_THREADS && n > 0; k++) {
		uint32_t bit = UINT32_C(2) << (SEAM_FIRST - 1 + k) % SEAM_THREADS;

		if (threads & bit) {
			chosen |= bit;
			n--;
		}
	}
	return chosen;
}

/* As seam_enter(). */
static inline bool seam_take(struct seam_queue *q, uint32_t n, uint32_t *chosen)
{
	uint32_t seen = atomic_load_explicit(&q->threads, memory_order_relaxed);

	*chosen = seam_choose(seen, n);
	return atomic_compare_exchange_strong_explicit(&q->threads, &seen,
	                                               (seen & ~*chosen) + SEAM_CALL,
	                                               memory_order_release, memory_order_relaxed);
}

uint32_t pp_futex_wake(PP_ATOMIC(uint32_t) *word, uint32_t n)
{
	struct seam_queue *q = seam_queue_of(word);
	uint32_t chosen, k, woken = 0;

	SEAM_AWAIT(seam_take(q, n, &chosen));
	for (k = 1; k <= SEAM_THREADS; k++)
		if (chosen & UINT32_C(1) << k) {
			atomic_fetch_add_explicit(&seam_woken[k], 1, memory_order_release);
			woken++;
		}
	return woken;
}

#endif
