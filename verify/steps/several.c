/* SPDX-License-Identifier: MIT */
/* The letters of calls.c that wait for one of several, in an event loop, or without a thread. */
#include <errno.h>
#include <pushpull/async.h>

#include "calls.h"
#include "explore.h"

/* ---- selects ---------------------------------------------------------------------------- */

struct choice {
	pp_case cases[2];
	struct buffer item[2];
	unsigned value;
};

enum { UNSET = 77 };

static void lay_out(struct choice *ch, struct call *c, int pushes, int ring0, int ring1)
{
	int of[2] = { ring0, ring1 }, i;

	memset(ch->cases, 0, sizeof ch->cases);
	if (pushes)
		ch->value = item_new(ANY_RING, ch->item[0].bytes);
	for (i = 0; i < 2; i++) {
		bool is_push = pushes & 1 << i;

		call_wish(c, of[i], is_push ? PUSH : PULL, c->how == TRY ? TOLD : MET);
		ch->cases[i].item = ch->item[i].bytes;
		ch->cases[i].result = UNSET;
		if (is_push) {
			item_write(ch->value, ch->item[i].bytes);
			ch->cases[i].tx = rings[of[i]].tx;
		} else {
			untouched(ch->item[i].bytes, 1);
			ch->cases[i].rx = rings[of[i]].rx;
		}
	}
}

/* Not one of the cases. */
static void nothing_done(struct call *c, struct choice *ch, int pushes, int r)
{
	bool timed = c->how != WAIT && steps_now() >= c->deadline;
	unsigned i;

	require(r == -ETIMEDOUT && (timed || c->how == TRY), "result", c);
	c->deadline = 0; /* a try of select's */
	for (i = 0; i < 2; i++)
		if (!(pushes & 1 << i))
			pulled(c, i, ch->item[i].bytes, 1, r);
	if (pushes)
		pushed(c, pushes & 1 ? 0 : 1, ch->value, 1, r);
}

static void choose(char letter, enum how how, int pushes, int ring0, int ring1)
{
	static const struct option flags[2] = { { OPTION_PICK, 0 }, { OPTION_PICK, 1 } };
	struct call *c = call_begin(letter, how, 1);
	struct choice ch;
	int r, i;

	lay_out(&ch, c, pushes, ring0, ring1);
	r = pp_select(ch.cases, 2, explore_decide(flags, 2, 1, true) ? PP_ORDERED : 0,
	              how == TRY ? 0 : c->deadline);
	for (i = 0; i < 2; i++)
		require(i == r || ch.cases[i].result == UNSET, "two results", c);
	if (r < 0)
		nothing_done(c, &ch, pushes, r);
	for (i = 0; r >= 0 && i < 2; i++)
		if (i == r && pushes & 1 << i)
			pushed(c, (unsigned)i, ch.value, 1, one(ch.cases[i].result));
		else if (i == r)
			pulled(c, (unsigned)i, ch.item[i].bytes, 1, one(ch.cases[i].result));
		else if (!(pushes & 1 << i))
			pulled(c, (unsigned)i, ch.item[i].bytes, 1, 0);
	if (r >= 0 && pushes && !(pushes & 1 << r))
		pushed(c, pushes & 1 ? 0 : 1, ch.value, 1, 0);
	call_end(c);
}

/* ---- event loops ------------------------------------------------------------------------ */

/* Try, arm, and wait for the descriptor, until the ring says something: that. */
static int by_loop(bool push, void *item)
{
	pp_tx *tx = rings[A].tx;
	pp_rx *rx = rings[A].rx;
	int fd = push ? pp_tx_fd(tx) : pp_rx_fd(rx), r;

	while ((r = push ? pp_try_push(tx, item) : pp_try_pull(rx, item)) == -EAGAIN || r == -EBUSY)
		if ((push ? pp_tx_arm(tx) : pp_rx_arm(rx)) == 0)
			steps_await(steps_fd_flag(fd), PP_FOREVER);
	return r;
}

static void pull_by_loop(char letter)
{
	struct call *c = call_begin(letter, WAIT, 1);
	struct buffer b;

	call_wish(c, A, PULL, TOLD);
	untouched(b.bytes, 1);
	pulled(c, 0, b.bytes, 1, one(by_loop(false, b.bytes)));
	call_end(c);
}

static void push_by_loop(char letter)
{
	struct call *c = call_begin(letter, WAIT, 1);
	struct buffer b;
	unsigned item;

	call_wish(c, A, PUSH, TOLD);
	item = item_new(A, b.bytes);
	pushed(c, 0, item, 1, one(by_loop(true, b.bytes)));
	call_end(c);
}

/* ---- operations without a thread -------------------------------------------------------- */

static struct { bool called; int refs; } contexts[STEPS_THREADS];

static void async_ref(void *context)
{
	contexts[(uintptr_t)context].refs++;
}

static void async_unref(void *context)
{
	contexts[(uintptr_t)context].refs--;
}

static void async_ready(void *context)
{
	require(contexts[(uintptr_t)context].refs > 0, "called once too often", NULL);
	async_unref(context);
	steps_set(&contexts[(uintptr_t)context].called);
}

static bool await_called(int64_t deadline)
{
	bool *called = &contexts[steps_me()].called, came = steps_await(called, deadline);

	*called = false;
	return came;
}

static int withdraw(const struct call *c, bool is_push, pp_async *op)
{
	int r = is_push ? pp_push_withdraw(rings[A].tx, op) : pp_pull_withdraw(rings[A].rx, op);

	require(r == 0 || (r == 1 && is_push && rings[A].capacity == 0), "result", c);
	return r == 1 ? 0 : -ETIMEDOUT;
}

static void without_thread(char letter, enum how how, bool is_push)
{
	struct call *c = call_begin(letter, how, 1);
	pp_async op = PP_ASYNC(.ready = async_ready, .ref = async_ref, .unref = async_unref,
	                       .context = (void *)(uintptr_t)steps_me());
	struct buffer b;
	unsigned item = 0;
	int r;

	call_wish(c, A, is_push ? PUSH : PULL, is_push ? MET : TOLD);
	if (is_push)
		item = item_new(A, b.bytes);
	else
		untouched(b.bytes, 1);
	contexts[steps_me()].called = false;
	while ((r = is_push ? pp_push_async(rings[A].tx, b.bytes, &op)
	                    : pp_pull_async(rings[A].rx, b.bytes, &op)) == -EAGAIN)
		if (!await_called(c->deadline)) {
			r = withdraw(c, is_push, &op);
			break;
		}
	if (is_push)
		pushed(c, 0, item, 1, one(r));
	else
		pulled(c, 0, b.bytes, 1, one(r));
	call_end(c);
}

void calls_clear(void)
{
	memset(contexts, 0, sizeof contexts);
}

void calls_settle(void)
{
	unsigned i;

	for (i = 0; i < STEPS_THREADS; i++)
		require(contexts[i].refs == 0, "context left behind", NULL);
}

/* ---- the letters ------------------------------------------------------------------------ */

bool do_several(char letter)
{
	switch (letter) {
	case 's': choose(letter, WAIT, 3, A, B); return true;
	case 't': choose(letter, WAIT, 0, A, B); return true;
	case 'u': choose(letter, WAIT, 1, A, B); return true;
	case 'v': choose(letter, WAIT, 2, A, B); return true;
	case 'x': choose(letter, WAIT, 1, A, A); return true;
	case '1': choose(letter, SOON, 3, A, B); return true;
	case '2': choose(letter, SOON, 0, A, B); return true;
	case '3': choose(letter, PATIENT, 3, A, B); return true;
	case '4': choose(letter, PATIENT, 0, A, B); return true;
	case '5': choose(letter, TRY, 0, A, B); return true;
	case 'h': push_by_loop(letter); return true;
	case 'f': pull_by_loop(letter); return true;
	case 'r': without_thread(letter, WAIT, true); return true;
	case 'q': without_thread(letter, WAIT, false); return true;
	case '8': without_thread(letter, SOON, true); return true;
	case '6': without_thread(letter, SOON, false); return true;
	case '9': without_thread(letter, PATIENT, true); return true;
	case '7': without_thread(letter, PATIENT, false); return true;
	default:  return false;
	}
}
