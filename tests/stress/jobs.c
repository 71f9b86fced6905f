/* SPDX-License-Identifier: MIT */
#include "jobs.h"
#include "support.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum state { IDLE, QUEUED, RUNNING, AGAIN };

static struct {
	pthread_mutex_t lock;
	pthread_cond_t some;
	struct job *first, *last;
	atomic_uint alive;
} queue = { .lock = PTHREAD_MUTEX_INITIALIZER, .some = PTHREAD_COND_INITIALIZER };

static atomic_uint there;

/* ---- Holding ----------------------------------------------------------------------- */

void *job_make(size_t size, bool (*run)(struct job *job))
{
	struct job *job = calloc(1, size);

	CHECK(job, "no memory");
	job->run = run;
	job->size = size;
	atomic_store(&job->refs, 1);
	atomic_fetch_add(&there, 1);
	return job;
}

void job_hold(void *job)
{
	CHECK(atomic_fetch_add(&((struct job *)job)->refs, 1) > 0, "held, but gone");
}

void job_release(void *job)
{
	struct job *j = job;

	if (atomic_fetch_sub(&j->refs, 1) != 1)
		return;
	memset(job, 0xa5, j->size);
	free(job);
	atomic_fetch_sub(&there, 1);
}

unsigned jobs_there(void)
{
	return atomic_load(&there);
}

/* ---- The queue --------------------------------------------------------------------- */

static void put(struct job *job)
{
	pthread_mutex_lock(&queue.lock);
	job->next = NULL;
	if (queue.first)
		queue.last->next = job;
	else
		queue.first = job;
	queue.last = job;
	pthread_cond_signal(&queue.some);
	pthread_mutex_unlock(&queue.lock);
}

/* NULL: everything is over. */
static struct job *take(void)
{
	struct job *job;

	pthread_mutex_lock(&queue.lock);
	while (!queue.first && atomic_load(&queue.alive))
		pthread_cond_wait(&queue.some, &queue.lock);
	job = queue.first;
	if (job)
		queue.first = job->next;
	pthread_mutex_unlock(&queue.lock);
	return job;
}

void jobs_begin(unsigned alive)
{
	atomic_store(&queue.alive, alive);
}

unsigned jobs_alive(void)
{
	return atomic_load(&queue.alive);
}

void jobs_one_is_over(void)
{
	pthread_mutex_lock(&queue.lock);
	if (atomic_fetch_sub(&queue.alive, 1) == 1)
		pthread_cond_broadcast(&queue.some);
	pthread_mutex_unlock(&queue.lock);
}

/* ---- Running ----------------------------------------------------------------------- */

/* AGAIN: what came while it ran, it may not have seen. */
void job_schedule(void *job)
{
	struct job *j = job;
	unsigned state = atomic_load(&j->state);

	while (state == IDLE || state == RUNNING) {
		unsigned then = state == IDLE ? QUEUED : AGAIN;

		if (!atomic_compare_exchange_weak(&j->state, &state, then))
			continue;
		if (then == QUEUED)
			put(j);
		return;
	}
}

void *jobs_work(void *nothing)
{
	struct job *job;

	while ((job = take())) {
		unsigned running = RUNNING;

		atomic_store(&job->state, RUNNING);
		if (!job->run(job)) { /* for ever running, so that it is not put in again */
			job_release(job);
			jobs_one_is_over();
		} else if (!atomic_compare_exchange_strong(&job->state, &running, IDLE)) {
			atomic_store(&job->state, QUEUED);
			put(job);
		}
	}
	return nothing;
}
