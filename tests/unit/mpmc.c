/* SPDX-License-Identifier: MIT */
/* Vyukov's bounded queue: any number of each, every capacity, each producer in order. */
#include "support.h"

#include <sched.h>

SUITE(mpmc);

Test(mpmc, items_leave_in_order_over_many_laps_at_every_capacity)
{
	for_each_capacity(1, PP_MPMC, laps_in_order);
}

static void shapes(pp_kind kind, size_t capacity)
{
	static const struct { unsigned producers, consumers; } shape[] = {
		{ 1, 1 }, { 1, 3 }, { 3, 1 }, { 3, 3 }, { 8, 8 },
	};

	for (size_t i = 0; i < ARRAY_LEN(shape); i++) {
		struct streams s = { .ends = ends_open(kind, capacity), .items = 500,
				     .producers = shape[i].producers,
				     .consumers = shape[i].consumers };

		streams_run(&s);
		EXPECT_EQ(ends_stats(&s.ends).pushed, s.producers * s.items);
		EXPECT_EQ(ends_stats(&s.ends).pulled, s.producers * s.items);
		ends_let_go(&s.ends);
	}
}

Test(mpmc, any_number_of_producers_and_consumers_stream_once_and_in_order)
{
	for_each_capacity(0, PP_MPMC, shapes);
}

static void forms(pp_kind kind, size_t capacity)
{
	for (size_t push = 0; push < ARRAY_LEN(push_forms); push++) {
		for (size_t pull = 0; pull < ARRAY_LEN(pull_forms); pull++) {
			struct streams s = { .producers = 2, .consumers = 2, .items = 300,
					     .push = &push_forms[push], .pull = &pull_forms[pull],
					     .tick = 10 * PP_US };

			/* Two sides that only try never meet at capacity 0. */
			if (capacity == 0 && s.push->waits == TRY && s.pull->waits == TRY)
				continue;
			s.ends = ends_open(kind, capacity);
			streams_run(&s);
			ends_let_go(&s.ends);
		}
	}
}

Test(mpmc, every_form_of_push_meets_every_form_of_pull)
{
	for (size_t capacity = 0; capacity < 4; capacity++)
		forms(PP_MPMC, capacity);
	forms(PP_MPMC, 100);
}

/* ---- Nobody starves ------------------------------------------------------------------- */

struct worker {
	struct ends e;
	bool        pushes;
	atomic_uint done;
	atomic_bool *stop;
	pthread_t   thread;
};

static void *work(void *arg)
{
	struct worker *w = arg;
	uint64_t item = 0;

	while (!atomic_load(w->stop)) {
		if ((w->pushes ? pp_push(w->e.tx, &item) : pp_pull(w->e.rx, &item)) != 0)
			break;
		atomic_fetch_add(&w->done, 1);
	}
	return NULL;
}

/* The others go on for ever; each gets its share of turns all the same. */
static void nobody_starves(size_t capacity)
{
	struct ends e = ends_open(PP_MPMC, capacity);
	struct worker workers[6];
	atomic_bool stop = false;

	for (size_t i = 0; i < ARRAY_LEN(workers); i++) {
		workers[i] = (struct worker){ .e = e, .pushes = i % 2, .stop = &stop };
		EXPECT_EQ(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	for (size_t i = 0; i < ARRAY_LEN(workers); i++)
		AWAIT(atomic_load(&workers[i].done) >= 100);
	atomic_store(&stop, true);
	EXPECT_EQ(pp_close(e.tx), 0);
	EXPECT_EQ(pp_cancel(e.rx), 0);
	for (size_t i = 0; i < ARRAY_LEN(workers); i++)
		EXPECT_EQ(pthread_join(workers[i].thread, NULL), 0);
	ends_let_go(&e);
}

Test(mpmc, none_starves_while_others_go_on)
{
	for (size_t capacity = 0; capacity < 5; capacity++)
		nobody_starves(capacity);
	nobody_starves(100);
}
