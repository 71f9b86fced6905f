/* SPDX-License-Identifier: MIT */
/* Working in place: rings that end while slots are open, and what is counted meanwhile. */
#include "support.h"

SUITE(inplace_ending);

static unsigned drops;
static uint64_t last_dropped;

static void note_drop(void *item, void *context)
{
	(void)context;
	drops++;
	last_dropped = slot_get(item);
}

static struct ends open_with_drop(pp_kind kind, size_t capacity)
{
	drops = 0;
	return ends_open_with(&PP_CONFIG(.kind = kind, .capacity = capacity, .item_size = 8,
					 .drop = note_drop));
}

/* ---- Close ------------------------------------------------------------------------ */

/* PP_MPMC: what was begun before the close comes through; pulls wait for it. */
static void close_keeps_open_pushes(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t item = 99;
	struct call pull;
	void *slot = slot_push(&e);

	ends_fill(&e, 2, capacity - 1);
	EXPECT_EQ(pp_close(e.tx), 0);
	EXPECT_EQ(pp_try_pull(e.rx, &item), -EBUSY); /* not yet the end, nor the next item */
	EXPECT_EQ(pp_pull_until(e.rx, &item, pp_in(PP_MS)), -ETIMEDOUT);
	call_pull(&pull, &e, FOREVER);
	ends_await_parked(&e, 0, 1);
	EXPECT_EQ(slot_commit(&e, slot, 1), 0);
	EXPECT_EQ(call_join(&pull), 0);
	EXPECT_EQ(pull.item, 1);
	ends_drain(&e, 2, capacity - 1);
	EXPECT_EQ(pp_try_pull(e.rx, &item), -EPIPE);
	ends_let_go(&e);
}

Test(inplace_ending, after_close_pulls_wait_for_an_open_push_which_then_comes_through)
{
	for_each_capacity(1, PP_MPMC, close_keeps_open_pushes);
}

static void close_then_abort(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	void *slot = slot_push(&e);
	struct call pull;

	if (kind == PP_MPMC) {
		EXPECT_EQ(pp_close(e.tx), 0);
		call_pull(&pull, &e, FOREVER);
		ends_await_parked(&e, 0, 1);
	}
	EXPECT_EQ(pp_push_abort(e.tx, slot), 0);
	if (kind == PP_MPMC)
		EXPECT_EQ(call_join(&pull), -EPIPE); /* it was the last one */
	EXPECT_EQ(pp_close(e.tx), 0);
	EXPECT_EQ(pp_try_pull(e.rx, &(uint64_t){ 0 }), -EPIPE);
	EXPECT_EQ(pp_tx_depth(e.tx), 0);
	ends_let_go(&e);
}

Test(inplace_ending, a_push_taken_back_after_close_lets_the_pulls_see_the_end)
{
	for_each_ring(1, close_then_abort);
}

/* PP_SPSC: the end of the stream may be reported, and then it is the end. */
static void close_refuses_commit(pp_kind kind, size_t capacity)
{
	struct ends e = open_with_drop(kind, capacity);
	uint64_t item = 99;
	void *slot;
	int r;

	ends_fill(&e, 2, capacity - 1);
	slot = slot_push(&e);
	EXPECT_EQ(pp_close(e.tx), 0);
	ends_drain(&e, 2, capacity - 1);
	r = pp_try_pull(e.rx, &item);
	EXPECT(r == -EPIPE || r == -EBUSY);
	if (r == -EPIPE)
		EXPECT_EQ(slot_commit(&e, slot, 1), -ESHUTDOWN);
	else
		EXPECT_EQ(slot_commit(&e, slot, 1), 0);
	EXPECT_EQ(pp_try_pull(e.rx, &item), r == -EPIPE ? -EPIPE : 0);
	EXPECT_EQ(ends_stats(&e).pushed, capacity - 1 + (r != -EPIPE));
	EXPECT_EQ(pp_push_commit(e.tx, slot), -EINVAL); /* it is closed all the same */
	EXPECT_EQ(pp_tx_depth(e.tx), 0);
	ends_let_go(&e);
	EXPECT_EQ(drops, 0); /* the item stayed the caller's */
}

Test(inplace_ending, once_a_pull_has_seen_the_end_an_spsc_commit_gives_eshutdown)
{
	for_each_capacity(1, PP_SPSC, close_refuses_commit);
}

/* A commit says 0 exactly when the item comes out. */
static void commit_after_close(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t item = 99;
	void *slot = slot_push(&e);
	int r;

	EXPECT_EQ(pp_close(e.tx), 0);
	r = slot_commit(&e, slot, 1);
	EXPECT(r == 0 || (kind == PP_SPSC && r == -ESHUTDOWN));
	EXPECT_EQ(pp_tx_depth(e.tx), r == 0);
	EXPECT_EQ(ends_stats(&e).pushed, r == 0);
	EXPECT_EQ(pp_try_pull(e.rx, &item), r == 0 ? 0 : -EPIPE);
	EXPECT_EQ(item, r == 0 ? 1 : 99);
	EXPECT_EQ(pp_try_pull(e.rx, &item), -EPIPE);
	ends_let_go(&e);
}

Test(inplace_ending, a_commit_after_close_gives_0_exactly_when_the_item_is_pulled)
{
	for_each_ring(1, commit_after_close);
}

static void close_and_open_pull(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	void *slot;

	ends_fill(&e, 4, 1);
	slot = slot_pull(&e);
	EXPECT_EQ(pp_close(e.tx), 0);
	EXPECT_EQ(slot_get(slot), 4);
	EXPECT_EQ(pp_pull_commit(e.rx, slot), 0);
	EXPECT_EQ(pp_try_pull(e.rx, &(uint64_t){ 0 }), -EPIPE);
	ends_let_go(&e);
}

Test(inplace_ending, a_pull_that_is_open_at_close_is_the_callers_until_commit)
{
	for_each_ring(1, close_and_open_pull);
}

/* ---- Cancel ----------------------------------------------------------------------- */

static int cancel_by(struct ends *e, bool let_go)
{
	if (!let_go)
		return pp_cancel(e->rx);
	pp_rx_unref(e->rx);
	e->rx = NULL;
	return 0;
}

/* Whether a commit gives 0 or not, an item is dropped exactly then, and once. */
static void commit_after_cancel(pp_kind kind, size_t capacity, bool let_go)
{
	struct ends e = open_with_drop(kind, capacity);
	void *slot;
	int r;

	ends_fill(&e, 0, capacity - 1);
	slot = slot_push(&e);
	EXPECT_EQ(cancel_by(&e, let_go), 0);
	r = slot_commit(&e, slot, 77);
	EXPECT_EQ(r, kind == PP_SPSC ? -EPIPE : 0);
	if (r == 0 && let_go)
		EXPECT_EQ(last_dropped, 77); /* by then at the latest */
	ends_let_go(&e);
	EXPECT_EQ(drops, capacity - 1 + (r == 0));
}

static void commits_after_cancel(pp_kind kind, size_t capacity)
{
	commit_after_cancel(kind, capacity, false);
	commit_after_cancel(kind, capacity, true);
}

Test(inplace_ending, a_commit_after_cancel_gives_0_exactly_when_the_item_is_dropped)
{
	for_each_ring(1, commits_after_cancel);
}

static void abort_after_cancel(pp_kind kind, size_t capacity, bool let_go)
{
	struct ends e = open_with_drop(kind, capacity);
	size_t behind = kind == PP_MPMC ? capacity - 1 : 0;
	void *slot = slot_push(&e);

	slot_put(slot, 77);
	ends_fill(&e, 0, behind); /* dropped when nothing half-way is before them */
	EXPECT_EQ(cancel_by(&e, let_go), 0);
	EXPECT_EQ(pp_push_abort(e.tx, slot), 0);
	if (let_go)
		EXPECT_EQ(drops, behind);
	ends_let_go(&e);
	EXPECT_EQ(drops, behind);
	EXPECT(!behind || last_dropped == behind - 1);
}

static void aborts_after_cancel(pp_kind kind, size_t capacity)
{
	abort_after_cancel(kind, capacity, false);
	abort_after_cancel(kind, capacity, true);
}

Test(inplace_ending, a_push_taken_back_is_never_dropped_and_those_behind_it_are)
{
	for_each_ring(1, aborts_after_cancel);
}

/* Aborted slots lie between items when the ring is cancelled. */
static void cancel_passes_over(pp_kind kind, size_t capacity)
{
	struct ends e = open_with_drop(kind, capacity);
	unsigned items = 0;

	for (size_t i = 0; i < capacity; i++) {
		if (i % 3 == 1)
			EXPECT_EQ(pp_push_abort(e.tx, slot_push(&e)), 0);
		else
			ends_fill(&e, items++, 1);
	}
	EXPECT_EQ(pp_cancel(e.rx), 0);
	ends_let_go(&e);
	EXPECT_EQ(drops, items);
}

Test(inplace_ending, a_cancel_drops_the_items_and_passes_over_aborted_slots)
{
	for_each_ring(1, cancel_passes_over);
}

static void cancel_and_open_pull(pp_kind kind, size_t capacity)
{
	struct ends e = open_with_drop(kind, capacity);
	void *slot;

	ends_fill(&e, 4, capacity);
	slot = slot_pull(&e);
	EXPECT_EQ(pp_cancel(e.rx), 0);
	EXPECT_EQ(slot_get(slot), 4);
	EXPECT_EQ(pp_pull_commit(e.rx, slot), 0);
	EXPECT_EQ(pp_pull_commit(e.rx, slot), -EINVAL);
	EXPECT_EQ(pp_try_pull(e.rx, &(uint64_t){ 0 }), -ESHUTDOWN);
	EXPECT_EQ(ends_stats(&e).pulled, 1); /* at begin */
	ends_let_go(&e);
	EXPECT_EQ(drops, capacity - 1); /* each but the one that was pulled */
}

Test(inplace_ending, a_pull_commit_gives_0_after_cancel_and_its_item_is_not_dropped)
{
	for_each_ring(1, cancel_and_open_pull);
}

/* Everyone concerned wakes, though the slot that they wait for stays open. */
static void cancel_wakes(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	struct call push, pull;
	void *slot = slot_push(&e);

	call_pull(&pull, &e, FOREVER);
	ends_await_parked(&e, 0, 1);
	if (kind == PP_MPMC) {
		ends_fill(&e, 0, capacity - 1);
		call_push(&push, &e, FOREVER, 5);
		ends_await_parked(&e, 1, 1);
	}
	EXPECT_EQ(pp_cancel(e.rx), 0);
	EXPECT_EQ(call_join(&pull), -ESHUTDOWN);
	if (kind == PP_MPMC)
		EXPECT_EQ(call_join(&push), -EPIPE);
	EXPECT_EQ(pp_push_abort(e.tx, slot), 0);
	ends_let_go(&e);
}

Test(inplace_ending, a_cancel_wakes_those_who_wait_for_an_open_slot)
{
	for_each_ring(1, cancel_wakes);
}

/* ---- Counting --------------------------------------------------------------------- */

static void expect_counts(const struct ends *e, size_t depth, uint64_t pushed, uint64_t pulled)
{
	pp_stats s = ends_stats(e);

	EXPECT_EQ(pp_tx_depth(e->tx), depth);
	EXPECT_EQ(pp_rx_depth(e->rx), depth);
	EXPECT_EQ(s.depth, depth);
	EXPECT_EQ(s.pushed, pushed);
	EXPECT_EQ(s.pulled, pulled);
	EXPECT_EQ(s.dropped, 0);
	EXPECT(s.depth_max >= depth);
}

static void counted(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	void *push, *pull;

	expect_counts(&e, 0, 0, 0);
	push = slot_push(&e);
	expect_counts(&e, 1, 0, 0); /* an open slot is occupied; an item it is not yet */
	EXPECT_EQ(slot_commit(&e, push, 1), 0);
	expect_counts(&e, 1, 1, 0);
	pull = slot_pull(&e);
	expect_counts(&e, 1, 1, 1); /* taken at begin; occupied until commit */
	push = slot_push(&e);
	expect_counts(&e, 2, 1, 1);
	EXPECT_EQ(pp_pull_commit(e.rx, pull), 0);
	expect_counts(&e, 1, 1, 1);
	EXPECT_EQ(pp_push_abort(e.tx, push), 0);
	expect_counts(&e, 0, 1, 1); /* pushed counts items only */
	ends_fill(&e, 2, 1);
	EXPECT_EQ(pp_push_abort(e.tx, slot_push(&e)), 0);
	expect_counts(&e, 2, 2, 1); /* an aborted slot behind an item is occupied */
	ends_drain(&e, 2, 1);
	expect_counts(&e, 0, 2, 2);
	ends_let_go(&e);
}

Test(inplace_ending, depth_counts_open_and_aborted_slots_and_pushed_only_items)
{
	for_each_ring(2, counted);
}

static void tracked(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open_with(&PP_CONFIG(.kind = kind, .capacity = capacity,
						  .item_size = 8, .flags = PP_TRACK_DEPTH));

	ends_fill(&e, 0, 1);
	EXPECT_EQ(pp_push_abort(e.tx, slot_push(&e)), 0);
	ends_drain(&e, 0, 1);
	EXPECT_EQ(pp_tx_depth(e.tx), 0);
	EXPECT_EQ(ends_stats(&e).depth_max, 2); /* exact without concurrency */
	for (size_t i = 0; i < 3 * capacity; i++) {
		EXPECT_EQ(push_in_place_forms[TRY].run(&e, &(uint64_t){ i }, 1, 0), 0);
		ends_drain(&e, i, 1);
	}
	EXPECT_EQ(ends_stats(&e).depth_max, 2);
	ends_let_go(&e);
}

Test(inplace_ending, with_track_depth_the_high_water_mark_is_exact_with_slots_too)
{
	for_each_ring(2, tracked);
}

/*
 * The k-th pull comes before the end of push k + capacity, aborted slots among the k: a pusher
 * that comes to the slot again has seen what the puller did before that pull.  It writes what the
 * pusher reads, and neither is atomic.
 */
static int before_pull;

/* What it found, once its push is through. */
static ssize_t push_and_read(const struct ends *e, uint64_t *items, size_t n, pp_time deadline)
{
	int r = pp_push(e->tx, items);

	(void)n;
	(void)deadline;
	return r ? r : before_pull;
}

static const struct form push_and_read_form = { "push", FOREVER, 1, push_and_read };

static void kth_pull(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	struct call push = { .form = &push_and_read_form, .ends = e, .item = 9, .n = 1 };

	before_pull = 0;
	ends_fill(&e, 0, 1);
	for (size_t i = 1; i < capacity; i++)
		EXPECT_EQ(pp_push_abort(e.tx, slot_push(&e)), 0);
	call_start(&push); /* push 1 + capacity */
	ends_await_parked(&e, 1, 0);
	EXPECT(!atomic_load(&push.returned));
	before_pull = 1;
	ends_drain(&e, 0, 1);
	EXPECT_EQ(call_join(&push), 1);
	ends_drain(&e, 9, 1);
	ends_let_go(&e);
}

Test(inplace_ending, a_push_a_lap_later_ends_after_the_pull_aborted_slots_counted)
{
	for_each_ring(1, kth_pull);
}

/* The same all the time: every third push is taken back, and neither thread waits for the other
 * but by the ring.  A cell is written again only after a push that follows its reading. */
struct laps {
	struct ends e;
	size_t      capacity;
	uint64_t    cells[12];
	size_t      count; /* of cells: capacity + 3 */
	unsigned    stale;
};

#define LAPS_PUSHES 20001

static bool is_taken_back(uint64_t k)
{
	return k % 3 == 1;
}

static void *push_or_take_back(void *arg)
{
	struct laps *l = arg;
	void *slot;

	for (uint64_t k = 0; k < LAPS_PUSHES; k++) {
		uint64_t pulled = k - l->capacity;

		if (is_taken_back(k)) {
			if (pp_push_begin(l->e.tx, &slot) != 0 || pp_push_abort(l->e.tx, slot) != 0)
				break;
		} else if (pp_push(l->e.tx, &k) != 0) {
			break;
		} else if (k >= l->capacity && !is_taken_back(pulled)) {
			l->stale += l->cells[pulled % l->count] != pulled + 1;
		}
	}
	pp_close(l->e.tx);
	return NULL;
}

static void laps_with_aborts(pp_kind kind, size_t capacity)
{
	struct laps l = { .e = ends_open(kind, capacity), .capacity = capacity,
			  .count = capacity + 3 };
	pthread_t thread;
	uint64_t k, got = 0;

	EXPECT_EQ(pthread_create(&thread, NULL, push_or_take_back, &l), 0);
	for (k = 0;; k++) {
		if (is_taken_back(k))
			continue;
		l.cells[k % l.count] = k + 1;
		if (pp_pull(l.e.rx, &got) != 0)
			break;
		EXPECT_EQ(got, k);
	}
	EXPECT_EQ(k, LAPS_PUSHES);
	pthread_join(thread, NULL);
	EXPECT_EQ(l.stale, 0);
	ends_let_go(&l.e);
}

Test(inplace_ending, so_does_every_push_of_a_stream_in_which_slots_are_aborted)
{
	for (size_t capacity = 1; capacity < 8; capacity++)
		for_each_kind(capacity, laps_with_aborts);
}
