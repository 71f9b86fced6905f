/* SPDX-License-Identifier: MIT */
/* Who is woken, by how many wake calls; and that nobody sleeps on work. */
#include "support.h"

#include <signal.h>

SUITE(wakes);

#define SLEEPERS 6
#define ROUNDS (SANITIZED ? 50 : 300)

static void nobody_asleep(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	pp_stats s;

	for (int lap = 0; lap < 3; lap++) {
		ends_fill(&e, 0, capacity);
		ends_drain(&e, 0, capacity);
	}
	s = ends_stats(&e);
	EXPECT_EQ(s.push_wakes + s.pull_wakes + s.push_parks + s.pull_parks, 0);
	ends_let_go(&e);
}

Test(wakes, with_nobody_asleep_no_wake_call_is_made)
{
	for_each_ring(1, nobody_asleep);
}

static void uses_no_cpu(const struct call *call)
{
	int64_t before;

	AWAIT(in_futex(atomic_load(&call->tid)));
	before = thread_cpu_ns(call->thread);
	for (int i = 0; i < 200; i++)
		doze();
	EXPECT(thread_cpu_ns(call->thread) - before < 200 * PP_US);
	EXPECT(in_futex(atomic_load(&call->tid)));
}

/* Lets one waiting call of the other side go ahead. */
static void act(const struct ends *e, bool push)
{
	uint64_t item = 3;

	EXPECT_EQ(push ? pp_pull(e->rx, &item) : pp_push(e->tx, &item), 0);
}

static void blocked(pp_kind kind, size_t capacity, bool push)
{
	struct ends e = ends_open(kind, capacity);
	struct call call;
	pp_stats s;

	ends_fill(&e, 0, push ? capacity : 0);
	if (push)
		call_push(&call, &e, FOREVER, 1);
	else
		call_pull(&call, &e, FOREVER);
	ends_await_parked(&e, push, !push);
	uses_no_cpu(&call);
	s = ends_stats(&e);
	EXPECT_EQ(push ? s.push_parks : s.pull_parks, 1); /* one sleep, no polling */
	act(&e, push);
	EXPECT_EQ(call_join(&call), 0);
	ends_let_go(&e);
}

static void blocked_pull(pp_kind kind, size_t capacity)
{
	blocked(kind, capacity, false);
}

Test(wakes, a_blocked_puller_sleeps_in_a_futex_and_uses_no_cpu)
{
	for (size_t capacity = 0; capacity < 4; capacity++)
		for_each_kind(capacity, blocked_pull);
}

static void blocked_push(pp_kind kind, size_t capacity)
{
	blocked(kind, capacity, true);
}

Test(wakes, a_blocked_pusher_sleeps_in_a_futex_and_uses_no_cpu)
{
	for (size_t capacity = 0; capacity < 4; capacity++)
		for_each_kind(capacity, blocked_push);
}

/* ---- Several asleep --------------------------------------------------------------------- */

static size_t returned(struct call *calls)
{
	size_t count = 0;

	for (size_t i = 0; i < SLEEPERS; i++)
		count += atomic_load(&calls[i].returned);
	return count;
}

static void sleep_all(struct call *calls, const struct ends *e, bool push)
{
	for (size_t i = 0; i < SLEEPERS; i++) {
		if (push)
			call_push(&calls[i], e, FOREVER, 100 + i);
		else
			call_pull(&calls[i], e, FOREVER);
	}
	ends_await_parked(e, push ? SLEEPERS : 0, push ? 0 : SLEEPERS);
	/* Not only on the way there: who finds that something has changed looks once more, and
	 * takes without a wake call what was meant for another. */
	for (size_t i = 0; i < SLEEPERS; i++)
		AWAIT(in_futex(atomic_load(&calls[i].tid)));
}

/* What one item, or one free slot, wakes: one for each, and not all at once. */
static void one_by_one(size_t capacity, bool push)
{
	struct ends e = ends_open(PP_MPMC, capacity);
	struct call calls[SLEEPERS];
	pp_stats s;

	ends_fill(&e, 0, push ? capacity : 0);
	sleep_all(calls, &e, push);
	for (uint32_t left = SLEEPERS; left-- > 0;) {
		act(&e, push);
		AWAIT(returned(calls) == SLEEPERS - left);
		ends_await_parked(&e, push ? left : 0, push ? 0 : left);
	}
	s = ends_stats(&e);
	EXPECT_EQ(push ? s.push_parks : s.pull_parks, SLEEPERS);
	EXPECT_EQ(push ? s.push_wakes : s.pull_wakes, SLEEPERS);
	for (size_t i = 0; i < SLEEPERS; i++)
		EXPECT_EQ(call_join(&calls[i]), 0);
	ends_let_go(&e);
}

Test(wakes, one_item_wakes_one_of_several_pullers)
{
	for (size_t capacity = 0; capacity < 9; capacity++)
		one_by_one(capacity, false);
}

Test(wakes, one_free_slot_wakes_one_of_several_pushers)
{
	for (size_t capacity = 0; capacity < 9; capacity++)
		one_by_one(capacity, true);
}

static void batch_wakes_all(size_t capacity)
{
	struct ends e = ends_open(PP_MPMC, capacity);
	struct call calls[SLEEPERS];
	uint64_t items[SLEEPERS] = { 1, 2, 3, 4, 5, 6 }, sum = 0;

	sleep_all(calls, &e, false);
	EXPECT_EQ(pp_push_n(e.tx, items, SLEEPERS), SLEEPERS);
	for (size_t i = 0; i < SLEEPERS; i++) {
		EXPECT_EQ(call_join(&calls[i]), 0);
		sum += calls[i].item;
	}
	EXPECT_EQ(sum, 21);
	ends_let_go(&e);
}

Test(wakes, a_batch_of_items_wakes_as_many_pullers_as_it_has)
{
	for (size_t capacity = 0; capacity < 9; capacity++)
		batch_wakes_all(capacity);
}

static void batch_pull_wakes_all(size_t capacity)
{
	struct ends e = ends_open(PP_MPMC, capacity);
	struct call calls[SLEEPERS];
	uint64_t items[SLEEPERS + 8];

	ends_fill(&e, 0, capacity);
	sleep_all(calls, &e, true);
	EXPECT_EQ(pp_pull_n_until(e.rx, items, capacity, capacity, PP_FOREVER), capacity);
	for (size_t i = 0; i < SLEEPERS && i < capacity; i++)
		AWAIT(returned(calls) > i); /* room for so many */
	EXPECT_EQ(pp_close(e.tx), 0);
	for (size_t i = 0; i < SLEEPERS; i++)
		(void)call_join(&calls[i]);
	ends_let_go(&e);
}

Test(wakes, a_batch_of_free_slots_wakes_as_many_pushers_as_fit)
{
	for (size_t capacity = 1; capacity < 9; capacity++)
		batch_pull_wakes_all(capacity);
}

/* ---- A woken thread that leaves passes its wake on ---------------------------------------- */

/*
 * Each round: one caller sleeps for ever, one gives up about when the other side acts.
 * When the wake goes to the one that is leaving, the sleeper must get it all the same:
 * exactly one of the two moves the item, and the round ends.
 */
enum leaves { AT_DEADLINE, AT_SIGNAL };

static void on_signal(int number)
{
	(void)number;
}

static void start_waiting(struct call *c, const struct ends *e, bool push, pp_time deadline)
{
	*c = (struct call){ .form = &(push ? push_forms : pull_forms)[SINGLE_UNTIL], .ends = *e,
			    .item = 1, .n = 1, .deadline = deadline };
	call_start(c);
}

static void leave_round(const struct ends *e, bool push, enum leaves leaves, int round)
{
	pp_time when = pp_in(round % 20 * 20 * PP_US);
	struct call sleeper, leaver;
	uint64_t item;

	if (push)
		ends_fill(e, 0, pp_tx_capacity(e->tx));
	start_waiting(&sleeper, e, push, PP_FOREVER);
	start_waiting(&leaver, e, push, leaves == AT_DEADLINE ? when : PP_FOREVER);
	while (pp_now() < when - 10 * PP_US)
		continue;
	if (leaves == AT_SIGNAL)
		EXPECT_EQ(pthread_kill(leaver.thread, SIGUSR1), 0);
	act(e, push);
	while (leaves == AT_SIGNAL && !atomic_load(&leaver.returned)) {
		pthread_kill(leaver.thread, SIGUSR1);
		doze();
	}
	if (call_join(&leaver) == 0) /* it had the wake: one more for the sleeper */
		act(e, push);
	EXPECT_EQ(call_join(&sleeper), 0);
	while (pp_try_pull(e->rx, &item) == 0)
		continue;
}

static void leaver_and_sleeper(bool push, enum leaves leaves)
{
	struct sigaction action = { .sa_handler = on_signal };

	EXPECT_EQ(sigaction(SIGUSR1, &action, NULL), 0);
	for (size_t capacity = 0; capacity < 4; capacity++) {
		struct ends e = ends_open_with(&PP_CONFIG(.kind = PP_MPMC, .item_size = 8,
							  .capacity = capacity,
							  .flags = PP_INTERRUPTIBLE));

		for (int round = 0; round < ROUNDS; round++)
			leave_round(&e, push, leaves, round);
		ends_let_go(&e);
	}
}

Test(wakes, a_puller_that_leaves_at_its_deadline_passes_the_wake_on)
{
	leaver_and_sleeper(false, AT_DEADLINE);
}

Test(wakes, a_pusher_that_leaves_at_its_deadline_passes_the_wake_on)
{
	leaver_and_sleeper(true, AT_DEADLINE);
}

Test(wakes, a_caller_that_leaves_at_a_signal_passes_the_wake_on)
{
	leaver_and_sleeper(false, AT_SIGNAL);
	leaver_and_sleeper(true, AT_SIGNAL);
}

/*
 * Bursts of as many items as there are pullers, from two producers at once: each puller
 * gets one.  A wake that is spent on a puller that finds its slot half-way strands one.
 */
struct burst {
	struct ends e;
	uint64_t    first;
};

static void *push_two(void *arg)
{
	struct burst *b = arg;

	for (uint64_t i = 0; i < 2; i++)
		if (pp_push(b->e.tx, &(uint64_t){ b->first + i }) != 0)
			break;
	return NULL;
}

static void bursts(size_t capacity)
{
	struct ends e = ends_open_with(&PP_CONFIG(.kind = PP_MPMC, .capacity = capacity,
						  .item_size = 8, .spin_ns = PP_SPIN_NONE));

	for (int round = 0; round < ROUNDS; round++) {
		struct burst b[2] = { { e, 0 }, { e, 100 } };
		struct call pulls[4];
		pthread_t threads[2];

		for (size_t i = 0; i < ARRAY_LEN(pulls); i++)
			call_pull(&pulls[i], &e, FOREVER);
		if (round % 2)
			ends_await_parked(&e, 0, ARRAY_LEN(pulls));
		for (size_t i = 0; i < ARRAY_LEN(b); i++)
			EXPECT_EQ(pthread_create(&threads[i], NULL, push_two, &b[i]), 0);
		for (size_t i = 0; i < ARRAY_LEN(b); i++)
			EXPECT_EQ(pthread_join(threads[i], NULL), 0);
		for (size_t i = 0; i < ARRAY_LEN(pulls); i++)
			EXPECT_EQ(call_join(&pulls[i]), 0);
		EXPECT_EQ(pp_rx_depth(e.rx), 0);
	}
	ends_let_go(&e);
}

Test(wakes, nobody_sleeps_on_work_after_a_burst_from_two_producers)
{
	for (size_t capacity = 1; capacity < 5; capacity++)
		bursts(capacity);
}
