/* SPDX-License-Identifier: MIT */
/*
 * A graceful shutdown on SIGTERM: no new work is taken on, and what was taken on gets done.
 * The signal is blocked everywhere and one thread waits for it, so that nothing has to happen
 * in a handler.  It closes a "done" ring, on which the sources of work keep an eye; they let
 * go of the push end of the work, the workers drain it, and the end travels down.
 */
#include "example.h"

#include <signal.h>
#include <unistd.h>

enum { SOURCES = 3, WORKERS = 2, ENOUGH = 1000 };

struct service {
	pp_tx *work_tx;
	pp_rx *work_rx;
	pp_tx *done_tx;
	pp_rx *done_rx;
	pp_tx *taken_on; /* each source's count, at the end */
	pp_tx *finished; /* each worker's */
};

static void *await_sigterm(void *argument)
{
	struct service *service = argument;
	sigset_t        set;
	int             signal;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	must(-sigwait(&set, &signal), "sigwait");
	printf("SIGTERM: no new work\n");
	pp_tx_unref(service->done_tx);
	return NULL;
}

/* Takes on as much as there is room for; an item is a number, in place of a real request. */
static void *take_on(void *argument)
{
	struct service *service = argument;
	long            n = 0;
	char            nothing;
	pp_case         cases[] = { { .rx = service->done_rx, .item = &nothing },
	                            { .tx = service->work_tx, .item = &n } };

	while (MUST(pp_select(cases, 2, 0, PP_FOREVER)) == 1) {
		HOLDS(cases[1].result == 0);
		if (++n == ENOUGH) /* for the test: once the service is busy */
			kill(getpid(), SIGTERM);
	}
	pp_tx_unref(service->work_tx);
	MUST(pp_push(service->taken_on, &n));
	return NULL;
}

static void *work(void *argument)
{
	struct service *service = argument;
	long            n, count = 0;

	while (pp_pull(service->work_rx, &n) == 0) {
		if (++count % 64 == 0)
			doze(PP_MS); /* slower than the sources: the ring is full of work */
	}
	pp_rx_unref(service->work_rx);
	MUST(pp_push(service->finished, &count));
	return NULL;
}

static long sum_of(pp_rx *counts, int threads)
{
	long sum = 0, count;

	for (int i = 0; i < threads; i++) {
		MUST(pp_pull(counts, &count));
		sum += count;
	}
	pp_rx_unref(counts);
	return sum;
}

int main(void)
{
	struct service service;
	pthread_t      threads[SOURCES + WORKERS + 1];
	pp_rx         *taken_on, *finished;
	sigset_t       set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	must(-pthread_sigmask(SIG_BLOCK, &set, NULL), "pthread_sigmask"); /* threads inherit it */

	MUST(pp_open(&service.work_tx, &service.work_rx, PP_MPMC, 256, sizeof(long)));
	MUST(pp_open(&service.done_tx, &service.done_rx, PP_MPMC, 1, sizeof(char)));
	MUST(pp_open(&service.taken_on, &taken_on, PP_MPMC, SOURCES, sizeof(long)));
	MUST(pp_open(&service.finished, &finished, PP_MPMC, WORKERS, sizeof(long)));
	threads[0] = start(await_sigterm, &service);
	for (int i = 0; i < SOURCES; i++) {
		MUST(pp_tx_ref(service.work_tx));
		threads[1 + i] = start(take_on, &service);
	}
	for (int i = 0; i < WORKERS; i++) {
		MUST(pp_rx_ref(service.work_rx));
		threads[1 + SOURCES + i] = start(work, &service);
	}
	pp_tx_unref(service.work_tx);
	pp_rx_unref(service.work_rx);

	long in = sum_of(taken_on, SOURCES), out = sum_of(finished, WORKERS);

	printf("taken on %ld, finished %ld\n", in, out);
	HOLDS(in == out && in >= ENOUGH);
	for (int i = 0; i < SOURCES + WORKERS + 1; i++)
		join(threads[i]);
	pp_rx_unref(service.done_rx);
	pp_tx_unref(service.taken_on);
	pp_tx_unref(service.finished);
	return EXIT_SUCCESS;
}
