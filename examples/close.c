/* SPDX-License-Identifier: MIT */
/*
 * The producer closes, the consumer ranges: a loop over pp_pull() sees every item
 * that went in, then the end of the stream.  No sentinel item, no "done" flag.
 */
#include "example.h"

static void *produce(void *argument)
{
	static const char *const words[] = { "so", "long", "and", "thanks" };
	pp_tx *tx = argument;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		MUST(pp_push(tx, &words[i]));
	MUST(pp_close(tx));

	/* The type says who may close; the ring remembers that somebody did. */
	HOLDS(pp_push(tx, &words[0]) == -ESHUTDOWN);
	pp_tx_unref(tx);
	return NULL;
}

int main(void)
{
	pp_tx *tx;
	pp_rx *rx;

	MUST(pp_open(&tx, &rx, PP_SPSC, 8, sizeof(char *)));

	pthread_t   producer = start(produce, tx);
	const char *word = NULL;
	int         count = 0, end;

	while ((end = pp_pull(rx, &word)) == 0) {
		printf("%s\n", word);
		count++;
	}
	HOLDS(end == -EPIPE);
	HOLDS(count == 4);
	HOLDS(strcmp(word, "thanks") == 0); /* a pull that fails leaves the buffer alone */

	join(producer);
	pp_rx_unref(rx);
	return EXIT_SUCCESS;
}
