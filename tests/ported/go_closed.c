/* SPDX-License-Identifier: MIT */
/* What Go's programs expect of closed, disabled and blocked operations, and of capacities. */
#include "support.h"

SUITE(go_closed);

/* ---- closedchan.go: the same of single calls, of a select, of a select with a dummy ---- */

static struct ends dummy;

enum form_of_call { CALL, SELECT, SELECT_BESIDE_DUMMY, FORMS_OF_CALL };

/* One push or pull (the other end is NULL) in some form: its result. */
static int perform(enum form_of_call form, pp_tx *tx, pp_rx *rx, uint64_t *item, bool waits)
{
	uint64_t none;
	pp_case cases[] = { { .tx = tx, .rx = rx, .item = item }, pull_case(&dummy, &none) };
	int index;

	if (form == CALL && tx)
		return waits ? pp_push(tx, item) : pp_try_push(tx, item);
	if (form == CALL)
		return waits ? pp_pull(rx, item) : pp_try_pull(rx, item);
	index = pp_select(cases, form == SELECT ? 1 : 2, 0, waits ? PP_FOREVER : 0);
	return index == 0 ? cases[0].result : index;
}

static void closed_stays_closed(enum form_of_call form, const struct ends *e)
{
	uint64_t item = 77;

	for (int i = 0; i < 3; i++) {
		CHECK_EQ(perform(form, NULL, e->rx, &item, true), -EPIPE);
		CHECK_EQ(perform(form, NULL, e->rx, &item, false), -EPIPE);
	}
	CHECK_EQ(perform(form, e->tx, NULL, &item, false), -ESHUTDOWN);
	CHECK_EQ(perform(form, NULL, e->rx, &item, true), -EPIPE);
	CHECK_EQ(perform(form, e->tx, NULL, &item, true), -ESHUTDOWN);
	CHECK_EQ(perform(form, NULL, e->rx, &item, true), -EPIPE);
	CHECK_EQ(item, 77);
}

static void closed_empty(pp_kind kind, size_t capacity)
{
	for (int form = 0; form < FORMS_OF_CALL; form++) {
		struct scene s;

		scene_open(&s, kind, 2, capacity);
		dummy = s.e[1];
		CHECK_EQ(pp_close(s.e[0].tx), 0);
		closed_stays_closed((enum form_of_call)form, &s.e[0]);
		scene_end(&s);
	}
}

/* Go: test/closedchan.go test1 */
Test(go_closed, a_closed_ring_gives_the_end_in_every_form)
{
	for_each_kind(0, closed_empty);
	for_each_kind(2, closed_empty);
}

static void closed_with_an_item(pp_kind kind, size_t capacity)
{
	for (int form = 0; form < FORMS_OF_CALL; form++)
		for (int waits = 0; waits < 2; waits++) {
			uint64_t item = 77;
			struct scene s;

			scene_open(&s, kind, 1, capacity);
			scene_add(&s, kind, 0);
			dummy = s.e[1];
			must_push(&s.e[0], 1);
			CHECK_EQ(pp_close(s.e[0].tx), 0);
			CHECK_EQ(perform((enum form_of_call)form, NULL, s.e[0].rx, &item,
					 waits), 0);
			CHECK_EQ(item, 1);
			closed_stays_closed((enum form_of_call)form, &s.e[0]);
			scene_end(&s);
		}
}

/* Go: test/closedchan.go testasync1, testasync2, testasync3, testasync4 */
Test(go_closed, a_closed_ring_gives_its_last_item_and_then_the_end_in_every_form)
{
	for_each_kind(2, closed_with_an_item);
}

static void close_again(pp_kind kind, size_t capacity)
{
	struct scene s;

	scene_open(&s, kind, 1, capacity);
	CHECK_EQ(pp_close(NULL), -EINVAL);
	CHECK_EQ(pp_close(s.e[0].tx), 0);
	CHECK_EQ(pp_close(s.e[0].tx), 0);
	must_end(&s.e[0]);
	scene_end(&s);
}

/* Go: test/closedchan.go, closing nothing and closing twice: a panic there, a result here */
Test(go_closed, closing_nothing_is_an_error_and_closing_twice_is_not)
{
	for_each_kind(0, close_again);
	for_each_kind(1, close_again);
}

/* Go: test/fixedbugs/issue8347.go */
Test(go_closed, a_select_says_item_nothing_and_end_apart)
{
	uint64_t item = 0;
	struct scene s;
	pp_case c;

	scene_open(&s, PP_SPSC, 1, 1);
	c = pull_case(&s.e[0], &item);
	CHECK_EQ(choose_now(&c, 1), -ETIMEDOUT);
	must_push(&s.e[0], 1);
	CHECK_EQ(choose_now(&c, 1), 0);
	CHECK_EQ(choose_now(&c, 1), -ETIMEDOUT);
	CHECK_EQ(pp_close(s.e[0].tx), 0);
	CHECK_EQ(chosen_result(&c, 1, 0, 0), -EPIPE);
	scene_end(&s);
}

/* ---- select3.go --------------------------------------------------------------------------- */

/* Go: test/chan/select3.go, operations on a nil channel and selects without a channel.  Where
 * Go blocks for ever, a wait that nothing could end is an error here. */
Test(go_closed, a_select_without_an_enabled_case_does_not_wait_for_ever)
{
	uint64_t item = 7;
	pp_case cases[] = { disabled_case(), { .item = &item } };

	for (size_t count = 0; count <= 2; count++) {
		pp_time deadline = pp_in(2 * PP_MS);

		CHECK_EQ(pp_select(cases, count, 0, PP_FOREVER), -EINVAL);
		CHECK_EQ(choose_now(cases, count), -ETIMEDOUT);
		CHECK_EQ(choose_until(cases, count, deadline), -ETIMEDOUT);
		CHECK(pp_now() >= deadline);
	}
	CHECK_EQ(item, 7);
	CHECK_EQ(cases[1].result, 0);
}

static void nothing_to_wait_for(pp_kind kind, size_t capacity)
{
	uint64_t item = 7, got = 0, end = 1;
	struct scene s;

	scene_open(&s, kind, 1, capacity);
	scene_add(&s, kind, 0);
	CHECK_EQ(pp_close(s.e[1].tx), 0);
	CHECK_EQ(choose((pp_case[]){ push_case(&s.e[0], &item) }, 1), 0);
	CHECK_EQ(choose_now((pp_case[]){ pull_case(&s.e[0], &got) }, 1), 0);
	CHECK_EQ(got, 7);
	CHECK_EQ(choose_now((pp_case[]){ push_case(&s.e[0], &item) }, 1), 0);
	CHECK_EQ(choose((pp_case[]){ pull_case(&s.e[0], &got) }, 1), 0);
	for (int i = 0; i < 10; i++)
		CHECK_EQ(chosen_result((pp_case[]){ pull_case(&s.e[1], &end) }, 1, 0, PP_FOREVER),
			 -EPIPE);
	CHECK_EQ(chosen_result((pp_case[]){ push_case(&s.e[1], &item) }, 1, 0, PP_FOREVER),
		 -ESHUTDOWN);
	CHECK_EQ(end, 1);
	scene_end(&s);
}

/* Go: test/chan/select3.go, selects with channels that are ready or closed */
Test(go_closed, a_select_with_a_ring_that_is_ready_or_closed_does_not_wait)
{
	for_each_kind(1, nothing_to_wait_for);
}

static void select_alone(struct scene *s, unsigned me)
{
	uint64_t in = 0, out = 5;
	pp_case cases[] = { pull_case(&s->e[0], &in), push_case(&s->e[0], &out) };

	CHECK_EQ(choose(cases, me), 0);
	CHECK_EQ(in, 6);
}

static void waits_for_others(pp_kind kind, unsigned cases)
{
	struct scene s;

	scene_open(&s, kind, 1, 0);
	scene_await_asleep(&s, scene_spawn(&s, select_alone, cases));
	must_push(&s.e[0], 6);
	scene_end(&s);
}

/* Go: test/chan/select3.go, a receive from a channel that is not ready, and "select should not
 * get confused if it sees itself" */
Test(go_closed, a_select_that_could_only_meet_itself_sleeps_until_another_comes)
{
	waits_for_others(PP_SPSC, 1);
	waits_for_others(PP_MPMC, 1);
	waits_for_others(PP_MPMC, 2);
}

/* ---- select5.go: every combination of what is in a select beside the case that counts ----- */

enum { BESIDE_PUSH = 1, BESIDE_PULL = 2, NIL_PUSH = 4, NIL_PULL = 8, LAST = 16, DEFAULT = 32,
       COMBINATIONS = 64 };

static uint64_t untouched;

/* `which` of the cases that are never ready, and `real` (none if disabled) before or behind them:
 * the index of `real`. */
static int combine(pp_case *cases, size_t *count, const struct ends *never, unsigned which,
		   pp_case real)
{
	size_t n = which & LAST ? 0 : 1;
	int index;

	if (which & BESIDE_PUSH)
		cases[n++] = push_case(never, &untouched);
	if (which & BESIDE_PULL)
		cases[n++] = pull_case(never, &untouched);
	if (which & NIL_PUSH)
		cases[n++] = disabled_case();
	if (which & NIL_PULL)
		cases[n++] = (pp_case){ .item = &untouched };
	index = which & LAST ? (int)n++ : 0;
	cases[index] = real;
	*count = n;
	return index;
}

static void all_combinations(pp_kind kind, size_t capacity)
{
	pp_case cases[8];
	struct scene s;
	size_t count;

	scene_open(&s, kind, 1, capacity);
	scene_add(&s, kind, 0);
	untouched = 9;
	for (unsigned which = 0; which < COMBINATIONS; which++) {
		pp_time deadline = which & DEFAULT ? 0 : PP_FOREVER;
		uint64_t out = which, in = 99;
		int index = combine(cases, &count, &s.e[1], which, push_case(&s.e[0], &out));

		CHECK_EQ(choose_until(cases, count, deadline), index);
		index = combine(cases, &count, &s.e[1], which, pull_case(&s.e[0], &in));
		CHECK_EQ(choose_until(cases, count, deadline), index);
		CHECK_EQ(in, which);
		index = combine(cases, &count, &s.e[1], which, disabled_case());
		CHECK_EQ(choose_now(cases, count), -ETIMEDOUT);
		CHECK_EQ(cases[index].result, 1);
	}
	CHECK_EQ(untouched, 9);
	scene_end(&s);
}

/* Go: test/chan/select5.go recv, send, nonblock */
Test(go_closed, the_one_case_that_is_ready_is_chosen_whatever_stands_beside_it)
{
	for_each_kind(1, all_combinations);
}

/* ---- chancap.go, makechan.go, and of fixedbugs what is about channels ------------------------ */

static void three_of_ten(pp_kind kind, size_t capacity)
{
	struct scene s;

	scene_open(&s, kind, 1, capacity);
	CHECK_EQ(pp_tx_depth(s.e[0].tx), 0);
	ends_fill(&s.e[0], 0, 3);
	CHECK_EQ(pp_tx_depth(s.e[0].tx), 3);
	CHECK_EQ(pp_rx_capacity(s.e[0].rx), 10);
	scene_end(&s);
	scene_open(&s, kind, 1, 0);
	CHECK_EQ(pp_rx_depth(s.e[0].rx), 0);
	CHECK_EQ(pp_tx_capacity(s.e[0].tx), 0);
	scene_end(&s);
}

/* Go: test/chancap.go, len and cap */
Test(go_closed, depth_counts_items_and_capacity_stays)
{
	for_each_kind(10, three_of_ten);
}

/* Go: test/chancap.go and test/makechan.go, sizes out of range */
Test(go_closed, a_capacity_that_no_memory_could_hold_is_refused)
{
	static const size_t sizes[] = { SIZE_MAX, SIZE_MAX / 2, SIZE_MAX / 2 + 1, SIZE_MAX / 32 };

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		for (int kind = PP_SPSC; kind <= PP_MPMC; kind++) {
			pp_tx *tx;
			pp_rx *rx;
			int result = pp_open(&tx, &rx, (pp_kind)kind, sizes[i], 8);

			CHECK(result == -EINVAL || result == -ENOMEM);
			CHECK(!tx && !rx);
		}
}

static void item_per_form(pp_kind kind, size_t capacity)
{
	uint64_t in = 0, none = 3;
	struct scene s;
	pp_case cases[2];

	scene_open(&s, kind, 1, capacity);
	scene_add(&s, kind, 0);
	cases[0] = pull_case(&s.e[0], &in);
	cases[1] = pull_case(&s.e[1], &none);
	CHECK_EQ(choose_now(cases, 1), -ETIMEDOUT);
	for (uint64_t item = 42; item < 45; item++, in = 0) {
		must_push(&s.e[0], item);
		if (item == 42)
			CHECK_EQ(choose(cases, 1), 0);
		else if (item == 43)
			CHECK_EQ(choose_now(cases, 1), 0);
		else
			CHECK_EQ(choose(cases, 2), 0);
		CHECK_EQ(in, item);
	}
	CHECK_EQ(none, 3);
	scene_end(&s);
}

/* Go: test/fixedbugs/bug225.go, test/fixedbugs/issue16870.go, test/fixedbugs/bug312.go */
Test(go_closed, each_form_of_select_pulls_the_item_that_is_there)
{
	for_each_kind(1, item_per_form);
}

static void nil_beside_an_end(pp_kind kind, size_t capacity)
{
	uint64_t in = 4, out = 42;
	struct scene s;
	pp_case cases[] = { disabled_case(), disabled_case() };

	scene_open(&s, kind, 1, capacity);
	if (capacity > 0) {
		cases[0] = push_case(&s.e[0], &out);
		CHECK_EQ(choose(cases, 2), 0);
		CHECK_EQ(must_pull(&s.e[0]), 42);
	}
	CHECK_EQ(pp_close(s.e[0].tx), 0);
	cases[0] = pull_case(&s.e[0], &in);
	CHECK_EQ(chosen_result(cases, 2, 0, PP_FOREVER), -EPIPE);
	CHECK_EQ(in, 4);
	scene_end(&s);
}

/* Go: test/fixedbugs/issue43111.go */
Test(go_closed, a_disabled_case_is_not_chosen_beside_one_that_goes_ahead_or_ends)
{
	for_each_kind(0, nil_beside_an_end);
	for_each_kind(1, nil_beside_an_end);
}

static void three_times_to_the_end(struct scene *s, unsigned me)
{
	uint64_t item;
	pp_case cases[] = { pull_case(&s->e[0], &item), pull_case(&s->e[0], &item),
			    pull_case(&s->e[0], &item) };
	int index = pp_select(cases, 3, 0, PP_FOREVER);

	(void)me;
	CHECK(index >= 0);
	CHECK_EQ(cases[index].result, -EPIPE);
}

/* Go: test/fixedbugs/issue9110.go, of which the leak is the sanitizers' to see */
Test(go_closed, close_wakes_every_select_that_waits_three_times_on_the_ring)
{
	struct scene s;

	for (int i = 0; i < 20; i++) {
		scene_open(&s, PP_MPMC, 1, i % 2);
		for (unsigned j = 0; j < 10; j++)
			scene_spawn(&s, three_times_to_the_end, j);
		for (unsigned j = 0; j < 10; j++)
			scene_await_asleep(&s, j);
		CHECK_EQ(pp_close(s.e[0].tx), 0);
		scene_end(&s);
	}
}
