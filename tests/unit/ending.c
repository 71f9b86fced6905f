/* SPDX-License-Identifier: MIT */
#include "ending.h"

static int run_close(const struct ends *e)
{
	return pp_close(e->tx);
}

static int run_cancel(const struct ends *e)
{
	return pp_cancel(e->rx);
}

const struct ending by_close = { run_close, -ESHUTDOWN, -EPIPE, true };
const struct ending by_cancel = { run_cancel, -EPIPE, -ESHUTDOWN, false };

static const struct ending *ending; /* of this test, */
static bool pushing;                /* and which side sleeps */

static void end_and_join(const struct ends *e, struct call *calls, size_t count)
{
	EXPECT_EQ(ending->end(e), 0);
	for (size_t i = 0; i < count; i++)
		EXPECT_EQ(call_join(&calls[i]), pushing ? ending->push_gives : ending->pull_gives);
	ends_await_parked(e, 0, 0);
}

/* What was there, and nothing of those that were refused. */
static void expect_only(const struct ends *e, size_t count)
{
	uint64_t item;

	if (!ending->drains)
		return;
	ends_drain(e, 0, count);
	EXPECT_EQ(pp_try_pull(e->rx, &item), ending->pull_gives);
}

static void one_wakes(pp_kind kind, size_t capacity)
{
	const struct form *forms = pushing ? push_forms : pull_forms;

	for (size_t i = 0; i < ARRAY_LEN(push_forms); i++) {
		struct call call = { .form = &forms[i], .n = 1, .item = 99,
				     .deadline = PP_FOREVER };
		size_t depth = pushing ? capacity : 0;
		struct ends e;

		if (call.form->waits == TRY)
			continue;
		e = call.ends = ends_open(kind, capacity);
		ends_fill(&e, 0, depth);
		call_start(&call);
		ends_await_parked(&e, pushing, !pushing);
		end_and_join(&e, &call, 1);
		expect_only(&e, depth);
		ends_let_go(&e);
	}
}

void sleeper_wakes(const struct ending *by, bool pushes)
{
	ending = by;
	pushing = pushes;
	for_each_ring(0, one_wakes);
}

static void all_wake(size_t capacity)
{
	struct ends e = ends_open(PP_MPMC, capacity);
	struct call calls[5];

	ends_fill(&e, 0, pushing ? capacity : 0);
	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		if (pushing)
			call_push(&calls[i], &e, FOREVER, 99);
		else
			call_pull(&calls[i], &e, FOREVER);
	}
	ends_await_parked(&e, pushing ? ARRAY_LEN(calls) : 0, pushing ? 0 : ARRAY_LEN(calls));
	end_and_join(&e, calls, ARRAY_LEN(calls));
	ends_let_go(&e);
}

void everyone_wakes(const struct ending *by)
{
	ending = by;
	for (size_t capacity = 0; capacity < 5; capacity++)
		for (int pushes = 0; pushes < 2; pushes++) {
			pushing = pushes;
			all_wake(capacity);
		}
}

static void cut(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t items[20];
	struct call push = { .form = &push_forms[BATCH], .ends = e, .items = items,
			     .n = capacity + 2 };

	for (size_t i = 0; i < ARRAY_LEN(items); i++)
		items[i] = i;
	call_start(&push);
	ends_await_parked(&e, 1, 0);
	EXPECT_EQ(ending->end(&e), 0);
	EXPECT_EQ(call_join(&push), capacity ? (ssize_t)capacity : ending->push_gives);
	expect_only(&e, capacity);
	ends_let_go(&e);
}

void batch_is_cut(const struct ending *by)
{
	ending = by;
	for (size_t capacity = 0; capacity < 9; capacity++)
		for_each_kind(capacity, cut);
}

#define NOT_PULLED 99

static uint64_t drops;

static void count_drop(void *item, void *context)
{
	(void)item;
	(void)context;
	drops++;
}

/* A batch that wants two more than there are. */
static void pull_is_cut(pp_kind kind, size_t capacity, size_t there)
{
	struct ends e = ends_open_with(&PP_CONFIG(.kind = kind, .capacity = capacity,
						  .item_size = 8, .drop = count_drop));
	uint64_t items[20];
	struct call pull;

	for (size_t i = 0; i < ARRAY_LEN(items); i++)
		items[i] = NOT_PULLED;
	call_pull_partly(&pull, &e, items, there, there + 2);
	EXPECT_EQ(ending->end(&e), 0);
	EXPECT_EQ(call_join(&pull), there ? (ssize_t)there : ending->pull_gives);
	for (size_t i = 0; i < there; i++)
		EXPECT_EQ(items[i], i);
	EXPECT_EQ(items[there], NOT_PULLED);
	EXPECT_EQ(pull.form->run(&e, items, 2, PP_FOREVER), ending->pull_gives);
	ends_let_go(&e);
	EXPECT_EQ(drops, 0);
}

static void pulls_are_cut(pp_kind kind, size_t capacity)
{
	for (size_t there = 0; there <= (capacity ? capacity : 1); there++)
		pull_is_cut(kind, capacity, there);
}

void pull_batch_is_cut(const struct ending *by)
{
	ending = by;
	for (size_t capacity = 0; capacity < 9; capacity++)
		for_each_kind(capacity, pulls_are_cut);
}
