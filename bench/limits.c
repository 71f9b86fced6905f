/* SPDX-License-Identifier: MIT */
#include "floor.h"

#include "commands.h"
#include "gbench.h"
#include "place.h"
#include "progress.h"
#include "results.h"
#include "stats.h"
#include "util.h"

#include <pushpull/bench.h>

#include <limits.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { RING = 1024, CLOCK_EVERY = 1 << 16, FUTEX_ROUNDS = 2000, REPS = 7, REPS_SHORT = 3 };
static const double ring_seconds = 0.1;

/* ---- A ring of nothing but two indices ------------------------------------- */

struct index_ring {
	_Alignas(128) _Atomic uint64_t head;
	_Alignas(128) _Atomic uint64_t tail;
	_Alignas(128) uint64_t slots[RING];
	_Atomic bool over;
	unsigned publish;
	uint64_t before, sum;
	double rate;
};

static void *ring_producer(void *argument)
{
	struct index_ring *r = argument;
	uint64_t at = 0, room = RING;

	place_on(place_cpu(0));
	while (!atomic_load_explicit(&r->over, memory_order_relaxed)) {
		unsigned i;

		while (at + r->publish > room) {
			room = atomic_load_explicit(&r->head, memory_order_acquire) + RING;
			if (atomic_load_explicit(&r->over, memory_order_relaxed))
				return NULL;
		}
		for (i = 0; i < r->publish; i++, at++)
			r->slots[at % RING] = at;
		atomic_store_explicit(&r->tail, at, memory_order_release);
	}
	return NULL;
}

/* The consumer looks at the clock itself: whoever else should stop two threads that never
 * sleep may not get a CPU. */
static void *ring_consumer(void *argument)
{
	struct index_ring *r = argument;
	uint64_t at = 0, there = 0, sum = 0, due = CLOCK_EVERY;
	int64_t start = 0, now = 0;

	place_on(place_cpu(1));
	for (;;) {
		unsigned i;

		while (at + r->publish > there)
			there = atomic_load_explicit(&r->tail, memory_order_acquire);
		for (i = 0; i < r->publish; i++, at++)
			sum += r->slots[at % RING];
		atomic_store_explicit(&r->head, at, memory_order_release);
		if (at < due)
			continue;
		due = at + CLOCK_EVERY;
		now = now_ns();
		if (!start) {
			start = now;
			r->before = at;
		} else if (now - start > (int64_t)(ring_seconds * 1e9)) {
			break;
		}
	}
	atomic_store(&r->over, true);
	r->rate = (double)(at - r->before) / ((double)(now - start) / 1e9);
	r->sum = sum; /* so that the items are really read */
	return NULL;
}

double index_ring_rate(unsigned publish)
{
	struct index_ring *r = touched(sizeof(*r));
	pthread_t producer, consumer;
	double rate;

	r->publish = publish;
	if (pthread_create(&producer, NULL, ring_producer, r) ||
	    pthread_create(&consumer, NULL, ring_consumer, r))
		give_up("cannot start a thread");
	pthread_join(consumer, NULL);
	pthread_join(producer, NULL);
	rate = r->rate;
	free(r);
	return rate;
}

/* ---- Futex ----------------------------------------------------------------- */

struct futex_court {
	_Alignas(128) _Atomic uint32_t ball;
	int two_cpus;
	int64_t took;
};

static void futex(_Atomic uint32_t *word, int operation, uint32_t value)
{
	syscall(SYS_futex, word, operation | FUTEX_PRIVATE_FLAG, value, NULL, NULL, 0);
}

/* The ball goes 0, 1, 0 ...: each side waits for its value and sends the other. */
static void futex_play(struct futex_court *court, uint32_t mine)
{
	int i;

	for (i = 0; i < FUTEX_ROUNDS; i++) {
		while (atomic_load(&court->ball) != mine)
			futex(&court->ball, FUTEX_WAIT, !mine);
		atomic_store(&court->ball, !mine);
		futex(&court->ball, FUTEX_WAKE, 1);
	}
}

static void *futex_other(void *argument)
{
	struct futex_court *court = argument;

	place_on(place_cpu(court->two_cpus));
	futex_play(court, 1);
	return NULL;
}

static void *futex_server(void *argument)
{
	struct futex_court *court = argument;
	int64_t start;

	place_on(place_cpu(0));
	start = now_ns();
	futex_play(court, 0);
	court->took = now_ns() - start;
	return NULL;
}

double futex_round_trip(int two_cpus)
{
	struct futex_court *court = touched(sizeof(*court));
	pthread_t one, other;
	double ns;

	court->two_cpus = two_cpus;
	if (pthread_create(&other, NULL, futex_other, court) ||
	    pthread_create(&one, NULL, futex_server, court))
		give_up("cannot start a thread");
	pthread_join(one, NULL);
	pthread_join(other, NULL);
	ns = (double)court->took / FUTEX_ROUNDS;
	free(court);
	return ns;
}

/* ---- A thread that is woken now and then ------------------------------------- */

struct waiter {
	_Atomic uint32_t bell;
	unsigned wakes;
	double   share;
};

static void *wait_for_bells(void *argument)
{
	struct waiter *w = argument;
	int64_t start = now_ns(), cpu = thread_ns();
	uint32_t i;

	for (i = 0; i < w->wakes; i++)
		while (atomic_load(&w->bell) == i)
			futex(&w->bell, FUTEX_WAIT, i);
	w->share = (double)(thread_ns() - cpu) / (double)(now_ns() - start);
	return NULL;
}

double futex_waiter_share(unsigned wakes, long every_ns)
{
	struct waiter *w = touched(sizeof(*w));
	pthread_t thread;
	double share;
	unsigned i;

	w->wakes = wakes;
	if (pthread_create(&thread, NULL, wait_for_bells, w))
		give_up("cannot start a thread");
	for (i = 0; i < wakes; i++) {
		sleep_ns(every_ns);
		atomic_fetch_add(&w->bell, 1);
		futex(&w->bell, FUTEX_WAKE, 1);
	}
	pthread_join(thread, NULL);
	share = w->share;
	free(w);
	return share;
}

/* ---- Single steps ----------------------------------------------------------- */

static _Atomic uint64_t word;
static _Atomic uint32_t futex_word;

static void step_fence(void)
{
	atomic_store_explicit(&word, 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
}

static void step_wake(void)
{
	futex(&futex_word, FUTEX_WAKE, 1);
}

static void step_membarrier(void)
{
	syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
}

static void step_syscall(void)
{
	syscall(SYS_getppid);
}

static void step_clock(void)
{
	(void)now_ns();
}

static double each(void (*step)(void), int rounds)
{
	int64_t start = now_ns();
	int i;

	for (i = 0; i < rounds; i++)
		step();
	return (double)(now_ns() - start) / rounds;
}

static double fence(void)   { return each(step_fence, 1000000); }
static double wake(void)    { return each(step_wake, 100000); }
static double plain_call(void) { return each(step_syscall, 100000); }
static double clock_read(void) { return each(step_clock, 1000000); }
static double pause_one(void)  { return each(pp_bench_pause, 1000000); }

static double membarrier_idle(void)
{
	syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
	return each(step_membarrier, 10000);
}

static void *keep_busy(void *over)
{
	place_on(place_cpu(1));
	while (!atomic_load((_Atomic bool *)over))
		pp_bench_pause();
	return NULL;
}

/* With a thread of ours on the other CPU, which must be interrupted. */
static double membarrier_busy(void)
{
	static _Atomic bool over;
	pthread_t thread;
	double ns;

	atomic_store(&over, false);
	if (pthread_create(&thread, NULL, keep_busy, &over))
		give_up("cannot start a thread");
	place_on(place_cpu(0));
	sleep_ns(1000000);
	ns = membarrier_idle();
	atomic_store(&over, true);
	pthread_join(thread, NULL);
	place_anywhere();
	return ns;
}

static double line_one(void)    { return line_round_trip(1, 20); }
static double line_two(void)    { return line_round_trip(2, 20); }
static double ring_one(void)    { return 1e9 / index_ring_rate(1); }
static double ring_eight(void)  { return 1e9 / index_ring_rate(8); }
static double ring_many(void)   { return 1e9 / index_ring_rate(32); }
static double futex_two(void)   { return futex_round_trip(1); }
static double futex_one(void)   { return futex_round_trip(0); }

static struct limit {
	const char *name, *what;
	double (*measure)(void);
	bool    two_cpus;
	double  ns[REPS];
	int     count;
} limits[] = {
	{ .name = "line_one", .what = "line round trip, one line", .measure = line_one, .two_cpus = true },
	{ .name = "line_two", .what = "line round trip, two lines", .measure = line_two, .two_cpus = true },
	{ .name = "index_ring_1", .what = "plain index ring, published per item", .measure = ring_one,
	  .two_cpus = true },
	{ .name = "index_ring_8", .what = "the same, per 8 items", .measure = ring_eight, .two_cpus = true },
	{ .name = "index_ring_32", .what = "the same, per 32 items", .measure = ring_many, .two_cpus = true },
	{ .name = "futex_two_cpus", .what = "futex round trip, two CPUs", .measure = futex_two,
	  .two_cpus = true },
	{ .name = "futex_one_cpu", .what = "futex round trip, one CPU", .measure = futex_one },
	{ .name = "fence", .what = "store and fence", .measure = fence },
	{ .name = "futex_wake_empty", .what = "futex wake, nobody there", .measure = wake },
	{ .name = "membarrier_idle", .what = "membarrier, other CPU idle", .measure = membarrier_idle },
	{ .name = "membarrier_busy", .what = "membarrier, other CPU busy", .measure = membarrier_busy,
	  .two_cpus = true },
	{ .name = "syscall", .what = "system call", .measure = plain_call },
	{ .name = "clock", .what = "clock_gettime", .measure = clock_read },
	{ .name = "pause", .what = "pause", .measure = pause_one },
};

static void body(gb_state *state, void *context)
{
	struct limit *l = context;
	double ns;

	if (interrupted) {
		gb_skip(state, "interrupted");
		return;
	}
	ns = l->measure();
	gb_time(state, ns / 1e9);
	gb_count(state, "line_ns", line_now());
	if (l->count < REPS)
		l->ns[l->count++] = ns;
	progress_step(l->name);
}

void limits_register(bool short_run)
{
	size_t i;

	for (i = 0; i < COUNT_OF(limits); i++) {
		char *name = text("limits/%s", limits[i].name);

		if (!limits[i].two_cpus || place_cpus() > 1)
			gb_register(name, body, &limits[i], short_run ? REPS_SHORT : REPS);
		free(name);
	}
}

void limits_show(void)
{
	size_t i;

	say("\nLimits of this machine (CPUs %d and %d)\n", place_cpu(0), place_cpu(1));
	for (i = 0; i < COUNT_OF(limits); i++) {
		spread s = spread_of(limits[i].ns, (size_t)limits[i].count);

		if (s.count)
			say("  %-40s %10.2f ns  %10.2f..%-10.2f %10.1f M/s\n", limits[i].what, s.median,
			    s.least, s.most, 1e3 / s.median);
	}
}

int command_limits(options *o)
{
	results_open(o);
	limits_register(o->quick);
	results_run(NULL, NULL);
	limits_show();
	results_close(o);
	return EXIT_SUCCESS;
}
