/* SPDX-License-Identifier: MIT */
/* Deadlines at the ends of their range, clocks that are shifted, and processes that are stopped. */
#include "edge.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

/* ---- Every call that has a deadline ---------------------------------------------------------- */

struct timed {
	pp_tx *tx;
	pp_rx *rx;
	pp_time deadline;
	int (*call)(struct timed *t);
	uint64_t item;
	int result;
	pthread_t thread;
};

static int pull_until(struct timed *t)
{
	return pp_pull_until(t->rx, &t->item, t->deadline);
}

static int pull_n_until(struct timed *t)
{
	ssize_t n = pp_pull_n_until(t->rx, &t->item, 1, 1, t->deadline);

	return n == 1 ? 0 : (int)n;
}

static int pull_begin_until(struct timed *t)
{
	void *slot;
	int r = pp_pull_begin_until(t->rx, &slot, t->deadline);

	if (r == 0)
		memcpy(&t->item, slot, sizeof(t->item));
	return r == 0 ? pp_pull_commit(t->rx, slot) : r;
}

static int select_until(struct timed *t)
{
	pp_case c = { .rx = t->rx, .item = &t->item };
	int r = pp_select(&c, 1, 0, t->deadline);

	return r == 0 ? c.result : r;
}

static int (*const timed_calls[])(struct timed *t) = { pull_until, pull_n_until, select_until,
                                                        pull_begin_until };

static void open_flagged(struct timed *t, pp_kind kind, size_t capacity, unsigned flags)
{
	CHECK(pp_open_with(&t->tx, &t->rx, &PP_CONFIG(.kind = kind, .capacity = capacity,
		.item_size = sizeof(t->item), .flags = flags)) == 0, "open");
}

/* For each kind, capacity, flag, and call that the capacity has. */
static void for_each_timed(void (*check)(struct timed *t))
{
	for (size_t i = 0; i < 4 * 3 * 4; i++) {
		struct timed t = { .call = timed_calls[i / 12] };

		if (t.call == pull_begin_until && i / 4 % 3 == 0)
			continue;
		open_flagged(&t, i % 2 ? PP_SPSC : PP_MPMC, i / 4 % 3, i / 2 % 2 ? PP_INTERRUPTIBLE : 0);
		check(&t);
		edge_let_go(t.tx, t.rx);
	}
}

static void *make_timed(void *arg)
{
	struct timed *t = arg;

	t->result = t->call(t);
	return NULL;
}

static void park(struct timed *t)
{
	CHECK(pthread_create(&t->thread, NULL, make_timed, t) == 0, "no thread");
	AWAIT(edge_stats(t->rx).pullers_parked == 1);
}

static void serve(struct timed *t)
{
	CHECK(pp_push(t->tx, &(uint64_t){ 8 }) == 0, "push");
	pthread_join(t->thread, NULL);
	CHECK(t->result == 0 && t->item == 8, "deadline %lld: result %d", (long long)t->deadline,
	      t->result);
}

/* ---- Far, past and near ---------------------------------------------------------------------- */

static void far_one(struct timed *t)
{
	static const pp_time far[] = { PP_FOREVER, PP_FOREVER - 1, PP_FOREVER - PP_SEC, PP_FOREVER / 2,
	                               INT64_C(1) << 32, INT64_C(0x7fffffff) * PP_SEC };

	for (size_t i = 0; i < ARRAY_LEN(far); i++) {
		t->deadline = far[i];
		if (t->deadline < pp_in(PP_SEC))
			continue; /* in this time namespace it is not far */
		park(t);
		nap_us(500);
		serve(t);
	}
}

static void past_one(struct timed *t)
{
	static const pp_time past[] = { 0, 1, -1, INT64_MIN, INT64_MIN + 1, -PP_SEC };
	bool meets = pp_tx_capacity(t->tx) == 0;

	for (size_t i = 0; i < ARRAY_LEN(past); i++) {
		t->deadline = past[i];
		CHECK(t->call(t) == -ETIMEDOUT, "not at once");
		if (meets)
			continue;
		CHECK(pp_push(t->tx, &(uint64_t){ 9 }) == 0, "push");
		CHECK(t->call(t) == 0 && t->item == 9, "what is there");
	}
}

static void near_one(struct timed *t)
{
	t->deadline = pp_in(PP_MS);
	CHECK(t->call(t) == -ETIMEDOUT && pp_now() >= t->deadline, "too early, or not at all");
}

static void all_deadlines(void)
{
	for_each_timed(far_one);
	for_each_timed(past_one);
	for_each_timed(near_one);
	CHECK(pp_in(INT64_MAX) == PP_FOREVER && pp_in(INT64_MIN) == 0, "pp_in");
	CHECK(pp_in(INT64_MAX - 1) == PP_FOREVER && pp_in(0) > 0, "pp_in");
}

/* ---- Time namespaces: CLOCK_MONOTONIC is shifted for those who come later -------------------- */

static void shift_clock(long long seconds)
{
	char text[60];
	int file, length = snprintf(text, sizeof(text), "monotonic %lld 0\n", seconds);

	if (unshare(CLONE_NEWTIME) != 0)
		edge_skip("no time namespace: %s", strerror(errno));
	file = open("/proc/self/timens_offsets", O_WRONLY);
	CHECK(file >= 0 && write(file, text, (size_t)length) == length, "offset %lld: %s", seconds,
	      strerror(errno));
	close(file);
}

static void run_shifted(long long seconds)
{
	pp_time before = pp_now();
	int status;
	pid_t child;

	shift_clock(seconds);
	child = fork();
	if (child == 0) {
		pp_time moved = pp_now() - before;

		CHECK(moved >= seconds * PP_SEC && moved < (seconds + 60) * PP_SEC, "the clock stayed");
		all_deadlines();
		_exit(0);
	}
	CHECK(waitpid(child, &status, 0) == child && status == 0, "shifted by %lld s: status %x",
	      seconds, (unsigned)status);
}

static void clock_set_back(void)
{
	run_shifted(-(long long)(pp_now() / PP_SEC / 2));
}

static void clock_set_forward(void)
{
	run_shifted(1000000000); /* 31 years */
}

/* ---- Stopped and continued, attached and detached -------------------------------------------- */

enum { STOPS = 5 };

/* Another process does it, since this one stops: for a while, and until then. */
static void be_stopped(pp_time until)
{
	pid_t self = getpid(), child = fork();
	int status;

	if (child == 0) {
		nap_us(2000);
		kill(self, SIGSTOP);
		do
			nap_us(2000);
		while (pp_now() < until);
		kill(self, SIGCONT);
		_exit(0);
	}
	while (waitpid(child, &status, 0) < 0)
		CHECK(errno == EINTR, "wait");
	CHECK(status == 0, "status %x", (unsigned)status);
}

static void stop_one(struct timed *t)
{
	static const pp_time deadlines[] = { PP_FOREVER, PP_FOREVER - 1 };

	for (size_t i = 0; i < ARRAY_LEN(deadlines); i++) {
		uint64_t parks = edge_stats(t->rx).pull_parks;

		t->deadline = deadlines[i];
		park(t);
		be_stopped(0);
		CHECK(edge_stats(t->rx).pullers_parked == 1, "it does not sleep on");
		CHECK(edge_stats(t->rx).pull_parks == parks + 1, "it was awake in between");
		serve(t);
	}
}

static void stopped_asleep(void)
{
	for_each_timed(stop_one);
}

static void stop_one_over_its_deadline(struct timed *t)
{
	t->deadline = pp_in(15 * PP_MS);
	CHECK(pthread_create(&t->thread, NULL, make_timed, t) == 0, "no thread");
	/* It sleeps; or this machine was busy, and then there is nothing to be seen this time. */
	AWAIT(edge_stats(t->rx).pull_parks > 0 || pp_now() >= t->deadline);
	be_stopped(t->deadline);
	pthread_join(t->thread, NULL);
	CHECK(t->result == -ETIMEDOUT, "result %d", t->result);
	CHECK(edge_stats(t->rx).pull_parks <= 1, "it was awake in between");
}

/* One whose deadline passes meanwhile says so afterwards, and nothing else. */
static void stopped_over_the_deadline(void)
{
	for_each_timed(stop_one_over_its_deadline);
}

static void *stream_on(void *arg)
{
	struct stream s = { .pushers = 3, .pullers = 3, .items = 1000, .spin_ns = PP_SPIN_NONE };

	stream_run_everywhere(s);
	atomic_store((atomic_bool *)arg, true);
	return NULL;
}

static void stopped_at_work(void)
{
	atomic_bool done = false;
	pthread_t thread;

	CHECK(pthread_create(&thread, NULL, stream_on, &done) == 0, "no thread");
	do
		be_stopped(0);
	while (!atomic_load(&done));
	pthread_join(thread, NULL);
}

/* Attach to a sleeping thread and let it go again; 77: it may not. */
static int trace_briefly(pid_t tid)
{
	int status;

	if (ptrace(PTRACE_ATTACH, tid, NULL, NULL) != 0)
		return errno == EPERM ? 77 : 1;
	if (waitpid(tid, &status, __WALL) != tid || !WIFSTOPPED(status))
		return 2;
	return ptrace(PTRACE_DETACH, tid, NULL, NULL) == 0 ? 0 : 3;
}

static atomic_int traced_tid;

static int pull_traced(struct timed *t)
{
	atomic_store(&traced_tid, (int)gettid());
	return pull_until(t);
}

static void be_traced(pid_t tid)
{
	pid_t child;
	int status;

	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
	child = fork();
	if (child == 0)
		_exit(trace_briefly(tid));
	while (waitpid(child, &status, 0) < 0)
		CHECK(errno == EINTR, "wait");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		edge_skip("ptrace is not permitted");
	CHECK(status == 0, "the tracer ended with %x", (unsigned)status);
}

static void traced_asleep(void)
{
	for (unsigned i = 0; i < 8; i++) {
		struct timed t = { .call = pull_traced,
		                   .deadline = i % 2 ? PP_FOREVER : PP_FOREVER - 1 };

		open_flagged(&t, i / 2 % 2 ? PP_SPSC : PP_MPMC, i / 4, PP_INTERRUPTIBLE);
		park(&t);
		for (int k = 0; k < STOPS; k++)
			be_traced(atomic_load(&traced_tid));
		CHECK(edge_stats(t.rx).pullers_parked == 1 && edge_stats(t.rx).pull_parks == 1,
		      "it was awake in between");
		serve(&t);
		edge_let_go(t.tx, t.rx);
	}
}

int main(int argc, char **argv)
{
	static const struct edge edges[] = {
		{ "deadlines", all_deadlines, EDGE_QUICK },
		{ "deadlines-clock-set-back", clock_set_back, EDGE_QUICK },
		{ "deadlines-clock-set-forward", clock_set_forward, EDGE_QUICK },
		{ "stopped-asleep", stopped_asleep, EDGE_QUICK },
		{ "stopped-over-the-deadline", stopped_over_the_deadline, EDGE_QUICK },
		{ "stopped-at-work", stopped_at_work, EDGE_QUICK },
		{ "traced-asleep", traced_asleep, EDGE_QUICK },
	};

	return edges_main(argc, argv, edges, ARRAY_LEN(edges));
}
