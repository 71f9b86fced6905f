/* SPDX-License-Identifier: MIT */
/* What the two rings say in the same words. */
#ifndef PP_RING_RING_H
#define PP_RING_RING_H

#include "base/atomic.h"
#include "base/compiler.h"

/* Why nothing could be claimed. */
enum {
	RING_NONE   = 0,  /* full; empty                                           */
	RING_BUSY   = -1, /* hangs on an operation that is half-way                */
	RING_SEALED = -2, /* this side has ended                                   */
	RING_END    = -3  /* pull: the push side has ended and everything is taken */
};

/* Bits of a ring's `ended` word; only ever set. */
enum {
	RING_CLOSED    = 1, /* no more pushes             */
	RING_CANCELLED = 2  /* no more pushes and no more pulls */
};

#endif
