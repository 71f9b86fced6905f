/* SPDX-License-Identifier: MIT */
#include "choices.h"

#define ROUNDS (SANITIZED ? 300u : 10000u)

int by_select(pp_case *cases, size_t count, pp_time deadline)
{
	return pp_select(cases, count, 0, deadline);
}

static int try_case(const pp_case *c)
{
	return c->tx ? pp_try_push(c->tx, c->item) : pp_try_pull(c->rx, c->item);
}

int by_readiness(pp_case *cases, size_t count, pp_time deadline)
{
	struct interest ends[8];

	CHECK(count <= ARRAY_LEN(ends));
	for (size_t i = 0; i < count; i++)
		ends[i] = (struct interest){ .tx = cases[i].tx, .rx = cases[i].rx };
	for (;;) {
		int index = ready_until(ends, count, deadline);

		if (index < 0)
			return index;
		cases[index].result = try_case(&cases[index]);
		if (cases[index].result != -EAGAIN && cases[index].result != -EBUSY)
			return index;
	}
}

void for_kinds(chooser *choose_by, choice_body *body)
{
	body(choose_by, PP_SPSC);
	body(choose_by, PP_MPMC);
}

/* The case `index` is chosen before long, with `result`. */
static void chooses(chooser *choose_by, pp_case *cases, size_t count, int index, int result)
{
	CHECK_EQ(choose_by(cases, count, soon()), index);
	CHECK_EQ(cases[index].result, result);
}

/* A pull from ring `index` of the first `count`, which gets `item`. */
static void pulls(chooser *choose_by, struct scene *s, size_t count, int index, uint64_t item)
{
	uint64_t got = 0;
	pp_case cases[8];

	for (size_t i = 0; i < count; i++)
		cases[i] = pull_case(&s->e[i], &got);
	chooses(choose_by, cases, count, index, 0);
	CHECK_EQ(got, item);
}

static void finds_the_end(chooser *choose_by, struct scene *s, size_t count, int index)
{
	uint64_t kept = 42;
	pp_case cases[8];

	for (size_t i = 0; i < count; i++)
		cases[i] = pull_case(&s->e[i], &kept);
	chooses(choose_by, cases, count, index, -EPIPE);
	CHECK_EQ(kept, 42);
}

/* ---- What is ready ---------------------------------------------------------------- */

void one_of_two(chooser *choose_by, pp_kind kind)
{
	struct scene s;

	scene_open(&s, kind, 2, WIDE);
	must_push(&s.e[0], 1);
	pulls(choose_by, &s, 2, 0, 1);
	must_push(&s.e[1], 2);
	pulls(choose_by, &s, 2, 1, 2);
	scene_end(&s);
}

void one_of_five(chooser *choose_by, pp_kind kind)
{
	struct scene s;

	scene_open(&s, kind, 5, WIDE);
	must_push(&s.e[4], 5);
	pulls(choose_by, &s, 5, 4, 5);
	scene_end(&s);
}

static void drop_first_push_second(struct scene *s, unsigned me)
{
	(void)me;
	tx_drop(&s->e[0]);
	AWAIT(atomic_load(&s->hits[0]));
	must_push(&s->e[1], 5);
}

static void drop_when_told(struct scene *s, unsigned me)
{
	AWAIT(atomic_load(&s->hits[1]));
	tx_drop(&s->e[me]);
}

void ended_is_ready(chooser *choose_by, pp_kind kind)
{
	uint64_t kept = 42;
	struct scene s;

	scene_open(&s, kind, 2, WIDE);
	scene_spawn(&s, drop_first_push_second, 0);
	finds_the_end(choose_by, &s, 2, 0);
	atomic_store(&s.hits[0], 1);
	CHECK_EQ(must_pull(&s.e[1]), 5);
	scene_join(&s);
	finds_the_end(choose_by, &s, 2, 0);
	scene_spawn(&s, drop_when_told, 1);
	atomic_store(&s.hits[1], 1);
	chooses(choose_by, (pp_case[]){ pull_case(&s.e[1], &kept) }, 1, 0, -EPIPE);
	CHECK_EQ(kept, 42);
	scene_end(&s);
}

void default_and_not(chooser *choose_by, pp_kind kind)
{
	uint64_t got = 0;
	struct scene s;
	pp_case second;

	scene_open(&s, kind, 2, WIDE);
	second = pull_case(&s.e[1], &got);
	CHECK_EQ(choose_by((pp_case[]){ pull_case(&s.e[0], &got), second }, 2, 0), -ETIMEDOUT);
	tx_drop(&s.e[0]);
	finds_the_end(choose_by, &s, 2, 0);
	must_push(&s.e[1], 2);
	CHECK_EQ(choose_by(&second, 1, 0), 0);
	CHECK_EQ(got, 2);
	CHECK_EQ(choose_by(&second, 1, 0), -ETIMEDOUT);
	CHECK_EQ(choose_by(&second, 0, 0), -ETIMEDOUT);
	scene_end(&s);
}

static void push_two_when_told(struct scene *s, unsigned me)
{
	AWAIT(atomic_load(&s->hits[0]));
	must_push(&s->e[me], 2);
}

void timeout_and_not(chooser *choose_by, pp_kind kind)
{
	pp_time deadline = pp_in(3 * PP_MS);
	uint64_t got = 0;
	struct scene s;
	pp_case cases[2];

	scene_open(&s, kind, 2, WIDE);
	cases[0] = pull_case(&s.e[0], &got);
	cases[1] = pull_case(&s.e[1], &got);
	scene_spawn(&s, push_two_when_told, 1);
	CHECK_EQ(choose_by(cases, 2, deadline), -ETIMEDOUT);
	CHECK(pp_now() >= deadline);
	atomic_store(&s.hits[0], 1);
	pulls(choose_by, &s, 2, 1, 2);
	scene_join(&s);
	scene_spawn(&s, drop_when_told, 1);
	atomic_store(&s.hits[1], 1);
	CHECK_EQ(choose_by(cases, 0, pp_in(2 * PP_MS)), -ETIMEDOUT);
	scene_join(&s);
	CHECK_EQ(choose_by(&cases[1], 1, 0), 0);
	CHECK_EQ(cases[1].result, -EPIPE);
	scene_end(&s);
}

void default_when_ended(chooser *choose_by, pp_kind kind)
{
	uint64_t kept = 42;
	struct scene s;

	for (int late = 0; late < 2; late++) {
		pp_time deadline = late ? soon() : 0;
		pp_case c;

		scene_open(&s, kind, 1, WIDE);
		scene_add(&s, kind, 0);
		c = pull_case(&s.e[0], &kept);
		tx_drop(&s.e[0]);
		CHECK_EQ(choose_by(&c, 1, deadline), 0);
		CHECK_EQ(c.result, -EPIPE);
		c = push_case(&s.e[1], &kept);
		rx_drop(&s.e[1]);
		CHECK_EQ(choose_by(&c, 1, deadline), 0);
		CHECK_EQ(c.result, -EPIPE);
		CHECK_EQ(kept, 42);
		scene_end(&s);
	}
}

void only_default(chooser *choose_by)
{
	pp_time deadline = pp_in(3 * PP_MS);
	pp_case none = disabled_case();

	CHECK_EQ(choose_by(&none, 0, 0), -ETIMEDOUT);
	CHECK_EQ(choose_by(&none, 0, deadline), -ETIMEDOUT);
	CHECK(pp_now() >= deadline);
}

/* ---- What becomes ready --------------------------------------------------------------- */

static chooser *choose_by_here;

static void choose_a_pull(struct scene *s, unsigned me)
{
	pulls(choose_by_here, s, 2, (int)me, me);
}

static void choose_a_push(struct scene *s, unsigned me)
{
	uint64_t one = 1, two = 2;
	pp_case cases[] = { push_case(&s->e[0], &one), push_case(&s->e[1], &two) };

	chooses(choose_by_here, cases, 2, (int)me, 0);
}

/* The chooser is the first actor, asleep in a futex or in poll before the other comes. */
void unblocked(chooser *choose_by, pp_kind kind)
{
	struct scene s;
	bool polls = choose_by == by_readiness;

	choose_by_here = choose_by;
	scene_open(&s, kind, 2, 0);
	scene_spawn(&s, choose_a_pull, 1);
	if (!polls)
		scene_await_asleep(&s, 0);
	must_push(&s.e[1], 1);
	scene_join(&s);
	scene_spawn(&s, choose_a_push, 0);
	if (!polls)
		scene_await_asleep(&s, 0);
	CHECK_EQ(must_pull(&s.e[0]), 1);
	scene_end(&s);
}

static void push_then_pull(struct scene *s, unsigned me)
{
	must_push(&s->e[0], me);
	CHECK_EQ(must_pull(&s->e[1]), me + 1);
}

/* Pull from ring 0 and push to ring 1, each once, in whatever order they go. */
static void one_of_each(chooser *choose_by, struct scene *s, uint64_t in, uint64_t out)
{
	for (int i = 0; i < 2; i++) {
		uint64_t got = 0;
		pp_case cases[] = { pull_case(&s->e[0], &got), push_case(&s->e[1], &out) };
		int index = choose_by(cases, 2, soon());

		CHECK(index >= 0);
		CHECK_EQ(cases[index].result, 0);
		if (index == 0)
			CHECK_EQ(got, in);
	}
}

void both_in_turn(chooser *choose_by, pp_kind kind)
{
	struct scene s;

	scene_open(&s, kind, 2, 0);
	scene_spawn(&s, push_then_pull, 1);
	one_of_each(choose_by, &s, 1, 2);
	scene_end(&s);
}

/* ---- References, and items that were there before ----------------------------------------- */

static void refer_and_push(struct scene *s, unsigned me)
{
	uint64_t item;

	(void)must_pull(&s->e[2]);
	CHECK_EQ(pp_tx_ref(s->e[0].tx), 0);
	pp_tx_unref(s->e[0].tx);
	CHECK_EQ(pp_try_pull(s->e[2].rx, &item), -EAGAIN);
	must_push(&s->e[0], me);
	(void)must_pull(&s->e[2]);
}

void beside_a_reference(chooser *choose_by, pp_kind kind)
{
	struct scene s;

	scene_open(&s, kind, 3, WIDE);
	scene_spawn(&s, refer_and_push, 1);
	must_push(&s.e[2], 0);
	pulls(choose_by, &s, 2, 0, 1);
	must_push(&s.e[2], 0);
	scene_end(&s);
}

void woken_beside_a_reference(chooser *choose_by, pp_kind kind)
{
	struct scene s;

	choose_by_here = choose_by;
	scene_open(&s, kind, 2, WIDE);
	scene_spawn(&s, choose_a_pull, 1);
	if (choose_by == by_select)
		scene_await_asleep(&s, 0);
	CHECK_EQ(pp_tx_ref(s.e[0].tx), 0);
	pp_tx_unref(s.e[0].tx);
	must_push(&s.e[1], 1);
	scene_end(&s);
}

static void push_by_a_reference(struct scene *s)
{
	CHECK_EQ(pp_tx_ref(s->e[0].tx), 0);
	pp_tx_unref(s->e[0].tx);
	must_push(&s->e[0], 3);
	tx_drop(&s->e[0]);
}

void item_there_before(chooser *choose_by, pp_kind kind)
{
	struct scene s;

	scene_open(&s, kind, 1, WIDE);
	must_push(&s.e[0], 3);
	pulls(choose_by, &s, 1, 0, 3);
	scene_end(&s);
}

void item_before_the_end(chooser *choose_by, pp_kind kind)
{
	struct scene s;

	scene_open(&s, kind, 1, WIDE);
	push_by_a_reference(&s);
	pulls(choose_by, &s, 1, 0, 3);
	must_end(&s.e[0]);
	scene_end(&s);
}

void only_the_end(chooser *choose_by, pp_kind kind)
{
	struct scene s;

	scene_open(&s, kind, 1, WIDE);
	push_by_a_reference(&s);
	CHECK_EQ(must_pull(&s.e[0]), 3);
	finds_the_end(choose_by, &s, 1, 0);
	scene_end(&s);
}

void one_after_the_other(chooser *choose_by, pp_kind kind)
{
	struct scene s;

	scene_open(&s, kind, 1, WIDE);
	for (uint64_t i = 0; i < 2; i++) {
		chooses(choose_by, (pp_case[]){ push_case(&s.e[0], &i) }, 1, 0, 0);
		pulls(choose_by, &s, 1, 0, i);
	}
	scene_end(&s);
}

/* ---- Stress --------------------------------------------------------------------------------- */

static void alternate_pushes(struct scene *s, unsigned me)
{
	(void)me;
	for (uint64_t i = 0; i < ROUNDS; i++)
		for (int ring = 0; ring < 2; ring++) {
			must_push(&s->e[ring], i);
			(void)must_pull(&s->e[2]);
		}
}

void alternating_pulls(chooser *choose_by, pp_kind kind)
{
	struct scene s;

	scene_open(&s, kind, 1, WIDE);
	scene_add(&s, kind, 5);
	scene_add(&s, kind, choose_by == by_select ? 100 : 0);
	scene_spawn(&s, alternate_pushes, 0);
	for (uint64_t i = 0; i < ROUNDS; i++)
		for (int ring = 0; ring < 2; ring++) {
			pulls(choose_by, &s, 2, ring, i);
			must_push(&s.e[2], 0);
		}
	scene_end(&s);
}

static void alternate_pulls(struct scene *s, unsigned me)
{
	for (uint64_t i = 0; i < ROUNDS; i++) {
		if (me == 0)
			CHECK_EQ(must_pull(&s->e[0]), i);
		else
			must_push(&s->e[0], i);
		CHECK_EQ(must_pull(&s->e[1]), i);
		(void)must_pull(&s->e[2]);
	}
}

void alternating_pushes(chooser *choose_by, pp_kind kind)
{
	struct scene s;

	scene_open(&s, kind, 2, 0);
	scene_add(&s, kind, 100);
	scene_spawn(&s, alternate_pulls, 0);
	for (uint64_t i = 0; i < ROUNDS; i++) {
		for (int ring = 0; ring < 2; ring++)
			chooses(choose_by, (pp_case[]){ push_case(&s.e[0], &i),
							push_case(&s.e[1], &i) }, 2, ring, 0);
		must_push(&s.e[2], 0);
	}
	scene_end(&s);
}

void pull_and_push(chooser *choose_by, pp_kind kind)
{
	struct scene s;

	scene_open(&s, kind, 2, 0);
	scene_add(&s, kind, 100);
	scene_spawn(&s, alternate_pulls, 1);
	for (uint64_t i = 0; i < ROUNDS; i++) {
		one_of_each(choose_by, &s, i, i);
		must_push(&s.e[2], 0);
	}
	scene_end(&s);
}

/* Choose until the case went ahead, with naps now and then so that both sides run out of time. */
static void insist(chooser *choose_by, pp_case *c, uint64_t i)
{
	int index;

	for (int naps = 0; i % 2 == 0 && naps < 50; naps++)
		doze();
	while ((index = choose_by(c, 1, pp_in(PP_MS))) < 0)
		CHECK_EQ(index, -ETIMEDOUT);
	CHECK_EQ(c->result, 0);
}

static void insist_on_pushes(struct scene *s, unsigned me)
{
	(void)me;
	for (uint64_t i = 0; i < s->count; i++)
		insist(choose_by_here, &(pp_case){ .tx = s->e[0].tx, .item = &i }, i);
}

void deadlines(chooser *choose_by, pp_kind kind)
{
	uint64_t got = 0;
	struct scene s;

	choose_by_here = choose_by;
	scene_open(&s, kind, 1, 2);
	s.count = 100;
	scene_spawn(&s, insist_on_pushes, 0);
	for (uint64_t i = 0; i < s.count; i++) {
		insist(choose_by, &(pp_case){ .rx = s.e[0].rx, .item = &got }, i);
		CHECK_EQ(got, i);
	}
	scene_end(&s);
}
