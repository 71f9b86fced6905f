/* SPDX-License-Identifier: MIT */
/* What the calls say: wrong arguments, precedence, errno, and an untouched buffer. */
#include "support.h"

#include <errno.h>
#include <string.h>

SUITE(results);

static void wrong_arguments(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity), none = { NULL, NULL };
	uint64_t item = 1;

	for (size_t i = 0; i < ARRAY_LEN(push_forms); i++) {
		EXPECT_EQ(push_forms[i].run(&none, &item, 1, 0), -EINVAL);
		EXPECT_EQ(push_forms[i].run(&e, NULL, 1, 0), -EINVAL);
		EXPECT_EQ(pull_forms[i].run(&none, &item, 1, 0), -EINVAL);
		EXPECT_EQ(pull_forms[i].run(&e, NULL, 1, 0), -EINVAL);
	}
	EXPECT_EQ(pp_tx_depth(e.tx), 0);
	ends_let_go(&e);
}

Test(results, a_null_end_or_item_gives_einval)
{
	for_each_kind(0, wrong_arguments);
	for_each_kind(4, wrong_arguments);
}

Test(results, a_null_end_gives_einval_or_nothing_everywhere_else)
{
	pp_stats stats = { .size = sizeof(stats) };

	EXPECT_EQ(pp_close(NULL), -EINVAL);
	EXPECT_EQ(pp_cancel(NULL), -EINVAL);
	EXPECT_EQ(pp_tx_ref(NULL), -EINVAL);
	EXPECT_EQ(pp_rx_ref(NULL), -EINVAL);
	EXPECT_EQ(pp_tx_stats(NULL, &stats), -EINVAL);
	EXPECT_EQ(pp_rx_stats(NULL, &stats), -EINVAL);
	EXPECT_EQ(pp_tx_depth(NULL), 0);
	EXPECT_EQ(pp_rx_depth(NULL), 0);
	pp_tx_unref(NULL);
	pp_rx_unref(NULL);
}

static void einval_first(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);

	EXPECT_EQ(pp_close(e.tx), 0);
	EXPECT_EQ(pp_cancel(e.rx), 0);
	for (size_t i = 0; i < ARRAY_LEN(push_forms); i++) {
		EXPECT_EQ(push_forms[i].run(&e, NULL, 1, 0), -EINVAL);
		EXPECT_EQ(pull_forms[i].run(&e, NULL, 1, 0), -EINVAL);
	}
	ends_let_go(&e);
}

Test(results, a_wrong_argument_comes_before_every_other_result)
{
	for_each_kind(0, einval_first);
	for_each_kind(4, einval_first);
}

static void own_side_first(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t item = 1;

	EXPECT_EQ(pp_cancel(e.rx), 0);
	EXPECT_EQ(pp_push(e.tx, &item), -EPIPE); /* the other side ended */
	EXPECT_EQ(pp_pull(e.rx, &item), -ESHUTDOWN); /* my own side ended */
	EXPECT_EQ(pp_close(e.tx), 0);
	EXPECT_EQ(pp_push(e.tx, &item), -ESHUTDOWN); /* both: my own comes first */
	EXPECT_EQ(pp_pull(e.rx, &item), -ESHUTDOWN);
	ends_let_go(&e);

	e = ends_open(kind, capacity);
	EXPECT_EQ(pp_close(e.tx), 0);
	EXPECT_EQ(pp_push(e.tx, &item), -ESHUTDOWN);
	EXPECT_EQ(pp_pull(e.rx, &item), -EPIPE);
	ends_let_go(&e);
}

Test(results, epipe_is_the_other_side_and_eshutdown_my_own_which_comes_first)
{
	for_each_kind(0, own_side_first);
	for_each_kind(4, own_side_first);
}

static void end_before_operation(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t item = 1;

	/* There is room, and a deadline long past: the end is told first. */
	EXPECT_EQ(pp_close(e.tx), 0);
	EXPECT_EQ(pp_push_until(e.tx, &item, 0), -ESHUTDOWN);
	EXPECT_EQ(pp_pull_until(e.rx, &item, 0), -EPIPE);
	EXPECT_EQ(pp_cancel(e.rx), 0);
	EXPECT_EQ(pp_pull_until(e.rx, &item, 0), -ESHUTDOWN);
	ends_let_go(&e);

	/* There is an item, and it can be had: the operation comes before the deadline. */
	e = ends_open(kind, 1);
	EXPECT_EQ(pp_push_until(e.tx, &item, 0), 0);
	EXPECT_EQ(pp_pull_until(e.rx, &item, 0), 0);
	EXPECT_EQ(pp_pull_until(e.rx, &item, 0), -ETIMEDOUT);
	ends_let_go(&e);
}

Test(results, an_end_comes_before_the_operation_and_the_operation_before_a_deadline)
{
	for_each_kind(0, end_before_operation);
	for_each_kind(4, end_before_operation);
}

/* ---- The buffer ----------------------------------------------------------------- */

static void expect_untouched(const struct ends *e, int want_try, int want_until)
{
	static const unsigned char pattern[] = { 0xA5, 1, 2, 3, 4, 5, 6, 0x5A };
	uint64_t buffer[4], before[4];

	for (size_t i = 0; i < ARRAY_LEN(buffer); i++)
		memcpy(&buffer[i], pattern, sizeof(pattern));
	memcpy(before, buffer, sizeof(before));
	for (size_t i = 0; i < ARRAY_LEN(pull_forms); i++) {
		const struct form *form = &pull_forms[i];

		if (form->waits == FOREVER && want_try == -EAGAIN)
			continue;
		EXPECT_EQ(form->run(e, buffer, form->done ? 4 : 1, pp_in(PP_MS)),
			  form->waits == UNTIL ? want_until : want_try);
		EXPECT(memcmp(buffer, before, sizeof(before)) == 0);
	}
}

static void untouched(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);

	ends_fill(&e, 1, capacity);
	ends_drain(&e, 1, capacity);
	expect_untouched(&e, -EAGAIN, -ETIMEDOUT);
	EXPECT_EQ(pp_close(e.tx), 0);
	expect_untouched(&e, -EPIPE, -EPIPE);
	EXPECT_EQ(pp_cancel(e.rx), 0);
	expect_untouched(&e, -ESHUTDOWN, -ESHUTDOWN);
	ends_let_go(&e);
}

Test(results, a_pull_that_fails_leaves_the_buffer_untouched)
{
	for (size_t capacity = 0; capacity <= 5; capacity++)
		for_each_kind(capacity, untouched);
}

/* ---- errno ------------------------------------------------------------------------- */

#define MARK 12345
#define KEEPS_ERRNO(call)                     \
	do {                                  \
		errno = MARK;                 \
		(void)(call);                 \
		cr_assert(errno == MARK, "%s: errno is %d", #call, errno); \
	} while (0)

/* Each form that does not wait for ever, and the others if `ended`, wrong arguments too. */
static void run_forms(const struct ends *e, const struct form *forms, bool ended)
{
	const struct ends none = { NULL, NULL };
	uint64_t items[2] = { 1, 2 };

	for (size_t i = 0; i < ARRAY_LEN(push_forms); i++) {
		KEEPS_ERRNO(forms[i].run(&none, items, 2, 0));
		KEEPS_ERRNO(forms[i].run(e, NULL, 2, 0));
		if (forms[i].waits != FOREVER || ended)
			KEEPS_ERRNO(forms[i].run(e, items, 2, pp_in(PP_MS)));
	}
}

static void look_around(const struct ends *e)
{
	pp_stats stats = { .size = sizeof(stats) };

	KEEPS_ERRNO(pp_tx_stats(e->tx, &stats));
	KEEPS_ERRNO(pp_rx_stats(e->rx, &stats));
	KEEPS_ERRNO(pp_tx_stats(NULL, &stats));
	KEEPS_ERRNO(pp_tx_depth(e->tx));
	KEEPS_ERRNO(pp_rx_depth(e->rx));
	KEEPS_ERRNO(pp_tx_capacity(e->tx));
	KEEPS_ERRNO(pp_rx_item_size(e->rx));
	KEEPS_ERRNO(pp_tx_kind(e->tx));
	KEEPS_ERRNO(pp_tx_ref(e->tx));
	KEEPS_ERRNO(pp_tx_unref(e->tx));
	KEEPS_ERRNO(pp_rx_ref(e->rx));
	KEEPS_ERRNO(pp_rx_unref(e->rx));
	KEEPS_ERRNO(pp_rx_ref(NULL));
	KEEPS_ERRNO(pp_dump(-1));
}

static void keeps_errno(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	struct call pull;
	uint64_t item = 1;

	call_pull(&pull, &e, FOREVER);
	ends_await_parked(&e, 0, 1);
	AWAIT(in_futex(atomic_load(&pull.tid)));
	KEEPS_ERRNO(pp_push(e.tx, &item)); /* and wakes somebody */
	call_join(&pull);
	run_forms(&e, pull_forms, false);
	while (pp_try_push(e.tx, &item) == 0)
		continue;
	run_forms(&e, push_forms, false);
	look_around(&e);
	KEEPS_ERRNO(pp_close(e.tx));
	run_forms(&e, push_forms, true);
	KEEPS_ERRNO(pp_cancel(e.rx));
	run_forms(&e, pull_forms, true);
	look_around(&e);
	KEEPS_ERRNO(pp_rx_unref(e.rx));
	KEEPS_ERRNO(pp_tx_unref(e.tx));
}

Test(results, errno_is_not_touched)
{
	struct ends e;

	for_each_kind(0, keeps_errno);
	for_each_kind(4, keeps_errno);
	KEEPS_ERRNO(pp_open(&e.tx, &e.rx, PP_SPSC, 4, 0));
	KEEPS_ERRNO(pp_open(&e.tx, &e.rx, PP_SPSC, SIZE_MAX / 2, 1));
	KEEPS_ERRNO(pp_open(&e.tx, &e.rx, PP_MPMC, SIZE_MAX, 64));
	KEEPS_ERRNO(pp_open(&e.tx, &e.rx, PP_SPSC, 4, 8));
	KEEPS_ERRNO(pp_now());
	KEEPS_ERRNO(pp_in(1));
	ends_let_go(&e);
}

/* Every result is one of the table's, and a failure is negative. */
static void in_table(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t item = 0;

	for (int round = 0; round < 4; round++) {
		for (size_t i = 0; i < 4 * ARRAY_LEN(push_forms); i++) {
			const struct form *push = &push_forms[i % ARRAY_LEN(push_forms)];
			const struct form *pull = &pull_forms[i % ARRAY_LEN(pull_forms)];
			ssize_t result;

			if (round < 2 && push->waits == FOREVER)
				continue;
			result = form_push(push, &e, i);
			EXPECT(result == push->done || result == form_refusal(push) ||
			       result == -ESHUTDOWN || result == -EPIPE);
			if (i % 2)
				continue;
			result = form_pull(pull, &e, &item);
			EXPECT(result == pull->done || result == form_refusal(pull) ||
			       result == -ESHUTDOWN || result == -EPIPE);
		}
		if (round == 1)
			EXPECT_EQ(pp_close(e.tx), 0);
		if (round == 2)
			EXPECT_EQ(pp_cancel(e.rx), 0);
	}
	ends_let_go(&e);
}

Test(results, every_result_is_a_count_or_a_negative_errno_of_the_table)
{
	for (size_t capacity = 0; capacity <= 17; capacity++)
		for_each_kind(capacity, in_table);
}
