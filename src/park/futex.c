/* SPDX-License-Identifier: MIT */
#include "park/futex.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"

#ifndef SYS_futex
#define SYS_futex SYS_futex_time64 /* 32-bit machines born with a 64-bit time_t */
#endif

int pp_futex_wait(PP_ATOMIC(uint32_t) *word, uint32_t expected, int64_t deadline,
                  bool interruptible)
{
	/* A far deadline in place of none is what makes the kernel report a signal. */
	bool timed = deadline != INT64_MAX || interruptible;
	struct timespec until = pp_clock_timespec(deadline);
	int saved = errno;
	/* The bitset form takes an absolute time, on CLOCK_MONOTONIC. */
	long r = syscall(SYS_futex, word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, expected,
	                 timed ? &until : NULL, NULL, FUTEX_BITSET_MATCH_ANY);
	int result = r < 0 ? -errno : 0;

	errno = saved;
	return result;
}

uint32_t pp_futex_wake(PP_ATOMIC(uint32_t) *word, uint32_t n)
{
	int saved = errno;
	long woken = syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, n, NULL, NULL, 0);

	errno = saved;
	return woken > 0 ? (uint32_t)woken : 0;
}
