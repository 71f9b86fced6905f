/* SPDX-License-Identifier: MIT */
/*
 * A thread that is stopped in the middle of a call, at every instruction of it: what the
 * others may see meanwhile, and that everybody goes on when it does.
 */
#include "stepping.h"

SUITE(frozen);

/* ---- Tries on both sides return at once ------------------------------------------------ */

static unsigned busy;

static void note(ssize_t result)
{
	busy += result == -EBUSY;
}

/*
 * try_push is half-way.  A second push went in behind it: the ring is not empty, so a
 * pull may say "got it" or "busy", and never "empty".
 */
static void beside_a_push(const struct scene *scene, struct stepped *s, struct ends *e)
{
	uint64_t got = 0, in = 0, out = 0;
	int second = -EAGAIN, pulled;

	if (scene->kind == PP_MPMC) {
		second = pp_try_push(e->tx, &(uint64_t){ 2 });
		EXPECT(one_of(second, 0, -EBUSY, scene->capacity == 1 ? -EAGAIN : 0));
		in += second == 0;
	}
	EXPECT(one_of(pp_pull_until(e->rx, &got, 0), 0, -ETIMEDOUT, 0));
	out += got != 0;
	pulled = pp_try_pull(e->rx, &got);
	EXPECT(one_of(pulled, 0, -EAGAIN, -EBUSY));
	if (in > out)
		EXPECT(pulled != -EAGAIN);
	note(pulled);
	out += pulled == 0;
	in += stepped_finish(s) == 0;
	EXPECT(one_of(s->call.result, 0, -EAGAIN, -EBUSY));
	EXPECT_EQ(out + drain(e), in);
}

static void tries_beside_a_push(pp_kind kind, size_t capacity)
{
	at_every_instruction(&(struct scene){ .form = &push_forms[SINGLE_TRY], .kind = kind,
					      .capacity = capacity, .item = 1 },
			     beside_a_push);
}

Test(frozen, beside_a_half_way_push_tries_return_at_once_and_say_ebusy_not_empty)
{
	busy = 0;
	for (size_t capacity = 1; capacity < 4; capacity++)
		for_each_kind(capacity, tries_beside_a_push);
	EXPECT(busy > 0); /* a claimed slot was met */
}

/* The mirror image: a slot is being freed, one more is free behind it. */
static void beside_a_pull(const struct scene *scene, struct stepped *s, struct ends *e)
{
	uint64_t got = 0, in = scene->capacity, out = 0;
	int second = -EAGAIN, pushed;

	if (scene->kind == PP_MPMC) {
		second = pp_try_pull(e->rx, &got);
		EXPECT(one_of(second, 0, -EBUSY, scene->capacity == 1 ? -EAGAIN : 0));
		out += second == 0;
	}
	pushed = pp_push_until(e->tx, &(uint64_t){ 7 }, 0);
	EXPECT(one_of(pushed, 0, -ETIMEDOUT, 0));
	in += pushed == 0;
	pushed = pp_try_push(e->tx, &(uint64_t){ 8 });
	EXPECT(one_of(pushed, 0, -EAGAIN, -EBUSY));
	if (in - out < scene->capacity)
		EXPECT(pushed != -EAGAIN);
	note(pushed);
	in += pushed == 0;
	out += stepped_finish(s) == 0;
	EXPECT(one_of(s->call.result, 0, -EAGAIN, -EBUSY));
	EXPECT_EQ(out + drain(e), in);
}

static void tries_beside_a_pull(pp_kind kind, size_t capacity)
{
	at_every_instruction(&(struct scene){ .form = &pull_forms[SINGLE_TRY], .kind = kind,
					      .capacity = capacity, .depth = capacity },
			     beside_a_pull);
}

Test(frozen, beside_a_half_way_pull_tries_return_at_once_and_say_ebusy_not_full)
{
	busy = 0;
	for (size_t capacity = 1; capacity < 4; capacity++)
		for_each_kind(capacity, tries_beside_a_pull);
	EXPECT(busy > 0);
}

/* Later items flow: with slots to spare, everybody behind a half-way push goes on. */
static void flows_behind(const struct scene *scene, struct stepped *s, struct ends *e)
{
	uint64_t in = 0;

	for (uint64_t i = 0; i + 1 < scene->capacity; i++)
		in += pp_try_push(e->tx, &i) == 0;
	EXPECT_EQ(in, scene->capacity - 1);
	in += stepped_finish(s) == 0;
	EXPECT_EQ(drain(e), in);
}

Test(frozen, pushes_behind_a_half_way_push_go_on_while_there_are_slots)
{
	at_every_instruction(&(struct scene){ .form = &push_forms[SINGLE], .kind = PP_MPMC,
					      .capacity = 5, .item = 1 },
			     flows_behind);
}

/* ---- The waker is stopped: those who sleep meanwhile are woken --------------------------- */

static void puller_waits(const struct scene *scene, struct stepped *s, struct ends *e)
{
	struct call pull;

	(void)scene;
	call_pull(&pull, e, FOREVER);
	settle(&pull);
	EXPECT_EQ(stepped_finish(s), 0);
	EXPECT_EQ(call_join(&pull), 0);
	EXPECT_EQ(pull.item, 1);
}

static void push_stopped(pp_kind kind, size_t capacity)
{
	at_every_instruction(&(struct scene){ .form = &push_forms[SINGLE], .kind = kind,
					      .capacity = capacity, .item = 1 },
			     puller_waits);
}

Test(frozen, a_puller_that_waits_for_a_stopped_push_is_woken_by_it)
{
	for (size_t capacity = 0; capacity < 4; capacity++)
		for_each_kind(capacity, push_stopped);
}

static void pusher_waits(const struct scene *scene, struct stepped *s, struct ends *e)
{
	struct call push;

	call_push(&push, e, FOREVER, 9);
	settle(&push);
	EXPECT_EQ(stepped_finish(s), 0);
	EXPECT_EQ(call_join(&push), 0);
	EXPECT_EQ(drain(e), scene->capacity);
}

static void pull_stopped(pp_kind kind, size_t capacity)
{
	at_every_instruction(&(struct scene){ .form = &pull_forms[SINGLE], .kind = kind,
					      .capacity = capacity, .depth = capacity },
			     pusher_waits);
}

Test(frozen, a_pusher_that_waits_for_a_stopped_pull_is_woken_by_it)
{
	for (size_t capacity = 0; capacity < 4; capacity++)
		for_each_kind(capacity, pull_stopped);
}

/* Two sleep; the second push goes in behind the stopped one: neither item is stranded. */
static void two_pullers(const struct scene *scene, struct stepped *s, struct ends *e)
{
	struct call pulls[2];

	(void)scene;
	for (size_t i = 0; i < 2; i++) {
		call_pull(&pulls[i], e, FOREVER);
		settle(&pulls[i]);
	}
	EXPECT_EQ(pp_push(e->tx, &(uint64_t){ 2 }), 0);
	EXPECT_EQ(stepped_finish(s), 0);
	EXPECT_EQ(call_join(&pulls[0]), 0);
	EXPECT_EQ(call_join(&pulls[1]), 0);
	EXPECT_EQ(pulls[0].item + pulls[1].item, 3);
}

Test(frozen, an_item_behind_a_stopped_push_is_not_stranded_beside_a_sleeper)
{
	for (size_t capacity = 2; capacity < 4; capacity++)
		at_every_instruction(&(struct scene){ .form = &push_forms[SINGLE],
						      .kind = PP_MPMC, .capacity = capacity,
						      .item = 1 }, two_pullers);
}

static void two_pushers(const struct scene *scene, struct stepped *s, struct ends *e)
{
	struct call pushes[2];
	uint64_t item;

	for (size_t i = 0; i < 2; i++) {
		call_push(&pushes[i], e, FOREVER, 1 + i);
		settle(&pushes[i]);
	}
	EXPECT_EQ(pp_pull(e->rx, &item), 0);
	EXPECT_EQ(stepped_finish(s), 0);
	EXPECT_EQ(call_join(&pushes[0]), 0);
	EXPECT_EQ(call_join(&pushes[1]), 0);
	EXPECT_EQ(drain(e), scene->capacity);
}

Test(frozen, a_slot_behind_a_stopped_pull_is_not_stranded_beside_a_sleeper)
{
	for (size_t capacity = 2; capacity < 4; capacity++)
		at_every_instruction(&(struct scene){ .form = &pull_forms[SINGLE],
						      .kind = PP_MPMC, .capacity = capacity,
						      .depth = capacity }, two_pushers);
}

/* ---- The sleeper is stopped on its way to sleep: it does not miss what comes -------------- */

static void item_comes(const struct scene *scene, struct stepped *s, struct ends *e)
{
	int result = pp_try_push(e->tx, &(uint64_t){ 1 });

	EXPECT(result == 0 || (scene->capacity == 0 && one_of(result, -EAGAIN, -EBUSY, 0)));
	atomic_store(&s->go, true);
	if (result != 0)
		EXPECT_EQ(pp_push(e->tx, &(uint64_t){ 1 }), 0);
	EXPECT_EQ(stepped_finish(s), 0);
	EXPECT_EQ(s->call.item, 1);
}

static void pull_falls_asleep(pp_kind kind, size_t capacity)
{
	at_every_instruction(&(struct scene){ .form = &pull_forms[SINGLE], .kind = kind,
					      .capacity = capacity }, item_comes);
	at_every_instruction(&(struct scene){ .form = &pull_forms[SINGLE_UNTIL], .kind = kind,
					      .capacity = capacity, .patience = 600 * PP_SEC },
			     item_comes);
}

Test(frozen, an_item_that_comes_while_a_puller_falls_asleep_is_not_missed)
{
	for (size_t capacity = 0; capacity < 4; capacity++)
		for_each_kind(capacity, pull_falls_asleep);
}

static void room_comes(const struct scene *scene, struct stepped *s, struct ends *e)
{
	uint64_t item;
	int result = pp_try_pull(e->rx, &item);

	EXPECT(result == 0 || (scene->capacity == 0 && one_of(result, -EAGAIN, -EBUSY, 0)));
	atomic_store(&s->go, true);
	if (result != 0)
		EXPECT_EQ(pp_pull(e->rx, &item), 0);
	EXPECT_EQ(stepped_finish(s), 0);
	EXPECT_EQ(drain(e), scene->capacity);
}

static void push_falls_asleep(pp_kind kind, size_t capacity)
{
	at_every_instruction(&(struct scene){ .form = &push_forms[SINGLE], .kind = kind,
					      .capacity = capacity, .depth = capacity, .item = 5 },
			     room_comes);
}

Test(frozen, room_that_comes_while_a_pusher_falls_asleep_is_not_missed)
{
	for (size_t capacity = 0; capacity < 4; capacity++)
		for_each_kind(capacity, push_falls_asleep);
}
