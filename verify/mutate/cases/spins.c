/* SPDX-License-Identifier: MIT */
/* Who looks a few times before it sleeps sees at the next look what it waits for, whatever moved
 * it: with looks of the test's, between which the same thread makes room, or puts an item. */
#include "support.h"

#include "park/spin.h"

SUITE(spins);

/* ---- In place of src/park/spin.c: linked before the library's ----------------------------- */

enum { AT = 3, MOST = 6 }; /* the look before which something moves; all looks */

static struct {
	void (*move)(void);
	int looks, waits;
	bool won;
} seen;

void pp_spin_init(struct pp_spin *spin, int64_t spin_ns, struct pp_spin_wish wish)
{
	(void)spin, (void)spin_ns, (void)wish;
}

bool pp_spin_pace(struct pp_spin *spin, uint64_t found, bool trying)
{
	(void)spin, (void)found, (void)trying;
	return false;
}

void pp_spin_begin(struct pp_spinner *s, struct pp_spin *spin)
{
	(void)s, (void)spin;
	seen.looks = 0;
	seen.waits++;
}

bool pp_spin_step(struct pp_spinner *s)
{
	(void)s;
	if (++seen.looks == AT)
		seen.move();
	return seen.looks < MOST;
}

void pp_spin_end(struct pp_spinner *s, bool won)
{
	(void)s;
	seen.won = won;
}

void pp_spin_parked(struct pp_spinner *s)
{
	(void)s;
}

/* ---- What moves --------------------------------------------------------------------------- */

static struct ends e;
static uint64_t pushed, pulled; /* the next items */
static int moves;               /* the way in which it does */

enum { SINGLE_WAY, BATCH_WAY, PLACE_WAY, WAYS };

static void put(void)
{
	uint64_t item = pushed++;

	if (moves == SINGLE_WAY)
		EXPECT_EQ(pp_try_push(e.tx, &item), 0);
	else if (moves == BATCH_WAY)
		EXPECT_EQ(pp_try_push_n(e.tx, &item, 1), 1);
	else
		EXPECT_EQ(slot_commit(&e, slot_push(&e), item), 0);
}

static void take(void)
{
	uint64_t item = 0;
	void *slot;

	if (moves == SINGLE_WAY) {
		EXPECT_EQ(pp_try_pull(e.rx, &item), 0);
	} else if (moves == BATCH_WAY) {
		EXPECT_EQ(pp_try_pull_n(e.rx, &item, 1), 1);
	} else {
		slot = slot_pull(&e);
		item = slot_get(slot);
		EXPECT_EQ(pp_pull_commit(e.rx, slot), 0);
	}
	EXPECT_EQ(item, pulled++);
}

/* ---- Who waits ---------------------------------------------------------------------------- */

enum { ITEM, BATCH_OF_ONE, PLACE, SELECT, WAITS };

static void push(int form)
{
	pp_case c = { .tx = e.tx, .item = &(uint64_t){ pushed } };
	void *slot;

	switch (form) {
	case ITEM:         EXPECT_EQ(pp_push(e.tx, c.item), 0); break;
	case BATCH_OF_ONE: EXPECT_EQ(pp_push_n(e.tx, c.item, 1), 1); break;
	case PLACE:
		EXPECT_EQ(pp_push_begin(e.tx, &slot), 0);
		EXPECT_EQ(slot_commit(&e, slot, pushed), 0);
		break;
	default: EXPECT_EQ(pp_select(&c, 1, 0, PP_FOREVER), 0);
	}
	pushed++;
}

static void pull(int form)
{
	uint64_t item = 0;
	pp_case c = { .rx = e.rx, .item = &item };
	void *slot;

	switch (form) {
	case ITEM:         EXPECT_EQ(pp_pull(e.rx, &item), 0); break;
	case BATCH_OF_ONE: EXPECT_EQ(pp_pull_n(e.rx, &item, 1), 1); break;
	case PLACE:
		EXPECT_EQ(pp_pull_begin(e.rx, &slot), 0);
		item = slot_get(slot);
		EXPECT_EQ(pp_pull_commit(e.rx, slot), 0);
		break;
	default: EXPECT_EQ(pp_select(&c, 1, 0, PP_FOREVER), 0);
	}
	EXPECT_EQ(item, pulled++);
}

/* It waited, and saw it at once. */
static void waits(void (*wait)(int form), int form, void (*move)(void))
{
	seen.waits = 0;
	seen.move = move;
	wait(form);
	EXPECT_EQ(seen.waits, 1);
	EXPECT(seen.won);
	EXPECT_EQ(seen.looks, AT);
}

static void wait_in_turn(size_t capacity, int form)
{
	for (size_t n = 0; n < 2 * capacity + 1; n++)
		waits(pull, form, put);
	for (size_t n = 0; n < capacity; n++)
		push(form);
	for (size_t n = 0; n < 2 * capacity + 1; n++)
		waits(push, form, take);
	for (size_t n = 0; n < capacity; n++)
		pull(form);
}

static void every_way(pp_kind kind, size_t capacity)
{
	for (int form = 0; form < WAITS; form++)
		for (moves = 0; moves < WAYS; moves++) {
			e = ends_open(kind, capacity);
			pushed = pulled = 0;
			wait_in_turn(capacity, form);
			EXPECT_EQ(ends_stats(&e).push_parks + ends_stats(&e).pull_parks, 0);
			ends_let_go(&e);
		}
}

Test(spins, a_pusher_and_a_puller_see_what_they_wait_for_at_the_next_look)
{
	for (size_t capacity = 1; capacity < 6; capacity++)
		for_each_kind(capacity, every_way);
	for (size_t capacity = 128; capacity < 131; capacity++)
		for_each_kind(capacity, every_way);
}

/* A slot whose push was taken back is free with the last item before it. */
static void behind_taken_back(pp_kind kind, size_t capacity)
{
	for (int form = 0; form < WAITS; form++)
		for (moves = 0; moves < WAYS; moves++) {
			e = ends_open(kind, capacity);
			pushed = pulled = 0;
			push(form);
			for (size_t n = 1; n < capacity; n++)
				EXPECT_EQ(pp_push_abort(e.tx, slot_push(&e)), 0);
			waits(push, form, take);
			ends_let_go(&e);
		}
}

Test(spins, a_pusher_sees_room_behind_a_push_that_was_taken_back)
{
	for (size_t capacity = 2; capacity < 6; capacity++)
		for_each_kind(capacity, behind_taken_back);
	for_each_kind(130, behind_taken_back);
}
