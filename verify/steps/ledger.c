/* SPDX-License-Identifier: MIT */
#include "ledger.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "explore.h"

struct ring rings[RINGS];
const struct scenario *scenario;
size_t item_size;

struct item items[MOST_ITEMS];
unsigned item_count;

static unsigned stamp;
static struct call calls[STEPS_THREADS];
static int last_item[STEPS_THREADS][STEPS_THREADS][RINGS];

void require(bool holds, const char *property, const struct call *c)
{
	if (holds)
		return;
	steps_fail(property, "thread %u, call %c", steps_me(), c ? c->letter : '-');
}

/* ---- calls ------------------------------------------------------------------------------- */

static int64_t deadline_of(enum how how)
{
	switch (how) {
	case SOON:    return steps_now() + STEPS_SOON;
	case PATIENT: return steps_patience();
	case LATE:    return 1;
	default:      return PP_FOREVER;
	}
}

struct call *call_begin(char letter, enum how how, unsigned most)
{
	struct call *c = &calls[steps_me()];

	steps_call(letter, "begins");
	memset(c, 0, sizeof *c);
	c->letter = letter;
	c->how = how;
	c->most = most;
	c->signals = steps_signalled();
	c->deadline = deadline_of(how);
	c->start = ++stamp;
	if (how == SOON)
		steps_deadline(c->deadline);
	return c;
}

void call_wish(struct call *c, int ring, enum role role, enum way way)
{
	struct ring *r = &rings[ring];
	struct wish *w = &c->wish[c->n++];

	w->ring = ring;
	w->role = role;
	w->way = way;
	w->closed = r->closed;
	w->cancelled = r->cancelled;
	w->end_seen = r->end_seen;
	w->others = r->under_way > 0;
	w->starts = ++r->starts;
	r->under_way++;
	if (role == PUSH)
		r->may_push += (int)c->most;
	if (role == PULL)
		r->may_take += (int)c->most;
	if (role == PULL && !c->in_place)
		r->given_back += (int)c->most;
}

void call_end(struct call *c)
{
	unsigned i;

	steps_deadline(INT64_MAX);
	for (i = 0; i < c->n; i++) {
		struct ring *r = &rings[c->wish[i].ring];

		r->under_way--;
		if (c->wish[i].role == PUSH)
			r->may_push -= (int)c->most;
		if (c->wish[i].role == PULL)
			r->may_take -= (int)c->most;
		if (c->wish[i].role == PULL && !c->in_place)
			r->given_back -= (int)c->most;
	}
	c->n = 0;
	stamp++;
}

/* It waits, and comes back to the end of the line. */
static void leave_line(unsigned thread)
{
	unsigned i;

	for (i = 0; i < item_count; i++)
		if (items[i].pusher == thread && items[i].state == UNDER_WAY)
			items[i].push_end = UINT32_MAX;
}

static bool was_signalled(const struct call *c)
{
	return scenario->flags & SIGNALS && steps_signalled() > c->signals;
}

void call_again(struct call *c)
{
	require(was_signalled(c), "signal for nothing", c);
	c->signals = steps_signalled();
	leave_line(steps_me());
}

/* ---- what is certain of the moment of a call ------------------------------------------------ */

/* Was an item there all the time?  Each pull under way may have taken one. */
static bool was_item(const struct call *c, const struct wish *w)
{
	int there = 0 - (rings[w->ring].may_take - (int)c->most);
	unsigned i;

	for (i = 0; i < item_count; i++)
		if (items[i].ring == w->ring && items[i].state == PUSHED &&
		    items[i].push_end < c->start && !items[i].pulls && !items[i].drops)
			there++;
	return there > 0;
}

/* Was there room all the time?  Each push under way may have taken a slot, each item pulled
 * meanwhile may have had one. */
static bool was_room(const struct call *c, const struct wish *w)
{
	const struct ring *r = &rings[w->ring];
	int taken = r->may_push - (int)c->most + r->open_push + r->aborted;
	unsigned i;

	for (i = 0; i < item_count; i++)
		if (items[i].ring == w->ring && items[i].state == PUSHED &&
		    (!items[i].pulls || items[i].freed > c->start))
			taken++;
	return taken < (int)r->capacity;
}

static bool was_possible(const struct call *c, const struct wish *w)
{
	const struct ring *r = &rings[w->ring];

	if (r->capacity == 0 || r->cancelling)
		return false;
	return w->role == PULL ? was_item(c, w) : was_room(c, w);
}

static bool others_were_there(const struct wish *w)
{
	const struct ring *r = &rings[w->ring];

	return w->others || r->starts != w->starts || r->open_push || r->open_pull || r->aborted;
}

static void check_end(const struct call *c, const struct wish *w, int r)
{
	const struct ring *ring = &rings[w->ring];
	bool own = r == -ESHUTDOWN, push = w->role == PUSH;

	require(own == push ? ring->closing : ring->cancelling, "wrong end", c);
	if (!own)
		require(!(push ? w->closed : w->cancelled), "wrong end", c);
	if (!own && !push) {
		require(!was_possible(c, w), "end before the items", c);
		rings[w->ring].end_seen = true;
	}
}

static void check_refused(const struct call *c, unsigned k, int r)
{
	const struct wish *w = &c->wish[k];

	switch (r) {
	case -ESHUTDOWN:
	case -EPIPE:
		check_end(c, w, r);
		return;
	case -EAGAIN:
		require(c->how == TRY, "result", c);
		require(!w->closed && !w->cancelled, "end not seen", c);
		require(!was_possible(c, w), w->role == PUSH ? "room refused" : "item refused", c);
		return;
	case -EBUSY:
		require(c->how == TRY && others_were_there(w), "busy alone", c);
		return;
	case -ETIMEDOUT:
		require(steps_now() >= c->deadline, "too early", c);
		require(others_were_there(w) || !was_possible(c, w), "late, and nothing taken", c);
		return;
	case -EINTR:
		require(was_signalled(c), "signal for nothing", c);
		require(others_were_there(w) || !was_possible(c, w), "left, and nothing taken", c);
		return;
	default:
		require(false, "result", c);
	}
}

/* ---- items -------------------------------------------------------------------------------- */

static uint64_t word_of(unsigned item, unsigned i)
{
	return UINT64_C(0x5e9a000000000000) | (uint64_t)(item + 1) << 8 | i;
}

void item_write(unsigned item, void *bytes)
{
	uint64_t words[WORDS];
	unsigned i;

	for (i = 0; i < WORDS; i++)
		words[i] = word_of(item, i);
	memcpy(bytes, words, item_size);
}

unsigned item_new(int ring, void *bytes)
{
	struct item *it = &items[item_count];

	require(item_count < MOST_ITEMS, "script", NULL);
	memset(it, 0, sizeof *it);
	it->ring = ring; /* of a select's it is not known yet */
	it->pusher = steps_me();
	it->push_start = stamp;
	it->push_end = UINT32_MAX;
	item_write(item_count, bytes);
	return item_count++;
}

static unsigned item_read(const void *bytes, const struct call *c)
{
	uint64_t words[WORDS];
	unsigned item, i;

	memcpy(words, bytes, item_size);
	item = (unsigned)(words[0] >> 8 & 0xff) - 1;
	require(item < item_count, "garbage", c);
	for (i = 0; i < item_size / sizeof *words; i++)
		require(words[i] == word_of(item, i), "garbage", c);
	return item;
}

void untouched(void *bytes, unsigned n)
{
	memset(bytes, 0x3c, n * item_size);
}

static bool is_untouched(const unsigned char *bytes)
{
	size_t i;

	for (i = 0; i < item_size; i++)
		if (bytes[i] != 0x3c)
			return false;
	return true;
}

/* ---- push ---------------------------------------------------------------------------------- */

static void check_capacity(const struct call *c, const struct ring *r)
{
	if (!r->cancelling)
		require(r->returned - r->given_back <= (int)r->capacity, "capacity", c);
}

void pushed(struct call *c, unsigned k, unsigned first, unsigned n, ssize_t r)
{
	struct wish *w = &c->wish[k];
	struct ring *ring = &rings[w->ring];
	unsigned i, done = r > 0 ? (unsigned)r : 0;

	if (r > 0) {
		require(done <= n, "result", c);
		require(!w->closed && !w->cancelled, "push after the end", c);
	} else if (r < 0) {
		check_refused(c, k, (int)r);
	}
	require(r != 0 || c->n > 1, "result", c); /* 0: another case of a select was performed */
	for (i = 0; i < n; i++) {
		struct item *it = &items[first + i];

		require(!it->pulls || it->ring == w->ring || i >= done, "wrong ring", c);
		it->ring = w->ring;
		it->state = i < done ? PUSHED : FAILED;
		if (it->state == FAILED)
			require(!it->pulls && !it->drops, "failed push delivered", c);
		else if (it->push_end == UINT32_MAX)
			it->push_end = ++stamp;
	}
	ring->returned += (int)done;
	check_capacity(c, ring);
}

void push_taken_back(struct call *c, unsigned item)
{
	rings[items[item].ring].aborted++;
	items[item].state = TAKEN_BACK;
	require(!items[item].pulls && !items[item].drops, "failed push delivered", c);
}

void note_drop(void *bytes, void *context)
{
	struct ring *ring = context;
	struct item *it = &items[item_read(bytes, NULL)];

	require(ring->cancelling, "dropped without cancel", NULL);
	require(it->ring == ring - rings || it->ring == ANY_RING, "wrong ring", NULL);
	require(it->state != FAILED && it->state != TAKEN_BACK, "failed push dropped", NULL);
	require(it->pulls + it->drops == 0, "twice", NULL);
	it->drops++;
	it->pull_start = it->pull_end = ++stamp;
	ring->dropped++;
}

/* ---- pull ---------------------------------------------------------------------------------- */

static void note_pull(struct call *c, struct wish *w, unsigned item)
{
	struct item *it = &items[item];
	int *last = &last_item[steps_me()][it->pusher][w->ring];

	require(it->ring == w->ring || it->ring == ANY_RING, "wrong ring", c);
	it->ring = w->ring;
	require(it->state == UNDER_WAY || it->state == PUSHED, "failed push delivered", c);
	require(it->pulls + it->drops == 0, "twice", c);
	require((int)item > *last, "order", c);
	*last = (int)item;
	it->pulls++;
	it->puller = steps_me();
	it->pull_start = c->start;
	it->pull_end = ++stamp;
	it->freed = c->in_place ? UINT32_MAX : stamp;
}

unsigned slot_item(const void *slot)
{
	return item_read(slot, NULL);
}

void slot_given_back(unsigned item)
{
	items[item].freed = ++stamp;
}

void pulled(struct call *c, unsigned k, const void *bytes, unsigned n, ssize_t r)
{
	struct wish *w = &c->wish[k];
	struct ring *ring = &rings[w->ring];
	const unsigned char *at = bytes;
	unsigned i, done = r > 0 ? (unsigned)r : 0;

	if (r > 0) {
		require(done <= n, "result", c);
		require(!w->cancelled, "pull after the end", c);
		require(!w->end_seen, "item after the end", c);
	} else if (r < 0) {
		check_refused(c, k, (int)r);
	}
	require(r != 0 || c->n > 1, "result", c);
	for (i = 0; i < (c->in_place ? done : n); i++, at += item_size)
		if (i < done)
			note_pull(c, w, item_read(at, c));
		else
			require(is_untouched(at), "buffer touched", c);
	ring->pulled += (int)done;
	if (!c->in_place)
		ring->given_back += (int)done;
	explored->moved += done;
}

/* ---- at rest: does anybody sleep beside work? ------------------------------------------------ */

static bool somebody_waits(int ring, enum role role, bool told_too, unsigned not_this)
{
	unsigned i, k;

	for (i = 0; i < STEPS_THREADS; i++)
		for (k = 0; i != not_this && k < calls[i].n; k++)
			if (calls[i].wish[k].ring == ring && calls[i].wish[k].role == role &&
			    (told_too || calls[i].wish[k].way == MET))
				return true;
	return false;
}

/* What calls of several items that are under way may have moved already counts for neither side. */
static int in_batches(int ring, enum role role)
{
	int n = 0;
	unsigned i;

	for (i = 0; i < STEPS_THREADS; i++)
		if (calls[i].n && calls[i].batch && calls[i].wish[0].ring == ring &&
		    calls[i].wish[0].role == role)
			n += (int)calls[i].most;
	return n;
}

static bool could(unsigned thread, const struct wish *w)
{
	const struct ring *r = &rings[w->ring];
	int held = r->returned - r->pulled - r->dropped;

	if (w->role == NO_ROLE)
		return false;
	if (w->role == PUSH ? r->closed || r->cancelled : r->cancelled)
		return true;
	if (r->capacity == 0)
		return (w->role == PULL && r->closed) ||
		       somebody_waits(w->ring, w->role == PUSH ? PULL : PUSH, w->way == MET,
		                      thread);
	if (w->role == PULL)
		return !r->open_push && (r->closed || held > in_batches(w->ring, PULL));
	if (r->aborted)
		return pp_tx_depth(r->tx) < r->capacity;
	return held + r->open_push + r->open_pull + in_batches(w->ring, PUSH) < (int)r->capacity;
}

static void check_rest(void)
{
	unsigned i, k;

	for (i = 0; i < STEPS_THREADS && scenario->thread[i]; i++)
		for (k = 0; !steps_has_ended(i) && k < calls[i].n; k++)
			if (could(i, &calls[i].wish[k]))
				steps_fail("asleep beside work", "thread %u, call %c, ring %c", i,
				           calls[i].letter, 'A' + calls[i].wish[k].ring);
}

/* A try never sleeps.  At capacity 0, who is asleep is in line; unless it sleeps for the lock. */
static void note_sleep(unsigned thread, const void *word)
{
	struct call *c = &calls[thread];
	unsigned i;

	require(!c->n || c->how != TRY, "a try sleeps", c);
	if (c->n != 1 || c->batch || c->wish[0].role != PUSH || rings[c->wish[0].ring].capacity ||
	    c->wish[0].way != MET || word == rings[c->wish[0].ring].lock)
		return;
	for (i = 0; i < item_count; i++)
		if (items[i].pusher == thread && items[i].state == UNDER_WAY &&
		    items[i].push_end == UINT32_MAX)
			items[i].push_end = ++stamp;
}

void ledger_clear(void)
{
	item_count = stamp = 0;
	memset(rings, 0, sizeof rings);
	memset(calls, 0, sizeof calls);
	memset(last_item, -1, sizeof last_item);
	steps_at_rest = check_rest;
	steps_falls_asleep = note_sleep;
}
