/* SPDX-License-Identifier: MIT */
#include "edge.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SKIPPED = 77, LIMIT_S = 100, LONG_LIMIT_S = 240 };

static bool take_long;

bool edge_is_long(void)
{
	return take_long;
}

static void note(const char *format, va_list args)
{
	printf("        ");
	vprintf(format, args);
	printf("\n");
	fflush(stdout);
}

void edge_skip(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	note(format, args);
	va_end(args);
	_exit(SKIPPED);
}

void edge_note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	note(format, args);
	va_end(args);
}

/* ---- Cases ----------------------------------------------------------------------------------- */

static void show_stacks(pid_t child)
{
	char command[200];

	snprintf(command, sizeof(command), "timeout 60 gdb -p %d -batch -nx -ex 'thread apply all bt' >&2",
		 (int)child);
	if (system(command) != 0)
		fprintf(stderr, "no stacks: gdb is missing or may not attach\n");
}

/* The status of the child; one that takes too long is shown and ended. */
static int await_child(pid_t child, const char *name)
{
	const char *text = getenv("STRESS_HANG_SECONDS");
	pp_time limit = pp_in((text ? atoi(text) : take_long ? LONG_LIMIT_S : LIMIT_S) * PP_SEC);
	int status;

	while (waitpid(child, &status, WNOHANG) == 0) {
		if (pp_now() > limit) {
			fprintf(stderr, "HANG: %s\n", name);
			show_stacks(child);
			kill(child, SIGKILL);
			limit = INT64_MAX;
		}
		nap_us(500);
	}
	kill(-child, SIGKILL); /* processes of its own that a case that failed has left */
	return status;
}

static int run_one(const struct edge *e)
{
	pid_t child;
	int status;

	fflush(stdout);
	child = fork();
	CHECK(child >= 0, "fork: %s", strerror(errno));
	if (child == 0) {
		setpgid(0, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		test_case("%s", e->name);
		e->run();
		fflush(stdout);
		_exit(0);
	}
	status = await_child(child, e->name);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		printf("ok      %s\n", e->name);
	else if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED)
		printf("skipped %s\n", e->name);
	else
		printf("FAILED  %s %s %d\n", e->name, WIFEXITED(status) ? "exit status" : "signal",
		       WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	fflush(stdout);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static bool is_named(const char *name, int count, char **names)
{
	bool any = false;

	for (int i = 0; i < count; i++) {
		if (strcmp(names[i], name) == 0)
			return true;
		any |= names[i][0] != '-';
	}
	return !any;
}

static bool has_option(const char *option, int count, char **names)
{
	for (int i = 0; i < count; i++)
		if (strcmp(names[i], option) == 0)
			return true;
	return false;
}

/* An option that edges_main() does not take, or no case's name: NULL when there is none. */
static const char *unknown(int argc, char **argv, const struct edge *edges, size_t count)
{
	for (int a = 1; a < argc; a++) {
		bool known = strcmp(argv[a], "--long") == 0 || strcmp(argv[a], "--open") == 0 ||
		             strncmp(argv[a], "--library=", 10) == 0;

		for (size_t i = 0; i < count; i++)
			known |= strcmp(argv[a], edges[i].name) == 0;
		if (!known)
			return argv[a];
	}
	return NULL;
}

int edges_main(int argc, char **argv, const struct edge *edges, size_t count)
{
	const char *odd = unknown(argc, argv, edges, count);
	bool open = has_option("--open", argc, argv);
	unsigned ok = 0, skipped = 0, failed = 0;

	if (odd) {
		fprintf(stderr, "%s: no case or option %s; the cases are:\n", argv[0], odd);
		for (size_t i = 0; i < count; i++)
			fprintf(stderr, "  %s\n", edges[i].name);
		return 2;
	}
	take_long = has_option("--long", argc, argv);
	for (size_t i = 0; i < count; i++) {
		int r;

		if (!is_named(edges[i].name, argc - 1, argv + 1) ||
		    (edges[i].when == EDGE_LONG && !take_long) || (edges[i].when == EDGE_OPEN && !open))
			continue;
		r = run_one(&edges[i]);
		ok += r == 0;
		skipped += r == SKIPPED;
		failed += r != 0 && r != SKIPPED;
	}
	printf("%u ok, %u failed, %u skipped\n", ok, failed, skipped);
	return failed ? 1 : ok ? 0 : SKIPPED;
}

/* ---- Rings ----------------------------------------------------------------------------------- */

void edge_open(pp_tx **tx, pp_rx **rx, pp_kind kind, size_t capacity)
{
	int r = pp_open(tx, rx, kind, capacity, sizeof(uint64_t));

	CHECK(r == 0, "open: %s", strerror(-r));
}

void edge_let_go(pp_tx *tx, pp_rx *rx)
{
	pp_tx_unref(tx);
	pp_rx_unref(rx);
}

pp_stats edge_stats(const pp_rx *rx)
{
	pp_stats s = { .size = sizeof(s) };

	CHECK(pp_rx_stats(rx, &s) == 0, "stats");
	return s;
}

static void *pull_once(void *arg)
{
	struct blocked *b = arg;

	atomic_store(&b->result, b->deadline == PP_FOREVER ? pp_pull(b->rx, &b->item)
	                                                   : pp_pull_until(b->rx, &b->item, b->deadline));
	return NULL;
}

void blocked_pull(struct blocked *b, pp_tx *tx, pp_rx *rx, pp_time deadline, unsigned before)
{
	*b = (struct blocked){ .tx = tx, .rx = rx, .deadline = deadline };
	atomic_init(&b->result, BLOCKED_STILL);
	CHECK(pthread_create(&b->thread, NULL, pull_once, b) == 0, "no thread");
	AWAIT(edge_stats(rx).pullers_parked > before || atomic_load(&b->result) != BLOCKED_STILL);
}

int blocked_join(struct blocked *b)
{
	pthread_join(b->thread, NULL);
	return atomic_load(&b->result);
}
