/* SPDX-License-Identifier: MIT */
/* pp_select(): wrong arguments, deadlines, signals, and what it leaves alone. */
#include "selecting.h"

#include <limits.h>
#include <signal.h>

SUITE(select_results);

/* ---- Wrong arguments -------------------------------------------------------------- */

static void wrong(pp_case *cases, size_t count, unsigned flags, pp_time deadline)
{
	EXPECT_EQ(pp_select(cases, count, flags, deadline), -EINVAL);
}

/* A case that could go ahead stands before or behind the wrong one: nothing is performed. */
static void wrong_case(const struct ends *e, pp_case bad)
{
	uint64_t item = UNTOUCHED;
	pp_case first[] = { pull_case(e, &item), bad }, last[] = { bad, pull_case(e, &item) };

	wrong(&bad, 1, 0, 0);
	wrong(&bad, 1, 0, PP_FOREVER);
	wrong(first, 2, 0, 0);
	wrong(first, 2, PP_ORDERED, PP_FOREVER);
	wrong(last, 2, 0, PP_FOREVER);
	wrong(last, 2, PP_ORDERED, 0);
	EXPECT_EQ(first[0].result, UNTOUCHED);
	EXPECT_EQ(last[1].result, UNTOUCHED);
	EXPECT_EQ(item, UNTOUCHED);
}

static void wrong_arguments(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t item = UNTOUCHED;
	pp_case cases[] = { pull_case(&e, &item), disabled_case() };
	pp_case off[] = { disabled_case(), disabled_case() };
	size_t depth = capacity ? 1 : 0;

	ends_fill(&e, 1, depth);
	wrong_case(&e, (pp_case){ .tx = e.tx, .rx = e.rx, .item = &item });
	wrong_case(&e, (pp_case){ .tx = e.tx });
	wrong_case(&e, (pp_case){ .rx = e.rx });
	wrong_case(&e, (pp_case){ .rx = e.rx, .item = &item, .flags = 1 });
	wrong(cases, 2, 2, 0);
	wrong(cases, 2, ~0u, 0);
	wrong(cases, 2, PP_ORDERED | 0x80000000u, PP_FOREVER);
	wrong(cases, (size_t)INT_MAX + 1, 0, 0);
	wrong(cases, (size_t)INT_MAX + 1, 0, PP_FOREVER);
	wrong(cases, SIZE_MAX, 0, PP_FOREVER);
	wrong(NULL, 1, 0, 0);
	wrong(NULL, 0, 0, PP_FOREVER);
	wrong(cases, 0, 0, PP_FOREVER);
	wrong(off, 2, 0, PP_FOREVER);
	EXPECT_EQ(pp_tx_depth(e.tx), depth);
	EXPECT_EQ(item, UNTOUCHED);
	ends_let_go(&e);
}

Test(select_results, a_wrong_argument_gives_einval_and_nothing_is_performed)
{
	for_each_kind(0, wrong_arguments);
	for_each_kind(1, wrong_arguments);
	for_each_kind(1000, wrong_arguments);
}

/* ---- Deadlines -------------------------------------------------------------------- */

static void nothing_there(pp_kind kind, size_t capacity)
{
	struct ends full = ends_open(kind, capacity), empty = ends_open(kind, capacity);
	uint64_t items[2] = { 5, UNTOUCHED };
	pp_case cases[] = { push_case(&full, &items[0]), pull_case(&empty, &items[1]) };
	pp_time deadline;

	ends_fill(&full, 0, capacity);
	EXPECT_EQ(pp_select(cases, 2, 0, 0), -ETIMEDOUT);
	EXPECT_EQ(pp_select(cases, 2, PP_ORDERED, INT64_MIN), -ETIMEDOUT);
	EXPECT_EQ(pp_select(cases, 2, 0, pp_now()), -ETIMEDOUT);
	EXPECT_EQ(ends_stats(&full).push_parks, 0); /* Go's default: no sleep */
	EXPECT_EQ(ends_stats(&empty).pull_parks, 0);
	deadline = pp_in(3 * PP_MS);
	EXPECT_EQ(pp_select(cases, 2, 0, deadline), -ETIMEDOUT);
	EXPECT(pp_now() >= deadline);
	for (size_t i = 0; i < 2; i++)
		EXPECT_EQ(cases[i].result, UNTOUCHED);
	EXPECT_EQ(items[1], UNTOUCHED);
	/* Nothing of it is left on the rings. */
	EXPECT_EQ(ends_stats(&full).pushers_parked, 0);
	EXPECT_EQ(ends_stats(&empty).pullers_parked, 0);
	EXPECT_EQ(pp_tx_depth(full.tx), capacity);
	EXPECT_EQ(pp_try_push(empty.tx, &items[0]), capacity ? 0 : -EAGAIN);
	EXPECT_EQ(pp_try_pull(full.rx, &items[1]), capacity ? 0 : -EAGAIN);
	EXPECT_EQ(ends_stats(&full).push_wakes, 0);
	EXPECT_EQ(ends_stats(&empty).pull_wakes, 0);
	ends_let_go(&full);
	ends_let_go(&empty);
}

Test(select_results, with_nothing_ready_it_gives_etimedout_at_the_deadline_and_not_before)
{
	for_each_ring(0, nothing_there);
}

static void takes_what_is_there(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t item = UNTOUCHED;
	pp_case c = pull_case(&e, &item);

	ends_fill(&e, 6, 1);
	EXPECT_EQ(pp_select(&c, 1, 0, INT64_MIN), 0);
	EXPECT_EQ(item, 6);
	ends_let_go(&e);
}

Test(select_results, a_past_deadline_takes_what_is_there)
{
	for_each_ring(1, takes_what_is_there);
}

Test(select_results, without_an_enabled_case_it_sleeps_until_the_deadline)
{
	struct selecting s;
	pp_case off[] = { disabled_case(), disabled_case() };
	int64_t before;

	EXPECT_EQ(pp_select(NULL, 0, 0, 0), -ETIMEDOUT);
	EXPECT_EQ(pp_select(off, 2, 0, 0), -ETIMEDOUT);
	for (size_t count = 0; count < 3; count += 2) {
		selecting_init(&s);
		s.cases[0] = s.cases[1] = disabled_case();
		s.count = count;
		s.deadline = pp_in(50 * PP_MS);
		selecting_start(&s);
		before = thread_cpu_ns(s.thread);
		for (int i = 0; i < 100; i++)
			doze();
		EXPECT(thread_cpu_ns(s.thread) - before < 10 * PP_MS);
		EXPECT_EQ(selecting_join(&s), -ETIMEDOUT);
		EXPECT(pp_now() >= s.deadline);
	}
}

/* An open slot: neither possible nor ruled out. */
static void hangs_on_an_open_slot(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity), other = ends_open(kind, capacity);
	uint64_t items[2] = { UNTOUCHED, UNTOUCHED };
	pp_case cases[] = { pull_case(&e, &items[0]), pull_case(&other, &items[1]) };
	void *slot = slot_push(&e);

	ends_fill(&e, 1, capacity - 1);
	EXPECT_EQ(pp_select(cases, 2, 0, 0), -ETIMEDOUT);
	EXPECT_EQ(pp_select(cases, 2, 0, pp_in(PP_MS)), -ETIMEDOUT);
	ends_fill(&other, 7, 1);
	EXPECT_EQ(pp_select(cases, 2, PP_ORDERED, 0), 1);
	EXPECT_EQ(items[1], 7);
	EXPECT_EQ(slot_commit(&e, slot, 9), 0);
	EXPECT_EQ(pp_select(cases, 2, 0, 0), 0);
	EXPECT_EQ(items[0], 9);
	ends_let_go(&e);
	ends_let_go(&other);
}

Test(select_results, where_a_case_hangs_on_an_open_slot_it_gives_etimedout_and_takes_others)
{
	hangs_on_an_open_slot(PP_MPMC, 1);
	hangs_on_an_open_slot(PP_MPMC, 3);
	hangs_on_an_open_slot(PP_MPMC, 1000);
}

/* PP_SPSC: a slot of an enabled end is open. */
static void busy_end(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity), other = ends_open(kind, capacity);
	uint64_t item = UNTOUCHED;
	pp_case cases[] = { push_case(&e, &item), disabled_case() };
	void *slot = slot_push(&e);

	EXPECT_EQ(pp_select(cases, 2, 0, 0), -EBUSY);
	EXPECT_EQ(pp_select(cases, 2, 0, PP_FOREVER), -EBUSY);
	cases[1] = pull_case(&other, &item);
	EXPECT_EQ(pp_select(cases, 2, 0, pp_in(PP_MS)), -EBUSY);
	EXPECT_EQ(pp_push_abort(e.tx, slot), 0);
	EXPECT_EQ(pp_select(cases, 2, 0, 0), 0);
	ends_let_go(&e);
	ends_let_go(&other);
}

Test(select_results, with_an_open_slot_on_an_spsc_end_it_gives_ebusy)
{
	busy_end(PP_SPSC, 2);
	busy_end(PP_SPSC, 1000);
}

/* ---- Signals ---------------------------------------------------------------------- */

static atomic_uint handled;

static void on_signal(int number)
{
	(void)number;
	atomic_fetch_add(&handled, 1);
}

static void strike(struct selecting *s)
{
	unsigned before = atomic_load(&handled);

	EXPECT_EQ(pthread_kill(s->thread, SIGUSR1), 0);
	/* It may have returned after the signal before, and be gone. */
	AWAIT(atomic_load(&handled) > before || atomic_load(&s->returned));
}

static struct ends open_flagged(pp_kind kind, size_t capacity, unsigned flags)
{
	struct sigaction action = { .sa_handler = on_signal };

	EXPECT_EQ(sigaction(SIGUSR1, &action, NULL), 0);
	return ends_open_with(&PP_CONFIG(.kind = kind, .capacity = capacity, .item_size = 8,
					 .flags = flags));
}

static void interruptible(pp_kind kind, size_t capacity)
{
	struct ends plain = open_flagged(kind, capacity, 0);
	struct ends other = open_flagged(kind, capacity, PP_INTERRUPTIBLE);
	struct selecting s;

	selecting_init(&s);
	selecting_pull(&s, &plain);
	selecting_pull(&s, &other);
	selecting_sleeps(&s);
	while (!atomic_load(&s.returned)) {
		strike(&s);
		doze();
	}
	selecting_gives(&s, -EINTR, 0);
	EXPECT_EQ(ends_stats(&plain).pullers_parked, 0);
	EXPECT_EQ(ends_stats(&other).pullers_parked, 0);
	ends_let_go(&plain);
	ends_let_go(&other);
}

Test(select_results, a_signal_ends_the_wait_with_eintr_if_an_enabled_ring_is_interruptible)
{
	for (size_t capacity = 0; capacity < 4; capacity++)
		for_each_kind(capacity, interruptible);
}

static void not_interruptible(pp_kind kind, size_t capacity)
{
	struct ends one = open_flagged(kind, capacity, 0), two = open_flagged(kind, capacity, 0);
	struct selecting s;

	selecting_init(&s);
	selecting_pull(&s, &one);
	s.cases[s.count++] = disabled_case();
	selecting_pull(&s, &two);
	selecting_sleeps(&s);
	for (int i = 0; i < 5; i++) {
		strike(&s);
		ends_await_parked(&two, 0, 1);
		ends_await_parked(&one, 0, 1);
	}
	EXPECT(!atomic_load(&s.returned));
	EXPECT_EQ(pp_push(two.tx, &(uint64_t){ 4 }), 0);
	selecting_gives(&s, 2, 0);
	ends_let_go(&one);
	ends_let_go(&two);
}

Test(select_results, a_signal_does_not_end_the_wait_on_plain_rings)
{
	for (size_t capacity = 0; capacity < 4; capacity++)
		for_each_kind(capacity, not_interruptible);
}

/* ---- Left alone ------------------------------------------------------------------- */

static void keeps_errno(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t item = 0;
	pp_case c = pull_case(&e, &item);

	errno = 77;
	EXPECT_EQ(pp_select(&c, 1, 0, pp_in(PP_MS)), -ETIMEDOUT);
	EXPECT_EQ(pp_select(&c, 1, 4, 0), -EINVAL);
	EXPECT_EQ(pp_close(e.tx), 0);
	EXPECT_EQ(pp_select(&c, 1, 0, PP_FOREVER), 0);
	EXPECT_EQ(c.result, -EPIPE);
	EXPECT_EQ(errno, 77);
	ends_let_go(&e);
}

Test(select_results, errno_is_not_touched)
{
	for_each_kind(0, keeps_errno);
	for_each_kind(3, keeps_errno);
}

/* The same array again and again, also where a call failed: the reserved words are the
 * library's only during a call. */
static void used_again(pp_kind kind, size_t capacity)
{
	struct ends e[3];
	uint64_t items[3];
	pp_case cases[3];

	for (size_t i = 0; i < 3; i++) {
		e[i] = ends_open(kind, capacity);
		cases[i] = pull_case(&e[i], &items[i]);
	}
	for (size_t round = 0; round < 30; round++) {
		EXPECT_EQ(pp_select(cases, 3, 0, round % 10 ? 0 : pp_in(PP_MS)), -ETIMEDOUT);
		for (size_t i = 0; i < ARRAY_LEN(cases[0].reserved); i++)
			cases[round % 3].reserved[i] = &items[i % 3];
		ends_fill(&e[round % 3], round, 1);
		EXPECT_EQ(pp_select(cases, 3, 0, PP_FOREVER), round % 3);
		EXPECT_EQ(items[round % 3], round);
	}
	for (size_t i = 0; i < 3; i++)
		ends_let_go(&e[i]);
}

Test(select_results, the_cases_can_be_used_again)
{
	for_each_kind(1, used_again);
	for_each_kind(1000, used_again);
}
