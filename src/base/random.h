/* SPDX-License-Identifier: MIT */
/* Numbers for a fair choice, not for secrets: the upper half of a linear congruential generator
 * (the multiplier is D. Knuth's, of MMIX). */
#ifndef PP_BASE_RANDOM_H
#define PP_BASE_RANDOM_H

#include <stdint.h>

#include "base/clock.h"
#include "base/compiler.h"

/* With glibc the first use of another kind would allocate.  musl never does so, and refuses to load
 * a library with this kind into a program that runs. */
#ifdef __GLIBC__
#define PP_TLS __attribute__((tls_model("initial-exec")))
#else
#define PP_TLS
#endif

/* Below n, which is 1 at least; each thread has its own sequence. */
static inline uint32_t pp_random_below(uint32_t n)
{
	static _Thread_local uint64_t state PP_TLS;

	if (pp_unlikely(state == 0))
		state = (uint64_t)(uintptr_t)&state ^ (uint64_t)pp_clock_now() << 20;
	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)((state >> 32) * n >> 32);
}

#endif
