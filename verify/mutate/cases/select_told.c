/* SPDX-License-Identifier: MIT */
/* A select that is told, claimed or left behind while it is in the middle of something, all in one
 * thread: the test's hooks are called within the select. */
#include "alone.h"
#include "selecting.h"

SUITE(select_told);

static struct ends e, meets, second; /* of the case */
static unsigned sleeps;

static void *open_slot;

/* A sleep is ended by an item. */
static long kernel(long number, const long *a)
{
	if (!is_wait(number, a))
		return to_kernel(number, a);
	sleeps++;
	if (open_slot)
		EXPECT_EQ(pp_pull_commit(e.rx, open_slot), 0);
	open_slot = NULL;
	ends_fill(&e, 7, 1);
	return 0;
}

KERNEL(kernel);

static struct ends open_still(pp_kind kind, size_t capacity)
{
	return ends_open_with(&PP_CONFIG(.kind = kind, .capacity = capacity, .item_size = 8,
					 .spin_ns = PP_SPIN_NONE));
}

static void open_both(pp_kind kind, size_t capacity)
{
	e = open_still(kind, capacity);
	meets = open_still(kind, 0);
	sleeps = 0;
}

static void let_go(void)
{
	ends_let_go(&e);
	ends_let_go(&meets);
}

/* The first of them performs a pull. */
static void first_is_served(pp_case *cases, size_t count, uint64_t want)
{
	EXPECT_EQ(pp_select(cases, count, PP_ORDERED, PP_FOREVER), 0);
	EXPECT_EQ(cases[0].result, 0);
	EXPECT_EQ(*(uint64_t *)cases[0].item, want);
	for (size_t i = 1; i < count; i++)
		EXPECT_EQ(cases[i].result, UNTOUCHED);
}

static void select_pulls(uint64_t want)
{
	uint64_t items[2] = { UNTOUCHED, UNTOUCHED };
	pp_case cases[2] = { pull_case(&e, &items[0]), pull_case(&meets, &items[1]) };

	first_is_served(cases, 2, want);
	EXPECT_EQ(items[1], UNTOUCHED);
}

/* ---- Told for nothing ------------------------------------------------------------------ */

static void comes_and_goes(void)
{
	ends_fill(&e, 5, 1);
	ends_drain(&e, 5, 1);
}

static void sleeps_again(pp_kind kind, size_t capacity)
{
	open_both(kind, capacity);
	at(PP_AT_wait_sleeping, comes_and_goes);
	select_pulls(7);
	EXPECT_EQ(sleeps, 1);
	EXPECT_EQ(met, 2);
	let_go();
}

Test(select_told, told_of_what_is_gone_it_sleeps_again)
{
	for_each_ring(1, sleeps_again);
}

static pp_time deadline;

static void passes_meanwhile(void)
{
	while (pp_now() < deadline)
		doze();
	comes_and_goes();
	happens = passes_meanwhile;
}

static void keeps_its_deadline(pp_kind kind, size_t capacity)
{
	uint64_t item = UNTOUCHED;
	pp_case c;

	open_both(kind, capacity);
	c = pull_case(&e, &item);
	deadline = pp_in(PP_MS);
	at(PP_AT_wait_sleeping, passes_meanwhile);
	EXPECT_EQ(pp_select(&c, 1, 0, deadline), -ETIMEDOUT);
	EXPECT(met <= 1);
	EXPECT_EQ(item, UNTOUCHED);
	let_go();
}

Test(select_told, its_deadline_passes_though_it_is_told_again_and_again)
{
	for_each_ring(1, keeps_its_deadline);
}

/* There is an item, but it cannot be had: the slot of the one before it is open. */
static void opens_a_slot(void)
{
	ends_fill(&e, 5, 1);
	open_slot = slot_pull(&e);
	ends_fill(&e, 6, 1);
}

static void tries_in_vain(pp_kind kind, size_t capacity)
{
	uint64_t item = UNTOUCHED;
	pp_case c;

	open_both(kind, capacity);
	c = pull_case(&e, &item);
	at(PP_AT_wait_sleeping, opens_a_slot);
	first_is_served(&c, 1, 6);
	EXPECT_EQ(sleeps, 1);
	EXPECT_EQ(met, 2);
	ends_drain(&e, 7, 1);
	let_go();
}

Test(select_told, an_attempt_that_comes_to_nothing_leaves_it_waiting)
{
	for_each_capacity(3, PP_SPSC, tries_in_vain);
}

/* ---- While it performs a case ---------------------------------------------------------- */

static void cannot_be_met(void)
{
	EXPECT_EQ(pp_try_push(meets.tx, &(uint64_t){ 6 }), -EBUSY);
}

static void comes_and_then_it_leaves(void)
{
	ends_fill(&e, 5, 1);
	at(PP_AT_wait_leaving, cannot_be_met);
}

static void leaves(pp_kind kind, size_t capacity)
{
	open_both(kind, capacity);
	at(PP_AT_wait_sleeping, comes_and_then_it_leaves);
	select_pulls(5);
	EXPECT_EQ(point, PP_AT_wait_leaving);
	EXPECT_EQ(met, 1);
	let_go();
}

Test(select_told, once_it_has_an_item_nobody_meets_it_elsewhere)
{
	for_each_ring(1, leaves);
}

/* Of a size that has no path of its own, so that there is a point. */
#define ODD 12

static void is_no_partner(void)
{
	EXPECT_EQ(pp_tx_arm(meets.tx), 0);
}

static void comes_and_is_taken(void)
{
	EXPECT_EQ(pp_try_push(e.tx, &(unsigned char[ODD]){ 5 }), 0);
	at(PP_AT_pull_claimed, is_no_partner);
}

static void performs(pp_kind kind, size_t capacity)
{
	unsigned char odd[ODD] = { 0 };
	uint64_t item = UNTOUCHED;
	pp_case cases[2];

	open_both(kind, capacity);
	ends_let_go(&e);
	e = ends_open_with(&PP_CONFIG(.kind = kind, .capacity = capacity, .item_size = ODD,
				      .spin_ns = PP_SPIN_NONE));
	cases[0] = (pp_case){ .rx = e.rx, .item = odd };
	cases[1] = pull_case(&meets, &item);
	at(PP_AT_wait_sleeping, comes_and_is_taken);
	EXPECT_EQ(pp_select(cases, 2, PP_ORDERED, PP_FOREVER), 0);
	EXPECT_EQ(odd[0], 5);
	EXPECT_EQ(point, PP_AT_pull_claimed);
	EXPECT_EQ(met, 1);
	let_go();
}

Test(select_told, while_it_performs_a_case_it_is_no_partner_to_be_met)
{
	for_each_ring(1, performs);
}

/* ---- Met while it looks ---------------------------------------------------------------- */

/* As soon as it waits in the first meeting, and looks at the second. */
static void is_met(void)
{
	if (pp_try_push(e.tx, &(uint64_t){ 8 }) != 0)
		happens = is_met;
}

static void met_in_the_first(pp_kind kind, size_t capacity)
{
	uint64_t items[2] = { UNTOUCHED, UNTOUCHED };
	pp_case cases[2];

	(void)capacity;
	e = open_still(kind, 0);
	second = open_still(PP_MPMC, 0);
	cases[0] = pull_case(&e, &items[0]);
	cases[1] = pull_case(&second, &items[1]);
	at(PP_AT_meet_locked, is_met);
	first_is_served(cases, 2, 8);
	EXPECT_EQ(items[1], UNTOUCHED);
	EXPECT(!happens);
	ends_let_go(&e);
	ends_let_go(&second);
}

Test(select_told, met_in_one_ring_while_it_looks_at_another_it_leaves_that_case_alone)
{
	for_each_kind(0, met_in_the_first);
}

/* ---- Its memory, and the rings' -------------------------------------------------------- */

static void with_what_was_there(pp_kind kind, size_t capacity)
{
	for (int byte = 0; byte < 256; byte += byte < 8 ? 1 : 37) {
		uint64_t items[2] = { UNTOUCHED, UNTOUCHED };
		pp_case cases[2];

		open_both(kind, capacity);
		cases[0] = pull_case(&e, &items[0]);
		cases[1] = pull_case(&meets, &items[1]);
		for (size_t i = 0; i < ARRAY_LEN(cases); i++)
			memset(cases[i].reserved, byte, sizeof(cases[i].reserved));
		at(PP_AT_wait_sleeping, NULL);
		first_is_served(cases, 2, 7);
		EXPECT_EQ(sleeps, 1);
		let_go();
	}
}

Test(select_told, what_was_in_the_librarys_part_of_a_case_does_not_matter)
{
	for (size_t capacity = 1; capacity < 4; capacity++)
		for_each_kind(capacity, with_what_was_there);
}

static void lets_go(pp_kind kind, size_t capacity)
{
	static char before[1 << 16];

	strcpy(before, dumped());
	open_both(kind, capacity);
	EXPECT(strcmp(dumped(), before) != 0);
	at(PP_AT_wait_sleeping, NULL);
	select_pulls(7);
	let_go();
	cr_assert_str_eq(dumped(), before);
}

Test(select_told, when_it_is_over_it_holds_no_ring)
{
	for (size_t capacity = 1; capacity < 4; capacity++)
		for_each_kind(capacity, lets_go);
}
