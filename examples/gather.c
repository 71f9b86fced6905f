/* SPDX-License-Identifier: MIT */
/*
 * A pool of workers whose results are wanted in the order of the jobs.  Workers finish in
 * any order, so each result waits in the place of its job until its turn has come.  There
 * are WINDOW places: a place is a token that goes round, with the job, with the result, and
 * back.  So one slow job holds the others up after WINDOW of them, and the memory is bounded.
 */
#include "example.h"

enum { WORKERS = 4, JOBS = 2000, WINDOW = 16 };

struct job {
	unsigned number;
	unsigned long result;
};

struct pool {
	pp_tx *jobs_tx;
	pp_rx *jobs_rx;
	pp_tx *results_tx;
	pp_rx *results_rx;
	pp_tx *free_tx; /* how many places are free */
	pp_rx *free_rx;
};

/* Takes longer for some numbers than for others. */
static unsigned long steps_to_one(unsigned long n)
{
	unsigned long steps = 0;

	for (; n > 1; steps++)
		n = n % 2 == 0 ? n / 2 : 3 * n + 1;
	return steps;
}

static void *work(void *argument)
{
	struct pool *pool = argument;
	struct job   job;

	while (pp_pull(pool->jobs_rx, &job) == 0) {
		if (job.number % 500 == 1)
			doze(5 * PP_MS); /* a really slow one */
		job.result = steps_to_one(job.number);
		MUST(pp_push(pool->results_tx, &job));
	}
	pp_rx_unref(pool->jobs_rx);
	pp_tx_unref(pool->results_tx); /* the last worker closes */
	return NULL;
}

static void *give_out(void *argument)
{
	struct pool *pool = argument;
	struct job   job = { .number = 1 };
	char         token;

	for (; job.number <= JOBS; job.number++) {
		MUST(pp_pull(pool->free_rx, &token)); /* so its place is free */
		MUST(pp_push(pool->jobs_tx, &job));
	}
	pp_tx_unref(pool->jobs_tx);
	return NULL;
}

/* Returns how many results came before their turn. */
static unsigned gather(struct pool *pool)
{
	struct job place[WINDOW] = { { .number = 0 } }, job;
	unsigned   next = 1, early = 0;

	while (pp_pull(pool->results_rx, &job) == 0) {
		HOLDS(job.number >= next && job.number < next + WINDOW);
		early += job.number != next;
		place[job.number % WINDOW] = job;
		while (place[next % WINDOW].number == next) {
			HOLDS(place[next % WINDOW].result == steps_to_one(next));
			next++;
			MUST(pp_push(pool->free_tx, &(char){ 0 }));
		}
	}
	HOLDS(next == JOBS + 1);
	return early;
}

int main(void)
{
	struct pool pool;
	pthread_t   threads[WORKERS + 1];

	MUST(pp_open(&pool.jobs_tx, &pool.jobs_rx, PP_MPMC, WORKERS, sizeof(struct job)));
	MUST(pp_open(&pool.results_tx, &pool.results_rx, PP_MPMC, WORKERS, sizeof(struct job)));
	MUST(pp_open(&pool.free_tx, &pool.free_rx, PP_SPSC, WINDOW, sizeof(char)));
	for (int i = 0; i < WINDOW; i++)
		MUST(pp_push(pool.free_tx, &(char){ 0 }));

	threads[WORKERS] = start(give_out, &pool);
	for (int i = 0; i < WORKERS; i++) {
		MUST(pp_rx_ref(pool.jobs_rx));
		MUST(pp_tx_ref(pool.results_tx));
		threads[i] = start(work, &pool);
	}
	pp_rx_unref(pool.jobs_rx); /* each worker has its own */
	pp_tx_unref(pool.results_tx);

	unsigned early = gather(&pool);

	printf("%d results in order; %u of them had to wait for their turn\n", JOBS, early);
	for (int i = 0; i <= WORKERS; i++)
		join(threads[i]);
	pp_rx_unref(pool.results_rx);
	pp_tx_unref(pool.free_tx);
	pp_rx_unref(pool.free_rx);
	return EXIT_SUCCESS;
}
