/* SPDX-License-Identifier: MIT */
/* A small executor: a job is run by whichever thread has time, once or more after it was scheduled,
 * and never by two at a time. */
#ifndef STRESS_JOBS_H
#define STRESS_JOBS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* Counted: goes when nobody holds it. */
struct job {
	bool (*run)(struct job *job); /* false: it has come to its end */
	size_t size;                  /* with what is around it */
	atomic_uint state, refs;
	struct job *next;
};

/* Zeroed memory that begins with a job, held by itself until it has come to its end. */
void *job_make(size_t size, bool (*run)(struct job *job));
void job_hold(void *job);
void job_release(void *job);
/* Jobs that somebody holds. */
unsigned jobs_there(void);

/* Run it soon; if it is running, once more.  Nothing for one that has come to its end. */
void job_schedule(void *job);

/* So many jobs and others (jobs_one_is_over()) are to come to their end. */
void jobs_begin(unsigned alive);
void jobs_one_is_over(void);
unsigned jobs_alive(void);
/* The body of a thread: works until all have. */
void *jobs_work(void *nothing);

#endif
