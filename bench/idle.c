/* SPDX-License-Identifier: MIT */
#include "idle.h"

#include "commands.h"
#include "engine.h"
#include "gbench.h"
#include "point.h"
#include "progress.h"
#include "queues/queues.h"
#include "results.h"
#include "util.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>


enum { CASES_MAX = 4 * LIST_MAX, ITEM = 8, SPIN_SECONDS = 1 /* are enough to see */ };

struct sleeper {
	blocked       *out;
	pp_bench_spec  spec;
	void          *queue;
	pp_bench_side  side;
	pthread_t      thread;
	_Atomic pid_t  tid;
	_Atomic bool   returned;
};

static void *fall_asleep(void *argument)
{
	struct sleeper *s = argument;

	atomic_store(&s->tid, gettid());
	if (s->out->pull)
		s->out->queue->consume(s->queue, &s->side);
	else
		s->out->queue->produce(s->queue, &s->side);
	atomic_store(&s->returned, true);
	return NULL;
}

/* Both kinds of context switch of one thread. */
static double switches_of(pid_t tid)
{
	char *path = text("/proc/self/task/%d/status", tid), line[256];
	FILE *file = fopen(path, "re");
	double sum = 0, n;

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "voluntary_ctxt_switches: %lf", &n) == 1 ||
		    sscanf(line, "nonvoluntary_ctxt_switches: %lf", &n) == 1)
			sum += n;
	}
	if (file)
		fclose(file);
	free(path);
	return sum;
}

static double cpu_ms_of(pthread_t thread)
{
	struct timespec used = { 0 };
	clockid_t clock;

	if (!pthread_getcpuclockid(thread, &clock))
		clock_gettime(clock, &used);
	return (double)used.tv_sec * 1e3 + (double)used.tv_nsec / 1e6;
}

static bool start(struct sleeper *s, blocked *out)
{
	s->out = out;
	s->spec = (pp_bench_spec){ .size = sizeof(s->spec), .capacity = out->capacity, .item_size = ITEM,
				   .producers = 1, .consumers = 1, .batch = 1 };
	if (out->queue->open(&s->queue, &s->spec))
		return false;
	/* One item more than it holds. */
	side_plain(&s->side, s->queue, &s->spec, out->pull ? 1 :
		   capacity_of(out->queue, s->queue, &s->spec) + 1);
	if (pthread_create(&s->thread, NULL, fall_asleep, s))
		give_up("cannot start a thread");
	return true;
}

/* Let go of the thread: close what it pulls from, pull what it could not push. */
static void finish(struct sleeper *s)
{
	const pp_bench_queue *queue = s->out->queue;
	pp_bench_side rest;

	if (s->out->pull) {
		queue->close(s->queue);
	} else {
		side_plain(&rest, s->queue, &s->spec, s->side.left);
		queue->consume(s->queue, &rest);
		free(rest.items);
	}
	pthread_join(s->thread, NULL);
	if (!s->out->pull)
		queue->close(s->queue);
	queue->destroy(s->queue);
	free(s->side.items);
}

void blocked_measure(blocked *all, size_t count, double seconds)
{
	struct sleeper *sleepers = touched(count * sizeof(*sleepers));
	int64_t begin = now_ns();
	size_t i;

	for (i = 0; i < count; i++)
		if (!start(&sleepers[i], &all[i]))
			sleepers[i].out = NULL;
	sleep_ns((int64_t)(seconds * 1e9));
	for (i = 0; i < count; i++) {
		struct sleeper *s = &sleepers[i];

		if (!s->out)
			continue;
		all[i].seconds = (double)(now_ns() - begin) / 1e9;
		all[i].returned = atomic_load(&s->returned);
		if (!all[i].returned) {
			all[i].cpu_ms = cpu_ms_of(s->thread);
			all[i].switches = switches_of(atomic_load(&s->tid));
		}
	}
	for (i = 0; i < count; i++)
		if (sleepers[i].out)
			finish(&sleepers[i]);
	free(sleepers);
}

/* ---- The subcommand ---------------------------------------------------------- */

static blocked cases[CASES_MAX];
static size_t case_count;
static double wait_seconds;
static size_t measured; /* of the cases, from the first on */

static bool sleeps(const blocked *b)
{
	return b->queue->guarantees & PP_BENCH_BLOCKS;
}

/* Who sleeps may do so beside the others; who spins has the machine for itself. */
static size_t together(void)
{
	size_t n = measured;

	while (n < case_count && sleeps(&cases[n]))
		n++;
	return n > measured ? n - measured : 1;
}

static void measure_until(const blocked *b)
{
	while (b >= cases + measured && !interrupted) {
		bool alone = !sleeps(&cases[measured]);
		size_t n = together();

		blocked_measure(&cases[measured], n, alone && wait_seconds > SPIN_SECONDS ?
				SPIN_SECONDS : wait_seconds);
		measured += n;
	}
}

static void body(gb_state *state, void *context)
{
	blocked *b = context;

	measure_until(b);
	progress_step("idle");
	if (!b->seconds || b->returned) {
		gb_skip(state, b->returned ? "did not block" : "not measured");
		return;
	}
	queue_label(state, b->queue);
	gb_time(state, b->cpu_ms / 1e3);
	gb_count(state, "cpu_ms", b->cpu_ms);
	gb_count(state, "switches", b->switches);
	gb_count(state, "blocked_s", b->seconds);
	gb_count(state, "capacity", (double)b->capacity);
}

static void add(const pp_bench_queue *queue, size_t capacity, bool pull)
{
	char *name;

	if (case_count == CASES_MAX || (!pull && !(queue->guarantees & PP_BENCH_BOUNDED)) ||
	    (!capacity && !(queue->guarantees & PP_BENCH_RENDEZVOUS)))
		return;
	cases[case_count] = (blocked){ .queue = queue, .capacity = capacity, .pull = pull };
	name = text("idle/queue:%s/capacity:%zu/side:%s", queue->name, capacity, pull ? "pull" : "push");
	gb_register(name, body, &cases[case_count++], 1);
	free(name);
}

static void register_queue(const pp_bench_queue *queue)
{
	add(queue, 0, true);
	add(queue, 0, false);
	add(queue, 1024, true);
	add(queue, 1024, false);
}

void idle_register(double seconds)
{
	unsigned i;

	wait_seconds = seconds;
	for (i = 0; queue_at(i); i++)
		register_queue(queue_at(i));
}

void idle_show(void)
{
	size_t i;

	say("\nBlocked threads\n");
	for (i = 0; i < measured; i++) {
		const blocked *b = &cases[i];
		const char *side = b->pull ? "pull" : "push";

		if (!b->seconds)
			continue; /* it could not be opened */
		if (b->returned)
			say("  %-22s capacity %4zu, %s: did not block\n", b->queue->name,
			    b->capacity, side);
		else
			say("  %-22s capacity %4zu, %s: %9.3f ms of CPU in %4.1f s, %3.0f "
			    "context switches\n", b->queue->name, b->capacity, side, b->cpu_ms,
			    b->seconds, b->switches);
	}
}

int command_idle(options *o)
{
	size_t i;

	results_open(o);
	wait_seconds = o->idle_time > 0 ? o->idle_time : o->quick ? 1 : 10;
	if (o->queue_count)
		for (i = 0; i < o->queue_count; i++)
			register_queue(o->queues[i]);
	else
		idle_register(wait_seconds);
	results_run(NULL, NULL);
	idle_show();
	results_close(o);
	return EXIT_SUCCESS;
}
