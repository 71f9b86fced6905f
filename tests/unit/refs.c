/* SPDX-License-Identifier: MIT */
/* References: who owns an end, and what letting the last one go does. */
#include "support.h"

#include <malloc.h>
#include <stdio.h>
#include <unistd.h>

SUITE(refs);

static void last_push_end(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t item;

	EXPECT_EQ(pp_tx_ref(e.tx), 0);
	EXPECT_EQ(pp_tx_ref(e.tx), 0);
	EXPECT_EQ(ends_stats(&e).tx_refs, 3);
	pp_tx_unref(e.tx);
	pp_tx_unref(e.tx);
	EXPECT_EQ(ends_stats(&e).tx_refs, 1);
	EXPECT_EQ(ends_stats(&e).closed, 0);
	EXPECT_EQ(pp_try_pull(e.rx, &item), -EAGAIN);
	ends_fill(&e, 0, capacity); /* one owner is enough to push */

	pp_tx_unref(e.tx);
	e.tx = NULL;
	EXPECT_EQ(ends_stats(&e).closed, 1);
	EXPECT_EQ(ends_stats(&e).tx_refs, 0);
	ends_drain(&e, 0, capacity);
	EXPECT_EQ(pp_pull(e.rx, &item), -EPIPE);
	ends_let_go(&e);
}

Test(refs, letting_go_of_the_last_push_end_closes_and_no_earlier_one_does)
{
	for_each_ring(0, last_push_end);
}

static void last_pull_end(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);

	EXPECT_EQ(pp_rx_ref(e.rx), 0);
	EXPECT_EQ(ends_stats(&e).rx_refs, 2);
	pp_rx_unref(e.rx);
	EXPECT_EQ(ends_stats(&e).rx_refs, 1);
	EXPECT_EQ(ends_stats(&e).cancelled, 0);
	ends_fill(&e, 0, capacity);

	pp_rx_unref(e.rx);
	e.rx = NULL;
	EXPECT_EQ(ends_stats(&e).cancelled, 1);
	EXPECT_EQ(ends_stats(&e).rx_refs, 0);
	EXPECT_EQ(pp_push(e.tx, &(uint64_t){ 1 }), -EPIPE);
	ends_let_go(&e);
}

Test(refs, letting_go_of_the_last_pull_end_cancels_and_no_earlier_one_does)
{
	for_each_ring(0, last_pull_end);
}

static void wakes_puller(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	struct call pull;

	call_pull(&pull, &e, FOREVER);
	ends_await_parked(&e, 0, 1);
	pp_tx_unref(e.tx);
	e.tx = NULL;
	EXPECT_EQ(call_join(&pull), -EPIPE);
	ends_let_go(&e);
}

Test(refs, a_sleeping_puller_wakes_when_the_last_push_end_goes)
{
	for_each_ring(0, wakes_puller);
}

static void wakes_pusher(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	struct call push;

	ends_fill(&e, 0, capacity);
	call_push(&push, &e, FOREVER, 1);
	ends_await_parked(&e, 1, 0);
	pp_rx_unref(e.rx);
	e.rx = NULL;
	EXPECT_EQ(call_join(&push), -EPIPE);
	ends_let_go(&e);
}

Test(refs, a_sleeping_pusher_wakes_when_the_last_pull_end_goes)
{
	for_each_ring(0, wakes_pusher);
}

/* One owner leaves while another is blocked through a reference of its own. */
static void other_reference(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	struct call push;
	uint64_t got;

	ends_fill(&e, 0, capacity);
	EXPECT_EQ(pp_tx_ref(e.tx), 0);
	call_push(&push, &e, FOREVER, capacity);
	ends_await_parked(&e, 1, 0);
	pp_tx_unref(e.tx); /* the reference of this thread, not that of the pusher */
	ends_await_parked(&e, 1, 0);
	for (uint64_t i = 0; i <= capacity; i++) {
		EXPECT_EQ(pp_pull(e.rx, &got), 0);
		EXPECT_EQ(got, i);
	}
	EXPECT_EQ(call_join(&push), 0);
	ends_let_go(&e);
}

Test(refs, a_reference_let_go_leaves_a_call_on_another_reference_alone)
{
	for_each_ring(0, other_reference);
}

/* Ownership moves from thread to thread; one at a time, an SPSC ring stays in order. */
static void handed_on(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t got;

	EXPECT_EQ(pp_tx_ref(e.tx), 0);
	EXPECT_EQ(pp_rx_ref(e.rx), 0);
	for (uint64_t i = 0; i < 6; i++) {
		struct call push;

		call_push(&push, &e, FOREVER, i);
		EXPECT_EQ(pp_pull(e.rx, &got), 0);
		EXPECT_EQ(got, i);
		EXPECT_EQ(call_join(&push), 0);
	}
	pp_tx_unref(e.tx);
	pp_rx_unref(e.rx);
	ends_let_go(&e);
}

Test(refs, several_owners_may_use_an_end_one_after_the_other)
{
	for_each_ring(0, handed_on);
}

static size_t in_use(void)
{
#ifdef __GLIBC__
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
#else
	return 0; /* musl does not say; mapped() does */
#endif
}

static void open_and_free(pp_kind kind, size_t capacity)
{
	for (int order = 0; order < 4; order++) {
		struct ends e = ends_open(kind, capacity);

		ends_fill(&e, 0, capacity / 2);
		if (order & 2)
			EXPECT_EQ(pp_tx_ref(e.tx), 0);
		if (order & 1) {
			pp_tx_unref(e.tx);
			pp_rx_unref(e.rx);
		} else {
			pp_rx_unref(e.rx);
			pp_tx_unref(e.tx);
		}
		if (order & 2)
			pp_tx_unref(e.tx);
	}
}

static size_t mapped(void)
{
	FILE *statm = fopen("/proc/self/statm", "r");
	unsigned long pages = 0;

	EXPECT(statm != NULL);
	EXPECT_EQ(fscanf(statm, "%lu", &pages), 1);
	fclose(statm);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* Nothing is left of a ring: neither memory of malloc's nor a mapping. */
Test(refs, when_both_sides_are_gone_the_ring_is_freed)
{
	size_t used_before, mapped_before;

	for_each_ring(0, open_and_free); /* what is set up once is set up now */
	used_before = in_use();
	mapped_before = mapped();
	for (int n = 0; n < 100; n++)
		for_each_kind(65536, open_and_free);
	EXPECT(in_use() <= used_before + 4096);
	/* 800 rings of at least half a MiB each; a sanitizer's quarantine is 256 MiB. */
	EXPECT(mapped() <= mapped_before + ((size_t)300 << 20));
}
