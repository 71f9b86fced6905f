/* SPDX-License-Identifier: MIT */
/*
 * How an end is used, in one word: the number of calls under way, and two flags.
 *
 *   RELEASED  let go: no call gets in any more.  Who takes the count to 0 with the flag set, or
 *             sets the flag when it is 0, gives the reference of the ring back.  As none gets in
 *             afterwards, the count reaches 0 once.
 *   BUSY      PP_SPSC: a call that needs the end for itself is under way.
 *
 * The names of the operations, and the labels, are those of the library's own sources, so that its model
 * checker can read this text (tests/model/use.cpp; docs/memory-model.md).
 */
#ifndef FFI_USE_H
#define FFI_USE_H

#include <stdbool.h>
#include <stdint.h>

#ifndef PP_ATOMIC
#include <stdatomic.h>
#define PP_ATOMIC(type) _Atomic(type)
#define pp_load(p) atomic_load_explicit(p, memory_order_relaxed)
#define pp_lock_cas(label, p, expected, v) \
	atomic_compare_exchange_strong_explicit(p, expected, v, memory_order_acquire, memory_order_relaxed)
#define pp_fetch_add_acq_rel(label, p, v) atomic_fetch_add_explicit(p, v, memory_order_acq_rel)
#define pp_fetch_or_acq_rel(label, p, v)  atomic_fetch_or_explicit(p, v, memory_order_acq_rel)
#endif

#define USE_RELEASED UINT32_C(0x80000000)
#define USE_BUSY     UINT32_C(0x40000000)

enum use_result { USE_IN, USE_IS_RELEASED, USE_IS_BUSY };

/* Get in; `flag` is 0, or USE_BUSY of a call that needs the end for itself. */
static inline enum use_result use_enter(PP_ATOMIC(uint32_t) *word, uint32_t flag)
{
	uint32_t state = pp_load(word);

	do {
		if (state & USE_RELEASED)
			return USE_IS_RELEASED;
		if (state & flag)
			return USE_IS_BUSY;
		/* The thread that was here before is done with its side of the ring. */
	} while (!pp_lock_cas(USE_ENTER, word, &state, (state + 1) | flag));
	return USE_IN;
}

/* True: the last one out, and the end was let go: the reference is to be given back.
 * Release: to the next who needs the end for itself, and to who gives it back.  Acquire: that is after
 * everything that the others did. */
static inline bool use_leave(PP_ATOMIC(uint32_t) *word, uint32_t flag)
{
	return pp_fetch_add_acq_rel(USE_LEAVE, word, UINT32_C(0) - (1 + flag)) - flag == (USE_RELEASED | 1);
}

/* True: nobody is in, and it was not let go before: the reference is to be given back. */
static inline bool use_release(PP_ATOMIC(uint32_t) *word)
{
	return pp_fetch_or_acq_rel(USE_RELEASE, word, USE_RELEASED) == 0;
}

/* Let go, if nobody is in; the reference goes to the caller's own caller. */
static inline enum use_result use_detach(PP_ATOMIC(uint32_t) *word)
{
	uint32_t state = 0;

	if (pp_lock_cas(USE_DETACH, word, &state, USE_RELEASED))
		return USE_IN;
	return state & USE_RELEASED ? USE_IS_RELEASED : USE_IS_BUSY;
}

static inline bool use_is_released(PP_ATOMIC(uint32_t) *word)
{
	return pp_load(word) & USE_RELEASED;
}

#endif
