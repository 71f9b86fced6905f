/* SPDX-License-Identifier: MIT */
/*
 * What a narrow size_t or time_t could break: sizes whose product wraps, and deadlines further
 * than the kernel's time reaches.  Holds on every machine.
 */
#include <pushpull/pushpull.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define CHECK(condition)                                                                     \
	do {                                                                                 \
		if (!(condition)) {                                                          \
			printf("FAILED  %s: line %d: %s\n", now_checked, __LINE__, #condition); \
			exit(1);                                                             \
		}                                                                            \
	} while (0)

/* A wait is one sleep, and not many short ones; a stray wake may add to it. */
#define SLEEPS_MAX 3
#define YEAR       (365 * 24 * 3600 * PP_SEC)

static const char *now_checked;

static void begin(const char *what)
{
	now_checked = what;
}

static void end(void)
{
	printf("ok      %s\n", now_checked);
}

/* ---- Sizes ----------------------------------------------------------------------- */

static void refused(size_t capacity, size_t item_size)
{
	for (pp_kind kind = PP_SPSC; kind <= PP_MPMC; kind++) {
		pp_tx *tx = (pp_tx *)&tx;
		pp_rx *rx = (pp_rx *)&rx;
		int r = pp_open(&tx, &rx, kind, capacity, item_size);

		CHECK(r == -EINVAL || r == -ENOMEM);
		CHECK(!tx && !rx);
	}
}

static void sizes_that_wrap(void)
{
	const size_t root = (size_t)1 << sizeof(size_t) * 4;

	begin("sizes-that-wrap-are-refused");
	refused(root, root);
	refused(root + 1, root);
	refused(root, root + 1);
	refused(SIZE_MAX / 3 + 1, 3);
	refused(SIZE_MAX / 16 + 2, 16);
	refused(SIZE_MAX / 16, 16);
	for (size_t less = 0; less < 512; less++) {
		refused(SIZE_MAX - less, 1);
		refused(1, SIZE_MAX - less);
		refused((SIZE_MAX - less) / 8, 8);
	}
	end();
}

/* ---- Deadlines ------------------------------------------------------------------- */

struct wait {
	pp_rx    *rx;
	pp_time   deadline;
	int       result;
	pthread_t thread;
};

static void *pull(void *arg)
{
	struct wait *w = arg;
	uint64_t item;

	w->result = pp_pull_until(w->rx, &item, w->deadline);
	return NULL;
}

static pp_stats stats_of(pp_tx *tx)
{
	pp_stats s = { .size = sizeof(s) };

	CHECK(pp_tx_stats(tx, &s) == 0);
	return s;
}

static void nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

static void ignore(int number)
{
	(void)number;
}

static void far(const char *what, unsigned flags, pp_time deadline, bool strike)
{
	pp_tx *tx;
	struct wait w = { .deadline = deadline, .result = 1 };

	begin(what);
	CHECK(pp_open_with(&tx, &w.rx, &PP_CONFIG(.kind = PP_MPMC, .capacity = 4, .item_size = 8,
						  .flags = flags)) == 0);
	CHECK(pthread_create(&w.thread, NULL, pull, &w) == 0);
	while (stats_of(tx).pullers_parked == 0 && stats_of(tx).pull_parks <= SLEEPS_MAX)
		nap();
	for (int i = 0; i < 20; i++)
		nap(); /* one that does not sleep has slept many times now */
	CHECK(stats_of(tx).pull_parks <= SLEEPS_MAX);
	if (strike)
		pthread_kill(w.thread, SIGUSR1);
	else
		CHECK(pp_push(tx, &(uint64_t){ 7 }) == 0);
	pthread_join(w.thread, NULL);
	CHECK(w.result == (strike ? -EINTR : 0));
	pp_tx_unref(tx);
	pp_rx_unref(w.rx);
	end();
}

static void near(void)
{
	struct wait w;
	pp_tx *tx;

	begin("a-near-deadline-is-slept-for");
	CHECK(pp_open(&tx, &w.rx, PP_MPMC, 4, 8) == 0);
	w.deadline = pp_in(700 * PP_MS);
	pull(&w);
	CHECK(w.result == -ETIMEDOUT);
	CHECK(pp_now() >= w.deadline);
	CHECK(stats_of(tx).pull_parks <= SLEEPS_MAX);
	pp_tx_unref(tx);
	pp_rx_unref(w.rx);
	end();
}

int main(void)
{
	struct sigaction action = { .sa_handler = ignore, .sa_flags = SA_RESTART };

	sigaction(SIGUSR1, &action, NULL);
	sizes_that_wrap();
	near();
	far("a-deadline-in-100-years", 0, pp_in(100 * YEAR), false);
	far("the-last-deadline-but-one", 0, PP_FOREVER - 1, false);
	far("a-signal-ends-a-wait-for-ever", PP_INTERRUPTIBLE, PP_FOREVER, true);
	far("a-signal-ends-a-wait-of-100-years", PP_INTERRUPTIBLE, pp_in(100 * YEAR), true);
	return 0;
}
