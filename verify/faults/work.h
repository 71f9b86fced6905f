/* SPDX-License-Identifier: MIT */
/* What runs while calls fail: each of these keeps a book of its items, and fails the program. */
#ifndef FAULTS_WORK_H
#define FAULTS_WORK_H

#include <pushpull/pushpull.h>

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CHECK(condition, ...) \
	do { \
		if (!(condition)) { \
			printf("FAILED  %s: ", work_name); \
			printf(__VA_ARGS__); \
			printf(" (%s:%d)\n", __FILE__, __LINE__); \
			fflush(stdout); \
			_exit(1); \
		} \
	} while (0)

extern const char *work_name;

struct shape {
	pp_kind kind;
	size_t capacity;
	unsigned flags;
};

/* Producers and consumers, to the end of the stream. */
void work_stream(struct shape shape);
/* The consumers wait with deadlines, none of which may pass early. */
void work_deadlines(struct shape shape);
/* Cancelled under way: what was pushed is pulled, or dropped. */
void work_cancel(struct shape shape);
/* One consumer waits for two rings. */
void work_select(struct shape shape);
/* One consumer waits in poll(). */
void work_poll(struct shape shape);
/* One consumer waits without a thread, and is called. */
void work_async(struct shape shape);

#endif
