/* SPDX-License-Identifier: MIT */
/* What the threads of this process are doing. */
#ifndef TESTS_STACKS_H
#define TESTS_STACKS_H

#include <stdbool.h>
#include <sys/syscall.h>

/* Of a 32-bit machine with a wide time_t the call has another number. */
static inline bool is_futex(long number)
{
#ifdef SYS_futex_time64
	if (number == SYS_futex_time64)
		return true;
#endif
#ifdef SYS_futex
	return number == SYS_futex;
#else
	return false;
#endif
}

/* The stacks of all of them on standard error, by gdb.  False: it is missing, or may not attach. */
bool stacks_print(void);
/* Whether the kernel says that the thread is asleep in a futex. */
bool stacks_in_futex(int tid);

#endif
