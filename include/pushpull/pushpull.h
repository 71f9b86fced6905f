/* SPDX-License-Identifier: MIT */
/*
 * libpushpull: bounded queues between threads, with backpressure.
 *
 * A ring has two ends, like pipe(2): a push end (pp_tx) for producers and a
 * pull end (pp_rx) for consumers.  It holds at most `capacity` items of
 * `item_size` bytes.  A full ring blocks the producer, an empty one blocks the
 * consumer, and a blocked thread sleeps in a futex.  When the push side is done
 * it closes; the pull side drains what is left and then sees the end.
 *
 * Who may run at the same time, on one ring ("x" = the caller must prevent it):
 *
 *                        PP_SPSC                      PP_MPMC
 *                 push  pull  close cancel     push  pull  close cancel
 *    push          x     .     .     .          .     .     .     .
 *    pull          .     x     .     .          .     .     .     .
 *    close         .     .     .     .          .     .     .     .
 *    cancel        .     .     .     .          .     .     .     .
 *    depth, stats, dump: with everything.
 *    last unref of an end: with no other use of that end.
 *
 * Results.  0, or a count, is success; a negative errno value is a failure, and
 * errno itself is not touched.  Where several apply, the first of this list is
 * given: -EINVAL, -ESHUTDOWN, -EPIPE, the operation itself, -ETIMEDOUT, -EINTR.
 *
 *    result       from push                       from pull
 *    0            the item is in the ring         the item is in the buffer
 *                 (capacity 0: a puller has it)
 *    -EAGAIN      try: full (capacity 0: no       try: empty (capacity 0: no
 *                 puller is waiting)              pusher is waiting)
 *    -EBUSY       try: another operation is half-way or a slot is open, so neither
 *                 possible nor ruled out
 *    -ETIMEDOUT   deadline passed, item not taken deadline passed, nothing taken
 *    -EINTR       a signal handler ran during the sleep (PP_INTERRUPTIBLE)
 *    -EPIPE       the pull side is gone           the push side is gone and the
 *                                                 ring is drained: the end
 *    -ESHUTDOWN   this ring was closed            this ring was cancelled
 *    -EINVAL      an argument is wrong
 *
 * A push that fails has not handed its item over.  A pull that fails leaves the
 * caller's buffer untouched.
 *
 * Memory ordering.  Everything a thread did before a push is visible to the
 * thread whose pull returned that item.  The k-th pull from a ring of capacity C
 * is ordered before the completion of push k + C.
 *
 * After fork(2) the child must not use or free a ring of the parent.
 */
#ifndef PUSHPULL_PUSHPULL_H
#define PUSHPULL_PUSHPULL_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PP_VERSION_MAJOR 0
#define PP_VERSION_MINOR 1
#define PP_VERSION_PATCH 0

#if defined(__GNUC__)
#define PP_API __attribute__((visibility("default")))
#else
#define PP_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Opening ------------------------------------------------------------ */

typedef struct pp_tx pp_tx; /* push end: can push and close, cannot pull           */
typedef struct pp_rx pp_rx; /* pull end: can pull and cancel, cannot push or close */

typedef enum pp_kind {
	PP_SPSC = 1, /* one pushing and one pulling thread at a time; after L. Lamport */
	PP_MPMC = 2  /* any number of each; after D. Vyukov's bounded MPMC queue       */
} pp_kind;

/* Flags of pp_config. */
#define PP_INTERRUPTIBLE 0x1u /* a signal handler ends a sleep with -EINTR              */
#define PP_TRACK_DEPTH   0x2u /* depth_max is an upper bound, at a small cost per push  */

/* Values of pp_config.spin_ns. */
#define PP_SPIN_ADAPTIVE 0    /* learn how long spinning pays (the default) */
#define PP_SPIN_NONE     (-1) /* park at once                               */

/*
 * What pp_open_with() opens.  A zero in a field without "no default" means its
 * default.  Make one with PP_CONFIG(), which sets `size`.
 */
typedef struct pp_config {
	size_t   size;      /* sizeof(pp_config): lets the struct grow without an ABI break */
	pp_kind  kind;      /* no default                                                   */
	size_t   capacity;  /* items; 0 = rendezvous; any number, exactly                   */
	size_t   item_size; /* bytes, at least 1; no default                                */
	unsigned flags;     /* PP_INTERRUPTIBLE, PP_TRACK_DEPTH; unknown bits: -EINVAL      */
	int64_t  spin_ns;   /* PP_SPIN_ADAPTIVE, PP_SPIN_NONE, or n > 0: spin at most n
	                       nanoseconds before parking                                   */
	void (*drop)(void *item, void *context); /* gets each item that is left behind by a
	                       cancel, exactly once, with no lock held; may call any pp
	                       function; may be NULL                                        */
	void       *drop_context;
	const char *name;   /* shown by stats and pp_dump; copied, cut at 31 bytes; may be
	                       NULL                                                         */
} pp_config;

/* A pp_config with `size` and the given designated fields set (C only):
 *     pp_open_with(&tx, &rx, &PP_CONFIG(.kind = PP_MPMC, .capacity = 64, .item_size = 8)) */
#ifndef __cplusplus
#define PP_CONFIG(...) ((pp_config){ .size = sizeof(pp_config), __VA_ARGS__ })
#endif

/*
 * pp_open - open a ring of `capacity` items of `item_size` bytes.
 *
 * Blocks: no.  Threads: any.  All memory is allocated here; no thread is started,
 * no signal or atfork handler is installed.  Each end starts with one reference.
 *
 * Results: 0; -EINVAL (a NULL pointer, an unknown kind, item_size 0, sizes that
 * overflow); -ENOMEM.  On an error *tx and *rx are NULL.
 */
PP_API int pp_open(pp_tx **tx, pp_rx **rx, pp_kind kind, size_t capacity, size_t item_size);

/*
 * pp_open_with - pp_open with everything that can be chosen.
 *
 * A `config->size` smaller or larger than the library's own is accepted; fields
 * that this library does not know must be zero.
 *
 * Blocks, threads, results: as pp_open; also -EINVAL for an unknown flag and for a
 * negative spin_ns other than PP_SPIN_NONE.
 */
PP_API int pp_open_with(pp_tx **tx, pp_rx **rx, const pp_config *config);

/* ---- Time --------------------------------------------------------------- */

typedef int64_t pp_time; /* nanoseconds on CLOCK_MONOTONIC */

#define PP_FOREVER INT64_MAX
#define PP_US      INT64_C(1000)
#define PP_MS      INT64_C(1000000)
#define PP_SEC     INT64_C(1000000000)

/* pp_now - the time on CLOCK_MONOTONIC, in nanoseconds.  Blocks: no.  Threads: any. */
PP_API pp_time pp_now(void);

/* pp_in - now + ns, never past PP_FOREVER and never below 0.  Blocks: no.  Threads: any. */
PP_API pp_time pp_in(int64_t ns);

/* ---- Push and pull ------------------------------------------------------ */

/*
 * pp_push - copy `item_size` bytes from `item` into the ring; wait for room.
 *
 * Blocks: while the ring is full (capacity 0: until a puller has the item), or
 * while the slot whose turn it is belongs to a thread that is half-way.  The fast
 * path is non-blocking: no lock, no system call.
 * Threads: PP_SPSC one pushing thread at a time; PP_MPMC any number.
 * Ordering: what the caller did before is visible to the puller of this item.
 *
 * Results: 0; -ESHUTDOWN (closed); -EPIPE (cancelled); -EINTR (PP_INTERRUPTIBLE
 * only); -EINVAL.  Algorithm: Lamport's ring (PP_SPSC), Vyukov's bounded MPMC queue
 * (PP_MPMC).
 */
PP_API int pp_push(pp_tx *tx, const void *item);

/* pp_try_push - as pp_push, but never waits for another thread.
 * Blocks: no.  Results: those of pp_push but for -EINTR; also -EAGAIN (full; capacity
 * 0: no puller is waiting), -EBUSY (hangs on a thread that is half-way). */
PP_API int pp_try_push(pp_tx *tx, const void *item);

/* pp_push_until - as pp_push, giving up at `deadline` (a past one: takes what is
 * there now).  Results: those of pp_push; also -ETIMEDOUT. */
PP_API int pp_push_until(pp_tx *tx, const void *item, pp_time deadline);

/*
 * pp_pull - copy the oldest item into `item`; wait for one.
 *
 * Blocks: while the ring is empty and not closed, or while the oldest slot belongs
 * to a pushing thread that is half-way.
 * Threads: PP_SPSC one pulling thread at a time; PP_MPMC any number.
 * Ordering: sees what the pusher of this item did before the push; comes before the
 * completion of the push `capacity` items later.
 *
 * Results: 0; -ESHUTDOWN (cancelled); -EPIPE (closed and drained: the end of the
 * stream); -EINTR (PP_INTERRUPTIBLE only); -EINVAL.
 */
PP_API int pp_pull(pp_rx *rx, void *item);

/* pp_try_pull - as pp_pull, but never waits for another thread.
 * Blocks: no.  Results: those of pp_pull but for -EINTR; also -EAGAIN (empty; capacity
 * 0: no pusher is waiting), -EBUSY. */
PP_API int pp_try_pull(pp_rx *rx, void *item);

/* pp_pull_until - as pp_pull, giving up at `deadline`.  Also -ETIMEDOUT. */
PP_API int pp_pull_until(pp_rx *rx, void *item, pp_time deadline);

/*
 * Batches: `n` items that lie one after the other.  Each returns how many items
 * moved, 0 only when n or max is 0.  If some had moved before it had to stop
 * (closed, cancelled, deadline, signal) it returns that number; if none, what the
 * single operation gives.  Items of others may come between those of a batch.
 * Threads, ordering: as for the single operation.  n or max over SSIZE_MAX: -EINVAL.
 */

/* pp_push_n - push all `n`; blocks until all are in. */
PP_API ssize_t pp_push_n(pp_tx *tx, const void *items, size_t n);
/* pp_try_push_n - push as many as fit now.  Blocks: no. */
PP_API ssize_t pp_try_push_n(pp_tx *tx, const void *items, size_t n);
/* pp_push_n_until - pp_push_n, giving up at `deadline`. */
PP_API ssize_t pp_push_n_until(pp_tx *tx, const void *items, size_t n, pp_time deadline);
/* pp_pull_n - wait for the first item, then take what is there, `max` at most. */
PP_API ssize_t pp_pull_n(pp_rx *rx, void *items, size_t max);
/* pp_try_pull_n - take what is there now, `max` at most.  Blocks: no. */
PP_API ssize_t pp_try_pull_n(pp_rx *rx, void *items, size_t max);
/* pp_pull_n_until - wait for `min` items (taken as they arrive, so min may exceed the
 * capacity), take `max` at most, give up at `deadline`.  min 0 is as try; min over max:
 * -EINVAL. */
PP_API ssize_t pp_pull_n_until(pp_rx *rx, void *items, size_t min, size_t max, pp_time deadline);

/* ---- Choosing among several: select -------------------------------------- */

/* One operation that pp_select() may perform: a push (`tx` set) or a pull (`rx` set).  Both
 * ends NULL: disabled, as a nil channel in Go. */
typedef struct pp_case {
	pp_tx   *tx;
	pp_rx   *rx;
	void    *item;        /* push: what is pushed, only read; pull: where the item goes   */
	int      result;      /* of the case that was chosen; the others keep theirs          */
	unsigned flags;       /* 0 */
	void    *reserved[6]; /* the library's during the call                                */
} pp_case;

/* Flags of pp_select(). */
#define PP_ORDERED 0x1u /* of several that can go ahead, the first; else a random one */

/*
 * pp_select - perform exactly one of several pushes and pulls; wait if none can go ahead.
 *
 * Returns the index of the case that was performed, whose `result` then is 0, -EPIPE or
 * -ESHUTDOWN, as from the single operation: a ring that has ended is ready.  Where several
 * can go ahead, each is as likely as the others, or with PP_ORDERED the first is taken.  At
 * capacity 0 a waiting select counts as a waiting pusher or puller; a call never meets itself.
 *
 * Blocks: until a case can go ahead or `deadline` passes; a past one takes what is there now,
 * as Go's `default`.  Sleeps once for all cases, allocates nothing.  With a past deadline it
 * never waits for another thread.
 * Threads: for each enabled case as the single operation.  `cases` belongs to the call until
 * it returns.
 * Ordering: that of the push or pull that was performed.
 *
 * Results: an index; -ETIMEDOUT; -EINTR (an enabled ring has PP_INTERRUPTIBLE); -EBUSY (nothing
 * can go ahead, and an enabled end of PP_SPSC has a slot open, so that its case could not at
 * any time: see pp_push_begin()); -EINVAL (no enabled case with
 * PP_FOREVER, a case with both ends or without an item, unknown flags, count over INT_MAX).
 * After a failure nothing was pushed or pulled.  Algorithm: docs/select.md.
 */
PP_API int pp_select(pp_case *cases, size_t count, unsigned flags, pp_time deadline);

/* ---- Waiting in an event loop --------------------------------------------- */

/*
 * pp_rx_fd, pp_tx_fd - a descriptor for poll(2), epoll(7), io_uring or any event loop, readable
 * when the armed end has become ready.  Made on the first call, close-on-exec, owned by the
 * ring: do not read, write or close it.  Valid until the end is freed, that is until both
 * sides of the ring have been let go of.
 *
 * Blocks: no.  Threads: any that holds a reference.  Costs nothing until armed.
 * Results: >= 0; -EMFILE, -ENFILE, -ENOMEM (as eventfd(2)); -EINVAL.
 */
PP_API int pp_rx_fd(pp_rx *rx);
PP_API int pp_tx_fd(pp_tx *tx);

/*
 * pp_rx_arm, pp_tx_arm - ask for the descriptor to become readable.
 *
 * Make try operations until one gives -EAGAIN or -EBUSY, then arm.  1: the end is ready now,
 * start over.  0: armed, and not readable now; it becomes readable once an operation of this
 * end may go ahead (an item, a free slot, the end of the stream).  Then start over: it may turn
 * out that another thread was faster.  Arm takes a readable descriptor back.  One event
 * makes the descriptor readable once and disarms it.
 *
 * Blocks: no; for the short lock of a meeting at capacity 0, and of a list of watchers, in
 * which nothing is copied.  Threads: one at a time for each end; for PP_SPSC the pushing, the
 * pulling thread.  Two sides that only try and arm do not meet at capacity 0.
 * Ordering: none; the try operation that follows has its own.
 * Results: 0; 1; -EBUSY (PP_SPSC: a slot of this end is open); -EINVAL; and those of
 * pp_rx_fd(), if it was not called before.
 */
PP_API int pp_rx_arm(pp_rx *rx);
PP_API int pp_tx_arm(pp_tx *tx);

/* ---- Working in place ------------------------------------------------------ */

/*
 * pp_push_begin - open the next slot, to write the item in place; wait for room.
 *
 * *slot is `item_size` bytes, aligned to the largest power of two that divides the item size,
 * at most that of max_align_t; what they hold is undefined.  The slot is the caller's until
 * pp_push_commit() or pp_push_abort().  PP_MPMC: any number of slots may be open, and be
 * committed in any order by any thread; pulls that reach an open one wait for it, others go on
 * behind it for one lap at most.  PP_SPSC: one slot for each end, and any other operation of
 * that end gives -EBUSY meanwhile.
 *
 * Blocks, threads: as pp_push.  Results: 0; -ESHUTDOWN; -EPIPE; -EINTR; -EINVAL; -EBUSY
 * (PP_SPSC: a slot is open); -ENOTSUP (capacity 0).  On a failure *slot is NULL.
 */
PP_API int pp_push_begin(pp_tx *tx, void **slot);
/* pp_try_push_begin - as pp_push_begin, but never waits.  Blocks: no.  Also -EAGAIN, -EBUSY. */
PP_API int pp_try_push_begin(pp_tx *tx, void **slot);
/* pp_push_begin_until - as pp_push_begin, giving up at `deadline`.  Also -ETIMEDOUT. */
PP_API int pp_push_begin_until(pp_tx *tx, void **slot, pp_time deadline);

/*
 * pp_push_commit - the item in `slot` is complete: push it.
 *
 * Blocks: no.  Threads: PP_SPSC the pushing thread; PP_MPMC any.
 * Ordering: as pp_push: what the caller did before is visible to the puller.
 * Results: 0, exactly when the item will be pulled or dropped; -ESHUTDOWN, -EPIPE (PP_SPSC: the
 * ring ended meanwhile, the item stays the caller's); -EINVAL (not an open slot of this ring, as
 * far as that can be seen); -ENOTSUP (capacity 0).  The slot is closed but after -EINVAL.
 */
PP_API int pp_push_commit(pp_tx *tx, void *slot);

/*
 * pp_push_abort - push nothing after all.  The slot counts as occupied until everything before
 * it is pulled, and then is free without a pull.
 *
 * Blocks: no.  Threads: as pp_push_commit.  Results: 0; -EINVAL; -ENOTSUP.
 */
PP_API int pp_push_abort(pp_tx *tx, void *slot);

/*
 * pp_pull_begin - take the oldest item and leave it in its slot; wait for one.
 *
 * The item is pulled now; the slot, as for pp_push_begin, is the caller's until pp_pull_commit(),
 * to be read or changed.  Blocks, threads, ordering: as pp_pull.
 * Results: 0; -ESHUTDOWN; -EPIPE; -EINTR; -EINVAL; -EBUSY (PP_SPSC: a slot is open); -ENOTSUP
 * (capacity 0).  On a failure *slot is NULL.
 */
PP_API int pp_pull_begin(pp_rx *rx, void **slot);
/* pp_try_pull_begin - as pp_pull_begin, but never waits.  Blocks: no.  Also -EAGAIN, -EBUSY. */
PP_API int pp_try_pull_begin(pp_rx *rx, void **slot);
/* pp_pull_begin_until - as pp_pull_begin, giving up at `deadline`.  Also -ETIMEDOUT. */
PP_API int pp_pull_begin_until(pp_rx *rx, void **slot, pp_time deadline);

/*
 * pp_pull_commit - give the slot back.
 *
 * Blocks: no.  Threads: PP_SPSC the pulling thread; PP_MPMC any.  Ordering: what the caller did
 * with the slot comes before the push that uses it next.
 * Results: 0, also after a cancel; -EINVAL; -ENOTSUP.
 */
PP_API int pp_pull_commit(pp_rx *rx, void *slot);

/* ---- Ending ------------------------------------------------------------- */

/*
 * pp_close - "no more items".  Pushes give -ESHUTDOWN from now on; pulls drain every
 * item whose push returned 0, then give -EPIPE.  Wakes everyone concerned.
 *
 * Blocks: no; at capacity 0 for the short lock of the meeting, which is never held while
 * anything is copied.  Threads: any that holds a reference, also while others are blocked.
 * Idempotent.  A push that races with it returns 0 and is delivered, or -ESHUTDOWN
 * and is not.  Results: 0; -EINVAL.
 */
PP_API int pp_close(pp_tx *tx);

/*
 * pp_cancel - "no more pulls".  Pushes give -EPIPE from now on, pulls -ESHUTDOWN; the
 * items still in the ring go to `drop`, at the latest when the last pull end is let
 * go, possibly in the thread of a push or pull that was under way.
 *
 * Blocks: as pp_close.  Threads: any that holds a reference.  Idempotent.  Results: 0;
 * -EINVAL.
 */
PP_API int pp_cancel(pp_rx *rx);

/*
 * pp_tx_ref, pp_rx_ref - one more owner of an end.  Ownership is not permission to
 * run side by side: a PP_SPSC end still serves one thread at a time.
 * Blocks: no.  Threads: any that holds a reference.  Results: 0; -EINVAL;
 * -EOVERFLOW (2^31 references).
 */
PP_API int pp_tx_ref(pp_tx *tx);
PP_API int pp_rx_ref(pp_rx *rx);

/*
 * pp_tx_unref, pp_rx_unref - let go of a reference.  The last push end closes, the
 * last pull end cancels; when both sides are gone the ring is freed.  NULL is fine.
 * Blocks: no.  Threads: any that holds a reference, which no other thread may be
 * using at the same time.
 */
PP_API void pp_tx_unref(pp_tx *tx);
PP_API void pp_rx_unref(pp_rx *rx);

/* ---- Looking at a ring -------------------------------------------------- */

/* Items in the ring now, 0 to capacity; exact when nothing else runs.  NULL: 0.
 * Blocks: no.  Threads: any that holds a reference. */
PP_API size_t pp_tx_depth(const pp_tx *tx);
PP_API size_t pp_rx_depth(const pp_rx *rx);
/* What the ring was opened with.  NULL: 0. */
PP_API size_t  pp_tx_capacity(const pp_tx *tx);
PP_API size_t  pp_rx_capacity(const pp_rx *rx);
PP_API size_t  pp_tx_item_size(const pp_tx *tx);
PP_API size_t  pp_rx_item_size(const pp_rx *rx);
PP_API pp_kind pp_tx_kind(const pp_tx *tx);
PP_API pp_kind pp_rx_kind(const pp_rx *rx);

typedef struct pp_stats {
	size_t   size;                      /* sizeof(pp_stats), set by the caller          */
	char     name[32];
	uint64_t pushed, pulled, dropped;   /* items                                        */
	size_t   depth, capacity;
	size_t   depth_max;                 /* high-water mark, never over capacity: with
	                                       PP_TRACK_DEPTH an upper bound, exact without
	                                       concurrency; else a lower bound              */
	uint64_t push_parks, pull_parks;    /* times a thread went to sleep                 */
	uint64_t push_wakes, pull_wakes;    /* futex wake calls made for a sleeping pusher,
	                                       for a sleeping puller                        */
	uint64_t push_full, pull_empty;     /* calls that found no room, no item; may
	                                       undercount under concurrency                 */
	uint64_t push_blocked_ns, pull_blocked_ns; /* total time asleep, finished sleeps    */
	uint32_t pushers_parked, pullers_parked;   /* threads asleep now                    */
	uint32_t tx_refs, rx_refs;
	int      closed, cancelled;
} pp_stats;

/* Fill *stats; fields beyond the library's own are zeroed.  Exact when nothing else
 * runs; costs the fast path nothing.  Blocks: no.  Threads: any that holds a
 * reference.  Results: 0; -EINVAL (NULL, a `size` that does not reach past `name`). */
PP_API int pp_tx_stats(const pp_tx *tx, pp_stats *stats);
PP_API int pp_rx_stats(const pp_rx *rx, pp_stats *stats);

/*
 * pp_dump - write one line per open ring of the process to `fd`: name, kind, depth of
 * capacity, items pushed and pulled, threads asleep on each side, closed or cancelled.
 *
 * Blocks: only as write(2) does; takes no lock.  Threads: any, also from a signal
 * handler (the only call here that may) or a debugger.  Rings being opened or freed
 * at that moment may be missing or stale.  Keeps errno.
 * Results: 0, or the negative errno value of write(2).
 */
PP_API int pp_dump(int fd);

/* pp_version - "MAJOR.MINOR.PATCH" of the library that is loaded. */
PP_API const char *pp_version(void);

#ifdef __cplusplus
}
#endif

#endif
