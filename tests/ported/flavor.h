/* SPDX-License-Identifier: MIT */
/*
 * Expectations that crossbeam-channel has of both its bounded flavours, array (capacity above 0)
 * and zero.  crossbeam_array.c and crossbeam_zero.c run them at their capacities, on both kinds.
 */
#ifndef TESTS_PORTED_FLAVOR_H
#define TESTS_PORTED_FLAVOR_H

#include "support.h"

ring_body capacity_is_told, try_pull_empty_item_end, pull_items_then_end, pull_until_in_time,
	push_three, closing_wakes_puller, cancelling_wakes_pusher, stream_in_order,
	one_item_per_ring, requests_and_responses, deadlines_on_both_sides, fair_between_rings,
	fair_between_duplicates, ring_through_ring;
/* PP_MPMC only: several threads on a side. */
void each_item_four_times(size_t capacity);
/* What is pulled is not dropped, what is left is: `left` items at most. */
void left_items_are_dropped(pp_kind kind, size_t capacity, size_t left);

#endif
