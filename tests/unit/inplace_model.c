/* SPDX-License-Identifier: MIT */
/*
 * Working in place, against a model: random operations of one thread on a ring and on a list of
 * its slots that is simple enough to be seen to be right.
 */
#include "support.h"

#include <stdlib.h>

SUITE(inplace_model);

enum state { OPEN_PUSH, ABORTED, ITEM, OPEN_PULL, FREE };

#define CAPACITY_MAX 160
#define OPERATIONS (SANITIZED ? 4000 : 20000)
#define SLOTS_MAX (OPERATIONS + 1)

/* One per push that began, the oldest first. */
struct entry {
	enum state state;
	uint64_t   item;
	void      *slot;
};

static struct entry entries[SLOTS_MAX];
static size_t began, oldest; /* pushes that began; the first one that is not yet taken */
static size_t open_pushes, open_pulls;
static uint64_t items_pushed, items_pulled;
static unsigned seed;

static size_t draw(size_t n)
{
	return (size_t)rand_r(&seed) % n;
}

/* Free what has nothing left before it. */
static void settle(void)
{
	for (; oldest < began && entries[oldest].state == ABORTED; oldest++)
		entries[oldest].state = FREE;
}

/* What is not free: slots that pulls have open, and everything from the oldest push on. */
static size_t occupied(void)
{
	return open_pulls + began - oldest;
}

/* PP_SPSC: a slot behind one that a pull has open may be free, or not to be had yet. */
static bool push_may_be_busy(pp_kind kind, size_t capacity)
{
	return kind == PP_SPSC && open_pulls && began >= capacity;
}

/* What a push of this moment gives. */
static int push_gives(pp_kind kind, size_t capacity)
{
	if (kind == PP_SPSC) {
		if (open_pushes)
			return -EBUSY;
		return occupied() < capacity ? 0 : -EAGAIN;
	}
	if (began < capacity || entries[began - capacity].state == FREE)
		return 0;
	return began - capacity >= oldest ? -EAGAIN : -EBUSY;
}

static int pull_gives(pp_kind kind)
{
	if (kind == PP_SPSC && open_pulls)
		return -EBUSY;
	if (oldest == began || (kind == PP_SPSC && entries[oldest].state == OPEN_PUSH))
		return -EAGAIN;
	return entries[oldest].state == ITEM ? 0 : -EBUSY;
}

/* One of the entries in that state; NULL: there is none. */
static struct entry *any(enum state state, size_t count)
{
	size_t at = began, which = count ? draw(count) : 0;

	while (count && at-- > 0)
		if (entries[at].state == state && which-- == 0)
			return &entries[at];
	return NULL;
}

static void push(const struct ends *e, int gives, bool may_be_busy, bool in_place)
{
	uint64_t item = (uint64_t)began + 1000;
	void *slot = NULL;
	int r = in_place ? pp_try_push_begin(e->tx, &slot) : pp_try_push(e->tx, &item);

	if (r != -EBUSY || !may_be_busy)
		EXPECT_EQ(r, gives);
	if (r)
		return;
	entries[began++] = (struct entry){ in_place ? OPEN_PUSH : ITEM, item, slot };
	if (in_place)
		open_pushes++;
	else
		items_pushed++;
}

static void pull(const struct ends *e, int gives, bool in_place)
{
	uint64_t item = 0;
	void *slot = NULL;

	EXPECT_EQ(in_place ? pp_try_pull_begin(e->rx, &slot) : pp_try_pull(e->rx, &item), gives);
	if (gives)
		return;
	EXPECT_EQ(in_place ? slot_get(slot) : item, entries[oldest].item);
	entries[oldest].state = in_place ? OPEN_PULL : FREE;
	entries[oldest++].slot = slot;
	items_pulled++;
	open_pulls += in_place;
}

static void end_push(const struct ends *e, bool commit)
{
	struct entry *entry = any(OPEN_PUSH, open_pushes);

	if (!entry)
		return;
	EXPECT_EQ(commit ? slot_commit(e, entry->slot, entry->item)
			 : pp_push_abort(e->tx, entry->slot), 0);
	entry->state = commit ? ITEM : ABORTED;
	items_pushed += commit;
	open_pushes--;
}

static void end_pull(const struct ends *e)
{
	struct entry *entry = any(OPEN_PULL, open_pulls);

	if (!entry)
		return;
	EXPECT_EQ(pp_pull_commit(e->rx, entry->slot), 0);
	entry->state = FREE;
	open_pulls--;
}

static void step(const struct ends *e, pp_kind kind, size_t capacity, size_t bias)
{
	bool busy = push_may_be_busy(kind, capacity);
	pp_stats s;

	switch (draw(8 + bias)) {
	case 0: push(e, push_gives(kind, capacity), busy, false); break;
	case 1: pull(e, pull_gives(kind), true); break;
	case 2: pull(e, pull_gives(kind), false); break;
	case 3: end_push(e, true); break;
	case 4: end_push(e, false); break;
	case 5: end_pull(e); break;
	default: push(e, push_gives(kind, capacity), busy, true);
	}
	settle();
	s = ends_stats(e);
	EXPECT_EQ(s.depth, occupied());
	EXPECT_EQ(s.pushed, items_pushed);
	EXPECT_EQ(s.pulled, items_pulled);
}

static void random_operations(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);

	began = oldest = open_pushes = open_pulls = 0;
	items_pushed = items_pulled = 0;
	seed = (unsigned)capacity;
	/* Rings that are rather full and rather empty in turn. */
	for (size_t i = 0; i < OPERATIONS; i++)
		step(&e, kind, capacity, i / 500 % 2 ? 0 : 4);
	EXPECT(items_pulled > OPERATIONS / 100);
	while (any(OPEN_PULL, open_pulls))
		end_pull(&e);
	while (any(OPEN_PUSH, open_pushes))
		end_push(&e, false);
	ends_let_go(&e);
}

Test(inplace_model, random_operations_give_what_a_list_of_slots_gives)
{
	static const size_t capacities[] = { 1, 2, 3, 4, 5, 7, 16, 64, 127, 128, 129, 160 };

	for (size_t i = 0; i < ARRAY_LEN(capacities); i++)
		for_each_kind(capacities[i], random_operations);
}
