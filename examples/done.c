/* SPDX-License-Identifier: MIT */
/*
 * Cancelling a wait.  Whoever may have to give up waits for two things: what it wants, and
 * the end of a "done" ring, to which nobody ever pushes.  Closing that ring ends the waits of
 * all of them at once, and those that have not begun yet; the ring that they wait on goes on.
 */
#include "example.h"

enum { WAITERS = 4, ITEMS = 100 };

struct waiters {
	pp_rx *items;
	pp_rx *done;
	pp_tx *got; /* tells how far they are */
};

enum outcome { ITEM, END, CANCELLED };

/* Pull an item, unless `done` ends first.  Cancelled counts more than an item. */
static enum outcome pull_or_give_up(pp_rx *items, pp_rx *done, int *item)
{
	char    nothing;
	pp_case cases[] = { { .rx = done, .item = &nothing }, { .rx = items, .item = item } };

	if (MUST(pp_select(cases, 2, PP_ORDERED, PP_FOREVER)) == 0)
		return CANCELLED;
	return cases[1].result == 0 ? ITEM : END;
}

static void *wait_for_items(void *argument)
{
	struct waiters *waiters = argument;
	enum outcome    outcome;
	int             item;

	while ((outcome = pull_or_give_up(waiters->items, waiters->done, &item)) == ITEM)
		MUST(pp_push(waiters->got, &item));
	HOLDS(outcome == CANCELLED);
	pp_rx_unref(waiters->items);
	return NULL;
}

int main(void)
{
	struct waiters waiters;
	pthread_t      threads[WAITERS];
	pp_tx         *items, *done;
	pp_rx         *got;
	int            item, sum = 0;

	MUST(pp_open(&items, &waiters.items, PP_MPMC, 8, sizeof(int)));
	MUST(pp_open(&done, &waiters.done, PP_MPMC, 1, sizeof(char)));
	MUST(pp_open(&waiters.got, &got, PP_MPMC, ITEMS, sizeof(int)));
	for (int i = 0; i < WAITERS; i++) {
		MUST(pp_rx_ref(waiters.items));
		threads[i] = start(wait_for_items, &waiters);
	}
	for (int n = 1; n <= ITEMS; n++)
		MUST(pp_push(items, &n));
	for (int n = 1; n <= ITEMS; n++) {
		MUST(pp_pull(got, &item));
		sum += item;
	}
	HOLDS(sum == ITEMS * (ITEMS + 1) / 2);

	pp_tx_unref(done); /* the last push end: closed */
	for (int i = 0; i < WAITERS; i++)
		join(threads[i]);
	printf("%d threads have stopped waiting\n", WAITERS);

	/* The ring of items is as it was: others may go on with it. */
	MUST(pp_push(items, &(int){ 7 }));
	MUST(pp_pull(waiters.items, &item));
	HOLDS(item == 7);
	pp_tx_unref(items);
	pp_rx_unref(waiters.items);
	pp_rx_unref(waiters.done);
	pp_tx_unref(waiters.got);
	pp_rx_unref(got);
	return EXIT_SUCCESS;
}
