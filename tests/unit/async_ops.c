/* SPDX-License-Identifier: MIT */
#include "async_ops.h"

#include <stdlib.h>
#include <string.h>

/* An operation, and the item that it moves: both go when it has ended. */
struct op_memory {
	pp_async op;
	uint64_t item;
};

static struct op_memory *memory_of(const struct asyncing *a)
{
	return (struct op_memory *)(void *)a->op;
}

/* ---- The context ------------------------------------------------------------------- */

static void let_go(struct asyncing *a)
{
	if (!a->uncounted && atomic_fetch_sub(&a->refs, 1) <= 0)
		atomic_store(&a->wrong, true);
}

static void ready(void *context)
{
	struct asyncing *a = context;

	let_go(a);
	atomic_fetch_add(&a->calls, 1);
	if (a->then)
		a->then(a);
}

static void ref(void *context)
{
	struct asyncing *a = context;

	atomic_fetch_add(&a->given, 1);
	atomic_fetch_add(&a->refs, 1);
}

static void unref(void *context)
{
	struct asyncing *a = context;

	atomic_fetch_add(&a->taken, 1);
	let_go(a);
}

/* ---- The operation ----------------------------------------------------------------- */

void asyncing_init(struct asyncing *a, const struct ends *e, bool push, uint64_t item)
{
	*a = (struct asyncing){ .e = *e, .push = push, .item = item };
}

static void begin(struct asyncing *a)
{
	struct op_memory *memory = malloc(sizeof(*memory));

	EXPECT(memory != NULL);
	memory->item = a->push ? a->item : UNTOUCHED;
	memory->op = PP_ASYNC(.ready = ready, .context = a);
	if (!a->uncounted) {
		memory->op.ref = ref;
		memory->op.unref = unref;
	}
	a->op = &memory->op;
}

/* Whoever still looks at it finds nothing that is of use. */
static void end(struct asyncing *a)
{
	memset(memory_of(a), 0xa5, sizeof(struct op_memory));
	free(a->op);
	a->op = NULL;
}

int asyncing_call(struct asyncing *a)
{
	uint64_t *item;
	int r;

	if (!a->op)
		begin(a);
	item = &memory_of(a)->item;
	r = a->push ? pp_push_async(a->e.tx, item, a->op) : pp_pull_async(a->e.rx, item, a->op);
	if (a->push)
		EXPECT_EQ(*item, a->item);
	else if (r == 0)
		a->item = *item;
	else
		EXPECT_EQ(*item, UNTOUCHED);
	if (r != -EAGAIN)
		end(a);
	return r;
}

int asyncing_withdraw(struct asyncing *a)
{
	int r = a->push ? pp_push_withdraw(a->e.tx, a->op) : pp_pull_withdraw(a->e.rx, a->op);

	end(a);
	return r;
}

/* ---- What is expected of it -------------------------------------------------------- */

void asyncing_waits(struct asyncing *a)
{
	unsigned before = atomic_load(&a->calls);

	EXPECT_EQ(asyncing_call(a), -EAGAIN);
	EXPECT_EQ(atomic_load(&a->calls), before);
	EXPECT_EQ(atomic_load(&a->refs), !a->uncounted);
}

void asyncing_told(struct asyncing *a, unsigned calls)
{
	EXPECT_EQ(atomic_load(&a->calls), calls);
	EXPECT_EQ(atomic_load(&a->refs), 0);
}

void asyncing_over(const struct asyncing *a)
{
	EXPECT(a->op == NULL);
	EXPECT(!atomic_load(&a->wrong));
	EXPECT_EQ(atomic_load(&a->refs), 0);
	if (!a->uncounted)
		EXPECT_EQ(atomic_load(&a->given),
			  atomic_load(&a->calls) + atomic_load(&a->taken));
}

void asyncing_gives(struct asyncing *a, int result)
{
	EXPECT_EQ(asyncing_call(a), result);
	asyncing_over(a);
}

/* ---- What it waits for ------------------------------------------------------------- */

static void each_side(pp_kind kind, size_t from, async_body *body)
{
	static const size_t capacities[] = { 0, 1, 3 };

	for (size_t i = 0; i < ARRAY_LEN(capacities); i++)
		for (int push = 0; push < 2 && capacities[i] >= from; push++) {
			struct ends e = ends_open(kind, capacities[i]);

			ends_fill(&e, 0, push ? capacities[i] : 0);
			body(&e, push);
			ends_let_go(&e);
		}
}

void for_each_shared(size_t from, async_body *body)
{
	each_side(PP_MPMC, from, body);
}

void for_each_async(size_t from, async_body *body)
{
	each_side(PP_SPSC, from, body);
	each_side(PP_MPMC, from, body);
}

void bring(struct bringing *b, const struct ends *e, bool push)
{
	uint64_t item = BROUGHT;

	b->waits = !push && pp_rx_capacity(e->rx) == 0;
	if (b->waits) {
		asyncing_init(&b->pusher, e, true, BROUGHT);
		EXPECT_EQ(asyncing_call(&b->pusher), -EAGAIN);
		return;
	}
	EXPECT_EQ(push ? pp_try_pull(e->rx, &item) : pp_try_push(e->tx, &item), 0);
	if (push && pp_tx_capacity(e->tx) == 0)
		EXPECT_EQ(item, PUSHED);
}

void brought(struct bringing *b)
{
	if (!b->waits)
		return;
	asyncing_told(&b->pusher, 1);
	asyncing_gives(&b->pusher, 0);
}

void bring_back(struct bringing *b, const struct ends *e, bool push)
{
	uint64_t item = 0;

	if (b->waits) {
		EXPECT_EQ(asyncing_withdraw(&b->pusher), 0);
		asyncing_over(&b->pusher);
		return;
	}
	EXPECT_EQ(push ? pp_try_push(e->tx, &item) : pp_try_pull(e->rx, &item), 0);
}
