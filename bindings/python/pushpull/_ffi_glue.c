/* SPDX-License-Identifier: MIT */
/*
 * Who is in an end, and when its reference goes back: _ffi_use.h.  The handle itself lives as long as the
 * Python object that has it, and so as long as any call.
 */
#include "_ffi_glue.h"
#include "_ffi_use.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

/* Tries that met a thread half-way, before "not now" is the answer. */
#define BUSY_TRIES 64

/* Cases of a select that need no memory. */
#define FEW_CASES 16

struct ppy_end {
	_Atomic(uint32_t) state;
	uint32_t         alone;      /* USE_BUSY, for an end of PP_SPSC: what its pushes and pulls set */
	uint32_t         generation; /* of the process that opened it: see after_fork()             */
	pp_tx           *tx;         /* one of the two is NULL */
	pp_rx           *rx;
};

/* How many forks lie between this process and the one that loaded the module. */
static _Atomic uint32_t generation;

/* Python's main thread, as pthread_self() names it there. */
static _Atomic(unsigned long) main_thread;

/* In the child only the forking thread exists.  Python calls it the main thread from now on. */
static void after_fork(void)
{
	atomic_fetch_add_explicit(&generation, 1, memory_order_relaxed);
	atomic_store_explicit(&main_thread, (unsigned long)pthread_self(), memory_order_relaxed);
}

int ppy_start(unsigned long main)
{
	static atomic_flag installed = ATOMIC_FLAG_INIT;

	atomic_store_explicit(&main_thread, main, memory_order_relaxed);
	if (atomic_flag_test_and_set(&installed))
		return 0;
	return -pthread_atfork(NULL, NULL, after_fork);
}

/* ---- Calls under way -------------------------------------------------------- */

static bool is_stale(const ppy_end *end)
{
	return end->generation != atomic_load_explicit(&generation, memory_order_relaxed);
}

/* Get in; `flag` is 0, or end->alone of a call that needs the end for itself. */
static int enter(ppy_end *end, uint32_t flag)
{
	if (is_stale(end))
		return PPY_FORKED;
	switch (use_enter(&end->state, flag)) {
	case USE_IS_RELEASED:
		return PPY_RELEASED;
	case USE_IS_BUSY:
		return PPY_TWO_THREADS;
	default:
		return 0;
	}
}

static void give_back(ppy_end *end)
{
	pp_tx_unref(end->tx);
	pp_rx_unref(end->rx);
}

static void leave(ppy_end *end, uint32_t flag)
{
	if (use_leave(&end->state, flag))
		give_back(end);
}

void ppy_release(ppy_end *end)
{
	if (is_stale(end))
		return; /* leaked: a ring of the parent may be half-way for good */
	if (use_release(&end->state))
		give_back(end);
}

int ppy_detach(ppy_end *end)
{
	if (is_stale(end))
		return PPY_FORKED;
	switch (use_detach(&end->state)) {
	case USE_IS_RELEASED:
		return PPY_RELEASED;
	case USE_IS_BUSY:
		return PPY_IN_USE;
	default:
		return 0;
	}
}

void ppy_free(ppy_end *end)
{
	ppy_release(end);
	free(end);
}

/* ---- Handles ---------------------------------------------------------------- */

/* One that owns a reference.  NULL: no memory. */
static ppy_end *new_end(pp_tx *tx, pp_rx *rx)
{
	ppy_end *end = malloc(sizeof *end);
	pp_kind  kind = tx ? pp_tx_kind(tx) : pp_rx_kind(rx);

	if (!end)
		return NULL;
	atomic_init(&end->state, 0);
	end->alone = kind == PP_SPSC ? USE_BUSY : 0;
	end->generation = atomic_load_explicit(&generation, memory_order_relaxed);
	end->tx = tx;
	end->rx = rx;
	return end;
}

int ppy_open(ppy_end **ends, int kind, size_t capacity, size_t item_size, unsigned flags,
             int64_t spin_ns, const char *name)
{
	pp_tx *tx;
	pp_rx *rx;
	int    result = pp_open_with(&tx, &rx,
	                             &PP_CONFIG(.kind = (pp_kind)kind, .capacity = capacity,
	                                        .item_size = item_size, .flags = flags,
	                                        .spin_ns = spin_ns, .name = name));

	if (result < 0)
		return result;
	ends[0] = new_end(tx, NULL);
	ends[1] = new_end(NULL, rx);
	if (ends[0] && ends[1])
		return 0;
	free(ends[0]);
	free(ends[1]);
	pp_tx_unref(tx);
	pp_rx_unref(rx);
	return -ENOMEM;
}

static int one_more(pp_tx *tx, pp_rx *rx)
{
	return tx ? pp_tx_ref(tx) : pp_rx_ref(rx);
}

int ppy_adopt(ppy_end **end, uintptr_t address, int pushes, int take)
{
	pp_tx *tx = pushes ? (pp_tx *)address : NULL;
	pp_rx *rx = pushes ? NULL : (pp_rx *)address;
	int    result = take ? 0 : one_more(tx, rx);

	if (result < 0)
		return result;
	*end = new_end(tx, rx);
	if (*end)
		return 0;
	if (!take) {
		pp_tx_unref(tx);
		pp_rx_unref(rx);
	}
	return -ENOMEM;
}

int ppy_clone(ppy_end **copy, ppy_end *end)
{
	int result = enter(end, 0);

	if (result < 0)
		return result;
	result = ppy_adopt(copy, (uintptr_t)(end->tx ? (void *)end->tx : (void *)end->rx),
	                   end->tx != NULL, 0);
	leave(end, 0);
	return result;
}

uintptr_t ppy_address(ppy_end *end)
{
	if (is_stale(end) || use_is_released(&end->state))
		return 0;
	return end->tx ? (uintptr_t)end->tx : (uintptr_t)end->rx;
}

/* ---- Waiting ---------------------------------------------------------------- */

/* One part of a wait that may take several. */
struct part {
	bool    last; /* ends at the deadline */
	pp_time until;
};

static bool in_main_thread(void)
{
	return (unsigned long)pthread_self() == atomic_load_explicit(&main_thread, memory_order_relaxed);
}

/*
 * A signal that comes just before a thread falls asleep does not end its sleep; and it may have
 * come to another thread.  So the main thread looks every now and then.
 */
static struct part next_part(pp_time deadline, int64_t slice)
{
	struct part part = { .last = true, .until = deadline };

	if (deadline > 0 && in_main_thread()) {
		pp_time soon = pp_in(slice);

		if (soon < deadline) {
			part.until = soon;
			part.last = false;
		}
	}
	return part;
}

/* Get in for a wait, and plan its first part. */
static int begin(ppy_end *end, struct part *part, pp_time deadline, int64_t slice)
{
	*part = next_part(deadline, slice);
	return enter(end, end->alone);
}

static ssize_t answer(const struct part *part, ssize_t result)
{
	if (result == -EINTR || (result == -ETIMEDOUT && !part->last))
		return PPY_AGAIN;
	return result;
}

static ssize_t finish(ppy_end *end, const struct part *part, ssize_t result)
{
	leave(end, end->alone);
	return answer(part, result);
}

int ppy_push(ppy_end *tx, const void *item, int64_t deadline, int64_t slice)
{
	struct part part;
	int         result = begin(tx, &part, deadline, slice);

	if (result < 0)
		return result;
	result = pp_push_until(tx->tx, item, part.until);
	return (int)finish(tx, &part, result);
}

int ppy_pull(ppy_end *rx, void *item, int64_t deadline, int64_t slice)
{
	struct part part;
	int         result = begin(rx, &part, deadline, slice);

	if (result < 0)
		return result;
	result = pp_pull_until(rx->rx, item, part.until);
	return (int)finish(rx, &part, result);
}

ssize_t ppy_push_n(ppy_end *tx, const void *items, size_t n, int64_t deadline, int64_t slice)
{
	struct part part;
	ssize_t     result = begin(tx, &part, deadline, slice);

	if (result < 0)
		return result;
	result = pp_push_n_until(tx->tx, items, n, part.until);
	return finish(tx, &part, result);
}

ssize_t ppy_pull_n(ppy_end *rx, void *items, size_t min, size_t max, int64_t deadline,
                   int64_t slice)
{
	struct part part;
	ssize_t     result = begin(rx, &part, deadline, slice);

	if (result < 0)
		return result;
	result = pp_pull_n_until(rx->rx, items, min, max, part.until);
	return finish(rx, &part, result);
}

/* ---- Tries ------------------------------------------------------------------ */

/*
 * A try that meets a thread half-way says -EBUSY, and that thread may be stopped.  Mostly it is
 * through in a moment, and gets one; then the answer is "not now".
 */
static bool tries_again(ssize_t *result, int *tries)
{
	if (*result != -EBUSY)
		return false;
	if (++*tries < BUSY_TRIES) {
		sched_yield();
		return true;
	}
	*result = -EAGAIN;
	return false;
}

ssize_t ppy_try_push_n(ppy_end *tx, const void *items, size_t n)
{
	ssize_t result = enter(tx, tx->alone);
	int     tries = 0;

	if (result < 0)
		return result;
	do
		result = pp_try_push_n(tx->tx, items, n);
	while (tries_again(&result, &tries));
	leave(tx, tx->alone);
	return result;
}

ssize_t ppy_try_pull_n(ppy_end *rx, void *items, size_t max)
{
	ssize_t result = enter(rx, rx->alone);
	int     tries = 0;

	if (result < 0)
		return result;
	do
		result = pp_try_pull_n(rx->rx, items, max);
	while (tries_again(&result, &tries));
	leave(rx, rx->alone);
	return result;
}

/* ---- Choosing among several -------------------------------------------------- */

/* What a case takes of its end: nothing that an earlier case of the same end has taken. */
static uint32_t alone_for(const ppy_case *cases, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (cases[j].end == cases[i].end)
			return 0;
	return cases[i].end->alone;
}

static void leave_all(const ppy_case *cases, size_t count)
{
	/* The last first: who took the end for itself leaves after those that came later. */
	while (count-- > 0)
		if (cases[count].end)
			leave(cases[count].end, alone_for(cases, count));
}

static int enter_all(const ppy_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int result = cases[i].end ? enter(cases[i].end, alone_for(cases, i)) : 0;

		if (result < 0) {
			leave_all(cases, i);
			return result;
		}
	}
	return 0;
}

static void plain_cases(pp_case *plain, const ppy_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		plain[i] = (pp_case){
			.tx = cases[i].end ? cases[i].end->tx : NULL,
			.rx = cases[i].end ? cases[i].end->rx : NULL,
			.item = cases[i].item,
		};
}

int ppy_select(ppy_case *cases, size_t count, unsigned flags, int64_t deadline, int64_t slice)
{
	pp_case     few[FEW_CASES], *plain = few;
	struct part part = next_part(deadline, slice);
	int         result;

	if (count > FEW_CASES && !(plain = calloc(count, sizeof *plain)))
		return -ENOMEM;
	result = enter_all(cases, count);
	if (result == 0) {
		plain_cases(plain, cases, count);
		result = pp_select(plain, count, flags, part.until);
		if (result >= 0)
			cases[result].result = plain[result].result;
		leave_all(cases, count);
	}
	if (plain != few)
		free(plain);
	return (int)answer(&part, result);
}

/* ---- The rest ---------------------------------------------------------------- */

int ppy_finish(ppy_end *end)
{
	int result = enter(end, 0);

	if (result < 0)
		return result;
	result = end->tx ? pp_close(end->tx) : pp_cancel(end->rx);
	leave(end, 0);
	return result;
}

int ppy_arm(ppy_end *end)
{
	int result = enter(end, end->alone);

	if (result < 0)
		return result;
	result = end->tx ? pp_tx_arm(end->tx) : pp_rx_arm(end->rx);
	leave(end, end->alone);
	return result;
}

int ppy_fd(ppy_end *end)
{
	int result = enter(end, 0);

	if (result < 0)
		return result;
	result = end->tx ? pp_tx_fd(end->tx) : pp_rx_fd(end->rx);
	leave(end, 0);
	return result;
}

int ppy_hold(ppy_end *end)
{
	return enter(end, 0);
}

void ppy_unhold(ppy_end *end)
{
	if (!is_stale(end)) /* held by the parent, before it forked */
		leave(end, 0);
}

ssize_t ppy_depth(ppy_end *end)
{
	ssize_t result = enter(end, 0);

	if (result < 0)
		return result;
	result = (ssize_t)(end->tx ? pp_tx_depth(end->tx) : pp_rx_depth(end->rx));
	leave(end, 0);
	return result;
}

int ppy_stats(ppy_end *end, pp_stats *stats)
{
	int result = enter(end, 0);

	if (result < 0)
		return result;
	stats->size = sizeof *stats;
	result = end->tx ? pp_tx_stats(end->tx, stats) : pp_rx_stats(end->rx, stats);
	leave(end, 0);
	return result;
}

int ppy_shape(ppy_end *end, size_t *shape)
{
	int result = enter(end, 0);

	if (result < 0)
		return result;
	shape[0] = end->tx ? pp_tx_kind(end->tx) : pp_rx_kind(end->rx);
	shape[1] = end->tx ? pp_tx_capacity(end->tx) : pp_rx_capacity(end->rx);
	shape[2] = end->tx ? pp_tx_item_size(end->tx) : pp_rx_item_size(end->rx);
	leave(end, 0);
	return result;
}
