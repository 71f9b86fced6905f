/* SPDX-License-Identifier: MIT */
/* What a call has said by the time that its partner is stopped at some instruction is true
 * already: not when the partner goes on. */
#include "stepping.h"

#include <fcntl.h>
#include <unistd.h>

SUITE(frozen_results);

/* ---- Capacity 0: who has heard 0 has met ------------------------------------------------- */

static struct call partner; /* waits before the stopped call begins */

static void puller_waits(struct ends *e)
{
	call_pull(&partner, e, FOREVER);
	ends_await_parked(e, 0, 1);
}

static void pusher_waits(struct ends *e)
{
	call_push(&partner, e, FOREVER, 7);
	ends_await_parked(e, 1, 0);
}

/* Give a partner that was told something the time to say so. */
static bool partner_returned(void)
{
	settle(&partner);
	return atomic_load(&partner.returned);
}

static unsigned told_early; /* rounds in which the partner was back before the stopped call */

static void puller_has_it(const struct scene *scene, struct stepped *s, struct ends *e)
{
	(void)e;
	if (partner_returned()) {
		told_early++;
		EXPECT_EQ(partner.item, scene->item);
	}
	EXPECT_EQ(stepped_finish(s), 0);
	EXPECT_EQ(call_join(&partner), 0);
	EXPECT_EQ(partner.item, scene->item);
}

static void stopped_puller_has_it(const struct scene *scene, struct stepped *s, struct ends *e)
{
	(void)scene;
	(void)e;
	if (partner_returned()) {
		told_early++;
		partner.item = 0; /* the pusher is back: its memory is its own again */
		EXPECT_EQ(s->call.item, 7);
	}
	EXPECT_EQ(stepped_finish(s), 0);
	EXPECT_EQ(call_join(&partner), 0);
	EXPECT_EQ(s->call.item, 7);
}

Test(frozen_results, a_puller_that_is_back_has_the_item_of_a_stopped_push)
{
	told_early = 0;
	at_every_instruction(&(struct scene){ .form = &push_forms[SINGLE], .kind = PP_MPMC,
					      .item = 5, .before = puller_waits }, puller_has_it);
	EXPECT(told_early > 0);
}

Test(frozen_results, a_pusher_is_back_only_when_the_stopped_pull_has_its_item)
{
	told_early = 0;
	at_every_instruction(&(struct scene){ .form = &pull_forms[SINGLE], .kind = PP_SPSC,
					      .before = pusher_waits }, stopped_puller_has_it);
	EXPECT(told_early > 0);
}

/* ---- PP_TRACK_DEPTH: an upper bound, whoever comes between -------------------------------- */

static void depth_is_bounded(const struct scene *scene, struct stepped *s, struct ends *e)
{
	size_t seen = scene->depth, now;
	uint64_t item = 0;

	/* Over a lap of others' items, so that a mark too high would be over the capacity. */
	for (size_t i = 0; i <= scene->capacity + scene->depth; i++) {
		now = pp_rx_depth(e->rx);
		seen = now > seen ? now : seen;
		(void)pp_try_pull(e->rx, &item);
		if (scene->kind == PP_MPMC && i < scene->capacity)
			(void)pp_try_push(e->tx, &item);
	}
	EXPECT_EQ(stepped_finish(s), 0);
	now = ends_stats(e).depth_max;
	EXPECT(now >= seen);
	EXPECT(now <= scene->capacity);
}

static void tracked(pp_kind kind, size_t capacity)
{
	for (size_t depth = 0; depth < capacity; depth++)
		at_every_instruction(&(struct scene){ .form = &push_forms[SINGLE], .kind = kind,
						      .capacity = capacity, .depth = depth,
						      .flags = PP_TRACK_DEPTH, .item = 1 },
				     depth_is_bounded);
}

Test(frozen_results, with_track_depth_the_high_water_mark_is_no_less_than_any_depth)
{
	for (size_t capacity = 1; capacity < 4; capacity++)
		for_each_kind(capacity, tracked);
}

/* ---- The last pull end goes while a push is half-way --------------------------------------- */

static void pull_end_goes(const struct scene *scene, struct stepped *s, struct ends *e)
{
	ssize_t result;

	pp_rx_unref(e->rx);
	e->rx = NULL;
	result = stepped_finish(s);
	EXPECT(one_of(result, 0, -EPIPE, -EPIPE));
	/* Nobody else is left to do it. */
	EXPECT_EQ(scene_dropped(), scene->depth + (result == 0));
}

static void push_beside_the_last_unref(pp_kind kind, size_t capacity)
{
	at_every_instruction(&(struct scene){ .form = &push_forms[SINGLE], .kind = kind,
					      .capacity = capacity, .depth = capacity - 1,
					      .item = 1 }, pull_end_goes);
}

Test(frozen_results, a_push_that_ends_after_the_last_pull_end_went_drops_its_item)
{
	for (size_t capacity = 1; capacity < 4; capacity++)
		for_each_kind(capacity, push_beside_the_last_unref);
}

/* ---- Who looks is stopped ------------------------------------------------------------------ */

static ssize_t run_look(const struct ends *e, uint64_t *items, size_t n, pp_time deadline)
{
	pp_stats stats = { .size = sizeof(stats) };
	size_t depth = pp_rx_depth(e->rx);

	(void)items;
	(void)n;
	(void)deadline;
	if (pp_tx_stats(e->tx, &stats) != 0)
		return -1;
	return (ssize_t)(depth > stats.depth ? depth : stats.depth);
}

static const struct form look_form = { "look", FOREVER, 0, run_look };

static void others_go_a_lap(const struct scene *scene, struct stepped *s, struct ends *e)
{
	ssize_t depth;
	uint64_t item;

	for (size_t i = 0; i < 2 * scene->capacity; i++) {
		EXPECT_EQ(pp_try_pull(e->rx, &item), 0);
		EXPECT_EQ(pp_try_push(e->tx, &item), 0);
	}
	depth = stepped_finish(s);
	EXPECT(depth >= 0 && depth <= (ssize_t)scene->capacity);
}

static void looks(pp_kind kind, size_t capacity)
{
	at_every_instruction(&(struct scene){ .form = &look_form, .kind = kind,
					      .capacity = capacity, .depth = capacity },
			     others_go_a_lap);
}

Test(frozen_results, a_depth_is_0_to_capacity_though_others_go_a_lap_meanwhile)
{
	for (size_t capacity = 1; capacity < 4; capacity++)
		for_each_kind(capacity, looks);
}

static int null_fd;

static ssize_t run_dump(const struct ends *e, uint64_t *items, size_t n, pp_time deadline)
{
	(void)e;
	(void)items;
	(void)n;
	(void)deadline;
	return pp_dump(null_fd);
}

static const struct form dump_form = { "dump", FOREVER, 0, run_dump };

/* Freed memory is overwritten: MALLOC_PERTURB_ or a sanitizer sees to it. */
static void ring_goes(const struct scene *scene, struct stepped *s, struct ends *e)
{
	(void)scene;
	ends_let_go(e);
	EXPECT_EQ(stepped_finish(s), 0);
}

static void dumps(pp_kind kind, size_t capacity)
{
	at_every_instruction(&(struct scene){ .form = &dump_form, .kind = kind,
					      .capacity = capacity }, ring_goes);
}

Test(frozen_results, a_ring_may_be_let_go_while_a_dump_stands_on_it)
{
	null_fd = open("/dev/null", O_WRONLY);
	for_each_kind(0, dumps);
	for_each_kind(2, dumps);
	close(null_fd);
}
