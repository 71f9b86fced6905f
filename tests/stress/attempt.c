/* SPDX-License-Identifier: MIT */
#include "attempt.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

/* ---- Before the call --------------------------------------------------------------- */

/* Deadlines that have passed, that pass at once, and that leave time to fall asleep. */
pp_time some_deadline(struct luck *luck)
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

void attempt_prepare(struct attempt *a, struct worker *w, const struct end *e, unsigned call)
{
	size_t most = e->pushes ? e->ring->ledger.per_producer - e->serial : BATCH_MAX;

	a->call = call;
	if (most > BATCH_MAX)
		most = BATCH_MAX;
	a->n = call & CALL_BATCHES ? 1 + luck_below(&w->luck, most) : 1;
	/* Means nothing to a push. */
	a->min = e->pushes ? 1 : luck_below(&w->luck, a->n + 1);
	a->deadline = call & CALL_LIMITED ? some_deadline(&w->luck) : PP_FOREVER;
	a->closed = atomic_load(&e->ring->close_done);
	a->cancelled = atomic_load(&e->ring->cancel_done);
	a->began = pp_now();
}

void attempt_mark(unsigned char *items, size_t bytes)
{
	memset(items, 0xa5, bytes);
}

/* ---- After it ---------------------------------------------------------------------- */

void attempt_finish(struct attempt *a, ssize_t result)
{
	bool batch = a->call & CALL_BATCHES;

	a->ended = pp_now();
	a->result = result == 0 ? 1 : result;
	CHECK(result != 0 || !batch, "a batch of %zu gave 0", a->n);
	CHECK(result <= (ssize_t)(batch ? a->n : 0), "call %u of %zu gave %zd", a->call, a->n,
	      result);
}

/* The results that both sides have in common. */
static void check_refusal(const struct ring *r, const struct attempt *a)
{
	bool tries = a->call & CALL_TRIES || (a->call == CALL_BATCH_UNTIL && a->min == 0);

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
		CHECK(r->interruptible && !(a->call & CALL_TRIES), "call %u was interrupted",
		      a->call);
		break;
	default:
		CHECK(a->result > 0, "call %u gave %zd", a->call, a->result);
	}
}

static void check_push(struct ring *r, const struct attempt *a)
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

void attempt_check_mark(const unsigned char *items, size_t bytes, const char *who)
{
	size_t i;

	for (i = 0; i < bytes; i++)
		CHECK(items[i] == 0xa5, "%s wrote to the buffer, byte %zu", who, i);
}

static void check_pull(struct ring *r, const struct attempt *a, const unsigned char *items)
{
	if (a->cancelled)
		CHECK(a->result == -ESHUTDOWN, "pull on a cancelled ring gave %zd", a->result);
	if (a->result == -EPIPE)
		CHECK(atomic_load(&r->close_began), "nobody closed");
	else if (a->result == -ESHUTDOWN)
		CHECK(atomic_load(&r->cancel_began), "nobody cancelled");
	else
		check_refusal(r, a);
	if (a->result < 0 && items)
		attempt_check_mark(items, r->ledger.item_size, "a pull that failed");
}

void attempt_check(const struct attempt *a, const struct end *e, const unsigned char *items)
{
	if (e->pushes)
		check_push(e->ring, a);
	else
		check_pull(e->ring, a, items);
}

bool attempt_was_ready(const struct attempt *a, const struct end *e)
{
	return a->cancelled || (e->pushes && a->closed);
}

/* ---- Writing it down ---------------------------------------------------------------- */

/* Not the last one: who tries several times in a step has something to try. */
void attempt_let_go(struct worker *w, struct end *e)
{
	if (e->serial + 1 < e->ring->ledger.per_producer && luck_below(&w->luck, 4) == 0)
		e->serial++;
}

static void settle_push(const struct attempt *a, struct worker *w, struct end *e)
{
	if (a->result > 0) {
		ledger_pushed(&e->ring->ledger, e->number, e->serial, (unsigned)a->result,
			      a->began, a->ended);
		e->serial += (unsigned)a->result;
	} else {
		attempt_let_go(w, e);
	}
}

static void settle_pull(const struct attempt *a, struct end *e, const unsigned char *items)
{
	ssize_t i;

	for (i = 0; i < a->result; i++)
		ledger_pulled(&e->ring->ledger, &e->witness,
			      items + (size_t)i * e->ring->ledger.item_size, a->began, a->ended);
}

void attempt_settle(const struct attempt *a, struct worker *w, struct end *e,
		    const unsigned char *items)
{
	attempt_check(a, e, items);
	if (e->pushes)
		settle_push(a, w, e);
	else
		settle_pull(a, e, items);
	if (a->result == -ESHUTDOWN || a->result == -EPIPE)
		end_let_go(e);
	else if (a->result < 0)
		give_way(w);
}

void give_way(struct worker *w)
{
	if (luck_below(&w->luck, 4) == 0)
		sched_yield();
}

/* ---- Letting go --------------------------------------------------------------------- */

static void let_go_of_push(struct ring *r)
{
	/* With END_LEAVE the consumers may outlive their producers. */
	if (atomic_fetch_sub(&r->producing, 1) == 1 &&
	    (r->ending == END_LEAVE || (r->ending == END_DRAIN && r->last_one_closes)))
		ring_close(r);
	if (r->ending == END_DRAIN)
		atomic_store(&r->close_began, true);
	pp_tx_unref(r->tx);
}

static void let_go_of_pull(struct ring *r, bool steady)
{
	bool last = steady && atomic_fetch_sub(&r->steady, 1) == 1;

	if (r->ending == END_LEAVE) {
		atomic_store(&r->cancel_began, true);
		/* Those that stay need not pull. */
		if (last && r->steady_consumers < r->consumers)
			ring_cancel(r);
	}
	pp_rx_unref(r->rx);
}

void end_let_go(struct end *e)
{
	e->over = true;
	if (e->pushes)
		let_go_of_push(e->ring);
	else
		let_go_of_pull(e->ring, e->steady);
}
