/* SPDX-License-Identifier: MIT */
/*
 * A burst buffer.  The producer works in bursts, the consumer at a steady pace, and
 * the ring takes up the difference.  Its depth over time, plotted sideways, is how to
 * choose a capacity: large enough for the bursts that are wanted, and no larger.
 */
#include "example.h"

enum { CAPACITY = 64, BURST = 48, BURSTS = 3 };

static void *push_bursts(void *argument)
{
	pp_tx *tx = argument;

	for (int i = 0; i < BURSTS * BURST; i++) {
		if (i > 0 && i % BURST == 0)
			doze(40 * PP_MS);
		MUST(pp_push(tx, &i));
	}
	pp_tx_unref(tx);
	return NULL;
}

static void *pull_steadily(void *argument)
{
	pp_rx *rx = argument;
	int    item, expected = 0;

	while (pp_pull(rx, &item) == 0) {
		HOLDS(item == expected++);
		doze(PP_MS);
	}
	HOLDS(expected == BURSTS * BURST);
	return NULL;
}

static void plot(int64_t elapsed, size_t depth)
{
	char bar[CAPACITY + 1];

	memset(bar, ' ', CAPACITY);
	memset(bar, '#', depth);
	bar[CAPACITY] = '\0';
	printf("%4d ms |%s| %zu\n", (int)(elapsed / PP_MS), bar, depth);
}

int main(void)
{
	pp_stats now = { .size = sizeof(now) };
	pp_tx   *tx;
	pp_rx   *rx;

	MUST(pp_open_with(&tx, &rx, &PP_CONFIG(.kind = PP_SPSC, .capacity = CAPACITY,
		.item_size = sizeof(int), .flags = PP_TRACK_DEPTH, .name = "burst")));

	pthread_t producer = start(push_bursts, tx);
	pthread_t consumer = start(pull_steadily, rx);
	pp_time   begin = pp_now();

	do {
		doze(4 * PP_MS);
		MUST(pp_rx_stats(rx, &now));
		HOLDS(now.depth <= CAPACITY);
		plot(pp_now() - begin, now.depth);
	} while (now.pulled < BURSTS * BURST);

	join(producer);
	join(consumer);
	printf("deepest: %zu of %d; pushes that found the ring full: %llu\n", now.depth_max,
	       CAPACITY, (unsigned long long)now.push_full);
	HOLDS(now.depth_max > 1 && now.depth_max <= CAPACITY);
	HOLDS(pp_rx_depth(rx) == 0);
	pp_rx_unref(rx);
	return EXIT_SUCCESS;
}
