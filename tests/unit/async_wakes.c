/* SPDX-License-Identifier: MIT */
/* Operations that wait without a thread: whose turn it is when one of them does not use its own,
 * and what one that waits costs the others. */
#include "async_ops.h"
#include "stepping.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

SUITE(async_wakes);

/* ---- One that withdraws hands its turn on ------------------------------------------ */

#define LINE 4

/* The one of them that has been called and not withdrawn. */
static struct asyncing *turn(struct asyncing *line)
{
	struct asyncing *its = NULL;

	for (size_t i = 0; i < LINE; i++) {
		if (!line[i].op || atomic_load(&line[i].calls) == 0)
			continue;
		EXPECT(!its); /* one event, one call */
		its = &line[i];
	}
	EXPECT(its != NULL);
	return its;
}

static void down_the_line(struct ends *e, bool push)
{
	struct asyncing line[LINE], *its;
	struct bringing b;

	if (push && pp_tx_capacity(e->tx) == 0)
		return; /* each has its own item: nothing to hand on */
	for (size_t i = 0; i < LINE; i++) {
		asyncing_init(&line[i], e, push, PUSHED);
		asyncing_waits(&line[i]);
	}
	bring(&b, e, push);
	for (size_t i = 1; i < LINE; i++)
		EXPECT_EQ(asyncing_withdraw(turn(line)), 0);
	its = turn(line);
	asyncing_gives(its, 0);
	brought(&b);
	for (size_t i = 0; i < LINE; i++)
		asyncing_over(&line[i]);
}

Test(async_wakes, one_that_withdraws_after_its_call_hands_it_on)
{
	for_each_shared(0, down_the_line);
}

/* Not called: there is nothing to hand on. */
static void not_called(struct ends *e, bool push)
{
	struct asyncing line[LINE];

	for (size_t i = 0; i < LINE; i++) {
		asyncing_init(&line[i], e, push, PUSHED);
		asyncing_waits(&line[i]);
	}
	for (size_t i = 0; i < LINE; i++) {
		EXPECT_EQ(asyncing_withdraw(&line[(i + 1) % LINE]), 0);
		asyncing_over(&line[(i + 1) % LINE]);
	}
	for (size_t i = 0; i < LINE; i++)
		EXPECT_EQ(atomic_load(&line[i].calls), 0);
}

Test(async_wakes, one_that_withdraws_before_its_call_disturbs_nobody)
{
	for_each_shared(0, not_called);
}

static void to_a_select(struct ends *e, bool push)
{
	struct selecting s;
	struct asyncing a;
	struct bringing b;

	if (pp_tx_capacity(e->tx) == 0)
		return; /* a select that waits there is met */
	asyncing_init(&a, e, push, PUSHED);
	asyncing_waits(&a);
	selecting_init(&s);
	if (push)
		selecting_push(&s, e, 5);
	else
		selecting_pull(&s, e);
	selecting_sleeps(&s);
	bring(&b, e, push);
	asyncing_told(&a, 1); /* it came first, and the select sleeps on */
	EXPECT_EQ(asyncing_withdraw(&a), 0);
	selecting_gives(&s, 0, 0);
}

Test(async_wakes, it_hands_it_on_to_a_select)
{
	for_each_shared(1, to_a_select);
}

/* Both are told of the one event: the operation is called and has not withdrawn when the thread comes
 * back with the item, or room. */
static void to_a_thread(struct ends *e, bool push)
{
	struct asyncing a;
	struct bringing b;
	struct call call;

	if (push && pp_tx_capacity(e->tx) == 0)
		return; /* each has its own item */
	asyncing_init(&a, e, push, PUSHED);
	asyncing_waits(&a);
	if (push)
		call_push(&call, e, FOREVER, 5);
	else
		call_pull(&call, e, FOREVER);
	ends_await_parked(e, push, !push);
	if (pp_tx_capacity(e->tx) == 0) { /* it is met, and the other one not disturbed */
		EXPECT_EQ(pp_try_push(e->tx, &(uint64_t){ BROUGHT }), 0);
		EXPECT_EQ(atomic_load(&a.calls), 0);
	} else {
		bring(&b, e, push);
		asyncing_told(&a, 1);
	}
	EXPECT_EQ(call_join(&call), 0);
	EXPECT_EQ(call.item, push ? 5 : BROUGHT);
	EXPECT_EQ(asyncing_withdraw(&a), 0);
	asyncing_over(&a);
}

Test(async_wakes, a_thread_asleep_at_the_same_end_is_woken_all_the_same)
{
	for_each_shared(0, to_a_thread);
}

static void to_a_descriptor(struct ends *e, bool push)
{
	int fd = push ? pp_tx_fd(e->tx) : pp_rx_fd(e->rx);
	struct bringing b;
	struct asyncing a;

	if (push && pp_tx_capacity(e->tx) == 0)
		return;
	asyncing_init(&a, e, push, PUSHED);
	asyncing_waits(&a);
	bring(&b, e, push);
	asyncing_told(&a, 1);
	bring_back(&b, e, push);
	EXPECT_EQ(push ? pp_tx_arm(e->tx) : pp_rx_arm(e->rx), 0);
	bring(&b, e, push); /* it has not looked since, and so is not called */
	EXPECT(fd_readable(fd));
	asyncing_told(&a, 1);
	EXPECT_EQ(asyncing_withdraw(&a), 0);
	bring_back(&b, e, push);

	asyncing_waits(&a); /* both: in addition, never instead */
	EXPECT_EQ(push ? pp_tx_arm(e->tx) : pp_rx_arm(e->rx), 0);
	bring(&b, e, push);
	EXPECT(fd_readable(fd));
	asyncing_told(&a, 2);
	EXPECT_EQ(asyncing_withdraw(&a), 0);
	EXPECT_EQ(push ? pp_tx_arm(e->tx) : pp_rx_arm(e->rx), 1);
	bring_back(&b, e, push);
}

Test(async_wakes, an_armed_descriptor_of_the_same_end_becomes_readable_all_the_same)
{
	for_each_async(0, to_a_descriptor);
}

/* ---- One that used its turn hands on what else there is ---------------------------- */

/* Items behind a slot that is open: who is called for them comes in vain, and the commit calls
 * for its own one only. */
static void stranded(size_t capacity)
{
	struct ends e = ends_open(PP_MPMC, capacity);
	struct asyncing line[LINE];
	void *slot = slot_push(&e);

	for (size_t i = 0; i < capacity; i++) {
		asyncing_init(&line[i], &e, false, 0);
		asyncing_waits(&line[i]);
	}
	for (uint64_t i = 1; i < capacity; i++) {
		ends_fill(&e, i, 1);
		for (size_t k = 0; k < capacity; k++)
			asyncing_waits(&line[k]); /* who was called waits again */
	}
	EXPECT_EQ(slot_commit(&e, slot, 0), 0);
	for (uint64_t i = 0; i < capacity; i++) {
		struct asyncing *its = NULL;

		for (size_t k = 0; k < capacity; k++)
			if (line[k].op && atomic_load(&line[k].refs) == 0)
				its = &line[k];
		EXPECT(its != NULL);
		asyncing_gives(its, 0);
		EXPECT_EQ(its->item, i);
	}
	ends_let_go(&e);
}

Test(async_wakes, one_that_was_called_and_is_served_hands_on_what_else_there_is)
{
	for (size_t capacity = 2; capacity <= LINE; capacity++)
		stranded(capacity);
}

/* ---- What it costs the others ------------------------------------------------------ */

static void not_parked(struct ends *e, bool push)
{
	struct asyncing a;
	struct bringing b;
	pp_stats s;

	asyncing_init(&a, e, push, PUSHED);
	asyncing_waits(&a);
	s = ends_stats(e);
	EXPECT_EQ(s.pushers_parked + s.pullers_parked, 0);
	EXPECT(strstr(dumped(), "pushers asleep 0 pullers asleep 0"));
	bring(&b, e, push);
	s = ends_stats(e);
	EXPECT_EQ(s.pushers_parked + s.pullers_parked, 0);
	EXPECT_EQ(s.push_parks + s.pull_parks + s.push_wakes + s.pull_wakes, 0);
	asyncing_gives(&a, 0);
	brought(&b);
	s = ends_stats(e);
	EXPECT_EQ(s.push_parks + s.pull_parks + s.push_wakes + s.pull_wakes, 0);
	EXPECT_EQ(s.push_blocked_ns + s.pull_blocked_ns, 0);
}

Test(async_wakes, stats_and_dump_do_not_take_it_for_a_thread_asleep)
{
	for_each_async(0, not_parked);
}

/* One push and one pull, traced instruction by instruction. */
static void trace(struct stepped *s, const struct form *form, const struct ends *e)
{
	*s = (struct stepped){ .trace = true,
			       .call = { .form = form, .ends = *e, .n = 1 } };
	stepped_start(s);
	EXPECT_EQ(stepped_finish(s), 0);
}

static void no_system_call(struct ends *e, bool push)
{
	struct stepped s;
	struct asyncing a;

	asyncing_init(&a, e, push, PUSHED);
	for (unsigned round = 1; round < 4; round++) {
		asyncing_waits(&a);
		trace(&s, push ? &pull_forms[SINGLE_TRY] : &push_forms[SINGLE_TRY], e);
		asyncing_told(&a, round);
		EXPECT_EQ(atomic_load(&s.system_calls), 0);
		trace(&s, push ? &push_forms[SINGLE_TRY] : &pull_forms[SINGLE_TRY], e);
		EXPECT_EQ(atomic_load(&s.system_calls), 0);
	}
	EXPECT_EQ(asyncing_withdraw(&a), 0);
}

Test(async_wakes, an_event_makes_no_system_call_for_it)
{
	if (!stepping_works())
		cr_skip_test("only on x86-64: needs the trap flag");
	for_each_async(1, no_system_call);
}

static void undisturbed(struct ends *e, bool push)
{
	int claims = pp_tx_kind(e->tx) == PP_SPSC ? 0 : 1;
	struct stepped s;
	struct asyncing a;
	struct bringing b;

	asyncing_init(&a, e, push, PUSHED);
	for (int round = 0; round < 3; round++) {
		asyncing_waits(&a);
		if (round == 1) /* leaves as one that was called */
			bring(&b, e, push);
		EXPECT_EQ(asyncing_withdraw(&a), 0);
		if (round == 1)
			bring_back(&b, e, push);
	}
	if (push)
		ends_drain(e, pp_tx_capacity(e->tx) > 1 ? 1 : 0, 1);
	for (uint64_t i = 0; i < 32; i++) { /* looks in vain, until nobody fences any more */
		uint64_t item = i;

		EXPECT_EQ(pp_try_push(e->tx, &item), 0);
		EXPECT_EQ(pp_try_pull(e->rx, &item), 0);
	}
	for (int i = 0; i < 2; i++) {
		trace(&s, i ? &pull_forms[SINGLE] : &push_forms[SINGLE], e);
		EXPECT_EQ(atomic_load(&s.system_calls) + atomic_load(&s.fences), 0);
		EXPECT_EQ(atomic_load(&s.locked), claims);
	}
}

Test(async_wakes, once_it_has_left_the_others_have_no_lock_and_no_fence)
{
	if (!stepping_works())
		cr_skip_test("only on x86-64: needs the trap flag");
	for_each_async(1, undisturbed);
}
