/* SPDX-License-Identifier: MIT */
/*
 * Selects, armed descriptors and working in place, over two rings, A and B.
 *
 * A scenario is two rings and what each thread does, one letter per call:
 *
 *   a b push to A, to B        A B pull from it
 *   s   select: push A or B    S   select: pull A or B
 *   m   select: push A, pull B M   select: pull A, push B
 *   x   select: push A, pull A
 *   d D s, S with a deadline   w W s, S that give up when nobody else can run any more, and then
 *                                  no case could have gone ahead
 *   t   S as a try
 *   E   pull from A by an event loop: try, arm, poll
 *   F   push to A by an event loop
 *   e f pull from A, push to A without a thread: call, wait to be called, call again
 *   g G e that is withdrawn at any time; when nobody else can run any more
 *   j J f that is withdrawn at any time; when nobody else can run any more
 *   p   push A in place        k   begin a push to A and take it back
 *   P   pull A in place        o   push A, pull B in place, the slots open at once
 *   q r push to A, begin a push to A and take it back, each after the pulls that made room for it
 *   Q R pull from A, also in place, having written what q and r read (one pusher, one puller, and no
 *       other letters)
 *   c C close A, close B       X   cancel A
 *   h   hold the lock of those who watch A for items for a while, as one of them does
 *   2   wait, for a while, until threads have gone to sleep twice
 *
 * An item says who pushed it, and its number; the ledger says that each was taken once.
 */
#include "desk.hpp"
#include "harness.hpp"

namespace model {

enum { A, B, RINGS, PER_THREAD = 8, UNTOUCHED = 9999 };
enum { MPMC = PP_MPMC, SPSC = PP_SPSC };

struct scenario {
	const char *name;
	int kind[RINGS];
	unsigned capacity[RINGS];
	const char *thread[N];
	unsigned thousands;
};

struct record {
	bool pushed;
	int pulled, dropped;
};

static const scenario *current;

struct world {
	model_ring ring[RINGS];
	record ledger[N][PER_THREAD];
	int next[N], balance[RINGS]; /* pushes that returned less pulls that did */
	bool ending[RINGS], cancelling;
	rl::atomic<uint32_t> readable[FDS];
	model_case_places places[N];
	rl::atomic<uint32_t> called[N], refs[N]; /* the contexts of operations without a thread */
	struct {
		bool kept[PER_THREAD]; /* of the pushes, in order; the others were taken back */
		int pushes, pulls;
		rl::var<unsigned> before_pull[PER_THREAD];
	} in_order;
};

static world *W;

static inline pp_tx *tx(int ring) { return &W->ring[ring].channel.tx; }
static inline pp_rx *rx(int ring) { return &W->ring[ring].channel.rx; }

static inline record *entry(unsigned value)
{
	REQUIRE(value < N * PER_THREAD, "garbage");
	return &W->ledger[value / PER_THREAD][value % PER_THREAD];
}

static inline unsigned new_item(int me)
{
	REQUIRE(W->next[me] < PER_THREAD, "script");
	return (unsigned)(me * PER_THREAD + W->next[me]++);
}

static void note_push(int ring, unsigned value, int r)
{
	if (r == 0) {
		entry(value)->pushed = true;
		W->balance[ring]++;
	} else if (r == -ESHUTDOWN || r == -EPIPE) {
		REQUIRE(W->ending[ring], "wrong end");
	}
}

static void note_pull(int ring, model_item *item, int r)
{
	unsigned value = item->value($).load();

	if (r != 0) {
		REQUIRE(value == UNTOUCHED, "buffer touched");
		if (r == -EPIPE || r == -ESHUTDOWN)
			REQUIRE(W->ending[ring], "wrong end");
		return;
	}
	REQUIRE(++entry(value)->pulled == 1, "twice");
	W->balance[ring]--;
	moved++;
}

static void note_drop(void *item, void *)
{
	REQUIRE(W->cancelling, "dropped without cancel");
	entry(((model_item *)item)->value($).load())->dropped++;
}

/* ---- plain calls ------------------------------------------------------------------- */

static void push(int me, int ring)
{
	unsigned value = new_item(me);
	model_item item;

	item.value($).store(value);
	note_push(ring, value, pp_push(tx(ring), &item));
}

static void pull(int, int ring)
{
	model_item item;

	item.value($).store(UNTOUCHED);
	note_pull(ring, &item, pp_pull(rx(ring), &item));
}

/* ---- selects ------------------------------------------------------------------------ */

static bool ended(int ring) { return W->ending[ring]; }

/* When nobody else can run: could this have gone ahead? */
static bool blocked(const pp_case *c)
{
	int ring = c->tx ? c->tx != tx(A) : c->rx != rx(A);
	int capacity = (int)current->capacity[ring];

	if (ended(ring))
		return false;
	return capacity == 0 || W->balance[ring] == (c->tx ? capacity : 0);
}

struct choice {
	pp_case cases[2];
	model_item item[2];
	int ring[2];
	unsigned value;
};

static void lay_out(struct choice *c, int me, int pushes, int ring0, int ring1)
{
	c->value = pushes ? new_item(me) : 0;
	memset(c->cases, 0, sizeof c->cases);
	c->ring[0] = ring0;
	c->ring[1] = ring1;
	for (int i = 0; i < 2; i++) {
		bool is_push = pushes & 1 << i;

		c->item[i].value($).store(is_push ? c->value : UNTOUCHED);
		c->cases[i].item = &c->item[i];
		c->cases[i].result = 77;
		if (is_push)
			c->cases[i].tx = tx(c->ring[i]);
		else
			c->cases[i].rx = rx(c->ring[i]);
	}
}

/* `pushes`: bit i: case i is a push.  An index, or why none. */
static int select(int me, int pushes, int ring0, int ring1, pp_time deadline)
{
	struct choice c;
	int r;

	lay_out(&c, me, pushes, ring0, ring1);
	model_places[me] = &W->places[me];
	model_places[me]->of = c.cases;
	r = pp_select(c.cases, 2, chance(2) ? PP_ORDERED : 0, deadline);
	for (int i = 0; i < 2; i++) {
		int result = i == r ? c.cases[i].result : -EAGAIN;

		REQUIRE(i == r || c.cases[i].result == 77, "two results");
		if (pushes & 1 << i)
			note_push(c.ring[i], c.value, result);
		else
			note_pull(c.ring[i], &c.item[i], result);
	}
	if (r < 0)
		REQUIRE(r == -ETIMEDOUT, "result");
	if (r < 0 && deadline == PATIENT)
		REQUIRE(blocked(&c.cases[0]) && blocked(&c.cases[1]), "asleep beside work");
	return r;
}

/* ---- event loops --------------------------------------------------------------------- */

static void pull_by_loop(int, int ring)
{
	model_item item;
	int fd = pp_rx_fd(rx(ring)), r;

	item.value($).store(UNTOUCHED);
	while ((r = pp_try_pull(rx(ring), &item)) == -EAGAIN || r == -EBUSY)
		if (pp_rx_arm(rx(ring)) == 0)
			await_readable(fd, PP_FOREVER);
	note_pull(ring, &item, r);
}

static void push_by_loop(int me, int ring)
{
	unsigned value = new_item(me);
	model_item item;
	int fd = pp_tx_fd(tx(ring)), r;

	item.value($).store(value);
	while ((r = pp_try_push(tx(ring), &item)) == -EAGAIN || r == -EBUSY)
		if (pp_tx_arm(tx(ring)) == 0)
			await_readable(fd, PP_FOREVER);
	note_push(ring, value, r);
}

/* ---- operations without a thread -------------------------------------------------------- */

/* A context is the number of a thread. */
static void async_ready(void *context)
{
	unsigned i = (unsigned)(uintptr_t)context;

	REQUIRE((int32_t)W->refs[i].fetch_sub(1, rl::mo_acq_rel, $) > 0, "called once too often");
	W->called[i].exchange(1, rl::mo_acq_rel, $);
	futex_wake(&W->called[i], 1);
}

static void async_ref(void *context)
{
	W->refs[(uintptr_t)context].fetch_add(1, rl::mo_acq_rel, $);
}

static void async_unref(void *context)
{
	W->refs[(uintptr_t)context].fetch_sub(1, rl::mo_acq_rel, $);
}

/* False: in vain, as far as `deadline` lets it wait. */
static bool await_called(int me, int64_t deadline)
{
	if (chance(4))
		return true; /* looks early */
	while (W->called[me].exchange(0, rl::mo_acq_rel, $) == 0)
		if (futex_wait(&W->called[me], 0, deadline, false) == -ETIMEDOUT)
			return false;
	return true;
}

static int async_call(int ring, bool is_push, model_item *item, pp_async *op)
{
	return is_push ? pp_push_async(tx(ring), item, op) : pp_pull_async(rx(ring), item, op);
}

/* 0: it was performed all the same. */
static int async_withdraw(int ring, bool is_push, pp_async *op)
{
	int r = is_push ? pp_push_withdraw(tx(ring), op) : pp_pull_withdraw(rx(ring), op);

	REQUIRE(r == 0 || (r == 1 && is_push && current->capacity[ring] == 0), "result");
	return r == 1 ? 0 : -ETIMEDOUT;
}

static void async_op(int me, int ring, bool is_push, int64_t deadline)
{
	unsigned value = is_push ? new_item(me) : (unsigned)UNTOUCHED;
	struct async_place place; /* goes back when the operation has ended */
	model_item item;
	pp_async op = { async_ready, async_ref, async_unref, (void *)(uintptr_t)me, 0, {} };
	int r;

	place.meeting.link.begun = false;
	model_async[me] = &place;
	item.value($).store(value);
	W->called[me].store(0, rl::mo_relaxed, $);
	while ((r = async_call(ring, is_push, &item, &op)) == -EAGAIN)
		if (!await_called(me, deadline)) {
			r = async_withdraw(ring, is_push, &op);
			break;
		}
	if (is_push)
		note_push(ring, value, r);
	else
		note_pull(ring, &item, r);
	if (r == -ETIMEDOUT && deadline == PATIENT && current->capacity[ring] != 0)
		REQUIRE(ended(ring) || W->balance[ring] == (is_push ? (int)current->capacity[ring] : 0),
		        "asleep beside work");
}

/* ---- in place ------------------------------------------------------------------------- */

static void push_in_place(int me, int ring, bool keep)
{
	unsigned value = new_item(me);
	void *slot;
	int r = pp_push_begin(tx(ring), &slot);

	if (r != 0) {
		note_push(ring, value, r);
		return;
	}
	((model_item *)slot)->value($).store(value);
	if (!keep)
		REQUIRE(pp_push_abort(tx(ring), slot) == 0, "abort");
	else
		note_push(ring, value, pp_push_commit(tx(ring), slot));
}

/* While it is open, somebody else may stand in the way; so nothing else is done. */
static void pull_in_place(int, int ring)
{
	model_item item;
	void *slot;
	int r = pp_pull_begin(rx(ring), &slot);

	item.value($).store(r == 0 ? ((model_item *)slot)->value($).load() : UNTOUCHED);
	note_pull(ring, &item, r);
	if (r != 0)
		return;
	((model_item *)slot)->value($).store(UNTOUCHED);
	REQUIRE(pp_pull_commit(rx(ring), slot) == 0, "commit");
}

static void both_in_place(int me)
{
	unsigned value = new_item(me);
	model_item item;
	void *in, *out;

	if (pp_push_begin(tx(A), &in) != 0)
		return;
	if (pp_pull_begin(rx(B), &out) == 0) {
		item.value($).store(((model_item *)out)->value($).load());
		note_pull(B, &item, 0);
		pp_pull_commit(rx(B), out);
	}
	((model_item *)in)->value($).store(value);
	note_push(A, value, pp_push_commit(tx(A), in));
}

/* ---- the k-th pull comes before the push a capacity later -------------------------------- */

/* Slots that were taken back count as pulled with the pulls before them. */
static void push_in_order(int me, bool keep)
{
	int room, pulls = 0;

	push_in_place(me, A, keep);
	room = W->in_order.pushes - (int)current->capacity[A];
	W->in_order.kept[W->in_order.pushes++] = keep;
	for (int i = 0; i <= room; i++)
		pulls += W->in_order.kept[i];
	for (int i = 0; i < pulls; i++)
		REQUIRE(W->in_order.before_pull[i]($).load() == 1, "not after the pull");
}

static void pull_in_order(int me, bool in_place)
{
	W->in_order.before_pull[W->in_order.pulls++]($).store(1);
	(in_place ? pull_in_place : pull)(me, A);
}

/* ---- the letters ------------------------------------------------------------------------ */

static void end(int ring, bool cancel)
{
	W->ending[ring] = true;
	W->cancelling |= cancel;
	if (cancel)
		pp_cancel(rx(ring));
	else
		pp_close(tx(ring));
}

static void hold_watch()
{
	struct pp_channel *ch = &W->ring[A].channel;
	int steps = (int)rl::ctx().rand(40, rl::sched_type_user);

	watch_enter(&ch->watch[MEET_PULL]);
	while (steps--)
		rl::yield(1, $);
	watch_done(&ch->watch[MEET_PULL], &W->ring[A].block.items);
}

static void do_letter(int me, char letter)
{
	switch (letter) {
	case '2': await_sleeps(2); break;
	case 'a': push(me, A); break;
	case 'h': hold_watch(); break;
	case 'b': push(me, B); break;
	case 'A': pull(me, A); break;
	case 'B': pull(me, B); break;
	case 's': select(me, 3, A, B, PP_FOREVER); break;
	case 'S': select(me, 0, A, B, PP_FOREVER); break;
	case 'm': select(me, 1, A, B, PP_FOREVER); break;
	case 'M': select(me, 2, A, B, PP_FOREVER); break;
	case 'x': select(me, 1, A, A, PP_FOREVER); break;
	case 'd': select(me, 3, A, B, 1); break;
	case 'D': select(me, 0, A, B, 1); break;
	case 'w': select(me, 3, A, B, PATIENT); break;
	case 'W': select(me, 0, A, B, PATIENT); break;
	case 't': select(me, 0, A, B, 0); break;
	case 'E': pull_by_loop(me, A); break;
	case 'F': push_by_loop(me, A); break;
	case 'e': async_op(me, A, false, PP_FOREVER); break;
	case 'f': async_op(me, A, true, PP_FOREVER); break;
	case 'g': async_op(me, A, false, 1); break;
	case 'G': async_op(me, A, false, PATIENT); break;
	case 'j': async_op(me, A, true, 1); break;
	case 'J': async_op(me, A, true, PATIENT); break;
	case 'p': push_in_place(me, A, true); break;
	case 'k': push_in_place(me, A, false); break;
	case 'P': pull_in_place(me, A); break;
	case 'q': push_in_order(me, true); break;
	case 'r': push_in_order(me, false); break;
	case 'Q': pull_in_order(me, false); break;
	case 'R': pull_in_order(me, true); break;
	case 'o': both_in_place(me); break;
	case 'c': end(A, false); break;
	case 'C': end(B, false); break;
	case 'X': end(A, true); break;
	default:  REQUIRE(false, "script");
	}
}

struct suite : rl::test_suite<suite, N> {
	world w;

	void before()
	{
		W = &w;
		executions++;
		reset(chance(2));
		S.marked = chance(2);
		held_until = 0;
		fds = 0;
		for (int i = 0; i < FDS; i++) {
			w.readable[i].store(0, rl::mo_relaxed, $);
			readable[i] = &w.readable[i];
		}
		for (int i = 0; i < RINGS; i++) {
			model_config c = { (pp_kind)current->kind[i], current->capacity[i], 0, false, 1, 1,
			                   1, note_drop };

			open_ring(&w.ring[i], c);
			w.balance[i] = 0;
			w.ending[i] = false;
		}
		for (int i = 0; i < N; i++) {
			w.called[i].store(0, rl::mo_relaxed, $);
			w.refs[i].store(0, rl::mo_relaxed, $);
		}
		w.cancelling = false;
		w.in_order.pushes = w.in_order.pulls = 0;
		memset(w.ledger, 0, sizeof w.ledger);
		memset(w.next, 0, sizeof w.next);
	}

	void thread(unsigned me)
	{
		for (const char *c = current->thread[me]; c && *c; c++)
			do_letter((int)me, *c);
	}

	void after()
	{
		slept += S.sleeps;
		for (int i = 0; i < N; i++)
			REQUIRE(w.refs[i].load(rl::mo_relaxed, $) == 0, "context left behind");
		for (int i = 0; i < RINGS; i++)
			if (current->capacity[i])
				drain(i);
		for (int i = 0; i < N; i++)
			for (int k = 0; k < PER_THREAD; k++)
				settle(&w.ledger[i][k]);
	}

	void drain(int ring)
	{
		model_item item;
		int r;

		do {
			item.value($).store(UNTOUCHED);
			r = pp_try_pull(rx(ring), &item);
			note_pull(ring, &item, r);
		} while (r == 0);
		REQUIRE(r != -EBUSY, "slot left behind");
		REQUIRE(pp_rx_depth(rx(ring)) == 0, "depth");
	}

	void settle(const record *r)
	{
		REQUIRE(r->pulled + r->dropped <= 1, "twice");
		if (r->pushed)
			REQUIRE(r->pulled + r->dropped == 1, "lost item");
		else
			REQUIRE(r->pulled + r->dropped == 0, "failed push delivered");
	}
};

static const scenario scenarios[] = {
	/* One side selects.  Two rings, the other side plain. */
	{ "sel-pull",      { MPMC, MPMC }, { 1, 1 }, { "SS", "a", "b" },              8 },
	{ "sel-push",      { MPMC, MPMC }, { 1, 1 }, { "sss", "A", "B" },             8 },
	{ "sel-pull-spsc", { SPSC, SPSC }, { 1, 2 }, { "SSSS", "aa", "bb" },          8 },
	{ "sel-push-spsc", { SPSC, SPSC }, { 1, 1 }, { "ssssCc", "AAA", "BBB" },      8 },
	{ "sel-mixed",     { MPMC, SPSC }, { 1, 1 }, { "mmC", "M", "Ac" },            8 },

	/* Selects and plain waiters of one side on one ring: both get theirs. */
	{ "sel-beside",    { MPMC, MPMC }, { 2, 1 }, { "S", "A", "aa" },              12 },
	{ "sel-beside-2",  { MPMC, MPMC }, { 2, 2 }, { "S", "S", "A", "aaab" },       8 },
	{ "sel-pass-on",   { MPMC, MPMC }, { 2, 2 }, { "S", "W", "ba", "2a" },        20 },
	{ "sel-owed",      { MPMC, MPMC }, { 2, 2 }, { "W", "W", "bh", "a" },         20 },
	{ "sel-leave",     { MPMC, MPMC }, { 2, 2 }, { "D", "W", "2aa" },             20 },
	{ "sel-leave-push", { MPMC, MPMC }, { 1, 1 }, { "abd", "2w", "AB" },          12 },

	/* The end reaches every select. */
	{ "sel-close",     { MPMC, SPSC }, { 1, 1 }, { "SS", "2ac" },                 8 },
	{ "sel-close-push", { MPMC, MPMC }, { 1, 1 }, { "sssC", "2c", "B" },          8 },
	{ "sel-cancel",    { MPMC, MPMC }, { 1, 1 }, { "sssC", "2X", "B" },           8 },
	{ "sel-close-all", { MPMC, MPMC }, { 1, 1 }, { "S", "S", "S", "ac" },         8 },

	/* Capacity 0: two selects, a select and a plain one, both sides in one call. */
	{ "sel-meet",      { MPMC, MPMC }, { 0, 0 }, { "SS", "s", "s" },              12 },
	{ "sel-meet-2",    { MPMC, MPMC }, { 0, 0 }, { "S", "S", "s", "s" },          12 },
	{ "sel-meet-plain", { MPMC, MPMC }, { 0, 0 }, { "SS", "a", "b" },             12 },
	{ "sel-meet-3",    { MPMC, MPMC }, { 0, 0 }, { "dC", "mD", "M", "d" },        12 },
	{ "sel-meet-leave", { MPMC, MPMC }, { 0, 0 }, { "d", "W", "w" },              12 },
	{ "sel-self",      { MPMC, MPMC }, { 0, 0 }, { "x", "A", "2" },              10 },
	{ "sel-self-2",    { MPMC, MPMC }, { 0, 0 }, { "x", "x" },                    12 },
	{ "sel-meet-close", { MPMC, MPMC }, { 0, 0 }, { "S", "s", "S", "c" },         8 },
	{ "sel-meet-try",  { MPMC, MPMC }, { 0, 0 }, { "ttt", "d", "d" },             8 },
	{ "sel-spot",      { SPSC, SPSC }, { 0, 0 }, { "SS", "a", "b" },              12 },
	{ "sel-spot-2",    { SPSC, SPSC }, { 0, 0 }, { "SSS", "sss" },                12 },
	{ "sel-spot-3",    { SPSC, SPSC }, { 0, 0 }, { "AS", "as" },                  12 },
	{ "sel-spot-close", { SPSC, SPSC }, { 0, 0 }, { "SS", "asC" },                8 },
	{ "sel-both",      { MPMC, MPMC }, { 0, 1 }, { "SS", "a", "b" },              12 },
	{ "sel-both-2",    { MPMC, MPMC }, { 1, 0 }, { "S", "S", "s", "s" },          12 },

	/* Event loops. */
	{ "arm-pull",      { MPMC, MPMC }, { 1, 1 }, { "EEE", "aa", "a" },            12 },
	{ "arm-push",      { MPMC, MPMC }, { 1, 1 }, { "FFF", "AA", "A" },            12 },
	{ "arm-spsc",      { SPSC, SPSC }, { 1, 1 }, { "EEE", "FFF" },                12 },
	{ "arm-beside",    { MPMC, MPMC }, { 2, 1 }, { "E", "A", "aa" },              12 },
	{ "arm-beside-select", { MPMC, MPMC }, { 2, 1 }, { "E", "S", "A", "aaa" },    8 },
	{ "arm-close",     { MPMC, MPMC }, { 1, 1 }, { "EE", "ac" },                  8 },
	{ "arm-meet",      { MPMC, MPMC }, { 0, 0 }, { "EE", "aa" },                  8 },
	{ "arm-meet-select", { MPMC, MPMC }, { 0, 0 }, { "E", "m", "2" },             8 },
	{ "arm-meet-push", { SPSC, SPSC }, { 0, 0 }, { "FF", "AA" },                  8 },
	{ "arm-meet-close", { MPMC, MPMC }, { 0, 0 }, { "EE", "ac" },                 8 },

	/* Without a thread. */
	{ "async-pull",    { MPMC, MPMC }, { 1, 1 }, { "eee", "aa", "a" },            12 },
	{ "async-push",    { MPMC, MPMC }, { 1, 1 }, { "fff", "AA", "A" },            12 },
	{ "async-spsc",    { SPSC, SPSC }, { 1, 1 }, { "eee", "fff" },                12 },
	{ "async-two",     { MPMC, MPMC }, { 1, 1 }, { "ee", "ff", "f", "e" },        12 },
	{ "async-beside",  { MPMC, MPMC }, { 2, 1 }, { "e", "A", "aa" },              12 },
	{ "async-beside-2", { MPMC, MPMC }, { 2, 2 }, { "e", "S", "E", "aaa" },       12 },
	{ "async-pass-on", { MPMC, MPMC }, { 2, 2 }, { "g", "G", "2aa" },             20 },
	{ "async-pass-on-2", { MPMC, MPMC }, { 2, 2 }, { "e", "G", "a", "2a" },       20 },
	{ "async-owed",    { MPMC, MPMC }, { 2, 2 }, { "G", "W", "bh", "aa" },        12 },
	{ "async-leave-push", { MPMC, MPMC }, { 1, 1 }, { "aj", "2f", "AA" },         12 },
	{ "async-close",   { MPMC, MPMC }, { 1, 1 }, { "ee", "e", "2ac" },            8 },
	{ "async-close-late", { MPMC, MPMC }, { 2, 2 }, { "a", "ce", "e", "e" },      20 },
	{ "async-close-push", { MPMC, MPMC }, { 1, 1 }, { "ff", "f", "2c" },          8 },
	{ "async-cancel",  { MPMC, MPMC }, { 1, 1 }, { "ff", "2X", "e" },             8 },
	{ "async-meet",    { MPMC, MPMC }, { 0, 0 }, { "ee", "ff" },                  12 },
	{ "async-meet-2",  { MPMC, MPMC }, { 0, 0 }, { "e", "e", "f", "f" },          12 },
	{ "async-meet-plain", { MPMC, MPMC }, { 0, 0 }, { "ee", "a", "a" },           12 },
	{ "async-meet-plain-2", { MPMC, MPMC }, { 0, 0 }, { "ff", "A", "A" },         12 },
	{ "async-meet-select", { MPMC, MPMC }, { 0, 0 }, { "e", "m", "2" },           12 },
	{ "async-meet-select-2", { MPMC, MPMC }, { 0, 0 }, { "f", "M", "2" },         12 },
	{ "async-meet-both", { MPMC, MPMC }, { 0, 0 }, { "s", "e", "S", "f" },        12 },
	{ "async-meet-leave", { MPMC, MPMC }, { 0, 0 }, { "g", "e", "J", "2J" },      20 },
	{ "async-meet-told", { MPMC, MPMC }, { 0, 0 }, { "g", "G", "f" },             20 },
	{ "async-meet-leave-2", { MPMC, MPMC }, { 0, 0 }, { "eg", "e", "JJ", "J" },   20 },
	{ "async-meet-leave-3", { MPMC, MPMC }, { 0, 0 }, { "jc", "j", "AA" },        12 },
	{ "async-meet-close", { MPMC, MPMC }, { 0, 0 }, { "ee", "e", "2ac" },         8 },
	{ "async-meet-cancel", { MPMC, MPMC }, { 0, 0 }, { "ff", "f", "2eX" },        8 },
	{ "async-spot",    { SPSC, SPSC }, { 0, 0 }, { "eA", "fa" },                  12 },
	{ "async-spot-2",  { SPSC, SPSC }, { 0, 0 }, { "Ae", "aa" },                  12 },
	{ "async-spot-3",  { SPSC, SPSC }, { 0, 0 }, { "AAc", "ff" },                 12 },

	/* In place. */
	{ "place-mpmc",    { MPMC, MPMC }, { 1, 1 }, { "pap", "P", "AP" },            8 },
	{ "place-spsc",    { SPSC, SPSC }, { 1, 1 }, { "pap", "PPA" },                8 },
	{ "place-abort",   { MPMC, MPMC }, { 1, 1 }, { "kak", "p", "AP" },            12 },
	{ "place-abort-2", { MPMC, MPMC }, { 2, 1 }, { "ka", "ka", "k", "AA" },       12 },
	{ "place-abort-3", { MPMC, MPMC }, { 2, 1 }, { "k", "p", "a", "AP" },         12 },
	{ "place-abort-4", { MPMC, MPMC }, { 1, 1 }, { "kk", "k", "a", "A" },         12 },
	{ "place-abort-spsc", { SPSC, SPSC }, { 2, 1 }, { "akkap", "AAA" },           12 },
	{ "place-abort-spsc-2", { SPSC, SPSC }, { 2, 1 }, { "akaa", "PPP" },          12 },
	{ "place-abort-order", { SPSC, SPSC }, { 2, 1 }, { "qrqq", "QRQ" },           12 },
	{ "place-abort-order-2", { SPSC, SPSC }, { 2, 1 }, { "qqrq", "QQQ" },         12 },
	{ "place-abort-order-3", { MPMC, MPMC }, { 2, 1 }, { "qqrq", "QQR" },         12 },
	{ "place-abort-arm", { MPMC, MPMC }, { 2, 1 }, { "ka", "a", "EE" },           12 },
	{ "place-abort-close", { MPMC, MPMC }, { 2, 1 }, { "k", "ac", "A", "A" },     12 },
	{ "place-abort-cancel", { MPMC, MPMC }, { 2, 1 }, { "ka", "Aa", "X" },        8 },
	/* As mpmc-stranded-item of rings.cpp: who opened a slot passes on the wake that it owes. */
	{ "place-stranded", { MPMC, MPMC }, { 2, 1 }, { "a", "a", "P", "P" },         60 },
	{ "place-both",    { MPMC, MPMC }, { 1, 1 }, { "o", "b", "A" },               8 },
	{ "place-select",  { MPMC, MPMC }, { 1, 1 }, { "kp", "S", "2" },              12 },
};

} // namespace model

#include "main.hpp"
