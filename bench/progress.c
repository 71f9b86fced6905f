/* SPDX-License-Identifier: MIT */
#include "progress.h"

#include "util.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BAR = 30, PLAIN_EVERY_S = 15 };

static size_t steps, done;
static int64_t begun, last;
static bool bar;

void progress_begin(size_t planned)
{
	steps = planned;
	done = 0;
	begun = last = now_ns();
	bar = isatty(STDERR_FILENO);
}

static double seconds_left(int64_t now)
{
	return done ? (double)(now - begun) / 1e9 / (double)done * (double)(steps - done) : 0;
}

void progress_clear(void)
{
	if (bar)
		fputs("\r\033[K", stderr);
}

void progress_show(const char *what)
{
	int64_t now = now_ns();
	double left = seconds_left(now);
	int filled;

	if (!steps || !done) /* nothing tells yet how long it takes */
		return;
	filled = (int)(done * BAR / steps);
	if (bar && now - last > 100000000) {
		fprintf(stderr, "\r\033[K[%.*s%*s] %3zu %%  %d:%02d left  %.60s", filled,
			"##############################", BAR - filled, "", done * 100 / steps,
			(int)left / 60, (int)left % 60, what);
		last = now;
	} else if (!bar && now - last > (int64_t)PLAIN_EVERY_S * 1000000000) {
		fprintf(stderr, "%zu of %zu samples, %d:%02d left\n", done, steps, (int)left / 60,
			(int)left % 60);
		last = now;
	}
}

void progress_step(const char *what)
{
	done += done < steps;
	progress_show(what);
}

void progress_note(const char *format, ...)
{
	va_list arguments;

	progress_clear();
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

void progress_end(void)
{
	progress_clear();
	steps = 0;
}
