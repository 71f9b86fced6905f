/* SPDX-License-Identifier: MIT */
/*
 * The asymmetric fence.
 *
 * A thread that pushes or pulls stores (publishes) and then loads ("does anyone
 * sleep?"); a thread about to sleep stores ("I do") and then loads (is there work?).
 * Between store and load each side needs a full fence, and a full fence in every
 * operation costs more than the operation.  So the frequent side makes a light fence,
 * which only stops the compiler, and the rare side a heavy one, membarrier(2)
 * PRIVATE_EXPEDITED, which makes every other running thread of the process execute a
 * full fence at some point between its two instructions.
 *
 *   Guarantee: for a light fence L and a heavy fence H, either everything before L
 *   is visible to what follows H, or everything before H is visible to what follows L.
 *   A heavy fence is also a full fence of its own thread, at its beginning and at its end.
 *
 * Where the kernel refuses membarrier, both are full fences ("fenced" rings).
 * Whether a ring is fenced is decided when it is opened and never changes.
 */
#ifndef PP_BASE_FENCE_H
#define PP_BASE_FENCE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/compiler.h"

/* True when rings must be fenced.  Registers with the kernel on the first call. */
bool pp_fence_needed(void);

/* The heavy fence of a ring that is not fenced. */
void pp_fence_membarrier(void);

PP_INLINE void pp_fence_light(bool fenced)
{
	if (pp_unlikely(fenced))
		atomic_thread_fence(memory_order_seq_cst);
	else
		atomic_signal_fence(memory_order_seq_cst);
}

PP_INLINE void pp_fence_heavy(bool fenced)
{
	if (pp_unlikely(fenced))
		atomic_thread_fence(memory_order_seq_cst);
	else
		pp_fence_membarrier();
}

#endif
