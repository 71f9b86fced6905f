/* SPDX-License-Identifier: MIT */
/* Time in nanoseconds on CLOCK_MONOTONIC, and its forms for system calls. */
#ifndef PP_BASE_CLOCK_H
#define PP_BASE_CLOCK_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

static inline int64_t pp_clock_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* A negative deadline is one long past; a far one stays far where time_t is narrow. */
static inline struct timespec pp_clock_timespec(int64_t ns)
{
	struct timespec ts = { 0, 0 };
	int64_t sec = ns / 1000000000;

	if (ns <= 0)
		return ts;
	if (sizeof ts.tv_sec < sizeof sec && sec > INT32_MAX)
		sec = INT32_MAX;
	ts.tv_sec = (time_t)sec;
	ts.tv_nsec = (long)(ns % 1000000000);
	return ts;
}

#endif
