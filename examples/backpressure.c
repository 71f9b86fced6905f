/* SPDX-License-Identifier: MIT */
/*
 * Backpressure, seen from outside: a producer that is faster than its consumer fills
 * the ring, falls asleep, and goes on only when a pull makes room.
 */
#include "example.h"

enum { CAPACITY = 4, ITEMS = 10 };

static void *produce(void *argument)
{
	pp_tx *tx = argument;

	for (int i = 0; i < ITEMS; i++)
		MUST(pp_push(tx, &i));
	pp_tx_unref(tx);
	return NULL;
}

/* Nobody pulls meanwhile, so the producer has to get there. */
static pp_stats wait_until_producer_sleeps(pp_rx *rx)
{
	pp_stats now = { .size = sizeof(now) };

	while (MUST(pp_rx_stats(rx, &now)), now.pushers_parked == 0)
		doze(PP_MS);
	return now;
}

int main(void)
{
	pp_tx *tx;
	pp_rx *rx;

	MUST(pp_open(&tx, &rx, PP_SPSC, CAPACITY, sizeof(int)));

	pthread_t producer = start(produce, tx);
	pp_stats  seen = wait_until_producer_sleeps(rx);

	printf("producer asleep: %zu of %zu items in the ring, %d more to come\n",
	       seen.depth, seen.capacity, ITEMS - CAPACITY);
	HOLDS(seen.depth == CAPACITY);
	HOLDS(seen.pushed == CAPACITY);

	int expected = 0, item, end;

	while ((end = pp_pull(rx, &item)) == 0) {
		printf("pulled %d, %zu left\n", item, pp_rx_depth(rx));
		HOLDS(item == expected++);
	}
	HOLDS(end == -EPIPE);
	HOLDS(expected == ITEMS);

	join(producer);
	pp_rx_unref(rx);
	return EXIT_SUCCESS;
}
