/* SPDX-License-Identifier: MIT */
/* What becomes of an item: pulled once or dropped once, and never both. */
#include "selecting.h"

#include <pushpull/async.h>

#include <string.h>

SUITE(drop);

#define ITEMS 70000

struct heap {
	atomic_uchar dropped[ITEMS];
	atomic_uint  count;
	struct ends  ends; /* for the callbacks that call back */
	atomic_uint  inner; /* how many of those have run    */
};

static struct heap heap;

static void count_drop(void *item, void *context)
{
	struct heap *h = context;
	uint64_t i;

	__builtin_memcpy(&i, item, sizeof(i));
	atomic_fetch_add(&h->dropped[i % ITEMS], 1);
	atomic_fetch_add(&h->count, 1);
}

static struct ends open_dropping(pp_kind kind, size_t capacity, void (*drop)(void *, void *))
{
	struct ends e = ends_open_with(&PP_CONFIG(.kind = kind, .capacity = capacity,
						  .item_size = sizeof(uint64_t), .drop = drop,
						  .drop_context = &heap));

	__builtin_memset(&heap, 0, sizeof(heap));
	heap.ends = e;
	return e;
}

static void expect_dropped(size_t from, size_t to)
{
	EXPECT_EQ(atomic_load(&heap.count), to - from);
	for (size_t i = from; i < to; i++)
		EXPECT_EQ(atomic_load(&heap.dropped[i]), 1);
}

/* Everything that was pushed and not pulled is dropped when the pull end goes. */
static void left_behind(pp_kind kind, size_t capacity, size_t pulled, void (*first)(struct ends *e))
{
	struct ends e = open_dropping(kind, capacity, count_drop);

	ends_fill(&e, 0, capacity);
	ends_drain(&e, 0, pulled);
	if (first)
		first(&e);
	pp_rx_unref(e.rx);
	expect_dropped(pulled, capacity);
	pp_tx_unref(e.tx); /* NULL where it went first */
	expect_dropped(pulled, capacity);
}

static void cancels(struct ends *e)
{
	EXPECT_EQ(pp_cancel(e->rx), 0);
}

static void closes(struct ends *e)
{
	pp_tx_unref(e->tx);
	e->tx = NULL;
	EXPECT_EQ(atomic_load(&heap.count), 0); /* closed: still to be pulled */
}

static void cancelled(pp_kind kind, size_t capacity)
{
	left_behind(kind, capacity, capacity / 2, cancels);
}

Test(drop, what_a_cancel_leaves_behind_is_dropped_once_by_the_last_unref_at_the_latest)
{
	for_each_ring(0, cancelled);
}

static void let_go(pp_kind kind, size_t capacity)
{
	left_behind(kind, capacity, 0, NULL);
}

Test(drop, letting_go_of_the_last_pull_end_drops_what_is_left)
{
	for_each_ring(0, let_go);
}

static void closed_first(pp_kind kind, size_t capacity)
{
	left_behind(kind, capacity, 0, closes);
}

Test(drop, items_of_a_closed_ring_are_dropped_only_when_the_pull_end_goes)
{
	for_each_ring(0, closed_first);
}

static void refused(pp_kind kind, size_t capacity)
{
	struct ends e = open_dropping(kind, capacity, count_drop);

	ends_fill(&e, 0, capacity);
	EXPECT(pp_try_push(e.tx, &(uint64_t){ ITEMS - 1 }) < 0);
	EXPECT_EQ(pp_push_until(e.tx, &(uint64_t){ ITEMS - 1 }, pp_in(PP_MS)), -ETIMEDOUT);
	EXPECT_EQ(pp_cancel(e.rx), 0);
	for (size_t i = 0; i < ARRAY_LEN(push_forms); i++)
		EXPECT_EQ(form_push(&push_forms[i], &e, ITEMS - 1), -EPIPE);
	EXPECT_EQ(pp_close(e.tx), 0);
	EXPECT_EQ(form_push(&push_forms[SINGLE], &e, ITEMS - 1), -ESHUTDOWN);
	ends_let_go(&e);
	expect_dropped(0, capacity);
	EXPECT_EQ(atomic_load(&heap.dropped[ITEMS - 1]), 0);
}

Test(drop, a_push_that_failed_never_passes_its_item_to_drop)
{
	for (size_t capacity = 0; capacity <= 17; capacity++)
		for_each_kind(capacity, refused);
}

static void asleep(pp_kind kind, size_t capacity)
{
	struct ends e = open_dropping(kind, capacity, count_drop);
	struct call push;

	ends_fill(&e, 0, capacity);
	call_push(&push, &e, FOREVER, ITEMS - 1);
	ends_await_parked(&e, 1, 0);
	EXPECT_EQ(pp_cancel(e.rx), 0);
	EXPECT_EQ(call_join(&push), -EPIPE);
	ends_let_go(&e);
	expect_dropped(0, capacity);
}

Test(drop, a_sleeping_pusher_keeps_its_item_when_the_ring_is_cancelled)
{
	for_each_ring(0, asleep);
}

static void without_drop(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);

	ends_fill(&e, 0, capacity);
	EXPECT_EQ(pp_cancel(e.rx), 0);
	ends_let_go(&e);
}

Test(drop, a_ring_without_drop_forgets_what_is_left)
{
	for_each_ring(0, without_drop);
}

/* ---- Racing with cancel ----------------------------------------------------- */

struct racer {
	struct ends e;
	uint64_t    pushed; /* items 0 .. pushed - 1 were accepted */
	uint64_t    pulled;
};

static void *push_until_refused(void *arg)
{
	struct racer *r = arg;

	while (r->pushed < ITEMS && pp_push(r->e.tx, &r->pushed) == 0)
		r->pushed++;
	return NULL;
}

static void *pull_until_refused(void *arg)
{
	struct racer *r = arg;
	uint64_t item;

	for (; pp_pull(r->e.rx, &item) == 0; r->pulled++)
		count_drop(&item, &heap);
	return NULL;
}

static void race(pp_kind kind, size_t capacity)
{
	struct ends e = open_dropping(kind, capacity, count_drop);
	struct racer r = { .e = e };
	pthread_t pusher, puller;

	EXPECT_EQ(pp_rx_ref(e.rx), 0); /* for the puller */
	EXPECT_EQ(pthread_create(&pusher, NULL, push_until_refused, &r), 0);
	EXPECT_EQ(pthread_create(&puller, NULL, pull_until_refused, &r), 0);
	AWAIT(ends_stats(&e).pushed >= 10);
	EXPECT_EQ(pp_cancel(e.rx), 0);
	pthread_join(pusher, NULL);
	pthread_join(puller, NULL);
	pp_rx_unref(e.rx);
	ends_let_go(&e);
	/* Pulled or dropped, once, and nothing that was refused. */
	expect_dropped(0, r.pushed);
}

Test(drop, racing_with_cancel_every_accepted_item_is_pulled_or_dropped_once)
{
	for (int round = 0; round < 50; round++)
		for (size_t capacity = 0; capacity < 4; capacity++)
			for_each_kind(capacity, race);
}

/* ---- A drop that calls back --------------------------------------------------- */

static void never_ready(void *context)
{
	(void)context;
	EXPECT(!"an operation on a ring that has ended waits");
}

static void push_everyhow(const struct ends *e, int gives)
{
	pp_async op = PP_ASYNC(.ready = never_ready);
	void *slot = &slot;
	uint64_t item = 1;

	for (size_t i = 0; i < ARRAY_LEN(push_forms); i++)
		EXPECT_EQ(form_push(&push_forms[i], e, item), gives);
	EXPECT_EQ(form_push(&push_select_forms[TRY], e, item), gives);
	EXPECT_EQ(pp_try_push_begin(e->tx, &slot), gives);
	EXPECT(slot == NULL);
	EXPECT_EQ(pp_push_async(e->tx, &item, &op), gives);
	EXPECT(pp_tx_fd(e->tx) >= 0);
	EXPECT_EQ(pp_tx_arm(e->tx), 1); /* to hear of the end */
}

static void pull_everyhow(const struct ends *e)
{
	pp_async op = PP_ASYNC(.ready = never_ready);
	void *slot = &slot;
	uint64_t item = 1;

	for (size_t i = 0; i < ARRAY_LEN(pull_forms); i++)
		EXPECT_EQ(form_pull(&pull_forms[i], e, &item), -ESHUTDOWN);
	EXPECT_EQ(form_pull(&pull_select_forms[TRY], e, &item), -ESHUTDOWN);
	EXPECT_EQ(pp_try_pull_begin(e->rx, &slot), -ESHUTDOWN);
	EXPECT(slot == NULL);
	EXPECT_EQ(pp_pull_async(e->rx, &item, &op), -ESHUTDOWN);
	EXPECT_EQ(item, 1);
	EXPECT(pp_rx_fd(e->rx) >= 0);
	EXPECT_EQ(pp_rx_arm(e->rx), 1);
}

static void add_up(void *item, void *context)
{
	*(uint64_t *)context += slot_get(item);
}

/* Opened, used and freed; what is left in it is dropped, by a drop within the drop. */
static void use_another_ring(const struct ends *e)
{
	size_t capacity = pp_tx_capacity(e->tx);
	uint64_t sum = 0;
	struct ends other = ends_open_with(&PP_CONFIG(.kind = pp_tx_kind(e->tx),
						      .capacity = capacity, .item_size = 8,
						      .drop = add_up, .drop_context = &sum));

	ends_fill(&other, 1, capacity);
	ends_drain(&other, 1, capacity - 1);
	ends_let_go(&other);
	EXPECT_EQ(sum, capacity);
}

static void call_everything(void *item, void *context)
{
	struct heap *h = context;
	pp_stats stats = { .size = sizeof(stats) };
	int gives = atomic_load(&h->inner) ? -ESHUTDOWN : -EPIPE; /* the first of them closes */

	push_everyhow(&h->ends, gives);
	pull_everyhow(&h->ends);
	EXPECT_EQ(pp_cancel(h->ends.rx), 0);
	EXPECT_EQ(pp_close(h->ends.tx), 0);
	push_everyhow(&h->ends, -ESHUTDOWN);
	pull_everyhow(&h->ends);
	EXPECT_EQ(pp_tx_stats(h->ends.tx, &stats), 0);
	EXPECT_EQ(stats.cancelled, 1);
	EXPECT_EQ(stats.closed, 1);
	EXPECT(strstr(dumped(), " closed cancelled\n"));
	EXPECT_EQ(pp_tx_ref(h->ends.tx), 0);
	pp_tx_unref(h->ends.tx);
	use_another_ring(&h->ends);
	atomic_fetch_add(&h->inner, 1);
	count_drop(item, context);
}

static void cancel_full(pp_kind kind, size_t capacity, void (*drop)(void *, void *))
{
	struct ends e = open_dropping(kind, capacity, drop);

	ends_fill(&e, 0, capacity);
	EXPECT_EQ(pp_cancel(e.rx), 0);
	ends_let_go(&e);
	expect_dropped(0, capacity);
}

static void calls_back(pp_kind kind, size_t capacity)
{
	cancel_full(kind, capacity, call_everything);
	EXPECT_EQ(atomic_load(&heap.inner), capacity);
}

Test(drop, drop_may_call_any_function_on_its_own_ring)
{
	for (size_t capacity = 1; capacity <= 17; capacity++)
		for_each_kind(capacity, calls_back);
}

static void let_go_of_all(void *item, void *context)
{
	struct heap *h = context;

	if (atomic_fetch_add(&h->inner, 1) == 0)
		pp_tx_unref(h->ends.tx); /* the last push end */
	count_drop(item, context);
}

static void frees_from_drop(pp_kind kind, size_t capacity)
{
	struct ends e = open_dropping(kind, capacity, let_go_of_all);

	ends_fill(&e, 0, capacity);
	pp_rx_unref(e.rx); /* the last pull end: drops, and a drop lets the push end go */
	expect_dropped(0, capacity);
}

Test(drop, drop_may_let_go_of_the_last_push_end)
{
	for (size_t capacity = 1; capacity <= 17; capacity++)
		for_each_kind(capacity, frees_from_drop);
}

static void let_go_of_both(void *item, void *context)
{
	struct heap *h = context;

	count_drop(item, context);
	if (atomic_fetch_add(&h->inner, 1) == 0)
		ends_let_go(&h->ends);
}

/* The ring lasts until cancel is through with it, though nobody owns it any more. */
static void frees_from_cancel(pp_kind kind, size_t capacity)
{
	struct ends e = open_dropping(kind, capacity, let_go_of_both);

	ends_fill(&e, 0, capacity);
	EXPECT_EQ(pp_cancel(e.rx), 0);
	expect_dropped(0, capacity);
}

Test(drop, drop_may_let_go_of_every_end_while_cancel_is_under_way)
{
	for (size_t capacity = 1; capacity <= 17; capacity++)
		for_each_kind(capacity, frees_from_cancel);
}

static void let_go_of_pull_end(void *item, void *context)
{
	struct heap *h = context;

	if (atomic_fetch_add(&h->inner, 1) == 0)
		pp_rx_unref(h->ends.rx); /* the second reference, still there */
	count_drop(item, context);
}

static void unref_from_drop(pp_kind kind, size_t capacity)
{
	struct ends e = open_dropping(kind, capacity, let_go_of_pull_end);

	EXPECT_EQ(pp_rx_ref(e.rx), 0);
	ends_fill(&e, 0, capacity);
	EXPECT_EQ(pp_cancel(e.rx), 0);
	if (atomic_fetch_add(&heap.inner, 1) == 0)
		pp_rx_unref(e.rx); /* legal: cancel left the dropping to the last unref */
	pp_rx_unref(e.rx);
	pp_tx_unref(e.tx);
	expect_dropped(0, capacity);
}

Test(drop, drop_may_let_go_of_a_pull_end)
{
	for (size_t capacity = 1; capacity <= 17; capacity++)
		for_each_kind(capacity, unref_from_drop);
}

static ssize_t use_cancelled(const struct ends *e, uint64_t *items, size_t n, pp_time deadline)
{
	pp_stats stats = { .size = sizeof(stats) };
	ssize_t wrong = 0;

	wrong += pp_push(e->tx, items) != -EPIPE;
	wrong += pp_push_n_until(e->tx, items, n, deadline) != -EPIPE;
	wrong += pp_pull(e->rx, items) != -ESHUTDOWN;
	wrong += pp_tx_ref(e->tx) != 0;
	wrong += pp_rx_ref(e->rx) != 0;
	wrong += pp_cancel(e->rx) != 0;
	wrong += pp_rx_stats(e->rx, &stats) != 0;
	pp_tx_unref(e->tx);
	pp_rx_unref(e->rx);
	return wrong;
}

static const struct form use_form = { "use", FOREVER, 0, use_cancelled };

/* A drop that waits for another thread's calls on the same ring would hang on a lock. */
static void wait_for_others(void *item, void *context)
{
	struct heap *h = context;
	struct call use = { .form = &use_form, .ends = h->ends, .n = 1 };

	count_drop(item, context);
	call_start(&use);
	EXPECT_EQ(call_join(&use), 0);
}

static void no_lock(pp_kind kind, size_t capacity)
{
	cancel_full(kind, capacity, wait_for_others);
}

Test(drop, drop_runs_with_no_lock_held)
{
	for (size_t capacity = 1; capacity <= 17; capacity++)
		for_each_kind(capacity, no_lock);
}
