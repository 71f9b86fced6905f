/* SPDX-License-Identifier: MIT */
/*
 * Counters that wrap after years, started shortly before.  Positions by the test hook; the words of
 * an eventcount are written right after opening, before anybody uses the ring.
 */
#include "edge.h"

#include "channel.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>

static const size_t capacities[] = { 1, 2, 3, 7, 64 };

/* Small rings of PP_SPSC have marks in their slots, large ones do without. */
static void with_and_without_marks(void (*run)(void))
{
	uint64_t most = pp_test_most_marked;

	run();
	pp_test_most_marked = 0;
	run();
	pp_test_most_marked = most;
}

/* ---- Positions ------------------------------------------------------------------------------- */

static void some_streams(void)
{
	struct stream s = { .pushers = 2, .pullers = 2, .items = 700 };

	for (pp_test_start_before_wrap = 1; pp_test_start_before_wrap <= 4;
	     pp_test_start_before_wrap++)
		stream_run_everywhere(s);
	s.items = edge_is_long() ? 100000 : 2000;
	s.spin_ns = PP_SPIN_NONE;
	pp_test_start_before_wrap = 20;
	stream_run_everywhere(s);
}

static void streams_over_the_wrap(void)
{
	with_and_without_marks(some_streams);
}

static void count_drop(void *item, void *context)
{
	uint64_t number;

	memcpy(&number, item, sizeof(number));
	CHECK(number == *(uint64_t *)context, "dropped out of order");
	++*(uint64_t *)context;
}

/* Ends when `n` items have been pushed and `rest` of them are left. */
static void end_there(pp_kind kind, size_t capacity, uint64_t n, uint64_t rest, bool cancel)
{
	uint64_t pushed, pulled = 0, item;
	pp_config config = PP_CONFIG(.kind = kind, .capacity = capacity, .item_size = sizeof(item),
	                             .drop = count_drop, .drop_context = &pulled);
	pp_tx *tx;
	pp_rx *rx;

	CHECK(pp_open_with(&tx, &rx, &config) == 0, "open");
	for (pushed = 0; pushed < n; pushed++) {
		if (pushed - pulled == capacity) {
			CHECK(pp_try_push(tx, &pushed) == -EAGAIN, "it is full");
			CHECK(pp_try_pull(rx, &item) == 0 && item == pulled++, "pull");
		}
		if (pushed == pulled)
			CHECK(pp_try_pull(rx, &item) == -EAGAIN, "it is empty");
		CHECK(pp_try_push(tx, &pushed) == 0, "push");
		while (pushed + 1 - pulled > rest)
			CHECK(pp_try_pull(rx, &item) == 0 && item == pulled++, "pull");
	}
	if (cancel) {
		CHECK(pp_cancel(rx) == 0 && pulled == n, "%d of %d are gone", (int)pulled, (int)n);
		CHECK(pp_pull(rx, &item) == -ESHUTDOWN && pp_push(tx, &item) == -EPIPE, "cancelled");
	} else {
		CHECK(pp_close(tx) == 0 && pp_push(tx, &item) == -ESHUTDOWN, "closed");
		while (pulled < n)
			CHECK(pp_pull(rx, &item) == 0 && item == pulled++, "drained");
		CHECK(pp_pull(rx, &item) == -EPIPE, "the end");
	}
	CHECK(pp_rx_depth(rx) == 0, "depth");
	edge_let_go(tx, rx);
}

/* On both sides of the wrap and right at it: the position of an end is what wraps. */
static void ends_around(pp_kind kind, size_t capacity, uint64_t before)
{
	uint64_t wrap = kind == PP_SPSC ? before : before * capacity;

	pp_test_start_before_wrap = before;
	for (uint64_t n = wrap > 2 ? wrap - 2 : 0; n <= wrap + 2; n++)
		for (uint64_t rest = 0; rest <= capacity && rest <= 3; rest++) {
			end_there(kind, capacity, n, rest, false);
			end_there(kind, capacity, n, rest, true);
		}
}

static void all_ends(void)
{
	for (size_t i = 0; i < ARRAY_LEN(capacities); i++)
		for (uint64_t before = 1; before <= 4; before++) {
			ends_around(PP_SPSC, capacities[i], before);
			ends_around(PP_MPMC, capacities[i], before);
		}
}

static void ends_at_the_wrap(void)
{
	with_and_without_marks(all_ends);
}

static void pull_next(pp_rx *rx, uint64_t *pulled)
{
	uint64_t item;

	CHECK(pp_try_pull(rx, &item) == 0 && item == *pulled, "not item %d", (int)*pulled);
	++*pulled;
}

/* Open pushes are taken back at the wrap, two behind `rest` items or a whole lap of them; what lies
 * around them stays in order, and their slots count until all before them is pulled. */
static void abort_there(pp_kind kind, size_t capacity, uint64_t at, uint64_t rest)
{
	uint64_t n = rest ? 2 : capacity, pushed = 0, pulled = 0, item;
	pp_tx *tx;
	pp_rx *rx;
	void *slot;

	edge_open(&tx, &rx, kind, capacity);
	for (uint64_t i = 0; i < at + n + capacity + 2; i++) {
		CHECK(pp_try_push_begin(tx, &slot) == 0, "begin");
		memcpy(slot, &pushed, sizeof(pushed));
		if (i >= at && i < at + n) {
			uint64_t depth = pushed == pulled ? 0 : pushed - pulled + i - at + 1;

			CHECK(pp_push_abort(tx, slot) == 0, "abort");
			CHECK(pp_rx_depth(rx) == depth, "depth %d", (int)pp_rx_depth(rx));
			continue;
		}
		CHECK(pp_push_commit(tx, slot) == 0 && ++pushed, "commit");
		while (pushed - pulled > rest)
			pull_next(rx, &pulled);
		CHECK(rest || pp_try_pull(rx, &item) == -EAGAIN, "an item too many");
	}
	while (pulled < pushed)
		pull_next(rx, &pulled);
	CHECK(pp_try_pull(rx, &item) == -EAGAIN && pp_rx_depth(rx) == 0, "the end");
	edge_let_go(tx, rx);
}

static void all_aborts(void)
{
	for (size_t i = 0; i < ARRAY_LEN(capacities); i++)
		for (uint64_t before = 1; before <= 3; before++) {
			pp_test_start_before_wrap = before;
			for (uint64_t at = 0; at <= before * capacities[i]; at++)
				for (uint64_t rest = 0; !rest || (rest < 3 && rest + 3 <= capacities[i]); rest++) {
					abort_there(PP_SPSC, capacities[i], at, rest);
					abort_there(PP_MPMC, capacities[i], at, rest);
				}
		}
}

static void aborts_at_the_wrap(void)
{
	with_and_without_marks(all_aborts);
}

/* ---- The words of an eventcount -------------------------------------------------------------- */

static struct pp_eventcount *sleepers_of(pp_rx *rx, enum meet_role role)
{
	return pp_sleep_at(&rx->end, role);
}

static uint32_t count_of(struct pp_eventcount *ec)
{
	return (uint32_t)((pp_load(&ec->state) & EC_LOW) / EC_ONE);
}

/* Every wake takes the epoch and the bell one further; both wrap a few wakes from now. */
static void late_words(pp_tx *tx, pp_rx *rx)
{
	(void)tx;
	if (!rx->end.block)
		return; /* capacity 0 has none */
	for (int role = 0; role < 2; role++) {
		struct pp_eventcount *ec = sleepers_of(rx, (enum meet_role)role);

		pp_store(&ec->state, (uint64_t)(UINT32_MAX - 7) << 32);
		pp_store(&ec->bell, UINT32_MAX - 11);
	}
}

static void epoch_and_bell_wrap(void)
{
	struct stream s = { .pushers = 3, .pullers = 3, .items = 1500, .spin_ns = PP_SPIN_NONE,
	                    .opened = late_words };

	stream_run_everywhere(s);
	s.call = STREAM_UNTIL;
	stream_run_everywhere(s);
}

/* Freeze a puller right before it enters the kernel; turn the bell by `turns` as so many wakes
 * would, the last of which was for it. */
static atomic_bool at_the_door, go_in;

static void hold_at_the_door(enum pp_stall_point point)
{
	if (point != PP_AT_wait_sleeping)
		return;
	atomic_store(&at_the_door, true);
	AWAIT(atomic_load(&go_in));
}

static void *pull_one(void *rx)
{
	uint64_t item;

	CHECK(pp_pull(rx, &item) == 0 && item == 5, "pull");
	return NULL;
}

static void turn_bell(pp_kind kind, uint32_t turns)
{
	struct pp_eventcount *ec;
	uint64_t item = 5;
	pthread_t thread;
	pp_tx *tx;
	pp_rx *rx;

	edge_open(&tx, &rx, kind, 1);
	ec = sleepers_of(rx, MEET_PULL);
	atomic_store(&at_the_door, false);
	atomic_store(&go_in, false);
	pp_test_stall_hook = hold_at_the_door;
	CHECK(pthread_create(&thread, NULL, pull_one, rx) == 0, "no thread");
	AWAIT(atomic_load(&at_the_door));
	CHECK(count_of(ec) == 1, "not announced");
	CHECK(pp_push(tx, &item) == 0, "push"); /* rings once */
	CHECK(count_of(ec) == 0, "not claimed");
	pp_fetch_add(&ec->bell, turns - 1);
	pp_test_stall_hook = NULL;
	atomic_store(&go_in, true);
	pthread_join(thread, NULL); /* or it sleeps beside the item */
	edge_let_go(tx, rx);
}

static void a_bell_that_turned_is_noticed(void)
{
	static const uint32_t turns[] = { 1, 2, 1u << 31, UINT32_MAX - 1, UINT32_MAX };

	for (size_t i = 0; i < ARRAY_LEN(turns); i++) {
		turn_bell(PP_SPSC, turns[i]);
		turn_bell(PP_MPMC, turns[i]);
	}
}

/* ---- The count of sleepers ------------------------------------------------------------------- */

static struct pp_eventcount *open_with_count(pp_tx **tx, pp_rx **rx, uint64_t count)
{
	struct pp_eventcount *ec;

	edge_open(tx, rx, PP_MPMC, 4);
	ec = sleepers_of(*rx, MEET_PULL);
	pp_store(&ec->state, count * EC_ONE);
	return ec;
}

/* Waiters that leave by their deadline when a claim has come between leave their counts behind, and
 * no claim of one item takes back more than one. */
static void counts_do_not_add_up(void)
{
	struct pp_eventcount *ec;
	uint64_t item = 1;
	pp_tx *tx;
	pp_rx *rx;

	ec = open_with_count(&tx, &rx, EC_LEFT + 1);
	CHECK(pp_push(tx, &item) == 0, "push");
	CHECK(count_of(ec) == 0, "%u counts are left", count_of(ec));
	edge_let_go(tx, rx);
}

static void the_count_does_not_overflow(void)
{
	struct blocked b[2];
	uint64_t item = 1;
	pp_tx *tx;
	pp_rx *rx;

	open_with_count(&tx, &rx, EC_LOW / EC_ONE);
	CHECK(pp_push(tx, &item) == 0 && pp_pull(rx, &item) == 0, "an item");
	blocked_pull(&b[0], tx, rx, PP_FOREVER, 0);
	blocked_pull(&b[1], tx, rx, PP_FOREVER, 1);
	CHECK(pp_push(tx, &item) == 0, "push");
	AWAIT(pp_rx_depth(rx) == 0); /* or both sleep beside the item */
	CHECK(pp_close(tx) == 0, "close");
	CHECK(blocked_join(&b[0]) + blocked_join(&b[1]) == -EPIPE, "one item, one end");
	edge_let_go(tx, rx);
}

struct impatient {
	pp_rx *rx;
	atomic_bool stop;
	atomic_ullong pulled;
};

static void *pull_impatiently(void *arg)
{
	struct impatient *all = arg;
	uint64_t item;

	while (!atomic_load(&all->stop))
		if (pp_pull_until(all->rx, &item, pp_in(PP_MS)) == 0)
			atomic_fetch_add(&all->pulled, 1);
	return NULL;
}

/* Nothing is lost meanwhile, and the counts do not add up. */
static void impatient_pullers(void)
{
	enum { THREADS = 16, ITEMS = 200 };
	struct impatient all = { .stop = false };
	pthread_t threads[THREADS];
	uint64_t i;
	pp_tx *tx;

	CHECK(pp_open_with(&tx, &all.rx, &PP_CONFIG(.kind = PP_MPMC, .capacity = 8,
		.item_size = sizeof(i), .spin_ns = PP_SPIN_NONE)) == 0, "open");
	for (i = 0; i < THREADS; i++)
		CHECK(pthread_create(&threads[i], NULL, pull_impatiently, &all) == 0, "no thread");
	for (i = 0; i < ITEMS; i++) {
		CHECK(pp_push(tx, &i) == 0, "push");
		nap_us(1000);
	}
	AWAIT(atomic_load(&all.pulled) == ITEMS);
	atomic_store(&all.stop, true);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	edge_note("%d pullers that gave up after 1 ms, %d items: %u counts left behind", THREADS, ITEMS,
	          count_of(sleepers_of(all.rx, MEET_PULL)));
	CHECK(pp_push(tx, &i) == 0, "push"); /* finds nobody, and a count that is not true */
	CHECK(count_of(sleepers_of(all.rx, MEET_PULL)) <= EC_LEFT, "they add up");
	edge_let_go(tx, all.rx);
}

/* ---- References ------------------------------------------------------------------------------ */

static void references_end_at_int32_max(void)
{
	pp_tx *tx;
	pp_rx *rx;

	edge_open(&tx, &rx, PP_SPSC, 1);
	pp_store(&tx->side.refs, INT32_MAX - 1);
	CHECK(pp_tx_ref(tx) == 0 && pp_tx_ref(tx) == -EOVERFLOW, "one too many");
	pp_store(&tx->side.refs, 1);
	edge_let_go(tx, rx);
}

int main(int argc, char **argv)
{
	static const struct edge edges[] = {
		{ "positions-streams-over-the-wrap", streams_over_the_wrap, EDGE_QUICK },
		{ "positions-ends-at-the-wrap", ends_at_the_wrap, EDGE_QUICK },
		{ "positions-aborts-at-the-wrap", aborts_at_the_wrap, EDGE_QUICK },
		{ "epoch-and-bell-wrap", epoch_and_bell_wrap, EDGE_QUICK },
		{ "bell-that-turned-is-noticed", a_bell_that_turned_is_noticed, EDGE_QUICK },
		{ "sleepers-impatient-pullers", impatient_pullers, EDGE_QUICK },
		{ "sleepers-counts-do-not-add-up", counts_do_not_add_up, EDGE_QUICK },
		{ "sleepers-no-overflow", the_count_does_not_overflow, EDGE_QUICK },
		{ "references-end-at-int32-max", references_end_at_int32_max, EDGE_QUICK },
	};

	return edges_main(argc, argv, edges, ARRAY_LEN(edges));
}
