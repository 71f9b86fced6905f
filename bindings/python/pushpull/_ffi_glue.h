/* SPDX-License-Identifier: MIT */
/*
 * Between Python and the library: an end of a ring as a Python object has it.
 *
 * cffi gives up the GIL around each of these calls, so that any of them may run in several threads
 * at once, on the same end too.  What the library leaves to its caller is settled here:
 *
 * - An end may be let go while other threads are in a call on it.  The reference is given back by
 *   the last of them.
 * - An end of PP_SPSC serves one thread at a time.  A second one gets PPY_TWO_THREADS.
 * - A forked child must not touch a ring of its parent.  It gets PPY_FORKED.
 * - Python runs signal handlers between two calls, in its main thread.  So a wait returns PPY_AGAIN
 *   after a signal, and in the main thread after a while without one; call again, with the same
 *   deadline.
 */
#ifndef FFI_GLUE_H
#define FFI_GLUE_H

#include <Python.h>
#include <stdint.h>
#include <sys/types.h>

#include <pushpull/pushpull.h>

/* What follows is read by cffi too. */
/* cdef */
typedef struct ppy_end ppy_end;

/* One case of a select.  A push if `end` is a push end. */
typedef struct ppy_case {
	ppy_end *end;    /* NULL: disabled */
	void    *item;
	int      result; /* of the case that was chosen */
} ppy_case;

/* Results beside those of the library. */
enum {
	PPY_AGAIN = -10001,       /* run signal handlers and call again   */
	PPY_RELEASED = -10002,    /* this end was let go                  */
	PPY_FORKED = -10003,      /* the ring is the parent's             */
	PPY_TWO_THREADS = -10004, /* PP_SPSC: another thread is using it  */
	PPY_IN_USE = -10005       /* detach: a call is under way          */
};

/* Once, at import: the calling thread counts as main from now on if `main` is its identity. */
int ppy_start(unsigned long main);

/* 0, or a negative errno value.  ends[0] is the push end, ends[1] the pull end. */
int ppy_open(ppy_end **ends, int kind, size_t capacity, size_t item_size, unsigned flags,
             int64_t spin_ns, const char *name);
/* A new handle for an end at an address.  With `take` it owns the caller's reference, else one more. */
int ppy_adopt(ppy_end **end, uintptr_t address, int pushes, int take);
int ppy_clone(ppy_end **copy, ppy_end *end);
/* The address, borrowed; 0 if there is none any more. */
uintptr_t ppy_address(ppy_end *end);
/* Let go, but leave the reference to the caller, who has the address. */
int  ppy_detach(ppy_end *end);
void ppy_release(ppy_end *end);
/* The end of the handle itself. */
void ppy_free(ppy_end *end);

/* Deadlines are those of the library; `slice` limits a wait in the main thread, in ns. */
int     ppy_push(ppy_end *tx, const void *item, int64_t deadline, int64_t slice);
int     ppy_pull(ppy_end *rx, void *item, int64_t deadline, int64_t slice);
ssize_t ppy_push_n(ppy_end *tx, const void *items, size_t n, int64_t deadline, int64_t slice);
ssize_t ppy_pull_n(ppy_end *rx, void *items, size_t min, size_t max, int64_t deadline,
                   int64_t slice);
/* Tries: -EAGAIN also where the library says -EBUSY.  A single one is a batch of 1. */
ssize_t ppy_try_push_n(ppy_end *tx, const void *items, size_t n);
ssize_t ppy_try_pull_n(ppy_end *rx, void *items, size_t max);
int     ppy_select(ppy_case *cases, size_t count, unsigned flags, int64_t deadline, int64_t slice);

/* Close, or cancel. */
int     ppy_finish(ppy_end *end);
int     ppy_arm(ppy_end *end);
int     ppy_fd(ppy_end *end);
/* Keep the descriptor, that is the ring, although the end is let go meanwhile. */
int     ppy_hold(ppy_end *end);
void    ppy_unhold(ppy_end *end);
ssize_t ppy_depth(ppy_end *end);
int     ppy_stats(ppy_end *end, pp_stats *stats);
/* What the ring was opened with, in this order: kind, capacity, item size. */
int     ppy_shape(ppy_end *end, size_t *shape);
/* end of cdef */

#endif
