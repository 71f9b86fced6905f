/* SPDX-License-Identifier: MIT */
#include "ledger.h"
#include "support.h"

#include <stdlib.h>
#include <string.h>

void ledger_open(struct ledger *l, unsigned producers, unsigned per_producer, size_t item_size)
{
	l->producers = producers;
	l->per_producer = per_producer;
	l->item_size = item_size;
	l->entries = calloc((size_t)producers * per_producer, sizeof(*l->entries));
	CHECK(l->entries, "no memory");
}

void ledger_free(struct ledger *l)
{
	free(l->entries);
	l->entries = NULL;
}

/* ---- Items ----------------------------------------------------------------------- */

static unsigned char filling(uint64_t id, size_t i)
{
	return (unsigned char)((id * UINT64_C(0x9e3779b97f4a7c15) >> 56) + i);
}

void item_make(const struct ledger *l, void *item, unsigned producer, unsigned serial)
{
	/* No item is 0, nor what fresh memory might hold. */
	uint64_t id = UINT64_C(0x5a) << 56 | (uint64_t)producer << 32 | serial;
	unsigned char *bytes = item;
	size_t i;

	memcpy(bytes, &id, sizeof(id));
	for (i = sizeof(id); i < l->item_size; i++)
		bytes[i] = filling(id, i);
}

static struct entry *read_item(const struct ledger *l, const void *item, unsigned *producer,
			       unsigned *serial)
{
	const unsigned char *bytes = item;
	uint64_t id;
	size_t i;

	memcpy(&id, bytes, sizeof(id));
	*producer = (unsigned)(id >> 32 & 0xffffff);
	*serial = (unsigned)id;
	CHECK(id >> 56 == 0x5a && *producer < l->producers && *serial < l->per_producer,
	      "no such item: %#llx", (unsigned long long)id);
	for (i = sizeof(id); i < l->item_size; i++)
		CHECK(bytes[i] == filling(id, i), "item %u of producer %u is torn at byte %zu",
		      *serial, *producer, i);
	return &l->entries[*producer * l->per_producer + *serial];
}

/* ---- Writing --------------------------------------------------------------------- */

void ledger_pushed(struct ledger *l, unsigned producer, unsigned serial, unsigned n,
		   int64_t began, int64_t ended)
{
	struct entry *e = &l->entries[producer * l->per_producer + serial];

	for (; n; n--, e++) {
		e->pushed = true;
		e->push_began = began;
		e->push_ended = ended;
	}
}

void ledger_pulled(struct ledger *l, struct witness *w, const void *item, int64_t began,
		   int64_t ended)
{
	unsigned producer, serial;
	struct entry *e = read_item(l, item, &producer, &serial);

	CHECK(atomic_fetch_add_explicit(&e->pulls, 1, memory_order_relaxed) == 0,
	      "item %u of producer %u pulled twice", serial, producer);
	CHECK(w->last[producer] < (int64_t)serial, "item %u of producer %u came after %lld",
	      serial, producer, (long long)w->last[producer]);
	w->last[producer] = serial;
	e->pull_began = began;
	e->pull_ended = ended;
}

void ledger_dropped(struct ledger *l, const void *item)
{
	unsigned producer, serial;
	struct entry *e = read_item(l, item, &producer, &serial);

	CHECK(atomic_fetch_add_explicit(&e->drops, 1, memory_order_relaxed) == 0,
	      "item %u of producer %u dropped twice", serial, producer);
}

/* ---- Checking -------------------------------------------------------------------- */

static struct totals check_once(struct ledger *l)
{
	struct totals t = { 0, 0, 0 };
	size_t i, n = (size_t)l->producers * l->per_producer;

	for (i = 0; i < n; i++) {
		struct entry *e = &l->entries[i];
		unsigned pulls = atomic_load(&e->pulls), drops = atomic_load(&e->drops);

		CHECK(pulls + drops == (e->pushed ? 1 : 0),
		      "item %zu of producer %zu: pushed %d, pulled %u, dropped %u",
		      i % l->per_producer, i / l->per_producer, e->pushed, pulls, drops);
		if (drops)
			e->pull_began = e->pull_ended = INT64_MAX;
		t.pushed += e->pushed;
		t.pulled += pulls;
		t.dropped += drops;
	}
	return t;
}

static int by_push_began(const void *a, const void *b)
{
	int64_t x = (*(struct entry *const *)a)->push_began;
	int64_t y = (*(struct entry *const *)b)->push_began;

	return (x > y) - (x < y);
}

/* In the order in which the pushes began: earliest[i] is the first end of a pull among
 * the items from i on. */
static void check_fifo(const struct ledger *l, size_t pushed)
{
	struct entry **order = malloc((pushed + 1) * sizeof(struct entry *));
	int64_t *earliest = malloc((pushed + 1) * sizeof(int64_t));
	size_t i, k = 0, n = (size_t)l->producers * l->per_producer;

	CHECK(order && earliest, "no memory");
	for (i = 0; i < n; i++)
		if (l->entries[i].pushed)
			order[k++] = &l->entries[i];
	qsort(order, k, sizeof(*order), by_push_began);
	earliest[k] = INT64_MAX;
	for (i = k; i-- > 0;)
		earliest[i] = order[i]->pull_ended < earliest[i + 1] ? order[i]->pull_ended
								     : earliest[i + 1];
	for (i = 0; i < k; i++) {
		size_t low = i, high = k; /* the first push that began after this one ended */

		while (low < high) {
			size_t middle = low + (high - low) / 2;

			if (order[middle]->push_began > order[i]->push_ended)
				high = middle;
			else
				low = middle + 1;
		}
		CHECK(earliest[low] >= order[i]->pull_began,
		      "not FIFO: item %td was overtaken by one pushed %lld ns later",
		      order[i] - l->entries,
		      (long long)(order[low]->push_began - order[i]->push_ended));
	}
	free(order);
	free(earliest);
}

struct totals ledger_check(struct ledger *l)
{
	struct totals t = check_once(l);

	check_fifo(l, t.pushed);
	return t;
}
