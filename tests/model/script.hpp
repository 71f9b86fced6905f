/* SPDX-License-Identifier: MIT */
/*
 * A scenario is a ring and what each thread does with it, one letter per call:
 *
 *   P push          p try push       D push, deadline     I push, leaves on a signal
 *   L pull          l try pull       E pull, deadline     J pull, leaves on a signal
 *   B push of two   M pull of two at most                 R push until the ring has ended
 *   S try push that must succeed     F one that must find the ring full
 *   Q pull until the ring has ended  e try pull that must find it empty
 *   2 wait, for a while, until threads have gone to sleep twice
 *   C close         X cancel         U let go of tx       V let go of rx
 *   w push          W pull           that give up when nobody else can run any more (so
 *                                    do I and J), and then there is no room, no item
 *
 * Every call is checked against the contract, and at the end the ledger is.
 */
#ifndef SCRIPT_HPP
#define SCRIPT_HPP

#include "desk.hpp"
#include "harness.hpp"

namespace model {

enum { FENCED = 1, INTERRUPTIBLE = 2, TRACK = 4 };

struct scenario {
	const char *name;
	pp_kind kind;
	unsigned capacity;
	const char *thread[N];
	unsigned flags;
	unsigned thousands; /* executions of a default run */
	unsigned held;      /* thread 0 is held before it publishes, until so many sleeps */
};

enum { PER_THREAD = 16, UNTOUCHED = 9999 };

struct item_record {
	bool pushed, failed;
	int pulled, dropped;
};

static const scenario *current;

struct world {
	model_ring ring;
	item_record ledger[N][PER_THREAD];
	int next[N];        /* number of each thread's next item      */
	int last[N][N];     /* last number that [a puller] saw of [a pusher] */
	int returned;       /* pushes that have returned 0            */
	int entered;        /* items that pulls begun so far may take */
	bool closing, closed, cancelling, cancelled, ended_seen;

	pp_tx *tx() { return &ring.channel.tx; }
	pp_rx *rx() { return &ring.channel.rx; }
};

static world *W;

static inline item_record *record(unsigned value)
{
	REQUIRE(value < N * PER_THREAD, "garbage");
	return &W->ledger[value / PER_THREAD][value % PER_THREAD];
}

static inline void note_drop(void *item, void *)
{
	item_record *r = record(((model_item *)item)->value($).load());

	REQUIRE(W->cancelling, "dropped without cancel");
	r->dropped++;
}

static inline void note_pull(int me, unsigned value)
{
	int pusher = (int)value / PER_THREAD, number = (int)value % PER_THREAD;

	record(value)->pulled++;
	REQUIRE(record(value)->pulled == 1, "twice");
	REQUIRE(W->last[me][pusher] < number, "order");
	W->last[me][pusher] = number;
	moved++;
}

static inline bool is_here()
{
	return W->ring.there($).load() == 1;
}

/* ---- push ---------------------------------------------------------------------- */

/* The ring has ended for this side: with the right word, and not before anyone ended it. */
static inline void check_push_end(int r)
{
	if (r == -ESHUTDOWN)
		REQUIRE(W->closing, "wrong end");
	else
		REQUIRE(r == -EPIPE && W->cancelling, "wrong end");
	if (r == -EPIPE && W->closed)
		REQUIRE(W->cancelling, "wrong end");
}

/* One item of thread `me` by `call`; the result. */
template<class F>
int push_by(int me, F call)
{
	unsigned value = (unsigned)(me * PER_THREAD + W->next[me]);
	bool late = W->closed || W->cancelled;
	model_item item;
	int r;

	REQUIRE(W->next[me] < PER_THREAD, "script");
	W->next[me]++;
	item.value($).store(value);
	REQUIRE(is_here(), "freed");
	r = call(&item);
	if (r == 0) {
		REQUIRE(!late, "push after the end");
		record(value)->pushed = true;
		W->returned++;
		if (!W->cancelling)
			REQUIRE(W->returned - W->entered <= (int)current->capacity, "capacity");
		return 0;
	}
	record(value)->failed = true;
	if (r != -EAGAIN && r != -EBUSY && r != -ETIMEDOUT && r != -EINTR)
		check_push_end(r);
	return r;
}

static int call_push(void *item)
{
	int r;

	do
		r = pp_push(W->tx(), item);
	while (r == -EINTR);
	return r;
}

static int call_try_push(void *item) { return pp_try_push(W->tx(), item); }
static int call_push_until(void *item) { return pp_push_until(W->tx(), item, 1); }

static void push_two(int me)
{
	model_item item[2];
	int first = me * PER_THREAD + W->next[me];
	ssize_t r;

	W->next[me] += 2;
	for (int i = 0; i < 2; i++)
		item[i].value($).store((unsigned)(first + i));
	r = pp_push_n(W->tx(), item, 2);
	for (int i = 0; i < 2; i++) {
		record((unsigned)(first + i))->pushed = i < r;
		record((unsigned)(first + i))->failed = i >= r;
	}
	if (r < 0)
		check_push_end((int)r);
}

/* Gave up, and nobody runs: was it right to sleep? */
static int held()
{
	int count = 0;

	for (int i = 0; i < N; i++)
		for (int k = 0; k < PER_THREAD; k++)
			if (W->ledger[i][k].pushed)
				count += 1 - W->ledger[i][k].pulled - W->ledger[i][k].dropped;
	return count;
}

static int call_push_patient(void *item)
{
	int r = pp_push_until(W->tx(), item, PATIENT);

	if (r == -ETIMEDOUT)
		REQUIRE(held() == (int)current->capacity, "asleep beside room");
	return r;
}

/* ---- pull ---------------------------------------------------------------------- */

static void check_pull_end(int r)
{
	if (r == -EPIPE)
		REQUIRE(W->closing, "wrong end");
	else
		REQUIRE(r == -ESHUTDOWN && W->cancelling, "wrong end");
	if (r == -EPIPE)
		W->ended_seen = true;
}

template<class F>
ssize_t pull_by(int me, int most, F call)
{
	bool late = W->cancelled;
	model_item item[2];
	ssize_t n;

	for (int i = 0; i < 2; i++)
		item[i].value($).store(UNTOUCHED);
	REQUIRE(is_here(), "freed");
	W->entered += most;
	n = call(item);
	for (int i = 0; i < 2; i++) {
		unsigned value = item[i].value($).load();

		if (i >= n)
			REQUIRE(value == UNTOUCHED, "buffer touched");
		else
			note_pull(me, value);
	}
	if (n > 0) {
		REQUIRE(!late, "pull after the end");
		W->entered -= most - (int)n;
		return n;
	}
	W->entered -= most;
	if (n != -EAGAIN && n != -EBUSY && n != -ETIMEDOUT && n != -EINTR)
		check_pull_end((int)n);
	return n;
}

static ssize_t one(int r) { return r == 0 ? 1 : r; }

static ssize_t call_pull(model_item *item)
{
	int r;

	do
		r = pp_pull(W->rx(), item);
	while (r == -EINTR);
	return one(r);
}

static ssize_t call_try_pull(model_item *item) { return one(pp_try_pull(W->rx(), item)); }
static ssize_t call_pull_until(model_item *item) { return one(pp_pull_until(W->rx(), item, 1)); }
static ssize_t call_pull_patient(model_item *item)
{
	int r = pp_pull_until(W->rx(), item, PATIENT);

	if (r == -ETIMEDOUT)
		REQUIRE(held() == 0, "asleep beside an item");
	return one(r);
}

static ssize_t call_pull_two(model_item *item) { return pp_pull_n(W->rx(), item, 2); }

/* ---- the letters ----------------------------------------------------------------- */

static void end_by(char letter)
{
	bool close = letter == 'C' || letter == 'U';

	REQUIRE(is_here(), "freed");
	/* Not every U is the last, but one that may be counts as ending. */
	(close ? W->closing : W->cancelling) = true;
	switch (letter) {
	case 'C': pp_close(W->tx()); W->closed = true; break;
	case 'X': pp_cancel(W->rx()); W->cancelled = true; break;
	case 'U': pp_tx_unref(W->tx()); break;
	case 'V': pp_rx_unref(W->rx()); break;
	}
}

static void do_letter(int me, char letter)
{
	int r = 0;

	switch (letter) {
	case '2': await_sleeps(2); break;
	case 'P': push_by(me, call_push); break;
	case 'p': push_by(me, call_try_push); break;
	case 'D': push_by(me, call_push_until); break;
	case 'I': push_by(me, call_push_patient); break;
	case 'w': push_by(me, call_push_patient); break;
	case 'B': push_two(me); break;
	case 'R': while (r == 0) r = push_by(me, call_push); break;
	case 'S': REQUIRE(push_by(me, call_try_push) == 0, "room refused"); break;
	case 'F': REQUIRE(push_by(me, call_try_push) == -EAGAIN, "capacity"); break;
	case 'L': pull_by(me, 1, call_pull); break;
	case 'l': pull_by(me, 1, call_try_pull); break;
	case 'E': pull_by(me, 1, call_pull_until); break;
	case 'J': pull_by(me, 1, call_pull_patient); break;
	case 'W': pull_by(me, 1, call_pull_patient); break;
	case 'M': pull_by(me, 2, call_pull_two); break;
	case 'Q': while (pull_by(me, 1, call_pull) > 0) ; break;
	case 'e': REQUIRE(pull_by(me, 1, call_try_pull) == -EAGAIN, "item refused"); break;
	default:  end_by(letter);
	}
}

/* ---- the whole ------------------------------------------------------------------- */

static unsigned count_letter(const scenario *s, char letter)
{
	unsigned count = 0;

	for (int i = 0; i < N; i++)
		for (const char *c = s->thread[i]; c && *c; c++)
			count += *c == letter;
	return count;
}

struct suite : rl::test_suite<suite, N> {
	world w;

	void before()
	{
		const scenario *s = current;
		unsigned tx = count_letter(s, 'U'), rx = count_letter(s, 'V');
		model_config c = { s->kind, s->capacity, 0, (s->flags & FENCED) != 0,
		                   tx ? tx : 1, rx ? rx : 1, 1, note_drop };

		W = &w;
		executions++;
		reset(chance(2));
		S.marked = chance(2);
		held_until = s->held;
		if (s->flags & INTERRUPTIBLE)
			c.flags |= PP_INTERRUPTIBLE;
		if (s->flags & TRACK)
			c.flags |= PP_TRACK_DEPTH;
		open_ring(&w.ring, c);
		memset(w.ledger, 0, sizeof w.ledger);
		memset(w.next, 0, sizeof w.next);
		memset(w.last, -1, sizeof w.last);
		w.returned = w.entered = 0;
		w.closing = w.closed = w.cancelling = w.cancelled = w.ended_seen = false;
	}

	void thread(unsigned me)
	{
		for (const char *c = current->thread[me]; c && *c; c++)
			do_letter((int)me, *c);
	}

	/* Who let go may be gone: look only at a ring that somebody still owns. */
	void after()
	{
		bool owned = !count_letter(current, 'U') || !count_letter(current, 'V');

		slept += S.sleeps;
		REQUIRE(w.ring.freed == (owned ? 0 : 1), "not freed");
		if (owned && !w.cancelling && current->capacity)
			drain();
		for (int i = 0; i < N * PER_THREAD; i++)
			settle(record((unsigned)i));
	}

	void drain()
	{
		bool ended = w.ended_seen;

		while (pull_by(N - 1, 1, call_try_pull) > 0)
			REQUIRE(!ended, "item after the end");
	}

	void settle(const item_record *r)
	{
		REQUIRE(r->pulled + r->dropped <= 1, "twice");
		if (r->pushed && w.cancelling)
			REQUIRE(r->pulled + r->dropped == 1, "not dropped");
		if (r->pushed)
			REQUIRE(r->pulled + r->dropped == 1, "lost item");
		else
			REQUIRE(r->pulled + r->dropped == 0, "failed push delivered");
	}
};

} // namespace model

#endif
