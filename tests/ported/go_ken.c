/* SPDX-License-Identifier: MIT */
/* What the programs in Go's test/ken and test/chanlinear.go expect. */
#include "support.h"

#include <sched.h>
#include <string.h>

SUITE(go_ken);

/* ---- ken/chan.go -------------------------------------------------------------------- */

/* A channel carries 76 numbers that follow each other; who has sent or got the last stops. */
#define MESSAGES 76
#define NONE     SCENE_RINGS

static unsigned next_sent[SCENE_RINGS], next_got[SCENE_RINGS];

static void yield_a_little(unsigned *seed, unsigned below)
{
	*seed = *seed * 1103515245u + 12345u;
	for (unsigned i = *seed >> 16; i % below != 0; i--)
		sched_yield();
}

static uint64_t message(unsigned ring)
{
	return ring * 100u + next_sent[ring];
}

/* True: that was the last. */
static bool was_sent(struct scene *s, unsigned ring)
{
	atomic_fetch_add(&s->hits[0], 1);
	return ++next_sent[ring] == MESSAGES;
}

static bool was_got(struct scene *s, unsigned ring, uint64_t item)
{
	atomic_fetch_add(&s->hits[1], 1);
	CHECK_EQ(item, ring * 100u + next_got[ring]);
	return ++next_got[ring] == MESSAGES;
}

static void ken_push(struct scene *s, unsigned me)
{
	unsigned seed = me;

	do {
		yield_a_little(&seed, 10);
		must_push(&s->e[me], message(me));
	} while (!was_sent(s, me));
}

static void ken_pull(struct scene *s, unsigned me)
{
	unsigned seed = me;

	do
		yield_a_little(&seed, 10);
	while (!was_got(s, me, must_pull(&s->e[me])));
}

/* Pull from the four rings at `from`, push to the four at `to`; `from` and `to` are numbers of
 * rings or NONE, which is four disabled cases. */
static void ken_select(struct scene *s, unsigned from, unsigned to)
{
	unsigned left = (from == NONE ? 0 : 4) + (to == NONE ? 0 : 4), seed = from + to;
	uint64_t item, out[4];
	pp_case cases[8];

	for (unsigned i = 0; i < 4; i++) {
		cases[i] = from == NONE ? disabled_case() : pull_case(&s->e[from + i], &item);
		cases[4 + i] = to == NONE ? disabled_case() : push_case(&s->e[to + i], &out[i]);
	}
	while (left > 0) {
		unsigned index;
		bool last;

		yield_a_little(&seed, 5);
		for (unsigned i = 0; to != NONE && i < 4; i++)
			out[i] = message(to + i);
		index = (unsigned)choose(cases, 8);
		last = index < 4 ? was_got(s, from + index, item) : was_sent(s, to + index - 4);
		if (last) {
			cases[index] = disabled_case();
			left--;
		}
	}
}

static void select_pulls(struct scene *s, unsigned me)
{
	ken_select(s, me, NONE);
}

static void select_pushes(struct scene *s, unsigned me)
{
	ken_select(s, NONE, me);
}

/* me: pulls at the tens, pushes at the ones. */
static void select_both(struct scene *s, unsigned me)
{
	ken_select(s, me / 10, me % 10);
}

typedef void arrangement(struct scene *s);

static void each_of_four(struct scene *s, part *act, unsigned from)
{
	for (unsigned i = from; i < from + 4; i++)
		scene_spawn(s, act, i);
}

static void single_to_single(struct scene *s)
{
	each_of_four(s, ken_push, 0);
	each_of_four(s, ken_pull, 0);
}

static void single_to_select(struct scene *s)
{
	each_of_four(s, ken_push, 0);
	scene_spawn(s, select_pulls, 0);
}

static void select_to_single(struct scene *s)
{
	each_of_four(s, ken_pull, 0);
	scene_spawn(s, select_pushes, 0);
}

static void select_to_select(struct scene *s)
{
	scene_spawn(s, select_pushes, 0);
	scene_spawn(s, select_pulls, 0);
}

static void selects_both_ways(struct scene *s)
{
	scene_spawn(s, select_both, 40);
	scene_spawn(s, select_both, 4);
}

static void all_to_all(struct scene *s)
{
	each_of_four(s, ken_push, 4);
	each_of_four(s, ken_pull, 8);
	scene_spawn(s, select_both, 40);
	scene_spawn(s, select_both, 8);
}

static void arranged(arrangement *arrange, size_t rings)
{
	static const size_t capacities[] = { 0, 1, 10, 100 };
	struct scene s;

	for (unsigned i = 0; i < 2 * ARRAY_LEN(capacities); i++) {
		memset(next_sent, 0, sizeof(next_sent));
		memset(next_got, 0, sizeof(next_got));
		scene_open(&s, i % 2 ? PP_SPSC : PP_MPMC, rings, capacities[i / 2]);
		arrange(&s);
		scene_join(&s);
		CHECK_EQ(atomic_load(&s.hits[0]), rings * MESSAGES);
		CHECK_EQ(atomic_load(&s.hits[1]), rings * MESSAGES);
		scene_end(&s);
	}
}

/* Go: test/ken/chan.go test1 */
Test(go_ken, four_pushers_four_rings_and_four_pullers)
{
	arranged(single_to_single, 4);
}

/* Go: test/ken/chan.go test2 */
Test(go_ken, four_pushers_and_one_select_that_pulls)
{
	arranged(single_to_select, 4);
}

/* Go: test/ken/chan.go test3 */
Test(go_ken, one_select_that_pushes_and_four_pullers)
{
	arranged(select_to_single, 4);
}

/* Go: test/ken/chan.go test4 */
Test(go_ken, one_select_that_pushes_and_one_that_pulls)
{
	arranged(select_to_select, 4);
}

/* Go: test/ken/chan.go test5 */
Test(go_ken, two_selects_that_push_to_and_pull_from_each_other)
{
	arranged(selects_both_ways, 8);
}

/* Go: test/ken/chan.go test6 */
Test(go_ken, selects_and_single_calls_on_twelve_rings)
{
	arranged(all_to_all, 12);
}

/* ---- ken/chan1.go -------------------------------------------------------------------- */

#define SENT 1000

static void select_into_ledger(struct scene *s, unsigned me)
{
	uint64_t item;

	(void)me;
	for (;;) {
		pp_case cases[] = { pull_case(&s->e[0], &item) };

		if (pp_select(cases, 1, 0, PP_FOREVER) != 0 || cases[0].result != 0)
			break;
		/* The pusher's mark is there before the item. */
		CHECK_EQ(atomic_exchange_explicit(&s->ledger[item], 2, memory_order_relaxed), 1);
	}
}

/* Go: test/ken/chan1.go */
Test(go_ken, ten_selects_share_a_ring_and_each_item_comes_once)
{
	struct scene s;

	scene_open(&s, PP_MPMC, 1, 2);
	scene_ledger(&s, SENT);
	for (unsigned i = 0; i < 10; i++)
		scene_spawn(&s, select_into_ledger, i);
	for (uint64_t i = 0; i < SENT; i++) {
		CHECK_EQ(atomic_exchange_explicit(&s.ledger[i], 1, memory_order_relaxed), 0);
		must_push(&s.e[0], i);
	}
	CHECK_EQ(pp_close(s.e[0].tx), 0);
	scene_join(&s);
	scene_ledger_is(&s, SENT, 2);
	scene_end(&s);
}

/* ---- chanlinear.go --------------------------------------------------------------------- */

#define CROWD 60

/* Ring 0 is everybody's and stays empty; ring 1 + me is mine. */
static void select_popular_or_own(struct scene *s, unsigned me)
{
	uint64_t item;

	for (uint64_t i = 0; i < 10; i++) {
		CHECK_EQ(choose((pp_case[]){ pull_case(&s->e[0], &item),
					     pull_case(&s->e[1 + me], &item) }, 2), 1);
		CHECK_EQ(item, i);
	}
}

/* Go: test/chanlinear.go and chan_test.go BenchmarkChanPopular, of which the time is no test */
Test(go_ken, each_of_a_crowd_on_one_ring_is_woken_by_its_own)
{
	struct scene s;

	for (size_t capacity = 0; capacity < 2; capacity++) {
		scene_open(&s, PP_MPMC, 1 + CROWD, capacity);
		for (unsigned i = 0; i < CROWD; i++)
			scene_spawn(&s, select_popular_or_own, i);
		for (uint64_t i = 0; i < 10; i++)
			for (unsigned j = 0; j < CROWD; j++)
				must_push(&s.e[1 + j], i);
		scene_end(&s);
	}
}
