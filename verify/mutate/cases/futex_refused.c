/* SPDX-License-Identifier: MIT */
/* A system call filter that lets nobody sleep: who waits looks again every little while, keeps
 * its deadline, and does not take the refusal for an answer. */
#include "alone.h"

SUITE(futex_refused);

#define FEW 3

static int refusal, refused;
static const struct ends *served; /* after a few looks, by the thread that waits itself */
static bool by_push;

static void serve(void)
{
	const struct ends *e = served;
	uint64_t item = 7;

	served = NULL;
	EXPECT_EQ(by_push ? pp_try_push(e->tx, &item) : pp_try_pull(e->rx, &item), 0);
}

static long kernel(long number, const long *a)
{
	if (!refusal || !is_futex(number))
		return to_kernel(number, a);
	if (is_wait(number, a)) {
		EXPECT(refused < MANY);
		if (++refused == FEW && served)
			serve();
	}
	errno = refusal;
	return -1;
}

KERNEL(kernel);

static int wait_for_one(const struct ends *e, bool push, bool select, pp_time deadline)
{
	uint64_t item = 7;
	int r;

	if (select) {
		pp_case c = { .tx = push ? e->tx : NULL, .rx = push ? NULL : e->rx, .item = &item };

		r = pp_select(&c, 1, 0, deadline);
		return r < 0 ? r : c.result;
	}
	r = push ? pp_push_until(e->tx, &item, deadline) : pp_pull_until(e->rx, &item, deadline);
	EXPECT_EQ(item, 7);
	return r;
}

static void waits(pp_kind kind, size_t capacity, bool push, bool select)
{
	struct ends e = ends_open(kind, capacity);

	if (push)
		ends_fill(&e, 0, capacity);
	refused = 0;
	if (capacity) {
		served = &e;
		by_push = !push;
		EXPECT_EQ(wait_for_one(&e, push, select, PP_FOREVER), 0);
		EXPECT_EQ(refused, FEW);
		EXPECT_EQ(errno, ENOTTY);
	}
	refused = 0;
	EXPECT_EQ(wait_for_one(&e, push, select, pp_in(2 * PP_MS)), -ETIMEDOUT);
	EXPECT_EQ(errno, ENOTTY);
	ends_let_go(&e);
}

static void with_each(int why)
{
	refusal = why;
	errno = ENOTTY;
	for (size_t capacity = 0; capacity < 3; capacity++)
		for (int n = 0; n < 8; n++)
			waits(n & 1 ? PP_MPMC : PP_SPSC, capacity, n & 2, n & 4);
	refusal = 0;
}

Test(futex_refused, who_waits_is_served_and_keeps_its_deadline)
{
	with_each(EPERM);
	with_each(ENOSYS);
	with_each(EACCES);
}
