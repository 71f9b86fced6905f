/* SPDX-License-Identifier: MIT */
#include "flow.h"

#include <errno.h>
#include <stdlib.h>

enum { REST_EVERY = 48, REST_US = 60 }; /* of blocking threads: so that the loop waits too */

void flow_open(struct flow *flow, pp_kind kind, size_t capacity)
{
	*flow = (struct flow){ .goal = 0 };
	flow->ledger = calloc(EACH, sizeof(*flow->ledger));
	CHECK(flow->ledger, "no memory");
	CHECK(pp_open(&flow->tx, &flow->rx, kind, capacity, sizeof(uint64_t)) == 0, "pp_open");
}

void flow_check(struct flow *flow, const uint32_t count[EACH])
{
	pp_stats stats = { .size = sizeof(stats) };

	CHECK(pp_rx_stats(flow->rx, &stats) == 0, "stats");
	for (unsigned i = 0; i < EACH; i++) {
		uint32_t seen = flow->seen[i];

		CHECK(stats.cancelled ? seen <= count[i] : seen == count[i],
		      "producer %u pushed %u, %u were seen", i, count[i], seen);
		for (uint32_t n = 0; n < ITEMS_MAX; n++)
			CHECK(flow->ledger[i][n] == (n < seen), "%u of producer %u: %d times", n,
			      i, flow->ledger[i][n]);
	}
}

void flow_free(struct flow *flow)
{
	pp_tx_unref(flow->tx);
	pp_rx_unref(flow->rx);
	free(flow->ledger);
}

/* ---- Producers --------------------------------------------------------------------- */

uint32_t producer_count(const struct producer *p)
{
	return (uint32_t)p->item;
}

/* Is there one more to push? */
static bool producer_next(struct producer *p)
{
	return producer_count(p) < atomic_load(&p->limit);
}

/* Push what there is room for, then arm.  0: wait for the descriptor. */
static int push_ready(struct producer *p)
{
	int result;

	do {
		result = 0;
		while (producer_next(p) && (result = pp_try_push(p->tx, &p->item)) == 0)
			p->item++;
		if (result == 0)
			return DONE; /* there is no more */
		if (result == -EAGAIN || result == -EBUSY)
			result = pp_tx_arm(p->tx);
	} while (result == 1); /* there is room already */
	return result; /* -EPIPE: nobody pulls any more */
}

static int producer_go_on(struct source *source)
{
	struct producer *p = (struct producer *)source;

	p->turns++;
	return push_ready(p);
}

void producer_init(struct producer *p, struct flow *flow, uint32_t index, uint32_t limit)
{
	*p = (struct producer){ .source.go_on = producer_go_on, .flow = flow, .tx = flow->tx,
				.item = (uint64_t)index << 32, .limit = limit };
	p->source.fd = pp_tx_fd(p->tx);
	CHECK(p->source.fd >= 0, "pp_tx_fd: %d", p->source.fd);
}

static void *produce(void *producer)
{
	struct producer *p = producer;

	p->result = DONE;
	while (producer_next(p) && (p->result = pp_push(p->tx, &p->item)) == 0) {
		p->result = DONE;
		if (++p->item % REST_EVERY == 0)
			nap_us(REST_US);
	}
	pp_tx_unref(p->tx);
	return NULL;
}

static void *produce_in_loop(void *producer)
{
	struct producer *p = producer;

	p->result = recipe.run(&p->source);
	pp_tx_unref(p->tx);
	return NULL;
}

/* ---- Consumers --------------------------------------------------------------------- */

static bool goal_reached(struct flow *flow)
{
	for (unsigned i = 0; i < EACH; i++)
		if (flow->seen[i] < flow->goal)
			return false;
	return flow->goal > 0;
}

static void consumer_note(struct consumer *c, uint64_t item)
{
	uint32_t index = (uint32_t)(item >> 32), number = (uint32_t)item;

	CHECK(index < EACH && number < ITEMS_MAX, "no such item: %llx",
	      (unsigned long long)item);
	CHECK(number > c->last[index], "%u of producer %u after %lld", number, index,
	      (long long)c->last[index]);
	c->last[index] = number;
	c->count++;
	c->flow->ledger[index][number]++;
	c->flow->seen[index]++;
	if (goal_reached(c->flow))
		CHECK(pp_cancel(c->rx) == 0, "pp_cancel");
}

/* Pull what is there, then arm.  0: wait for the descriptor. */
static int pull_ready(struct consumer *c)
{
	uint64_t item;
	int result;

	do {
		while ((result = pp_try_pull(c->rx, &item)) == 0)
			consumer_note(c, item);
		if (result == -EAGAIN || result == -EBUSY)
			result = pp_rx_arm(c->rx);
	} while (result == 1); /* there is something already */
	return result; /* -EPIPE: the end of the stream */
}

static int consumer_go_on(struct source *source)
{
	struct consumer *c = (struct consumer *)source;

	c->turns++;
	return pull_ready(c);
}

void consumer_init(struct consumer *c, struct flow *flow)
{
	*c = (struct consumer){ .source.go_on = consumer_go_on, .flow = flow, .rx = flow->rx,
				.last = { -1, -1 } };
	c->source.fd = pp_rx_fd(c->rx);
	CHECK(c->source.fd >= 0, "pp_rx_fd: %d", c->source.fd);
}

static void *consume(void *consumer)
{
	struct consumer *c = consumer;
	uint64_t item;

	while ((c->result = pp_pull(c->rx, &item)) == 0) {
		consumer_note(c, item);
		if (c->count % REST_EVERY == 0)
			nap_us(REST_US);
	}
	pp_rx_unref(c->rx);
	return NULL;
}

static void *consume_in_loop(void *consumer)
{
	struct consumer *c = consumer;

	c->result = recipe.run(&c->source);
	pp_rx_unref(c->rx);
	return NULL;
}

/* ---- Threads ----------------------------------------------------------------------- */

static void start(pthread_t *thread, void *(*run)(void *), void *argument)
{
	CHECK(pthread_create(thread, NULL, run, argument) == 0, "pthread_create");
}

void producer_start(struct producer *p, enum how how)
{
	CHECK(pp_tx_ref(p->tx) == 0, "pp_tx_ref");
	start(&p->thread, how == IN_LOOP ? produce_in_loop : produce, p);
}

void consumer_start(struct consumer *c, enum how how)
{
	CHECK(pp_rx_ref(c->rx) == 0, "pp_rx_ref");
	start(&c->thread, how == IN_LOOP ? consume_in_loop : consume, c);
}

void join(pthread_t thread)
{
	CHECK(pthread_join(thread, NULL) == 0, "pthread_join");
	watchdog_feed();
}
