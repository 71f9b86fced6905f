/* SPDX-License-Identifier: MIT */
#include "goals.h"

#include "queues/queues.h"
#include "util.h"

#include <pthread.h>
#include <stdlib.h>

/* ---- A producer whose consumer sleeps ------------------------------------------------ */

struct slow_run {
	const pp_bench_queue *queue;
	void *open;
	pp_bench_side push;
	double cpu_s, seconds;
};

static void *push_all(void *argument)
{
	struct slow_run *r = argument;
	int64_t start = now_ns(), cpu = thread_ns();

	r->queue->produce(r->open, &r->push);
	r->cpu_s = (double)(thread_ns() - cpu) / 1e9;
	r->seconds = (double)(now_ns() - start) / 1e9;
	r->queue->close(r->open);
	return NULL;
}

double slow_consumer_share(const pp_bench_queue *queue, size_t capacity, unsigned items)
{
	pp_bench_spec spec = { .size = sizeof(spec), .capacity = capacity, .item_size = 8,
			       .producers = 1, .consumers = 1, .batch = 1 };
	struct slow_run *r = touched(sizeof(*r));
	pp_bench_side pull;
	pthread_t producer;
	double share;

	r->queue = queue;
	if (queue->open(&r->open, &spec))
		give_up("%s cannot be opened", queue->name);
	side_plain(&r->push, r->open, &spec, items);
	side_plain(&pull, r->open, &spec, 1);
	if (pthread_create(&producer, NULL, push_all, r))
		give_up("cannot start a thread");
	do {
		sleep_ns(10000000);
		pull.left = 1;
		queue->consume(r->open, &pull);
	} while (!pull.left);
	pthread_join(producer, NULL);
	queue->destroy(r->open);
	share = r->cpu_s / r->seconds;
	free(r->push.items);
	free(pull.items);
	free(r);
	return share;
}

/* ---- The targets ------------------------------------------------------------------------ */

#define SPSC(n, ...) { .queue = &queue_spsc, .threads = 1, .capacity = (n), __VA_ARGS__ }
#define MPMC(t, n, ...) { .queue = &queue_mpmc, .threads = (t), .capacity = (n), __VA_ARGS__ }
#define RIVAL(t, n) { .measure = arm_rival, .threads = (t), .capacity = (n) }
#define ONE { .measure = arm_constant, .constant = 1 }
#define BARE_WAITER(n) { .measure = arm_bare_waiter, .capacity = (n) }
#define SAMPLED .form = PP_BENCH_TRY, .depth = true
#define TWO_SWITCHES(n) { .measure = arm_constant, .constant = 1.0 / (n) }

static struct goal list[] = {
	{ 1, "SPSC blocking vs rivals, capacity 8", true, 2, 3, true, false,
	  SPSC(8, .measure = arm_rate), RIVAL(1, 8) },
	{ 1, "SPSC blocking vs rivals, capacity 64", true, 5, 8, true, false,
	  SPSC(64, .measure = arm_rate), RIVAL(1, 64) },
	{ 1, "SPSC blocking vs rivals, capacity 1024", true, 5, 7, true, false,
	  SPSC(1024, .measure = arm_rate), RIVAL(1, 1024) },
	{ 1, "SPSC blocking vs rivals, capacity 65536", true, 5, 7, true, false,
	  SPSC(65536, .measure = arm_rate), RIVAL(1, 65536) },
	{ 4, "SPSC batches of 32, share of the index ring by 32", true, 0.6, 0.9, true, false,
	  SPSC(1024, .measure = arm_rate, .batch = 32), { .measure = arm_index_ring, .batch = 32 } },
	{ 6, "SPSC time of a blocking call vs a try", false, 1.05, 1, false, false,
	  SPSC(1024, .measure = arm_time),
	  SPSC(1024, .measure = arm_time, .form = PP_BENCH_TRY) },
	{ 6, "MPMC time of a blocking call vs a try", false, 1.05, 1, false, false,
	  MPMC(1, 1024, .measure = arm_time),
	  MPMC(1, 1024, .measure = arm_time, .form = PP_BENCH_TRY) },
	{ 8, "MPMC 2P2C blocking vs rivals, capacity 8", true, 1.2, 3, true, false,
	  MPMC(2, 8, .measure = arm_rate), RIVAL(2, 8) },
	{ 8, "MPMC 2P2C blocking vs rivals, capacity 1024", true, 1.2, 2, true, false,
	  MPMC(2, 1024, .measure = arm_rate), RIVAL(2, 1024) },
	{ 8, "MPMC 4P4C blocking vs rivals, capacity 8", true, 1.2, 3, true, false,
	  MPMC(4, 8, .measure = arm_rate), RIVAL(4, 8) },
	{ 8, "MPMC 4P4C blocking vs rivals, capacity 1024", true, 1.2, 2, true, false,
	  MPMC(4, 1024, .measure = arm_rate), RIVAL(4, 1024) },
	{ 11, "MPMC 16P16C vs 1P1C, capacity 1024", true, 0.4, 0.8, false, false,
	  MPMC(16, 1024, .measure = arm_rate), MPMC(1, 1024, .measure = arm_rate) },
	{ 12, "SPSC time per item on one CPU vs two, capacity 1024", false, 3, 1.2, false, false,
	  SPSC(1024, .measure = arm_time, .where = PLACE_ONE), SPSC(1024, .measure = arm_time) },
	{ 12, "MPMC time per item on one CPU vs two, capacity 1024", false, 3, 1.2, false, false,
	  MPMC(1, 1024, .measure = arm_time, .where = PLACE_ONE),
	  MPMC(1, 1024, .measure = arm_time) },
	{ 12, "SPSC switches per item on one CPU, times 1024", false, 2.2, 2, false, false,
	  SPSC(1024, .measure = arm_switches, .where = PLACE_ONE), TWO_SWITCHES(1024) },
	{ 12, "MPMC switches per item on one CPU, times 1024", false, 2.2, 2, false, false,
	  MPMC(1, 1024, .measure = arm_switches, .where = PLACE_ONE), TWO_SWITCHES(1024) },
	{ 13, "SPSC rendezvous, time vs a line round trip", false, 2, 1.1, false, false,
	  SPSC(0, .measure = arm_time), { .measure = arm_line } },
	{ 13, "MPMC rendezvous 1P1C, time vs a line round trip", false, 2, 1.1, false, false,
	  MPMC(1, 0, .measure = arm_time), { .measure = arm_line } },
	{ 13, "SPSC rendezvous vs the mutex ring at capacity 1", true, 2.5, 5, true, false,
	  SPSC(0, .measure = arm_rate),
	  { .measure = arm_rate, .queue = &queue_mutex, .threads = 1, .capacity = 1 } },
	{ 16, "ping-pong parked vs futex, two CPUs", false, 1.25, 1.05, false, false,
	  SPSC(1, .measure = arm_ping_pong, .park = true), { .measure = arm_futex } },
	{ 16, "ping-pong parked vs futex, one CPU", false, 1.25, 1.05, false, false,
	  SPSC(1, .measure = arm_ping_pong, .park = true, .where = PLACE_ONE),
	  { .measure = arm_futex, .where = PLACE_ONE } },
	{ 17, "a blocked thread: ms of CPU in 10 s", false, 1, 0.2, false, false,
	  { .measure = arm_blocked_cpu }, ONE },
	{ 17, "a blocked thread: context switches in 10 s", false, 2, 1, false, false,
	  { .measure = arm_blocked_switches }, ONE },
	{ 18, "producer's CPU share, consumer of 10 ms per item, SPSC", false, 0.001, 0.0002, false, true,
	  SPSC(8, .measure = arm_slow_consumer), BARE_WAITER(8) },
	{ 18, "producer's CPU share, consumer of 10 ms per item, MPMC", false, 0.001, 0.0002, false, true,
	  MPMC(1, 8, .measure = arm_slow_consumer), BARE_WAITER(8) },
	{ 20, "wake calls per park, SPSC that parks at once, capacity 8", false, 1.05, 1, false, false,
	  SPSC(8, .measure = arm_wakes_per_park, .park = true), ONE },
	{ 20, "wake calls per park, MPMC 2P2C that parks at once, capacity 8", false, 1.05, 1, false, false,
	  MPMC(2, 8, .measure = arm_wakes_per_park, .park = true), ONE },
	{ 20, "wake calls per voluntary switch, SPSC, likewise", false, 1.05, 1, false, false,
	  SPSC(8, .measure = arm_wakes_per_switch, .park = true), ONE },
	{ 20, "wake calls per voluntary switch, MPMC 2P2C, likewise", false, 1.05, 1, false, false,
	  MPMC(2, 8, .measure = arm_wakes_per_switch, .park = true), ONE },
	{ 26, "time with the depth sampled vs not, SPSC try, capacity 1024", false, 1.02, 1.005, false, false,
	  SPSC(1024, SAMPLED, .measure = arm_sampled), SPSC(1024, SAMPLED, .measure = arm_unsampled) },
	{ 26, "time with the depth sampled vs not, MPMC try, capacity 1024", false, 1.02, 1.005, false, false,
	  MPMC(1, 1024, SAMPLED, .measure = arm_sampled),
	  MPMC(1, 1024, SAMPLED, .measure = arm_unsampled) },
};

struct goal *goals_list(size_t *count)
{
	*count = COUNT_OF(list);
	return list;
}
