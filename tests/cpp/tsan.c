/* SPDX-License-Identifier: MIT */
/* A program in C for ThreadSanitizer, with the library built for it too; with an argument it has a
 * race of its own.  tsan.py builds and runs it. */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include <pushpull/typed.h>

enum { ITEMS = 3000 };

struct ref {
	long *to;
};

PP_TYPED(refs, struct ref);

static long kept;

static void *produce(void *argument)
{
	pp_tx *tx = argument;

	for (long i = 0; i < ITEMS; i++) {
		struct ref item = { malloc(sizeof *item.to) };

		if (!item.to)
			abort();
		*item.to = i;
		if ((i & 1 ? refs_push(tx, &item) : pp_push(tx, &item)) != 0)
			abort();
	}
	pp_tx_unref(tx);
	return NULL;
}

static void *produce_and_go_on(void *argument)
{
	struct ref item = { &kept };

	if (refs_push(argument, &item) != 0)
		abort();
	kept = 5;
	/* Closing orders it before a pull that comes later: let the pull come first. */
	nanosleep(&(struct timespec){ 0, 20000000 }, NULL);
	pp_tx_unref(argument);
	return NULL;
}

static void stream(pp_kind kind, size_t capacity, void *(*producer)(void *), int owned)
{
	pthread_t thread;
	pp_tx *tx;
	pp_rx *rx;
	struct ref item;

	if (refs_open(&tx, &rx, kind, capacity) || pthread_create(&thread, NULL, producer, tx))
		abort();
	while (refs_pull(rx, &item) == 0) {
		++*item.to;
		if (owned)
			free(item.to);
	}
	pp_rx_unref(rx);
	pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
	static const size_t capacities[] = { 0, 1, 8, 200 };
	size_t i;

	(void)argv;
	if (argc > 1)
		stream(PP_SPSC, 4, produce_and_go_on, 0);
	for (i = 0; argc == 1 && i < sizeof capacities / sizeof *capacities; i++) {
		stream(PP_SPSC, capacities[i], produce, 1);
		stream(PP_MPMC, capacities[i], produce, 1);
	}
	return 0;
}
