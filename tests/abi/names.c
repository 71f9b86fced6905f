/* SPDX-License-Identifier: MIT */
/*
 * The names, types and numbers that callers are written against.  It fails by not
 * compiling, which is when a caller would fail too.
 */
#include <pushpull/async.h>
#include <pushpull/pushpull.h>
#include <pushpull/typed.h>

#define IS(what, type) _Static_assert(_Generic((what), type: 1, default: 0), #what ": " #type)
#define FIELD(of, name, type) IS(&((of *)0)->name, type *)

IS(&pp_open, int (*)(pp_tx **, pp_rx **, pp_kind, size_t, size_t));
IS(&pp_open_with, int (*)(pp_tx **, pp_rx **, const pp_config *));

IS(&pp_now, pp_time (*)(void));
IS(&pp_in, pp_time (*)(int64_t));
IS((pp_time)0, int64_t);

IS(&pp_push, int (*)(pp_tx *, const void *));
IS(&pp_try_push, int (*)(pp_tx *, const void *));
IS(&pp_push_until, int (*)(pp_tx *, const void *, pp_time));
IS(&pp_push_n, ssize_t (*)(pp_tx *, const void *, size_t));
IS(&pp_try_push_n, ssize_t (*)(pp_tx *, const void *, size_t));
IS(&pp_push_n_until, ssize_t (*)(pp_tx *, const void *, size_t, pp_time));

IS(&pp_pull, int (*)(pp_rx *, void *));
IS(&pp_try_pull, int (*)(pp_rx *, void *));
IS(&pp_pull_until, int (*)(pp_rx *, void *, pp_time));
IS(&pp_pull_n, ssize_t (*)(pp_rx *, void *, size_t));
IS(&pp_try_pull_n, ssize_t (*)(pp_rx *, void *, size_t));
IS(&pp_pull_n_until, ssize_t (*)(pp_rx *, void *, size_t, size_t, pp_time));

IS(&pp_select, int (*)(pp_case *, size_t, unsigned, pp_time));

IS(&pp_rx_fd, int (*)(pp_rx *));
IS(&pp_tx_fd, int (*)(pp_tx *));
IS(&pp_rx_arm, int (*)(pp_rx *));
IS(&pp_tx_arm, int (*)(pp_tx *));

IS(&pp_push_begin, int (*)(pp_tx *, void **));
IS(&pp_try_push_begin, int (*)(pp_tx *, void **));
IS(&pp_push_begin_until, int (*)(pp_tx *, void **, pp_time));
IS(&pp_push_commit, int (*)(pp_tx *, void *));
IS(&pp_push_abort, int (*)(pp_tx *, void *));
IS(&pp_pull_begin, int (*)(pp_rx *, void **));
IS(&pp_try_pull_begin, int (*)(pp_rx *, void **));
IS(&pp_pull_begin_until, int (*)(pp_rx *, void **, pp_time));
IS(&pp_pull_commit, int (*)(pp_rx *, void *));

IS(&pp_close, int (*)(pp_tx *));
IS(&pp_cancel, int (*)(pp_rx *));
IS(&pp_tx_ref, int (*)(pp_tx *));
IS(&pp_rx_ref, int (*)(pp_rx *));
IS(&pp_tx_unref, void (*)(pp_tx *));
IS(&pp_rx_unref, void (*)(pp_rx *));

IS(&pp_tx_depth, size_t (*)(const pp_tx *));
IS(&pp_rx_depth, size_t (*)(const pp_rx *));
IS(&pp_tx_capacity, size_t (*)(const pp_tx *));
IS(&pp_rx_capacity, size_t (*)(const pp_rx *));
IS(&pp_tx_item_size, size_t (*)(const pp_tx *));
IS(&pp_rx_item_size, size_t (*)(const pp_rx *));
IS(&pp_tx_kind, pp_kind (*)(const pp_tx *));
IS(&pp_rx_kind, pp_kind (*)(const pp_rx *));
IS(&pp_tx_stats, int (*)(const pp_tx *, pp_stats *));
IS(&pp_rx_stats, int (*)(const pp_rx *, pp_stats *));
IS(&pp_dump, int (*)(int));
IS(&pp_version, const char *(*)(void));

IS(&pp_push_async, int (*)(pp_tx *, const void *, pp_async *));
IS(&pp_pull_async, int (*)(pp_rx *, void *, pp_async *));
IS(&pp_push_withdraw, int (*)(pp_tx *, pp_async *));
IS(&pp_pull_withdraw, int (*)(pp_rx *, pp_async *));

FIELD(pp_config, size, size_t);
FIELD(pp_config, kind, pp_kind);
FIELD(pp_config, capacity, size_t);
FIELD(pp_config, item_size, size_t);
FIELD(pp_config, flags, unsigned);
FIELD(pp_config, spin_ns, int64_t);
FIELD(pp_config, drop_context, void *);
FIELD(pp_config, name, const char *);
IS(((pp_config *)0)->drop, void (*)(void *, void *));
_Static_assert(offsetof(pp_config, size) == 0, "the size comes first");

FIELD(pp_case, tx, pp_tx *);
FIELD(pp_case, rx, pp_rx *);
FIELD(pp_case, item, void *);
FIELD(pp_case, result, int);
FIELD(pp_case, flags, unsigned);
IS(&((pp_case *)0)->reserved, void *(*)[6]);
_Static_assert(PP_ORDERED != 0, "the flag of pp_select");

IS(((pp_async *)0)->ready, void (*)(void *));
IS(((pp_async *)0)->ref, void (*)(void *));
IS(((pp_async *)0)->unref, void (*)(void *));
FIELD(pp_async, context, void *);
FIELD(pp_async, flags, unsigned);
IS(&((pp_async *)0)->reserved, void *(*)[12]);

FIELD(pp_stats, size, size_t);
IS(&((pp_stats *)0)->name, char (*)[32]);
FIELD(pp_stats, pushed, uint64_t);
FIELD(pp_stats, pulled, uint64_t);
FIELD(pp_stats, dropped, uint64_t);
FIELD(pp_stats, depth, size_t);
FIELD(pp_stats, capacity, size_t);
FIELD(pp_stats, depth_max, size_t);
FIELD(pp_stats, push_parks, uint64_t);
FIELD(pp_stats, pull_parks, uint64_t);
FIELD(pp_stats, push_wakes, uint64_t);
FIELD(pp_stats, pull_wakes, uint64_t);
FIELD(pp_stats, push_full, uint64_t);
FIELD(pp_stats, pull_empty, uint64_t);
FIELD(pp_stats, push_blocked_ns, uint64_t);
FIELD(pp_stats, pull_blocked_ns, uint64_t);
FIELD(pp_stats, pushers_parked, uint32_t);
FIELD(pp_stats, pullers_parked, uint32_t);
FIELD(pp_stats, tx_refs, uint32_t);
FIELD(pp_stats, rx_refs, uint32_t);
FIELD(pp_stats, closed, int);
FIELD(pp_stats, cancelled, int);
_Static_assert(offsetof(pp_stats, size) == 0, "the size comes first");

_Static_assert(PP_SPSC == 1 && PP_MPMC == 2, "the kinds");
_Static_assert(PP_FOREVER == INT64_MAX, "for ever");
_Static_assert(PP_US == 1000 && PP_MS == 1000000 && PP_SEC == 1000000000, "the units");
_Static_assert((PP_INTERRUPTIBLE & PP_TRACK_DEPTH) == 0, "one bit each");
_Static_assert(PP_INTERRUPTIBLE != 0 && PP_TRACK_DEPTH != 0, "the flags");
_Static_assert(PP_SPIN_NONE < 0 && PP_SPIN_ADAPTIVE == 0, "the spin settings");
_Static_assert(PP_VERSION_MAJOR >= 0 && PP_VERSION_MINOR >= 0 && PP_VERSION_PATCH >= 0,
	       "the version");

struct job { int number; };
PP_TYPED(jobs, struct job);

IS(&jobs_open, int (*)(pp_tx **, pp_rx **, pp_kind, size_t));

IS(&jobs_push, int (*)(pp_tx *, const struct job *));
IS(&jobs_try_push, int (*)(pp_tx *, const struct job *));
IS(&jobs_push_until, int (*)(pp_tx *, const struct job *, pp_time));
IS(&jobs_push_n, ssize_t (*)(pp_tx *, const struct job *, size_t));
IS(&jobs_try_push_n, ssize_t (*)(pp_tx *, const struct job *, size_t));
IS(&jobs_push_n_until, ssize_t (*)(pp_tx *, const struct job *, size_t, pp_time));

IS(&jobs_pull, int (*)(pp_rx *, struct job *));
IS(&jobs_try_pull, int (*)(pp_rx *, struct job *));
IS(&jobs_pull_until, int (*)(pp_rx *, struct job *, pp_time));
IS(&jobs_pull_n, ssize_t (*)(pp_rx *, struct job *, size_t));
IS(&jobs_try_pull_n, ssize_t (*)(pp_rx *, struct job *, size_t));
IS(&jobs_pull_n_until, ssize_t (*)(pp_rx *, struct job *, size_t, size_t, pp_time));

int main(void)
{
	return 0;
}
