/* SPDX-License-Identifier: MIT */
#include "util.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

volatile bool interrupted;

static void complain(const char *format, va_list arguments)
{
	fputs("pushpull-bench: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
}

void bad_use(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	complain(format, arguments);
	va_end(arguments);
	exit(EXIT_BAD_USE);
}

void give_up(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	complain(format, arguments);
	va_end(arguments);
	/* Threads may still be stuck in a queue: nothing of theirs is torn down. */
	fflush(NULL);
	_Exit(EXIT_FAILURE);
}

void *touched(size_t bytes)
{
	size_t size = (bytes + 4095) / 4096 * 4096;
	void *memory = aligned_alloc(4096, size ? size : 4096);

	if (!memory)
		give_up("out of memory (%zu bytes)", bytes);
	memset(memory, 0, size ? size : 4096);
	return memory;
}

char *text(const char *format, ...)
{
	va_list arguments;
	char *made;

	va_start(arguments, format);
	if (vasprintf(&made, format, arguments) < 0)
		give_up("out of memory");
	va_end(arguments);
	return made;
}

void append(char **to, const char *format, ...)
{
	va_list arguments;
	char *more, *both;

	va_start(arguments, format);
	if (vasprintf(&more, format, arguments) < 0)
		give_up("out of memory");
	va_end(arguments);
	both = text("%s%s", *to, more);
	free(more);
	free(*to);
	*to = both;
}

static int64_t read_clock(clockid_t clock)
{
	struct timespec at;

	clock_gettime(clock, &at);
	return (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
}

int64_t now_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

int64_t thread_ns(void)
{
	return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

void sleep_ns(int64_t ns)
{
	struct timespec left = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };

	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR && !interrupted)
		;
}

bool is_asleep(pid_t tid)
{
	char *path = text("/proc/self/task/%d/stat", tid), line[512] = "", *at;
	FILE *file = tid ? fopen(path, "re") : NULL;

	if (file && !fgets(line, sizeof(line), file))
		line[0] = 0;
	if (file)
		fclose(file);
	free(path);
	/* The letter of the state comes after the name, which is in brackets. */
	at = strrchr(line, ')');
	return at && at[1] && at[2] == 'S';
}

static void on_interrupt(int signal)
{
	(void)signal;
	interrupted = true;
}

void catch_interrupts(void)
{
	/* The second one ends the program the usual way. */
	struct sigaction action = { .sa_handler = on_interrupt,
				    .sa_flags = SA_RESTART | (int)SA_RESETHAND };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}
