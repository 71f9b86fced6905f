/* SPDX-License-Identifier: MIT */
/* Threads and processes that end while calls are under way. */
#include "edge.h"
#include "filter.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- Cancelled while asleep: no call of the library is a cancellation point ------------------ */

struct sleeper {
	pp_tx *tx;
	pp_rx *rx;
	int (*call)(struct sleeper *s);
	uint64_t item;
	int result;
	pthread_t thread;
};

static int by_pull(struct sleeper *s)
{
	return pp_pull(s->rx, &s->item);
}

static int by_pull_until(struct sleeper *s)
{
	return pp_pull_until(s->rx, &s->item, pp_in(3600 * PP_SEC));
}

static int by_batch(struct sleeper *s)
{
	return pp_pull_n(s->rx, &s->item, 1) == 1 ? 0 : -EIO;
}

static int by_select(struct sleeper *s)
{
	pp_case c = { .rx = s->rx, .item = &s->item };

	return pp_select(&c, 1, 0, PP_FOREVER) == 0 ? c.result : -EIO;
}

static int by_slot(struct sleeper *s)
{
	void *slot;
	int r = pp_pull_begin(s->rx, &slot);

	if (r == 0)
		memcpy(&s->item, slot, sizeof(s->item));
	return r == 0 ? pp_pull_commit(s->rx, slot) : r;
}

static void *sleep_and_note(void *arg)
{
	struct sleeper *s = arg;

	s->result = s->call(s);
	pthread_testcancel(); /* here, and not before */
	s->result = -EIO;
	return NULL;
}

static void cancel_asleep(pp_kind kind, size_t capacity, int (*call)(struct sleeper *s))
{
	struct sleeper s = { .call = call, .result = -ECANCELED };
	uint64_t item = 11;
	void *how;

	edge_open(&s.tx, &s.rx, kind, capacity);
	CHECK(pthread_create(&s.thread, NULL, sleep_and_note, &s) == 0, "no thread");
	AWAIT(edge_stats(s.rx).pullers_parked == 1);
	CHECK(pthread_cancel(s.thread) == 0, "cancel");
	nap_us(1000);
	CHECK(edge_stats(s.rx).pullers_parked == 1, "it does not sleep on");
	CHECK(pp_push(s.tx, &item) == 0, "push");
	CHECK(pthread_join(s.thread, &how) == 0 && how == PTHREAD_CANCELED, "not cancelled");
	CHECK(s.result == 0 && s.item == 11, "the item is lost: %d", s.result);
	CHECK(edge_stats(s.rx).pulled == 1 && pp_rx_depth(s.rx) == 0, "the stats");
	edge_let_go(s.tx, s.rx);
}

static void cancelled_asleep(void)
{
	static int (*const calls[])(struct sleeper *s) = { by_pull, by_pull_until, by_batch,
	                                                    by_select, by_slot };

	for (size_t i = 0; i < ARRAY_LEN(calls); i++)
		for (size_t capacity = calls[i] == by_slot; capacity < 3; capacity++) {
			cancel_asleep(PP_SPSC, capacity, calls[i]);
			cancel_asleep(PP_MPMC, capacity, calls[i]);
		}
}

/* ---- A cancellation that is pending when a call is made -------------------------------------- */

struct late {
	pp_tx *tx;
	pp_rx *rx;
	void (*act)(struct late *l);
	atomic_bool returned;
	int fd;
};

static void *act_while_cancelled(void *arg)
{
	struct late *l = arg;

	pthread_cancel(pthread_self());
	l->act(l);
	atomic_store(&l->returned, true);
	pthread_testcancel();
	return NULL;
}

static void run_late(struct late *l, void (*act)(struct late *l))
{
	pthread_t thread;
	void *how;

	l->act = act;
	atomic_store(&l->returned, false);
	CHECK(pthread_create(&thread, NULL, act_while_cancelled, l) == 0, "no thread");
	CHECK(pthread_join(thread, &how) == 0 && how == PTHREAD_CANCELED, "not cancelled");
	CHECK(atomic_load(&l->returned), "cancelled within the call");
}

static void push_late(struct late *l)
{
	CHECK(pp_push(l->tx, &(uint64_t){ 2 }) == 0, "push");
}

static void arm_late(struct late *l)
{
	CHECK(pp_rx_arm(l->rx) == 0, "arm");
}

static void close_late(struct late *l)
{
	CHECK(pp_close(l->tx) == 0, "close");
}

static void let_go_late(struct late *l)
{
	edge_let_go(l->tx, l->rx);
}

static void dump_late(struct late *l)
{
	CHECK(pp_dump(l->fd) == 0, "dump");
}

static void *select_one(void *arg)
{
	struct sleeper *s = arg;

	s->result = by_select(s);
	return NULL;
}

/* The item is published, so the descriptor and the select must be told of it. */
static void pending_at_armed_push(pp_kind kind)
{
	struct late l;
	struct pollfd readable;

	edge_open(&l.tx, &l.rx, kind, 2);
	run_late(&l, arm_late);
	readable = (struct pollfd){ .fd = pp_rx_fd(l.rx), .events = POLLIN };
	run_late(&l, push_late);
	CHECK(poll(&readable, 1, 0) == 1, "the descriptor was not told");
	CHECK(pp_try_pull(l.rx, &(uint64_t){ 0 }) == 0 && pp_rx_arm(l.rx) == 0, "armed again");
	run_late(&l, close_late);
	CHECK(poll(&readable, 1, 0) == 1, "the descriptor was not told of the end");
	run_late(&l, let_go_late);
	CHECK(fcntl(readable.fd, F_GETFD) < 0 && test_open_rings() == 0, "it is not freed");
}

static void pending_beside_a_select(void)
{
	struct sleeper s = { .result = -ECANCELED };
	struct late l;

	edge_open(&l.tx, &l.rx, PP_MPMC, 2);
	s.tx = l.tx;
	s.rx = l.rx;
	CHECK(pthread_create(&s.thread, NULL, select_one, &s) == 0, "no thread");
	AWAIT(edge_stats(l.rx).pullers_parked == 1);
	CHECK(pp_rx_arm(l.rx) == 0, "arm");
	run_late(&l, push_late);
	pthread_join(s.thread, NULL); /* or it sleeps beside the item */
	CHECK(s.result == 0 && s.item == 2, "the select");
	edge_let_go(l.tx, l.rx);
}

static void pending_at_a_call(void)
{
	pending_at_armed_push(PP_SPSC);
	pending_at_armed_push(PP_MPMC);
	pending_beside_a_select();
}

/* A dump that does not leave the table keeps every ring that is freed later. */
static void pending_at_dump(void)
{
	struct late l = { .fd = open("/dev/null", O_WRONLY) };

	edge_open(&l.tx, &l.rx, PP_MPMC, 2);
	run_late(&l, dump_late);
	edge_let_go(l.tx, l.rx);
}

static void pull_late(struct late *l)
{
	CHECK(pp_pull_until(l->rx, &(uint64_t){ 0 }, pp_in(PP_MS)) == -ETIMEDOUT, "pull");
}

/* Then the heavy fence is a nap. */
static void pending_without_membarrier(void)
{
	for (int kind = PP_SPSC; kind <= PP_MPMC; kind++) {
		struct late l;

		edge_open(&l.tx, &l.rx, (pp_kind)kind, 2);
		if (kind == PP_SPSC)
			filter_refuse(SYS_membarrier, EPERM);
		run_late(&l, pull_late);
		run_late(&l, close_late);
		edge_let_go(l.tx, l.rx);
	}
}

/* ---- exit() over sleepers -------------------------------------------------------------------- */

static struct blocked asleep[6];

static void park_some(void)
{
	for (unsigned i = 0; i < ARRAY_LEN(asleep); i++) {
		pp_tx *tx;
		pp_rx *rx;

		edge_open(&tx, &rx, i % 2 ? PP_SPSC : PP_MPMC, i / 2);
		blocked_pull(&asleep[i], tx, rx, PP_FOREVER, 0);
	}
}

static void await_status(pid_t child, int expected)
{
	int status;

	CHECK(child > 0 && waitpid(child, &status, 0) == child, "no child: %s", strerror(errno));
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == expected, "ended with %x", (unsigned)status);
}

/* At exit the rings are still there, and whoever sleeps in them: a handler may serve them. */
static void serve_all(void)
{
	uint64_t item = 1;

	for (unsigned i = 0; i < ARRAY_LEN(asleep); i++)
		CHECK(pp_push(asleep[i].tx, &item) == 0 && blocked_join(&asleep[i]) == 0, "at exit");
}

/* Not the status of a check that failed. */
enum { EXITED = 20 };

static void exit_over_sleepers(void)
{
	for (int way = 0; way < 4; way++) {
		pid_t child = fork();

		if (child == 0) {
			if (way == 1)
				atexit(serve_all); /* would come after a handler of the library's */
			park_some();
			if (way == 3)
				atexit(serve_all); /* would come before it */
			if (way == 2)
				quick_exit(EXITED);
			exit(EXITED);
		}
		await_status(child, EXITED);
	}
}

/* The first thread goes; the others go on, and the last of them ends the process. */
static void *outlive_main(void *arg)
{
	struct stream s = { .pushers = 2, .pullers = 2, .items = 300 };

	(void)arg;
	nap_us(5000);
	stream_run_everywhere(s);
	exit(EXITED);
}

static void main_thread_ends_first(void)
{
	pid_t child = fork();

	if (child == 0) {
		pthread_t thread;

		CHECK(pthread_create(&thread, NULL, outlive_main, NULL) == 0, "no thread");
		pthread_exit(NULL);
	}
	await_status(child, EXITED);
}

int main(int argc, char **argv)
{
	static const struct edge edges[] = {
		{ "cancelled-asleep", cancelled_asleep, EDGE_QUICK },
		{ "cancellation-pending-at-a-call", pending_at_a_call, EDGE_QUICK },
		{ "cancellation-pending-at-a-dump", pending_at_dump, EDGE_QUICK },
		{ "cancellation-pending-without-membarrier", pending_without_membarrier, EDGE_QUICK },
		{ "exit-over-sleepers", exit_over_sleepers, EDGE_QUICK },
		{ "main-thread-ends-first", main_thread_ends_first, EDGE_QUICK },
	};

	return edges_main(argc, argv, edges, ARRAY_LEN(edges));
}
