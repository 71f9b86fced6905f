/* SPDX-License-Identifier: MIT */
/* Capacity 0, beside a thread that is stopped at any instruction of its call, also with the lock of
 * the meeting: a deadline passes all the same, a ring that has ended is seen to have, and an item
 * is the pusher's to use again only when it is copied. */
#include "stepping.h"

#include "async_ops.h"

SUITE(meeting_frozen);

#define SOON (100 * PP_US)

static void is_closed(struct ends *e)
{
	EXPECT_EQ(pp_close(e->tx), 0);
}

static void the_end_is_seen(const struct scene *scene, struct stepped *s, struct ends *e)
{
	uint64_t item = 1;

	(void)scene;
	EXPECT_EQ(pp_try_push(e->tx, &item), -ESHUTDOWN);
	EXPECT_EQ(pp_push_until(e->tx, &item, pp_in(SOON)), -ESHUTDOWN);
	EXPECT_EQ(pp_try_push_n(e->tx, &item, 1), -ESHUTDOWN);
	EXPECT_EQ(pp_try_pull(e->rx, &item), -EPIPE);
	EXPECT_EQ(pp_pull_until(e->rx, &item, pp_in(SOON)), -EPIPE);
	EXPECT_EQ(pp_try_pull_n(e->rx, &item, 1), -EPIPE);
	EXPECT_EQ(stepped_finish(s), -EPIPE);
}

static void beside_a_select_at_the_end(pp_kind kind, size_t capacity)
{
	at_every_instruction(&(struct scene){ .form = &pull_select_forms[FOREVER], .kind = kind,
					      .capacity = capacity, .before = is_closed },
			     the_end_is_seen);
}

Test(meeting_frozen, an_end_is_seen_whatever_others_are_doing)
{
	for_each_kind(0, beside_a_select_at_the_end);
}

/* No other pusher is there, and no puller but the stopped one. */
static void the_deadline_passes(const struct scene *scene, struct stepped *s, struct ends *e)
{
	uint64_t item = 5;
	int met = pp_push_until(e->tx, &item, pp_in(SOON));

	EXPECT(one_of(met, 0, -ETIMEDOUT, 0));
	if (met != 0) {
		met = pp_push_until(e->tx, &item, 0);
		EXPECT(one_of(met, 0, -ETIMEDOUT, 0));
	}
	(void)scene;
	if (met != 0) {
		atomic_store(&s->go, true);
		EXPECT_EQ(pp_push(e->tx, &item), 0);
	}
	EXPECT_EQ(stepped_finish(s), 0);
	EXPECT_EQ(s->call.item, 5);
}

static void beside_a_pull(pp_kind kind, size_t capacity)
{
	at_every_instruction(&(struct scene){ .form = &pull_forms[SINGLE_UNTIL], .kind = kind,
					      .capacity = capacity, .patience = 1000 * PP_SEC },
			     the_deadline_passes);
}

Test(meeting_frozen, a_deadline_passes_whatever_others_are_doing)
{
	for_each_kind(0, beside_a_pull);
}

/* ---- Who was told goes on -------------------------------------------------------------------- */

static struct call puller;

static void a_puller_sleeps(struct ends *e)
{
	call_pull(&puller, e, FOREVER);
	ends_await_parked(e, 0, 1);
}

/* The second of them meets nobody, and takes the lock to see that. */
static ssize_t run_two_tries(const struct ends *e, uint64_t *items, size_t n, pp_time deadline)
{
	(void)items, (void)n, (void)deadline;
	return pp_try_push_n(e->tx, (uint64_t[]){ 5, 6 }, 2);
}

static const struct form two_tries = { "two tries", TRY, 1, run_two_tries };

/* It sleeps until it is told, and then for nothing else. */
static void who_was_told_is_back(const struct scene *scene, struct stepped *s, struct ends *e)
{
	AWAIT(atomic_load(&puller.returned) ||
	      (in_futex(atomic_load(&puller.tid)) && ends_stats(e).pullers_parked == 1));
	EXPECT_EQ(stepped_finish(s), scene->form->done);
	EXPECT_EQ(call_join(&puller), 0);
	EXPECT_EQ(puller.item, 5);
}

static void beside_two_tries(pp_kind kind, size_t capacity)
{
	at_every_instruction(&(struct scene){ .form = &two_tries, .kind = kind,
					      .capacity = capacity, .before = a_puller_sleeps },
			     who_was_told_is_back);
}

Test(meeting_frozen, a_puller_that_was_served_is_back_while_the_pusher_has_the_lock)
{
	for_each_kind(0, beside_two_tries);
}

/* ---- Who waits without a thread looks again meanwhile ---------------------------------------- */

static struct asyncing waiting; /* before the stopped call begins */

static ssize_t run_again(const struct ends *e, uint64_t *items, size_t n, pp_time deadline)
{
	(void)e, (void)items, (void)n, (void)deadline;
	return asyncing_call(&waiting);
}

static const struct form again_form = { "again", FOREVER, 0, run_again };

/* In a thread, as it may wait for the lock.  Its memory is overwritten as soon as it has ended. */
static void looks_again(struct stepped *s, int result)
{
	struct call again = { .form = &again_form, .ends = s->call.ends, .n = 1,
			      .deadline = PP_FOREVER };
	ssize_t seen;

	call_start(&again);
	settle(&again);
	EXPECT_EQ(stepped_finish(s), 0);
	seen = call_join(&again);
	EXPECT(one_of(seen, result, -EAGAIN, result));
	if (seen == -EAGAIN)
		asyncing_gives(&waiting, result);
	asyncing_over(&waiting);
}

static void a_pusher_gets_in_line(struct ends *e)
{
	asyncing_init(&waiting, e, true, PUSHED);
	asyncing_waits(&waiting);
}

static void it_ends_with_the_copy(const struct scene *scene, struct stepped *s, struct ends *e)
{
	(void)scene, (void)e;
	looks_again(s, 0);
	EXPECT_EQ(s->call.item, PUSHED);
}

static void beside_a_pull_that_copies(pp_kind kind, size_t capacity)
{
	at_every_instruction(&(struct scene){ .form = &pull_forms[SINGLE], .kind = kind,
					      .capacity = capacity,
					      .before = a_pusher_gets_in_line },
			     it_ends_with_the_copy);
}

Test(meeting_frozen, a_push_without_a_thread_ends_when_its_item_is_copied)
{
	for_each_kind(0, beside_a_pull_that_copies);
}

static ssize_t run_cancel(const struct ends *e, uint64_t *items, size_t n, pp_time deadline)
{
	(void)items, (void)n, (void)deadline;
	return pp_cancel(e->rx);
}

static const struct form cancel_form = { "cancel", FOREVER, 0, run_cancel };

static void a_puller_watches(struct ends *e)
{
	asyncing_init(&waiting, e, false, 0);
	asyncing_waits(&waiting);
}

static void it_sees_the_end_once(const struct scene *scene, struct stepped *s, struct ends *e)
{
	(void)scene, (void)e;
	looks_again(s, waiting.push ? -EPIPE : -ESHUTDOWN);
}

static void beside_a_cancel(pp_kind kind, size_t capacity)
{
	at_every_instruction(&(struct scene){ .form = &cancel_form, .kind = kind,
					      .capacity = capacity,
					      .before = a_pusher_gets_in_line },
			     it_sees_the_end_once);
	at_every_instruction(&(struct scene){ .form = &cancel_form, .kind = kind,
					      .capacity = capacity, .before = a_puller_watches },
			     it_sees_the_end_once);
}

Test(meeting_frozen, who_waits_without_a_thread_ends_before_the_ender_comes_to_it)
{
	for_each_kind(0, beside_a_cancel);
}
