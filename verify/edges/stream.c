/* SPDX-License-Identifier: MIT */
#include "edge.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE_MAX = 8, BATCH = 5 };

struct flow {
	const struct stream *stream;
	pp_tx *tx;
	pp_rx *rx;
	atomic_uint *seen; /* by pusher and number: how often pulled */
	atomic_uint pushing;
};

struct worker {
	struct flow *flow;
	unsigned index; /* of all; pushers first */
	pthread_t thread;
};

static uint64_t item_of(unsigned pusher, uint32_t number)
{
	return (uint64_t)pusher << 32 | number;
}

static enum stream_call choose(const struct stream *s, uint32_t turn)
{
	enum stream_call call = s->call;

	if (call == STREAM_ALL)
		call = (enum stream_call)(1 + turn % (STREAM_CALLS - 1));
	return call == STREAM_IN_PLACE && s->capacity == 0 ? STREAM_BATCH : call;
}

/* ---- One call: how many items moved, or why none --------------------------------------------- */

static ssize_t push_in_place(pp_tx *tx, const uint64_t *item)
{
	void *slot;
	int r = pp_push_begin(tx, &slot);

	if (r != 0)
		return r;
	memcpy(slot, item, sizeof(*item));
	r = pp_push_commit(tx, slot);
	return r == 0 ? 1 : r;
}

static ssize_t push_by_select(pp_tx *tx, uint64_t *item)
{
	pp_case c = { .tx = tx, .item = item };
	int r = pp_select(&c, 1, 0, PP_FOREVER);

	return r < 0 ? r : c.result == 0 ? 1 : c.result;
}

static ssize_t push_by(enum stream_call call, pp_tx *tx, uint64_t *items, size_t n)
{
	int r;

	switch (call) {
	case STREAM_UNTIL:
		while ((r = pp_push_until(tx, items, pp_in(PP_MS))) == -ETIMEDOUT)
			;
		return r == 0 ? 1 : r;
	case STREAM_BATCH:
		return pp_push_n(tx, items, n);
	case STREAM_IN_PLACE:
		return push_in_place(tx, items);
	case STREAM_SELECT:
		return push_by_select(tx, items);
	default:
		r = pp_push(tx, items);
		return r == 0 ? 1 : r;
	}
}

static ssize_t pull_in_place(pp_rx *rx, uint64_t *item)
{
	void *slot;
	int r = pp_pull_begin(rx, &slot);

	if (r != 0)
		return r;
	memcpy(item, slot, sizeof(*item));
	CHECK(pp_pull_commit(rx, slot) == 0, "commit");
	return 1;
}

static ssize_t pull_by_select(pp_rx *rx, uint64_t *item)
{
	pp_case c = { .rx = rx, .item = item };
	int r = pp_select(&c, 1, 0, PP_FOREVER);

	return r < 0 ? r : c.result == 0 ? 1 : c.result;
}

static ssize_t pull_by(enum stream_call call, pp_rx *rx, uint64_t *items)
{
	int r;

	switch (call) {
	case STREAM_UNTIL:
		while ((r = pp_pull_until(rx, items, pp_in(PP_MS))) == -ETIMEDOUT)
			;
		return r == 0 ? 1 : r;
	case STREAM_BATCH:
		return pp_pull_n(rx, items, BATCH);
	case STREAM_IN_PLACE:
		return pull_in_place(rx, items);
	case STREAM_SELECT:
		return pull_by_select(rx, items);
	default:
		r = pp_pull(rx, items);
		return r == 0 ? 1 : r;
	}
}

/* ---- The two sides --------------------------------------------------------------------------- */

static void push_all(struct flow *f, unsigned pusher)
{
	uint32_t number = 0, turn;

	for (turn = pusher; number < f->stream->items; turn++) {
		uint64_t items[BATCH];
		uint32_t left = f->stream->items - number, n = left < BATCH ? left : BATCH, i;
		ssize_t moved;

		for (i = 0; i < n; i++)
			items[i] = item_of(pusher, number + i);
		moved = push_by(choose(f->stream, turn), f->tx, items, n);
		CHECK(moved > 0, "a push says %s", strerror((int)-moved));
		number += (uint32_t)moved;
	}
	if (atomic_fetch_sub(&f->pushing, 1) == 1)
		CHECK(pp_close(f->tx) == 0, "close");
}

static void pull_all(struct flow *f, unsigned turn)
{
	uint32_t next[SIDE_MAX] = { 0 };
	ssize_t moved, i;

	for (;; turn++) {
		uint64_t items[BATCH];

		moved = pull_by(choose(f->stream, turn), f->rx, items);
		if (moved < 0)
			break;
		for (i = 0; i < moved; i++) {
			unsigned pusher = (unsigned)(items[i] >> 32);
			uint32_t number = (uint32_t)items[i];

			CHECK(pusher < SIDE_MAX && number < f->stream->items, "no item of anybody's");
			CHECK(number >= next[pusher], "out of order");
			next[pusher] = number + 1;
			CHECK(atomic_fetch_add(&f->seen[pusher * f->stream->items + number], 1) == 0,
			      "pulled twice");
		}
	}
	CHECK(moved == -EPIPE, "a pull says %s", strerror((int)-moved));
}

static void *work(void *arg)
{
	struct worker *w = arg;
	const struct stream *s = w->flow->stream;

	if (s->enter)
		s->enter(w->index);
	if (w->index < s->pushers)
		push_all(w->flow, w->index);
	else
		pull_all(w->flow, w->index);
	if (s->leave)
		s->leave();
	return NULL;
}

/* ---- The whole ------------------------------------------------------------------------------- */

static void open_flow(struct flow *f)
{
	const struct stream *s = f->stream;
	int r = pp_open_with(&f->tx, &f->rx, &PP_CONFIG(.kind = s->kind, .capacity = s->capacity,
		.item_size = sizeof(uint64_t), .spin_ns = s->spin_ns, .flags = s->flags));

	CHECK(r == 0, "open: %s", strerror(-r));
	if (s->opened)
		s->opened(f->tx, f->rx);
	f->seen = calloc((size_t)s->pushers * s->items, sizeof(*f->seen));
	CHECK(f->seen, "no memory");
	atomic_init(&f->pushing, s->pushers);
}

static void check_flow(struct flow *f)
{
	const struct stream *s = f->stream;
	uint64_t total = (uint64_t)s->pushers * s->items, i;
	pp_stats stats = edge_stats(f->rx);

	for (i = 0; i < total; i++)
		CHECK(atomic_load(&f->seen[i]) == 1, "item %llu was not pulled", (unsigned long long)i);
	CHECK(stats.pushed == total && stats.pulled == total && stats.depth == 0 &&
	      stats.pushers_parked == 0 && stats.pullers_parked == 0, "the stats differ");
	free(f->seen);
	edge_let_go(f->tx, f->rx);
}

void stream_run(const struct stream *asked)
{
	struct stream s = *asked;
	struct flow f = { .stream = &s };
	struct worker workers[2 * SIDE_MAX];
	unsigned i;

	if (s.kind == PP_SPSC)
		s.pushers = s.pullers = 1;
	CHECK(s.pushers <= SIDE_MAX && s.pullers <= SIDE_MAX, "too many threads");
	open_flow(&f);
	for (i = 0; i < s.pushers + s.pullers; i++) {
		workers[i] = (struct worker){ .flow = &f, .index = i };
		CHECK(pthread_create(&workers[i].thread, NULL, work, &workers[i]) == 0, "no thread");
	}
	for (i = 0; i < s.pushers + s.pullers; i++)
		pthread_join(workers[i].thread, NULL);
	check_flow(&f);
}

void stream_run_everywhere(struct stream s)
{
	static const size_t capacities[] = { 0, 1, 3, 64 };
	size_t i;

	for (i = 0; i < ARRAY_LEN(capacities); i++) {
		s.capacity = capacities[i];
		s.kind = PP_SPSC;
		stream_run(&s);
		s.kind = PP_MPMC;
		stream_run(&s);
	}
}
