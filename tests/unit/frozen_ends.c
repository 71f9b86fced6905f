/* SPDX-License-Identifier: MIT */
/*
 * Close, cancel and deadlines against a call that is stopped at every instruction, and
 * the other way round.
 */
#include "stepping.h"

#include <fcntl.h>
#include <unistd.h>

SUITE(frozen_ends);

static ssize_t run_close(const struct ends *e, uint64_t *items, size_t n, pp_time deadline)
{
	(void)items;
	(void)n;
	(void)deadline;
	return pp_close(e->tx);
}

static ssize_t run_cancel(const struct ends *e, uint64_t *items, size_t n, pp_time deadline)
{
	(void)items;
	(void)n;
	(void)deadline;
	return pp_cancel(e->rx);
}

static const struct form close_form = { "close", FOREVER, 0, run_close };
static const struct form cancel_form = { "cancel", FOREVER, 0, run_cancel };

/*
 * End the ring beside a stopped call.  From capacity 1 up that waits for nobody.  At
 * capacity 0 the stopped call may hold the meeting's short lock, and who wants it sleeps.
 */
static void end_beside(struct call *end, const struct form *form, const struct ends *e)
{
	*end = (struct call){ .form = form, .ends = *e };
	call_start(end);
	if (pp_tx_capacity(e->tx))
		AWAIT(atomic_load(&end->returned));
	settle(end);
}

/* ---- Close while a push is half-way -------------------------------------------------- */

static void close_meets_push(const struct scene *scene, struct stepped *s, struct ends *e)
{
	struct call close, pull;
	uint64_t item;

	end_beside(&close, &close_form, e);
	if (scene->kind == PP_MPMC && scene->capacity)
		EXPECT_EQ(pp_push(e->tx, &(uint64_t){ 2 }), -ESHUTDOWN);
	call_pull(&pull, e, FOREVER);
	settle(&pull);
	stepped_finish(s);
	if (s->call.result != 0)
		EXPECT_EQ(s->call.result, -ESHUTDOWN);
	EXPECT_EQ(call_join(&close), 0);
	EXPECT_EQ(call_join(&pull), s->call.result == 0 ? 0 : -EPIPE);
	if (s->call.result == 0)
		EXPECT_EQ(pull.item, 1);
	EXPECT_EQ(pp_pull(e->rx, &item), -EPIPE);
}

static void push_races_close(pp_kind kind, size_t capacity)
{
	at_every_instruction(&(struct scene){ .form = &push_forms[SINGLE], .kind = kind,
					      .capacity = capacity, .item = 1 },
			     close_meets_push);
}

Test(frozen_ends, a_push_stopped_while_the_ring_closes_is_delivered_or_refused)
{
	for (size_t capacity = 0; capacity < 4; capacity++)
		for_each_kind(capacity, push_races_close);
}

/* ---- Cancel while a push or a pull is half-way --------------------------------------- */

static void cancel_meets_push(const struct scene *scene, struct stepped *s, struct ends *e)
{
	struct call cancel;

	end_beside(&cancel, &cancel_form, e);
	stepped_finish(s);
	if (s->call.result != 0)
		EXPECT_EQ(s->call.result, -EPIPE);
	EXPECT_EQ(call_join(&cancel), 0);
	ends_let_go(e);
	EXPECT_EQ(scene_dropped(), scene->depth + (s->call.result == 0));
}

static void push_races_cancel(pp_kind kind, size_t capacity)
{
	at_every_instruction(&(struct scene){ .form = &push_forms[SINGLE], .kind = kind,
					      .capacity = capacity, .item = 1,
					      .depth = capacity ? capacity - 1 : 0 },
			     cancel_meets_push);
}

Test(frozen_ends, a_push_stopped_while_the_ring_is_cancelled_is_dropped_once_or_refused)
{
	for (size_t capacity = 0; capacity < 4; capacity++)
		for_each_kind(capacity, push_races_cancel);
}

static void cancel_meets_pull(const struct scene *scene, struct stepped *s, struct ends *e)
{
	struct call cancel;

	end_beside(&cancel, &cancel_form, e);
	stepped_finish(s);
	if (s->call.result != 0)
		EXPECT_EQ(s->call.result, -ESHUTDOWN);
	EXPECT_EQ(call_join(&cancel), 0);
	if (s->call.result == 0)
		EXPECT_EQ(s->call.item, 100);
	ends_let_go(e);
	EXPECT_EQ(scene_dropped(), scene->depth - (s->call.result == 0));
}

static void pull_races_cancel(pp_kind kind, size_t capacity)
{
	for (size_t depth = 0; depth <= capacity; depth++)
		at_every_instruction(&(struct scene){ .form = &pull_forms[SINGLE], .kind = kind,
						      .capacity = capacity, .depth = depth },
				     cancel_meets_pull);
}

Test(frozen_ends, a_pull_stopped_while_the_ring_is_cancelled_has_its_item_or_drop_has)
{
	for (size_t capacity = 0; capacity < 3; capacity++)
		for_each_kind(capacity, pull_races_cancel);
}

/* ---- Close and cancel stopped half-way ------------------------------------------------ */

static void stopped_close(const struct scene *scene, struct stepped *s, struct ends *e)
{
	struct call pull;
	uint64_t item, in = 0;
	int pushed = scene->capacity ? pp_try_push(e->tx, &(uint64_t){ 1 }) : -ESHUTDOWN;

	EXPECT(one_of(pushed, 0, -ESHUTDOWN, -EBUSY));
	in = pushed == 0;
	if (in)
		EXPECT_EQ(pp_pull(e->rx, &item), 0);
	call_pull(&pull, e, FOREVER); /* nothing is left: it sees the end */
	EXPECT_EQ(stepped_finish(s), 0);
	EXPECT_EQ(call_join(&pull), -EPIPE);
	EXPECT_EQ(pp_push(e->tx, &item), -ESHUTDOWN);
}

static void closes(pp_kind kind, size_t capacity)
{
	at_every_instruction(&(struct scene){ .form = &close_form, .kind = kind,
					      .capacity = capacity }, stopped_close);
}

Test(frozen_ends, beside_a_stopped_close_an_accepted_item_is_delivered_and_the_end_seen)
{
	for (size_t capacity = 0; capacity < 4; capacity++)
		for_each_kind(capacity, closes);
}

static void stopped_cancel(const struct scene *scene, struct stepped *s, struct ends *e)
{
	uint64_t in = scene->depth;
	struct call push;
	int pushed = pp_try_push(e->tx, &(uint64_t){ 1 });

	EXPECT(one_of(pushed, 0, -EPIPE, -EBUSY) || pushed == -EAGAIN);
	in += pushed == 0;
	call_push(&push, e, TRY, 2);
	EXPECT(one_of(call_join(&push), 0, -EPIPE, -EBUSY) || push.result == -EAGAIN);
	in += push.result == 0;
	EXPECT_EQ(stepped_finish(s), 0);
	EXPECT_EQ(pp_push(e->tx, &(uint64_t){ 3 }), -EPIPE);
	ends_let_go(e);
	EXPECT_EQ(scene_dropped(), in);
}

static void cancels(pp_kind kind, size_t capacity)
{
	at_every_instruction(&(struct scene){ .form = &cancel_form, .kind = kind,
					      .capacity = capacity, .depth = capacity / 2 },
			     stopped_cancel);
}

Test(frozen_ends, beside_a_stopped_cancel_an_accepted_item_is_dropped_once)
{
	for (size_t capacity = 0; capacity < 5; capacity++)
		for_each_kind(capacity, cancels);
}

/* ---- A sleeper leaves at its deadline, and is stopped on its way out ------------------- */

static struct call beside; /* sleeps for ever on the same side */

static void puller_beside(struct ends *e)
{
	call_pull(&beside, e, FOREVER);
	ends_await_parked(e, 0, 1);
}

static void item_while_leaving(const struct scene *scene, struct stepped *s, struct ends *e)
{
	struct call push;

	(void)scene;
	call_push(&push, e, FOREVER, 1); /* in a thread: at capacity 0 it may meet the stopped one */
	settle(&push);
	stepped_finish(s);
	if (s->call.result != 0)
		EXPECT_EQ(s->call.result, -ETIMEDOUT);
	EXPECT_EQ(call_join(&push), 0);
	if (s->call.result == 0) /* it took the item: the next one is for the sleeper */
		EXPECT_EQ(pp_push(e->tx, &(uint64_t){ 2 }), 0);
	EXPECT_EQ(call_join(&beside), 0);
}

Test(frozen_ends, a_puller_stopped_while_it_leaves_does_not_keep_a_wake_to_itself)
{
	for (size_t capacity = 0; capacity < 3; capacity++)
		at_every_instruction(&(struct scene){ .form = &pull_forms[SINGLE_UNTIL],
						      .kind = PP_MPMC, .capacity = capacity,
						      .patience = 100 * PP_US,
						      .before = puller_beside },
				     item_while_leaving);
}

static void pusher_beside(struct ends *e)
{
	call_push(&beside, e, FOREVER, 1);
	ends_await_parked(e, 1, 0);
}

static void room_while_leaving(const struct scene *scene, struct stepped *s, struct ends *e)
{
	struct call pull;

	(void)scene;
	call_pull(&pull, e, FOREVER);
	settle(&pull);
	stepped_finish(s);
	if (s->call.result != 0)
		EXPECT_EQ(s->call.result, -ETIMEDOUT);
	EXPECT_EQ(call_join(&pull), 0);
	if (s->call.result == 0)
		EXPECT_EQ(pp_pull(e->rx, &pull.item), 0);
	EXPECT_EQ(call_join(&beside), 0);
}

Test(frozen_ends, a_pusher_stopped_while_it_leaves_does_not_keep_a_wake_to_itself)
{
	for (size_t capacity = 0; capacity < 3; capacity++)
		at_every_instruction(&(struct scene){ .form = &push_forms[SINGLE_UNTIL],
						      .kind = PP_MPMC, .capacity = capacity,
						      .depth = capacity, .item = 2,
						      .patience = 100 * PP_US,
						      .before = pusher_beside },
				     room_while_leaving);
}

/* ---- Capacity 0: tries beside a meeting that is half-way ------------------------------- */

static void tries_at_a_meeting(const struct scene *scene, struct stepped *s, struct ends *e)
{
	uint64_t item = 0, met = 0;
	int result = pp_try_push(e->tx, &(uint64_t){ 2 });

	(void)scene;
	EXPECT(one_of(result, 0, -EAGAIN, -EBUSY));
	met += result == 0;
	result = pp_try_pull(e->rx, &item);
	EXPECT(one_of(result, -EAGAIN, -EBUSY, -EBUSY)); /* only tries and a puller are here */
	stepped_finish(s);
	EXPECT(one_of(s->call.result, 0, -EAGAIN, -EBUSY));
	met += s->call.result == 0;
	if (met == 0)
		EXPECT_EQ(pp_push(e->tx, &(uint64_t){ 3 }), 0);
	EXPECT_EQ(call_join(&beside), 0);
	EXPECT(met <= 1); /* one puller, one hand-off */
}

Test(frozen_ends, beside_a_stopped_handoff_tries_return_at_once_and_nobody_meets_twice)
{
	at_every_instruction(&(struct scene){ .form = &push_forms[SINGLE_TRY], .kind = PP_MPMC,
					      .item = 1, .before = puller_beside },
			     tries_at_a_meeting);
}

/* ---- Capacity 0: what has begun is not undone -------------------------------------------- */

/* A partner whose deadline passes while the hand-off with it stands still. */
static const int64_t short_wait = 2 * PP_MS;

static void await_partner(const struct form *form, struct ends *e, bool push)
{
	beside = (struct call){ .form = form, .ends = *e, .item = 7, .n = 1,
				.deadline = pp_in(short_wait) };
	call_start(&beside);
	AWAIT(atomic_load(&beside.returned) ||
	      (push ? ends_stats(e).pushers_parked : ends_stats(e).pullers_parked));
}

static void timed_puller(struct ends *e)
{
	await_partner(&pull_forms[SINGLE_UNTIL], e, false);
}

static void timed_pusher(struct ends *e)
{
	await_partner(&push_forms[SINGLE_UNTIL], e, true);
}

/* Both say that they met, or neither does. */
static void expect_agreement(struct stepped *s)
{
	ssize_t mine = stepped_finish(s), theirs = call_join(&beside);

	EXPECT_EQ(mine == 0, theirs == 0);
	if (mine == 0)
		EXPECT_EQ(s->call.item, beside.item);
}

static void deadline_passes(const struct scene *scene, struct stepped *s, struct ends *e)
{
	(void)scene;
	(void)e;
	AWAIT(pp_now() > beside.deadline + 200 * PP_US);
	settle(&beside);
	expect_agreement(s);
}

static void closes_meanwhile(const struct scene *scene, struct stepped *s, struct ends *e)
{
	struct call close;

	(void)scene;
	end_beside(&close, &close_form, e);
	expect_agreement(s);
	EXPECT_EQ(call_join(&close), 0);
}

static void cancels_meanwhile(const struct scene *scene, struct stepped *s, struct ends *e)
{
	struct call cancel;

	(void)scene;
	end_beside(&cancel, &cancel_form, e);
	expect_agreement(s);
	EXPECT_EQ(call_join(&cancel), 0);
}

static void stopped_handoffs(scene_body *body)
{
	at_every_instruction(&(struct scene){ .form = &push_forms[SINGLE_TRY], .kind = PP_MPMC,
					      .item = 5, .before = timed_puller }, body);
	at_every_instruction(&(struct scene){ .form = &pull_forms[SINGLE_TRY], .kind = PP_SPSC,
					      .before = timed_pusher }, body);
}

Test(frozen_ends, a_handoff_that_has_begun_is_not_undone_by_a_deadline)
{
	stopped_handoffs(deadline_passes);
}

Test(frozen_ends, a_handoff_that_has_begun_is_not_undone_by_close_or_cancel)
{
	stopped_handoffs(closes_meanwhile);
	stopped_handoffs(cancels_meanwhile);
}

/* ---- pp_dump takes no lock: it never waits for a stopped call ---------------------------- */

static ssize_t run_open(const struct ends *e, uint64_t *items, size_t n, pp_time deadline)
{
	pp_tx *tx;
	pp_rx *rx;
	int result = pp_open(&tx, &rx, pp_tx_kind(e->tx), pp_tx_capacity(e->tx), sizeof(*items));

	(void)n;
	(void)deadline;
	if (result == 0) {
		pp_tx_unref(tx);
		pp_rx_unref(rx);
	}
	return result;
}

static const struct form open_form = { "open and free", FOREVER, 0, run_open };

static void dump_beside(const struct scene *scene, struct stepped *s, struct ends *e)
{
	int null = open("/dev/null", O_WRONLY);
	pp_stats stats = { .size = sizeof(stats) };

	(void)scene;
	EXPECT_EQ(pp_dump(null), 0);
	EXPECT_EQ(pp_rx_stats(e->rx, &stats), 0);
	EXPECT(pp_rx_depth(e->rx) <= stats.capacity);
	close(null);
	atomic_store(&s->go, true);
	if (s->call.form->run == push_forms[SINGLE].run && stats.capacity == 0)
		EXPECT_EQ(pp_pull(e->rx, &s->call.item), 0);
	EXPECT_EQ(stepped_finish(s), 0);
}

static void dumps(pp_kind kind, size_t capacity)
{
	const struct form *forms[] = { &open_form, &cancel_form, &push_forms[SINGLE] };

	for (size_t i = 0; i < ARRAY_LEN(forms); i++)
		at_every_instruction(&(struct scene){ .form = forms[i], .kind = kind,
						      .capacity = capacity }, dump_beside);
}

Test(frozen_ends, a_dump_and_stats_beside_a_stopped_call_return_at_once)
{
	for_each_kind(2, dumps);
	dumps(PP_MPMC, 0);
}
