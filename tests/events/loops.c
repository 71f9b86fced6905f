/* SPDX-License-Identifier: MIT */
/*
 * One recipe, linked to this, through everything that an event loop may meet: both ends of
 * both kinds, small rings, larger ones and the rendezvous, a blocked thread beside it, nothing
 * to do for a while.
 *
 * That no loop spins is counted: it goes on at most once for each event, and not at all while
 * nothing happens.
 */
#include "flow.h"

#include <errno.h>
#include <pushpull/pushpull.h>
#include <stdio.h>
#include <time.h>

enum { ITEMS = 3000, FEW = 300 };

static const size_t capacities[] = { 1, 3, 64, 0 };

/* Each event is a push, a pull or the end; a loop may be late for some, and go on for nothing. */
static void check_turns(unsigned turns, unsigned events)
{
	CHECK(turns <= 2 * events + 10, "went on %u times for %u events", turns, events);
}

static unsigned each(pp_kind kind)
{
	return kind == PP_SPSC ? 1 : EACH;
}

/* ---- The ends ---------------------------------------------------------------------- */

/* Blocking producers, and a loop that pulls to the end of the stream. */
static void pull_in_loop(pp_kind kind, size_t capacity)
{
	struct flow flow;
	struct producer p[EACH];
	struct consumer c;

	flow_open(&flow, kind, capacity);
	consumer_init(&c, &flow);
	consumer_start(&c, IN_LOOP);
	for (unsigned i = 0; i < EACH; i++)
		producer_init(&p[i], &flow, i, i < each(kind) ? ITEMS : 0);
	for (unsigned i = 0; i < each(kind); i++)
		producer_start(&p[i], BLOCKING);
	for (unsigned i = 0; i < each(kind); i++)
		join(p[i].thread);
	CHECK(pp_close(flow.tx) == 0, "pp_close");
	join(c.thread);
	CHECK(c.result == -EPIPE, "the loop ended with %d", c.result);
	CHECK(c.count == ITEMS * each(kind), "%u items", c.count);
	check_turns(c.turns, c.count + 1);
	flow_check(&flow, (uint32_t[EACH]){ producer_count(&p[0]), producer_count(&p[1]) });
	flow_free(&flow);
}

/* A loop that pushes, and blocking consumers that cancel when they have enough. */
static void push_in_loop(pp_kind kind, size_t capacity)
{
	struct flow flow;
	struct producer p;
	struct consumer c[EACH];

	flow_open(&flow, kind, capacity);
	flow.seen[1] = ITEMS; /* there is no second producer to wait for */
	flow.goal = ITEMS;
	producer_init(&p, &flow, 0, ITEMS_MAX);
	producer_start(&p, IN_LOOP);
	for (unsigned i = 0; i < each(kind); i++) {
		consumer_init(&c[i], &flow);
		consumer_start(&c[i], BLOCKING);
	}
	join(p.thread);
	CHECK(p.result == -EPIPE, "the loop ended with %d", p.result);
	check_turns(p.turns, producer_count(&p) + 1);
	for (unsigned i = 0; i < each(kind); i++) {
		join(c[i].thread);
		CHECK(c[i].result == -ESHUTDOWN, "a consumer ended with %d", c[i].result);
	}
	flow.seen[1] = 0;
	flow_check(&flow, (uint32_t[EACH]){ producer_count(&p), 0 });
	flow_free(&flow);
}

/* A loop at each end.  Not at capacity 0, where two sides that only try do not meet. */
static void both_in_loops(pp_kind kind, size_t capacity)
{
	struct flow flow;
	struct producer p;
	struct consumer c;

	flow_open(&flow, kind, capacity);
	consumer_init(&c, &flow);
	producer_init(&p, &flow, 0, ITEMS);
	consumer_start(&c, IN_LOOP);
	producer_start(&p, IN_LOOP);
	join(p.thread);
	CHECK(p.result == DONE, "the pushing loop ended with %d", p.result);
	CHECK(pp_close(flow.tx) == 0, "pp_close");
	join(c.thread);
	CHECK(c.result == -EPIPE, "the pulling loop ended with %d", c.result);
	check_turns(p.turns, ITEMS);
	check_turns(c.turns, ITEMS + 1);
	flow_check(&flow, (uint32_t[EACH]){ ITEMS, 0 });
	flow_free(&flow);
}

/* ---- A blocked thread beside the loop, at the same end ------------------------------- */

/* Both consumers get some, or the producers come to their limit and this fails. */
static void pull_beside_a_blocked_thread(pp_kind kind, size_t capacity)
{
	struct flow flow;
	struct producer p[EACH];
	struct consumer c[EACH];

	flow_open(&flow, kind, capacity);
	for (unsigned i = 0; i < EACH; i++) {
		consumer_init(&c[i], &flow);
		consumer_start(&c[i], i == 0 ? IN_LOOP : BLOCKING);
	}
	for (unsigned i = 0; i < EACH; i++) {
		producer_init(&p[i], &flow, i, ITEMS_MAX);
		producer_start(&p[i], BLOCKING);
	}
	while ((c[0].count < FEW || c[1].count < FEW) &&
	       flow.seen[0] + flow.seen[1] < EACH * ITEMS_MAX)
		nap_us(500);
	for (unsigned i = 0; i < EACH; i++) {
		p[i].limit = 0;
		join(p[i].thread);
	}
	pp_close(flow.tx);
	for (unsigned i = 0; i < EACH; i++) {
		join(c[i].thread);
		CHECK(c[i].result == -EPIPE, "consumer %u ended with %d", i, c[i].result);
		CHECK(c[i].count >= FEW, "consumer %u starves: %u items", i, c[i].count);
	}
	check_turns(c[0].turns, c[0].count + c[1].count + 1);
	flow_check(&flow, (uint32_t[EACH]){ producer_count(&p[0]), producer_count(&p[1]) });
	flow_free(&flow);
}

/* The consumers cancel when they have seen some of both producers. */
static void push_beside_a_blocked_thread(pp_kind kind, size_t capacity)
{
	struct flow flow;
	struct producer p[EACH];
	struct consumer c[EACH];

	flow_open(&flow, kind, capacity);
	flow.goal = FEW;
	for (unsigned i = 0; i < EACH; i++) {
		producer_init(&p[i], &flow, i, ITEMS_MAX);
		producer_start(&p[i], i == 0 ? IN_LOOP : BLOCKING);
	}
	for (unsigned i = 0; i < EACH; i++) {
		consumer_init(&c[i], &flow);
		consumer_start(&c[i], BLOCKING);
	}
	for (unsigned i = 0; i < EACH; i++)
		join(c[i].thread);
	for (unsigned i = 0; i < EACH; i++) {
		join(p[i].thread);
		CHECK(p[i].result == -EPIPE, "producer %u ended with %d", i, p[i].result);
		CHECK(flow.seen[i] >= FEW, "producer %u starves: %u items", i, flow.seen[i]);
	}
	check_turns(p[0].turns, producer_count(&p[0]) + producer_count(&p[1]) + 1);
	flow_check(&flow, (uint32_t[EACH]){ producer_count(&p[0]), producer_count(&p[1]) });
	flow_free(&flow);
}

/* ---- Nothing to do ------------------------------------------------------------------- */

static int64_t cpu_ns(pthread_t thread)
{
	struct timespec used;
	clockid_t clock;

	CHECK(pthread_getcpuclockid(thread, &clock) == 0, "no clock");
	CHECK(clock_gettime(clock, &used) == 0, "no time");
	return used.tv_sec * PP_SEC + used.tv_nsec;
}

/* The loop has gone on `turns` times and waits; nothing happens meanwhile. */
static void check_rest(const atomic_uint *turns, unsigned expected, pthread_t thread)
{
	int64_t used;

	while (*turns < expected)
		nap_us(100);
	nap_us(20 * 1000); /* until it waits; a loop that takes longer shows below as well */
	used = cpu_ns(thread);
	nap_us(100 * 1000);
	used = cpu_ns(thread) - used;
	CHECK(*turns == expected, "went on %u times, not %u", *turns, expected);
	CHECK(used < 30 * PP_MS, "an idle loop used %lld ns", (long long)used);
}

static void rest_while_empty(pp_kind kind, size_t capacity)
{
	struct flow flow;
	struct consumer c;
	uint64_t item = 0;

	flow_open(&flow, kind, capacity);
	consumer_init(&c, &flow);
	consumer_start(&c, IN_LOOP);
	check_rest(&c.turns, 1, c.thread);
	CHECK(pp_push(flow.tx, &item) == 0, "pp_push");
	check_rest(&c.turns, 2, c.thread);
	CHECK(c.count == 1, "%u items", c.count);
	pp_close(flow.tx);
	join(c.thread);
	CHECK(c.result == -EPIPE && c.turns == 3, "%d after %u turns", c.result, c.turns);
	flow_check(&flow, (uint32_t[EACH]){ 1, 0 });
	flow_free(&flow);
}

static uint64_t pushed(struct flow *flow)
{
	pp_stats stats = { .size = sizeof(stats) };

	CHECK(pp_tx_stats(flow->tx, &stats) == 0, "stats");
	return stats.pushed;
}

static void rest_while_full(pp_kind kind, size_t capacity)
{
	struct flow flow;
	struct producer p;
	uint64_t item;

	flow_open(&flow, kind, capacity);
	producer_init(&p, &flow, 0, ITEMS_MAX);
	producer_start(&p, IN_LOOP);
	check_rest(&p.turns, 1, p.thread);
	CHECK(pushed(&flow) == capacity, "pushed %u", (unsigned)pushed(&flow));
	CHECK(pp_pull(flow.rx, &item) == 0 && item == 0, "pp_pull");
	check_rest(&p.turns, 2, p.thread);
	CHECK(pushed(&flow) == capacity + 1, "pushed %u", (unsigned)pushed(&flow));
	pp_cancel(flow.rx);
	join(p.thread);
	CHECK(p.result == -EPIPE && p.turns == 3, "%d after %u turns", p.result, p.turns);
	flow_free(&flow);
}

/* ---- All of it ----------------------------------------------------------------------- */

static const struct {
	const char *name;
	void (*run)(pp_kind kind, size_t capacity);
	bool meets; /* also at capacity 0 */
	bool shares; /* an end between threads: only PP_MPMC */
} cases[] = {
	{ "pull in a loop", pull_in_loop, true, false },
	{ "push in a loop", push_in_loop, true, false },
	{ "both in loops", both_in_loops, false, false },
	{ "pull beside a blocked thread", pull_beside_a_blocked_thread, true, true },
	{ "push beside a blocked thread", push_beside_a_blocked_thread, true, true },
	{ "rest while empty", rest_while_empty, true, false },
	{ "rest while full", rest_while_full, true, false },
};

int main(void)
{
	if (recipe.usable && !recipe.usable())
		return 77;
	watchdog_start();
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		for (pp_kind kind = cases[i].shares ? PP_MPMC : PP_SPSC; kind <= PP_MPMC; kind++)
			for (size_t j = 0; j < ARRAY_LEN(capacities); j++) {
				if (capacities[j] == 0 && !cases[i].meets)
					continue;
				test_case("%s: %s, %s, capacity %zu", recipe.name, cases[i].name,
					  kind == PP_SPSC ? "spsc" : "mpmc", capacities[j]);
				cases[i].run(kind, capacities[j]);
				printf("ok      %s\n", test_case_name());
			}
	return 0;
}
