/* SPDX-License-Identifier: MIT */
/*
 * A kernel that refuses what the library asks for.  That it refuses membarrier to the whole process
 * is tests/stress/refused.c; a filter holds for a thread, and so may only some threads have it.
 */
#include "edge.h"
#include "filter.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct stream crowd = { .pushers = 3, .pullers = 3, .items = 100 };

static void open_once(void)
{
	pp_tx *tx;
	pp_rx *rx;

	edge_open(&tx, &rx, PP_SPSC, 1);
	edge_let_go(tx, rx);
}

static void *open_once_refused(void *error)
{
	filter_refuse(SYS_membarrier, *(int *)error);
	open_once();
	return NULL;
}

/* ---- membarrier ------------------------------------------------------------------------------ */

static void refuse_to_odd(unsigned thread)
{
	if (thread % 2)
		filter_refuse(SYS_membarrier, EPERM);
}

static void refuse_to_even(unsigned thread)
{
	if (thread % 2 == 0)
		filter_refuse(SYS_membarrier, ENOSYS);
}

/* The first ring finds membarrier working; then one side, or half of each, may not. */
static void after_the_first_ring(void)
{
	struct stream s = crowd;

	open_once();
	s.spin_ns = PP_SPIN_NONE;
	s.enter = refuse_to_odd; /* PP_SPSC: the puller, which is thread 1 */
	stream_run_everywhere(s);
	s.enter = refuse_to_even;
	stream_run_everywhere(s);
}

/* The one thread that has the filter opens the first ring: all rings are fenced from then on. */
static void to_the_first_thread_only(void)
{
	struct stream s = crowd;
	pthread_t thread;
	int error = EPERM;

	s.items = 1000;
	CHECK(pthread_create(&thread, NULL, open_once_refused, &error) == 0, "no thread");
	pthread_join(thread, NULL);
	stream_run_everywhere(s);
}

/* A ring is opened, and closed under sleepers, by threads to which it is refused. */
static void *close_it(void *tx)
{
	filter_refuse(SYS_membarrier, EPERM);
	CHECK(pp_close(tx) == 0, "close");
	return NULL;
}

static void close_refused(pp_kind kind, size_t capacity)
{
	struct blocked b;
	pthread_t thread;
	pp_tx *tx;
	pp_rx *rx;

	edge_open(&tx, &rx, kind, capacity);
	blocked_pull(&b, tx, rx, PP_FOREVER, 0);
	CHECK(pthread_create(&thread, NULL, close_it, tx) == 0, "no thread");
	pthread_join(thread, NULL);
	CHECK(blocked_join(&b) == -EPIPE, "the puller was not told");
	edge_let_go(tx, rx);
}

static void to_who_closes(void)
{
	open_once();
	for (size_t capacity = 0; capacity < 3; capacity++) {
		close_refused(PP_SPSC, capacity);
		close_refused(PP_MPMC, capacity);
	}
}

/* ---- futex ----------------------------------------------------------------------------------- */

static void refuse_futex(unsigned thread)
{
	(void)thread;
	filter_refuse(SYS_futex, EPERM);
}

static void *wait_without_futex(void *arg)
{
	uint64_t item;
	pp_case c = { .rx = arg, .item = &item };

	refuse_futex(0);
	CHECK(pp_pull_until(arg, &item, pp_in(5 * PP_MS)) == -ETIMEDOUT, "pull");
	CHECK(pp_pull_n_until(arg, &item, 1, 1, pp_in(5 * PP_MS)) == -ETIMEDOUT, "batch");
	CHECK(pp_select(&c, 1, 0, pp_in(5 * PP_MS)) == -ETIMEDOUT, "select");
	return NULL;
}

static void deadlines_without_futex(void)
{
	for (int i = 0; i < 4; i++) {
		pthread_t thread;
		pp_tx *tx;
		pp_rx *rx;

		edge_open(&tx, &rx, i % 2 ? PP_SPSC : PP_MPMC, (size_t)i / 2);
		CHECK(pthread_create(&thread, NULL, wait_without_futex, rx) == 0, "no thread");
		pthread_join(thread, NULL);
		edge_let_go(tx, rx);
	}
}

static void streams_without_futex(void)
{
	struct stream s = crowd;

	s.enter = refuse_futex;
	stream_run_everywhere(s);
}

/* Who waits is refused, and spins or naps; who wakes is not. */
static void refuse_futex_to_odd(unsigned thread)
{
	if (thread % 2)
		refuse_futex(thread);
}

static void futex_for_one_side(void)
{
	/* The wakes of a thread without futex reach nobody, so the other side waits for a moment only. */
	struct stream s = { .kind = PP_SPSC, .capacity = 1, .items = 100, .call = STREAM_UNTIL,
	                    .enter = refuse_futex_to_odd };

	stream_run(&s);
}

static void kill_at_waitv(unsigned thread)
{
	(void)thread;
#ifdef SYS_futex_waitv
	filter_kill(SYS_futex_waitv);
#else
	filter_kill(449);
#endif
}

static void refuse_waitv(unsigned thread)
{
	(void)thread;
	filter_refuse(449, ENOSYS);
}

static void selects_without_waitv(void)
{
	struct stream s = crowd;

	s.call = STREAM_SELECT;
	s.items = 1000;
	s.enter = kill_at_waitv;
	stream_run_everywhere(s);
	s.enter = refuse_waitv;
	stream_run_everywhere(s);
}

/* ---- The table of docs/security.md ----------------------------------------------------------- */

#define TABLE SYS_membarrier, SYS_sched_yield, SYS_getpid, SYS_sched_getaffinity, SYS_eventfd2, \
	      SYS_close, SYS_read, SYS_clock_gettime, SYS_clock_nanosleep, SYS_write

static void allow_the_table(unsigned thread)
{
	static const int calls[] = { TABLE, SYS_exit };

	(void)thread;
	filter_allow_only(calls, ARRAY_LEN(calls));
}

/* Not through the C library, which has calls of its own to make. */
static void exit_at_once(void)
{
	syscall(SYS_exit, 0);
}

static void the_table_is_complete_for_streams(void)
{
	struct stream s = crowd;

	open_once();
	s.items = 1000;
	s.enter = allow_the_table;
	s.leave = exit_at_once;
	stream_run_everywhere(s);
}

static void use_alone(pp_kind kind, size_t capacity)
{
	uint64_t item = 1;
	pp_case c;
	pp_tx *tx;
	pp_rx *rx;

	edge_open(&tx, &rx, kind, capacity);
	c = (pp_case){ .rx = rx, .item = &item };
	CHECK(pp_rx_arm(rx) == 0, "arm");
	CHECK(pp_tx_fd(tx) >= 0, "descriptor");
	CHECK(pp_select(&c, 1, 0, pp_in(PP_MS)) == -ETIMEDOUT, "select");
	CHECK(pp_pull_until(rx, &item, pp_in(PP_MS)) == -ETIMEDOUT, "pull");
	CHECK(pp_try_push(tx, &item) == (capacity ? 0 : -EAGAIN), "push");
	CHECK(pp_rx_arm(rx) == (capacity ? 1 : 0), "arm");
	CHECK(pp_dump(-1) == -EBADF, "dump");
	CHECK(pp_cancel(rx) == 0 && pp_close(tx) == 0, "end");
	edge_let_go(tx, rx);
}

static void the_table_is_complete_for_the_rest(void)
{
	static const int calls[] = { TABLE, SYS_brk, SYS_mmap, SYS_munmap, SYS_madvise, SYS_mprotect,
	                             SYS_exit_group };

	filter_allow_only(calls, ARRAY_LEN(calls));
	for (size_t capacity = 0; capacity < 4; capacity++) {
		use_alone(PP_SPSC, capacity);
		use_alone(PP_MPMC, capacity);
	}
	_exit(0); /* the harness's stdio makes other calls */
}

/* ---- Others ---------------------------------------------------------------------------------- */

static void without_eventfd(void)
{
	uint64_t item = 7;
	pp_tx *tx;
	pp_rx *rx;

	edge_open(&tx, &rx, PP_MPMC, 2);
	filter_refuse(SYS_eventfd2, EPERM);
	CHECK(pp_rx_fd(rx) == -EPERM && pp_tx_fd(tx) == -EPERM, "a descriptor");
	CHECK(pp_rx_arm(rx) == -EPERM && pp_tx_arm(tx) == -EPERM, "armed");
	CHECK(pp_push(tx, &item) == 0 && pp_pull(rx, &item) == 0 && item == 7, "the ring");
	edge_let_go(tx, rx);
}

static void without_what_spinning_asks_for(void)
{
	struct stream s = crowd;

	filter_refuse(SYS_sched_yield, EPERM);
	filter_refuse(SYS_sched_getaffinity, EPERM);
	filter_refuse(SYS_getpid, EPERM);
	s.items = 500;
	stream_run_everywhere(s);
}

int main(int argc, char **argv)
{
	static const struct edge edges[] = {
		{ "membarrier-refused-to-some-after-the-first-ring", after_the_first_ring, EDGE_QUICK },
		{ "membarrier-refused-to-the-first-thread-only", to_the_first_thread_only, EDGE_QUICK },
		{ "membarrier-refused-to-who-closes", to_who_closes, EDGE_QUICK },
		{ "futex-refused-deadlines-hold", deadlines_without_futex, EDGE_QUICK },
		{ "futex-refused-streams-go-on", streams_without_futex, EDGE_QUICK },
		{ "futex-refused-to-one-side", futex_for_one_side, EDGE_QUICK },
		{ "futex-waitv-is-never-called", selects_without_waitv, EDGE_QUICK },
		{ "table-of-system-calls-streams", the_table_is_complete_for_streams, EDGE_QUICK },
		{ "table-of-system-calls-the-rest", the_table_is_complete_for_the_rest, EDGE_QUICK },
		{ "eventfd-refused", without_eventfd, EDGE_QUICK },
		{ "sched-yield-and-affinity-refused", without_what_spinning_asks_for, EDGE_QUICK },
	};

	return edges_main(argc, argv, edges, ARRAY_LEN(edges));
}
