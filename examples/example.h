/* SPDX-License-Identifier: MIT */
/*
 * What every example needs and none is about: giving up on a result that nobody
 * expected, checking what the example claims, starting and joining a thread.
 * An example exits 0 only when everything that it shows held.
 */
#ifndef PP_EXAMPLE_H
#define PP_EXAMPLE_H

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <pushpull/pushpull.h>

/* Calls that can only fail in ways that the example is not about. */
#define MUST(call) must((call), #call)

static inline ssize_t must(ssize_t result, const char *call)
{
	if (result < 0) {
		fprintf(stderr, "%s: %s\n", call, strerror((int)-result));
		exit(EXIT_FAILURE);
	}
	return result;
}

/* What the example shows.  Not assert(): it has to hold in a release build too. */
#define HOLDS(claim) holds((claim), #claim, __FILE__, __LINE__)

static inline void holds(bool claim, const char *text, const char *file, int line)
{
	if (!claim) {
		fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, text);
		exit(EXIT_FAILURE);
	}
}

static inline pthread_t start(void *(*run)(void *), void *argument)
{
	pthread_t thread;

	must(-pthread_create(&thread, NULL, run, argument), "pthread_create");
	return thread;
}

static inline void join(pthread_t thread)
{
	must(-pthread_join(thread, NULL), "pthread_join");
}

static inline void doze(int64_t ns)
{
	struct timespec rest = { .tv_sec = ns / PP_SEC, .tv_nsec = ns % PP_SEC };

	while (nanosleep(&rest, &rest) < 0 && errno == EINTR)
		;
}

#endif
