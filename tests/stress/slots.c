/* SPDX-License-Identifier: MIT */
/* Calls in place: a slot is begun, used, and committed or aborted; several at once and in any
 * order where the kind allows it. */
#include "attempt.h"

#include <errno.h>
#include <sched.h>
#include <stdalign.h>
#include <string.h>

enum { OPEN_MAX = 4 };

/* A slot that is open. */
struct open {
	void *slot;
	bool aborted;      /* to be taken back */
	unsigned serial;
	pp_time began;
};

static int begin_push(pp_tx *tx, const struct attempt *a, void **slot)
{
	switch (a->call) {
	case CALL_BEGIN:
		return pp_push_begin(tx, slot);
	case CALL_BEGIN_TRY:
		return pp_try_push_begin(tx, slot);
	default:
		return pp_push_begin_until(tx, slot, a->deadline);
	}
}

static int begin_pull(pp_rx *rx, const struct attempt *a, void **slot)
{
	switch (a->call) {
	case CALL_BEGIN:
		return pp_pull_begin(rx, slot);
	case CALL_BEGIN_TRY:
		return pp_try_pull_begin(rx, slot);
	default:
		return pp_pull_begin_until(rx, slot, a->deadline);
	}
}

/* NULL: there is none.  Beside open slots (`n`) an end that is over is not let go of: the next
 * call will find out. */
static void *begin(struct worker *w, struct end *e, struct attempt *a, unsigned call, unsigned n)
{
	size_t align = e->ring->ledger.item_size & -e->ring->ledger.item_size;
	void *slot = w; /* neither a slot nor NULL */

	attempt_prepare(a, w, e, n ? CALL_BEGIN_TRY : call);
	attempt_finish(a, e->pushes ? begin_push(e->ring->tx, a, &slot)
				    : begin_pull(e->ring->rx, a, &slot));
	if (a->result < 0) {
		CHECK(!slot, "a slot, but %zd", a->result);
		if (n)
			attempt_check(a, e, NULL);
		else
			attempt_settle(a, w, e, NULL);
		return NULL;
	}
	attempt_check(a, e, NULL);
	if (align > alignof(max_align_t))
		align = alignof(max_align_t);
	CHECK(slot && (uintptr_t)slot % align == 0, "slot %p, alignment %zu", slot, align);
	return slot;
}

/* Another one, beside those that are open: never by waiting, since what a thread waits for may
 * be behind what it holds. */
static bool goes_on(struct worker *w, const struct end *e, unsigned n)
{
	return e->ring->kind == PP_MPMC && n < OPEN_MAX && luck_below(&w->luck, 2);
}

static void linger(struct worker *w)
{
	switch (luck_below(&w->luck, 32)) {
	case 0:
		nap_us(20);
		break;
	case 1:
	case 2:
	case 3:
		sched_yield();
	}
}

/* While an end of PP_SPSC has a slot open, it does nothing else. */
static void poke(struct worker *w, const struct end *e)
{
	unsigned char item[ITEM_MAX];
	void *slot = w;
	int r;

	if (e->ring->kind != PP_SPSC || luck_below(&w->luck, 4))
		return;
	memset(item, 0xa5, sizeof(item));
	if (luck_below(&w->luck, 2))
		r = e->pushes ? pp_push(e->ring->tx, item) : pp_pull(e->ring->rx, item);
	else
		r = e->pushes ? pp_push_begin(e->ring->tx, &slot)
			      : pp_pull_begin(e->ring->rx, &slot);
	CHECK(r == -EBUSY || ((r == -EPIPE || r == -ESHUTDOWN) &&
			      (atomic_load(&e->ring->close_began) ||
			       atomic_load(&e->ring->cancel_began))),
	      "a slot is open, and another operation gave %d", r);
	attempt_check_mark(item, sizeof(item), "an operation beside an open slot");
}

/* Take some one out of those that are left. */
static struct open take(struct luck *luck, struct open *open, unsigned *n)
{
	unsigned i = (unsigned)luck_below(luck, *n);
	struct open o = open[i];

	open[i] = open[--*n];
	return o;
}

/* ---- Pushing ------------------------------------------------------------------------ */

/* Items in the order of their slots; what is taken back is no item, and has no number. */
static void fill(struct worker *w, struct end *e, struct open *o, void *slot, pp_time began)
{
	const struct ledger *l = &e->ring->ledger;

	o->slot = slot;
	o->began = began;
	o->aborted = luck_below(&w->luck, 4) == 0;
	memset(slot, 0xee, l->item_size);
	if (o->aborted)
		return;
	o->serial = e->serial++;
	item_make(l, slot, e->number, o->serial);
}

static int push_out(struct end *e, const struct open *o)
{
	struct ring *r = e->ring;
	int result;

	if (o->aborted) {
		result = pp_push_abort(r->tx, o->slot);
		CHECK(result == 0, "abort gave %d", result);
		return 0;
	}
	result = pp_push_commit(r->tx, o->slot);
	if (result == 0)
		ledger_pushed(&r->ledger, e->number, o->serial, 1, o->began, pp_now());
	else
		CHECK(r->kind == PP_SPSC &&
		      ((result == -ESHUTDOWN && atomic_load(&r->close_began)) ||
		       (result == -EPIPE && atomic_load(&r->cancel_began))),
		      "commit gave %d", result);
	return result;
}

void slots_push(struct worker *w, struct end *e, unsigned call)
{
	struct open open[OPEN_MAX];
	struct attempt a;
	unsigned n = 0;
	int result = 0;

	do {
		void *slot = begin(w, e, &a, call, n);

		if (!slot)
			break;
		fill(w, e, &open[n++], slot, a.began);
	} while (goes_on(w, e, n) && e->serial < e->ring->ledger.per_producer);
	if (n)
		poke(w, e);
	while (n) {
		struct open o = take(&w->luck, open, &n);

		linger(w);
		result = push_out(e, &o);
	}
	if (result)
		end_let_go(e);
}

/* ---- Pulling ------------------------------------------------------------------------ */

void slots_pull(struct worker *w, struct end *e, unsigned call)
{
	struct open open[OPEN_MAX];
	struct attempt a;
	unsigned n = 0;

	do {
		void *slot = begin(w, e, &a, call, n);

		if (!slot)
			break;
		ledger_pulled(&e->ring->ledger, &e->witness, slot, a.began, a.ended);
		open[n++].slot = slot;
	} while (goes_on(w, e, n));
	if (n)
		poke(w, e);
	while (n) {
		struct open o = take(&w->luck, open, &n);
		int r;

		linger(w);
		memset(o.slot, 0xee, e->ring->ledger.item_size);
		r = pp_pull_commit(e->ring->rx, o.slot);
		CHECK(r == 0, "commit of a pull gave %d", r);
	}
}
