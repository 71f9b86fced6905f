/* SPDX-License-Identifier: MIT */
/* Without PP_TRACK_DEPTH the high-water mark is a lower bound: no more than the ring ever held. */
#include "stepping.h"

SUITE(depth_bound);

/* The push stands still while all that is there is pulled: its item comes into an empty ring. */
static void is_no_more_than_there_were(const struct scene *scene, struct stepped *s, struct ends *e)
{
	size_t seen = pp_rx_depth(e->rx);
	uint64_t item;

	while (pp_try_pull(e->rx, &item) == 0)
		;
	EXPECT_EQ(stepped_finish(s), scene->form->done);
	EXPECT(ends_stats(e).depth_max <= (seen > scene->depth ? seen : scene->depth));
}

static void beside_a_push(pp_kind kind, size_t capacity)
{
	static const struct form *const forms[] = { &push_forms[SINGLE], &push_forms[BATCH] };

	for (size_t i = 0; i < ARRAY_LEN(forms); i++)
		at_every_instruction(&(struct scene){ .form = forms[i], .kind = kind,
						      .capacity = capacity, .depth = capacity / 2,
						      .item = 1 }, is_no_more_than_there_were);
}

Test(depth_bound, the_high_water_mark_is_no_more_than_there_ever_were)
{
	if (!stepping_works())
		cr_skip_test("only on x86-64: needs the trap flag");
	for_each_kind(4, beside_a_push);
}
