/* SPDX-License-Identifier: MIT */
/*
 * The seam: every atomic access, fence, plain item access and test hook of the
 * rings and of the parking code goes through a name of this file.  The library
 * compiles the names to C11 atomics; a model checker supplies its own meaning
 * (PP_MODEL), and so reads the text that ships.
 *
 * An operation that orders takes a label as its first argument.  The label is a
 * row of docs/memory-model.md, where its partner and its reason stand; it is also
 * a switch: with -D'PP_MUTANT_<label>=~,' that one ordering is weakened, and a
 * model test must notice.  Relaxed operations take no label: each says at its place
 * why nothing more is needed.
 */
#ifndef PP_BASE_ATOMIC_H
#define PP_BASE_ATOMIC_H

/* PP_SWITCH(label, mutated, normal): `normal`, unless the build is that mutant. */
#define PP_SECOND_(ignored, second, ...) second
#define PP_SECOND(...)                   PP_SECOND_(__VA_ARGS__)
#define PP_SWITCH(label, mutated, normal) PP_SECOND(PP_MUTANT_##label mutated, normal, 0)

#ifdef PP_MODEL
#include PP_MODEL
#else

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fence.h"

#define PP_ATOMIC(type) _Atomic(type)
#define PP_PLAIN(type)  type /* shared, guarded by others: a checker watches it for races */
#define PP_ORDER(label, weak, strong) \
	PP_SWITCH(label, memory_order_##weak, memory_order_##strong)

/* An exchange that the full fence behind it orders.  ThreadSanitizer does not see fences. */
#if defined(__SANITIZE_THREAD__)
#define PP_BEFORE_FENCE memory_order_acquire
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define PP_BEFORE_FENCE memory_order_acquire
#endif
#endif
#ifndef PP_BEFORE_FENCE
#define PP_BEFORE_FENCE memory_order_relaxed
#endif

/* Relaxed: atomic, no ordering. */
#define pp_load(p)         atomic_load_explicit((p), memory_order_relaxed)
#define pp_store(p, v)     atomic_store_explicit((p), (v), memory_order_relaxed)
#define pp_fetch_add(p, v) atomic_fetch_add_explicit((p), (v), memory_order_relaxed)
#define pp_fetch_or(p, v)  atomic_fetch_or_explicit((p), (v), memory_order_relaxed)
#define pp_exchange(p, v)  atomic_exchange_explicit((p), (v), PP_BEFORE_FENCE)
#define pp_cas(p, expected, v)                                                       \
	atomic_compare_exchange_weak_explicit((p), (expected), (v), memory_order_relaxed, \
	                                      memory_order_relaxed)

#define pp_decide_relaxed(p, expected, v)                                              \
	atomic_compare_exchange_strong_explicit((p), (expected), (v), memory_order_relaxed, \
	                                        memory_order_relaxed)

/* Ordered: each with the label of its edge. */
#define pp_load_acquire(label, p)  atomic_load_explicit((p), PP_ORDER(label, relaxed, acquire))
#define pp_store_release(label, p, v) \
	atomic_store_explicit((p), (v), PP_ORDER(label, relaxed, release))
#define pp_fetch_add_release(label, p, v) \
	atomic_fetch_add_explicit((p), (v), PP_ORDER(label, relaxed, release))
#define pp_fetch_add_acq_rel(label, p, v) \
	atomic_fetch_add_explicit((p), (v), PP_ORDER(label, relaxed, acq_rel))
#define pp_fetch_or_acq_rel(label, p, v) \
	atomic_fetch_or_explicit((p), (v), PP_ORDER(label, relaxed, acq_rel))
#define pp_exchange_acquire(label, p, v) \
	atomic_exchange_explicit((p), (v), PP_ORDER(label, relaxed, acquire))
#define pp_exchange_release(label, p, v) \
	atomic_exchange_explicit((p), (v), PP_ORDER(label, relaxed, release))
#define pp_lock_cas(label, p, expected, v)                                         \
	atomic_compare_exchange_strong_explicit((p), (expected), (v),                   \
	                                        PP_ORDER(label, relaxed, acquire),      \
	                                        memory_order_relaxed)
#define pp_cas_release(label, p, expected, v)                                      \
	atomic_compare_exchange_weak_explicit((p), (expected), (v),                     \
	                                      PP_ORDER(label, relaxed, release),        \
	                                      memory_order_relaxed)
/* Strong: decides once, for everybody; the loser reads the decision with acquire. */
#define pp_decide(label, p, expected, v)                                           \
	atomic_compare_exchange_strong_explicit((p), (expected), (v),                   \
	                                        PP_ORDER(label, relaxed, acq_rel),      \
	                                        PP_ORDER(label, relaxed, acquire))

/* The asymmetric fence (base/fence.h): light in the thread that does the work, heavy
 * in the one that is about to sleep.  `fenced`: this ring pays a real fence instead. */
#define pp_light(label, fenced) PP_SWITCH(label, (void)0, pp_fence_light(fenced))
#define pp_heavy(label, fenced) PP_SWITCH(label, (void)0, pp_fence_heavy(fenced))

/* A full fence in both parties, where both are rare. */
#define pp_full_fence(label) \
	PP_SWITCH(label, (void)0, atomic_thread_fence(memory_order_seq_cst))

/* Test hook: a place where a test may freeze the thread. */
#ifdef PP_TEST_HOOKS
#include "base/hooks.h"
#define PP_STALL(point) pp_test_stall(PP_AT_##point)
#else
#define PP_STALL(point) ((void)0)
#endif

#endif /* PP_MODEL */
#endif
