/* SPDX-License-Identifier: MIT */
/*
 * The fences on this machine, by the shape that needs them: each of two threads stores to one word,
 * makes its fence and loads the other's.  With a fence missing both soon miss the other's store.
 */
#include "support.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fence.h"

enum { PAIRS = 2000, MOST_NS = 300000000 };

TestSuite(fence, .timeout = 60);

/* Both threads go along the pairs as fast as they can, and soon are at the same at the same time. */
static struct pair {
	_Alignas(64) _Atomic unsigned word[2]; /* the round in which it was stored last */
	_Alignas(64) bool missed[2];           /* the other's store */
} pairs[PAIRS];

static void (*fences[2])(void);
static pthread_barrier_t barrier;
static unsigned both_missed, rounds;
static bool over;

static void light(void) { pp_fence_light(false); }
static void heavy(void) { pp_fence_heavy(false); }
static void light_full(void) { pp_fence_light(true); }
static void heavy_full(void) { pp_fence_heavy(true); }

/* Relaxed: only the fences order the store and the load. */
static void play(int me, unsigned round)
{
	for (struct pair *p = pairs; p < pairs + PAIRS; p++) {
		atomic_store_explicit(&p->word[me], round, memory_order_relaxed);
		fences[me]();
		p->missed[me] = atomic_load_explicit(&p->word[!me], memory_order_relaxed) != round;
	}
}

static void *other_thread(void *unused)
{
	for (unsigned round = 1; ; round++) {
		pthread_barrier_wait(&barrier);
		if (over)
			return unused;
		play(1, round);
		pthread_barrier_wait(&barrier);
	}
}

static void count(void)
{
	for (struct pair *p = pairs; p < pairs + PAIRS; p++)
		both_missed += p->missed[0] && p->missed[1];
}

/* The time ends it: on a busy machine it sees little, and that shows nothing wrong. */
static void both_never_miss(void (*first)(void), void (*second)(void))
{
	pp_time end = pp_in(MOST_NS);
	pthread_t thread;

	fences[0] = first;
	fences[1] = second;
	pthread_barrier_init(&barrier, NULL, 2);
	cr_assert(pthread_create(&thread, NULL, other_thread, NULL) == 0, "no thread");
	do {
		pthread_barrier_wait(&barrier);
		play(0, ++rounds);
		pthread_barrier_wait(&barrier);
		count();
	} while (pp_now() < end && both_missed == 0);
	over = true;
	pthread_barrier_wait(&barrier);
	pthread_join(thread, NULL);
	cr_assert(both_missed == 0, "round %u: both missed the other's store %u times", rounds,
	          both_missed);
}

/* What the kernel says, not what the library found. */
static bool kernel_has_membarrier(void)
{
	long commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);

	return commands > 0 && commands & MEMBARRIER_CMD_PRIVATE_EXPEDITED;
}

Test(fence, rings_are_fenced_only_where_membarrier_is_missing)
{
	bool needed = pp_fence_needed();

	cr_assert(needed == !kernel_has_membarrier(), "fenced: %d", needed);
	cr_assert(pp_fence_needed() == needed, "a second ring is as the first");
}

Test(fence, a_light_and_a_heavy_fence_do_not_both_miss)
{
	if (!kernel_has_membarrier())
		cr_skip_test("no membarrier");
	cr_assert(!pp_fence_needed(), "the process has registered now");
	both_never_miss(light, heavy);
}

Test(fence, a_heavy_fence_is_a_full_fence_of_its_own_thread)
{
	if (!kernel_has_membarrier())
		cr_skip_test("no membarrier");
	cr_assert(!pp_fence_needed(), "the process has registered now");
	both_never_miss(heavy, light_full);
}

Test(fence, the_fences_of_fenced_rings_do_not_both_miss)
{
	both_never_miss(light_full, heavy_full);
}
