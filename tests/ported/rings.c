/* SPDX-License-Identifier: MIT */
/* Rings that are sent through rings, by every way to push and to pull. */
#include "choices.h"

#define RINGS_SENT 300

int by_call(pp_case *cases, size_t count, pp_time deadline)
{
	CHECK(count == 1 && deadline != 0);
	cases[0].result = cases[0].tx ? pp_push(cases[0].tx, cases[0].item) :
					pp_pull(cases[0].rx, cases[0].item);
	return 0;
}

static chooser *choose_by_here;

static void goes_ahead(pp_case c)
{
	CHECK_EQ(choose_by_here(&c, 1, soon()), 0);
	CHECK_EQ(c.result, 0);
}

static void send_rings(struct scene *s, unsigned me)
{
	pp_tx *tx = s->e[me].tx, *next_tx;
	pp_rx *next_rx;

	s->e[me].tx = NULL;
	for (int i = 0; i < RINGS_SENT; i++, tx = next_tx) {
		CHECK_EQ(pp_open(&next_tx, &next_rx, s->kind, s->capacity, sizeof(next_rx)), 0);
		goes_ahead((pp_case){ .tx = tx, .item = &next_rx });
		pp_tx_unref(tx);
	}
	pp_tx_unref(tx);
}

void rings_through_rings(chooser *choose_by, pp_kind kind, size_t capacity)
{
	pp_rx *rx, *next = NULL;
	struct scene s;

	choose_by_here = choose_by;
	scene_open(&s, kind, 1, capacity);
	rx = s.e[0].rx;
	s.e[0].rx = NULL;
	scene_spawn(&s, send_rings, 0);
	for (int i = 0; i < RINGS_SENT; i++, rx = next) {
		goes_ahead((pp_case){ .rx = rx, .item = &next });
		pp_rx_unref(rx);
	}
	CHECK_EQ(pp_pull(rx, &next), -EPIPE);
	pp_rx_unref(rx);
	scene_end(&s);
}
