/* SPDX-License-Identifier: MIT */
/*
 * A rate-limited producer: a token bucket is a ring.  A clock puts in a token every INTERVAL
 * and forgets those for which there is no room; who wants to send takes one first, and sleeps
 * while there is none.  The capacity is the burst that is allowed after a pause.
 */
#include "example.h"

enum { BURST = 5, SENDERS = 2, MESSAGES = 20 };
#define INTERVAL (5 * PP_MS)

struct bucket {
	pp_tx *tokens_tx;
	pp_rx *tokens_rx;
	pp_tx *out;
};

/* Absolute times, so that a late token does not delay those after it. */
static void *tick(void *argument)
{
	struct bucket *bucket = argument;
	pp_time        next = pp_now(), left;
	int            result;

	do {
		next += INTERVAL;
		left = next - pp_now();
		if (left > 0)
			doze(left);
		result = pp_try_push(bucket->tokens_tx, &(char){ 0 });
	} while (result == 0 || result == -EAGAIN || result == -EBUSY);
	HOLDS(result == -EPIPE); /* nobody wants tokens any more */
	pp_tx_unref(bucket->tokens_tx);
	return NULL;
}

static void *send_messages(void *argument)
{
	struct bucket *bucket = argument;
	char           token;

	for (int n = 0; n < MESSAGES; n++) {
		MUST(pp_pull(bucket->tokens_rx, &token)); /* waits for its turn */
		pp_time now = pp_now();

		MUST(pp_push(bucket->out, &now));
	}
	pp_rx_unref(bucket->tokens_rx); /* the last one cancels: the clock stops */
	pp_tx_unref(bucket->out);
	return NULL;
}

int main(void)
{
	struct bucket bucket;
	pthread_t     threads[SENDERS + 1];
	pp_time       begin, sent;
	pp_rx        *in;
	int           count = 0, at_once = 0;

	MUST(pp_open(&bucket.tokens_tx, &bucket.tokens_rx, PP_MPMC, BURST, sizeof(char)));
	MUST(pp_open(&bucket.out, &in, PP_MPMC, 64, sizeof(pp_time)));
	for (int i = 0; i < BURST; i++)
		MUST(pp_push(bucket.tokens_tx, &(char){ 0 })); /* a full bucket */
	MUST(pp_rx_ref(bucket.tokens_rx)); /* one reference for each sender */
	MUST(pp_tx_ref(bucket.out));

	begin = pp_now();
	threads[SENDERS] = start(tick, &bucket);
	for (int i = 0; i < SENDERS; i++)
		threads[i] = start(send_messages, &bucket);
	for (; pp_pull(in, &sent) == 0; count++) {
		/* However the threads run: by then so many tokens have been there at most. */
		HOLDS(count + 1 <= BURST + (pp_now() - begin) / INTERVAL);
		at_once += sent - begin < INTERVAL;
	}
	printf("%d messages in %d ms, %d of them in the first burst\n", count,
	       (int)((pp_now() - begin) / PP_MS), at_once);
	HOLDS(count == SENDERS * MESSAGES);
	HOLDS(at_once <= BURST);
	for (int i = 0; i <= SENDERS; i++)
		join(threads[i]);
	pp_rx_unref(in);
	return EXIT_SUCCESS;
}
