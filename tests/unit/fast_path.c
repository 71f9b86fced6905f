/* SPDX-License-Identifier: MIT */
/* What a push or pull is made of while nobody sleeps: it is traced instruction by instruction. */
#include "stepping.h"

#include <pushpull/typed.h>

SUITE(fast_path);

static void run_through(struct stepped *s, const struct form *form, const struct ends *e)
{
	*s = (struct stepped){ .trace = true };
	s->call.form = form;
	s->call.ends = *e;
	s->call.n = 1;
	s->call.deadline = PP_FOREVER;
	stepped_start(s);
	EXPECT_EQ(stepped_finish(s), form->done);
}

enum { KNOWN = 32 }; /* more than all forms take */

PP_TYPED(words, uint64_t);

static ssize_t run_typed_push(const struct ends *e, uint64_t *items, size_t n, pp_time deadline)
{
	(void)n, (void)deadline;
	return words_push(e->tx, items);
}

static ssize_t run_typed_pull(const struct ends *e, uint64_t *items, size_t n, pp_time deadline)
{
	(void)n, (void)deadline;
	return words_pull(e->rx, items);
}

static const struct form typed_push = { "typed push", FOREVER, 0, run_typed_push };
static const struct form typed_pull = { "typed pull", FOREVER, 0, run_typed_pull };

static void expect_no_fence_of(pp_kind kind, const struct ends *e, const struct form *push_form,
			       const struct form *pull_form)
{
	int claims = kind == PP_SPSC ? 0 : 1;
	struct stepped push, pull;

	run_through(&push, push_form, e);
	run_through(&pull, pull_form, e);
	EXPECT_EQ(push.system_calls + pull.system_calls, 0);
	EXPECT_EQ(push.fences + pull.fences, 0);
	EXPECT(push.steps > 10 && pull.steps > 10);
	EXPECT_EQ(push.locked, claims);
	EXPECT_EQ(pull.locked, claims);
}

static void expect_no_fence(pp_kind kind, struct ends e)
{
	if (!stepping_works())
		cr_skip_test("only on x86-64: needs the trap flag");
	/* So that pulls know of items, and do not look first, as in a stream. */
	if (pp_tx_capacity(e.tx) > 2 * KNOWN) {
		ends_fill(&e, 0, KNOWN);
		ends_drain(&e, 0, 1);
	}
	for (size_t i = 0; i < ARRAY_LEN(push_forms); i++)
		expect_no_fence_of(kind, &e, &push_forms[i], &pull_forms[i]);
	expect_no_fence_of(kind, &e, &typed_push, &typed_pull);
	ends_let_go(&e);
}

static void steady_state(pp_kind kind, size_t capacity)
{
	expect_no_fence(kind, ends_open(kind, capacity));
}

/* A sleeper of each side makes the other side's next operations fence, but not for ever. */
static void steady_state_again(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	struct call c;

	call_pull(&c, &e, FOREVER);
	ends_await_parked(&e, 0, 1);
	EXPECT_EQ(pp_push(e.tx, &(uint64_t){ 1 }), 0);
	EXPECT_EQ(call_join(&c), 0);
	ends_fill(&e, 0, capacity);
	call_push(&c, &e, FOREVER, capacity);
	ends_await_parked(&e, 1, 0);
	ends_drain(&e, 0, 1);
	EXPECT_EQ(call_join(&c), 0);
	ends_drain(&e, 1, capacity);
	for (uint64_t i = 0; i < 32; i++) {
		ends_fill(&e, i, 1);
		ends_drain(&e, i, 1);
	}
	expect_no_fence(kind, e);
}

Test(fast_path, a_while_after_a_sleep_nothing_fences_any_more)
{
	for (size_t capacity = 1; capacity < 4; capacity++)
		for_each_kind(capacity, steady_state_again);
	for_each_kind(200, steady_state_again);
}

Test(fast_path, with_nobody_asleep_no_fence_no_system_call_and_no_lock_but_a_claim)
{
	for (size_t capacity = 1; capacity < 4; capacity++)
		for_each_kind(capacity, steady_state);
	for_each_kind(200, steady_state);
}
