/* SPDX-License-Identifier: MIT */
/*
 * A real-time producer that tries, drops and counts.  It has a sample every
 * millisecond and may never wait for its reader: pp_try_push() says at once whether
 * there is room, and a sample for which there is none is dropped.  Nothing is lost
 * silently: the reader sees a gap in the numbers, the producer keeps the count.
 */
#include <stdatomic.h>

#include "example.h"

enum { CAPACITY = 32, SAMPLES = 200, STALL = 25 };

struct sample {
	unsigned number;
	int      level;
};

struct producer {
	pp_tx      *tx;
	atomic_uint dropped; /* shared only so that the reader can stage its stall */
	pp_time     longest;
};

static void tick(pp_time due)
{
	struct timespec at = { .tv_sec = due / PP_SEC, .tv_nsec = due % PP_SEC };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
		;
}

static void *sample_in_real_time(void *argument)
{
	struct producer *producer = argument;
	pp_time          due = pp_now();

	for (unsigned i = 0; i < SAMPLES; i++) {
		struct sample sample = { .number = i, .level = (int)(i % 7) };

		tick(due += PP_MS);

		pp_time before = pp_now();
		int     result = pp_try_push(producer->tx, &sample);
		pp_time took = pp_now() - before;

		/* -EAGAIN: full.  -EBUSY: cannot be known without waiting. */
		if (result == -EAGAIN || result == -EBUSY)
			atomic_fetch_add(&producer->dropped, 1);
		else
			MUST(result);
		if (took > producer->longest)
			producer->longest = took;
	}
	pp_tx_unref(producer->tx);
	return NULL;
}

int main(void)
{
	struct producer producer = { .longest = 0 };
	pp_rx          *rx;

	MUST(pp_open(&producer.tx, &rx, PP_SPSC, CAPACITY, sizeof(struct sample)));

	pthread_t thread = start(sample_in_real_time, &producer);

	/* The reader stalls until STALL samples have had to go. */
	while (atomic_load(&producer.dropped) < STALL)
		doze(PP_MS);

	struct sample sample;
	unsigned      expected = 0, received = 0, missed = 0;

	while (pp_pull(rx, &sample) == 0) {
		HOLDS(sample.number >= expected); /* gaps, but never out of order */
		missed += sample.number - expected;
		expected = sample.number + 1;
		received++;
	}
	join(thread);
	missed += SAMPLES - expected;

	unsigned dropped = atomic_load(&producer.dropped);

	printf("%d samples: %u received, %u dropped; the longest try took %d us\n", SAMPLES,
	       received, dropped, (int)(producer.longest / PP_US));
	HOLDS(dropped >= STALL);
	HOLDS(missed == dropped);
	HOLDS(received + dropped == SAMPLES);
	pp_rx_unref(rx);
	return EXIT_SUCCESS;
}
