/* SPDX-License-Identifier: MIT */
/*
 * One scenario: a ring and what each thread does with it.  It is given by macros (scenarios.tsv):
 *
 *   KIND, CAPACITY, MARKS, FENCED, ITEM_WORDS   the ring
 *   RINGS                           how many of them, alike; all but a few words use the first
 *   FILLED, CLAIMED                 what it holds; a push has claimed a slot, and stands still
 *   REFS, ENDS                      owners of tx, whether a thread ends it
 *   ASLEEP                          how many threads, from the first, go to sleep one by one before
 *                                   the others begin
 *   T1, T2, ...                     the threads: words from below, one per call
 *
 * PUSH and PULL wait; TRY_PUSH and TRY_PULL do not; PUSH_UNTIL and PULL_UNTIL have a deadline,
 * which passes when a thread's TICK takes effect, or before, or after; PULL_ALL pulls until the
 * ring has ended.  MUST_PUSH finds room, FULL none, MUST_PULL an item, EMPTY none.
 *
 * MAKE and TAKE leave the ring alone and use the pullers' eventcount with a count as the work:
 * the protocol of sleeping by itself, with the library's own pp_wait(), in fewer executions.  LOOK
 * is an event without work, ANNOUNCE a waiter that stops before its second look.
 *
 * SEL_PULL and SEL_PUSH are selects of one case; SEL_PULL_AB of two, on two rings; SEL_EITHER of
 * both sides of one ring.  They begin where a select begins to wait: the tries before that, when
 * nobody knows of it, are left out.
 *
 * Item n of thread t is number 8 t + n, and a set of items is a word with a bit for each.
 */
#include "desk.h"

enum { PER_THREAD = 8 };

static uint64_t pushed[SEAM_THREADS + 1], pulled[SEAM_THREADS + 1], dropped[SEAM_THREADS + 1];

#ifndef FILLED
#define FILLED 0 /* items that are there from the beginning: 1, 2, ... */
#endif
#ifndef CLAIMED
#define CLAIMED 0 /* a push that has begun, and not ended: COMMIT ends it */
#endif
#ifdef ASLEEP /* how many threads have gone to sleep, one by one, before the others begin */
#define ASLEEP_FIRST ASLEEP
#else
#define ASLEEP_FIRST 0
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

#define TX (&ring[0].tx)
#define RX (&ring[0].rx)

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

static void *claimed;

#define COMMIT                                                                 \
	r = pp_push_commit(TX, claimed);                                       \
	assert(r == 0);                                                        \
	in |= BIT(FILLED + 1);

/* ---- select ------------------------------------------------------------------------------- */

#ifdef SELECTS

static pp_case cases[SEAM_THREADS + 1][2]; /* by thread */

static pp_case *set_case(unsigned me, unsigned k, pp_tx *tx, pp_rx *rx, unsigned *item)
{
	pp_case *c = &cases[me][k];

	c->tx = tx;
	c->rx = rx;
	c->item = item;
	return c;
}

/* The library's way from when nothing could go ahead and nobody knows of the caller: an index. */
static int choose(unsigned me, unsigned count, pp_time deadline)
{
	struct selection s = { .cases = cases[me], .count = count, .ordered = true,
	                       .deadline = deadline };
	int r = wait_for_one(&s);

	assert(r < (int)count);
	return r;
}

/* `count` cases of one kind, ring 0 first, or last: the result. */
static int choose_alike(unsigned me, bool pushes, unsigned count, unsigned first, unsigned *item,
                        pp_time deadline)
{
	unsigned k;
	int r;

	for (k = 0; k < count; k++) {
		struct pp_channel *ch = &ring[(k + first) % RINGS];

		set_case(me, k, pushes ? &ch->tx : NULL, pushes ? NULL : &ch->rx, item);
	}
	r = choose(me, count, deadline);
	return r < 0 ? r : cases[me][r].result;
}

#define PUSH_B         PUSH_BY(pp_push(&ring[RINGS - 1].tx, item)) FOR_SURE
#define PUSH_UNTIL_B   PUSH_BY(pp_push_until(&ring[RINGS - 1].tx, &item, 1))
#define TRY_PUSH_B     PUSH_BY(pp_try_push(&ring[RINGS - 1].tx, item))
/* The lock of those who watch ring 0 for items, as one of them holds it. */
#define HOLD                                                                   \
	watch_enter(&ring[0].watch[MEET_PULL]);                                \
	watch_done(&ring[0].watch[MEET_PULL], &block[0].items);
#define FOR_SURE assert(r == 0 || closing || cancelling);
#define SEL_PUSH       PUSH_BY(choose_alike(me, true, 1, 0, item, PP_FOREVER)) FOR_SURE
#define SEL_PULL       PULL_BY(choose_alike(me, false, 1, 0, item, PP_FOREVER)) FOR_SURE
#define SEL_PUSH_UNTIL PUSH_BY(choose_alike(me, true, 1, 0, item, 1))
#define SEL_PULL_UNTIL PULL_BY(choose_alike(me, false, 1, 0, item, 1))
/* Both rings, and in which order. */
#define SEL_PUSH_AB    PUSH_BY(choose_alike(me, true, 2, 0, item, PP_FOREVER)) FOR_SURE
#define SEL_PULL_AB    PULL_BY(choose_alike(me, false, 2, 0, item, PP_FOREVER)) FOR_SURE
#define SEL_PULL_AB_UNTIL PULL_BY(choose_alike(me, false, 2, 0, item, 1))
#define SEL_PULL_BA    PULL_BY(choose_alike(me, false, 2, 1, item, PP_FOREVER)) FOR_SURE
/* Both sides of one ring. */
#define SEL_EITHER                                                             \
	{                                                                      \
		unsigned got[ITEM_WORDS] = { 0 };                              \
                                                                               \
		item[0] = item[ITEM_WORDS - 1] = me * PER_THREAD + next++;     \
		set_case(me, 0, TX, NULL, item);                               \
		set_case(me, 1, NULL, RX, got);                                \
		r = choose(me, 2, PP_FOREVER);                                 \
		assert(r >= 0 && cases[me][r].result == 0);                    \
		in |= r == 0 ? BIT(item[0]) : 0;                               \
		out = r == 1 ? with_item(out, got[0]) : out;                   \
	}

#endif

/* ---- the eventcount alone ------------------------------------------------------------------- */

static PP_ATOMIC(uint64_t) work;

static void make(unsigned n)
{
	if (n > 0)
		pp_fetch_add(&work, n);
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

#define MAKE       make(1);
#define LOOK       make(0);
#define ANNOUNCE   (void)ec_announce(&RX->end.block->items, FENCED);
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
	unsigned k, item[ITEM_WORDS], n;

	for (k = 0; k <= SEAM_THREADS; k++) {
		in |= pushed[k];
		assert((out & pulled[k]) == 0);
		out |= pulled[k];
		assert((out & dropped[k]) == 0);
		out |= dropped[k];
	}
	for (k = 0; k < RINGS && !cancelling && !desk_freed && CAPACITY; k++) {
		for (n = 0; pp_try_pull(&ring[k].rx, item) == 0; n++) {
			assert((out & BIT(item[0])) == 0);
			out |= BIT(item[0]);
		}
		assert(n <= CAPACITY);
	}
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
	if (CLAIMED) {
		r = pp_push_begin(TX, &claimed);
		assert(r == 0);
		((unsigned *)claimed)[0] = ((unsigned *)claimed)[ITEM_WORDS - 1] = FILLED + 1;
	}
	for (k = 0; k < SEAM_THREADS; k++) {
		pthread_create(&id[k], NULL, thread[k], NULL);
		if (k < ASLEEP_FIRST)
			SEAM_AWAIT(atomic_load_explicit(&seam_down[k + 1], memory_order_acquire));
	}
	for (k = 0; k < SEAM_THREADS; k++)
		pthread_join(id[k], NULL);
	settle();
	return 0;
}
