/* SPDX-License-Identifier: MIT */
/* What errno was before a call is no news for it: a sleeper that is served succeeds, whatever an
 * earlier call of the system had said in that thread. */
#include "support.h"

SUITE(errno_before);

struct sleeper {
	struct ends e;
	bool push, select;
	int before, after, result;
	uint64_t item;
	pthread_t thread;
};

static int wait_for_one(struct sleeper *s)
{
	pp_time deadline = pp_in(60 * PP_SEC);

	if (s->select) {
		pp_case c = { .tx = s->push ? s->e.tx : NULL, .rx = s->push ? NULL : s->e.rx,
		              .item = &s->item };
		int r = pp_select(&c, 1, 0, deadline);

		return r < 0 ? r : c.result;
	}
	return s->push ? pp_push_until(s->e.tx, &s->item, deadline)
	               : pp_pull_until(s->e.rx, &s->item, deadline);
}

static void *sleep_until_served(void *arg)
{
	struct sleeper *s = arg;

	errno = s->before;
	s->result = wait_for_one(s);
	s->after = errno;
	return NULL;
}

static void is_served(pp_kind kind, size_t capacity, bool push, bool select, int before)
{
	struct sleeper s = {
		.e = ends_open_with(&PP_CONFIG(.kind = kind, .capacity = capacity,
		                               .item_size = sizeof(uint64_t),
		                               .flags = PP_INTERRUPTIBLE)),
		.push = push, .select = select, .before = before, .item = 5,
	};
	uint64_t item = 5;

	if (push)
		ends_fill(&s.e, 0, capacity);
	EXPECT_EQ(pthread_create(&s.thread, NULL, sleep_until_served, &s), 0);
	ends_await_parked(&s.e, push, !push);
	EXPECT_EQ(push ? pp_try_pull(s.e.rx, &item) : pp_try_push(s.e.tx, &item), 0);
	EXPECT_EQ(pthread_join(s.thread, NULL), 0);
	EXPECT_EQ(s.result, 0);
	EXPECT_EQ(s.after, before);
	ends_let_go(&s.e);
}

Test(errno_before, a_sleeper_that_is_served_succeeds_whatever_it_was)
{
	static const int before[] = { ETIMEDOUT, EINTR, EAGAIN };

	for (size_t i = 0; i < ARRAY_LEN(before); i++)
		for (int n = 0; n < 16; n++)
			is_served(n & 1 ? PP_MPMC : PP_SPSC, n & 2 ? 1 : 0, n & 4, n & 8, before[i]);
}
