/* SPDX-License-Identifier: MIT */
/* pp_select(): which case is performed, and what becomes of the others. */
#include "selecting.h"

#include <limits.h>
#include <stdlib.h>

SUITE(select);

/* ---- One of several --------------------------------------------------------------- */

#define RINGS 6

static void open_rings(struct ends *e, size_t n, pp_kind kind, size_t capacity)
{
	for (size_t i = 0; i < n; i++)
		e[i] = ends_open(kind, capacity);
}

static void let_go_rings(struct ends *e, size_t n)
{
	for (size_t i = 0; i < n; i++)
		ends_let_go(&e[i]);
}

/* Even rings are full and odd ones empty: neither the pushes nor the pulls can go ahead. */
static void stuck_cases(const struct ends *e, pp_case *cases, uint64_t *items)
{
	for (size_t i = 0; i < RINGS; i++) {
		items[i] = i % 2 ? UNTOUCHED : 70 + i;
		cases[i] = i % 2 ? pull_case(&e[i], &items[i]) : push_case(&e[i], &items[i]);
	}
}

static void expect_others_alone(const pp_case *cases, const uint64_t *items, size_t ready)
{
	for (size_t i = 0; i < RINGS; i++) {
		if (i == ready)
			continue;
		EXPECT_EQ(cases[i].result, UNTOUCHED);
		EXPECT_EQ(items[i], i % 2 ? UNTOUCHED : 70 + i);
	}
}

static void one_is_ready(pp_kind kind, size_t capacity)
{
	struct ends e[RINGS];
	pp_case cases[RINGS];
	uint64_t items[RINGS];

	open_rings(e, RINGS, kind, capacity);
	for (size_t i = 0; i < RINGS; i += 2)
		ends_fill(&e[i], 0, capacity);
	for (size_t ready = 0; ready < RINGS; ready++) {
		stuck_cases(e, cases, items);
		EXPECT_EQ(pp_select(cases, RINGS, 0, 0), -ETIMEDOUT);
		expect_others_alone(cases, items, RINGS);
		if (ready % 2)
			ends_fill(&e[ready], 50, 1);
		else
			ends_drain(&e[ready], 0, 1);
		EXPECT_EQ(pp_select(cases, RINGS, ready % 2 ? PP_ORDERED : 0, PP_FOREVER), ready);
		EXPECT_EQ(cases[ready].result, 0);
		expect_others_alone(cases, items, ready);
		if (ready % 2)
			EXPECT_EQ(items[ready], 50);
		else
			ends_drain(&e[ready], 1, capacity - 1);
		if (ready % 2 == 0) {
			ends_drain(&e[ready], 70 + ready, 1);
			ends_fill(&e[ready], 0, capacity);
		}
		for (size_t i = 0; i < RINGS; i++)
			EXPECT_EQ(pp_tx_depth(e[i].tx), i % 2 ? 0 : capacity);
	}
	let_go_rings(e, RINGS);
}

Test(select, exactly_the_one_that_is_ready_is_performed_and_the_others_are_left_alone)
{
	static const size_t capacities[] = { 1, 2, 3, 64, 128, 129, 1000 };

	for (size_t i = 0; i < ARRAY_LEN(capacities); i++)
		for_each_kind(capacities[i], one_is_ready);
}

/* All are ready: one moves, and only one. */
static void all_are_ready(pp_kind kind, size_t capacity)
{
	struct ends e[RINGS];
	pp_case cases[RINGS];
	uint64_t items[RINGS];
	size_t total = 0;
	int index;

	open_rings(e, RINGS, kind, capacity);
	for (size_t i = 1; i < RINGS; i += 2)
		ends_fill(&e[i], 50, 1);
	stuck_cases(e, cases, items);
	index = pp_select(cases, RINGS, 0, PP_FOREVER);
	EXPECT(index >= 0 && index < RINGS);
	EXPECT_EQ(cases[index].result, 0);
	expect_others_alone(cases, items, (size_t)index);
	for (size_t i = 0; i < RINGS; i++)
		total += pp_tx_depth(e[i].tx);
	EXPECT_EQ(total, index % 2 ? RINGS / 2 - 1 : RINGS / 2 + 1);
	EXPECT_EQ(pp_tx_depth(e[index].tx), index % 2 ? 0 : 1);
	let_go_rings(e, RINGS);
}

Test(select, of_several_that_are_ready_exactly_one_is_performed)
{
	for (int round = 0; round < 10; round++) {
		for_each_kind(1, all_are_ready);
		for_each_kind(3, all_are_ready);
		for_each_kind(1000, all_are_ready);
	}
}

static void as_a_single_operation(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t item;

	for (uint64_t lap = 0; lap < 3; lap++) {
		for (uint64_t i = 0; i < capacity; i++)
			EXPECT_EQ(push_select_forms[i % 3].run(&e, &i, 1, 0), 0);
		EXPECT_EQ(push_select_forms[TRY].run(&e, &lap, 1, 0), -ETIMEDOUT);
		for (uint64_t i = 0; i < capacity; i++) {
			EXPECT_EQ(pull_select_forms[i % 3].run(&e, &item, 1, 0), 0);
			EXPECT_EQ(item, i);
		}
		EXPECT_EQ(pull_select_forms[TRY].run(&e, &item, 1, 0), -ETIMEDOUT);
	}
	EXPECT_EQ(ends_stats(&e).pushed, 3 * capacity);
	EXPECT_EQ(ends_stats(&e).pulled, 3 * capacity);
	ends_let_go(&e);
}

Test(select, of_one_case_it_is_the_single_operation)
{
	for_each_ring(1, as_a_single_operation);
}

/* ---- Many cases ------------------------------------------------------------------- */

#define MANY 300

static void among_many(pp_kind kind, size_t capacity)
{
	static struct ends e[MANY];
	static pp_case cases[MANY];
	static uint64_t items[MANY];

	open_rings(e, MANY, kind, capacity);
	for (size_t ready = 0; ready < MANY; ready += 23) {
		for (size_t i = 0; i < MANY; i++)
			cases[i] = pull_case(&e[i], &items[i]);
		EXPECT_EQ(pp_select(cases, MANY, 0, 0), -ETIMEDOUT);
		ends_fill(&e[ready], ready, 1);
		EXPECT_EQ(pp_select(cases, MANY, ready % 2 ? PP_ORDERED : 0, PP_FOREVER), ready);
		EXPECT_EQ(items[ready], ready);
	}
	let_go_rings(e, MANY);
}

Test(select, there_may_be_more_than_128_cases)
{
	for_each_kind(1, among_many);
	for_each_kind(3, among_many);
}

/* ---- Chance ----------------------------------------------------------------------- */

#define DRAWS 4000

/* Draws among `ready` of `count` pulls; each is as likely as the others.  The bound is seven
 * standard deviations wide. */
static void even_chances(pp_kind kind, const size_t *ready, size_t n, size_t count)
{
	struct ends *e = calloc(count, sizeof(*e));
	pp_case *cases = calloc(count, sizeof(*cases));
	unsigned *chosen = calloc(count, sizeof(*chosen));
	double mean = (double)DRAWS / (double)n;
	uint64_t item;

	EXPECT(e && cases && chosen);
	open_rings(e, count, kind, 2);
	for (size_t i = 0; i < n; i++)
		ends_fill(&e[ready[i]], 0, 1);
	for (size_t i = 0; i < count; i++)
		cases[i] = pull_case(&e[i], &item);
	for (int i = 0; i < DRAWS; i++) {
		int index = pp_select(cases, count, 0, 0);

		EXPECT(index >= 0 && (size_t)index < count);
		chosen[index]++;
		ends_fill(&e[index], 0, 1);
	}
	for (size_t i = 0; i < n; i++) {
		unsigned times = chosen[ready[i]];

		cr_assert(times > 0.8 * mean && times < 1.2 * mean, "case %zu of %zu: %u of %d",
			  ready[i], count, times, DRAWS);
	}
	let_go_rings(e, count);
	free(e);
	free(cases);
	free(chosen);
}

Test(select, each_of_several_that_are_ready_is_as_likely)
{
	static const size_t all[] = { 0, 1, 2, 3 }, some[] = { 0, 5, 6, 7 }, far[] = { 3, 4, 290 };

	for (int kind = PP_SPSC; kind <= PP_MPMC; kind++) {
		even_chances((pp_kind)kind, all, ARRAY_LEN(all), 4);
		even_chances((pp_kind)kind, some, ARRAY_LEN(some), 8);
		even_chances((pp_kind)kind, far, ARRAY_LEN(far), 300);
	}
}

/* Pushes and pulls, one of them of a ring that has ended. */
static void mixed_chances(pp_kind kind, size_t capacity)
{
	struct ends e[4];
	unsigned chosen[4] = { 0 };
	uint64_t items[4] = { 0 };

	open_rings(e, 4, kind, capacity);
	EXPECT_EQ(pp_close(e[3].tx), 0);
	ends_fill(&e[1], 0, 1);
	for (int i = 0; i < DRAWS; i++) {
		pp_case cases[] = { push_case(&e[0], &items[0]), pull_case(&e[1], &items[1]),
				    push_case(&e[2], &items[2]), pull_case(&e[3], &items[3]) };
		int index = pp_select(cases, 4, 0, PP_FOREVER);

		EXPECT(index >= 0 && index < 4);
		chosen[index]++;
		if (index == 1)
			ends_fill(&e[1], 0, 1);
		else if (index < 3)
			ends_drain(&e[index], 0, 1);
	}
	for (size_t i = 0; i < 4; i++)
		EXPECT(chosen[i] > DRAWS / 5 && chosen[i] < DRAWS * 3 / 10);
	let_go_rings(e, 4);
}

Test(select, pushes_pulls_and_rings_that_have_ended_are_as_likely)
{
	for_each_kind(1, mixed_chances);
	for_each_kind(1000, mixed_chances);
}

static void in_order(pp_kind kind, size_t capacity)
{
	struct ends e[RINGS];
	uint64_t item = 0;
	pp_case cases[RINGS];

	open_rings(e, RINGS, kind, capacity);
	for (size_t i = 0; i < RINGS; i++) {
		cases[i] = pull_case(&e[i], &item);
		ends_fill(&e[i], i * 10, i + 1 < capacity ? i + 1 : capacity);
	}
	for (size_t i = 0; i < RINGS; i++) {
		for (size_t k = pp_tx_depth(e[i].tx); k-- > 0;)
			EXPECT_EQ(pp_select(cases, RINGS, PP_ORDERED, k % 2 ? 0 : PP_FOREVER), i);
		EXPECT_EQ(item / 10, i);
	}
	EXPECT_EQ(pp_select(cases, RINGS, PP_ORDERED, 0), -ETIMEDOUT);
	let_go_rings(e, RINGS);
}

Test(select, with_ordered_the_first_that_is_ready_is_taken)
{
	for_each_kind(1, in_order);
	for_each_kind(3, in_order);
	for_each_kind(1000, in_order);
}

/* ---- Cases that are not there ----------------------------------------------------- */

static void disabled(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t item = UNTOUCHED;

	for (int i = 0; i < 100; i++) {
		pp_case cases[] = { disabled_case(), disabled_case(), pull_case(&e, &item),
				    disabled_case() };

		EXPECT_EQ(pp_select(cases, 4, 0, 0), -ETIMEDOUT);
		ends_fill(&e, (uint64_t)i, 1);
		EXPECT_EQ(pp_select(cases, 4, i % 2 ? PP_ORDERED : 0, PP_FOREVER), 2);
		EXPECT_EQ(cases[2].result, 0);
		EXPECT_EQ(item, i);
		for (size_t k = 0; k < 4; k++)
			EXPECT(k == 2 || cases[k].result == UNTOUCHED);
	}
	ends_let_go(&e);
}

Test(select, a_case_with_both_ends_null_is_disabled)
{
	for_each_kind(1, disabled);
	for_each_kind(1000, disabled);
}

/* ---- Rings that have ended -------------------------------------------------------- */

static void gives(const struct form *forms, const struct ends *e, int result)
{
	uint64_t item = UNTOUCHED;

	for (size_t i = 0; i < 3; i++)
		EXPECT_EQ(forms[i].run(e, &item, 1, 0), result);
	EXPECT_EQ(item, UNTOUCHED); /* a pull that fails leaves the buffer untouched */
}

static void ended(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t item = UNTOUCHED;

	ends_fill(&e, 8, capacity ? 1 : 0);
	EXPECT_EQ(pp_close(e.tx), 0);
	gives(push_select_forms, &e, -ESHUTDOWN);
	if (capacity) { /* what is left is drained first */
		EXPECT_EQ(pull_select_forms[TRY].run(&e, &item, 1, 0), 0);
		EXPECT_EQ(item, 8);
	}
	gives(pull_select_forms, &e, -EPIPE);
	EXPECT_EQ(pp_cancel(e.rx), 0);
	gives(push_select_forms, &e, -ESHUTDOWN);
	gives(pull_select_forms, &e, -ESHUTDOWN);
	ends_let_go(&e);
	e = ends_open(kind, capacity);
	ends_fill(&e, 8, capacity);
	EXPECT_EQ(pp_cancel(e.rx), 0);
	gives(push_select_forms, &e, -EPIPE);
	gives(pull_select_forms, &e, -ESHUTDOWN);
	ends_let_go(&e);
}

Test(select, a_ring_that_has_ended_is_ready_and_gives_what_the_single_operation_gives)
{
	for_each_ring(0, ended);
}
