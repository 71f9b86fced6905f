/* SPDX-License-Identifier: MIT */
/* Small things that every part of the harness uses. */
#ifndef BENCH_UTIL_H
#define BENCH_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

enum { EXIT_BAD_USE = 2 };

/* One line on stderr, then exit: status 2, for what the caller got wrong. */
_Noreturn void bad_use(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same with status 1, for what went wrong by itself. */
_Noreturn void give_up(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Zeroed memory that is already mapped in, or the end of the program. */
void *touched(size_t bytes);
/* A formatted string on the heap. */
char *text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Put more behind a string on the heap. */
void append(char **to, const char *format, ...) __attribute__((format(printf, 2, 3)));

int64_t now_ns(void);    /* CLOCK_MONOTONIC        */
int64_t thread_ns(void); /* CPU time of the thread */
void    sleep_ns(int64_t ns);

/* Whether a thread of this process sleeps in the kernel; 0: it has not started yet. */
bool is_asleep(pid_t tid);

/* A small random generator: one word of state, not 0. */
static inline uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Set by the first Ctrl-C: what runs is finished, nothing new is begun. */
extern volatile bool interrupted;
void catch_interrupts(void);

#endif
