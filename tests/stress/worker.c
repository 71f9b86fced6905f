/* SPDX-License-Identifier: MIT */
/* The threads of a round: which call they make next, and the calls that copy. */
#include "attempt.h"

#include <string.h>

/* ---- Calls that copy ---------------------------------------------------------------- */

static ssize_t push(pp_tx *tx, const struct attempt *a, const void *items)
{
	switch (a->call) {
	case CALL_PLAIN:
		return pp_push(tx, items);
	case CALL_TRY:
		return pp_try_push(tx, items);
	case CALL_UNTIL:
		return pp_push_until(tx, items, a->deadline);
	case CALL_BATCH:
		return pp_push_n(tx, items, a->n);
	case CALL_BATCH_TRY:
		return pp_try_push_n(tx, items, a->n);
	default:
		return pp_push_n_until(tx, items, a->n, a->deadline);
	}
}

static ssize_t pull(pp_rx *rx, const struct attempt *a, void *items)
{
	switch (a->call) {
	case CALL_PLAIN:
		return pp_pull(rx, items);
	case CALL_TRY:
		return pp_try_pull(rx, items);
	case CALL_UNTIL:
		return pp_pull_until(rx, items, a->deadline);
	case CALL_BATCH:
		return pp_pull_n(rx, items, a->n);
	case CALL_BATCH_TRY:
		return pp_try_pull_n(rx, items, a->n);
	default:
		return pp_pull_n_until(rx, items, a->min, a->n, a->deadline);
	}
}

ssize_t worker_copy(struct worker *w, struct end *e, unsigned call)
{
	const struct ledger *l = &e->ring->ledger;
	struct attempt a;
	unsigned i;

	attempt_prepare(&a, w, e, call);
	if (e->pushes)
		for (i = 0; i < a.n; i++)
			item_make(l, w->items + i * l->item_size, e->number, e->serial + i);
	else
		attempt_mark(w->items, a.n * l->item_size);
	a.began = pp_now();
	attempt_finish(&a, e->pushes ? push(e->ring->tx, &a, w->items)
				     : pull(e->ring->rx, &a, w->items));
	attempt_settle(&a, w, e, w->items);
	return a.result;
}

/* ---- The next call ------------------------------------------------------------------ */

static bool is_among(const struct end *e, struct end *const *ends, unsigned n)
{
	while (n)
		if (ends[--n] == e)
			return true;
	return false;
}

bool worker_may_wait(const struct worker *w, struct end *const *ends, unsigned n)
{
	bool has_push = false, waits_for_push = false;
	unsigned i;

	for (i = 0; i < w->n; i++) {
		const struct end *e = &w->ends[i];
		bool waits = is_among(e, ends, n);

		if (e->over)
			continue;
		if (e->steady && !waits)
			return false;
		has_push |= e->pushes;
		waits_for_push |= e->pushes && waits;
	}
	return waits_for_push || !has_push;
}

static unsigned with_deadline(unsigned call)
{
	return call == CALL_PLAIN ? CALL_UNTIL : call == CALL_BATCH ? CALL_BATCH_UNTIL :
	       call == CALL_BEGIN ? CALL_BEGIN_UNTIL : call;
}

static unsigned pick(struct luck *luck, unsigned set)
{
	unsigned bit;

	do
		bit = 1u << luck_below(luck, CALLS);
	while (!(set & bit));
	return bit;
}

static void step(struct worker *w, struct end *e)
{
	unsigned call = pick(&w->luck, e->pushes ? e->ring->pushes : e->ring->pulls);

	if (call & CALL_SELECTS) {
		several_select(w, e, call);
		return;
	}
	if (call & CALL_ARMS) {
		several_arm(w, e, call);
		return;
	}
	if (call & CALL_ASYNCS) {
		several_async(w, e, call);
		return;
	}
	if (!worker_may_wait(w, &e, 1))
		call = with_deadline(call);
	if (!(call & CALL_IN_PLACE))
		worker_copy(w, e, call);
	else if (e->pushes)
		slots_push(w, e, call);
	else
		slots_pull(w, e, call);
}

/* ---- From the first call to the last ------------------------------------------------- */

/* Some end that is still in use; NULL: none is. */
static struct end *some_end(struct worker *w)
{
	unsigned i, k = (unsigned)luck_below(&w->luck, w->n);

	for (i = 0; i < w->n; i++)
		if (!w->ends[(k + i) % w->n].over)
			return &w->ends[(k + i) % w->n];
	return NULL;
}

static void stop_pushing(struct worker *w)
{
	unsigned i;

	for (i = 0; i < w->n; i++) {
		struct end *e = &w->ends[i];

		if (e->pushes && !e->over && (e->serial >= e->ring->ledger.per_producer ||
					      pp_now() >= w->round->stop_pushing))
			end_let_go(e);
	}
}

static void leave(struct worker *w)
{
	unsigned i;

	for (i = 0; i < w->n; i++)
		if (!w->ends[i].pushes && !w->ends[i].over &&
		    w->ends[i].ring->ending == END_LEAVE)
			end_let_go(&w->ends[i]);
}

void *worker_run(void *worker)
{
	struct worker *w = worker;
	uint64_t patience = luck_below(&w->luck, 3000);
	struct end *e;

	CHECK(sem_init(&w->bell, 0, 0) == 0, "sem_init");
	for (;; patience--) {
		stop_pushing(w);
		if (patience == 0)
			leave(w);
		e = some_end(w);
		if (!e)
			break;
		step(w, e);
	}
	atomic_fetch_sub(&w->round->alive, 1);
	return NULL;
}
