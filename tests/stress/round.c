/* SPDX-License-Identifier: MIT */
#include "round.h"

#include <signal.h>
#include <string.h>

void round_close(struct round *r)
{
	atomic_store(&r->close_began, true);
	CHECK(pp_close(r->tx) == 0, "close failed");
	atomic_store(&r->close_done, true);
}

void round_cancel(struct round *r)
{
	atomic_store(&r->cancel_began, true);
	CHECK(pp_cancel(r->rx) == 0, "cancel failed");
	atomic_store(&r->cancel_done, true);
}

static void drop(void *item, void *context)
{
	ledger_dropped(context, item);
}

/* ---- The third thread ------------------------------------------------------------- */

static pp_stats stats_of(const struct round *r)
{
	pp_stats s = { .size = sizeof(s) };

	CHECK((r->ending == END_LEAVE ? pp_tx_stats(r->tx, &s) : pp_rx_stats(r->rx, &s)) == 0,
	      "no stats");
	return s;
}

static void look(const struct round *r)
{
	pp_stats s = stats_of(r);

	CHECK(s.depth <= r->capacity && s.depth_max <= r->capacity, "depth %zu, at most %zu, of %zu",
	      s.depth, s.depth_max, r->capacity);
	CHECK(s.pushers_parked <= r->producers && s.pullers_parked <= r->consumers,
	      "%u pushers and %u pullers asleep", s.pushers_parked, s.pullers_parked);
}

/* Signals for everybody, and the end when it is time. */
static void disturb(struct round *r, struct worker *workers, struct luck *luck, pp_time end_at)
{
	bool ended = false;
	unsigned i;

	while (atomic_load(&r->alive)) {
		if (r->mode->signals)
			for (i = 0; i < r->producers + r->consumers; i++)
				if (luck_below(luck, 2))
					pthread_kill(workers[i].thread, SIGUSR1);
		look(r);
		if (!ended && pp_now() >= end_at) {
			ended = true;
			if (r->ending == END_CLOSE)
				round_close(r);
			else if (r->ending == END_CANCEL)
				round_cancel(r);
		}
		nap_us((unsigned)luck_below(luck, r->mode->signals ? 60 : 300));
	}
}

/* ---- The round -------------------------------------------------------------------- */

/* Every thread owns a reference.  The main one keeps the end that the ending leaves it:
 * the other must go when the last thread lets go. */
static void hand_out_refs(struct round *r)
{
	unsigned i;

	for (i = 0; i < r->producers; i++)
		CHECK(pp_tx_ref(r->tx) == 0, "ref");
	for (i = 0; i < r->consumers; i++)
		CHECK(pp_rx_ref(r->rx) == 0, "ref");
	if (r->ending == END_DRAIN)
		pp_tx_unref(r->tx);
	if (r->ending == END_LEAVE)
		pp_rx_unref(r->rx);
}

static void take_back_refs(struct round *r)
{
	if (r->ending != END_DRAIN)
		pp_tx_unref(r->tx);
	if (r->ending != END_LEAVE)
		pp_rx_unref(r->rx);
}

static void start(struct round *r, struct worker *workers, struct luck *luck)
{
	unsigned i;

	for (i = 0; i < r->producers + r->consumers; i++) {
		bool produces = i < r->producers;

		workers[i].round = r;
		workers[i].number = produces ? i : i - r->producers;
		workers[i].luck.state = luck_draw(luck);
		CHECK(pthread_create(&workers[i].thread, NULL,
				     produces ? worker_produce : worker_consume, &workers[i]) == 0,
		      "no thread");
	}
}

static void check_stats(const pp_stats *s, const struct totals *t)
{
	CHECK(s->pushers_parked == 0 && s->pullers_parked == 0, "nobody is there, asleep: %u, %u",
	      s->pushers_parked, s->pullers_parked);
	CHECK(s->pushed == t->pushed && s->pulled == t->pulled,
	      "stats say pushed %llu and pulled %llu, not %llu and %llu",
	      (unsigned long long)s->pushed, (unsigned long long)s->pulled,
	      (unsigned long long)t->pushed, (unsigned long long)t->pulled);
}

struct totals round_run(struct round *r, struct luck *luck, const pp_config *config,
			unsigned items)
{
	static struct worker workers[WORKERS_MAX];
	pp_config c = *config;
	unsigned longest = r->mode->round_us * (test_is_slow() ? 10 : 1);
	unsigned length = 1 + (unsigned)luck_below(luck, longest);
	struct totals totals;
	pp_stats stats;
	unsigned i;

	watchdog_feed();
	ledger_open(&r->ledger, r->producers, items, c.item_size);
	c.drop = drop;
	c.drop_context = &r->ledger;
	CHECK(pp_open_with(&r->tx, &r->rx, &c) == 0, "open failed");
	atomic_store(&r->producing, r->producers);
	atomic_store(&r->alive, r->producers + r->consumers);
	hand_out_refs(r);
	r->stop_pushing = pp_in(length * PP_US);
	start(r, workers, luck);
	disturb(r, workers, luck, pp_in((pp_time)luck_below(luck, length) * PP_US));
	for (i = 0; i < r->producers + r->consumers; i++)
		CHECK(pthread_join(workers[i].thread, NULL) == 0, "join");
	stats = stats_of(r);
	take_back_refs(r);
	totals = ledger_check(&r->ledger);
	check_stats(&stats, &totals);
	ledger_free(&r->ledger);
	return totals;
}
