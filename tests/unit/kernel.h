/* SPDX-License-Identifier: MIT */
/* A test that stands between the library and the kernel: syscall() of its own. */
#ifndef UNIT_KERNEL_H
#define UNIT_KERNEL_H

#include "../stacks.h"
#include "support.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <sys/syscall.h>

static inline long to_kernel(long number, const long *a)
{
	static long (*kernel)(long, ...);

	if (!kernel)
		*(void **)&kernel = dlsym(RTLD_NEXT, "syscall");
	return kernel(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* The library calls this one, as the program's comes first. */
#define KERNEL(call)                                     \
	long syscall(long number, ...)                   \
	{                                                \
		va_list rest;                            \
		long a[6];                               \
                                                         \
		va_start(rest, number);                  \
		for (size_t i = 0; i < ARRAY_LEN(a); i++) \
			a[i] = va_arg(rest, long);       \
		va_end(rest);                            \
		return call(number, a);                  \
	}                                                \
	_Static_assert(1, "") /* takes the semicolon */

#endif
