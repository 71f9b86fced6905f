/* SPDX-License-Identifier: MIT */
/*
 * What a thread of a scenario does, one letter per call; on ring A, but for y, Y, z, selects.
 *
 *   P push                     L pull
 *   p try push                 l try pull
 *   D push, deadline           E pull, deadline
 *   d push, deadline long past e pull, deadline long past
 *   w push                     W pull       that give up when nobody can run any more
 *   I push                     J pull       the same; a signal ends them, too
 *   B push of two              M pull of two at most
 *   b try push of two          m try pull of two
 *   R push until the end       Q pull until the end      N pull of two, no fewer
 *   S try push: must succeed   F try push: must find it full    n try pull: must find it empty
 *   i push in place            j pull in place           k push in place, taken back
 *   O open a slot, then        G open an item, then
 *   o commit, a take back it   g commit it               (one of each in a thread)
 *   C close                    X cancel
 *   U let go of tx             V let go of rx
 *   y push B                   Y pull B                  z close B
 *   s select: push A or B      t select: pull A or B
 *   u select: push A, pull B   v select: pull A, push B  x select: push A, pull A
 *   1 s   2 t  with a deadline     3 s   4 t  that give up as w does       5 t  as a try
 *   h push by an event loop    f pull by an event loop
 *   r push without a thread    q pull without a thread
 *   8     6     the same with a deadline, then withdrawn         9     7     that give up as w does
 *   c look at depth and counts
 */
#include <errno.h>

#include "calls.h"

/* ---- push and pull ---------------------------------------------------------------------- */

static ssize_t call_push(const struct call *c, pp_tx *tx, const void *bytes, unsigned n)
{
	if (n > 1)
		return c->how == TRY ? pp_try_push_n(tx, bytes, n) : pp_push_n(tx, bytes, n);
	switch (c->how) {
	case TRY:  return one(pp_try_push(tx, bytes));
	case WAIT: return one(pp_push(tx, bytes));
	default:   return one(pp_push_until(tx, bytes, c->deadline));
	}
}

static ssize_t call_pull(const struct call *c, pp_rx *rx, void *bytes, unsigned n, unsigned least)
{
	if (least > 1)
		return pp_pull_n_until(rx, bytes, least, n, c->deadline);
	if (n > 1)
		return c->how == TRY ? pp_try_pull_n(rx, bytes, n) : pp_pull_n(rx, bytes, n);
	switch (c->how) {
	case TRY:  return one(pp_try_pull(rx, bytes));
	case WAIT: return one(pp_pull(rx, bytes));
	default:   return one(pp_pull_until(rx, bytes, c->deadline));
	}
}

static ssize_t push(char letter, int ring, enum how how, unsigned n)
{
	struct call *c = call_begin(letter, how, n);
	struct buffer b;
	unsigned first, i;
	ssize_t r;

	call_wish(c, ring, PUSH, how == TRY || how == LATE ? TOLD : MET);
	c->batch = n > 1;
	first = item_new(ring, b.bytes);
	for (i = 1; i < n; i++)
		item_new(ring, b.bytes + i * item_size);
	while ((r = call_push(c, rings[ring].tx, b.bytes, n)) == -EINTR && how == WAIT)
		call_again(c);
	pushed(c, 0, first, n, r);
	call_end(c);
	return r;
}

static ssize_t pull_some(char letter, int ring, enum how how, unsigned n, unsigned least)
{
	struct call *c = call_begin(letter, how, n);
	struct buffer b;
	ssize_t r;

	call_wish(c, ring, PULL, how == TRY || how == LATE ? TOLD : MET);
	c->batch = least > 1;
	untouched(b.bytes, n);
	while ((r = call_pull(c, rings[ring].rx, b.bytes, n, least)) == -EINTR && how == WAIT)
		call_again(c);
	pulled(c, 0, b.bytes, n, r);
	call_end(c);
	return r;
}

static ssize_t pull(char letter, int ring, enum how how, unsigned n)
{
	return pull_some(letter, ring, how, n, 1);
}

/* ---- in place --------------------------------------------------------------------------- */

static struct { void *slot; unsigned item; } opened[STEPS_THREADS], taken[STEPS_THREADS];

static bool push_begin(char letter)
{
	struct call *c = call_begin(letter, WAIT, 1);
	unsigned me = steps_me();
	struct buffer b;
	int r;

	c->in_place = true;
	call_wish(c, A, PUSH, MET);
	opened[me].item = item_new(A, b.bytes);
	while ((r = pp_push_begin(rings[A].tx, &opened[me].slot)) == -EINTR)
		call_again(c);
	if (r < 0) {
		require(opened[me].slot == NULL, "slot", c);
		pushed(c, 0, opened[me].item, 1, r);
	} else {
		rings[A].open_push++;
		item_write(opened[me].item, opened[me].slot);
	}
	call_end(c);
	return r == 0;
}

static void push_end(char letter, bool keep)
{
	struct call *c = call_begin(letter, WAIT, 1);
	unsigned me = steps_me();
	int r;

	call_wish(c, A, NO_ROLE, MET);
	if (keep) {
		r = pp_push_commit(rings[A].tx, opened[me].slot);
		c->wish[0].role = PUSH; /* for what it may say */
		rings[A].may_push++;
		/* A push that was begun before the end need not be over before it. */
		c->wish[0].closed &= r != 0;
		c->wish[0].cancelled &= r != 0;
		require(r == 0 || r == -ESHUTDOWN || r == -EPIPE, "result", c);
		pushed(c, 0, opened[me].item, 1, one(r));
	} else {
		r = pp_push_abort(rings[A].tx, opened[me].slot);
		require(r == 0, "abort", c);
		push_taken_back(c, opened[me].item);
	}
	rings[A].open_push--;
	call_end(c);
}

static bool pull_begin(char letter)
{
	struct call *c = call_begin(letter, WAIT, 1);
	unsigned me = steps_me();
	int r;

	c->in_place = true;
	call_wish(c, A, PULL, MET);
	while ((r = pp_pull_begin(rings[A].rx, &taken[me].slot)) == -EINTR)
		call_again(c);
	pulled(c, 0, taken[me].slot, 1, one(r));
	if (r == 0)
		rings[A].open_pull++;
	call_end(c);
	return r == 0;
}

static void pull_end(char letter)
{
	struct call *c = call_begin(letter, WAIT, 1);
	unsigned item;

	call_wish(c, A, NO_ROLE, MET);
	item = slot_item(taken[steps_me()].slot);
	untouched(taken[steps_me()].slot, 1); /* it is the caller's until then */
	rings[A].given_back++;
	require(pp_pull_commit(rings[A].rx, taken[steps_me()].slot) == 0, "commit", c);
	slot_given_back(item);
	rings[A].open_pull--;
	call_end(c);
}

/* ---- ends ------------------------------------------------------------------------------- */

static void end_by(char letter)
{
	struct call *c = call_begin(letter, WAIT, 1);
	int ring = letter == 'z' ? B : A;
	struct ring *r = &rings[ring];

	call_wish(c, ring, NO_ROLE, MET);
	switch (letter) {
	case 'z':
	case 'C':
		r->closing = true;
		require(pp_close(r->tx) == 0, "result", c);
		r->closed = true;
		break;
	case 'X':
		r->cancelling = true;
		require(pp_cancel(r->rx) == 0, "result", c);
		r->cancelled = true;
		break;
	case 'U': /* not every one is the last, but one that may be counts as ending */
		r->closing = true;
		pp_tx_unref(r->tx);
		r->closed |= --r->tx_refs == 0;
		break;
	default:
		r->cancelling = true;
		pp_rx_unref(r->rx);
		r->cancelled |= --r->rx_refs == 0;
	}
	call_end(c);
}

static void look(char letter)
{
	struct call *c = call_begin(letter, WAIT, 1);
	struct ring *r = &rings[A];
	pp_stats s = { .size = sizeof s };

	call_wish(c, A, NO_ROLE, MET);
	require(pp_rx_depth(r->rx) <= r->capacity, "depth", c);
	require(pp_tx_depth(r->tx) <= r->capacity, "depth", c);
	require(pp_tx_stats(r->tx, &s) == 0 && s.depth <= r->capacity, "stats", c);
	require(s.depth_max <= r->capacity, "stats", c);
	call_end(c);
}

/* ---- the letters ------------------------------------------------------------------------ */

static void must(char letter, ssize_t r, ssize_t expected, const char *property)
{
	if (r != expected)
		steps_fail(property, "thread %u, call %c: %d", steps_me(), letter, (int)r);
}

static bool do_plain(char letter)
{
	switch (letter) {
	case 'P': push(letter, A, WAIT, 1); return true;
	case 'p': push(letter, A, TRY, 1); return true;
	case 'D': push(letter, A, SOON, 1); return true;
	case 'd': push(letter, A, LATE, 1); return true;
	case 'w':
	case 'I': push(letter, A, PATIENT, 1); return true;
	case 'B': push(letter, A, WAIT, 2); return true;
	case 'b': push(letter, A, TRY, 2); return true;
	case 'R': while (push(letter, A, WAIT, 1) > 0) ; return true;
	case 'S': must(letter, push(letter, A, TRY, 1), 1, "room refused"); return true;
	case 'F': must(letter, push(letter, A, TRY, 1), -EAGAIN, "capacity"); return true;
	case 'y': push(letter, B, WAIT, 1); return true;
	case 'L': pull(letter, A, WAIT, 1); return true;
	case 'l': pull(letter, A, TRY, 1); return true;
	case 'E': pull(letter, A, SOON, 1); return true;
	case 'e': pull(letter, A, LATE, 1); return true;
	case 'W':
	case 'J': pull(letter, A, PATIENT, 1); return true;
	case 'M': pull(letter, A, WAIT, 2); return true;
	case 'm': pull(letter, A, TRY, 2); return true;
	case 'N': pull_some(letter, A, WAIT, 2, 2); return true;
	case 'Q': while (pull(letter, A, WAIT, 1) > 0) ; return true;
	case 'n': must(letter, pull(letter, A, TRY, 1), -EAGAIN, "item refused"); return true;
	case 'Y': pull(letter, B, WAIT, 1); return true;
	case 'c': look(letter); return true;
	default:  return false;
	}
}

static bool do_in_place(char letter)
{
	switch (letter) {
	case 'i': if (push_begin(letter)) push_end(letter, true); return true;
	case 'k': if (push_begin(letter)) push_end(letter, false); return true;
	case 'O': must(letter, push_begin(letter), 1, "script"); return true;
	case 'o': push_end(letter, true); return true;
	case 'a': push_end(letter, false); return true;
	case 'j': if (pull_begin(letter)) pull_end(letter); return true;
	case 'G': must(letter, pull_begin(letter), 1, "script"); return true;
	case 'g': pull_end(letter); return true;
	default:  return false;
	}
}

void calls_of(unsigned me)
{
	const char *p;

	for (p = scenario->thread[me]; *p; p++)
		if (!do_plain(*p) && !do_in_place(*p) && !do_several(*p))
			end_by(*p);
}
