/* SPDX-License-Identifier: MIT */
/* What one side of a target can be: everything that is measured for one. */
#include "floor.h"
#include "goals.h"
#include "idle.h"
#include "latency.h"
#include "queues/queues.h"
#include "rounds.h"
#include "stats.h"
#include "twins.h"
#include "util.h"

#include <math.h>
#include <stdlib.h>

enum {
	ITEM_SIZE = 8,
	SLOW_ITEMS = 50,
	LONGER = 5,          /* a sample that counts sleeps           */
	TURNS = 40, TURN_LONGER = 10, /* a sample with sampling on and off */
	TWINS_LONGER = 4     /* and one of two rings                  */
};

static double blocked_seconds = 10;

bool arm_ready(struct arm *arm)
{
	static options o = { .reps = 1 };
	run_spec how = { .spec = { .capacity = arm->capacity, .producers = arm->threads,
		.consumers = arm->threads, .batch = arm->batch ? arm->batch : 1, .form = arm->form },
		.placement = arm->where };

	o.item_size = arm->item_size ? arm->item_size : ITEM_SIZE;
	o.min_time = arm->seconds;
	arm->point = point_as(&o, arm->queue, &how);
	if (!arm->point)
		return false;
	arm->point->run.spec.flags = arm->park ? PP_BENCH_PARK : 0;
	arm->point->depth = arm->depth;
	arm->point->may_be_cut = arm->may_be_cut;
	arm->point->run.turn_ns = arm->turns ? arm->seconds * 1e9 / arm->turns : 0;
	return true;
}

static double sample(struct arm *arm, run_result *result)
{
	if (!arm->point && !arm_ready(arm))
		give_up("%s cannot do capacity %zu", arm->queue->name, arm->capacity);
	point_sample(arm->point, result);
	if (!result->wrong)
		return rate_of(result);
	arm->wrong = text("%s", result->wrong);
	return NAN;
}

static void longer(struct arm *arm, int times)
{
	if (!arm->point)
		arm->seconds *= times;
}

double arm_rate(struct arm *arm)
{
	run_result result;

	return sample(arm, &result);
}

double arm_time(struct arm *arm)
{
	return 1e9 / arm_rate(arm);
}

double arm_switches(struct arm *arm)
{
	run_result result;

	sample(arm, &result);
	return (result.push_switches + result.pull_switches) / (double)result.items;
}

static double wakes_per(struct arm *arm, bool park)
{
	run_result r;
	double wakes, parks;

	longer(arm, LONGER);
	sample(arm, &r);
	wakes = (double)(r.counts.push_wakes + r.counts.pull_wakes);
	parks = (double)(r.counts.push_parks + r.counts.pull_parks);
	/* Not a number, if nobody slept. */
	return wakes / (park ? parks : r.push_switches + r.pull_switches - r.involuntary);
}

double arm_wakes_per_park(struct arm *arm)
{
	return wakes_per(arm, true);
}

/* The kernel counts a switch only if the sleeper was not woken before it was off its CPU. */
double arm_wakes_per_switch(struct arm *arm)
{
	return wakes_per(arm, false);
}

/* One sample gives both figures, whichever is asked for first. */
static double one_of(void (*both)(struct arm *arm, double ns[2]), struct arm *arm, int which)
{
	static double ns[2];
	static bool other_is_due;

	if (!other_is_due)
		both(arm, ns);
	other_is_due = !other_is_due;
	return ns[which];
}

/* The same queue and threads, in turns. */
static void sampling_in_turns(struct arm *arm, double ns[2])
{
	run_result result;
	int i;

	longer(arm, TURN_LONGER);
	arm->turns = TURNS;
	sample(arm, &result);
	for (i = 0; i < 2; i++)
		ns[i] = result.turn_count ? quantile(result.turns[i], result.turn_count, 0.5) : NAN;
	free(result.turns[0]);
	free(result.turns[1]);
}

double arm_sampled(struct arm *arm)
{
	return one_of(sampling_in_turns, arm, 0);
}

double arm_unsampled(struct arm *arm)
{
	return one_of(sampling_in_turns, arm, 1);
}

static pp_kind kind_of(const pp_bench_queue *queue)
{
	return queue == &queue_spsc ? PP_SPSC : PP_MPMC;
}

double arm_select(struct arm *arm)
{
	double ns;

	if (!arm->select) {
		arm->select = touched(sizeof(*arm->select));
		*arm->select = (select_run){ .load = arm->load, .kind = kind_of(arm->queue),
					     .item_size = ITEM_SIZE, .seconds = arm->seconds };
	}
	ns = select_ns(arm->select);
	if (arm->select->wrong)
		arm->wrong = text("select: %s", arm->select->wrong);
	return ns;
}

/* Two queues and the same threads, in turns. */
static void fds_in_turns(struct arm *arm, double ns[2])
{
	const bool spsc = kind_of(arm->queue) == PP_SPSC;
	const pp_bench_queue *const queues[2] = { spsc ? &queue_spsc_fds : &queue_mpmc_fds, arm->queue };
	const char *wrong = twins_measure(queues, arm->capacity, arm->alone,
					  arm->seconds * TWINS_LONGER, ns);

	if (wrong)
		arm->wrong = text("%s", wrong);
}

double arm_fds(struct arm *arm)
{
	return one_of(fds_in_turns, arm, 0);
}

double arm_no_fds(struct arm *arm)
{
	return one_of(fds_in_turns, arm, 1);
}

double arm_index_ring(struct arm *arm)
{
	return index_ring_rate(arm->batch);
}

double arm_line(struct arm *arm)
{
	(void)arm;
	return line_round_trip(1, 5);
}

double arm_ping_pong(struct arm *arm)
{
	run_result result;

	/* A rally waits for ever for an item that is lost: see first whether items come through. */
	if (!arm->point || arm->point->rate <= 0)
		sample(arm, &result);
	return arm->wrong ? NAN :
	       ping_pong_ns(arm->queue, arm->where, arm->park ? WAIT_PARKED : WAIT_AS_USUAL,
			    ITEM_SIZE, arm->seconds);
}

double arm_futex(struct arm *arm)
{
	return futex_round_trip(arm->where == PLACE_TWO);
}

double arm_constant(struct arm *arm)
{
	return arm->constant;
}

double arm_slow_consumer(struct arm *arm)
{
	return slow_consumer_share(arm->queue, arm->capacity, SLOW_ITEMS);
}

double arm_bare_waiter(struct arm *arm)
{
	return futex_waiter_share(SLOW_ITEMS - (unsigned)arm->capacity, GOALS_SLOW_MS * 1000000);
}

void arms_block_for(double seconds)
{
	blocked_seconds = seconds;
}

/* One 10 s wait of many threads serves all repetitions: each takes one thread. */
static blocked *blocked_all(void)
{
	static blocked waits[2 * ROUNDS + 2];
	static bool done;
	size_t i;

	for (i = 0; i < COUNT_OF(waits) && !done; i++)
		waits[i] = (blocked){ .queue = i % 4 < 2 ? &queue_spsc : &queue_mpmc,
				      .capacity = i % 3 == 0 ? 0 : i % 3 == 1 ? 1 : 1024, .pull = i % 2 };
	if (!done)
		blocked_measure(waits, COUNT_OF(waits), blocked_seconds);
	done = true;
	return waits;
}

double arm_blocked_cpu(struct arm *arm)
{
	return blocked_all()[arm->turn++ % (2 * ROUNDS)].cpu_ms;
}

double arm_blocked_switches(struct arm *arm)
{
	return blocked_all()[arm->turn++ % (2 * ROUNDS)].switches;
}
