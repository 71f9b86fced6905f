/* SPDX-License-Identifier: MIT */
/*
 * A consumer that fails cancels; its producer's next push ends with -EPIPE.  Items
 * own memory here, and none is lost: each is pulled, or passed to `drop`, or still
 * the producer's because its push failed.
 */
#include <stdatomic.h>

#include "example.h"

static atomic_int in_use; /* items that somebody still has to free */

static char *make_item(int number)
{
	char *item = malloc(32);

	HOLDS(item != NULL);
	snprintf(item, 32, "item %d", number);
	atomic_fetch_add(&in_use, 1);
	return item;
}

static void free_item(char *item)
{
	free(item);
	atomic_fetch_sub(&in_use, 1);
}

/* Gets a pointer to the item, and an item is a pointer.  Any thread may be in here. */
static void drop_item(void *item, void *context)
{
	atomic_int *dropped = context;

	free_item(*(char **)item);
	atomic_fetch_add(dropped, 1);
}

static void *produce(void *argument)
{
	pp_tx *tx = argument;
	int    result = 0, number;

	for (number = 0; result == 0; number++) {
		char *item = make_item(number);

		result = pp_push(tx, &item);
		if (result < 0)
			free_item(item); /* a push that failed handed nothing over */
	}
	printf("producer: push %d failed: %s\n", number - 1, strerror(-result));
	HOLDS(result == -EPIPE);
	pp_tx_unref(tx);
	return NULL;
}

int main(void)
{
	atomic_int dropped = 0;
	pp_tx     *tx;
	pp_rx     *rx;

	MUST(pp_open_with(&tx, &rx, &PP_CONFIG(.kind = PP_SPSC, .capacity = 8,
		.item_size = sizeof(char *), .drop = drop_item, .drop_context = &dropped)));

	pthread_t producer = start(produce, tx);
	char     *item;

	for (int i = 0; i < 3; i++) {
		MUST(pp_pull(rx, &item));
		printf("consumer: %s\n", item);
		free_item(item);
	}
	printf("consumer: disk full, giving up\n");
	MUST(pp_cancel(rx));
	HOLDS(pp_pull(rx, &item) == -ESHUTDOWN);

	join(producer);
	pp_rx_unref(rx);
	printf("%d items were still in the ring and dropped, %d leaked\n",
	       atomic_load(&dropped), atomic_load(&in_use));
	HOLDS(atomic_load(&dropped) <= 8);
	HOLDS(atomic_load(&in_use) == 0);
	return EXIT_SUCCESS;
}
