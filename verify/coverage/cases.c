/* SPDX-License-Identifier: MIT */
/*
 * Lines that no other test reaches: races that are met here on purpose.  What another thread would
 * have to do in one moment is done at that moment by the thread itself, in a stall hook or
 * in a function of the C library that this program has in its stead.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <pushpull/async.h>

#include "channel.h"

#define CHECK(condition) check((condition), #condition, __LINE__)

static void check(int holds, const char *what, int line)
{
	if (holds)
		return;
	fprintf(stderr, "cases.c:%d: %s\n", line, what);
	exit(1);
}

/* ---- in place of the C library's ----------------------------------------------------- */

static int refuse_in;          /* this allocation from now on fails; 0: none */
static void (*meanwhile)(void); /* done once, before the next one returns    */

static int refused(void)
{
	void (*now)(void) = meanwhile;

	meanwhile = NULL;
	if (now)
		now();
	return refuse_in > 0 && --refuse_in == 0;
}

void *aligned_alloc(size_t alignment, size_t size)
{
	void *p;

	return refused() || posix_memalign(&p, alignment, size) ? NULL : p;
}

void *calloc(size_t n, size_t size)
{
	void *p = refused() ? NULL : malloc(n * size);

	return p ? memset(p, 0, n * size) : NULL;
}

int eventfd(unsigned count, int flags)
{
	return refused() ? -1 : (int)syscall(SYS_eventfd2, count, flags);
}

/* ---- opening --------------------------------------------------------------------------- */

static pp_tx *tx, *other_tx;
static pp_rx *rx, *other_rx;

static void open_ring(pp_kind kind, size_t capacity)
{
	CHECK(pp_open(&tx, &rx, kind, capacity, sizeof(int)) == 0);
}

static void close_ring(void)
{
	pp_tx_unref(tx);
	pp_rx_unref(rx);
}

static void open_another(void)
{
	CHECK(pp_open(&other_tx, &other_rx, PP_SPSC, 0, 1) == 0);
}

static void nothing_is_left_of_what_cannot_be_had(void)
{
	const size_t too_many[] = { SIZE_MAX - 65536, SIZE_MAX, SIZE_MAX - 8, SIZE_MAX / 2, SIZE_MAX,
	                            SIZE_MAX / 64, SIZE_MAX, SIZE_MAX / 128 };
	size_t i;

	refuse_in = 2; /* the channel, the table */
	CHECK(pp_open(&tx, &rx, PP_SPSC, 0, 1) == -ENOMEM && !tx && !rx);
	refuse_in = 3; /* the block first */
	CHECK(pp_open(&tx, &rx, PP_MPMC, 4, 1) == -ENOMEM && !tx && !rx);
	refuse_in = 2;
	CHECK(pp_open(&tx, &rx, PP_MPMC, 4, 1) == -ENOMEM && !tx && !rx);
	refuse_in = 1;
	CHECK(pp_open(&tx, &rx, PP_MPMC, 4, 1) == -ENOMEM && !tx && !rx);
	refuse_in = 0;
	meanwhile = NULL;
	for (i = 0; i < sizeof too_many / sizeof *too_many; i++)
		CHECK(pp_open(&tx, &rx, i % 2 ? PP_MPMC : PP_SPSC, too_many[i], 1) == -EINVAL && !tx);
}

static void while_the_table_is_made(void)
{
	meanwhile = open_another; /* at the second allocation, which is the table's */
}

/* The first ring of the process makes the table; another does so in the same moment. */
static void the_faster_table_stays(void)
{
	meanwhile = while_the_table_is_made;
	open_ring(PP_SPSC, 0);
	CHECK(other_tx && pp_tx_kind(tx) == PP_SPSC);
	close_ring();
	pp_tx_unref(other_tx);
	pp_rx_unref(other_rx);
}

static void references_do_not_wrap(void)
{
	open_ring(PP_MPMC, 1);
	pp_store(&tx->side.refs, UINT32_MAX);
	CHECK(pp_tx_ref(tx) == -EOVERFLOW);
	pp_store(&tx->side.refs, 1);
	close_ring();
}

static void no_end_is_no_ring(void)
{
	pp_stats stats = { .size = sizeof stats };

	CHECK(pp_tx_capacity(NULL) == 0 && pp_rx_capacity(NULL) == 0);
	CHECK(pp_tx_kind(NULL) == 0 && pp_rx_kind(NULL) == 0);
	open_ring(PP_MPMC, 1);
	CHECK(pp_tx_stats(NULL, &stats) == -EINVAL && pp_tx_stats(tx, NULL) == -EINVAL);
	CHECK(pp_rx_stats(NULL, &stats) == -EINVAL && pp_rx_stats(rx, NULL) == -EINVAL);
	close_ring();
}

/* ---- descriptors ------------------------------------------------------------------------- */

static int fd_of_the_faster;

static void make_the_fd(void)
{
	fd_of_the_faster = pp_rx_fd(rx);
}

static void both_get_the_fd_of_the_faster(void)
{
	open_ring(PP_MPMC, 1);
	meanwhile = make_the_fd;
	CHECK(pp_rx_fd(rx) == fd_of_the_faster && fd_of_the_faster >= 0);
	close_ring();
}

/* ---- at a stall point --------------------------------------------------------------------- */

static _Thread_local enum pp_stall_point awaited;
static _Thread_local void (*then)(void);
static _Thread_local int passes; /* that often it is not yet the one */

static void at_a_point(enum pp_stall_point point)
{
	void (*now)(void) = then;

	if (!now || point != awaited || passes-- > 0)
		return;
	then = NULL;
	now();
}

static void at(enum pp_stall_point point, int not_yet, void (*what)(void))
{
	awaited = point;
	passes = not_yet;
	then = what;
}

static void arm_for_room(void)
{
	CHECK(pp_tx_arm(tx) == 0);
}

static int readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

/* Who arms while another passes over the slot is told when it is free. */
static void armed_beside_who_passes_over(void)
{
	void *slot;
	int fd, item;

	open_ring(PP_MPMC, 1);
	fd = pp_tx_fd(tx);
	CHECK(pp_push_begin(tx, &slot) == 0 && pp_push_abort(tx, slot) == 0);
	at(PP_AT_passing_over, 0, arm_for_room);
	CHECK(pp_try_pull(rx, &item) == -EAGAIN && !then);
	CHECK(readable(fd));
	close_ring();
}

/* ---- capacity 0 ---------------------------------------------------------------------------- */

static void wait_until_parked(pp_rx *end)
{
	pp_stats stats = { .size = sizeof stats };

	do {
		CHECK(pp_rx_stats(end, &stats) == 0);
	} while (stats.pullers_parked == 0);
}

static void *pull_other(void *item)
{
	CHECK(pp_pull(other_rx, item) == 0);
	return NULL;
}

static pthread_t puller;
static int pulled;

static void a_puller_comes_to_the_other(void)
{
	CHECK(pthread_create(&puller, NULL, pull_other, &pulled) == 0);
	wait_until_parked(other_rx);
}

static int item_of_async, calls;

static void count_call(void *context)
{
	(void)context;
	calls++;
}

static pp_async waiting = { .ready = count_call };

/* The select is half-way: it has a partner elsewhere. */
static void look_at_who_acts(void)
{
	CHECK(pp_rx_arm(rx) == 0);
	CHECK(pp_try_pull(rx, &item_of_async) == -EBUSY);
	CHECK(pp_pull_async(rx, &item_of_async, &waiting) == -EAGAIN);
}

static void select_comes_first_here(void)
{
	a_puller_comes_to_the_other();
	at(PP_AT_meet_matched, 0, look_at_who_acts);
}

/* A select waits in line at one ring while it hands over at another: who comes by leaves news. */
static void news_for_a_select_that_acts(void)
{
	int item = 5;
	pp_case cases[2] = { { .item = &item }, { .item = &item } };

	open_ring(PP_MPMC, 0);
	CHECK(pp_open(&other_tx, &other_rx, PP_MPMC, 0, sizeof(int)) == 0);
	CHECK(pp_rx_fd(rx) >= 0);
	cases[0].tx = tx;
	cases[1].tx = other_tx;
	at(PP_AT_meet_locked, 2, select_comes_first_here); /* two tries, then in line */
	CHECK(pp_select(cases, 2, PP_ORDERED, PP_FOREVER) == 1 && cases[1].result == 0);
	CHECK(pthread_join(puller, NULL) == 0 && pulled == 5);
	CHECK(pp_pull_withdraw(rx, &waiting) == 0);
	close_ring();
	pp_tx_unref(other_tx);
	pp_rx_unref(other_rx);
}

static void take_from_the_select(void)
{
	CHECK(pp_try_pull(other_rx, &pulled) == 0 && pulled == 6);
}

/* Ring `tx` has an item, and is looked at first; but somebody was faster at the other one. */
static void *select_and_be_claimed(void *arg)
{
	int in, out = 6;
	pp_case cases[2] = { { .rx = rx, .item = &in }, { .tx = other_tx, .item = &out } };

	(void)arg;
	at(PP_AT_watch_locked, 1, take_from_the_select); /* when it enters again */
	CHECK(pp_select(cases, 2, PP_ORDERED, PP_FOREVER) == 1 && cases[1].result == 0);
	return NULL;
}

static void claimed_before_it_could_act(void)
{
	pthread_t selecting;
	int item = 7;

	open_ring(PP_MPMC, 1);
	CHECK(pp_open(&other_tx, &other_rx, PP_MPMC, 0, sizeof(int)) == 0);
	CHECK(pthread_create(&selecting, NULL, select_and_be_claimed, NULL) == 0);
	wait_until_parked(rx);
	CHECK(pp_push(tx, &item) == 0);
	CHECK(pthread_join(selecting, NULL) == 0);
	CHECK(pp_try_pull(rx, &item) == 0 && item == 7);
	close_ring();
	pp_tx_unref(other_tx);
	pp_rx_unref(other_rx);
}

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static _Atomic int holds_the_lock;

static void stay_at_the_gate(void)
{
	holds_the_lock = 1;
	pthread_mutex_lock(&gate);
	pthread_mutex_unlock(&gate);
}

static void *push_slowly(void *item)
{
	at(PP_AT_meet_locked, 0, stay_at_the_gate);
	CHECK(pp_push_until(tx, item, pp_in(PP_FOREVER)) == 0);
	return NULL;
}

/* The lock of the meeting is not to be had, and the deadline is before the clock began. */
static void a_deadline_before_time(void)
{
	pthread_t pusher;
	int item = 8;

	open_ring(PP_MPMC, 0);
	pthread_mutex_lock(&gate);
	CHECK(pthread_create(&pusher, NULL, push_slowly, &item) == 0);
	while (!holds_the_lock)
		;
	CHECK(pp_pull_until(rx, &pulled, -1) == -ETIMEDOUT);
	pthread_mutex_unlock(&gate);
	CHECK(pp_pull(rx, &pulled) == 0 && pulled == 8);
	CHECK(pthread_join(pusher, NULL) == 0);
	close_ring();
}

int main(void)
{
	pp_test_stall_hook = at_a_point;
	nothing_is_left_of_what_cannot_be_had();
	the_faster_table_stays();
	references_do_not_wrap();
	no_end_is_no_ring();
	both_get_the_fd_of_the_faster();
	armed_beside_who_passes_over();
	news_for_a_select_that_acts();
	claimed_before_it_could_act();
	a_deadline_before_time();
	return 0;
}
