/* SPDX-License-Identifier: MIT */
/* What the two rings say in the same words. */
#ifndef PP_RING_RING_H
#define PP_RING_RING_H

#include "base/atomic.h"
#include "base/compiler.h"
#include "ring/slot.h"

/* The text that callers inline, over our own seam. */
#define PP_FAST_SEAM
#define PP_FAST_ATOMIC(type)               PP_ATOMIC(type)
#define PP_FAST_LOAD(p)                    pp_load(p)
#define PP_FAST_LOAD_ACQUIRE(label, p)     pp_load_acquire(label, (p))
#define PP_FAST_STORE_RELEASE(label, p, v) pp_store_release(label, (p), (v))
#define PP_FAST_EXCHANGE_IF(p, seen, v)    pp_cas((p), (seen), (v))
#define PP_FAST_LIGHT(label)               pp_light(label, false) /* fenced rings have no word */
#define PP_FAST_COPY(to, from, size)       pp_copy((to), (from), (size))
#define PP_FAST_FETCH(address)             pp_fetch_line(address)
#define PP_FAST_STRIDE(size)               pp_slot_bytes(size)
#define PP_FAST_TURN_STRIDE(size)          pp_turn_stride(size)
#define PP_FAST_TURN_OFFSET(size)          pp_turn_offset(size)
#define PP_FAST_MARK_STRIDE(size)          pp_mark_stride(size)
#define PP_FAST_MARK_OFFSET(size)          pp_mark_offset(size)
#define PP_FAST_STALL(point)               PP_STALL(point)
#include <pushpull/fast.h>

/* Bytes that lie behind the last slot, unused: who calls for a line ahead may go past the end. */
enum { RING_SLACK = 512, RING_FETCH = 2048 };

/* After a run of slots: how many bytes of the `left` ones behind it to call for, `most` of them. */
PP_INLINE size_t ring_fetch(uint64_t left, uint64_t most, size_t stride)
{
	uint64_t bytes = (left < most ? left : most) * stride;

	return bytes < RING_FETCH ? bytes : RING_FETCH;
}

/* Why nothing could be claimed. */
enum {
	RING_NONE   = 0,  /* full; empty                                           */
	RING_BUSY   = -1, /* hangs on an operation that is half-way                */
	RING_SEALED = -2, /* this side has ended                                   */
	RING_END    = -3, /* pull: the push side has ended and everything is taken */
	RING_ABORTED = -4 /* PP_MPMC: a slot is to be passed over first            */
};

/* Bits of a ring's `ended` word; only ever set. */
enum {
	RING_CLOSED    = 1, /* no more pushes             */
	RING_CANCELLED = 2  /* no more pushes and no more pulls */
};

#endif
