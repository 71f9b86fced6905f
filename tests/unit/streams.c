/* SPDX-License-Identifier: MIT */
/* Many producers and consumers over one ring, and a ledger that says what came out. */
#include "support.h"

#include <sched.h>
#include <stdlib.h>

void laps_in_order(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	size_t step = 1;

	for (uint64_t next = 0, lap = 0; lap < 40; lap++) {
		ends_fill(&e, next, step);
		EXPECT_EQ(pp_rx_depth(e.rx), step);
		ends_drain(&e, next, step);
		next += step;
		step = step % capacity + 1;
	}
	ends_let_go(&e);
}

struct worker {
	struct streams *s;
	unsigned        index;
	pthread_t       thread;
};

static bool try_again(ssize_t result)
{
	if (result != -EAGAIN && result != -EBUSY && result != -ETIMEDOUT)
		return false;
	sched_yield();
	return true;
}

static pp_time streams_deadline(const struct streams *s)
{
	return s->tick ? pp_in(s->tick) : 0;
}

static void *produce(void *arg)
{
	struct worker *w = arg;
	struct streams *s = w->s;
	ssize_t result;

	for (uint32_t i = 0; i < s->items; i++) {
		uint64_t item = (uint64_t)w->index << 32 | i;

		do
			result = s->push->run(&s->ends, &item, 1, streams_deadline(s));
		while (try_again(result));
		if (result != s->push->done)
			atomic_fetch_add(&s->failures, 1);
	}
	return NULL;
}

static void take(struct streams *s, uint64_t item, uint64_t *next)
{
	uint64_t producer = item >> 32, number = (uint32_t)item;

	if (producer >= s->producers || number >= s->items) {
		atomic_fetch_add(&s->failures, 1);
		return;
	}
	if (number < next[producer])
		atomic_fetch_add(&s->out_of_order, 1);
	next[producer] = number + 1;
	atomic_fetch_add(&s->ledger[producer * s->items + number], 1);
	atomic_fetch_add(&s->pulled, 1);
}

static void *consume(void *arg)
{
	struct worker *w = arg;
	struct streams *s = w->s;
	uint64_t next[STREAMS_MAX] = { 0 }, item;
	ssize_t result;

	for (;;) {
		do
			result = s->pull->run(&s->ends, &item, 1, streams_deadline(s));
		while (try_again(result));
		if (result != s->pull->done)
			break;
		take(s, item, next);
	}
	if (result != -EPIPE)
		atomic_fetch_add(&s->failures, 1);
	return NULL;
}

static void start(struct worker *w, struct streams *s, unsigned index, void *(*run)(void *))
{
	*w = (struct worker){ .s = s, .index = index };
	EXPECT_EQ(pthread_create(&w->thread, NULL, run, w), 0);
}

static void join_all(struct worker *w, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		EXPECT_EQ(pthread_join(w[i].thread, NULL), 0);
}

void streams_run(struct streams *s)
{
	struct worker producers[STREAMS_MAX], consumers[STREAMS_MAX];
	size_t total = (size_t)s->producers * s->items;

	s->push = s->push ? s->push : &push_forms[SINGLE];
	s->pull = s->pull ? s->pull : &pull_forms[SINGLE];
	atomic_store(&s->pulled, 0);
	s->ledger = calloc(total, sizeof(*s->ledger));
	EXPECT(s->ledger != NULL);
	for (unsigned i = 0; i < s->consumers; i++)
		start(&consumers[i], s, i, consume);
	for (unsigned i = 0; i < s->producers; i++)
		start(&producers[i], s, i, produce);
	join_all(producers, s->producers);
	EXPECT_EQ(pp_close(s->ends.tx), 0);
	join_all(consumers, s->consumers);

	EXPECT_EQ(atomic_load(&s->failures), 0);
	EXPECT_EQ(atomic_load(&s->out_of_order), 0);
	EXPECT_EQ(atomic_load(&s->pulled), total);
	for (size_t i = 0; i < total; i++)
		EXPECT_EQ(atomic_load(&s->ledger[i]), 1);
	free(s->ledger);
}
