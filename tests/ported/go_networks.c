/* SPDX-License-Identifier: MIT */
/*
 * Programs of Go's that are networks of threads and rings: sieves, and the split of a stream on
 * demand.  Go leaves the goroutines behind; here an end that is cancelled or closed goes through
 * the network and ends every thread of it.
 */
#include "support.h"

SUITE(go_networks);

static const uint64_t first_primes[] = { 2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41,
					 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97 };
#define PRIMES ARRAY_LEN(first_primes)

/* Push first, first + step, ... until the ring is cancelled. */
static void push_series(const struct ends *to, uint64_t first, uint64_t step)
{
	int result;

	while ((result = pp_push(to->tx, &first)) == 0)
		first += step;
	CHECK_EQ(result, -EPIPE);
}

/* ---- sieve1.go ------------------------------------------------------------------- */

static void generate(struct scene *s, unsigned me)
{
	push_series(&s->e[me], 2, 1);
}

static void filter(struct scene *s, unsigned me)
{
	uint64_t item;

	while (pp_pull(s->e[me].rx, &item) == 0)
		if (item % first_primes[me] != 0 && pp_push(s->e[me + 1].tx, &item) != 0)
			break;
	CHECK_EQ(pp_cancel(s->e[me].rx), 0);
}

static void sieve(pp_kind kind, size_t capacity)
{
	struct scene s;

	scene_open(&s, kind, PRIMES + 1, capacity);
	scene_spawn(&s, generate, 0);
	for (unsigned i = 0; i < PRIMES; i++) {
		CHECK_EQ(must_pull(&s.e[i]), first_primes[i]);
		scene_spawn(&s, filter, i);
	}
	CHECK_EQ(pp_cancel(s.e[PRIMES].rx), 0);
	scene_end(&s);
}

/* Go: test/chan/sieve1.go */
Test(go_networks, a_pipeline_of_filters_leaves_the_primes)
{
	for_each_kind(0, sieve);
	for_each_kind(1, sieve);
}

/* ---- sieve2.go --------------------------------------------------------------------- */

#define SERIES 16
enum { OUT, CANDIDATES, COMPOSITES, FOUND, PROXY, SEEDS, MULTIPLES = SEEDS + SERIES };

static void odds(struct scene *s, unsigned me)
{
	push_series(&s->e[me], 5, 2);
}

/* The odd multiples of the prime that comes, from its square on. */
static void multiples(struct scene *s, unsigned me)
{
	uint64_t prime;

	if (pp_pull(s->e[SEEDS + me].rx, &prime) == 0)
		push_series(&s->e[MULTIPLES + me], prime * prime, 2 * prime);
}

struct merge {
	struct scene *s;
	uint64_t      heads[SERIES];
	unsigned      count;
};

static unsigned smallest(const struct merge *m)
{
	unsigned least = 0;

	for (unsigned i = 1; i < m->count; i++)
		if (m->heads[i] < m->heads[least])
			least = i;
	return least;
}

/* Every series that starts with `value` goes on. */
static void step_over(struct merge *m, uint64_t value)
{
	for (unsigned i = 0; i < m->count; i++)
		if (m->heads[i] == value)
			m->heads[i] = must_pull(&m->s->e[MULTIPLES + i]);
}

static bool push_composite(struct merge *m, uint64_t value)
{
	return pp_push(m->s->e[COMPOSITES].tx, &value) == 0;
}

/* Push the composites up to the square of the next prime, and take up its multiples. */
static bool merge_until(struct merge *m, uint64_t prime)
{
	const struct ends *series = &m->s->e[MULTIPLES + m->count];

	while (m->count > 0 && m->heads[smallest(m)] < prime * prime) {
		uint64_t value = m->heads[smallest(m)];

		if (!push_composite(m, value))
			return false;
		step_over(m, value);
	}
	must_push(&m->s->e[SEEDS + m->count], prime);
	if (!push_composite(m, must_pull(series)))
		return false;
	m->heads[m->count++] = must_pull(series);
	return true;
}

static void merger(struct scene *s, unsigned me)
{
	struct merge m = { .s = s };
	uint64_t prime;

	(void)me;
	while (pp_pull(s->e[FOUND].rx, &prime) == 0 && m.count < SERIES)
		if (!merge_until(&m, prime))
			break;
	CHECK(m.count < SERIES);
	CHECK_EQ(pp_cancel(s->e[FOUND].rx), 0);
	for (unsigned i = 0; i < SERIES; i++) {
		CHECK_EQ(pp_close(s->e[SEEDS + i].tx), 0);
		CHECK_EQ(pp_cancel(s->e[MULTIPLES + i].rx), 0);
	}
}

/* A queue of any length before FOUND: its push is disabled while there is nothing to push. */
static void proxy(struct scene *s, unsigned me)
{
	uint64_t held[1024], item;
	size_t first = 0, last = 0;

	(void)me;
	for (;;) {
		pp_case cases[] = { pull_case(&s->e[PROXY], &item),
				    first == last ? disabled_case() :
						    push_case(&s->e[FOUND], &held[first]) };
		int index = pp_select(cases, 2, 0, PP_FOREVER);

		CHECK(index >= 0 && last < ARRAY_LEN(held));
		if (cases[index].result != 0)
			break;
		if (index == 0)
			held[last++] = item;
		else
			first++;
	}
	CHECK_EQ(pp_close(s->e[FOUND].tx), 0);
}

/* A candidate that is not the next composite is a prime. */
static void siever(struct scene *s, unsigned me)
{
	uint64_t prime = must_pull(&s->e[CANDIDATES]), composite;

	(void)me;
	for (;;) {
		composite = must_pull(&s->e[COMPOSITES]);
		for (; prime < composite; prime = must_pull(&s->e[CANDIDATES])) {
			must_push(&s->e[PROXY], prime);
			if (pp_push(s->e[OUT].tx, &prime) != 0)
				goto ended;
		}
		if (prime == composite)
			prime = must_pull(&s->e[CANDIDATES]);
	}
ended:
	CHECK_EQ(pp_cancel(s->e[CANDIDATES].rx), 0);
	CHECK_EQ(pp_cancel(s->e[COMPOSITES].rx), 0);
	CHECK_EQ(pp_close(s->e[PROXY].tx), 0);
}

static void sieve_with_feedback(pp_kind kind, size_t capacity)
{
	struct scene s;

	scene_open(&s, kind, 1, capacity);
	scene_add(&s, kind, 50);
	scene_add(&s, kind, 50);
	for (unsigned i = FOUND; i < MULTIPLES + SERIES; i++)
		scene_add(&s, kind, 10);
	must_push(&s.e[OUT], 2);
	must_push(&s.e[OUT], 3);
	must_push(&s.e[FOUND], 3);
	for (unsigned i = 0; i < SERIES; i++)
		scene_spawn(&s, multiples, i);
	scene_spawn(&s, odds, CANDIDATES);
	scene_spawn(&s, merger, 0);
	scene_spawn(&s, proxy, 0);
	scene_spawn(&s, siever, 0);
	for (unsigned i = 0; i < PRIMES; i++)
		CHECK_EQ(must_pull(&s.e[OUT]), first_primes[i]);
	CHECK_EQ(pp_cancel(s.e[OUT].rx), 0);
	scene_end(&s);
}

/* Go: test/chan/sieve2.go */
Test(go_networks, a_sieve_that_feeds_its_primes_back_leaves_the_primes)
{
	for_each_kind(10, sieve_with_feedback);
}

/* ---- powser1.go, powser2.go: the split of a stream on demand ------------------------- */

/* A stream on demand is two rings: a request, and the item that answers it. */
#define DEMANDED 10
enum { REQUEST, ANSWER, SOURCE = 4, DONE = 6, WAITS = 7 };

/* The output that this generation serves first: 0 or 1.  Generations hand it on. */
static unsigned served_first;

/* A request of the output that is served first, or after the release also of the other one;
 * *both says whether the release has come.  False: the end. */
static bool await_request(struct scene *s, unsigned generation, bool *both)
{
	uint64_t item;
	pp_case cases[] = { pull_case(&s->e[2 * served_first + REQUEST], &item),
			    pull_case(&s->e[WAITS + generation], &item) };
	int index = pp_select(cases, 2, 0, PP_FOREVER);

	CHECK(index >= 0);
	*both = index == 1;
	if (*both) {
		CHECK_EQ(cases[1].result, 0);
		cases[1] = pull_case(&s->e[2 * (1 - served_first) + REQUEST], &item);
		index = pp_select(cases, 2, 0, PP_FOREVER);
		if (index == 1)
			served_first = 1 - served_first;
	}
	return cases[index].result == 0;
}

/* One item for both outputs; the next generation serves who is ahead meanwhile. */
static void split_one(struct scene *s, unsigned generation)
{
	unsigned ahead, behind;
	uint64_t item;
	bool both;

	if (!await_request(s, generation, &both)) {
		if (!both)
			(void)must_pull(&s->e[WAITS + generation]);
		return;
	}
	ahead = 2 * served_first;
	behind = 2 - ahead;
	must_push(&s->e[SOURCE + REQUEST], generation);
	scene_spawn(s, split_one, generation + 1);
	item = must_pull(&s->e[SOURCE + ANSWER]);
	must_push(&s->e[ahead + ANSWER], item);
	if (!both)
		(void)must_pull(&s->e[WAITS + generation]);
	(void)must_pull(&s->e[behind + REQUEST]);
	must_push(&s->e[behind + ANSWER], item);
	must_push(&s->e[WAITS + generation + 1], 0);
}

static void answer_requests(struct scene *s, unsigned me)
{
	uint64_t request, n = 100;

	(void)me;
	while (pp_pull(s->e[SOURCE + REQUEST].rx, &request) == 0)
		must_push(&s->e[SOURCE + ANSWER], n++);
}

/* `me` is the output, and the hundreds how many naps before it starts. */
static void demand(struct scene *s, unsigned me)
{
	const struct ends *request = &s->e[2 * (me % 100) + REQUEST];
	const struct ends *answer = &s->e[2 * (me % 100) + ANSWER];

	for (unsigned i = 0; i < me / 100; i++)
		doze();
	for (uint64_t i = 0; i < DEMANDED; i++) {
		must_push(request, 0);
		CHECK_EQ(must_pull(answer), 100 + i);
	}
	must_push(&s->e[DONE], 0);
}

static void split(unsigned naps_0, unsigned naps_1)
{
	struct scene s;

	scene_open(&s, PP_MPMC, WAITS + DEMANDED + 2, 0);
	served_first = 0;
	scene_spawn(&s, answer_requests, 0);
	scene_spawn(&s, demand, 100 * naps_0);
	scene_spawn(&s, demand, 100 * naps_1 + 1);
	scene_spawn(&s, split_one, 0);
	must_push(&s.e[WAITS], 0);
	(void)must_pull(&s.e[DONE]);
	(void)must_pull(&s.e[DONE]);
	/* The last generation has its release, and waits for either output. */
	CHECK_EQ(pp_close(s.e[REQUEST].tx), 0);
	CHECK_EQ(pp_close(s.e[2 + REQUEST].tx), 0);
	CHECK_EQ(pp_close(s.e[SOURCE + REQUEST].tx), 0);
	scene_end(&s);
}

/* Go: test/chan/powser1.go dosplit, test/chan/powser2.go dosplit */
Test(go_networks, a_stream_that_is_split_on_demand_comes_whole_out_of_both)
{
	for (int i = 0; i < 5; i++) {
		split(0, 0);
		split(0, 20);
		split(20, 0);
	}
}
