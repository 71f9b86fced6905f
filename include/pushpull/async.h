/* SPDX-License-Identifier: MIT */
/*
 * Pushes and pulls that wait without a thread: for futures, callbacks and schedulers of tasks.
 * docs/async.md says how they work and when to take them; pushpull.h has all the rest.
 */
#ifndef PUSHPULL_ASYNC_H
#define PUSHPULL_ASYNC_H

#include <pushpull/pushpull.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * One push or pull that waits for its turn, and calls when that may have come: what a future of a
 * language with async functions, or a callback, is made of.  Zeroed but for `ready` and `context`
 * before the first call; the same, and at the same place in memory, until the operation has ended.
 */
typedef struct pp_async {
	void (*ready)(void *context); /* the operation may go ahead: make the same call again, soon.
	                                 With no lock held, in the thread that makes it possible, in
	                                 the middle of its call, or in the call itself.  Best it only
	                                 notes that.  It may call any pp function but those that
	                                 wait; made in it, the operation may call the next one that
	                                 waits, and so on, each deeper in the stack.  It must not let
	                                 go of a reference that the call around it uses          */
	void (*ref)(void *context);   /* both or neither: `context` is counted.  One reference goes
	                                 to each call of `ready` that may come, which lets go of it;
	                                 `unref` does so where it will not come                  */
	void (*unref)(void *context);
	void  *context;
	unsigned flags;               /* 0 */
	void  *reserved[12];          /* the library's */
} pp_async;

/* A pp_async with the given designated fields set, and zero in the others (C only). */
#ifndef __cplusplus
#define PP_ASYNC(...) ((pp_async){ __VA_ARGS__ })
#endif

/*
 * pp_push_async, pp_pull_async - push, pull; where that would wait, -EAGAIN, and `op->ready` is
 * called once the operation may go ahead.  Then make the same call again.  It may turn out that
 * another thread was faster: -EAGAIN again, and another call.  To make the call early does no harm.
 * Any number of operations may wait on one end (PP_SPSC: they are uses of that end, so one at a
 * time); an event calls as many as it brings items, or slots, sometimes one more in vain; the end
 * of the ring calls all.
 *
 * Nothing is taken from the ring, or put into it, but by the call that says so.  Capacity 0: a
 * waiting pp_push_async counts as a waiting pusher, and its item may be taken at any time, so
 * `item` must stay until the operation has ended; a waiting pp_pull_async is no waiting puller,
 * but meets whoever waits.
 *
 * The operation has ended with every result but -EAGAIN; then `op` serves for the next one as it
 * is.  While it waits, `op` must not be moved, freed or changed, nor the reference of the end be
 * let go of, before it is withdrawn.
 *
 * Blocks: no; for the short locks that pp_rx_arm() names.  Allocates nothing.  Threads, ordering:
 * as pp_push, pp_pull; the calls of one operation are one after the other: `ready` may be called
 * before the call that gives -EAGAIN has returned, and the next one is to be made after that.
 * Results: those of pp_push, pp_pull but for -EINTR; -EAGAIN; -EBUSY (PP_SPSC: a slot of this end
 * is open; the operation has ended); -EINVAL (also unknown flags, no `ready`, `ref` without
 * `unref`).  Algorithm: docs/async.md.
 */
PP_API int pp_push_async(pp_tx *tx, const void *item, pp_async *op);
PP_API int pp_pull_async(pp_rx *rx, void *item, pp_async *op);

/*
 * pp_push_withdraw, pp_pull_withdraw - end an operation that waits, or may wait; if its turn had
 * come, it is handed on to who waits next.  A call of `ready` that has begun may still be running
 * in another thread: count the context, or keep it for good.  Does nothing for one that has ended.
 *
 * Blocks: as pp_push_async; capacity 0: also while a puller copies this very item.  Threads: as
 * pp_push_async.
 * Results: 0: it moved nothing and will not; 1: the item had been pushed (capacity 0 only);
 * -EINVAL.
 */
PP_API int pp_push_withdraw(pp_tx *tx, pp_async *op);
PP_API int pp_pull_withdraw(pp_rx *rx, pp_async *op);

#ifdef __cplusplus
}
#endif

#endif
