/* SPDX-License-Identifier: MIT */
/*
 * What the unit tests share: rings to run one expectation over, every form of push and
 * pull behind one signature, calls made in a thread of their own, and a way to wait until
 * a thread is asleep that looks (stats) instead of sleeping and hoping.
 */
#ifndef TESTS_UNIT_SUPPORT_H
#define TESTS_UNIT_SUPPORT_H

#include <pushpull/pushpull.h>

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <errno.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* A test that takes longer than this hangs; it takes a few seconds at most.  Then it ends
 * with the rings and all stacks on standard error; Criterion's limit is for one that cannot. */
#define SUITE(name) TestSuite(name, .init = watch_for_hang, .timeout = 90)
void watch_for_hang(void);

/* AddressSanitizer: its own malloc, and several times the instructions. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* Checks that say on which ring they failed.  Only in the thread of the test. */
const char *ring_in_test(void);
#define EXPECT(cond) cr_assert((cond), "%s  [%s]", #cond, ring_in_test())
#define EXPECT_EQ(got, want)                                                              \
	do {                                                                              \
		long long got_ = (long long)(got), want_ = (long long)(want);             \
		cr_assert(got_ == want_, "%s is %lld, not %lld (%s)  [%s]", #got, got_,   \
			  want_, #want, ring_in_test());                                  \
	} while (0)

/* ---- Rings ---------------------------------------------------------------- */

struct ends {
	pp_tx *tx;
	pp_rx *rx;
};

struct ends ends_open(pp_kind kind, size_t capacity); /* items are uint64_t */
struct ends ends_open_with(const pp_config *config);
void ends_let_go(struct ends *e); /* of those that are not NULL */
pp_stats ends_stats(const struct ends *e);
/* Wait until so many threads are asleep; fail the test when that does not happen. */
void ends_await_parked(const struct ends *e, uint32_t pushers, uint32_t pullers);
/* Push first, first + 1, ... without waiting; pull and expect the same. */
void ends_fill(const struct ends *e, uint64_t first, size_t count);
void ends_drain(const struct ends *e, uint64_t first, size_t count);

/* Run `body` over both kinds and many capacities; `from` is the smallest. */
typedef void ring_body(pp_kind kind, size_t capacity);
void for_each_ring(size_t from, ring_body *body);
void for_each_capacity(size_t from, pp_kind kind, ring_body *body);
void for_each_kind(size_t capacity, ring_body *body);

/* ---- Every form of push and pull ------------------------------------------ */

enum waits { TRY, UNTIL, FOREVER };

struct form {
	const char *name;
	enum waits  waits;
	ssize_t     done; /* the result for one item: 0, from a batch 1 */
	ssize_t (*run)(const struct ends *e, uint64_t *items, size_t n, pp_time deadline);
};

extern const struct form push_forms[6], pull_forms[6];
enum { SINGLE, SINGLE_TRY, SINGLE_UNTIL, BATCH, BATCH_TRY, BATCH_UNTIL };
/* The batch that wants all of its `n` items. */
extern const struct form pull_min_form;

/* The result when a form cannot go ahead and must not wait past `deadline`. */
int form_refusal(const struct form *form);
ssize_t form_push(const struct form *form, const struct ends *e, uint64_t item);
ssize_t form_pull(const struct form *form, const struct ends *e, uint64_t *item);

/* ---- A call in a thread of its own ----------------------------------------- */

struct call {
	const struct form *form;
	struct ends        ends;
	uint64_t           item; /* pushed from or pulled into, unless `items` is set */
	uint64_t          *items;
	size_t             n;
	pp_time            deadline;
	ssize_t            result;
	atomic_bool        returned;
	atomic_int         tid;
	pthread_t          thread;
};

void call_push(struct call *c, const struct ends *e, enum waits waits, uint64_t item);
void call_pull(struct call *c, const struct ends *e, enum waits waits);
/* The general form: everything but thread, returned and result is filled in. */
void call_start(struct call *c);
/* A pull of `n` items that has had `there` of them, 0 and so on, and sleeps for the others. */
void call_pull_partly(struct call *c, const struct ends *e, uint64_t *items, size_t there, size_t n);
ssize_t call_join(struct call *c);

/* CPU time; 0 for a thread that has ended. */
int64_t thread_cpu_ns(pthread_t thread);
/* Whether the kernel says that the thread is asleep in a futex. */
bool in_futex(int tid);
/* Wait for a condition that another thread brings about; the suite's limit ends it. */
#define AWAIT(cond)                     \
	do {                            \
		while (!(cond))         \
			doze();         \
	} while (0)
void doze(void);
/* A descriptor, by poll(2) without waiting. */
bool fd_readable(int fd);
/* Everything that pp_dump() writes now; good until the next call. */
const char *dumped(void);

/* ---- In place --------------------------------------------------------------- */

/* By enum waits.  Beginning: the item is then the address of the slot. */
extern const struct form push_begin_forms[3], pull_begin_forms[3];
/* Begin, copy and commit: the operations in place, as if they were single ones. */
extern const struct form push_in_place_forms[3], pull_in_place_forms[3];

/* Begin without waiting, which must succeed. */
void *slot_push(const struct ends *e);
void *slot_pull(const struct ends *e);
void slot_put(void *slot, uint64_t item);
uint64_t slot_get(const void *slot);
/* Write into the slot and commit. */
int slot_commit(const struct ends *e, void *slot, uint64_t item);

/* ---- Streams: many items, checked by a ledger ------------------------------ */

#define STREAMS_MAX 8

/* Items are (producer << 32 | number).  Each is counted once per time it is pulled. */
struct streams {
	struct ends   ends;
	unsigned      producers, consumers;
	uint32_t      items;                 /* of each producer */
	const struct form *push, *pull;      /* NULL: the plain blocking calls */
	pp_time       tick;                  /* of the deadline forms; 0: a past deadline */
	atomic_uchar *ledger;
	atomic_uint   out_of_order, failures;
	atomic_uint_fast64_t pulled;
};

/* Alone: runs of every length, so that full and empty meet every index. */
void laps_in_order(pp_kind kind, size_t capacity);
/* Stream everything through; then everything came out once, in each producer's order. */
void streams_run(struct streams *s);

#endif
