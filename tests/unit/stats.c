/* SPDX-License-Identifier: MIT */
/* Looking at a ring: depth, counters, and who is asleep; exact when nothing else runs. */
#include "support.h"

#include <stdio.h>
#include <string.h>

SUITE(stats);

static void depth_follows(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);

	for (size_t lap = 0; lap < 2; lap++) {
		for (size_t i = 0; i < capacity; i++) {
			EXPECT_EQ(pp_tx_depth(e.tx), i);
			EXPECT_EQ(pp_rx_depth(e.rx), i);
			ends_fill(&e, i, 1);
		}
		EXPECT_EQ(pp_tx_depth(e.tx), capacity);
		EXPECT_EQ(ends_stats(&e).depth, capacity);
		for (size_t i = 0; i < capacity; i++) {
			ends_drain(&e, i, 1);
			EXPECT_EQ(pp_rx_depth(e.rx), capacity - i - 1);
			EXPECT_EQ(pp_tx_depth(e.tx), capacity - i - 1);
		}
	}
	ends_let_go(&e);
}

Test(stats, depth_is_exact_from_both_ends_when_nothing_else_runs)
{
	for_each_ring(0, depth_follows);
}

static void counts_items(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t some[3] = { 1, 2, 3 };
	pp_stats s;

	ends_fill(&e, 0, capacity);
	ends_drain(&e, 0, capacity);
	EXPECT_EQ(pp_try_push_n(e.tx, some, 3), 3);
	EXPECT_EQ(pp_try_pull_n(e.rx, some, 2), 2);
	s = ends_stats(&e);
	EXPECT_EQ(s.pushed, capacity + 3);
	EXPECT_EQ(s.pulled, capacity + 2);
	EXPECT_EQ(s.dropped, 0);
	EXPECT_EQ(s.depth, 1);
	EXPECT_EQ(s.capacity, capacity);

	EXPECT_EQ(pp_cancel(e.rx), 0);
	pp_rx_unref(e.rx);
	e.rx = NULL;
	s = ends_stats(&e);
	EXPECT_EQ(s.pushed, capacity + 3);
	EXPECT_EQ(s.pulled, capacity + 2);
	EXPECT_EQ(s.dropped, 1);
	ends_let_go(&e);
}

Test(stats, pushed_pulled_and_dropped_count_items)
{
	for_each_ring(3, counts_items);
}

static void counts_handoffs(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	struct call pull;

	for (uint64_t i = 0; i < 5; i++) {
		call_pull(&pull, &e, FOREVER);
		EXPECT_EQ(pp_push(e.tx, &i), 0);
		EXPECT_EQ(call_join(&pull), 0);
	}
	EXPECT_EQ(ends_stats(&e).pushed, 5);
	EXPECT_EQ(ends_stats(&e).pulled, 5);
	EXPECT_EQ(ends_stats(&e).depth, 0);
	ends_let_go(&e);
}

Test(stats, handoffs_count_as_pushed_and_pulled)
{
	for_each_kind(0, counts_handoffs);
}

/* Calls of every form that need not wait for ever, `times` each: how many they are. */
static uint64_t refused_calls(const struct ends *e, bool pushes, unsigned times)
{
	const struct form *forms = pushes ? push_forms : pull_forms;
	uint64_t item = 0, calls = 0;

	for (size_t i = 0; i < ARRAY_LEN(push_forms); i++) {
		if (forms[i].waits == FOREVER)
			continue;
		for (unsigned n = 0; n < times; n++, calls++)
			EXPECT_EQ(forms[i].run(e, &item, 1, pp_in(100 * PP_US)),
				  form_refusal(&forms[i]));
	}
	return calls;
}

static void full_and_empty(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t empty = refused_calls(&e, false, 3), full;

	EXPECT_EQ(ends_stats(&e).pull_empty, empty);
	ends_fill(&e, 0, capacity);
	EXPECT_EQ(ends_stats(&e).push_full, 0);
	full = refused_calls(&e, true, 2);
	EXPECT_EQ(ends_stats(&e).push_full, full);
	ends_drain(&e, 0, capacity);
	EXPECT_EQ(ends_stats(&e).pull_empty, empty);
	ends_await_parked(&e, 0, 0); /* nor is anyone still counted as asleep */
	ends_let_go(&e);
}

static void waits_once(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	struct call pull;

	call_pull(&pull, &e, FOREVER);
	ends_await_parked(&e, 0, 1);
	EXPECT_EQ(pp_push(e.tx, &(uint64_t){ 1 }), 0);
	EXPECT_EQ(call_join(&pull), 0);
	EXPECT_EQ(ends_stats(&e).pull_empty, 1); /* it found nothing, though it waited */
	EXPECT_EQ(ends_stats(&e).push_full, 0);
	ends_let_go(&e);
}

/* A deadline in the past looks too; a ring that has ended lacks neither room nor items. */
static void at_once(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t item = 0;

	EXPECT_EQ(pp_pull_until(e.rx, &item, 0), -ETIMEDOUT);
	EXPECT_EQ(ends_stats(&e).pull_empty, 1);
	ends_fill(&e, 0, capacity);
	EXPECT_EQ(pp_push_until(e.tx, &item, 0), -ETIMEDOUT);
	EXPECT_EQ(ends_stats(&e).push_full, 1);
	EXPECT_EQ(pp_close(e.tx), 0);
	EXPECT_EQ(pp_try_push_n(e.tx, &item, 1), -ESHUTDOWN);
	EXPECT_EQ(ends_stats(&e).push_full, 1);
	ends_drain(&e, 0, capacity);
	EXPECT_EQ(pp_try_pull_n(e.rx, &item, 1), -EPIPE);
	EXPECT_EQ(ends_stats(&e).pull_empty, 1);
	ends_let_go(&e);
}

Test(stats, push_full_and_pull_empty_count_the_calls_that_found_no_room_no_item)
{
	for_each_ring(0, full_and_empty);
	for_each_ring(0, waits_once);
	for_each_ring(0, at_once);
}

/* ---- The high-water mark ----------------------------------------------------------- */

static void high_water(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open_with(&PP_CONFIG(.kind = kind, .capacity = capacity,
						  .item_size = 8, .flags = PP_TRACK_DEPTH));
	size_t high = capacity - capacity / 3;

	EXPECT_EQ(ends_stats(&e).depth_max, 0);
	ends_fill(&e, 0, high);
	ends_drain(&e, 0, high);
	EXPECT_EQ(ends_stats(&e).depth_max, high);
	ends_fill(&e, 0, high / 2);
	ends_drain(&e, 0, high / 2);
	EXPECT_EQ(ends_stats(&e).depth_max, high);
	ends_fill(&e, 0, capacity);
	EXPECT_EQ(ends_stats(&e).depth_max, capacity);
	ends_let_go(&e);
}

Test(stats, with_track_depth_the_high_water_mark_is_exact_without_concurrency)
{
	for_each_ring(0, high_water);
}

static void lower_bound(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	size_t high = capacity / 2;

	ends_fill(&e, 0, high);
	EXPECT(ends_stats(&e).depth_max <= high);
	ends_drain(&e, 0, high);
	EXPECT(ends_stats(&e).depth_max <= high);
	ends_fill(&e, 0, capacity);
	EXPECT(pp_try_push(e.tx, &(uint64_t){ 0 }) == -EAGAIN);
	EXPECT_EQ(ends_stats(&e).depth_max, capacity);
	ends_drain(&e, 0, capacity);
	EXPECT(ends_stats(&e).depth_max <= capacity);
	ends_let_go(&e);
}

Test(stats, without_track_depth_the_high_water_mark_is_a_lower_bound)
{
	for_each_ring(0, lower_bound);
}

Test(stats, the_high_water_mark_is_never_over_capacity_nor_under_what_was_seen)
{
	for (size_t capacity = 1; capacity < 6; capacity++) {
		struct streams s = { .producers = 3, .consumers = 3, .items = 2000 };

		s.ends = ends_open_with(&PP_CONFIG(.kind = PP_MPMC, .capacity = capacity,
						   .item_size = 8, .flags = PP_TRACK_DEPTH));
		ends_fill(&s.ends, 0, capacity);
		ends_drain(&s.ends, 0, capacity);
		streams_run(&s);
		EXPECT_EQ(ends_stats(&s.ends).depth_max, capacity);
		EXPECT_EQ(ends_stats(&s.ends).pushed, 6000 + capacity);
		EXPECT_EQ(ends_stats(&s.ends).pulled, 6000 + capacity);
		ends_let_go(&s.ends);
	}
}

/* ---- Sleeping ------------------------------------------------------------------------ */

struct side {
	uint64_t parks, wakes, blocked_ns;
	uint32_t parked;
};

static struct side side_of(const struct ends *e, bool pushes)
{
	pp_stats s = ends_stats(e);

	return pushes ? (struct side){ s.push_parks, s.push_wakes, s.push_blocked_ns,
				       s.pushers_parked }
		      : (struct side){ s.pull_parks, s.pull_wakes, s.pull_blocked_ns,
				       s.pullers_parked };
}

static void expect_idle(struct side s)
{
	EXPECT_EQ(s.parks + s.wakes + s.blocked_ns + s.parked, 0);
}

static void sleeps(pp_kind kind, size_t capacity, bool pushes)
{
	struct ends e = ends_open(kind, capacity);
	struct side s;
	struct call call;
	uint64_t item = 1;

	if (pushes) {
		ends_fill(&e, 0, capacity);
		call_push(&call, &e, FOREVER, 1);
	} else {
		call_pull(&call, &e, FOREVER);
	}
	ends_await_parked(&e, pushes, !pushes);
	s = side_of(&e, pushes);
	EXPECT(s.parks >= 1);
	EXPECT_EQ(s.wakes, 0);
	EXPECT_EQ(s.blocked_ns, 0); /* finished sleeps only */
	expect_idle(side_of(&e, !pushes));
	EXPECT_EQ(pushes ? pp_pull(e.rx, &item) : pp_push(e.tx, &item), 0);
	EXPECT_EQ(call_join(&call), 0);
	s = side_of(&e, pushes);
	EXPECT_EQ(s.parked, 0);
	EXPECT_EQ(s.wakes, 1);
	EXPECT(s.blocked_ns > 0);
	expect_idle(side_of(&e, !pushes));
	ends_let_go(&e);
}

static void puller_sleeps(pp_kind kind, size_t capacity)
{
	sleeps(kind, capacity, false);
}

Test(stats, a_sleeping_puller_is_counted_and_its_sleep_and_wake_are)
{
	for_each_ring(0, puller_sleeps);
}

static void pusher_sleeps(pp_kind kind, size_t capacity)
{
	sleeps(kind, capacity, true);
}

Test(stats, a_sleeping_pusher_is_counted_and_its_sleep_and_wake_are)
{
	for_each_ring(0, pusher_sleeps);
}

/* Between two looks at a thread that is asleep in both, it slept. */
static void blocked_time(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	pp_time start = pp_now(), asleep, until;
	struct call pull;
	uint64_t slept;

	call_pull(&pull, &e, FOREVER);
	ends_await_parked(&e, 0, 1);
	asleep = pp_now();
	doze();
	until = pp_now();
	EXPECT_EQ(ends_stats(&e).pull_parks, 1);
	EXPECT_EQ(pp_push(e.tx, &(uint64_t){ 1 }), 0);
	EXPECT_EQ(call_join(&pull), 0);
	slept = ends_stats(&e).pull_blocked_ns;
	EXPECT(slept >= (uint64_t)(until - asleep));
	EXPECT(slept <= (uint64_t)(pp_now() - start));
	ends_let_go(&e);
}

Test(stats, blocked_ns_is_the_time_asleep)
{
	for (size_t capacity = 0; capacity < 4; capacity++)
		for_each_kind(capacity, blocked_time);
}

/* ---- Ends and the struct ---------------------------------------------------------------- */

static void ends_and_refs(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open_with(&PP_CONFIG(.kind = kind, .capacity = capacity,
						  .item_size = 8, .name = "looked at"));
	pp_stats tx = { .size = sizeof(tx) }, rx = { .size = sizeof(rx) };

	EXPECT_EQ(pp_tx_ref(e.tx), 0);
	EXPECT_EQ(pp_tx_stats(e.tx, &tx), 0);
	EXPECT_EQ(pp_rx_stats(e.rx, &rx), 0);
	EXPECT(memcmp(&tx, &rx, sizeof(tx)) == 0);
	EXPECT_EQ(strcmp(tx.name, "looked at"), 0);
	EXPECT_EQ(tx.size, sizeof(pp_stats));
	EXPECT_EQ(tx.tx_refs, 2);
	EXPECT_EQ(tx.rx_refs, 1);
	EXPECT_EQ(tx.closed, 0);
	EXPECT_EQ(tx.cancelled, 0);
	pp_tx_unref(e.tx);
	EXPECT_EQ(pp_close(e.tx), 0);
	EXPECT_EQ(ends_stats(&e).closed, 1);
	EXPECT_EQ(ends_stats(&e).cancelled, 0);
	EXPECT_EQ(pp_cancel(e.rx), 0);
	EXPECT_EQ(ends_stats(&e).closed, 1);
	EXPECT_EQ(ends_stats(&e).cancelled, 1);
	EXPECT_EQ(ends_stats(&e).tx_refs, 1);
	ends_let_go(&e);

	e = ends_open(kind, capacity);
	EXPECT_EQ(pp_cancel(e.rx), 0);
	EXPECT_EQ(ends_stats(&e).closed, 0);
	EXPECT_EQ(ends_stats(&e).cancelled, 1);
	ends_let_go(&e);
}

Test(stats, both_ends_show_the_same_name_references_and_endings)
{
	for_each_ring(0, ends_and_refs);
}

Test(stats, the_size_that_the_caller_sets_is_kept_to)
{
	struct ends e = ends_open(PP_SPSC, 4);
	struct {
		pp_stats      stats;
		unsigned char later[16];
	} grown;

	memset(&grown, 0xEE, sizeof(grown));
	grown.stats.size = offsetof(pp_stats, push_parks);
	EXPECT_EQ(pp_tx_stats(e.tx, &grown.stats), 0);
	EXPECT_EQ(grown.stats.capacity, 4);
	EXPECT_EQ(grown.stats.push_parks, 0xEEEEEEEEEEEEEEEE); /* not written */

	grown.stats.size = sizeof(grown);
	EXPECT_EQ(pp_tx_stats(e.tx, &grown.stats), 0);
	for (size_t i = 0; i < sizeof(grown.later); i++)
		EXPECT_EQ(grown.later[i], 0); /* unknown here: zeroed */

	grown.stats.size = 0;
	EXPECT_EQ(pp_tx_stats(e.tx, &grown.stats), -EINVAL);
	grown.stats.size = offsetof(pp_stats, name);
	EXPECT_EQ(pp_rx_stats(e.rx, &grown.stats), -EINVAL);
	EXPECT_EQ(pp_rx_stats(e.rx, NULL), -EINVAL);
	ends_let_go(&e);
}

struct looker {
	struct ends  e;
	atomic_bool  stop;
	atomic_uint  wrong;
};

static void *look(void *arg)
{
	struct looker *l = arg;
	uint64_t pushed = 0, pulled = 0;

	while (!atomic_load(&l->stop)) {
		pp_stats s = { .size = sizeof(s) };

		if (pp_tx_stats(l->e.tx, &s) != 0 || s.depth > s.capacity ||
		    s.depth_max > s.capacity || s.pushed < pushed || s.pulled < pulled ||
		    pp_tx_depth(l->e.tx) > s.capacity || pp_rx_depth(l->e.rx) > s.capacity)
			atomic_fetch_add(&l->wrong, 1);
		pushed = s.pushed;
		pulled = s.pulled;
		doze(); /* or it takes a CPU from those it looks at */
	}
	return NULL;
}

static void looked_at(pp_kind kind, size_t capacity)
{
	struct streams s = { .ends = ends_open(kind, capacity), .producers = 1, .consumers = 1,
			     .items = 5000 };
	struct looker l = { .e = s.ends };
	pthread_t thread;

	EXPECT_EQ(pthread_create(&thread, NULL, look, &l), 0);
	streams_run(&s);
	atomic_store(&l.stop, true);
	pthread_join(thread, NULL);
	EXPECT_EQ(atomic_load(&l.wrong), 0);
	ends_let_go(&s.ends);
}

Test(stats, any_thread_may_look_while_others_run_and_sees_0_to_capacity)
{
	for (size_t capacity = 0; capacity < 4; capacity++)
		for_each_kind(capacity, looked_at);
}

Test(stats, the_version_is_that_of_the_header)
{
	char want[32];

	snprintf(want, sizeof(want), "%d.%d.%d", PP_VERSION_MAJOR, PP_VERSION_MINOR,
		 PP_VERSION_PATCH);
	cr_assert_str_eq(pp_version(), want);
}
