/* SPDX-License-Identifier: MIT */
/* What Go's test/typeparam/chans.go expects of patterns made of channels and select. */
#include "support.h"

SUITE(go_patterns);

/* Rings: the last of a scene is "done", which somebody closes to end it all. */
enum { IN, IN_2, OUT, DONE, RINGS };

static void open_pattern(struct scene *s, pp_kind kind, size_t capacity)
{
	scene_open(s, kind, RINGS - 1, capacity);
	scene_add(s, PP_MPMC, 0);
}

static void push_and_close(const struct ends *e, const uint64_t *items, size_t count)
{
	for (size_t i = 0; i < count; i++)
		must_push(e, items[i]);
	CHECK_EQ(pp_close(e->tx), 0);
}

/* Everything until the end of the ring or of it all: how many items. */
static size_t read_all(struct scene *s, unsigned ring, uint64_t *items, size_t max)
{
	size_t count = 0;

	for (;;) {
		uint64_t item, none;
		pp_case cases[] = { pull_case(&s->e[DONE], &none), pull_case(&s->e[ring], &item) };

		if (pp_select(cases, 2, 0, PP_FOREVER) == 0 || cases[1].result != 0)
			return count;
		CHECK(count < max);
		items[count++] = item;
	}
}

static const uint64_t four_two_five[] = { 4, 2, 5 };
static const uint64_t odd[] = { 1, 3, 5 }, even[] = { 2, 4, 6 }, one_to_three[] = { 1, 2, 3 };

static void push_four_two_five(struct scene *s, unsigned me)
{
	push_and_close(&s->e[me], four_two_five, 3);
}

static void reads_all(pp_kind kind, size_t capacity)
{
	uint64_t items[4];
	struct scene s;

	open_pattern(&s, kind, capacity);
	scene_spawn(&s, push_four_two_five, IN);
	CHECK_EQ(read_all(&s, IN, items, 4), 3);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(items[i], four_two_five[i]);
	scene_end(&s);
}

/* Go: test/typeparam/chans.go TestReadAll */
Test(go_patterns, reading_beside_a_done_ring_gets_everything_in_order)
{
	for_each_kind(0, reads_all);
	for_each_kind(2, reads_all);
}

static void push_odd(struct scene *s, unsigned me)
{
	push_and_close(&s->e[me], odd, 3);
}

static void push_even(struct scene *s, unsigned me)
{
	push_and_close(&s->e[me], even, 3);
}

static void merge_into_out(struct scene *s, unsigned me)
{
	uint64_t item, none;
	pp_case cases[] = { pull_case(&s->e[DONE], &none), pull_case(&s->e[IN], &item),
			    pull_case(&s->e[IN_2], &item) };
	int left = 2;

	while (left > 0) {
		int index = pp_select(cases, 3, 0, PP_FOREVER);

		CHECK(index >= 0);
		if (index == 0)
			break;
		if (cases[index].result == 0) {
			must_push(&s->e[me], item);
		} else {
			cases[index] = disabled_case();
			left--;
		}
	}
	CHECK_EQ(pp_close(s->e[me].tx), 0);
}

static void merges(pp_kind kind, size_t capacity)
{
	uint64_t items[7], seen = 0;
	struct scene s;

	open_pattern(&s, kind, capacity);
	scene_spawn(&s, push_odd, IN);
	scene_spawn(&s, push_even, IN_2);
	scene_spawn(&s, merge_into_out, OUT);
	CHECK_EQ(read_all(&s, OUT, items, 7), 6);
	for (int i = 0; i < 6; i++)
		seen |= UINT64_C(1) << items[i];
	CHECK_EQ(seen, 0x7e);
	scene_end(&s);
}

/* Go: test/typeparam/chans.go TestMerge */
Test(go_patterns, two_streams_are_merged_until_both_have_ended)
{
	for_each_kind(0, merges);
	for_each_kind(2, merges);
}

static void push_one_to_three(struct scene *s, unsigned me)
{
	push_and_close(&s->e[me], one_to_three, 3);
}

static void pass_even_on(struct scene *s, unsigned me)
{
	uint64_t item, none;
	pp_case cases[] = { pull_case(&s->e[DONE], &none), pull_case(&s->e[IN], &item) };

	while (pp_select(cases, 2, 0, PP_FOREVER) == 1 && cases[1].result == 0)
		if (item % 2 == 0)
			must_push(&s->e[me], item);
	CHECK_EQ(pp_close(s->e[me].tx), 0);
}

static void filters(pp_kind kind, size_t capacity)
{
	uint64_t items[4];
	struct scene s;

	open_pattern(&s, kind, capacity);
	scene_spawn(&s, push_one_to_three, IN);
	scene_spawn(&s, pass_even_on, OUT);
	CHECK_EQ(read_all(&s, OUT, items, 4), 1);
	CHECK_EQ(items[0], 2);
	scene_end(&s);
}

/* Go: test/typeparam/chans.go TestFilter */
Test(go_patterns, a_filter_passes_on_what_it_should_and_ends_with_its_source)
{
	for_each_kind(0, filters);
	for_each_kind(2, filters);
}

static void sink(struct scene *s, unsigned me)
{
	uint64_t items[4];

	CHECK_EQ(read_all(s, me, items, 4), 3);
}

static void sinks(pp_kind kind, size_t capacity)
{
	struct scene s;

	open_pattern(&s, kind, capacity);
	scene_spawn(&s, sink, IN);
	for (uint64_t i = 1; i <= 3; i++)
		CHECK_EQ(choose_until((pp_case[]){ push_case(&s.e[IN], &i) }, 1, soon()), 0);
	CHECK_EQ(pp_close(s.e[IN].tx), 0);
	scene_end(&s);
}

/* Go: test/typeparam/chans.go TestSink */
Test(go_patterns, a_sink_takes_everything_and_ends_with_its_ring)
{
	for_each_kind(0, sinks);
	for_each_kind(1, sinks);
}

static void wait_for_done(struct scene *s, unsigned me)
{
	uint64_t items[1];

	CHECK_EQ(read_all(s, me, items, 1), 0);
}

/* Go: test/typeparam/chans.go, the context of every function there: cancelling it ends all */
Test(go_patterns, closing_the_done_ring_wakes_every_select_that_has_it)
{
	struct scene s;

	open_pattern(&s, PP_MPMC, 1);
	for (unsigned i = 0; i < 9; i++)
		scene_spawn(&s, wait_for_done, i % 3);
	for (unsigned i = 0; i < 9; i++)
		scene_await_asleep(&s, i);
	CHECK_EQ(pp_close(s.e[DONE].tx), 0);
	scene_end(&s);
}

/* ---- A ring of one as a lock around what is in it ---------------------------------- */

static uint64_t guarded;

static void acquire_add_release(struct scene *s, unsigned me)
{
	(void)me;
	for (int i = 0; i < 1000; i++) {
		uint64_t key = must_pull(&s->e[IN]);

		guarded++;
		CHECK_EQ(try_push(&s->e[IN], key), 0);
	}
}

/* Go: test/typeparam/chans.go TestExclusive */
Test(go_patterns, a_ring_of_one_excludes_all_but_who_has_its_item)
{
	struct scene s;

	open_pattern(&s, PP_MPMC, 1);
	guarded = 0;
	must_push(&s.e[IN], 1);
	for (unsigned i = 0; i < 4; i++)
		scene_spawn(&s, acquire_add_release, i);
	scene_join(&s);
	CHECK_EQ(guarded, 4000);
	CHECK_EQ(must_pull(&s.e[IN]), 1);
	scene_end(&s);
}

static void fails_to_acquire(struct scene *s, unsigned me)
{
	uint64_t key = me;

	CHECK_EQ(choose_now((pp_case[]){ pull_case(&s->e[IN], &key) }, 1), -ETIMEDOUT);
	CHECK_EQ(key, me);
}

static void tries_to_acquire(pp_kind kind, size_t capacity)
{
	uint64_t key = 0;
	struct scene s;
	pp_case acquire;

	open_pattern(&s, kind, capacity);
	acquire = pull_case(&s.e[IN], &key);
	must_push(&s.e[IN], 5);
	CHECK_EQ(choose_now(&acquire, 1), 0);
	CHECK_EQ(key, 5);
	scene_spawn(&s, fails_to_acquire, 3);
	scene_join(&s);
	must_push(&s.e[IN], key);
	CHECK_EQ(choose_now(&acquire, 1), 0);
	scene_end(&s);
}

/* Go: test/typeparam/chans.go TestExclusiveTry */
Test(go_patterns, trying_for_the_item_of_a_ring_of_one_fails_while_another_has_it)
{
	for_each_kind(1, tries_to_acquire);
}

/* ---- A receiver that goes away ------------------------------------------------------ */

static void pull_one_and_go(struct scene *s, unsigned me)
{
	CHECK_EQ(must_pull(&s->e[IN]), me);
	rx_drop(&s->e[IN]);
}

static void receiver_goes(pp_kind kind, size_t capacity)
{
	uint64_t one = 1, two = 2, none;
	struct scene s;
	pp_case cases[2];

	open_pattern(&s, kind, capacity);
	scene_spawn(&s, pull_one_and_go, 1);
	cases[0] = push_case(&s.e[IN], &one);
	cases[1] = pull_case(&s.e[DONE], &none);
	CHECK_EQ(choose_until(cases, 2, soon()), 0);
	scene_join(&s);
	cases[0].item = &two;
	CHECK_EQ(chosen_result(cases, 2, 0, soon()), -EPIPE);
	scene_end(&s);
}

/* Go: test/typeparam/chans.go TestRanger, test/typeparam/orderedmap.go: there a finalizer tells
 * the sender, here letting go of the pull end does. */
Test(go_patterns, a_pusher_sees_that_the_last_puller_has_gone)
{
	for_each_kind(0, receiver_goes);
	for_each_kind(1, receiver_goes);
}

/* ---- Buffers ---------------------------------------------------------------------------- */

static void own_buffers(pp_kind kind, size_t capacity)
{
	uint64_t buffers[10];
	struct scene s;

	open_pattern(&s, kind, capacity);
	for (uint64_t i = 0; i < 10; i++) {
		must_push(&s.e[IN], i);
		CHECK_EQ(choose((pp_case[]){ pull_case(&s.e[IN], &buffers[i]) }, 1), 0);
	}
	for (uint64_t i = 0; i < 10; i++)
		CHECK_EQ(buffers[i], i);
	scene_end(&s);
}

/* Go: test/fixedbugs/issue48289.go, test/fixedbugs/bug320.go */
Test(go_patterns, each_select_pulls_into_the_buffer_of_its_own_call)
{
	for_each_kind(1, own_buffers);
}
