/* SPDX-License-Identifier: MIT */
/*
 * Fan-in: one thread pulls from several sources at once, each with a ring of its own.
 * pp_select() sleeps once for all of them.  A source that has ended is ready for ever, so
 * its case is disabled; when all are, everything was read.
 *
 * Why not one ring for all?  That is simpler, and mostly right.  Rings of their own keep a
 * fast source from taking the room of a slow one, and tell who has ended.
 */
#include "example.h"

enum { SOURCES = 3 };

struct source {
	const char *name;
	int         items;
	int64_t     pause; /* after each */
	pp_tx      *out;
};

static void *run_source(void *argument)
{
	struct source *source = argument;

	for (int n = 0; n < source->items; n++) {
		MUST(pp_push(source->out, &n));
		if (source->pause > 0)
			doze(source->pause);
	}
	pp_tx_unref(source->out);
	return NULL;
}

struct fan_in {
	pp_case cases[SOURCES];
	int     item[SOURCES]; /* where each case puts what it pulls */
	int     count[SOURCES];
};

/* Until every source has ended. */
static void read_all(struct fan_in *in, const struct source *sources)
{
	for (int open = SOURCES; open > 0;) {
		int i = (int)MUST(pp_select(in->cases, SOURCES, 0, PP_FOREVER));

		if (in->cases[i].result == 0) {
			HOLDS(in->item[i] == in->count[i]++); /* each in its own order */
			continue;
		}
		HOLDS(in->cases[i].result == -EPIPE);
		printf("%s: the end after %d\n", sources[i].name, in->count[i]);
		pp_rx_unref(in->cases[i].rx);
		in->cases[i].rx = NULL; /* disabled */
		open--;
	}
}

int main(void)
{
	struct source sources[SOURCES] = { { .name = "fast", .items = 10000 },
	                                   { .name = "slow", .items = 20, .pause = 2 * PP_MS },
	                                   { .name = "silent" } };
	struct fan_in in = { .count = { 0 } };
	pthread_t     threads[SOURCES];

	for (int i = 0; i < SOURCES; i++) {
		in.cases[i].item = &in.item[i];
		MUST(pp_open(&sources[i].out, &in.cases[i].rx, PP_SPSC, 8, sizeof(int)));
		threads[i] = start(run_source, &sources[i]);
	}
	read_all(&in, sources);
	for (int i = 0; i < SOURCES; i++) {
		HOLDS(in.count[i] == sources[i].items);
		join(threads[i]);
	}
	return EXIT_SUCCESS;
}
