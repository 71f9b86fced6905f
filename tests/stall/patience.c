/* SPDX-License-Identifier: MIT */
/* With a thread frozen for 5 s, each of those that wait for it uses under 1 ms of CPU and
 * goes to sleep once: waiting for a slot is no spin, and no sleep has a timeout of its own. */
#include "stall.h"

#include <stdio.h>

enum { SECONDS = 5, RINGS = 6 };

static struct ring rings[RINGS];
static struct actor *victims[RINGS];

static void set_up(unsigned i, pp_kind kind, size_t capacity, enum action victim,
		   enum pp_stall_point point, bool sleeper)
{
	struct ring *r = &rings[i];
	unsigned k;

	ring_open(r, kind, capacity, 0);
	ring_fill(r, victim == PULL && capacity ? capacity : 0);
	if (sleeper)
		actor_asleep(r, victim == PULL ? PUSH : PULL);
	victims[i] = actor_start(r, victim, (int)point, PP_FOREVER);
	actor_await_frozen(victims[i]);
	for (k = 0; k < (kind == PP_MPMC ? 4 : 1); k++)
		actor_start(r, victim == PULL ? PUSH : PULL, NO_POINT, PP_FOREVER);
	ring_await_quiet(r);
}

static void look(struct ring *r, const struct actor *victim)
{
	unsigned i;

	for (i = 0; i < r->acting; i++) {
		const struct actor *a = &r->actors[i];
		int64_t used;

		if (a == victim || atomic_load(&a->done))
			continue;
		used = actor_cpu_ns(a);
		CHECK(used < sleeping_cpu_ns(), "waiting for %d s used %lld ns of CPU", SECONDS,
		      (long long)used);
	}
}

int main(void)
{
	pp_stats before[RINGS];
	unsigned i;

	watchdog_start();
	test_case("frozen for %d s", SECONDS);
	set_up(0, PP_MPMC, 3, PUSH, PP_AT_push_claimed, false);
	set_up(1, PP_MPMC, 3, PULL, PP_AT_pull_claimed, false);
	set_up(2, PP_SPSC, 3, PUSH, PP_AT_push_copied, false);
	set_up(3, PP_SPSC, 3, PULL, PP_AT_pull_claimed, false);
	set_up(4, PP_MPMC, 0, PUSH, PP_AT_meet_locked, false);
	set_up(5, PP_MPMC, 0, PUSH, PP_AT_meet_matched, true);
	for (i = 0; i < RINGS; i++)
		before[i] = ring_stats(&rings[i]);
	nap_us(SECONDS * 1000 * 1000);
	for (i = 0; i < RINGS; i++) {
		pp_stats now = ring_stats(&rings[i]);

		CHECK(now.push_parks == before[i].push_parks &&
		      now.pull_parks == before[i].pull_parks, "ring %u: woke up and slept again", i);
		look(&rings[i], victims[i]);
	}
	for (i = 0; i < RINGS; i++) {
		actor_thaw(victims[i]);
		ring_serve_all(&rings[i]);
		ring_finish(&rings[i]);
	}
	printf("patience: %d rings, each waited for %d s\n", RINGS, SECONDS);
	return 0;
}
