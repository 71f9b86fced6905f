/* SPDX-License-Identifier: MIT */
/* Calls that wait for several ends at once: select, and descriptors in poll. */
#include "attempt.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

enum { CASES_MAX = ENDS_MAX + 2 }; /* one twice, and a disabled one */

static unsigned calls_of(const struct end *e)
{
	return e->pushes ? e->ring->pushes : e->ring->pulls;
}

unsigned several_gather(struct worker *w, struct end **ends, struct end *first, unsigned calls,
			bool all)
{
	unsigned i, n = 0, k = (unsigned)luck_below(&w->luck, w->n);
	bool push = first->pushes;

	ends[n++] = first;
	for (i = 0; i < w->n; i++) {
		struct end *e = &w->ends[(i + k) % w->n];

		if (e == first || e->over || !(calls_of(e) & calls))
			continue;
		if ((all && (e->steady || (e->pushes && !push))) || luck_below(&w->luck, 2)) {
			ends[n++] = e;
			push |= e->pushes;
		}
	}
	return n;
}

/* ---- Select ------------------------------------------------------------------------- */

struct choice {
	unsigned n, flags;
	pp_time deadline;
	struct end *ends[CASES_MAX];      /* NULL: disabled */
	pp_case cases[CASES_MAX];
	struct attempt attempts[CASES_MAX];
};

static unsigned char *item_of(struct worker *w, unsigned i)
{
	return w->items + i * ITEM_MAX;
}

static void shuffle(struct luck *luck, struct end **ends, unsigned n)
{
	for (; n > 1; n--) {
		unsigned i = (unsigned)luck_below(luck, n);
		struct end *e = ends[n - 1];

		ends[n - 1] = ends[i];
		ends[i] = e;
	}
}

static void prepare_case(struct worker *w, struct choice *c, unsigned i, unsigned call)
{
	struct end *e = c->ends[i];

	c->cases[i] = (pp_case){ .item = item_of(w, i), .result = 12345 };
	attempt_mark(item_of(w, i), ITEM_MAX);
	if (!e)
		return;
	attempt_prepare(&c->attempts[i], w, e, call);
	c->attempts[i].deadline = c->deadline;
	if (e->pushes) {
		c->cases[i].tx = e->ring->tx;
		item_make(&e->ring->ledger, item_of(w, i), e->number, e->serial);
	} else {
		c->cases[i].rx = e->ring->rx;
	}
}

static void prepare_choice(struct worker *w, struct choice *c, struct end *first, unsigned call)
{
	unsigned i;

	c->n = several_gather(w, c->ends, first, CALL_SELECTS, call == CALL_SELECT);
	c->deadline = call == CALL_SELECT && worker_may_wait(w, c->ends, c->n)
			      ? PP_FOREVER : some_deadline(&w->luck);
	if (luck_below(&w->luck, 8) == 0)
		c->ends[c->n++] = first;
	if (luck_below(&w->luck, 8) == 0)
		c->ends[c->n++] = NULL;
	shuffle(&w->luck, c->ends, c->n);
	c->flags = luck_below(&w->luck, 4) ? 0 : PP_ORDERED;
	for (i = 0; i < c->n; i++)
		prepare_case(w, c, i, call);
}

/* Nothing was written for the cases that were not chosen. */
static void check_others(struct worker *w, const struct choice *c, int chosen)
{
	int i;

	for (i = 0; i < (int)c->n; i++) {
		if (i == chosen)
			continue;
		CHECK(c->cases[i].result == 12345, "case %d of %u, not chosen, has the result %d",
		      i, c->n, c->cases[i].result);
		if (!c->ends[i] || !c->ends[i]->pushes)
			attempt_check_mark(item_of(w, (unsigned)i), ITEM_MAX,
					   "a case that was not chosen");
	}
}

/* A ring that had ended before the call is ready: of those in order, nothing behind the first
 * may be chosen, and giving up was wrong. */
static void check_choice(const struct choice *c, int chosen)
{
	bool interruptible = false;
	unsigned i;

	for (i = 0; i < c->n; i++) {
		if (!c->ends[i])
			continue;
		interruptible |= c->ends[i]->ring->interruptible;
		if (!attempt_was_ready(&c->attempts[i], c->ends[i]))
			continue;
		CHECK(chosen >= 0, "select gave %d, but case %u had ended", chosen, i);
		CHECK(!(c->flags & PP_ORDERED) || chosen <= (int)i,
		      "select gave %d in order, but case %u had ended", chosen, i);
	}
	if (chosen == -ETIMEDOUT)
		CHECK(c->deadline <= pp_now(), "select timed out early");
	else if (chosen == -EINTR)
		CHECK(interruptible, "select was interrupted");
	else
		CHECK(chosen >= 0 && chosen < (int)c->n && c->ends[chosen], "select of %u gave %d",
		      c->n, chosen);
}

void several_select(struct worker *w, struct end *first, unsigned call)
{
	struct choice c;
	pp_time began, ended;
	unsigned i;
	int chosen;

	prepare_choice(w, &c, first, call);
	began = pp_now();
	chosen = pp_select(c.cases, c.n, c.flags, c.deadline);
	ended = pp_now();
	check_choice(&c, chosen);
	check_others(w, &c, chosen);
	if (chosen < 0) {
		if (first->pushes)
			attempt_let_go(w, first);
		give_way(w);
		return;
	}
	i = (unsigned)chosen;
	CHECK(c.cases[i].result <= 0, "a case gave %d", c.cases[i].result);
	attempt_finish(&c.attempts[i], c.cases[i].result);
	c.attempts[i].began = began;
	c.attempts[i].ended = ended;
	attempt_settle(&c.attempts[i], w, c.ends[i], item_of(w, i));
}

/* ---- Descriptors -------------------------------------------------------------------- */

static atomic_bool *watch_of(const struct end *e)
{
	return e->pushes ? &e->ring->tx_watched : &e->ring->rx_watched;
}

/* Arm: 1 ready, 0 armed, -1 if another thread is at it. */
static int arm(struct end *e, struct pollfd *poll)
{
	int r;

	if (atomic_exchange(watch_of(e), true))
		return -1;
	/* The first call may come before or after the descriptor was made. */
	r = e->pushes ? pp_tx_arm(e->ring->tx) : pp_rx_arm(e->ring->rx);
	CHECK(r == 0 || r == 1, "arm gave %d", r);
	poll->fd = e->pushes ? pp_tx_fd(e->ring->tx) : pp_rx_fd(e->ring->rx);
	CHECK(poll->fd >= 0, "no descriptor: %d", poll->fd);
	poll->events = POLLIN;
	if (r)
		atomic_store(watch_of(e), false);
	return r;
}

/* Who alone uses an end of a ring that was ready finds it ready. */
static void take_ready(struct worker *w, struct end *e)
{
	bool alone = e->ring->kind == PP_SPSC && e->ring->capacity > 0;
	ssize_t r = worker_copy(w, e, CALL_TRY);

	CHECK(!alone || r != -EAGAIN, "arm says that it is ready, try says that it is not");
}

static void wait_for(struct worker *w, struct pollfd *polls, unsigned n, bool forever)
{
	struct timespec limit = { 0, (long)luck_below(&w->luck, 300 * 1000) };
	int r = ppoll(polls, n, forever ? NULL : &limit, NULL);

	CHECK(r > 0 || (r == 0 && !forever) || errno == EINTR, "poll gave %d", r);
}

/* Arms what it can and sleeps until one of them is readable. */
static void arm_and_poll(struct worker *w, struct end **ends, unsigned n, bool forever)
{
	struct pollfd polls[ENDS_MAX];
	struct end *armed[ENDS_MAX], *ready = NULL;
	unsigned i, k = 0;

	for (i = 0; i < n && !ready; i++) {
		int r = arm(ends[i], &polls[k]);

		if (r == 0)
			armed[k++] = ends[i];
		else if (r == 1)
			ready = ends[i];
	}
	if (!ready && k)
		wait_for(w, polls, k, forever && worker_may_wait(w, armed, k));
	for (i = 0; i < k; i++)
		atomic_store(watch_of(armed[i]), false);
	if (ready)
		take_ready(w, ready);
}

void several_arm(struct worker *w, struct end *first, unsigned call)
{
	struct end *ends[ENDS_MAX];
	unsigned i, n = several_gather(w, ends, first, CALL_ARMS, call == CALL_ARM);

	for (i = 0; i < n; i++) {
		ssize_t r = worker_copy(w, ends[i], CALL_TRY);

		if (r != -EAGAIN && r != -EBUSY)
			return;
	}
	arm_and_poll(w, ends, n, call == CALL_ARM);
}
