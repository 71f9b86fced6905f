/* SPDX-License-Identifier: MIT */
#include "park/futex.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/nap.h"

/* Of a 32-bit machine: SYS_futex takes its old, narrow time, and where it is born with a wide one
 * there is none.  Else there is only SYS_futex. */
#ifndef SYS_futex
#define SYS_futex SYS_futex_time64
#endif
#ifndef SYS_futex_time64
#define SYS_futex_time64 SYS_futex
#endif
enum { FUTEX = sizeof(time_t) > sizeof(long) ? SYS_futex_time64 : SYS_futex };

/* A filter that lets nobody sleep.  Who waits looks again every millisecond, and needs no wake. */
static int look_again_later(int64_t deadline)
{
	if (deadline != INT64_MAX && deadline <= pp_clock_now())
		return -ETIMEDOUT;
	return pp_nap() < 0 ? -EINTR : -EAGAIN;
}

int pp_futex_wait(PP_ATOMIC(uint32_t) *word, uint32_t expected, int64_t deadline,
                  bool interruptible)
{
	/* A far deadline in place of none is what makes the kernel report a signal. */
	bool timed = deadline != INT64_MAX || interruptible;
	struct timespec until = pp_clock_timespec(deadline);
	int saved = errno;
	/* The bitset form takes an absolute time, on CLOCK_MONOTONIC. */
	long r = syscall(FUTEX, word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, expected,
	                 timed ? &until : NULL, NULL, FUTEX_BITSET_MATCH_ANY);
	int result = r < 0 ? -errno : 0;

	errno = saved;
	if (result == 0 || result == -EAGAIN || result == -EINTR || result == -ETIMEDOUT)
		return result;
	return look_again_later(deadline);
}

uint32_t pp_futex_wake(PP_ATOMIC(uint32_t) *word, uint32_t n)
{
	int saved = errno;
	long woken = syscall(FUTEX, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, n, NULL, NULL, 0);

	errno = saved;
	return woken > 0 ? (uint32_t)woken : 0;
}
