/* SPDX-License-Identifier: MIT */
/* The short lock of the meeting: three states over a futex, after U. Drepper's "Futexes
 * are tricky" (mutex 2), with a try and a deadline. */
#ifndef PP_RENDEZVOUS_LOCK_H
#define PP_RENDEZVOUS_LOCK_H

#include <errno.h>

#include "base/atomic.h"
#include "base/compiler.h"
#include "park/futex.h"

enum { LOCK_FREE = 0, LOCK_HELD = 1, LOCK_AWAITED = 2, LOCK_SPINS = 40 };

PP_INLINE bool lock_try(PP_ATOMIC(uint32_t) *lock)
{
	uint32_t free = LOCK_FREE;

	return pp_load(lock) == LOCK_FREE && pp_lock_cas(LOCK_TAKE, lock, &free, LOCK_HELD);
}

/* 0, or -ETIMEDOUT. */
static inline int lock_until(PP_ATOMIC(uint32_t) *lock, int64_t deadline)
{
	int i;

	for (i = 0; i < LOCK_SPINS; i++) {
		if (lock_try(lock))
			return 0;
		pp_pause();
	}
	while (pp_exchange_acquire(LOCK_SLEEP, lock, LOCK_AWAITED) != LOCK_FREE)
		if (pp_futex_wait(lock, LOCK_AWAITED, deadline, false) == -ETIMEDOUT)
			return -ETIMEDOUT;
	return 0;
}

PP_INLINE void lock_release(PP_ATOMIC(uint32_t) *lock)
{
	if (pp_exchange_release(LOCK_GIVE, lock, LOCK_FREE) == LOCK_AWAITED)
		PP_SWITCH(LOCK_WAKE, (void)0, (void)pp_futex_wake(lock, 1));
}

#endif
