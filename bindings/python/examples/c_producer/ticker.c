/* SPDX-License-Identifier: MIT */
/* A service in C that makes ticks in a thread of its own: see consumer.py. */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

#include <pushpull/pushpull.h>

#define BATCH 256

/* TICK in consumer.py is the same. */
struct tick {
	int64_t time_ns;
	double  price;
	int32_t size;
	int32_t venue;
};

struct feed {
	pp_tx  *tx;
	int64_t count;
};

static struct tick tick(int64_t n)
{
	return (struct tick){ n * 1000, 100 + (double)(n % 7) / 4, (int32_t)(n % 10 + 1), (int32_t)(n % 3) };
}

static void *run(void *argument)
{
	struct feed *feed = argument;
	struct tick  batch[BATCH];
	int64_t      n = 0;

	while (n < feed->count) {
		size_t size = 0;

		while (size < BATCH && n < feed->count)
			batch[size++] = tick(n++);
		/* Waits while the consumer is behind.  A short count: nobody pulls any more. */
		if (pp_push_n(feed->tx, batch, size) != (ssize_t)size)
			break;
	}
	pp_tx_unref(feed->tx); /* the last reference: the end of the stream */
	free(feed);
	return NULL;
}

/* Push `count` ticks in a thread.  Takes over the caller's reference of `tx`, also on failure.
 * 0, or -1. */
int ticker_feed(pp_tx *tx, int64_t count)
{
	struct feed *feed = malloc(sizeof *feed);
	pthread_t    thread;

	if (feed) {
		*feed = (struct feed){ tx, count };
		if (pthread_create(&thread, NULL, run, feed) == 0)
			return pthread_detach(thread);
	}
	free(feed);
	pp_tx_unref(tx);
	return -1;
}

/* Open a ring of ticks and feed it.  The pull end is the caller's, to be let go of; NULL on failure. */
pp_rx *ticker_open(int64_t count)
{
	pp_tx *tx;
	pp_rx *rx;

	if (pp_open_with(&tx, &rx,
	                 &PP_CONFIG(.kind = PP_SPSC, .capacity = 4096, .item_size = sizeof(struct tick),
	                            .flags = PP_INTERRUPTIBLE, .name = "ticks")) < 0)
		return NULL;
	if (ticker_feed(tx, count) == 0)
		return rx;
	pp_rx_unref(rx);
	return NULL;
}
