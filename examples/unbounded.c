/* SPDX-License-Identifier: MIT */
/*
 * The unbounded trap and its bounded fix.  The same producer, one that outruns its
 * consumer, fills first a ring and then an unbounded queue.  The ring makes it wait;
 * the queue takes everything, hides the overload and grows until the memory ends.
 * Here a budget stands in for the end of the memory.
 */
#include <unistd.h>

#include "example.h"

enum { CAPACITY = 64, BUDGET = 32 << 20 };

struct record {
	char bytes[4096];
};

/* ---- The trap: nothing in here ever says "wait" -------------------------- */

struct node {
	struct node  *next;
	struct record record;
};

struct unbounded {
	pthread_mutex_t lock;
	pthread_cond_t  not_empty;
	struct node    *oldest, **end;
	size_t          depth;
	bool            closed;
};

static bool unbounded_push(struct unbounded *queue, const struct record *record)
{
	struct node *node = NULL;

	pthread_mutex_lock(&queue->lock);
	if ((queue->depth + 1) * sizeof(*node) <= BUDGET)
		node = malloc(sizeof(*node));
	if (node != NULL) {
		*node = (struct node){ .record = *record };
		*queue->end = node;
		queue->end = &node->next;
		queue->depth++;
		pthread_cond_signal(&queue->not_empty);
	}
	pthread_mutex_unlock(&queue->lock);
	return node != NULL;
}

static bool unbounded_pull(struct unbounded *queue, struct record *record)
{
	struct node *node;

	pthread_mutex_lock(&queue->lock);
	while (queue->oldest == NULL && !queue->closed)
		pthread_cond_wait(&queue->not_empty, &queue->lock);
	node = queue->oldest;
	if (node != NULL) {
		queue->oldest = node->next;
		queue->depth--;
		if (queue->oldest == NULL)
			queue->end = &queue->oldest;
	}
	pthread_mutex_unlock(&queue->lock);
	if (node != NULL)
		*record = node->record;
	free(node);
	return node != NULL;
}

/* Returns how many were left. */
static size_t unbounded_close(struct unbounded *queue)
{
	struct record left;
	size_t        count = 0;

	pthread_mutex_lock(&queue->lock);
	queue->closed = true;
	pthread_cond_signal(&queue->not_empty);
	pthread_mutex_unlock(&queue->lock);
	while (unbounded_pull(queue, &left))
		count++;
	return count;
}

/* ---- The same slow consumer for both ------------------------------------- */

static void digest(void)
{
	doze(PP_MS);
}

static void *consume_unbounded(void *argument)
{
	struct record record;

	while (unbounded_pull(argument, &record))
		digest();
	return NULL;
}

static void *consume_ring(void *argument)
{
	struct record record;

	while (pp_pull(argument, &record) == 0)
		digest();
	return NULL;
}

static size_t resident_kib(void)
{
	FILE         *file = fopen("/proc/self/statm", "r");
	unsigned long total, resident = 0;

	HOLDS(file != NULL && fscanf(file, "%lu %lu", &total, &resident) == 2);
	fclose(file);
	return resident * (size_t)sysconf(_SC_PAGESIZE) / 1024;
}

static void report(const char *queue, size_t pushed, size_t depth, size_t grown_kib)
{
	printf("%-9s %6zu pushed, %6zu in the queue, resident memory grew by %6zu KiB\n", queue,
	       pushed, depth, grown_kib);
}

static size_t fill_ring(void)
{
	struct record record = { "record" };
	size_t        before = resident_kib(), deepest = 0;
	pp_tx        *tx;
	pp_rx        *rx;

	MUST(pp_open(&tx, &rx, PP_SPSC, CAPACITY, sizeof(record)));

	pthread_t consumer = start(consume_ring, rx);

	for (int i = 0; i < 4 * CAPACITY; i++) {
		MUST(pp_push(tx, &record));
		if (pp_tx_depth(tx) > deepest)
			deepest = pp_tx_depth(tx);
	}

	size_t grown = resident_kib() - before;

	report("ring", 4 * CAPACITY, deepest, grown);
	pp_tx_unref(tx);
	join(consumer);
	pp_rx_unref(rx);
	HOLDS(deepest <= CAPACITY);
	return grown;
}

static size_t fill_unbounded(void)
{
	struct unbounded queue = { .lock = PTHREAD_MUTEX_INITIALIZER,
	                           .not_empty = PTHREAD_COND_INITIALIZER,
	                           .end = &queue.oldest };
	struct record    record = { "record" };
	size_t           before = resident_kib(), pushed = 0;
	pthread_t        consumer = start(consume_unbounded, &queue);

	while (unbounded_push(&queue, &record))
		pushed++;

	size_t grown = resident_kib() - before, depth = unbounded_close(&queue);

	report("unbounded", pushed, depth, grown);
	printf("%-9s out of memory, without one sign of overload before\n", "");
	join(consumer);
	HOLDS(depth > 16 * CAPACITY);
	return grown;
}

int main(void)
{
	size_t ring = fill_ring(), unbounded = fill_unbounded();

	HOLDS(ring < unbounded / 2);
	return EXIT_SUCCESS;
}
