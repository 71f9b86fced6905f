/* SPDX-License-Identifier: MIT */
#include "base/fence.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/nap.h"

/* linux/membarrier.h is not on every build machine's include path (musl). */
enum {
	MEMBARRIER_PRIVATE_EXPEDITED          = 1 << 3,
	MEMBARRIER_REGISTER_PRIVATE_EXPEDITED = 1 << 4,
};

enum { UNKNOWN, ASYMMETRIC, FENCED };

/* Relaxed throughout: the word is its own only content, and registering twice is
 * harmless, so two first callers may both do it. */
static _Atomic int mode;

static int membarrier(int command)
{
	int saved = errno;
	long r = syscall(SYS_membarrier, command, 0, 0);
	errno = saved;
	return (int)r;
}

bool pp_fence_needed(void)
{
	int m = atomic_load_explicit(&mode, memory_order_relaxed);

	if (m == UNKNOWN) {
		bool accepted = membarrier(MEMBARRIER_REGISTER_PRIVATE_EXPEDITED) == 0 &&
		                membarrier(MEMBARRIER_PRIVATE_EXPEDITED) == 0;
		m = accepted ? ASYMMETRIC : FENCED;
		atomic_store_explicit(&mode, m, memory_order_relaxed);
	}
	return m == FENCED;
}

/*
 * A system call filter that was installed after the first ring was opened may refuse what
 * the kernel had accepted.  Nothing else makes the other CPUs fence (mprotect no longer
 * does where the CPU broadcasts TLB invalidations), so wait until their store buffers
 * have long drained.  No architecture promises a bound; docs/security.md says to allow
 * membarrier, or to install the filter first.
 */
static void outwait_store_buffers(void)
{
	atomic_thread_fence(memory_order_seq_cst);
	while (pp_nap() < 0)
		;
	atomic_thread_fence(memory_order_seq_cst);
}

void pp_fence_membarrier(void)
{
	if (membarrier(MEMBARRIER_PRIVATE_EXPEDITED) != 0)
		outwait_store_buffers();
}
