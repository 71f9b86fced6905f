/* SPDX-License-Identifier: MIT */
/* Numbers for a fair choice, not for secrets.  After S. Vigna's splitmix64. */
#ifndef PP_BASE_RANDOM_H
#define PP_BASE_RANDOM_H

#include <stdint.h>

#include "base/clock.h"

/* Below n, which is 1 at least; each thread has its own sequence. */
static inline uint32_t pp_random_below(uint32_t n)
{
	static _Thread_local uint64_t state __attribute__((tls_model("initial-exec")));
	uint64_t z;

	if (state == 0)
		state = (uint64_t)(uintptr_t)&state ^ (uint64_t)pp_clock_now() << 20;
	z = state += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)(((z ^ z >> 31) >> 32) * n >> 32);
}

#endif
