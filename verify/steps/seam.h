/* SPDX-License-Identifier: MIT */
/*
 * The seam of base/atomic.h for the scheduler of this folder: each operation is a step, before
 * which another thread may run, and then a plain access.  All threads are in one thread of the
 * system, so no access needs more than that, and no order or fence means anything: what runs here
 * is sequentially consistent.
 *
 * The library's files are compiled with this included first (-include) and as PP_MODEL.  In place
 * of what they would find:
 *
 *   base/clock.h, time.c      time is a number that the scheduler moves
 *   base/random.h             a random choice is a choice of the scheduler's
 *   base/fence.c              a fence does nothing; a scenario says whether rings are fenced
 *   park/futex.c, pollable.c  sleeping and waking are the scheduler's
 *   park/spin.c               no spinning, or one more look
 *   malloc                    counted, and what was freed is not to be touched any more
 */
#ifndef STEPS_SEAM_H
#define STEPS_SEAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Where in the library a step is. */
struct steps_site {
	const char *file;
	int line;
	const char *what, *text;
};

/* Before an access; `address` must be alive when it comes to it. */
void steps_access(const struct steps_site *site, const void *address);
/* The same for one that only reads. */
void steps_load(const struct steps_site *site, const void *address);
/* A weak exchange may fail for no reason. */
bool steps_weak_fails(void);
void steps_pause(void);
int64_t steps_now(void);
uint32_t steps_random_below(uint32_t n);
void *steps_alloc(size_t align, size_t size);
void steps_free(void *block);

#define aligned_alloc(align, size) steps_alloc(align, size)
#define free(block)                steps_free(block)

/* ---- in place of base/clock.h and base/random.h ------------------------------------------ */

#define PP_BASE_CLOCK_H
#define PP_BASE_RANDOM_H
#define pp_clock_now()      steps_now()
#define pp_random_below(n)  steps_random_below(n)

/* ---- pauses, without the instruction ----------------------------------------------------- */

#define pp_pause pp_real_pause
#include "base/compiler.h"
#undef pp_pause
#define pp_pause() steps_pause()

/* ---- base/fence.h ------------------------------------------------------------------------- */

bool pp_fence_needed(void);

/* ---- the hooks ------------------------------------------------------------------------------ */

#include "base/hooks.h"

void steps_stall(enum pp_stall_point point);

/* ---- the memory of places, as it is without a model ----------------------------------------- */

#define place_of(c)        ((struct select_place *)(void *)(c)->reserved)
#define case_of(link) \
	((pp_case *)(void *)((unsigned char *)(link) - offsetof(pp_case, reserved)))
#define async_place_of(op) ((struct async_place *)(void *)(op)->reserved)

/* ---- mutants: one program, in which one label may be weakened ------------------------------- */

extern const char *steps_mutant;

static inline bool steps_is_mutant(const char *label)
{
	return __builtin_expect(steps_mutant != NULL, 0) && strcmp(steps_mutant, label) == 0;
}

#endif

/* ---- the names of base/atomic.h, which includes this a second time -------------------------- */

#if defined(PP_SWITCH) && !defined(STEPS_SEAM_ATOMIC)
#define STEPS_SEAM_ATOMIC

#undef PP_SWITCH
#define PP_SWITCH(label, mutated, normal) (steps_is_mutant(#label) ? mutated : normal)

/* A call that the compiler cannot see into stands before each access, so none is kept or moved. */
#define PP_ATOMIC(type) __typeof__(type)
#define PP_PLAIN(type)  type

#define STEPS_SITE(what, p)                                                      \
	static const struct steps_site site_ = { __FILE__, __LINE__, what, #p }

#define STEPS_LOAD(p) __extension__({                                            \
	STEPS_SITE("load", p);                                                   \
	__typeof__(p) at_ = (p);                                                 \
	steps_load(&site_, at_);                                                 \
	*at_; })

#define STEPS_STORE(p, v) __extension__({                                        \
	STEPS_SITE("store", p);                                                  \
	__typeof__(p) at_ = (p);                                                 \
	__auto_type v_ = (v);                                                    \
	steps_access(&site_, at_);                                               \
	*at_ = v_;                                                               \
	(void)0; })

/* What was there; `next` is what will be, by `old_` and `v_`. */
#define STEPS_CHANGE(what, p, v, next) __extension__({                           \
	STEPS_SITE(what, p);                                                     \
	__typeof__(p) at_ = (p);                                                 \
	__auto_type v_ = (v);                                                    \
	steps_access(&site_, at_);                                               \
	__auto_type old_ = *at_;                                                 \
	*at_ = (next);                                                           \
	(void)v_;                                                                \
	old_; })

#define STEPS_EXCHANGE_IF(what, p, expected, v, fails) __extension__({           \
	STEPS_SITE(what, p);                                                     \
	__typeof__(p) at_ = (p);                                                 \
	__auto_type expected_ = (expected);                                      \
	__auto_type v_ = (v);                                                    \
	bool done_;                                                              \
	steps_access(&site_, at_);                                               \
	done_ = *at_ == *expected_ && !(fails);                                  \
	if (done_)                                                               \
		*at_ = v_;                                                       \
	else                                                                     \
		*expected_ = *at_;                                               \
	done_; })

#define STEPS_ADD(p, v)    STEPS_CHANGE("add", p, v, old_ + v_)
#define STEPS_OR(p, v)     STEPS_CHANGE("or", p, v, old_ | v_)
#define STEPS_SWAP(p, v)   STEPS_CHANGE("exchange", p, v, v_)
#define STEPS_WEAK(p, e, v)   STEPS_EXCHANGE_IF("weak exchange", p, e, v, steps_weak_fails())
#define STEPS_STRONG(p, e, v) STEPS_EXCHANGE_IF("exchange if", p, e, v, false)

#define pp_load(p)                       STEPS_LOAD(p)
#define pp_store(p, v)                   STEPS_STORE(p, v)
#define pp_fetch_add(p, v)               STEPS_ADD(p, v)
#define pp_fetch_or(p, v)                STEPS_OR(p, v)
#define pp_exchange(p, v)                STEPS_SWAP(p, v)
#define pp_cas(p, e, v)                  STEPS_WEAK(p, e, v)
#define pp_decide_relaxed(p, e, v)       STEPS_STRONG(p, e, v)

#define pp_load_acquire(label, p)         STEPS_LOAD(p)
#define pp_store_release(label, p, v)     STEPS_STORE(p, v)
#define pp_fetch_add_release(label, p, v) STEPS_ADD(p, v)
#define pp_fetch_add_acq_rel(label, p, v) STEPS_ADD(p, v)
#define pp_fetch_or_acq_rel(label, p, v)  STEPS_OR(p, v)
#define pp_exchange_acquire(label, p, v)  STEPS_SWAP(p, v)
#define pp_exchange_release(label, p, v)  STEPS_SWAP(p, v)
#define pp_lock_cas(label, p, e, v)       STEPS_STRONG(p, e, v)
#define pp_cas_release(label, p, e, v)    STEPS_WEAK(p, e, v)
#define pp_decide(label, p, e, v)         STEPS_STRONG(p, e, v)

#define pp_light(label, fenced) ((void)(fenced))
#define pp_heavy(label, fenced) ((void)(fenced))
#define pp_full_fence(label)    ((void)0)
#define PP_STALL(point)         steps_stall(PP_AT_##point)

#endif
