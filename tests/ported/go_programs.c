/* SPDX-License-Identifier: MIT */
/* What the programs in Go's test/chan expect, and those in test/ken. */
#include "support.h"

#include <sched.h>
#include <string.h>

SUITE(go_programs);

/* ---- doubleselect.go: four rings, a mux for each, one receiver ------------------- */

#define DOUBLE (SANITIZED ? 1000u : 30000u)

static void select_of_four(struct scene *s, unsigned me)
{
	(void)me;
	for (uint64_t i = 0; i < DOUBLE; i++) {
		pp_case cases[] = { push_case(&s->e[0], &i), push_case(&s->e[1], &i),
				    push_case(&s->e[2], &i), push_case(&s->e[3], &i) };

		(void)choose(cases, 4);
	}
	for (int i = 0; i < 4; i++)
		CHECK_EQ(pp_close(s->e[i].tx), 0);
}

static void mux(struct scene *s, unsigned me)
{
	uint64_t item;

	while (pp_pull(s->e[me].rx, &item) == 0)
		must_push(&s->e[4], item);
	if (atomic_fetch_add(&s->hits[0], 1) + 1 == 4)
		CHECK_EQ(pp_close(s->e[4].tx), 0);
}

static void double_select(pp_kind kind, size_t capacity)
{
	struct scene s;
	uint64_t item;

	scene_open(&s, kind, 4, capacity);
	scene_add(&s, PP_MPMC, capacity);
	scene_ledger(&s, DOUBLE);
	scene_spawn(&s, select_of_four, 0);
	for (unsigned i = 0; i < 4; i++)
		scene_spawn(&s, mux, i);
	while (pp_pull(s.e[4].rx, &item) == 0) {
		CHECK(item < DOUBLE);
		atomic_fetch_add(&s.ledger[item], 1);
	}
	scene_join(&s);
	scene_ledger_is(&s, DOUBLE, 1);
	scene_end(&s);
}

/* Go: test/chan/doubleselect.go */
Test(go_programs, what_a_select_pushes_into_one_of_four_rings_comes_once)
{
	for_each_kind(0, double_select);
	for_each_kind(1, double_select);
}

/* ---- fifo.go ------------------------------------------------------------------------ */

static void ten_fit(pp_kind kind, size_t capacity)
{
	struct scene s;

	scene_open(&s, kind, 1, capacity);
	for (size_t i = 0; i < 10; i++)
		must_push(&s.e[0], i);
	for (size_t i = 0; i < 10; i++)
		CHECK_EQ(must_pull(&s.e[0]), i);
	scene_end(&s);
}

/* Go: test/chan/fifo.go AsynchFifo */
Test(go_programs, ten_items_leave_a_ring_in_order)
{
	for_each_kind(10, ten_fit);
}

/* Ring 0 has the items; ring 1 + n starts the one whose turn is n. */
static void take_my_turn(struct scene *s, unsigned me)
{
	(void)must_pull(&s->e[1 + me]);
	CHECK_EQ(must_pull(&s->e[0]), me);
	must_push(&s->e[2 + me], 1);
}

/* Go: test/chan/fifo.go SynchFifo */
Test(go_programs, pullers_that_take_turns_get_the_items_in_order)
{
	struct scene s;

	scene_open(&s, PP_MPMC, 12, 0);
	for (unsigned i = 0; i < 10; i++)
		scene_spawn(&s, take_my_turn, i);
	must_push(&s.e[1], 0);
	for (uint64_t i = 0; i < 10; i++)
		must_push(&s.e[0], i);
	(void)must_pull(&s.e[11]);
	scene_end(&s);
}

/* ---- goroutines.go -------------------------------------------------------------------- */

static void pass_left(struct scene *s, unsigned me)
{
	must_push(&s->e[me], must_pull(&s->e[me + 1]));
}

static void chain(pp_kind kind, size_t capacity)
{
	struct scene s;

	scene_open(&s, kind, 101, capacity);
	for (unsigned i = 0; i < 100; i++)
		scene_spawn(&s, pass_left, i);
	must_push(&s.e[100], 1);
	CHECK_EQ(must_pull(&s.e[0]), 1);
	scene_end(&s);
}

/* Go: test/chan/goroutines.go, with threads and so with a hundred */
Test(go_programs, an_item_goes_down_a_chain_of_a_hundred_threads)
{
	for_each_kind(0, chain);
	for_each_kind(1, chain);
}

/* ---- nonblock.go: one side only tries, items of several sizes --------------------------- */

struct nonblock {
	struct ends ends;
	size_t      size;
	bool        pushes;
	pthread_t   thread;
};

static void fill_item(char *item, size_t size, char with)
{
	memset(item, with, size);
}

static void *other_side(void *arg)
{
	struct nonblock *n = arg;
	char want[16], item[16];

	fill_item(want, sizeof(want), n->pushes ? 'p' : 't');
	fill_item(item, sizeof(item), n->pushes ? 'p' : 'x');
	if (n->pushes)
		CHECK_EQ(pp_push(n->ends.tx, item), 0);
	else
		CHECK_EQ(pp_pull(n->ends.rx, item), 0);
	CHECK_EQ(memcmp(item, want, n->size), 0);
	return NULL;
}

/* One item between a thread that blocks and a select with a default, again and again. */
static void one_by_tries(struct nonblock *n)
{
	char item[16], want[16];
	pp_case c = { .item = item };

	fill_item(item, sizeof(item), n->pushes ? 'x' : 't');
	fill_item(want, sizeof(want), n->pushes ? 'p' : 't');
	c.tx = n->pushes ? NULL : n->ends.tx;
	c.rx = n->pushes ? n->ends.rx : NULL;
	CHECK_EQ(pthread_create(&n->thread, NULL, other_side, n), 0);
	while (choose_now(&c, 1) != 0)
		doze();
	CHECK_EQ(memcmp(item, want, n->size), 0);
	CHECK_EQ(pthread_join(n->thread, NULL), 0);
}

static void tries_of_sizes(pp_kind kind, size_t capacity)
{
	static const size_t sizes[] = { 1, 4, 8, 16 };

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		struct nonblock n = { .size = sizes[i] };
		char item[16] = "untouched";
		pp_case c;

		n.ends = ends_open_with(&PP_CONFIG(.kind = kind, .capacity = capacity,
						   .item_size = sizes[i]));
		c = (pp_case){ .rx = n.ends.rx, .item = item };
		CHECK_EQ(choose_now(&c, 1), -ETIMEDOUT);
		CHECK_EQ(strcmp(item, "untouched"), 0);
		one_by_tries(&n);
		n.pushes = true;
		one_by_tries(&n);
		ends_let_go(&n.ends);
	}
}

/* Go: test/chan/nonblock.go */
Test(go_programs, a_select_with_a_default_meets_a_blocked_thread_in_the_end)
{
	for_each_kind(0, tries_of_sizes);
	for_each_kind(1, tries_of_sizes);
}

/* ---- select.go --------------------------------------------------------------------------- */

/* Push into a and b until neither takes any more; how many went in.  `shift` is the bit that
 * the value of the next push has. */
static int push_both(const struct ends *a, const struct ends *b, unsigned *shift, int *values)
{
	pp_case cases[] = { push_case(a, NULL), b ? push_case(b, NULL) : disabled_case() };
	int done = 0;

	for (;; (*shift)++, done++) {
		uint64_t items[2] = { UINT64_C(1) << *shift, UINT64_C(1) << *shift };
		int index;

		*values += 2;
		cases[0].item = &items[0];
		cases[1].item = &items[1];
		index = choose_now(cases, 2);
		if (index < 0)
			return done;
		cases[index].tx = NULL;
	}
}

static void disabled_after_use(pp_kind kind, size_t capacity)
{
	unsigned shift = 0;
	struct scene s;
	int values = 0;

	scene_open(&s, kind, 2, capacity);
	CHECK_EQ(push_both(&s.e[0], &s.e[1], &shift, &values), 2);
	CHECK_EQ(must_pull(&s.e[0]) | must_pull(&s.e[1]), 3);
	CHECK_EQ(push_both(&s.e[0], NULL, &shift, &values), 1);
	CHECK_EQ(must_pull(&s.e[0]), 4);
	CHECK_EQ(values, 10);
	scene_end(&s);
}

/* Go: test/chan/select.go */
Test(go_programs, a_case_that_is_disabled_after_its_use_is_not_chosen_again)
{
	for_each_kind(1, disabled_after_use);
}

/* ---- select2.go, select4.go, select6.go ---------------------------------------------------- */

static void push_ones(struct scene *s, unsigned me)
{
	(void)me;
	for (size_t i = 0; i < s->count; i++)
		must_push(&s->e[0], 1);
}

static void beside_a_dummy(pp_kind kind, size_t capacity)
{
	uint64_t item;
	struct scene s;

	scene_open(&s, kind, 2, capacity);
	s.count = SANITIZED ? 1000 : 10000;
	scene_spawn(&s, push_ones, 0);
	for (size_t i = 0; i < s.count; i++)
		CHECK_EQ(choose((pp_case[]){ pull_case(&s.e[0], &item),
					     pull_case(&s.e[1], &item) }, 2), 0);
	scene_end(&s);
}

/* Go: test/chan/select2.go, of which the memory is another test's (nothing is allocated) */
Test(go_programs, ten_thousand_selects_never_choose_the_ring_that_nobody_pushes_to)
{
	for_each_kind(0, beside_a_dummy);
	for_each_kind(16, beside_a_dummy);
}

static void untaken_is_untouched(pp_kind kind, size_t capacity)
{
	uint64_t untaken = 5, taken = 6;
	struct scene s;

	scene_open(&s, kind, 1, capacity);
	scene_add(&s, kind, 0);
	must_push(&s.e[0], 42);
	CHECK_EQ(choose((pp_case[]){ pull_case(&s.e[1], &untaken),
				     pull_case(&s.e[0], &taken) }, 2), 1);
	CHECK_EQ(taken, 42);
	CHECK_EQ(untaken, 5);
	scene_end(&s);
}

/* Go: test/chan/select4.go */
Test(go_programs, the_buffer_of_a_case_that_is_not_chosen_stays_as_it_is)
{
	for_each_kind(1, untaken_is_untouched);
}

static void pull_one(struct scene *s, unsigned me)
{
	(void)must_pull(&s->e[me]);
}

static void push_one(struct scene *s, unsigned me)
{
	must_push(&s->e[me], 1);
}

static void select_then_pull(struct scene *s, unsigned me)
{
	uint64_t item;

	CHECK_EQ(choose((pp_case[]){ pull_case(&s->e[0], &item), pull_case(&s->e[1], &item) }, 2),
		 1);
	must_push(&s->e[2], 1);
	(void)must_pull(&s->e[me]);
}

/* Go: test/chan/select6.go: the second in a queue goes; the first and the next are served. */
Test(go_programs, a_select_that_leaves_the_middle_of_a_queue_does_not_break_it)
{
	struct scene s;

	for (int i = 0; i < 50; i++) {
		scene_open(&s, PP_MPMC, 3, 0);
		scene_spawn(&s, pull_one, 0);
		scene_spawn(&s, select_then_pull, 0);
		scene_spawn(&s, push_one, 1);
		(void)must_pull(&s.e[2]);
		must_push(&s.e[0], 1);
		must_push(&s.e[0], 1);
		scene_end(&s);
	}
}

/* ---- select7.go: every way to push against every way to pull ------------------------------- */

/* me: 0 the single call, 1 a select of one, 2 a select beside a ring that is never ready. */
static void pull_somehow(struct scene *s, unsigned me)
{
	uint64_t item = 0, none;

	if (me == 0)
		item = must_pull(&s->e[0]);
	else
		CHECK_EQ(choose((pp_case[]){ pull_case(&s->e[0], &item),
					     pull_case(&s->e[1], &none) }, me), 0);
	CHECK_EQ(item, 1);
}

static void push_somehow(struct scene *s, unsigned me)
{
	uint64_t item = 1;

	if (me == 0)
		must_push(&s->e[0], item);
	else
		CHECK_EQ(choose((pp_case[]){ push_case(&s->e[0], &item),
					     push_case(&s->e[2], &item) }, me), 0);
}

static void every_way(pp_kind kind, size_t capacity)
{
	struct scene s;

	for (unsigned way = 0; way < 9; way++) {
		scene_open(&s, kind, 1, capacity);
		scene_add(&s, kind, 0);
		scene_add(&s, kind, 0);
		scene_spawn(&s, pull_somehow, way % 3);
		sched_yield();
		push_somehow(&s, way / 3);
		scene_end(&s);
	}
}

/* Go: test/chan/select7.go */
Test(go_programs, every_way_to_push_meets_every_way_to_pull)
{
	for (int i = 0; i < 10; i++) {
		for_each_kind(0, every_way);
		for_each_kind(1, every_way);
	}
}

/* ---- select8.go, sendstmt.go, zerosize.go -------------------------------------------------- */

static void push_fives(struct scene *s, unsigned me)
{
	uint64_t item = 5;
	int result;

	(void)me;
	while ((result = pp_push(s->e[0].tx, &item)) == 0)
		continue;
	CHECK_EQ(result, -EPIPE);
}

static void never_push(pp_kind kind, size_t capacity)
{
	uint64_t item = 0, ten = 10;
	struct scene s;

	scene_open(&s, kind, 1, capacity);
	scene_spawn(&s, push_fives, 0);
	CHECK_EQ(choose((pp_case[]){ pull_case(&s.e[0], &item) }, 1), 0);
	CHECK_EQ(item, 5);
	CHECK_EQ(choose_now((pp_case[]){ disabled_case() }, 0), -ETIMEDOUT);
	(void)choose_now((pp_case[]){ pull_case(&s.e[0], &item) }, 1);
	if (kind == PP_MPMC)
		CHECK(choose_now((pp_case[]){ pull_case(&s.e[0], &item),
					      push_case(&s.e[0], &ten) }, 2) != 1);
	CHECK_EQ(item, 5);
	CHECK_EQ(pp_cancel(s.e[0].rx), 0);
	scene_end(&s);
}

/* Go: test/chan/select8.go, where nobody pulls and so no push may be chosen */
Test(go_programs, beside_a_pusher_a_select_pulls_or_takes_the_default)
{
	for_each_kind(0, never_push);
}

/* Go: test/chan/sendstmt.go chanchan */
Test(go_programs, a_push_may_go_to_an_end_that_came_out_of_a_ring)
{
	uint64_t item = 2;
	struct scene s;
	pp_case c = { .item = &item };

	scene_open(&s, PP_SPSC, 2, 1);
	must_push(&s.e[1], (uint64_t)(uintptr_t)s.e[0].tx);
	c.tx = (pp_tx *)(uintptr_t)must_pull(&s.e[1]);
	CHECK_EQ(choose_now(&c, 1), 0);
	CHECK_EQ(must_pull(&s.e[0]), 2);
	scene_end(&s);
}

/* Go: test/chan/zerosize.go.  Here an item is at least a byte. */
Test(go_programs, a_ring_of_items_without_a_byte_is_refused)
{
	for (size_t capacity = 0; capacity < 2; capacity++) {
		pp_tx *tx;
		pp_rx *rx;

		CHECK_EQ(pp_open(&tx, &rx, PP_SPSC, capacity, 0), -EINVAL);
		CHECK(!tx && !rx);
		CHECK_EQ(pp_open(&tx, &rx, PP_MPMC, capacity, 0), -EINVAL);
	}
}
