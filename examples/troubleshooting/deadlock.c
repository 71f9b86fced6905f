/* SPDX-License-Identifier: MIT */
/*
 * deadlock circle|nobody-pulls|nobody-closes - a program that hangs, on purpose.
 *
 * SIGQUIT (Ctrl-\) makes it say through pp_dump() what each side waits for; the same
 * handler costs a real program nothing until it is needed.  docs/troubleshooting.md
 * reads the output.
 */
#include <signal.h>
#include <unistd.h>

#include "../example.h"

enum { CAPACITY = 4 };

static void on_quit(int signal)
{
	(void)signal;
	pp_dump(STDERR_FILENO); /* the one call here that a signal handler may make */
}

static void open_named(pp_tx **tx, pp_rx **rx, const char *name)
{
	MUST(pp_open_with(tx, rx, &PP_CONFIG(.kind = PP_SPSC, .capacity = CAPACITY,
		.item_size = sizeof(int), .name = name)));
}

/* ---- Two threads that wait for each other --------------------------------- */

struct server {
	pp_rx *requests;
	pp_tx *replies;
};

static void *serve(void *argument)
{
	struct server *server = argument;
	int            item;

	while (pp_pull(server->requests, &item) == 0)
		MUST(pp_push(server->replies, &item));
	return NULL;
}

/* All requests first, then the replies: that needs room for all of them, and there
 * is room for two times CAPACITY and one in the server's hands. */
static void wait_in_a_circle(void)
{
	struct server server;
	pp_tx        *requests;
	pp_rx        *replies;
	int           reply;

	open_named(&requests, &server.requests, "requests");
	open_named(&server.replies, &replies, "replies");
	start(serve, &server);
	for (int i = 0; i < 100; i++)
		MUST(pp_push(requests, &i));
	for (int i = 0; i < 100; i++)
		MUST(pp_pull(replies, &reply));
}

/* ---- One side that was forgotten ------------------------------------------ */

/* The consumer has returned, without letting go of its end. */
static void push_to_nobody(void)
{
	pp_tx *tx;
	pp_rx *rx;

	open_named(&tx, &rx, "forgotten-consumer");
	for (int i = 0; i < 100; i++)
		MUST(pp_push(tx, &i));
}

/* The producer has pushed all it had, and never closed. */
static void pull_from_nobody(void)
{
	pp_tx *tx;
	pp_rx *rx;
	int    item = 0;

	open_named(&tx, &rx, "forgotten-close");
	MUST(pp_push(tx, &item));
	while (pp_pull(rx, &item) == 0)
		;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} hangs[] = {
		{ "circle", wait_in_a_circle },
		{ "nobody-pulls", push_to_nobody },
		{ "nobody-closes", pull_from_nobody },
	};
	struct sigaction quit = { .sa_handler = on_quit, .sa_flags = SA_RESTART };

	must(sigaction(SIGQUIT, &quit, NULL) < 0 ? -errno : 0, "sigaction");
	for (size_t i = 0; argc == 2 && i < sizeof(hangs) / sizeof(hangs[0]); i++) {
		if (strcmp(argv[1], hangs[i].name) == 0) {
			fprintf(stderr, "process %d hangs: SIGQUIT (Ctrl-\\) shows where\n",
			        (int)getpid());
			hangs[i].run();
		}
	}
	fprintf(stderr, "usage: %s circle|nobody-pulls|nobody-closes\n", argv[0]);
	return 2;
}
