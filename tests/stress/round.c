/* SPDX-License-Identifier: MIT */
#include "round.h"

#include <signal.h>
#include <string.h>

void ring_close(struct ring *r)
{
	atomic_store(&r->close_began, true);
	CHECK(pp_close(r->tx) == 0, "close failed");
	atomic_store(&r->close_done, true);
}

void ring_cancel(struct ring *r)
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

static pp_stats stats_of(const struct ring *r)
{
	pp_stats s = { .size = sizeof(s) };

	CHECK((r->ending == END_LEAVE ? pp_tx_stats(r->tx, &s) : pp_rx_stats(r->rx, &s)) == 0,
	      "no stats");
	return s;
}

static void look(const struct ring *r)
{
	pp_stats s = stats_of(r);
	/* A select may have an end twice among its cases. */
	unsigned times = (r->pushes | r->pulls) & CALL_SELECTS ? 2 : 1;

	CHECK(s.depth <= r->capacity && s.depth_max <= r->capacity, "depth %zu, at most %zu, of %zu",
	      s.depth, s.depth_max, r->capacity);
	CHECK(s.pushers_parked <= times * r->producers && s.pullers_parked <= times * r->consumers,
	      "%u pushers and %u pullers asleep", s.pushers_parked, s.pullers_parked);
}

static bool is_time(pp_time *at)
{
	if (!*at || pp_now() < *at)
		return false;
	*at = 0;
	return true;
}

/* Signals for everybody, and the ends when it is time. */
static void disturb(struct round *r, struct worker *workers, struct luck *luck)
{
	unsigned i;

	while (atomic_load(&r->alive)) {
		if (r->mode->signals)
			for (i = 0; i < r->workers; i++)
				if (luck_below(luck, 2))
					pthread_kill(workers[i].thread, SIGUSR1);
		for (i = 0; i < r->rings; i++) {
			look(&r->ring[i]);
			if (is_time(&r->ring[i].close_at))
				ring_close(&r->ring[i]);
			if (is_time(&r->ring[i].cancel_at))
				ring_cancel(&r->ring[i]);
		}
		nap_us((unsigned)luck_below(luck, r->mode->signals ? 60 : 300));
	}
}

/* ---- The round -------------------------------------------------------------------- */

static void open_ring(struct ring *r, pp_config *config, unsigned items)
{
	ledger_open(&r->ledger, r->producers, items / r->producers, config->item_size);
	config->kind = r->kind;
	config->drop = drop;
	config->drop_context = &r->ledger;
	CHECK(pp_open_with(&r->tx, &r->rx, config) == 0, "open failed");
}

static void choose_ends(struct ring *r, struct luck *luck, unsigned length)
{
	if (r->ending & (END_CLOSE | END_BOTH))
		r->close_at = pp_in((pp_time)luck_below(luck, length) * PP_US);
	if (r->ending & (END_CANCEL | END_BOTH))
		r->cancel_at = pp_in((pp_time)luck_below(luck, length) * PP_US);
}

/* Every thread owns a reference.  The main one keeps the end that the ending leaves it:
 * the other must go when the last thread lets go. */
static void hand_out_refs(struct ring *r)
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

static void take_back_refs(struct ring *r)
{
	if (r->ending != END_DRAIN)
		pp_tx_unref(r->tx);
	if (r->ending != END_LEAVE)
		pp_rx_unref(r->rx);
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

static void finish(struct ring *r, struct totals *all)
{
	pp_stats stats = stats_of(r);
	struct totals totals;

	take_back_refs(r);
	totals = ledger_check(&r->ledger);
	check_stats(&stats, &totals);
	ledger_free(&r->ledger);
	all->pushed += totals.pushed;
	all->pulled += totals.pulled;
	all->dropped += totals.dropped;
}

struct totals round_run(struct round *r, struct worker *workers, struct luck *luck,
			pp_config *configs, unsigned items)
{
	unsigned longest = r->mode->round_us * (test_is_slow() ? 10 : 1);
	unsigned length = 1 + (unsigned)luck_below(luck, longest);
	struct totals totals = { 0, 0, 0 };
	unsigned i;

	watchdog_feed();
	for (i = 0; i < r->rings; i++) {
		open_ring(&r->ring[i], &configs[i], items / r->rings);
		hand_out_refs(&r->ring[i]);
		choose_ends(&r->ring[i], luck, length);
	}
	r->stop_pushing = pp_in(length * PP_US);
	for (i = 0; i < r->workers; i++) {
		workers[i].luck.state = luck_draw(luck);
		CHECK(pthread_create(&workers[i].thread, NULL, worker_run, &workers[i]) == 0,
		      "no thread");
	}
	disturb(r, workers, luck);
	for (i = 0; i < r->workers; i++)
		CHECK(pthread_join(workers[i].thread, NULL) == 0, "join");
	for (i = 0; i < r->rings; i++)
		finish(&r->ring[i], &totals);
	return totals;
}
