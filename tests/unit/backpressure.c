/* SPDX-License-Identifier: MIT */
/* A full ring blocks the producer, an empty one the consumer, at exactly the capacity. */
#include "support.h"

SUITE(backpressure);

struct pusher {
	struct ends   ends;
	uint64_t      count;
	atomic_size_t pushed;
	int           result;
	pthread_t     thread;
};

static void *push_all(void *arg)
{
	struct pusher *p = arg;

	for (uint64_t i = 0; i < p->count && p->result == 0; i++) {
		p->result = pp_push(p->ends.tx, &i);
		if (p->result == 0)
			atomic_fetch_add(&p->pushed, 1);
	}
	return NULL;
}

static void pusher_start(struct pusher *p, const struct ends *e, uint64_t count)
{
	*p = (struct pusher){ .ends = *e, .count = count };
	EXPECT_EQ(pthread_create(&p->thread, NULL, push_all, p), 0);
}

static void pull_in_order(const struct ends *e, uint64_t count)
{
	for (uint64_t want = 0, got; want < count; want++) {
		EXPECT_EQ(pp_pull(e->rx, &got), 0);
		EXPECT_EQ(got, want);
	}
}

static void no_consumer(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	struct pusher p;

	pusher_start(&p, &e, capacity + 3);
	ends_await_parked(&e, 1, 0);
	EXPECT_EQ(atomic_load(&p.pushed), capacity);
	EXPECT_EQ(pp_tx_depth(e.tx), capacity);

	pull_in_order(&e, capacity + 3);
	pthread_join(p.thread, NULL);
	EXPECT_EQ(p.result, 0);
	EXPECT_EQ(atomic_load(&p.pushed), capacity + 3);
	EXPECT_EQ(pp_tx_depth(e.tx), 0);
	ends_let_go(&e);
}

Test(backpressure, with_no_consumer_exactly_capacity_pushes_return_and_one_pusher_parks)
{
	static const size_t capacities[] = { 0, 1, 2, 8 };

	for (size_t i = 0; i < ARRAY_LEN(capacities); i++)
		for_each_kind(capacities[i], no_consumer);
}

Test(backpressure, every_capacity_holds_exactly_that_many_before_a_pusher_parks)
{
	for_each_ring(0, no_consumer);
}

static void tries(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t item = 0;

	for (int lap = 0; lap < 3; lap++) {
		ends_fill(&e, 100, capacity);
		EXPECT_EQ(pp_try_push(e.tx, &item), -EAGAIN);
		EXPECT_EQ(pp_tx_depth(e.tx), capacity);
		ends_drain(&e, 100, capacity);
		EXPECT_EQ(pp_try_pull(e.rx, &item), -EAGAIN);
		EXPECT_EQ(pp_rx_depth(e.rx), 0);
	}
	ends_let_go(&e);
}

Test(backpressure, try_push_succeeds_capacity_times_and_then_says_eagain)
{
	for_each_ring(0, tries);
}

static void one_for_one(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	struct pusher p;
	uint64_t item;

	pusher_start(&p, &e, capacity + 5);
	for (size_t pulled = 0; pulled < 5; pulled++) {
		AWAIT(atomic_load(&p.pushed) >= capacity + pulled);
		ends_await_parked(&e, 1, 0);
		EXPECT_EQ(atomic_load(&p.pushed), capacity + pulled);
		EXPECT_EQ(pp_pull(e.rx, &item), 0);
		EXPECT_EQ(item, pulled);
	}
	for (size_t i = 0; i < capacity; i++)
		EXPECT_EQ(pp_pull(e.rx, &item), 0);
	pthread_join(p.thread, NULL);
	EXPECT_EQ(atomic_load(&p.pushed), capacity + 5);
	ends_let_go(&e);
}

Test(backpressure, each_pull_lets_exactly_one_push_go_on)
{
	for_each_ring(0, one_for_one);
}

static void no_producer(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	struct call pull;

	call_pull(&pull, &e, FOREVER);
	ends_await_parked(&e, 0, 1);
	EXPECT(!atomic_load(&pull.returned));
	EXPECT_EQ(pp_push(e.tx, &(uint64_t){ 42 }), 0);
	EXPECT_EQ(call_join(&pull), 0);
	EXPECT_EQ(pull.item, 42);
	ends_let_go(&e);
}

Test(backpressure, with_no_producer_a_pull_parks_until_an_item_comes)
{
	for_each_ring(0, no_producer);
}

static void slow_consumer(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	struct pusher p;
	uint64_t item;

	pusher_start(&p, &e, capacity + 200);
	for (size_t pulled = 0; pulled < capacity + 200; pulled++) {
		/* A pusher that is ahead by more than the ring holds has lost an item. */
		EXPECT(atomic_load(&p.pushed) <= capacity + pulled);
		EXPECT_EQ(pp_pull(e.rx, &item), 0);
		EXPECT_EQ(item, pulled);
	}
	pthread_join(p.thread, NULL);
	ends_let_go(&e);
}

Test(backpressure, a_pusher_is_never_ahead_by_more_than_the_capacity)
{
	for (size_t capacity = 0; capacity <= 4; capacity++)
		for_each_kind(capacity, slow_consumer);
	for_each_kind(1000, slow_consumer);
}
