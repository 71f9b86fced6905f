/* SPDX-License-Identifier: MIT */
/* The beginning and the end of an execution: rings are opened; what is left is accounted for. */
#include <errno.h>
#include <string.h>

#include "ledger.h"

#include "channel.h"

static unsigned letters(char letter)
{
	unsigned n = 0, i;
	const char *p;

	for (i = 0; i < STEPS_THREADS; i++)
		for (p = scenario->thread[i]; p && *p; p++)
			n += *p == letter;
	return n;
}

/* Ring A has as many owners as let go of it. */
static void open_ring(struct ring *r, unsigned kind, unsigned capacity, unsigned flags)
{
	pp_config config = PP_CONFIG(.kind = (pp_kind)kind, .capacity = capacity,
	                             .item_size = item_size, .drop = note_drop, .drop_context = r);
	unsigned i;

	config.flags = flags & SIGNALS ? PP_INTERRUPTIBLE : 0;
	config.flags |= flags & TRACKED ? PP_TRACK_DEPTH : 0;
	r->kind = (pp_kind)kind;
	r->capacity = capacity;
	if (pp_open_with(&r->tx, &r->rx, &config) != 0)
		abort();
	r->lock = &r->tx->end.channel->meeting.queue.lock;
	r->tx_refs = r == rings && letters('U') ? letters('U') : 1;
	r->rx_refs = r == rings && letters('V') ? letters('V') : 1;
	for (i = 1; i < r->tx_refs; i++)
		pp_tx_ref(r->tx);
	for (i = 1; i < r->rx_refs; i++)
		pp_rx_ref(r->rx);
}

void ledger_begin(const struct scenario *s)
{
	unsigned i;

	scenario = s;
	item_size = s->flags & LARGE ? WORDS * sizeof(uint64_t) : sizeof(uint64_t);
	ledger_clear();
	for (i = 0; i < RINGS; i++)
		if (s->ring[i].kind)
			open_ring(&rings[i], s->ring[i].kind, s->ring[i].capacity, s->flags);
}

/* ---- the order of items -------------------------------------------------------------------- */

/* The push of `a` was over, or in line, when that of `b` began: then so are their pulls. */
static void check_pair(const struct item *a, const struct item *b)
{
	if (a->ring != b->ring || a->state != PUSHED || b->state != PUSHED || !b->pulls ||
	    a->push_end >= b->push_start)
		return;
	require(a->pulls && b->pull_end >= a->pull_start, "order", NULL);
}

static void settle(const struct item *it)
{
	require(it->pulls + it->drops <= 1, "twice", NULL);
	require(it->state != UNDER_WAY, "script", NULL);
	if (it->state == PUSHED)
		require(it->pulls + it->drops == 1, "lost item", NULL);
	else
		require(it->pulls + it->drops == 0, "failed push delivered", NULL);
}

/* ---- the rings ------------------------------------------------------------------------------- */

static void drain(struct ring *r, int index)
{
	unsigned char bytes[WORDS * sizeof(uint64_t)];
	int result;

	do {
		struct call *c = call_begin('-', TRY, 1);

		call_wish(c, index, PULL, TOLD);
		untouched(bytes, 1);
		result = pp_try_pull(r->rx, bytes);
		require(result != -EBUSY, "slot left behind", c);
		pulled(c, 0, bytes, 1, result == 0 ? 1 : result);
		call_end(c);
	} while (result == 0);
	require(pp_rx_depth(r->rx) == 0, "depth", NULL);
}

/* Nothing else runs, so they are exact. */
static void check_stats(const struct ring *r)
{
	pp_stats s = { .size = sizeof s };

	if ((r->rx_refs ? pp_rx_stats(r->rx, &s) : pp_tx_stats(r->tx, &s)) != 0)
		require(false, "stats", NULL);
	require(s.pushers_parked == 0 && s.pullers_parked == 0, "stats: parked", NULL);
	require(s.depth == 0 && s.depth_max <= r->capacity, "stats: depth", NULL);
	require(s.pushed == (uint64_t)r->returned, "stats: pushed", NULL);
	require(s.pulled == (uint64_t)r->pulled, "stats: pulled", NULL);
	require(s.dropped == (uint64_t)r->dropped, "stats: dropped", NULL);
	require(!s.closed == !r->closed && !s.cancelled == !r->cancelled, "stats: ended", NULL);
}

static void let_go(struct ring *r)
{
	if (r->tx_refs)
		pp_tx_unref(r->tx);
	r->closing = r->cancelling = true;
	if (r->rx_refs)
		pp_rx_unref(r->rx);
}

void ledger_end(void)
{
	unsigned i, k;

	for (i = 0; i < RINGS; i++) {
		struct ring *r = &rings[i];

		if (!r->tx)
			continue;
		if (r->rx_refs && !r->cancelled && r->capacity)
			drain(r, (int)i);
		if (r->tx_refs || r->rx_refs)
			check_stats(r);
		let_go(r);
	}
	for (i = 0; i < item_count; i++) {
		settle(&items[i]);
		for (k = 0; k < item_count; k++)
			check_pair(&items[i], &items[k]);
	}
	require(steps_not_freed() == 0, "not freed", NULL);
	require(steps_fds_open() == 0, "descriptor left open", NULL);
}
