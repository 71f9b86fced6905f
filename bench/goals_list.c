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

#define TARGET(number, of, direction, a, b)                                      \
	.row = (number), .what = (of), .at_least = (direction), .must = (a), .goal = (b)
#define AT_LEAST true
#define AT_MOST  false
#define RATE .measure = arm_rate
#define TIME .measure = arm_time
#define SPSC(n, ...) { .queue = &queue_spsc, .threads = 1, .capacity = (n), __VA_ARGS__ }
#define TYPED(n, ...) { .queue = &queue_typed, .threads = 1, .capacity = (n), __VA_ARGS__ }
#define MPMC(t, n, ...) { .queue = &queue_mpmc, .threads = (t), .capacity = (n), __VA_ARGS__ }
#define SHARED(t, n, ...) \
	{ .queue = &queue_typed_mpmc, .threads = (t), .capacity = (n), __VA_ARGS__ }
#define TRY .form = PP_BENCH_TRY
#define LINE { .measure = arm_line }
#define INDEX_RING(n) { .measure = arm_index_ring, .batch = (n) }
#define ONE { .measure = arm_constant, .constant = 1 }
#define BARE_WAITER(n) { .measure = arm_bare_waiter, .capacity = (n) }
#define SAMPLED TRY, .depth = true
#define CHOOSE(kind, of) { .queue = &queue_##kind, .measure = arm_select, .load = (of) }
#define FDS(kind, n, one) \
	.a = { .queue = &queue_##kind, .measure = arm_fds, .capacity = (n), .alone = (one) }, \
	.b = { .queue = &queue_##kind, .measure = arm_no_fds, .capacity = (n), .alone = (one) }
#define ALONE   true
#define BY_TWO  false
/* An interval of equals ends above 1: this is 1.00, to two decimals.  Two threads cannot tell
 * that well. */
#define EQUAL 1.005
#define NEARLY_EQUAL 1.02
#define TWO_SWITCHES(n) { .measure = arm_constant, .constant = 1.0 / (n) }

/* Row 19, steady state, is a test of the system calls and not here. */
static struct goal list[] = {
	{ TARGET(1, "SPSC blocking vs rivals, capacity 8", AT_LEAST, 2, 3),
	  .against = BLOCKING_QUEUES, .a = SPSC(8, RATE) },
	{ TARGET(1, "SPSC blocking vs rivals, capacity 64", AT_LEAST, 5, 8),
	  .against = BLOCKING_QUEUES, .a = SPSC(64, RATE) },
	{ TARGET(1, "SPSC blocking vs rivals, capacity 1024", AT_LEAST, 5, 7),
	  .against = BLOCKING_QUEUES, .a = SPSC(1024, RATE) },
	{ TARGET(1, "SPSC blocking vs rivals, capacity 65536", AT_LEAST, 5, 7),
	  .against = BLOCKING_QUEUES, .a = SPSC(65536, RATE) },
	{ TARGET(2, "SPSC inlined, blocking vs rivals' tries, capacity 64", AT_LEAST, 1, 1.5),
	  .against = TRYING_QUEUES, .a = TYPED(64, RATE) },
	{ TARGET(2, "SPSC inlined, blocking vs rivals' tries, capacity 1024", AT_LEAST, 1, 1.5),
	  .against = TRYING_QUEUES, .a = TYPED(1024, RATE) },
	{ TARGET(2, "SPSC inlined, blocking vs rivals' tries, capacity 65536", AT_LEAST, 1, 1.5),
	  .against = TRYING_QUEUES, .a = TYPED(65536, RATE) },
	{ TARGET(3, "SPSC inlined, share of the index ring, capacity 1024", AT_LEAST, 0.45, 0.75),
	  .a = TYPED(1024, RATE), .b = INDEX_RING(1) },
	{ TARGET(4, "SPSC batches of 32, share of the index ring by 32", AT_LEAST, 0.6, 0.9),
	  .a = SPSC(1024, RATE, .batch = 32), .b = INDEX_RING(32) },
	{ TARGET(4, "SPSC batches of 32 vs rte_ring SP-SC, capacity 1024", AT_LEAST, 3, 5),
	  .against = ONE_QUEUE, .a = SPSC(1024, RATE, .batch = 32), .rival = "rte_ring_sp_sc" },
	{ TARGET(5, "SPSC inlined, items of 64 bytes vs rivals' tries", AT_LEAST, 1, 1.5),
	  .against = TRYING_QUEUES, .a = TYPED(1024, RATE, .item_size = 64) },
	{ TARGET(6, "SPSC time of a blocking call vs a try", AT_MOST, 1.05, 1),
	  .a = SPSC(1024, TIME), .b = SPSC(1024, TIME, TRY) },
	{ TARGET(6, "MPMC time of a blocking call vs a try", AT_MOST, 1.05, 1),
	  .a = MPMC(1, 1024, TIME), .b = MPMC(1, 1024, TIME, TRY) },
	{ TARGET(7, "MPMC inlined, 1P1C blocking vs rivals, capacity 1", AT_LEAST, 1.2, 2),
	  .against = BLOCKING_QUEUES, .a = SHARED(1, 1, RATE) },
	{ TARGET(7, "MPMC inlined, 1P1C blocking vs rivals, capacity 8", AT_LEAST, 1.5, 2.5),
	  .against = BLOCKING_QUEUES, .a = SHARED(1, 8, RATE) },
	{ TARGET(7, "MPMC inlined, 1P1C blocking vs rivals, capacity 64", AT_LEAST, 1.5, 2.5),
	  .against = BLOCKING_QUEUES, .a = SHARED(1, 64, RATE) },
	{ TARGET(7, "MPMC inlined, 1P1C blocking vs rivals, capacity 1024", AT_LEAST, 1.2, 2),
	  .against = BLOCKING_QUEUES, .a = SHARED(1, 1024, RATE) },
	{ TARGET(8, "MPMC 2P2C blocking vs rivals, capacity 8", AT_LEAST, 1.2, 3),
	  .against = BLOCKING_QUEUES, .a = MPMC(2, 8, RATE) },
	{ TARGET(8, "MPMC 2P2C blocking vs rivals, capacity 1024", AT_LEAST, 1.2, 2),
	  .against = BLOCKING_QUEUES, .a = MPMC(2, 1024, RATE) },
	{ TARGET(8, "MPMC 4P4C blocking vs rivals, capacity 8", AT_LEAST, 1.2, 3),
	  .against = BLOCKING_QUEUES, .a = MPMC(4, 8, RATE) },
	{ TARGET(8, "MPMC 4P4C blocking vs rivals, capacity 1024", AT_LEAST, 1.2, 2),
	  .against = BLOCKING_QUEUES, .a = MPMC(4, 1024, RATE) },
	{ TARGET(9, "MPMC inlined, 1P1C tries vs rivals' tries, capacity 1024", AT_LEAST, 1, 1.3),
	  .against = TRYING_QUEUES, .a = SHARED(1, 1024, RATE, TRY) },
	{ TARGET(9, "MPMC inlined, 2P2C tries vs rivals' tries, capacity 1024", AT_LEAST, 1, 1.3),
	  .against = TRYING_QUEUES, .a = SHARED(2, 1024, RATE, TRY) },
	{ TARGET(9, "MPMC inlined, 4P4C tries vs rivals' tries, capacity 1024", AT_LEAST, 1, 1.3),
	  .against = TRYING_QUEUES, .a = SHARED(4, 1024, RATE, TRY) },
	{ TARGET(10, "MPMC 1P1C batches of 32 vs rte_ring HTS, capacity 1024", AT_LEAST, 1, 1.5),
	  .against = ONE_QUEUE, .a = MPMC(1, 1024, RATE, .batch = 32), .rival = "rte_ring_hts" },
	{ TARGET(10, "MPMC 2P2C batches of 32 vs rte_ring HTS, capacity 1024", AT_LEAST, 1, 1.5),
	  .against = ONE_QUEUE, .a = MPMC(2, 1024, RATE, .batch = 32), .rival = "rte_ring_hts" },
	{ TARGET(11, "MPMC 16P16C vs 1P1C, capacity 1024", AT_LEAST, 0.4, 0.8),
	  .a = MPMC(16, 1024, RATE), .b = MPMC(1, 1024, RATE) },
	{ TARGET(12, "SPSC time per item on one CPU vs two, capacity 1024", AT_MOST, 3, 1.2),
	  .a = SPSC(1024, TIME, .where = PLACE_ONE), .b = SPSC(1024, TIME) },
	{ TARGET(12, "MPMC time per item on one CPU vs two, capacity 1024", AT_MOST, 3, 1.2),
	  .a = MPMC(1, 1024, TIME, .where = PLACE_ONE), .b = MPMC(1, 1024, TIME) },
	{ TARGET(12, "SPSC switches per item on one CPU, times 1024", AT_MOST, 2.2, 2),
	  .a = SPSC(1024, .measure = arm_switches, .where = PLACE_ONE), .b = TWO_SWITCHES(1024) },
	{ TARGET(12, "MPMC switches per item on one CPU, times 1024", AT_MOST, 2.2, 2),
	  .a = MPMC(1, 1024, .measure = arm_switches, .where = PLACE_ONE),
	  .b = TWO_SWITCHES(1024) },
	{ TARGET(13, "SPSC rendezvous, time vs a line round trip", AT_MOST, 2, 1.1),
	  .a = SPSC(0, TIME), .b = LINE },
	{ TARGET(13, "MPMC rendezvous 1P1C, time vs a line round trip", AT_MOST, 2, 1.1),
	  .a = MPMC(1, 0, TIME), .b = LINE },
	{ TARGET(13, "SPSC rendezvous vs rivals, the mutex ring at capacity 1", AT_LEAST, 2.5, 5),
	  .against = BLOCKING_QUEUES, .a = SPSC(0, RATE) },
	{ TARGET(14, "MPMC rendezvous 4P4C vs rivals, the mutex ring at 1", AT_LEAST, 1.5, 3),
	  .against = BLOCKING_QUEUES, .a = MPMC(4, 0, RATE) },
	{ TARGET(15, "ping-pong SPSC inlined vs rivals, capacity 1", AT_MOST, 0.8, 0.5),
	  .against = BLOCKING_QUEUES, .a = TYPED(1, .measure = arm_ping_pong) },
	{ TARGET(15, "ping-pong MPMC inlined vs rivals, capacity 1", AT_MOST, 0.8, 0.5),
	  .against = BLOCKING_QUEUES, .a = SHARED(1, 1, .measure = arm_ping_pong) },
	{ TARGET(15, "ping-pong SPSC inlined vs a line round trip", AT_MOST, 2, 1.3),
	  .a = TYPED(1, .measure = arm_ping_pong), .b = LINE },
	{ TARGET(15, "ping-pong MPMC inlined vs a line round trip", AT_MOST, 2, 1.3),
	  .a = SHARED(1, 1, .measure = arm_ping_pong), .b = LINE },
	{ TARGET(16, "ping-pong parked vs futex, two CPUs", AT_MOST, 1.25, 1.05),
	  .a = SPSC(1, .measure = arm_ping_pong, .park = true), .b = { .measure = arm_futex } },
	{ TARGET(16, "ping-pong parked vs futex, one CPU", AT_MOST, 1.25, 1.05),
	  .a = SPSC(1, .measure = arm_ping_pong, .park = true, .where = PLACE_ONE),
	  .b = { .measure = arm_futex, .where = PLACE_ONE } },
	{ TARGET(17, "a blocked thread: ms of CPU in 10 s", AT_MOST, 1, 0.2),
	  .a = { .measure = arm_blocked_cpu }, .b = ONE },
	{ TARGET(17, "a blocked thread: context switches in 10 s", AT_MOST, 2, 1),
	  .a = { .measure = arm_blocked_switches }, .b = ONE },
	{ TARGET(18, "producer's CPU share, consumer of 10 ms per item, SPSC", AT_MOST, 0.001, 0.0002),
	  .a = SPSC(8, .measure = arm_slow_consumer), .b = BARE_WAITER(8), .of_a = true },
	{ TARGET(18, "producer's CPU share, consumer of 10 ms per item, MPMC", AT_MOST, 0.001, 0.0002),
	  .a = MPMC(1, 8, .measure = arm_slow_consumer), .b = BARE_WAITER(8), .of_a = true },
	{ TARGET(20, "wake calls per park, SPSC that parks at once, capacity 8", AT_MOST, 1.05, 1),
	  .a = SPSC(8, .measure = arm_wakes_per_park, .park = true), .b = ONE },
	{ TARGET(20, "wake calls per park, MPMC 2P2C that parks at once, capacity 8", AT_MOST, 1.05, 1),
	  .a = MPMC(2, 8, .measure = arm_wakes_per_park, .park = true), .b = ONE },
	{ TARGET(20, "wake calls per voluntary switch, SPSC, likewise", AT_MOST, 1.05, 1),
	  .a = SPSC(8, .measure = arm_wakes_per_switch, .park = true), .b = ONE },
	{ TARGET(20, "wake calls per voluntary switch, MPMC 2P2C, likewise", AT_MOST, 1.05, 1),
	  .a = MPMC(2, 8, .measure = arm_wakes_per_switch, .park = true), .b = ONE },
	{ TARGET(21, "SPSC over capacities, worst after the peak", AT_LEAST, 0.8, 0.95),
	  .against = ITSELF, .a = SPSC(0, RATE) },
	{ TARGET(21, "MPMC 1P1C over capacities, worst after the peak", AT_LEAST, 0.8, 0.95),
	  .against = ITSELF, .a = MPMC(1, 0, RATE) },
	{ TARGET(21, "MPMC 2P2C over capacities, worst after the peak", AT_LEAST, 0.8, 0.95),
	  .against = ITSELF, .a = MPMC(2, 0, RATE) },
	{ TARGET(22, "SPSC select of 4 ready rings vs a plain pull of each", AT_MOST, 4, 2),
	  .a = CHOOSE(spsc, SELECT_READY), .b = CHOOSE(spsc, SELECT_BY_PULLS) },
	{ TARGET(22, "SPSC the same, ordered, vs a plain pull of the first", AT_MOST, 4, 2),
	  .a = CHOOSE(spsc, SELECT_ORDERED), .b = CHOOSE(spsc, SELECT_BY_FIRST) },
	{ TARGET(22, "MPMC select of 4 ready rings vs a plain pull of each", AT_MOST, 4, 2),
	  .a = CHOOSE(mpmc, SELECT_READY), .b = CHOOSE(mpmc, SELECT_BY_PULLS) },
	{ TARGET(22, "MPMC the same, ordered, vs a plain pull of the first", AT_MOST, 4, 2),
	  .a = CHOOSE(mpmc, SELECT_ORDERED), .b = CHOOSE(mpmc, SELECT_BY_FIRST) },
	{ TARGET(23, "SPSC with fds not armed vs without, one thread, 64", AT_MOST, EQUAL, EQUAL),
	  FDS(spsc, 64, ALONE) },
	{ TARGET(23, "SPSC with fds not armed vs without, one thread, 1024", AT_MOST, EQUAL, EQUAL),
	  FDS(spsc, 1024, ALONE) },
	{ TARGET(23, "MPMC with fds not armed vs without, one thread, 64", AT_MOST, EQUAL, EQUAL),
	  FDS(mpmc, 64, ALONE) },
	{ TARGET(23, "MPMC with fds not armed vs without, one thread, 1024", AT_MOST, EQUAL, EQUAL),
	  FDS(mpmc, 1024, ALONE) },
	{ TARGET(23, "SPSC with fds not armed vs without, 1P1C, 64", AT_MOST, NEARLY_EQUAL, EQUAL),
	  FDS(spsc, 64, BY_TWO) },
	{ TARGET(23, "SPSC with fds not armed vs without, 1P1C, 1024", AT_MOST, NEARLY_EQUAL, EQUAL),
	  FDS(spsc, 1024, BY_TWO) },
	{ TARGET(23, "MPMC with fds not armed vs without, 1P1C, 64", AT_MOST, NEARLY_EQUAL, EQUAL),
	  FDS(mpmc, 64, BY_TWO) },
	{ TARGET(23, "MPMC with fds not armed vs without, 1P1C, 1024", AT_MOST, NEARLY_EQUAL, EQUAL),
	  FDS(mpmc, 1024, BY_TWO) },
	{ TARGET(26, "time with the depth sampled vs not, SPSC try, capacity 1024", AT_MOST, 1.02, 1.005),
	  .a = SPSC(1024, SAMPLED, .measure = arm_sampled),
	  .b = SPSC(1024, SAMPLED, .measure = arm_unsampled) },
	{ TARGET(26, "time with the depth sampled vs not, MPMC try, capacity 1024", AT_MOST, 1.02, 1.005),
	  .a = MPMC(1, 1024, SAMPLED, .measure = arm_sampled),
	  .b = MPMC(1, 1024, SAMPLED, .measure = arm_unsampled) },
};

struct goal *goals_list(size_t *count)
{
	*count = COUNT_OF(list);
	return list;
}
