/* SPDX-License-Identifier: MIT */
/*
 * Operations that wait without a thread, while others stand still half-way: between an event and
 * the call, with the lock of a list, with an item that is being copied, at the end of the ring.
 * Nobody else is held up, no call is lost, none comes for what has ended.
 */
#include "stall.h"

#include <pushpull/async.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct ring ring;

/* ---- An operation ------------------------------------------------------------------ */

/* On the heap: it goes, overwritten, as soon as it has ended. */
struct op_memory {
	pp_async async;
	uint64_t item;
};

struct op {
	bool push;
	struct op_memory *memory; /* NULL: it has not begun, or has ended */
	uint64_t item;
	atomic_int refs;          /* of the context, in the library's hands */
	atomic_uint calls;
};

enum { OPS = 4 };
static struct op ops[OPS];

static void let_go(void *context)
{
	CHECK(atomic_fetch_sub(&((struct op *)context)->refs, 1) > 0, "let go of a reference that is not there");
}

static void ready(void *context)
{
	struct op *op = context;

	let_go(op);
	atomic_fetch_add(&op->calls, 1);
}

static void ref(void *context)
{
	atomic_fetch_add(&((struct op *)context)->refs, 1);
}

static void end(struct op *op)
{
	memset(op->memory, 0xa5, sizeof(*op->memory));
	free(op->memory);
	op->memory = NULL;
}

static int poll_op(void *arg)
{
	struct op *op = arg;
	int r;

	if (!op->memory) {
		op->memory = calloc(1, sizeof(*op->memory));
		CHECK(op->memory, "no memory");
		op->memory->async = PP_ASYNC(.ready = ready, .ref = ref, .unref = let_go,
					     .context = op);
		op->memory->item = op->item;
	}
	r = op->push ? pp_push_async(ring.tx, &op->memory->item, &op->memory->async)
		     : pp_pull_async(ring.rx, &op->memory->item, &op->memory->async);
	if (r == -EAGAIN)
		return r;
	if (r == 0 && op->push)
		ring.pushed[op->item] = true;
	if (r == 0 && !op->push)
		atomic_fetch_add(&ring.pulled[op->memory->item], 1);
	end(op);
	return r;
}

static int withdraw_op(void *arg)
{
	struct op *op = arg;
	int r = op->push ? pp_push_withdraw(ring.tx, &op->memory->async)
			 : pp_pull_withdraw(ring.rx, &op->memory->async);

	if (r == 1)
		ring.pushed[op->item] = true;
	end(op);
	return r;
}

/* The next one, which waits. */
static struct op *waiting(unsigned i, bool push)
{
	struct op *op = &ops[i];

	op->push = push;
	op->item = push ? ring.next++ : 0;
	CHECK(poll_op(op) == -EAGAIN && atomic_load(&op->calls) == 0, "it does not wait");
	CHECK(atomic_load(&op->refs) == 1, "%d references", atomic_load(&op->refs));
	return op;
}

static void is_told(struct op *op, unsigned calls)
{
	CHECK(atomic_load(&op->calls) == calls, "%u calls, not %u", atomic_load(&op->calls), calls);
}

static void is_over(struct op *op, unsigned calls)
{
	CHECK(!op->memory, "it has not ended");
	is_told(op, calls);
	CHECK(atomic_load(&op->refs) == 0, "%d references", atomic_load(&op->refs));
}

static void gives(struct op *op, int result, unsigned calls)
{
	int r = poll_op(op);

	CHECK(r == result, "gave %d, not %d", r, result);
	is_over(op, calls);
}

/* Who was called comes, until nobody is called any more: then nobody waits beside work. */
static void serve_ops(void)
{
	bool served;
	unsigned i;

	do {
		served = false;
		for (i = 0; i < OPS; i++)
			if (ops[i].memory && atomic_load(&ops[i].refs) == 0) {
				CHECK(poll_op(&ops[i]) <= 0, "served");
				served = true;
			}
	} while (served);
	for (i = 0; i < OPS; i++) {
		if (ops[i].memory) {
			CHECK(pp_tx_depth(ring.tx) == (ops[i].push ? ring.capacity : 0),
			      "operation %u waits beside work", i);
			CHECK(withdraw_op(&ops[i]) == 0, "withdraw");
		}
		CHECK(atomic_load(&ops[i].refs) == 0, "%d references", atomic_load(&ops[i].refs));
	}
}

static void finish(void)
{
	serve_ops();
	ring_finish(&ring);
}

/* ---- Scenes ------------------------------------------------------------------------ */

/* A ring on which that side has to wait. */
static void begin(const char *what, pp_kind kind, size_t capacity, bool push)
{
	test_case("%s, %s that waits, %s, capacity %zu", what, push ? "push" : "pull",
		  kind == PP_SPSC ? "SPSC" : "MPMC", capacity);
	memset(ops, 0, sizeof(ops));
	ring_open(&ring, kind, capacity, 0);
	ring_fill(&ring, push ? capacity : 0);
}

static struct actor *frozen(enum action action, enum pp_stall_point point)
{
	struct actor *a = actor_start(&ring, action, (int)point, PP_FOREVER);

	actor_await_frozen(a);
	return a;
}

/* The other side's operation, which makes the event. */
static struct actor *frozen_maker(bool push, enum pp_stall_point pushed, enum pp_stall_point pulled)
{
	return push ? frozen(PULL, pulled) : frozen(PUSH, pushed);
}

static void event(bool push)
{
	CHECK((push ? ring_try_pull(&ring) : ring_try_push(&ring)) == 0, "held up");
}

static void thaw(struct actor *a, int result)
{
	actor_thaw(a);
	CHECK(actor_await_done(a) == result, "gave %d, not %d", a->result, result);
}

enum meanwhile { STAY, LOOK, WITHDRAW };

/* Nobody has been told yet. */
static void before_the_call(pp_kind kind, size_t capacity, bool push, enum meanwhile then)
{
	struct actor *maker;
	struct op *op;

	begin("before the call", kind, capacity, push);
	op = waiting(0, push);
	maker = frozen_maker(push, PP_AT_push_published, PP_AT_pull_freed);
	is_told(op, 0);
	if (then == LOOK)
		gives(op, 0, 0);
	if (then == WITHDRAW)
		CHECK(withdraw_op(op) == 0, "withdraw");
	thaw(maker, 0);
	is_told(op, then == STAY);
	finish();
}

/* What the first one does meanwhile, in a thread of its own. */
static struct actor *start(enum meanwhile then, struct op *op, int point)
{
	int (*run)(void *) = then == LOOK ? poll_op : withdraw_op;

	return then == STAY ? NULL : actor_run(&ring, run, op, point);
}

/* One has been chosen, and the maker holds the lock of the list: others do not wait for it, but
 * the operation itself does, should it come just now. */
static void about_to_call(size_t capacity, bool push, enum meanwhile then)
{
	struct actor *maker, *comer;
	struct op *first, *second;

	begin("about to call", PP_MPMC, capacity, push);
	first = waiting(0, push);
	second = waiting(1, push);
	waiting(2, push);
	maker = frozen_maker(push, PP_AT_watch_told, PP_AT_watch_told);
	comer = start(then, first, NO_POINT);
	if (comer)
		AWAIT(actor_sleeps(comer));
	if (capacity > 1)
		event(push); /* leaves it to the maker to call for it */
	is_told(second, 0);
	thaw(maker, 0);
	is_told(first, 1);
	if (comer)
		CHECK(actor_await_done(comer) == 0, "gave %d", comer->result);
	if (capacity > 1 || then == WITHDRAW)
		is_told(second, 1);
	finish();
}

/* The operation itself has the lock, on its way in or out: the event is not held up, and is not
 * lost on it, nor on the one that waits beside it. */
static void coming_and_going(pp_kind kind, size_t capacity, bool push, enum meanwhile then)
{
	struct actor *comer;
	struct op *op, *other = NULL;

	begin(then == LOOK ? "coming" : "going", kind, capacity, push);
	op = waiting(0, push);
	if (kind == PP_MPMC)
		other = waiting(1, push);
	comer = start(then, op, PP_AT_watch_locked);
	actor_await_frozen(comer);
	event(push);
	is_told(op, 0);
	thaw(comer, 0);
	is_over(op, then == LOOK); /* in its own call: it was first in the list */
	if (other && then == WITHDRAW)
		gives(other, 0, 1);
	finish();
}

/* The very first call has the lock.  What comes just then it finds when it looks again; or, if it
 * is owed to others too, it is called in the call itself. */
static void coming_first(pp_kind kind, size_t capacity, bool push)
{
	bool beside = kind == PP_MPMC && capacity > 1;
	struct actor *comer;

	begin("coming first", kind, capacity, push);
	if (beside)
		waiting(1, push);
	ops[0].push = push;
	ops[0].item = push ? ring.next++ : 0;
	comer = start(LOOK, &ops[0], PP_AT_watch_locked);
	actor_await_frozen(comer);
	event(push);
	if (beside)
		event(push);
	thaw(comer, 0);
	is_over(&ops[0], beside);
	if (beside)
		gives(&ops[1], 0, 1);
	finish();
}

/* It was called, has left the list, and has not handed on what it owes yet.  What comes meanwhile
 * is for others; in the end each has its call. */
static void leaving(size_t capacity, bool push, enum meanwhile then)
{
	struct actor *leaver;
	struct op *op;

	begin("leaving", PP_MPMC, capacity, push);
	op = waiting(0, push);
	waiting(1, push);
	waiting(2, push);
	event(push);
	is_told(op, 1);
	leaver = start(then, op, PP_AT_wait_leaving);
	actor_await_frozen(leaver);
	if (capacity > 1) {
		event(push);
		is_told(&ops[1], 1);
	}
	thaw(leaver, 0);
	is_over(op, 1);
	if (then == WITHDRAW)
		is_told(&ops[1], 1);
	finish();
}

/* ---- Capacity 0 -------------------------------------------------------------------- */

/* With the lock of the meeting: a try says so, others wait for it, and then all meet. */
static void in_the_meeting(bool push, enum meanwhile then, enum pp_stall_point point)
{
	struct actor *holder, *partner;
	struct op *op;

	begin(point_name((int)point), PP_MPMC, 0, push);
	op = waiting(0, push);
	holder = start(then, op, (int)point);
	actor_await_frozen(holder);
	CHECK(ring_try_push(&ring) == -EBUSY && ring_try_pull(&ring) == -EBUSY, "not held");
	partner = actor_start(&ring, push ? PULL : PUSH, NO_POINT, PP_FOREVER);
	AWAIT(actor_sleeps(partner));
	thaw(holder, then == LOOK ? -EAGAIN : 0);
	if (then == LOOK) {
		AWAIT(atomic_load(&op->calls) == 1);
		gives(op, 0, 1);
	} else {
		is_over(op, 0);
	}
	ring_serve_all(&ring);
	finish();
}

/* A pull has taken its place and copies the item: it is not over, nor to be taken back. */
static void being_copied(pp_kind kind, enum pp_stall_point point, enum meanwhile then)
{
	struct actor *puller, *comer = NULL;
	struct op *op;

	begin(point_name((int)point), kind, 0, true);
	op = waiting(0, true);
	puller = frozen(PULL, point);
	CHECK(poll_op(op) == -EAGAIN && poll_op(op) == -EAGAIN, "done before it was copied");
	is_told(op, 0);
	if (then == WITHDRAW) {
		comer = start(then, op, NO_POINT);
		AWAIT(actor_sleeps(comer));
	}
	thaw(puller, 0);
	CHECK(puller->item == op->item, "another item");
	is_told(op, 1);
	if (comer)
		CHECK(actor_await_done(comer) == 1, "withdrawn with %d", comer->result);
	else
		gives(op, 0, 1);
	is_over(op, 1);
	finish();
}

/* ---- The end ----------------------------------------------------------------------- */

/* The ring has ended, and those who wait are not told yet: who comes finds the end, goes, and is
 * not called any more. */
static void at_the_end(pp_kind kind, size_t capacity, bool push, bool cancel, enum meanwhile then)
{
	struct actor *ender;
	struct op *op, *other = NULL;

	begin(cancel ? "at a cancel" : "at a close", kind, capacity, push);
	op = waiting(0, push);
	if (kind == PP_MPMC)
		other = waiting(1, push);
	ender = frozen(cancel ? CANCEL : CLOSE, PP_AT_end_sealed);
	if (then == LOOK)
		gives(op, push == cancel ? -EPIPE : -ESHUTDOWN, 0);
	else
		CHECK(withdraw_op(op) == 0, "withdraw");
	thaw(ender, 0);
	is_over(op, 0);
	if (other)
		gives(other, push == cancel ? -EPIPE : -ESHUTDOWN, 1);
	ring_finish(&ring);
}

static void let_go_of_all(void *item, void *context)
{
	(void)item;
	atomic_fetch_add((atomic_uint *)context, 1);
	pp_tx_unref(ring.tx);
	pp_rx_unref(ring.rx);
}

/* Its own call drops what it has pushed, as the ring is cancelled; and the drop lets go of that. */
static void dropped_by_its_own_call(size_t capacity)
{
	atomic_uint dropped = 0;
	struct actor *comer;
	struct op *op;

	begin("its item dropped", PP_MPMC, capacity, true);
	ring_finish(&ring); /* in its place one with another drop */
	CHECK(pp_open_with(&ring.tx, &ring.rx,
			   &PP_CONFIG(.kind = PP_MPMC, .capacity = capacity, .item_size = 8,
				      .drop = let_go_of_all, .drop_context = &dropped)) == 0,
	      "open");
	ring_fill(&ring, capacity);
	op = waiting(0, true);
	while (pp_tx_depth(ring.tx))
		event(true);
	is_told(op, 1);
	comer = start(LOOK, op, PP_AT_push_copied);
	actor_await_frozen(comer);
	CHECK(pp_cancel(ring.rx) == 0 && atomic_load(&dropped) == 0, "cancel");
	thaw(comer, 0);
	CHECK(atomic_load(&dropped) == 1, "dropped %u times", atomic_load(&dropped));
	is_over(op, 1);
}

/* ---- All --------------------------------------------------------------------------- */

static void above_0(size_t capacity, bool push)
{
	unsigned kind, then;

	for (kind = PP_SPSC; kind <= PP_MPMC; kind++) {
		for (then = STAY; then <= WITHDRAW; then++)
			before_the_call((pp_kind)kind, capacity, push, (enum meanwhile)then);
		coming_and_going((pp_kind)kind, capacity, push, LOOK);
		coming_and_going((pp_kind)kind, capacity, push, WITHDRAW);
		coming_first((pp_kind)kind, capacity, push);
	}
	for (then = STAY; then <= WITHDRAW; then++)
		about_to_call(capacity, push, (enum meanwhile)then);
	leaving(capacity, push, LOOK);
	leaving(capacity, push, WITHDRAW);
}

static void at_0(void)
{
	unsigned kind, then;
	int push;

	for (push = 0; push < 2; push++) {
		in_the_meeting(push, LOOK, PP_AT_meet_locked);
		in_the_meeting(push, WITHDRAW, PP_AT_meet_withdrawing);
	}
	for (kind = PP_SPSC; kind <= PP_MPMC; kind++)
		for (then = LOOK; then <= WITHDRAW; then++) {
			being_copied((pp_kind)kind, PP_AT_meet_matched, (enum meanwhile)then);
			being_copied((pp_kind)kind, PP_AT_meet_copied, (enum meanwhile)then);
		}
}

static void ends(size_t capacity, bool push)
{
	unsigned i;

	for (i = 0; i < 8; i++)
		at_the_end(i & 1 ? PP_SPSC : PP_MPMC, capacity, push, i & 2, i & 4 ? LOOK : WITHDRAW);
}

int main(void)
{
	size_t capacity;
	int push;

	watchdog_start();
	for (push = 0; push < 2; push++)
		for (capacity = 0; capacity <= 3; capacity++) {
			if (capacity)
				above_0(capacity, push);
			ends(capacity, push);
		}
	at_0();
	for (capacity = 1; capacity <= 3; capacity++)
		dropped_by_its_own_call(capacity);
	printf("async: nobody held up, each called that is to be called\n");
	return 0;
}
