/* SPDX-License-Identifier: MIT */
/*
 * What calls.py counts the system calls of: `events-scenes NAME KIND CAPACITY`.  Between two
 * marks, which are writes to standard error, one thread does what the scene is about.
 */
#include "support.h"

#include <pushpull/pushpull.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROUNDS = 1000 };

static pp_tx *tx;
static pp_rx *rx;

static void mark(const char *text)
{
	CHECK(write(STDERR_FILENO, text, strlen(text)) > 0, "mark");
}

static void push(int n)
{
	CHECK(pp_push(tx, &n) == 0, "push %d", n);
}

static void pull(int expected)
{
	int n;

	CHECK(pp_pull(rx, &n) == 0 && n == expected, "pull %d", expected);
}

static void rounds(void)
{
	mark("begin\n");
	for (int n = 0; n < ROUNDS; n++) {
		push(n);
		pull(n);
	}
	mark("end\n");
}

/* There are descriptors, and nobody has ever armed them. */
static void never_armed(void)
{
	CHECK(pp_tx_fd(tx) >= 0 && pp_rx_fd(rx) >= 0, "no descriptors");
	rounds();
}

/* Both ends were armed, told, and are not armed again. */
static void told(void)
{
	while (pp_try_push(tx, &(int){ 0 }) == 0)
		;
	CHECK(pp_tx_arm(tx) == 0, "tx");
	while (pp_try_pull(rx, &(int){ 0 }) == 0)
		;
	CHECK(pp_rx_arm(rx) == 0, "rx");
	push(0);
	pull(0);
	rounds();
}

/* Armed once: of all that follows the first push tells, and nothing else. */
static void armed(void)
{
	CHECK(pp_rx_arm(rx) == 0, "rx");
	rounds();
}

/* The rings of a program that has no descriptors. */
static void without(void)
{
	rounds();
}

/* An end that nothing ever happens to. */
static void arming(void)
{
	CHECK(pp_rx_arm(rx) == 0, "rx");
	mark("begin\n");
	for (int n = 0; n < ROUNDS; n++)
		CHECK(pp_rx_arm(rx) == 0, "rx");
	mark("end\n");
}

/* The worst case: every single item is waited for. */
static void waiting(void)
{
	CHECK(pp_rx_arm(rx) == 0, "rx");
	mark("begin\n");
	for (int n = 0; n < ROUNDS; n++) {
		push(n);
		pull(n);
		CHECK(pp_rx_arm(rx) == 0, "rx");
	}
	mark("end\n");
}

static const struct {
	const char *name;
	void (*run)(void);
} scenes[] = {
	{ "never_armed", never_armed }, { "told", told },     { "armed", armed },
	{ "without", without },         { "arming", arming },
	{ "waiting", waiting },
};

int main(int argc, char **argv)
{
	bool spsc = argc == 4 && strcmp(argv[2], "spsc") == 0;

	CHECK(argc == 4, "usage: events-scenes NAME spsc|mpmc CAPACITY");
	CHECK(pp_open(&tx, &rx, spsc ? PP_SPSC : PP_MPMC, strtoul(argv[3], NULL, 10),
		      sizeof(int)) == 0, "pp_open");
	for (size_t i = 0; i < ARRAY_LEN(scenes); i++)
		if (strcmp(argv[1], scenes[i].name) == 0) {
			scenes[i].run();
			pp_tx_unref(tx);
			pp_rx_unref(rx);
			return 0;
		}
	CHECK(false, "no such scene: %s", argv[1]);
}
