/* SPDX-License-Identifier: MIT */
/* PP_MPMC, capacity 1 and up: several operations without a thread wait at one end.  An event calls
 * the one who waits longest; who leaves without having been called calls nobody. */
#include "async_ops.h"

SUITE(async_leaving);

enum { FIRST, SECOND, THIRD, OPS };

struct leaving {
	struct ends e;
	bool push;
	struct asyncing ops[OPS];
	struct bringing b;
};

static void leaving_begin(struct leaving *l, struct ends *e, bool push)
{
	l->e = *e;
	l->push = push;
	for (int i = 0; i < OPS; i++) {
		asyncing_init(&l->ops[i], e, push, PUSHED);
		asyncing_waits(&l->ops[i]);
	}
}

static void were_called(const struct leaving *l, unsigned first, unsigned second, unsigned third)
{
	EXPECT_EQ(atomic_load(&l->ops[FIRST].calls), first);
	EXPECT_EQ(atomic_load(&l->ops[SECOND].calls), second);
	EXPECT_EQ(atomic_load(&l->ops[THIRD].calls), third);
}

static void withdraw_all(struct leaving *l)
{
	for (int i = 0; i < OPS; i++) {
		if (l->ops[i].op)
			EXPECT_EQ(asyncing_withdraw(&l->ops[i]), 0);
		asyncing_over(&l->ops[i]);
	}
}

static void withdrawn(struct ends *e, bool push)
{
	struct leaving l;

	leaving_begin(&l, e, push);
	EXPECT_EQ(asyncing_withdraw(&l.ops[FIRST]), 0);
	were_called(&l, 0, 0, 0);
	bring(&l.b, e, push);
	were_called(&l, 0, 1, 0);
	EXPECT_EQ(asyncing_withdraw(&l.ops[THIRD]), 0);
	were_called(&l, 0, 1, 0);
	asyncing_gives(&l.ops[SECOND], 0);
	brought(&l.b);
	withdraw_all(&l);
}

Test(async_leaving, who_is_withdrawn_uncalled_calls_nobody)
{
	for_each_shared(1, withdrawn);
}

/* It looked by itself, and was faster than who was called. */
static void served_uncalled(struct ends *e, bool push)
{
	struct leaving l;

	leaving_begin(&l, e, push);
	bring(&l.b, e, push);
	were_called(&l, 1, 0, 0);
	asyncing_gives(&l.ops[SECOND], 0);
	were_called(&l, 1, 0, 0);
	brought(&l.b);
	asyncing_waits(&l.ops[FIRST]);
	withdraw_all(&l);
}

Test(async_leaving, who_is_served_uncalled_calls_nobody)
{
	for_each_shared(1, served_uncalled);
}
