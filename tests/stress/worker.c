/* SPDX-License-Identifier: MIT */
/* The threads of a round: they call, and compare each result with what is allowed. */
#include "round.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

/* One call and what was known around it. */
struct attempt {
	unsigned call;
	size_t n, min;
	pp_time deadline;
	bool closed, cancelled;   /* over before the call began */
	pp_time began, ended;
	ssize_t result;           /* items that moved, or why none */
};

static bool is_batch(unsigned call)
{
	return call & (CALL_BATCH | CALL_BATCH_TRY | CALL_BATCH_UNTIL);
}

static bool is_try(unsigned call)
{
	return call & (CALL_TRY | CALL_BATCH_TRY);
}

static unsigned pick(struct luck *luck, unsigned set)
{
	unsigned bit;

	do
		bit = 1u << luck_below(luck, CALLS);
	while (!(set & bit));
	return bit;
}

/* Deadlines that have passed, that pass at once, and that leave time to fall asleep. */
static pp_time some_deadline(struct luck *luck)
{
	switch (luck_below(luck, 4)) {
	case 0:
		return pp_now() - (pp_time)luck_below(luck, 1000);
	case 1:
		return pp_in((pp_time)luck_below(luck, 2000));
	default:
		return pp_in((pp_time)luck_below(luck, 200 * 1000));
	}
}

static void prepare(struct worker *w, struct attempt *a, unsigned calls, size_t most)
{
	struct round *r = w->round;

	a->call = pick(&w->luck, calls);
	a->n = is_batch(a->call) ? 1 + luck_below(&w->luck, most < BATCH_MAX ? most : BATCH_MAX) : 1;
	a->min = luck_below(&w->luck, a->n + 1);
	a->deadline = a->call & (CALL_UNTIL | CALL_BATCH_UNTIL) ? some_deadline(&w->luck)
								: PP_FOREVER;
	a->closed = atomic_load(&r->close_done);
	a->cancelled = atomic_load(&r->cancel_done);
	a->began = pp_now();
}

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

/* The single calls say 0 for one item. */
static void finish(struct attempt *a, ssize_t result)
{
	a->ended = pp_now();
	a->result = result == 0 ? 1 : result;
	CHECK(result != 0 || !is_batch(a->call), "a batch of %zu gave 0", a->n);
	CHECK(result <= (ssize_t)(is_batch(a->call) ? a->n : 0), "call %u of %zu gave %zd",
	      a->call, a->n, result);
}

/* The results that both sides have in common. */
static void check_refusal(const struct round *r, const struct attempt *a)
{
	bool tries = is_try(a->call) || (a->call == CALL_BATCH_UNTIL && a->min == 0);

	switch (a->result) {
	case -EAGAIN:
	case -EBUSY:
		CHECK(tries, "call %u gave %zd", a->call, a->result);
		break;
	case -ETIMEDOUT:
		CHECK(a->deadline <= a->ended, "call %u timed out %lld ns early", a->call,
		      (long long)(a->deadline - a->ended));
		break;
	case -EINTR:
		CHECK(r->interruptible && !is_try(a->call) && r->mode->signals,
		      "call %u was interrupted", a->call);
		break;
	default:
		CHECK(a->result > 0, "call %u gave %zd", a->call, a->result);
	}
}

static void check_push(struct round *r, const struct attempt *a)
{
	if (a->closed)
		CHECK(a->result == -ESHUTDOWN, "push on a closed ring gave %zd", a->result);
	else if (a->cancelled)
		CHECK(a->result == -EPIPE || a->result == -ESHUTDOWN,
		      "push on a cancelled ring gave %zd", a->result);
	if (a->result == -ESHUTDOWN)
		CHECK(atomic_load(&r->close_began), "nobody closed");
	else if (a->result == -EPIPE)
		CHECK(atomic_load(&r->cancel_began), "nobody cancelled");
	else
		check_refusal(r, a);
	if (a->call == CALL_BATCH && a->result > 0 && a->result < (ssize_t)a->n)
		CHECK(atomic_load(&r->close_began) || atomic_load(&r->cancel_began) ||
		      r->interruptible, "a blocking batch of %zu stopped at %zd", a->n, a->result);
}

static void check_pull(struct round *r, const struct attempt *a, const unsigned char *items)
{
	size_t i;

	if (a->cancelled)
		CHECK(a->result == -ESHUTDOWN, "pull on a cancelled ring gave %zd", a->result);
	if (a->result == -EPIPE)
		CHECK(atomic_load(&r->close_began), "nobody closed");
	else if (a->result == -ESHUTDOWN)
		CHECK(atomic_load(&r->cancel_began), "nobody cancelled");
	else
		check_refusal(r, a);
	if (a->result < 0)
		for (i = 0; i < r->ledger.item_size; i++)
			CHECK(items[i] == 0xa5, "a pull that gave %zd wrote to the buffer", a->result);
}

/* Refused: let the others have the CPU, sometimes. */
static void give_way(struct worker *w)
{
	if (luck_below(&w->luck, 4) == 0)
		sched_yield();
}

/* ---- Producing ------------------------------------------------------------------- */

/* True: there is no going on. */
static bool push_some(struct worker *w, unsigned *serial)
{
	struct round *r = w->round;
	struct attempt a;
	unsigned i;

	prepare(w, &a, r->pushes, r->ledger.per_producer - *serial);
	for (i = 0; i < a.n; i++)
		item_make(&r->ledger, w->items + i * r->ledger.item_size, w->number, *serial + i);
	a.began = pp_now();
	finish(&a, push(r->tx, &a, w->items));
	a.min = 1; /* means nothing to a push */
	check_push(r, &a);
	if (a.result > 0) {
		ledger_pushed(&r->ledger, w->number, *serial, (unsigned)a.result, a.began, a.ended);
		*serial += (unsigned)a.result;
		return false;
	}
	if (a.result == -ESHUTDOWN || a.result == -EPIPE)
		return true;
	/* Try this one again, or let it go: it is then never to be seen. */
	if (luck_below(&w->luck, 4) == 0)
		(*serial)++;
	give_way(w);
	return false;
}

void *worker_produce(void *worker)
{
	struct worker *w = worker;
	struct round *r = w->round;
	unsigned serial = 0;
	bool over = false;

	while (!over && serial < r->ledger.per_producer && pp_now() < r->stop_pushing)
		over = push_some(w, &serial);
	/* With END_LEAVE the consumers may outlive their producers. */
	if (atomic_fetch_sub(&r->producing, 1) == 1 &&
	    (r->ending == END_LEAVE || (r->ending == END_DRAIN && r->last_one_closes)))
		round_close(r);
	if (r->ending == END_DRAIN)
		atomic_store(&r->close_began, true);
	pp_tx_unref(r->tx);
	atomic_fetch_sub(&r->alive, 1);
	return NULL;
}

/* ---- Consuming ------------------------------------------------------------------- */

/* How many came; less than 0: there is no going on. */
static ssize_t pull_some(struct worker *w, struct witness *witness)
{
	struct round *r = w->round;
	struct attempt a;
	ssize_t i;

	prepare(w, &a, r->pulls, BATCH_MAX);
	memset(w->items, 0xa5, a.n * r->ledger.item_size);
	a.began = pp_now();
	finish(&a, pull(r->rx, &a, w->items));
	check_pull(r, &a, w->items);
	for (i = 0; i < a.result; i++)
		ledger_pulled(&r->ledger, witness, w->items + (size_t)i * r->ledger.item_size,
			      a.began, a.ended);
	if (a.result > 0)
		return a.result;
	if (a.result == -EPIPE || a.result == -ESHUTDOWN)
		return -1;
	give_way(w);
	return 0;
}

void *worker_consume(void *worker)
{
	struct worker *w = worker;
	struct round *r = w->round;
	struct witness witness;
	uint64_t patience = r->ending == END_LEAVE ? luck_below(&w->luck, 3000) : UINT64_MAX;
	ssize_t n = 0;

	memset(&witness, 0xff, sizeof(witness)); /* -1 */
	while (patience && n >= 0) {
		n = pull_some(w, &witness);
		if (r->ending == END_LEAVE)
			patience--;
	}
	if (r->ending == END_LEAVE)
		atomic_store(&r->cancel_began, true);
	pp_rx_unref(r->rx);
	atomic_fetch_sub(&r->alive, 1);
	return NULL;
}
