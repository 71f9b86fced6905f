/* SPDX-License-Identifier: MIT */
/*
 * Rings of one type, in C, with the path of an item inlined into the caller.
 *
 *   struct job { int id; char what[28]; };
 *   PP_TYPED(jobs, struct job)
 *
 * defines, for pp_tx and pp_rx ends of rings whose items are struct job,
 *
 *   jobs_open
 *   jobs_push        jobs_try_push      jobs_push_until
 *   jobs_push_n      jobs_try_push_n    jobs_push_n_until
 *   jobs_pull        jobs_try_pull      jobs_pull_until
 *   jobs_pull_n      jobs_try_pull_n    jobs_pull_n_until
 *
 * Each is the function of pushpull.h with the type in place of void: what it does, whether it
 * blocks, who may call it, its results and its ordering are described there.  One thing is added: an
 * end whose item size is not sizeof(struct job) gives -EINVAL.  Typed and untyped calls may
 * share a ring, and pp_open_with() opens one for both.
 *
 * The inlined path compares one word of the end and calls the library for everything that it
 * was not compiled for, so a program may meet a later library (pushpull/fast.h).
 *
 * It is worth its size in the caller where an item takes a few nanoseconds; where it takes
 * more, the plain functions are as good.
 */
#ifndef PUSHPULL_TYPED_H
#define PUSHPULL_TYPED_H

#include <errno.h>

#include <pushpull/fast.h>
#include <pushpull/pushpull.h>

/* Are the end's items of `size` bytes?  NULL: no. */
PP_FAST_INLINE int pp_typed_tx(pp_tx *tx, size_t size)
{
	return pp_tx_item_size(tx) == size;
}

PP_FAST_INLINE int pp_typed_rx(pp_rx *rx, size_t size)
{
	return pp_rx_item_size(rx) == size;
}

/* 1: done, *result is what to return.  0: call the library. */
PP_FAST_INLINE int pp_typed_put(pp_tx *tx, const void *item, size_t size, int *result)
{
	enum pp_fast_result r;
	uint32_t word;

	if (!PP_FAST_LIKELY(tx && item && size < PP_FAST_SIZES))
		return 0;
	word = *(const uint32_t *)(const void *)tx;
	if (word == PP_FAST_WORD(PP_SPSC, size))
		r = pp_fast_put((struct pp_fast_push *)(void *)tx, item, size);
	else if (word == PP_FAST_MARKED_WORD(size))
		r = pp_fast_put_marked((struct pp_fast_push *)(void *)tx, item, size);
	else if (word == PP_FAST_WORD(PP_MPMC, size))
		r = pp_fast_put_shared((const struct pp_fast_shared *)(void *)tx, item, size);
	else
		return 0;
	if (r == PP_FAST_LOST)
		pp_fast_contended(pp_tx_capacity(tx));
	*result = r == PP_FAST_ALERTED ? pp_fast_pushed(tx) : 0;
	return r == PP_FAST_DONE || r == PP_FAST_ALERTED;
}

PP_FAST_INLINE int pp_typed_get(pp_rx *rx, void *item, size_t size, int *result)
{
	enum pp_fast_result r;
	uint32_t word;

	if (!PP_FAST_LIKELY(rx && item && size < PP_FAST_SIZES))
		return 0;
	word = *(const uint32_t *)(const void *)rx;
	if (word == PP_FAST_WORD(PP_SPSC, size))
		r = pp_fast_get((struct pp_fast_pull *)(void *)rx, item, size);
	else if (word == PP_FAST_MARKED_WORD(size))
		r = pp_fast_get_marked((struct pp_fast_pull *)(void *)rx, item, size);
	else if (word == PP_FAST_WORD(PP_MPMC, size))
		r = pp_fast_get_shared((const struct pp_fast_shared *)(void *)rx, item, size);
	else
		return 0;
	if (r == PP_FAST_LOST)
		pp_fast_contended(pp_rx_capacity(rx));
	*result = r == PP_FAST_ALERTED ? pp_fast_pulled(rx) : 0;
	return r == PP_FAST_DONE || r == PP_FAST_ALERTED;
}

#define PP_TYPED_FN_ __attribute__((unused)) static inline

/* One item: inlined, or by the library if the size is right. */
#define PP_TYPED_ONE_(end, way, name, call, type, parameters, arguments)              \
	PP_TYPED_FN_ int name parameters                                              \
	{                                                                             \
		int pp_result_ = 0;                                                   \
		if (pp_typed_##way(end, item, sizeof(type), &pp_result_))             \
			return pp_result_;                                            \
		return pp_typed_##end(end, sizeof(type)) ? call arguments : -EINVAL; \
	}

/* Several: the library copies them at once, so there is nothing to gain from inlining. */
#define PP_TYPED_SOME_(end, name, call, type, parameters, arguments)                  \
	PP_TYPED_FN_ ssize_t name parameters                                          \
	{                                                                             \
		return pp_typed_##end(end, sizeof(type)) ? call arguments : -EINVAL; \
	}

#define PP_TYPED(name, type)                                                                  \
	PP_TYPED_FN_ int name##_open(pp_tx **tx, pp_rx **rx, pp_kind kind, size_t capacity)   \
	{                                                                                     \
		return pp_open(tx, rx, kind, capacity, sizeof(type));                         \
	}                                                                                     \
	PP_TYPED_PUSH_(name, type)                                                            \
	PP_TYPED_PULL_(name, type)                                                            \
	struct name##_is_typed_ /* for the semicolon behind PP_TYPED() */

#define PP_TYPED_PUSH_(name, type)                                                            \
	PP_TYPED_ONE_(tx, put, name##_push, pp_push, type,                                    \
	              (pp_tx *tx, type const *item), (tx, item))                              \
	PP_TYPED_ONE_(tx, put, name##_try_push, pp_try_push, type,                            \
	              (pp_tx *tx, type const *item), (tx, item))                              \
	PP_TYPED_ONE_(tx, put, name##_push_until, pp_push_until, type,                        \
	              (pp_tx *tx, type const *item, pp_time deadline), (tx, item, deadline))  \
	PP_TYPED_SOME_(tx, name##_push_n, pp_push_n, type,                                    \
	               (pp_tx *tx, type const *items, size_t n), (tx, items, n))              \
	PP_TYPED_SOME_(tx, name##_try_push_n, pp_try_push_n, type,                            \
	               (pp_tx *tx, type const *items, size_t n), (tx, items, n))              \
	PP_TYPED_SOME_(tx, name##_push_n_until, pp_push_n_until, type,                        \
	               (pp_tx *tx, type const *items, size_t n, pp_time deadline),            \
	               (tx, items, n, deadline))

#define PP_TYPED_PULL_(name, type)                                                            \
	PP_TYPED_ONE_(rx, get, name##_pull, pp_pull, type,                                    \
	              (pp_rx *rx, type *item), (rx, item))                                    \
	PP_TYPED_ONE_(rx, get, name##_try_pull, pp_try_pull, type,                            \
	              (pp_rx *rx, type *item), (rx, item))                                    \
	PP_TYPED_ONE_(rx, get, name##_pull_until, pp_pull_until, type,                        \
	              (pp_rx *rx, type *item, pp_time deadline), (rx, item, deadline))        \
	PP_TYPED_SOME_(rx, name##_pull_n, pp_pull_n, type,                                    \
	               (pp_rx *rx, type *items, size_t max), (rx, items, max))                \
	PP_TYPED_SOME_(rx, name##_try_pull_n, pp_try_pull_n, type,                            \
	               (pp_rx *rx, type *items, size_t max), (rx, items, max))                \
	PP_TYPED_SOME_(rx, name##_pull_n_until, pp_pull_n_until, type,                        \
	               (pp_rx *rx, type *items, size_t min, size_t max, pp_time deadline),    \
	               (rx, items, min, max, deadline))

#endif
