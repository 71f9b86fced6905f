/* SPDX-License-Identifier: MIT */
/* Lamport's ring: one pushing and one pulling thread, every capacity, always in order. */
#include "support.h"

SUITE(spsc);

Test(spsc, items_leave_in_order_over_many_laps_at_every_capacity)
{
	for_each_capacity(1, PP_SPSC, laps_in_order);
}

static void stream(pp_kind kind, size_t capacity)
{
	struct streams s = { .producers = 1, .consumers = 1, .items = 8000 };

	for (size_t i = 0; i < 3; i++) {
		s.push = &push_forms[i == 1 ? SINGLE_TRY : SINGLE];
		s.pull = &pull_forms[i == 2 ? SINGLE_TRY : SINGLE];
		s.ends = ends_open(kind, capacity);
		streams_run(&s);
		EXPECT_EQ(ends_stats(&s.ends).pushed, s.items);
		EXPECT_EQ(ends_stats(&s.ends).pulled, s.items);
		ends_let_go(&s.ends);
	}
}

Test(spsc, one_producer_and_one_consumer_stream_every_item_once_and_in_order)
{
	for_each_capacity(0, PP_SPSC, stream);
}

static void tries_only(pp_kind kind, size_t capacity)
{
	struct streams s = { .producers = 1, .consumers = 1, .items = 8000,
			     .push = &push_forms[SINGLE_TRY], .pull = &pull_forms[SINGLE_TRY] };

	s.ends = ends_open(kind, capacity);
	streams_run(&s);
	EXPECT_EQ(ends_stats(&s.ends).push_parks + ends_stats(&s.ends).pull_parks, 0);
	ends_let_go(&s.ends);
}

Test(spsc, tries_alone_stream_too_and_never_sleep)
{
	for_each_capacity(1, PP_SPSC, tries_only);
}

struct batches {
	struct ends e;
	size_t      size;
	uint64_t    total;
};

static void *push_batches(void *arg)
{
	struct batches *b = arg;
	uint64_t items[64];

	for (uint64_t next = 0; next < b->total; next += b->size) {
		for (size_t i = 0; i < b->size; i++)
			items[i] = next + i;
		if (pp_push_n(b->e.tx, items, b->size) != (ssize_t)b->size)
			break;
	}
	pp_close(b->e.tx);
	return NULL;
}

static void batch_stream(pp_kind kind, size_t capacity)
{
	static const size_t in[] = { 1, 5, 64 }, out[] = { 64, 1, 7 };

	for (size_t k = 0; k < ARRAY_LEN(in); k++) {
		struct batches b = { ends_open(kind, capacity), in[k], in[k] * 500 };
		uint64_t items[64], next = 0;
		pthread_t thread;
		ssize_t n;

		EXPECT_EQ(pthread_create(&thread, NULL, push_batches, &b), 0);
		while ((n = pp_pull_n(b.e.rx, items, out[k])) > 0)
			for (ssize_t i = 0; i < n; i++)
				EXPECT_EQ(items[i], next++);
		EXPECT_EQ(n, -EPIPE);
		EXPECT_EQ(next, b.total);
		pthread_join(thread, NULL);
		ends_let_go(&b.e);
	}
}

Test(spsc, batches_of_different_lengths_on_the_two_sides_keep_the_order)
{
	for (size_t capacity = 0; capacity < 10; capacity++)
		for_each_kind(capacity, batch_stream);
	for_each_kind(1000, batch_stream);
}
