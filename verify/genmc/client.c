/* SPDX-License-Identifier: MIT */
/*
 * One scenario: a ring and what each thread does with it.  It is given by macros (scenarios.tsv):
 *
 *   KIND, CAPACITY, MARKS, FENCED, ITEM_WORDS   the ring
 *   FILLED, REFS, ENDS              what it holds, owners of tx, whether a thread ends it
 *   T1, T2, ...                     the threads: words from below, one per call
 *
 * PUSH and PULL wait; TRY_PUSH and TRY_PULL do not; PUSH_UNTIL and PULL_UNTIL have a deadline,
 * which passes when a thread's TICK takes effect, or before, or after; PULL_ALL pulls until the
 * ring has ended.  MUST_PUSH finds room, FULL none, MUST_PULL an item, EMPTY none.
 *
 * MAKE and TAKE leave the ring alone and use the pullers' eventcount with a count as the work:
 * the protocol of sleeping by itself, with the library's own pp_wait(), in fewer executions.
 *
 * Item n of thread t is number 8 t + n, and a set of items is a word with a bit for each.
 */
#include "desk.h"

enum { PER_THREAD = 8 };

static uint64_t pushed[SEAM_THREADS + 1], pulled[SEAM_THREADS + 1], dropped[SEAM_THREADS + 1];

#ifndef FILLED
#define FILLED 0 /* items that are there from the beginning: 1, 2, ... */
#endif
#ifndef ENDS
#define ENDS 0 /* CLOSES, CANCELS: what some thread does */
#endif
#define CLOSES     1
#define CANCELS    2
#define closing    ((ENDS & CLOSES) != 0)
#define cancelling ((ENDS & CANCELS) != 0)

#define LOCALS                                                                 \
	unsigned me = seam_self(), next = 0, item[ITEM_WORDS] = { 0 };         \
	uint64_t in = 0, out = 0;                                              \
	int r = 0;                                                             \
	(void)next, (void)item, (void)r

#define BIT(value) (UINT64_C(1) << (value))

/* Once, and in the order of its pusher. */
static inline uint64_t with_item(uint64_t out, unsigned value)
{
	unsigned of = value / PER_THREAD;

	assert(of <= SEAM_THREADS && value > 0);
	assert((out & ((BIT(PER_THREAD) - 1) << of * PER_THREAD)) >> value == 0);
	return out | BIT(value);
}

static inline void check_push_end(int result)
{
	assert(result == 0 || result == -EAGAIN || result == -EBUSY || result == -ETIMEDOUT ||
	       (result == -ESHUTDOWN && closing) || (result == -EPIPE && cancelling));
}

static inline void check_pull_end(int result)
{
	assert(result == 0 || result == -EAGAIN || result == -EBUSY || result == -ETIMEDOUT ||
	       (result == -EPIPE && closing) || (result == -ESHUTDOWN && cancelling));
}

#define PUSH_BY(call)                                     \
	item[0] = item[ITEM_WORDS - 1] = me * PER_THREAD + next++; \
	r = call;                                         \
	check_push_end(r);                                \
	in |= r == 0 ? BIT(item[0]) : 0;
#define PULL_BY(call)                                     \
	r = call;                                         \
	check_pull_end(r);                                \
	assert(r != 0 || item[0] == item[ITEM_WORDS - 1]); \
	out = r == 0 ? with_item(out, item[0]) : out;

#define TX (&ring.tx)
#define RX (&ring.rx)

#define PUSH       PUSH_BY(pp_push(TX, item)) assert(r == 0 || closing || cancelling);
#define TRY_PUSH   PUSH_BY(pp_try_push(TX, item))
#define PUSH_UNTIL PUSH_BY(pp_push_until(TX, &item, 1))
#define MUST_PUSH  TRY_PUSH assert(r == 0);
#define FULL       TRY_PUSH assert(r == -EAGAIN);
#define PULL       PULL_BY(pp_pull(RX, item)) assert(r == 0 || closing || cancelling);
#define TRY_PULL   PULL_BY(pp_try_pull(RX, item))
#define PULL_UNTIL PULL_BY(pp_pull_until(RX, &item, 1))
#define PULL_ALL   do { PULL } while (r == 0);
#define MUST_PULL  TRY_PULL assert(r == 0);
#define EMPTY      TRY_PULL assert(r == -EAGAIN);
#define TICK       seam_pass_time();
#define CLOSE      pp_close(TX);
#define CANCEL     pp_cancel(RX);
#define LEAVE_TX   pp_tx_unref(TX);
#define LEAVE_RX   pp_rx_unref(RX);

/* ---- the eventcount alone ------------------------------------------------------------------- */

static PP_ATOMIC(uint64_t) work;

static void make(void)
{
	pp_fetch_add(&work, 1);
	pp_light(PUSH_LIGHT, FENCED);
	if (ec_alert(&RX->end.block->items))
		PP_SWITCH(PUSH_WAKE, (void)0, pp_wake(&TX->end, MEET_PULL, 1));
}

static int64_t take_some(struct pp_end *end, unsigned char *items, uint64_t n)
{
	uint64_t seen = pp_load(&work);

	(void)end;
	(void)items;
	(void)n;
	while (seen > 0)
		if (pp_decide_relaxed(&work, &seen, seen - 1))
			return 1;
	return -EAGAIN;
}

static bool some_is_there(struct pp_end *end)
{
	(void)end;
	return pp_load(&work) > 0;
}

static int take(pp_time deadline)
{
	struct pp_op op = { .end = &RX->end, .side = &RX->side, .role = MEET_PULL,
	                    .some = take_some, .ready = some_is_there,
	                    .min = 1, .max = 1, .deadline = deadline };
	int64_t r = take_some(&RX->end, NULL, 1);

	return (int)(r == -EAGAIN ? pp_wait(&op) : r);
}

#define MAKE       make();
#define TAKE       r = take(PP_FOREVER); assert(r == 1);
#define TAKE_UNTIL r = take(1); assert(r == 1 || r == -ETIMEDOUT);

/* ---- the threads ---------------------------------------------------------------------------- */

#define THREAD(name, script)                              \
	static void *name(void *unused)                   \
	{                                                 \
		LOCALS;                                   \
		(void)unused;                             \
		script                                    \
		pushed[me] = in;                          \
		pulled[me] = out;                         \
		return NULL;                              \
	}

THREAD(thread_1, T1)
#if SEAM_THREADS > 1
THREAD(thread_2, T2)
#endif
#if SEAM_THREADS > 2
THREAD(thread_3, T3)
#endif
#if SEAM_THREADS > 3
THREAD(thread_4, T4)
#endif
#if SEAM_THREADS > 4
THREAD(thread_5, T5)
#endif

static void note_drop(void *slot, void *context)
{
	unsigned me = seam_self();

	(void)context;
	assert(cancelling);
	dropped[me] = with_item(dropped[me], *(unsigned *)slot);
}

/* Each item once: pulled, dropped, or still there; and none whose push failed. */
static void settle(void)
{
	uint64_t in = 0, out = 0;
	unsigned k, item[ITEM_WORDS], n = 0;

	for (k = 0; k <= SEAM_THREADS; k++) {
		in |= pushed[k];
		assert((out & pulled[k]) == 0);
		out |= pulled[k];
		assert((out & dropped[k]) == 0);
		out |= dropped[k];
	}
	while (!cancelling && !desk_freed && CAPACITY && pp_try_pull(RX, item) == 0) {
		n++;
		assert((out & BIT(item[0])) == 0);
		out |= BIT(item[0]);
	}
	assert(n <= CAPACITY);
	assert(in == out);
}

int main(void)
{
	static void *(*const thread[])(void *) = {
		thread_1,
#if SEAM_THREADS > 1
		thread_2,
#endif
#if SEAM_THREADS > 2
		thread_3,
#endif
#if SEAM_THREADS > 3
		thread_4,
#endif
#if SEAM_THREADS > 4
		thread_5,
#endif
	};
	pthread_t id[SEAM_THREADS];
	unsigned item[ITEM_WORDS];
	int k, r;

	desk_open();
	for (k = 1; k <= FILLED; k++) {
		item[0] = item[ITEM_WORDS - 1] = k;
		r = pp_try_push(TX, item);
		assert(r == 0);
		pushed[0] |= BIT(k);
	}
	for (k = 0; k < SEAM_THREADS; k++)
		pthread_create(&id[k], NULL, thread[k], NULL);
	for (k = 0; k < SEAM_THREADS; k++)
		pthread_join(id[k], NULL);
	settle();
	return 0;
}
