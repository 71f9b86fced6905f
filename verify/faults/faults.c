/* SPDX-License-Identifier: MIT */
#include "faults.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static struct fault faults[POINTS];
static atomic_uint calls[POINTS], fired[POINTS];
static atomic_long blocks;
static int dump_fd = -1;

void fault_set(enum point point, struct fault fault)
{
	faults[point] = fault;
}

void fault_clear(void)
{
	int i;

	for (i = 0; i < POINTS; i++) {
		faults[i] = (struct fault){ 0 };
		atomic_store(&calls[i], 0);
		atomic_store(&fired[i], 0);
	}
}

unsigned fault_calls(enum point point)
{
	return atomic_load(&calls[point]);
}

unsigned fault_fired(enum point point)
{
	return atomic_load(&fired[point]);
}

const char *fault_name(enum point point)
{
	static const char *const names[POINTS] = {
		"aligned_alloc", "calloc", "membarrier(REGISTER)", "membarrier", "futex(WAIT)",
		"futex(WAKE)", "eventfd", "read of an eventfd", "write of an eventfd",
		"write of pp_dump", "close of an eventfd", "sched_getaffinity", "sched_yield", "clock_nanosleep"
	};

	return names[point];
}

long fault_blocks(void)
{
	return atomic_load(&blocks);
}

void fault_dump_fd(int fd)
{
	dump_fd = fd;
}

/* What is to be done in place of this call; 0: the call. */
static int decide(enum point point)
{
	static _Thread_local uint64_t state;
	unsigned number = atomic_fetch_add(&calls[point], 1) + 1;
	const struct fault *f = &faults[point];

	if (!f->what)
		return 0;
	if (!state)
		state = (uintptr_t)&state;
	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	if (f->at ? number != f->at : (state >> 33) % f->one_in != 0)
		return 0;
	atomic_fetch_add(&fired[point], 1);
	return f->what;
}

static int failed(int what)
{
	errno = what;
	return -1;
}

/* ---- in place of the C library's --------------------------------------------------------- */

void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void __real_free(void *block);
void __wrap_free(void *block);
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
int __real_eventfd(unsigned count, int flags);
int __wrap_eventfd(unsigned count, int flags);
int __real_sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set);
int __wrap_sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set);
int __real_sched_yield(void);
int __wrap_sched_yield(void);
int __real_clock_nanosleep(clockid_t clock, int flags, const struct timespec *t,
                           struct timespec *left);
int __wrap_clock_nanosleep(clockid_t clock, int flags, const struct timespec *t,
                           struct timespec *left);

static void *allocated(void *block)
{
	if (block)
		atomic_fetch_add(&blocks, 1);
	return block;
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
	if (!decide(AT_ALIGNED_ALLOC))
		return allocated(__real_aligned_alloc(alignment, size));
	errno = ENOMEM;
	return NULL;
}

void *__wrap_calloc(size_t count, size_t size)
{
	if (!decide(AT_CALLOC))
		return allocated(__real_calloc(count, size));
	errno = ENOMEM;
	return NULL;
}

void __wrap_free(void *block)
{
	if (block)
		atomic_fetch_sub(&blocks, 1);
	__real_free(block);
}

/* A call that is not here is one that docs/security.md does not name. */
static enum point point_of(long number, const long *a)
{
	switch (number) {
	case SYS_membarrier:
		return a[0] == 1 << 4 ? AT_REGISTER : AT_MEMBARRIER;
	case SYS_read:
		return AT_EVENT_READ;
	case SYS_write:
		return (int)a[0] == dump_fd ? AT_DUMP_WRITE : AT_EVENT_WRITE;
	case SYS_close:
		return AT_CLOSE;
#ifdef SYS_futex
	case SYS_futex:
#endif
#ifdef SYS_futex_time64
	case SYS_futex_time64:
#endif
		return (a[1] & FUTEX_CMD_MASK) == FUTEX_WAKE ? AT_FUTEX_WAKE : AT_FUTEX_WAIT;
	default:
		fprintf(stderr, "FAILED  system call %ld is not one of the library's\n", number);
		abort();
	}
}

long __wrap_syscall(long number, ...)
{
	long a[6], done;
	va_list args;
	int i, what;

	va_start(args, number);
	for (i = 0; i < 6; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	what = decide(point_of(number, a));
	if (what == FAULT_SPURIOUS)
		return 0;
	if (what == FAULT_SHORT)
		a[2] = a[2] > 1 ? a[2] / 2 : a[2];
	else if (what && what != FAULT_DONE_ANYWAY)
		return failed(what);
	done = __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	return what == FAULT_DONE_ANYWAY ? failed(EINVAL) : done;
}

int __wrap_eventfd(unsigned count, int flags)
{
	int what = decide(AT_EVENTFD);

	return what ? failed(what) : __real_eventfd(count, flags);
}

int __wrap_sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set)
{
	int what = decide(AT_AFFINITY);

	if (what == FAULT_ONE_CPU) {
		CPU_ZERO_S(size, set);
		CPU_SET_S(0, size, set);
		return 0;
	}
	return what ? failed(what) : __real_sched_getaffinity(pid, size, set);
}

int __wrap_sched_yield(void)
{
	int what = decide(AT_YIELD);

	return what ? failed(what) : __real_sched_yield();
}

/* This one returns its error, and leaves errno. */
int __wrap_clock_nanosleep(clockid_t clock, int flags, const struct timespec *t,
                           struct timespec *left)
{
	int what = decide(AT_NAP);

	return what ? what : __real_clock_nanosleep(clock, flags, t, left);
}
