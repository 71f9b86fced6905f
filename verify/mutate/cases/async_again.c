/* SPDX-License-Identifier: MIT */
/* An operation without a thread that has ended: to withdraw it does nothing, and its memory serves
 * the next one as it is. */
#include "support.h"

#include <pushpull/async.h>

SUITE(async_again);

struct counted {
	atomic_int calls, refs;
};

static void ready(void *context)
{
	struct counted *c = context;

	c->calls++;
	c->refs--;
}

static void ref(void *context)
{
	((struct counted *)context)->refs++;
}

static void unref(void *context)
{
	((struct counted *)context)->refs--;
}

struct again {
	struct ends e;
	bool push;
	struct counted of[8], *c; /* of each operation, and of the one under way */
	pp_async op;
};

static struct again again_open(pp_kind kind, size_t capacity, bool push)
{
	struct again a = { .e = ends_open(kind, capacity), .push = push };

	if (push)
		ends_fill(&a.e, 100, capacity);
	return a;
}

static void again_init(struct again *a)
{
	a->c = a->of;
	a->op = PP_ASYNC(.ready = ready, .ref = ref, .unref = unref, .context = a->c);
}

static int call(struct again *a, uint64_t *item)
{
	return a->push ? pp_push_async(a->e.tx, item, &a->op) : pp_pull_async(a->e.rx, item, &a->op);
}

static int withdraw(struct again *a)
{
	return a->push ? pp_push_withdraw(a->e.tx, &a->op) : pp_pull_withdraw(a->e.rx, &a->op);
}

/* It has ended: nothing is counted.  The next one has another context. */
static void next(struct again *a)
{
	EXPECT_EQ(a->c->refs, 0);
	a->op.context = ++a->c;
}

/* And to withdraw it changes nothing. */
static void is_over(struct again *a)
{
	int calls = a->c->calls;

	EXPECT_EQ(a->c->refs, 0);
	EXPECT_EQ(withdraw(a), 0);
	EXPECT_EQ(a->c->refs, 0);
	EXPECT_EQ(a->c->calls, calls);
	next(a);
}

/* The other side moves one item, in the way that serves an operation that waits. */
static uint64_t serve(struct again *a, size_t capacity)
{
	uint64_t item = 7;

	if (a->push) {
		EXPECT_EQ(pp_try_pull(a->e.rx, &item), 0);
	} else if (capacity) {
		EXPECT_EQ(pp_try_push(a->e.tx, &item), 0);
	}
	return item;
}

/* Capacity 0: a pull is served by who waits in a push. */
static void is_called_for_a_pusher(struct again *a)
{
	struct call push;
	uint64_t item;

	call_push(&push, &a->e, FOREVER, 7);
	AWAIT(a->c->calls == 1);
	EXPECT_EQ(call(a, &item), 0);
	EXPECT_EQ(item, 7);
	EXPECT_EQ(call_join(&push), 0);
}

static void withdrawn(pp_kind kind, size_t capacity, bool push)
{
	struct again a = again_open(kind, capacity, push);
	uint64_t first = 1, second = 2, got;

	again_init(&a);
	EXPECT_EQ(call(&a, &first), -EAGAIN);
	EXPECT_EQ(withdraw(&a), 0);
	is_over(&a);
	/* The item is another one now. */
	EXPECT_EQ(call(&a, &second), -EAGAIN);
	got = serve(&a, capacity);
	if (push && capacity == 0)
		EXPECT_EQ(got, second);
	if (push || capacity) {
		EXPECT_EQ(a.c->calls, 1);
		EXPECT_EQ(call(&a, &second), 0);
		EXPECT_EQ(second, push ? 2u : 7u);
	} else {
		is_called_for_a_pusher(&a);
	}
	EXPECT_EQ(first, 1);
	is_over(&a);
	ends_let_go(&a.e);
}

/* One that waits, and is served. */
static void is_served(struct again *a, size_t capacity)
{
	uint64_t item = 20, got;

	EXPECT_EQ(call(a, &item), -EAGAIN);
	EXPECT_EQ(a->c->calls, 0);
	if (!a->push && capacity == 0) {
		is_called_for_a_pusher(a);
		return;
	}
	got = serve(a, capacity);
	if (capacity == 0)
		EXPECT_EQ(got, item);
	EXPECT_EQ(a->c->calls, 1);
	EXPECT_EQ(call(a, &item), 0);
}

static void served(pp_kind kind, size_t capacity, bool push)
{
	struct again a = again_open(kind, capacity, push);

	again_init(&a);
	is_served(&a, capacity);
	is_over(&a);
	is_served(&a, capacity);
	next(&a);
	is_served(&a, capacity);
	is_over(&a);
	ends_let_go(&a.e);
}

/* One that need not wait: at capacity 0 for somebody asleep, else for an item, or a slot. */
static void at_once(pp_kind kind, size_t capacity, bool push)
{
	struct again a = again_open(kind, capacity, push);
	uint64_t item = 20;
	struct call other;

	again_init(&a);
	if (capacity) {
		serve(&a, capacity);
	} else {
		if (push)
			call_pull(&other, &a.e, FOREVER);
		else
			call_push(&other, &a.e, FOREVER, 7);
		ends_await_parked(&a.e, !push, push);
	}
	EXPECT_EQ(call(&a, &item), 0);
	if (!capacity)
		EXPECT_EQ(call_join(&other), 0);
	next(&a);
	is_served(&a, capacity);
	is_over(&a);
	ends_let_go(&a.e);
}

/* The ring ended while it waited. */
static void ended(pp_kind kind, size_t capacity, bool push)
{
	struct again a = again_open(kind, capacity, push);
	uint64_t item = 1;

	again_init(&a);
	EXPECT_EQ(call(&a, &item), -EAGAIN);
	EXPECT_EQ(push ? pp_cancel(a.e.rx) : pp_close(a.e.tx), 0);
	EXPECT_EQ(a.c->calls, 1);
	EXPECT_EQ(call(&a, &item), -EPIPE);
	is_over(&a);
	EXPECT_EQ(call(&a, &item), -EPIPE);
	is_over(&a);
	ends_let_go(&a.e);
}

typedef void again_body(pp_kind kind, size_t capacity, bool push);

static void for_each(again_body *body)
{
	static const size_t capacities[] = { 0, 1, 3 };

	for (size_t i = 0; i < ARRAY_LEN(capacities); i++)
		for (int n = 0; n < 4; n++)
			body(n & 1 ? PP_MPMC : PP_SPSC, capacities[i], n & 2);
}

Test(async_again, an_operation_that_was_withdrawn_begins_anew)
{
	for_each(withdrawn);
}

Test(async_again, an_operation_that_was_served_begins_anew)
{
	for_each(served);
}

Test(async_again, an_operation_that_went_ahead_at_once_begins_anew)
{
	for_each(at_once);
}

Test(async_again, an_operation_that_saw_the_end_sees_it_anew)
{
	for_each(ended);
}
