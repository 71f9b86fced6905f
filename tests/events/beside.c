/* SPDX-License-Identifier: MIT */
/*
 * The descriptor of an end beside threads that are blocked on the ring, and beside slots that
 * are open: what is ready then, and who is told.
 */
#include "probe.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

/* Waits without a limit of its own: a descriptor that stays silent is a hang, with stacks. */
static void await_readable(int fd)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };

	CHECK(poll(&wait, 1, -1) == 1 && wait.revents == POLLIN, "%x", wait.revents);
}

/* ---- Beside blocked threads --------------------------------------------------------------- */

struct blocked {
	struct ring *ring;
	int result;
	pthread_t thread;
};

static void *block_in_pull(void *blocked)
{
	struct blocked *b = blocked;
	int item;

	b->result = pp_pull(b->ring->rx, &item);
	return NULL;
}

static void *block_in_push(void *blocked)
{
	struct blocked *b = blocked;

	b->result = pp_push(b->ring->tx, &(int){ 7 });
	return NULL;
}

/* A thread that sleeps in `run`. */
static void block(struct blocked *b, struct ring *r, void *(*run)(void *))
{
	pp_stats stats = { .size = sizeof(stats) };

	*b = (struct blocked){ .ring = r, .result = 1 };
	CHECK(pthread_create(&b->thread, NULL, run, b) == 0, "pthread_create");
	while (stats.pushers_parked + stats.pullers_parked == 0) {
		nap_us(100);
		CHECK(pp_rx_stats(r->rx, &stats) == 0, "stats");
	}
}

static void unblocked(struct blocked *b, int expected)
{
	CHECK(pthread_join(b->thread, NULL) == 0, "pthread_join");
	CHECK(b->result == expected, "%d", b->result);
}

/* One item, nobody else takes it: the sleeper gets it although the descriptor tells too. */
static void a_sleeping_puller_is_woken_too(struct ring *r)
{
	struct blocked b;

	CHECK(pp_rx_arm(r->rx) == 0, "arm");
	block(&b, r, block_in_pull);
	CHECK(pp_push(r->tx, &(int){ 7 }) == 0, "push");
	unblocked(&b, 0);
	CHECK(r->capacity == 0 || rx_readable(r), "instead, not in addition");
	CHECK(pull(r) == -EAGAIN && pp_rx_arm(r->rx) == 0 && !rx_readable(r), "stale");
}

static void a_sleeping_pusher_is_woken_too(struct ring *r)
{
	int item;
	struct blocked b;

	fill(r);
	CHECK(pp_tx_arm(r->tx) == 0, "arm");
	block(&b, r, block_in_push);
	CHECK(pp_pull(r->rx, &item) == 0, "pull");
	unblocked(&b, 0);
	CHECK(r->capacity == 0 || tx_readable(r), "instead, not in addition");
	CHECK(push(r) == -EAGAIN && pp_tx_arm(r->tx) == 0 && !tx_readable(r), "stale");
}

/* Capacity 0: ready is a thread that waits on the other side. */
static void a_waiting_pusher_makes_the_pull_end_readable(struct ring *r)
{
	struct blocked b;

	CHECK(pp_rx_arm(r->rx) == 0 && !rx_readable(r), "arm");
	block(&b, r, block_in_push);
	await_readable(pp_rx_fd(r->rx));
	CHECK(pp_rx_arm(r->rx) == 1, "ready");
	CHECK(pull(r) == 0, "pull");
	unblocked(&b, 0);
	CHECK(pp_rx_arm(r->rx) == 0 && !rx_readable(r), "nobody waits now");
}

static void a_waiting_puller_makes_the_push_end_readable(struct ring *r)
{
	struct blocked b;

	CHECK(pp_tx_arm(r->tx) == 0 && !tx_readable(r), "arm");
	block(&b, r, block_in_pull);
	await_readable(pp_tx_fd(r->tx));
	CHECK(pp_tx_arm(r->tx) == 1, "ready");
	CHECK(push(r) == 0, "push");
	unblocked(&b, 0);
	CHECK(pp_tx_arm(r->tx) == 0 && !tx_readable(r), "nobody waits now");
}

/* Whoever was told and does not arm again is not told again.  (A program does not read it.) */
static void one_arrival_disarms(struct ring *r)
{
	int fd = pp_rx_fd(r->rx);
	uint64_t taken_back;
	struct blocked b;

	CHECK(pp_rx_arm(r->rx) == 0, "arm");
	for (int i = 0; i < 2; i++) {
		block(&b, r, block_in_push);
		if (i == 0)
			await_readable(fd);
		CHECK(pull(r) == 0, "pull");
		unblocked(&b, 0);
		CHECK(readable(fd) == (i == 0), "arrival %d", i);
		CHECK(i == 1 || read(fd, &taken_back, sizeof(taken_back)) > 0, "read");
	}
}

/* ---- Slots that are open -------------------------------------------------------------------- */

static void *open_push(struct ring *r)
{
	void *slot;

	CHECK(pp_try_push_begin(r->tx, &slot) == 0, "pp_try_push_begin");
	*(int *)slot = 7;
	return slot;
}

static void a_commit_makes_the_pull_end_readable(struct ring *r)
{
	void *slot = open_push(r);

	CHECK(pull(r) == (r->kind == PP_SPSC ? -EAGAIN : -EBUSY), "not committed");
	CHECK(pp_rx_arm(r->rx) == 0 && !rx_readable(r), "an open slot is not ready");
	CHECK(pp_push_commit(r->tx, slot) == 0 && rx_readable(r), "committed");
	CHECK(pull(r) == 0, "pull");
}

static void a_freed_slot_makes_the_push_end_readable(struct ring *r)
{
	void *slot;

	fill(r);
	CHECK(pp_try_pull_begin(r->rx, &slot) == 0, "pp_try_pull_begin");
	CHECK(pp_tx_arm(r->tx) == 0 && !tx_readable(r), "an open slot is no room");
	CHECK(pp_pull_commit(r->rx, slot) == 0 && tx_readable(r), "committed");
	CHECK(push(r) == 0, "push");
}

/* An aborted push leaves room, at once where nothing is before it, and no item. */
static void an_abort_makes_the_push_end_readable(struct ring *r)
{
	void *slots[64];

	for (size_t i = 0; i < r->capacity; i++)
		slots[i] = open_push(r);
	CHECK(pp_tx_arm(r->tx) == 0 && !tx_readable(r), "full of open slots");
	CHECK(pp_push_abort(r->tx, slots[0]) == 0 && tx_readable(r), "aborted");
	CHECK(pp_tx_arm(r->tx) == 1 && push(r) == 0, "room");
	for (size_t i = 1; i < r->capacity; i++)
		CHECK(pp_push_commit(r->tx, slots[i]) == 0 && pull(r) == 0, "slot %zu", i);
	CHECK(pull(r) == 0 && pull(r) == -EAGAIN, "the one after the abort");
}

static void an_open_slot_of_its_own_keeps_an_end_from_arming(struct ring *r)
{
	void *slot = open_push(r);

	CHECK(pp_tx_arm(r->tx) == -EBUSY, "push end");
	CHECK(pp_push_commit(r->tx, slot) == 0, "pp_push_commit");
	CHECK(pp_try_pull_begin(r->rx, &slot) == 0, "pp_try_pull_begin");
	CHECK(pp_rx_arm(r->rx) == -EBUSY, "pull end");
	CHECK(pp_pull_commit(r->rx, slot) == 0 && pp_rx_arm(r->rx) == 0, "afterwards");
}

/* ---- All of it ---------------------------------------------------------------------------- */

static const struct probe cases[] = {
	CASE(a_sleeping_puller_is_woken_too, MPMC | ZERO | ABOVE_ZERO),
	CASE(a_sleeping_pusher_is_woken_too, MPMC | ZERO | ABOVE_ZERO),
	CASE(a_waiting_pusher_makes_the_pull_end_readable, SPSC | MPMC | ZERO),
	CASE(a_waiting_puller_makes_the_push_end_readable, SPSC | MPMC | ZERO),
	CASE(one_arrival_disarms, SPSC | MPMC | ZERO),
	CASE(a_commit_makes_the_pull_end_readable, STORING),
	CASE(a_freed_slot_makes_the_push_end_readable, STORING),
	CASE(an_abort_makes_the_push_end_readable, MPMC | ABOVE_ZERO),
	CASE(an_open_slot_of_its_own_keeps_an_end_from_arming, SPSC | ABOVE_ZERO),
};

int main(void)
{
	run_cases(cases, ARRAY_LEN(cases));
	return 0;
}
