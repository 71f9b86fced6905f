/* SPDX-License-Identifier: MIT */
/* Signals: a handler ends the sleep of an interruptible ring, and of no other. */
#include "support.h"

#include <signal.h>
#include <string.h>

SUITE(signals);

static atomic_uint handled;

static void on_signal(int number)
{
	(void)number;
	atomic_fetch_add(&handled, 1);
}

static void handle_with(int flags)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = flags };

	EXPECT_EQ(sigaction(SIGUSR1, &action, NULL), 0);
}

static void strike(const struct call *c)
{
	unsigned before = atomic_load(&handled);

	EXPECT_EQ(pthread_kill(c->thread, SIGUSR1), 0);
	AWAIT(atomic_load(&handled) > before);
}

static struct ends open_flagged(pp_kind kind, size_t capacity, unsigned flags)
{
	return ends_open_with(&PP_CONFIG(.kind = kind, .capacity = capacity, .item_size = 8,
					 .flags = flags));
}

static bool may_sleep(const struct form *form)
{
	return form->waits != TRY;
}

/* ---- Without PP_INTERRUPTIBLE ---------------------------------------------------------- */

static void pull_goes_on(const struct form *form, const struct ends *e, pp_time deadline)
{
	struct call pull = { .form = form, .ends = *e, .n = 1, .deadline = deadline };

	call_start(&pull);
	for (int i = 0; i < 3; i++) {
		ends_await_parked(e, 0, 1);
		strike(&pull);
	}
	ends_await_parked(e, 0, 1);
	EXPECT(!atomic_load(&pull.returned));
	EXPECT_EQ(pp_push(e->tx, &(uint64_t){ 5 }), 0);
	EXPECT_EQ(call_join(&pull), form->done);
	EXPECT_EQ(pull.item, 5);
}

static void push_goes_on(const struct form *form, const struct ends *e, pp_time deadline)
{
	struct call push = { .form = form, .ends = *e, .n = 1, .item = 6, .deadline = deadline };
	size_t capacity = pp_tx_capacity(e->tx);
	uint64_t got;

	ends_fill(e, 0, capacity);
	call_start(&push);
	for (int i = 0; i < 3; i++) {
		ends_await_parked(e, 1, 0);
		strike(&push);
	}
	ends_await_parked(e, 1, 0);
	EXPECT(!atomic_load(&push.returned));
	for (size_t i = 0; i <= capacity; i++)
		EXPECT_EQ(pp_pull(e->rx, &got), 0);
	EXPECT_EQ(call_join(&push), form->done);
	EXPECT_EQ(got, 6);
}

static void sleep_goes_on(pp_kind kind, size_t capacity)
{
	struct ends e = open_flagged(kind, capacity, 0);

	for (size_t i = 0; i < ARRAY_LEN(pull_forms); i++) {
		if (!may_sleep(&pull_forms[i]))
			continue;
		pull_goes_on(&pull_forms[i], &e, PP_FOREVER);
		pull_goes_on(&pull_forms[i], &e, pp_in(600 * PP_SEC));
		push_goes_on(&push_forms[i], &e, PP_FOREVER);
		push_goes_on(&push_forms[i], &e, pp_in(600 * PP_SEC));
	}
	ends_let_go(&e);
}

Test(signals, a_handler_does_not_end_a_wait_of_a_plain_ring)
{
	handle_with(0);
	for (size_t capacity = 0; capacity < 4; capacity++)
		for_each_kind(capacity, sleep_goes_on);
}

Test(signals, nor_does_a_restarting_handler)
{
	handle_with(SA_RESTART);
	for (size_t capacity = 0; capacity < 4; capacity++)
		for_each_kind(capacity, sleep_goes_on);
}

static void deadline_holds(pp_kind kind, size_t capacity)
{
	struct ends e = open_flagged(kind, capacity, 0);
	pp_time deadline = pp_in(30 * PP_MS);
	struct call pull = { .form = &pull_forms[SINGLE_UNTIL], .ends = e, .n = 1,
			     .deadline = deadline };

	call_start(&pull);
	while (!atomic_load(&pull.returned)) {
		pthread_kill(pull.thread, SIGUSR1);
		doze();
	}
	EXPECT_EQ(call_join(&pull), -ETIMEDOUT);
	EXPECT(pp_now() >= deadline);
	ends_let_go(&e);
}

Test(signals, under_a_rain_of_signals_a_deadline_still_ends_the_wait_and_not_before)
{
	handle_with(0);
	for (size_t capacity = 0; capacity < 3; capacity++)
		for_each_kind(capacity, deadline_holds);
}

/* ---- With PP_INTERRUPTIBLE ---------------------------------------------------------------- */

/* A signal that comes just before the sleep may not end it: strike until it does. */
static ssize_t strike_until_returned(struct call *c)
{
	while (!atomic_load(&c->returned)) {
		pthread_kill(c->thread, SIGUSR1);
		doze();
	}
	return call_join(c);
}

static void eintr_pull(const struct form *form, const struct ends *e, pp_time deadline)
{
	struct call pull = { .form = form, .ends = *e, .n = 1, .item = 77, .deadline = deadline };

	call_start(&pull);
	ends_await_parked(e, 0, 1);
	EXPECT_EQ(strike_until_returned(&pull), -EINTR);
	EXPECT_EQ(pull.item, 77);
	ends_await_parked(e, 0, 0);
}

static void eintr_push(const struct form *form, const struct ends *e, pp_time deadline)
{
	struct call push = { .form = form, .ends = *e, .n = 1, .item = 77, .deadline = deadline };

	ends_fill(e, 0, pp_tx_capacity(e->tx));
	call_start(&push);
	ends_await_parked(e, 1, 0);
	EXPECT_EQ(strike_until_returned(&push), -EINTR);
	ends_await_parked(e, 0, 0);
	ends_drain(e, 0, pp_tx_capacity(e->tx)); /* and no 77 */
	EXPECT_EQ(pp_try_pull(e->rx, &push.item), -EAGAIN);
}

static void sleep_ends(pp_kind kind, size_t capacity)
{
	struct ends e = open_flagged(kind, capacity, PP_INTERRUPTIBLE);

	for (size_t i = 0; i < ARRAY_LEN(pull_forms); i++) {
		if (!may_sleep(&pull_forms[i]))
			continue;
		eintr_pull(&pull_forms[i], &e, PP_FOREVER);
		eintr_pull(&pull_forms[i], &e, pp_in(600 * PP_SEC));
		eintr_push(&push_forms[i], &e, PP_FOREVER);
		eintr_push(&push_forms[i], &e, pp_in(600 * PP_SEC));
	}
	ends_let_go(&e);
}

Test(signals, a_handler_ends_the_sleep_of_an_interruptible_ring_with_eintr)
{
	handle_with(0);
	for (size_t capacity = 0; capacity < 4; capacity++)
		for_each_kind(capacity, sleep_ends);
}

Test(signals, so_does_a_restarting_handler)
{
	handle_with(SA_RESTART);
	for (size_t capacity = 0; capacity < 4; capacity++)
		for_each_kind(capacity, sleep_ends);
}

static void cut_batch(pp_kind kind, size_t capacity)
{
	struct ends e = open_flagged(kind, capacity, PP_INTERRUPTIBLE);
	uint64_t items[20] = { 0 };
	struct call push = { .form = &push_forms[BATCH], .ends = e, .items = items,
			     .n = capacity + 2 };

	call_start(&push);
	ends_await_parked(&e, 1, 0);
	EXPECT_EQ(strike_until_returned(&push), capacity ? (ssize_t)capacity : -EINTR);
	ends_let_go(&e);
}

Test(signals, a_batch_cut_short_by_a_signal_says_how_many_went_in)
{
	handle_with(0);
	for (size_t capacity = 0; capacity < 6; capacity++)
		for_each_kind(capacity, cut_batch);
}

/* A batch that wants two more than it can have. */
static void cut_pull(pp_kind kind, size_t capacity, size_t there)
{
	struct ends e = open_flagged(kind, capacity, PP_INTERRUPTIBLE);
	uint64_t items[20] = { 0 };
	struct call pull;

	items[there] = 77;
	call_pull_partly(&pull, &e, items, there, capacity + 2);
	EXPECT_EQ(strike_until_returned(&pull), there ? (ssize_t)there : -EINTR);
	for (size_t i = 0; i < there; i++)
		EXPECT_EQ(items[i], i);
	EXPECT_EQ(items[there], 77);
	EXPECT_EQ(pp_try_pull(e.rx, items), -EAGAIN);
	ends_let_go(&e);
}

static void cut_pulls(pp_kind kind, size_t capacity)
{
	cut_pull(kind, capacity, 0);
	cut_pull(kind, capacity, capacity ? capacity : 1);
}

Test(signals, a_batch_cut_short_by_a_signal_says_how_many_came_out)
{
	handle_with(0);
	for (size_t capacity = 0; capacity < 6; capacity++)
		for_each_kind(capacity, cut_pulls);
}

static void no_sleep_no_eintr(pp_kind kind, size_t capacity)
{
	struct ends e = open_flagged(kind, capacity, PP_INTERRUPTIBLE);
	uint64_t item = 1;

	for (int i = 0; i < 100; i++) {
		raise(SIGUSR1);
		EXPECT_EQ(pp_push(e.tx, &item), 0);
		raise(SIGUSR1);
		EXPECT_EQ(pp_pull(e.rx, &item), 0);
		EXPECT_EQ(pp_try_pull(e.rx, &item), -EAGAIN);
	}
	ends_let_go(&e);
}

Test(signals, a_call_that_need_not_sleep_never_gives_eintr)
{
	handle_with(0);
	for (size_t capacity = 1; capacity < 6; capacity++)
		for_each_kind(capacity, no_sleep_no_eintr);
}

/* ---- A storm: what a call says and what happened agree -------------------------------------- */

struct struck {
	struct ends e;
	uint64_t    pushed;
	atomic_bool over;
};

static void *push_under_fire(void *arg)
{
	struct struck *s = arg;
	uint64_t item = 0;

	for (; item < 2000; item++)
		while (pp_push(s->e.tx, &item) == -EINTR)
			continue;
	s->pushed = item;
	atomic_store(&s->over, true);
	return NULL;
}

static void *pull_under_fire(void *arg)
{
	struct struck *s = arg;
	uint64_t next = 0, item;
	int result;

	for (;;) {
		result = pp_pull(s->e.rx, &item);
		if (result == -EINTR)
			continue;
		if (result != 0 || item != next++)
			break;
	}
	return (void *)(uintptr_t)(result == -EPIPE ? next : 0);
}

static void storm(pp_kind kind, size_t capacity)
{
	struct struck s = { .e = open_flagged(kind, capacity, PP_INTERRUPTIBLE) };
	pthread_t pusher, puller;
	void *pulled;

	EXPECT_EQ(pthread_create(&pusher, NULL, push_under_fire, &s), 0);
	EXPECT_EQ(pthread_create(&puller, NULL, pull_under_fire, &s), 0);
	while (!atomic_load(&s.over)) {
		pthread_kill(pusher, SIGUSR1);
		pthread_kill(puller, SIGUSR1);
		doze();
	}
	pthread_join(pusher, NULL);
	EXPECT_EQ(pp_close(s.e.tx), 0);
	pthread_join(puller, &pulled);
	EXPECT_EQ((uintptr_t)pulled, s.pushed);
	ends_let_go(&s.e);
}

Test(signals, a_storm_of_signals_loses_and_repeats_nothing)
{
	handle_with(0);
	for (size_t capacity = 0; capacity < 4; capacity++)
		for_each_kind(capacity, storm);
}
