/* SPDX-License-Identifier: MIT */
/* pp_select() asleep: what wakes it, what shows it, and who gets a wake that it does not use. */
#include "selecting.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

SUITE(select_waits);

#define ROUNDS (SANITIZED ? 50 : 300)

/* Three rings on which neither a push (the first) nor a pull can go ahead. */
struct scene {
	struct ends      push, pull, last;
	struct selecting select;
	size_t           capacity;
};

static void scene_start(struct scene *s, pp_kind kind, size_t capacity, unsigned flags)
{
	s->push = ends_open(kind, capacity);
	s->pull = ends_open(kind, capacity);
	s->last = ends_open(kind, capacity);
	s->capacity = capacity;
	ends_fill(&s->push, 0, capacity);
	selecting_init(&s->select);
	s->select.flags = flags;
	selecting_push(&s->select, &s->push, 77);
	selecting_pull(&s->select, &s->pull);
	selecting_pull(&s->select, &s->last);
	selecting_sleeps(&s->select);
}

static void scene_end(struct scene *s, int index, int result)
{
	selecting_gives(&s->select, index, result);
	ends_await_parked(&s->push, 0, 0);
	ends_await_parked(&s->pull, 0, 0);
	ends_await_parked(&s->last, 0, 0);
	ends_let_go(&s->push);
	ends_let_go(&s->pull);
	ends_let_go(&s->last);
}

static void for_some(ring_body *body)
{
	static const size_t capacities[] = { 0, 1, 3, 64, 128, 129, 1000 };

	for (size_t i = 0; i < ARRAY_LEN(capacities); i++)
		for_each_kind(capacities[i], body);
}

/* ---- What wakes it ---------------------------------------------------------------- */

static void by_room(pp_kind kind, size_t capacity)
{
	struct scene s;
	uint64_t item;

	scene_start(&s, kind, capacity, 0);
	for (size_t i = 0; i < capacity; i++) {
		EXPECT_EQ(pp_pull(s.push.rx, &item), 0);
		EXPECT_EQ(item, i);
	}
	EXPECT_EQ(pp_pull(s.push.rx, &item), 0);
	EXPECT_EQ(item, 77);
	scene_end(&s, 0, 0);
}

Test(select_waits, room_wakes_it_and_the_push_is_performed)
{
	for_some(by_room);
}

static void by_item(pp_kind kind, size_t capacity)
{
	struct scene s;

	scene_start(&s, kind, capacity, PP_ORDERED);
	EXPECT_EQ(pp_push(s.last.tx, &(uint64_t){ 5 }), 0);
	AWAIT(atomic_load(&s.select.returned));
	EXPECT_EQ(s.select.items[2], 5);
	EXPECT_EQ(ends_stats(&s.last).pulled, 1);
	EXPECT_EQ(pp_tx_depth(s.push.tx), capacity);
	scene_end(&s, 2, 0);
}

Test(select_waits, an_item_wakes_it_and_the_pull_is_performed)
{
	for_some(by_item);
}

/* 0 is the push, 2 a pull. */
static void by_ending(pp_kind kind, size_t capacity, bool cancel)
{
	for (int index = 0; index < 3; index += 2) {
		struct scene s;
		struct ends *e;

		scene_start(&s, kind, capacity, 0);
		e = index ? &s.last : &s.push;
		EXPECT_EQ(cancel ? pp_cancel(e->rx) : pp_close(e->tx), 0);
		scene_end(&s, index, (index == 0) == cancel ? -EPIPE : -ESHUTDOWN);
	}
}

static void by_close_and_cancel(pp_kind kind, size_t capacity)
{
	by_ending(kind, capacity, false);
	by_ending(kind, capacity, true);
}

Test(select_waits, a_close_or_cancel_wakes_it)
{
	for_some(by_close_and_cancel);
}

/* Cancelling a wait: a ring on which nothing is ever pushed, and which somebody closes. */
static void by_done(pp_kind kind, size_t capacity)
{
	struct ends jobs = ends_open(kind, capacity), done = ends_open(PP_MPMC, 0);
	struct selecting waits[4];

	for (size_t i = 0; i < (kind == PP_SPSC ? 1 : ARRAY_LEN(waits)); i++) {
		selecting_init(&waits[i]);
		selecting_pull(&waits[i], &jobs);
		selecting_pull(&waits[i], &done);
		selecting_sleeps(&waits[i]);
	}
	pp_tx_unref(done.tx); /* closes */
	done.tx = NULL;
	for (size_t i = 0; i < (kind == PP_SPSC ? 1 : ARRAY_LEN(waits)); i++)
		selecting_gives(&waits[i], 1, -EPIPE);
	ends_let_go(&jobs);
	ends_let_go(&done);
}

Test(select_waits, closing_a_done_ring_cancels_the_wait_of_all_who_select_on_it)
{
	for_some(by_done);
}

static void by_commit(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity), other = ends_open(kind, capacity);
	void *slot = slot_push(&e);
	struct selecting s;

	selecting_init(&s);
	selecting_pull(&s, &other);
	selecting_pull(&s, &e);
	selecting_sleeps(&s);
	EXPECT_EQ(slot_commit(&e, slot, 6), 0);
	selecting_gives(&s, 1, 0);
	EXPECT_EQ(s.items[1], 6);
	ends_let_go(&e);
	ends_let_go(&other);
}

/* Every slot that the push waits for was taken back. */
static void by_abort(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity), other = ends_open(kind, capacity);
	struct selecting s;

	ends_fill(&e, 0, 1);
	for (size_t i = 1; i < capacity; i++)
		EXPECT_EQ(pp_push_abort(e.tx, slot_push(&e)), 0);
	selecting_init(&s);
	selecting_pull(&s, &other);
	selecting_push(&s, &e, 5);
	selecting_sleeps(&s);
	ends_drain(&e, 0, 1);
	selecting_gives(&s, 1, 0);
	ends_drain(&e, 5, 1);
	ends_let_go(&e);
	ends_let_go(&other);
}

Test(select_waits, what_is_done_in_place_wakes_it_too)
{
	for_each_ring(1, by_commit);
	for_each_ring(1, by_abort);
}

/* ---- How it sleeps ---------------------------------------------------------------- */

static void uses_no_cpu(pp_kind kind, size_t capacity)
{
	struct scene s;
	int64_t before;

	scene_start(&s, kind, capacity, 0);
	before = thread_cpu_ns(s.select.thread);
	for (int i = 0; i < 200; i++)
		doze();
	EXPECT(thread_cpu_ns(s.select.thread) - before < 200 * PP_US);
	EXPECT(in_futex(atomic_load(&s.select.tid)));
	/* Once, and on each of its rings, where it shows. */
	EXPECT_EQ(ends_stats(&s.push).push_parks, 1);
	EXPECT_EQ(ends_stats(&s.pull).pull_parks, 1);
	EXPECT_EQ(ends_stats(&s.last).pull_parks, 1);
	EXPECT_EQ(ends_stats(&s.push).pushers_parked, 1);
	EXPECT_EQ(ends_stats(&s.push).pullers_parked, 0);
	EXPECT_EQ(ends_stats(&s.last).pullers_parked, 1);
	EXPECT_EQ(ends_stats(&s.last).pushers_parked, 0);
	EXPECT_EQ(pp_push(s.last.tx, &(uint64_t){ 1 }), 0);
	scene_end(&s, 2, 0);
}

Test(select_waits, asleep_it_uses_no_cpu_and_shows_on_each_of_its_rings)
{
	for (size_t capacity = 0; capacity < 4; capacity++)
		for_each_kind(capacity, uses_no_cpu);
}

/* The dump with a select asleep on a ring is that with a plain pull asleep on it. */
static void shown_by_dump(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	struct selecting s;
	struct call pull;
	char plain[1 << 12];

	call_pull(&pull, &e, FOREVER);
	ends_await_parked(&e, 0, 1);
	snprintf(plain, sizeof(plain), "%s", dumped());
	EXPECT_EQ(pp_close(e.tx), 0);
	EXPECT_EQ(call_join(&pull), -EPIPE);
	ends_let_go(&e);
	e = ends_open(kind, capacity);
	EXPECT(strcmp(dumped(), plain) != 0);
	selecting_init(&s);
	selecting_pull(&s, &e);
	selecting_sleeps(&s);
	EXPECT(strcmp(dumped(), plain) == 0);
	EXPECT_EQ(pp_close(e.tx), 0);
	selecting_gives(&s, 0, -EPIPE);
	ends_let_go(&e);
}

Test(select_waits, a_dump_shows_it_as_a_thread_asleep)
{
	for (size_t capacity = 0; capacity < 4; capacity++)
		for_each_kind(capacity, shown_by_dump);
}

#define MANY 200

/* Asleep on more rings than fit on a stack of words. */
static void many(pp_kind kind, size_t capacity)
{
	static struct ends e[MANY];
	static pp_case cases[MANY];
	static uint64_t items[MANY];
	struct call push;

	for (size_t i = 0; i < MANY; i++)
		e[i] = ends_open(kind, capacity);
	for (size_t ready = 0; ready < MANY; ready += 66) {
		for (size_t i = 0; i < MANY; i++)
			cases[i] = pull_case(&e[i], &items[i]);
		push = (struct call){ .form = &push_forms[SINGLE], .ends = e[ready], .n = 1,
				      .item = ready };
		call_start(&push);
		EXPECT_EQ(pp_select(cases, MANY, 0, PP_FOREVER), ready);
		EXPECT_EQ(items[ready], ready);
		EXPECT_EQ(call_join(&push), 0);
		EXPECT_EQ(pp_select(cases, MANY, 0, pp_in(PP_MS)), -ETIMEDOUT);
	}
	for (size_t i = 0; i < MANY; i++) {
		EXPECT_EQ(ends_stats(&e[i]).pullers_parked, 0);
		ends_let_go(&e[i]);
	}
}

Test(select_waits, it_sleeps_on_more_than_128_rings)
{
	for (size_t capacity = 0; capacity < 3; capacity++)
		for_each_kind(capacity, many);
}

/* ---- Beside others on the same ring ----------------------------------------------- */

#define EACH 4

/* Plain pulls and selects asleep on one ring: each gets one item. */
static void beside_plain(size_t capacity)
{
	struct ends e = ends_open(PP_MPMC, capacity), other = ends_open(PP_MPMC, capacity);
	struct selecting selects[EACH];
	struct call pulls[EACH];
	uint64_t sum = 0;

	for (size_t i = 0; i < EACH; i++) {
		call_pull(&pulls[i], &e, FOREVER);
		selecting_init(&selects[i]);
		selecting_pull(&selects[i], &other);
		selecting_pull(&selects[i], &e);
		selecting_sleeps(&selects[i]);
	}
	ends_await_parked(&e, 0, 2 * EACH);
	for (uint64_t i = 0; i < 2 * EACH; i++)
		EXPECT_EQ(pp_push(e.tx, &(uint64_t){ 1u << i }), 0);
	for (size_t i = 0; i < EACH; i++) {
		EXPECT_EQ(call_join(&pulls[i]), 0);
		selecting_gives(&selects[i], 1, 0);
		sum += pulls[i].item + selects[i].items[1];
	}
	EXPECT_EQ(sum, (1u << 2 * EACH) - 1);
	ends_await_parked(&other, 0, 0);
	ends_let_go(&e);
	ends_let_go(&other);
}

Test(select_waits, plain_pulls_and_selects_on_one_ring_are_all_served)
{
	for (size_t capacity = 0; capacity < 9; capacity++)
		beside_plain(capacity);
}

static void beside_plain_pushes(size_t capacity)
{
	struct ends e = ends_open(PP_MPMC, capacity), other = ends_open(PP_MPMC, capacity);
	struct selecting selects[EACH];
	struct call pushes[EACH];
	uint64_t sum = 0, item;

	ends_fill(&e, 0, capacity);
	for (size_t i = 0; i < EACH; i++) {
		call_push(&pushes[i], &e, FOREVER, 1u << i);
		selecting_init(&selects[i]);
		selecting_push(&selects[i], &e, 1u << (EACH + i));
		selecting_pull(&selects[i], &other);
		selecting_sleeps(&selects[i]);
	}
	ends_await_parked(&e, 2 * EACH, 0);
	for (size_t i = 0; i < 2 * EACH + capacity; i++) {
		EXPECT_EQ(pp_pull(e.rx, &item), 0);
		sum += i < capacity ? 0 : item;
	}
	for (size_t i = 0; i < EACH; i++) {
		EXPECT_EQ(call_join(&pushes[i]), 0);
		selecting_gives(&selects[i], 0, 0);
	}
	EXPECT_EQ(sum, (1u << 2 * EACH) - 1);
	ends_let_go(&e);
	ends_let_go(&other);
}

Test(select_waits, plain_pushes_and_selects_on_one_ring_are_all_served)
{
	for (size_t capacity = 0; capacity < 9; capacity++)
		beside_plain_pushes(capacity);
}

/*
 * Each round: two sleep on one ring, one of them a select on another ring too.  Both rings get
 * something at once.  If the select was woken for the one and takes the other, the second sleeper
 * must get its wake.
 */
static void act(const struct ends *e, bool push)
{
	uint64_t item = 3;

	EXPECT_EQ(push ? pp_pull(e->rx, &item) : pp_push(e->tx, &item), 0);
}

static void drain_all(const struct ends *e)
{
	uint64_t item;

	while (pp_try_pull(e->rx, &item) == 0)
		continue;
}

static void add_case(struct selecting *s, const struct ends *e, bool push)
{
	if (push)
		selecting_push(s, e, 1);
	else
		selecting_pull(s, e);
}

/* It sleeps for the ring alone: a plain call, or a select of one case. */
static void start_other(struct call *c, const struct ends *e, bool push, bool plain)
{
	const struct form *select = push ? push_select_forms : pull_select_forms;

	*c = (struct call){ .ends = *e, .item = 1, .n = 1 };
	c->form = !plain ? &select[FOREVER] : push ? &push_forms[SINGLE] : &pull_forms[SINGLE];
	call_start(c);
}

/* Woken for its second case, it takes the first, on which there is something by then. */
static void other_round(const struct ends *e, const struct ends *other, bool push, int round)
{
	struct selecting s;
	struct call call;

	if (push)
		ends_fill(e, 0, pp_tx_capacity(e->tx));
	selecting_init(&s);
	s.flags = PP_ORDERED;
	selecting_pull(&s, other);
	add_case(&s, e, push);
	selecting_sleeps(&s);
	start_other(&call, e, push, round % 2);
	ends_await_parked(e, push ? 2 : 0, push ? 0 : 2);
	if (round % 4 / 2)
		EXPECT_EQ(pp_push(other->tx, &(uint64_t){ 2 }), 0);
	act(e, push);
	if (round % 4 / 2 == 0)
		EXPECT_EQ(pp_push(other->tx, &(uint64_t){ 2 }), 0);
	if (selecting_join(&s) == 1) /* it has what was for the ring of both: one more */
		act(e, push);
	EXPECT_EQ(call_join(&call), 0);
	drain_all(e);
	drain_all(other);
}

static void takes_another_case(bool push)
{
	for (size_t capacity = 0; capacity < 4; capacity++) {
		struct ends e = ends_open(PP_MPMC, capacity), other = ends_open(PP_MPMC, 1);

		for (int round = 0; round < ROUNDS; round++)
			other_round(&e, &other, push, round);
		ends_let_go(&e);
		ends_let_go(&other);
	}
}

Test(select_waits, a_woken_select_that_takes_another_case_passes_its_wake_on)
{
	takes_another_case(false);
	takes_another_case(true);
}

/* The same, with a select that leaves at its deadline. */
static void deadline_round(const struct ends *e, const struct ends *other, bool push, int round)
{
	pp_time when = pp_in(round % 20 * 20 * PP_US);
	struct selecting s;
	struct call call;

	if (push)
		ends_fill(e, 0, pp_tx_capacity(e->tx));
	selecting_init(&s);
	selecting_pull(&s, other);
	add_case(&s, e, push);
	s.deadline = when;
	selecting_start(&s);
	start_other(&call, e, push, round % 2);
	while (pp_now() < when - 10 * PP_US)
		continue;
	act(e, push);
	if (selecting_join(&s) == 1)
		act(e, push);
	EXPECT_EQ(call_join(&call), 0);
	drain_all(e);
}

Test(select_waits, a_select_that_leaves_at_its_deadline_passes_its_wake_on)
{
	for (size_t capacity = 0; capacity < 4; capacity++) {
		struct ends e = ends_open(PP_MPMC, capacity), other = ends_open(PP_MPMC, 1);

		for (int round = 0; round < 2 * ROUNDS; round++)
			deadline_round(&e, &other, round % 2, round / 2);
		ends_let_go(&e);
		ends_let_go(&other);
	}
}
