/* SPDX-License-Identifier: MIT */
/*
 * Small scenes for strace.py to watch: `scenes NAME KIND CAPACITY`.  What matters runs in
 * the main thread between two marks, which are writes to standard error.
 */
#include <pushpull/typed.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

PP_TYPED(words, uint64_t);

static pp_tx *tx;
static pp_rx *rx;

static void fail(const char *what)
{
	fprintf(stderr, "scenes: %s\n", what);
	exit(1);
}

static void mark(const char *text)
{
	if (write(STDERR_FILENO, text, strlen(text)) < 0)
		exit(1);
}

static void nap_ms(long ms)
{
	nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000 }, NULL);
}

static void fill(void)
{
	for (uint64_t i = 0; i < pp_tx_capacity(tx); i++)
		if (pp_push(tx, &i) != 0)
			fail("fill");
}

/* ---- The other thread ------------------------------------------------------------ */

static void *push_later(void *arg)
{
	(void)arg;
	nap_ms(200);
	return (void *)(intptr_t)pp_push(tx, &(uint64_t){ 1 });
}

static void *pull_later(void *arg)
{
	uint64_t item;

	(void)arg;
	nap_ms(200);
	return (void *)(intptr_t)pp_pull(rx, &item);
}

static void *pull_all(void *arg)
{
	uint64_t item, count = 0;

	(void)arg;
	while (pp_pull(rx, &item) == 0)
		if (item != count++)
			fail("order");
	return (void *)(uintptr_t)count;
}

static void *beside(void *(*run)(void *), pthread_t *thread)
{
	if (pthread_create(thread, NULL, run, NULL) != 0)
		fail("pthread_create");
	return NULL;
}

static uintptr_t join(pthread_t thread)
{
	void *result;

	pthread_join(thread, &result);
	return (uintptr_t)result;
}

/* ---- Scenes ------------------------------------------------------------------------ */

static int pull(uint64_t *item)
{
	return pp_pull(rx, item);
}

static int push(uint64_t *item)
{
	return pp_push(tx, item);
}

/* On a second ring too, on which nothing ever happens. */
static pp_tx *quiet_tx;
static pp_rx *quiet_rx;

static int select_one(pp_case both[2])
{
	return pp_select(both, 2, 0, PP_FOREVER) == 0 ? both[0].result : -1;
}

static int select_pull(uint64_t *item)
{
	return select_one((pp_case[]){ { .rx = rx, .item = item }, { .rx = quiet_rx, .item = item } });
}

static int select_push(uint64_t *item)
{
	return select_one((pp_case[]){ { .tx = tx, .item = item }, { .rx = quiet_rx, .item = item } });
}

/* The call sleeps until the other thread acts. */
static void blocked(int (*call)(uint64_t *item), void *(*later)(void *))
{
	uint64_t item = 1;
	pthread_t thread;
	int result;

	beside(later, &thread);
	mark("begin\n");
	result = call(&item);
	mark("end\n");
	if (result != 0 || join(thread) != 0)
		fail("blocked");
}

static void blocked_pull(void)
{
	blocked(pull, push_later);
}

static void blocked_push(void)
{
	fill();
	blocked(push, pull_later);
}

static void blocked_select_pull(void)
{
	if (pp_open(&quiet_tx, &quiet_rx, PP_MPMC, 1, sizeof(uint64_t)) != 0)
		fail("pp_open");
	blocked(select_pull, push_later);
}

static void blocked_select_push(void)
{
	if (pp_open(&quiet_tx, &quiet_rx, PP_SPSC, 0, sizeof(uint64_t)) != 0)
		fail("pp_open");
	fill();
	blocked(select_push, pull_later);
}

static void say_deadline(pp_time deadline)
{
	char text[64];

	snprintf(text, sizeof(text), "begin %lld\n", (long long)deadline);
	mark(text);
}

static void timed_pull(void)
{
	pp_time deadline = pp_in(150 * PP_MS);
	uint64_t item;
	int result;

	say_deadline(deadline);
	result = pp_pull_until(rx, &item, deadline);
	mark("end\n");
	if (result != -ETIMEDOUT)
		fail("timed_pull");
}

static void timed_push(void)
{
	pp_time deadline;
	int result;

	fill();
	deadline = pp_in(150 * PP_MS);
	say_deadline(deadline);
	result = pp_push_until(tx, &(uint64_t){ 1 }, deadline);
	mark("end\n");
	if (result != -ETIMEDOUT)
		fail("timed_push");
}

/* Push and pull in turn: nobody ever sleeps, so there is nothing to ask the kernel. */
static void alone(void)
{
	mark("begin\n");
	for (uint64_t i = 0, item; i < 100000; i++)
		if (pp_push(tx, &i) != 0 || pp_pull(rx, &item) != 0 || item != i ||
		    words_push(tx, &i) != 0 || words_pull(rx, &item) != 0 || item != i)
			fail("alone");
	mark("end\n");
}

static void stream(void)
{
	const uint64_t count = 300000;
	pthread_t thread;

	beside(pull_all, &thread);
	mark("begin\n");
	for (uint64_t i = 0; i < count; i++)
		if (pp_push(tx, &i) != 0)
			fail("stream");
	mark("end\n");
	pp_close(tx);
	if (join(thread) != count)
		fail("stream: count");
}

/* A puller sleeps; many items come before it has got up. */
static void burst(void)
{
	pp_stats stats = { .size = sizeof(stats) };
	pthread_t thread;

	beside(pull_all, &thread);
	do
		nap_ms(1);
	while (pp_rx_stats(rx, &stats) == 0 && stats.pullers_parked == 0);
	nap_ms(50);
	mark("begin\n");
	for (uint64_t i = 0; i < pp_tx_capacity(tx); i++)
		if (pp_push(tx, &i) != 0)
			fail("burst");
	mark("end\n");
	pp_close(tx);
	if (join(thread) != pp_tx_capacity(tx))
		fail("burst: count");
}

static void *pull_slowly(void *arg)
{
	uint64_t item, count = 0;

	(void)arg;
	while (pp_pull(rx, &item) == 0) {
		count++;
		nap_ms(3);
	}
	return (void *)(uintptr_t)count;
}

/* Every push but the first few finds the ring full and sleeps. */
static void slow(void)
{
	const uint64_t count = 60;
	pthread_t thread;

	beside(pull_slowly, &thread);
	mark("begin\n");
	for (uint64_t i = 0; i < count; i++)
		if (pp_push(tx, &i) != 0)
			fail("slow");
	mark("end\n");
	pp_close(tx);
	if (join(thread) != count)
		fail("slow: count");
}

static void opening(void)
{
	pp_tx *other_tx;
	pp_rx *other_rx;

	mark("begin\n");
	if (pp_open(&other_tx, &other_rx, pp_tx_kind(tx), pp_tx_capacity(tx), 8) != 0)
		fail("opening");
	pp_tx_unref(other_tx);
	pp_rx_unref(other_rx);
	mark("end\n");
}

/* Everything once, for kernels that refuse something: the exit status tells. */
static void whole(void)
{
	const uint64_t count = 2000;
	uint64_t item;
	pthread_t thread;

	mark("begin\n");
	for (int i = 0; i < 3; i++) {
		beside(push_later, &thread);
		if (pp_pull(rx, &item) != 0 || join(thread) != 0)
			fail("whole: pull");
	}
	if (pp_pull_until(rx, &item, pp_in(PP_MS)) != -ETIMEDOUT)
		fail("whole: deadline");
	beside(pull_all, &thread);
	for (uint64_t i = 0; i < count; i++)
		if (pp_push(tx, &i) != 0)
			fail("whole: push");
	pp_close(tx);
	if (join(thread) != count)
		fail("whole: count");
	mark("end\n");
}

static const struct {
	const char *name;
	void (*run)(void);
} scenes[] = {
	{ "blocked_pull", blocked_pull }, { "blocked_push", blocked_push },
	{ "blocked_select_pull", blocked_select_pull },
	{ "blocked_select_push", blocked_select_push },
	{ "timed_pull", timed_pull },     { "timed_push", timed_push },
	{ "alone", alone },               { "stream", stream },
	{ "burst", burst },               { "slow", slow },
	{ "opening", opening },
	{ "whole", whole },
};

int main(int argc, char **argv)
{
	size_t i;

	if (argc != 4)
		fail("usage: scenes NAME spsc|mpmc CAPACITY");
	if (pp_open(&tx, &rx, strcmp(argv[2], "spsc") == 0 ? PP_SPSC : PP_MPMC,
		    strtoul(argv[3], NULL, 10), sizeof(uint64_t)) != 0)
		fail("pp_open");
	for (i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++)
		if (strcmp(argv[1], scenes[i].name) == 0)
			break;
	if (i == sizeof(scenes) / sizeof(scenes[0]))
		fail("no such scene");
	scenes[i].run();
	pp_tx_unref(tx);
	pp_rx_unref(rx);
	return 0;
}
