/* SPDX-License-Identifier: MIT */
/* A ring whose counters wrap is full, empty and in order as any other: step by step, one
 * thread, from every start that crosses the wrap within a few laps. */
#include "stall.h"
#include "support.h"

#include "base/hooks.h"

#include <pushpull/pushpull.h>

#include <errno.h>
#include <stdio.h>

static void check_depth(const pp_tx *tx, const pp_rx *rx, uint64_t pushed, uint64_t pulled)
{
	pp_stats s = { .size = sizeof(s) };

	CHECK(pp_tx_stats(tx, &s) == 0, "stats");
	CHECK(s.pushed == pushed && s.pulled == pulled && s.depth == pushed - pulled &&
	      pp_rx_depth(rx) == pushed - pulled, "stats say pushed %llu pulled %llu depth %zu",
	      (unsigned long long)s.pushed, (unsigned long long)s.pulled, s.depth);
}

/* Fill it up, take `step` out, and so on. */
static void cross(pp_kind kind, size_t capacity, uint64_t before, size_t step)
{
	uint64_t pushed = 0, pulled = 0, item;
	pp_tx *tx;
	pp_rx *rx;
	size_t i;

	watchdog_feed();
	test_case("%s, capacity %zu, %d before the wrap, %zu at a time",
		  kind == PP_SPSC ? "SPSC" : "MPMC", capacity, (int)before, step);
	pp_test_start_before_wrap = before;
	CHECK(pp_open(&tx, &rx, kind, capacity, sizeof(item)) == 0, "open");
	while (pushed < (before + 3) * capacity + before) {
		while (pushed - pulled < capacity) {
			CHECK(pp_try_push(tx, &pushed) == 0, "no room at depth %d",
			      (int)(pushed - pulled));
			pushed++;
			check_depth(tx, rx, pushed, pulled);
		}
		CHECK(pp_try_push(tx, &pushed) == -EAGAIN, "more than the capacity");
		CHECK(pp_push_until(tx, &pushed, 1) == -ETIMEDOUT, "more than the capacity");
		for (i = 0; i < step; i++) {
			CHECK(pp_try_pull(rx, &item) == 0 && item == pulled, "not item %d",
			      (int)pulled);
			pulled++;
			check_depth(tx, rx, pushed, pulled);
		}
	}
	while (pulled < pushed)
		CHECK(pp_try_pull(rx, &item) == 0 && item == pulled++, "not item %d", (int)pulled);
	CHECK(pp_try_pull(rx, &item) == -EAGAIN, "an item too many");
	CHECK(pp_close(tx) == 0 && pp_pull(rx, &item) == -EPIPE, "the end");
	pp_tx_unref(tx);
	pp_rx_unref(rx);
}

int main(void)
{
	static const size_t capacities[] = { 1, 2, 3, 7, 64 };
	size_t i, kind, step;
	uint64_t before;

	watchdog_start();
	choose_marks();
	for (kind = PP_SPSC; kind <= PP_MPMC; kind++)
		for (i = 0; i < ARRAY_LEN(capacities); i++)
			for (before = 0; before <= 5; before++)
				for (step = 1; step <= capacities[i]; step += 1 + step / 4)
					cross((pp_kind)kind, capacities[i], before, step);
	printf("wrap: exact on both sides of it\n");
	return 0;
}
