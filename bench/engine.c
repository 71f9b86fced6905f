/* SPDX-License-Identifier: MIT */
#include "engine.h"

#include "machine.h"
#include "util.h"
#include "worker.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

const char *const regime_names[] = { "balanced", "slow-consumer", "slow-producer",
				     "bursty-producer", NULL };
const char *const form_names[] = { "blocking", "try", "deadline", NULL };

enum {
	HANG_SECONDS = 30,    /* then it is looked whether everybody sleeps */
	FAR_SECONDS = 3600,   /* the deadline form's deadline */
	SLOW_SECONDS = 600,   /* then it hangs even if somebody runs         */
};

uint64_t work_rounds(double ns)
{
	static double per_ns;

	if (per_ns <= 0) {
		int64_t start = now_ns(), took;

		pp_bench_work(1000000);
		took = now_ns() - start;
		start = now_ns();
		pp_bench_work(1000000);
		if (now_ns() - start < took)
			took = now_ns() - start;
		per_ns = 1e6 / (double)took;
	}
	return (uint64_t)(ns * per_ns) + 1;
}

size_t capacity_of(const pp_bench_queue *queue, void *open, const pp_bench_spec *spec)
{
	if (!(queue->guarantees & PP_BENCH_BOUNDED))
		return SIZE_MAX;
	return queue->capacity ? queue->capacity(open) : spec->capacity;
}

static void no_tick(pp_bench_side *side)
{
	side->run = UINT64_MAX;
}

static void no_mark(pp_bench_side *side, uint64_t word)
{
	(void)side;
	(void)word;
}

void side_plain(pp_bench_side *side, void *queue, const pp_bench_spec *spec, uint64_t left)
{
	*side = (pp_bench_side){
		.left = left, .run = UINT64_MAX, .deadline = INT64_MAX,
		/* A small item may be read as a word. */
		.items = touched(spec->batch * spec->item_size + sizeof(uint64_t)), .item_size = spec->item_size,
		.batch = spec->batch, .tick = no_tick, .marked = no_mark, .queue = queue,
	};
}

static void usage_of(struct worker *w, int sign)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	w->voluntary += sign * usage.ru_nvcsw;
	w->involuntary += sign * usage.ru_nivcsw;
	w->cpu_ns += sign * thread_ns();
}

static void *work(void *argument)
{
	struct worker *w = argument;
	struct run *run = w->run;
	const pp_bench_queue *queue = run->spec->queue;

	atomic_store(&w->tid, gettid());
	place_side(run->spec->placement, w->consumer, w->index);
	pthread_barrier_wait(&run->ready);
	usage_of(w, -1);
	w->begin_ns = w->turn_began = clock_of(run);
	if (w->consumer) {
		queue->consume(run->queue, &w->side);
	} else {
		if (run->spec->pace > 0)
			w->side.tick(&w->side);
		queue->produce(run->queue, &w->side);
		if (atomic_fetch_sub(&run->pushing, 1) == 1)
			queue->close(run->queue);
	}
	w->end_ns = clock_of(run);
	usage_of(w, 1);
	atomic_store(&w->done, true);
	return NULL;
}

static void set_worker(struct run *run, struct worker *w, bool consumer, unsigned index)
{
	const run_spec *spec = run->spec;
	uint64_t share = spec->items / run->producers;
	bool slow = spec->regime == (consumer ? SLOW_CONSUMER : SLOW_PRODUCER);

	w->run = run;
	w->consumer = consumer;
	w->index = index;
	w->random = (uint64_t)clock_of(run) * 2 + 1 + index * 2;
	side_plain(&w->side, run->queue, &spec->spec,
		   consumer ? UINT64_MAX : share + (index < spec->items % run->producers));
	w->side.word = consumer ? 0 : (uint64_t)index << PP_BENCH_SEQ_BITS;
	w->side.work = slow ? work_rounds(SLOW_NS) : 0;
	w->side.deadline = now_ns() + (int64_t)FAR_SECONDS * 1000000000;
	w->side.harness = w;
	marks_begin(w);
}

/* Everybody who is not done sleeps: nobody is left to wake anybody. */
static bool stuck(const struct run *run)
{
	unsigned i;

	for (i = 0; i < run->producers + run->consumers; i++) {
		struct worker *w = &run->workers[i];

		if (!atomic_load(&w->done) && !is_asleep(atomic_load(&w->tid)))
			return false;
	}
	return true;
}

static void join(const struct run *run, struct worker *w)
{
	const pp_bench_spec *spec = &run->spec->spec;
	int64_t begin = now_ns();

	for (;;) {
		struct timespec until;
		bool asleep;

		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += HANG_SECONDS;
		if (!pthread_timedjoin_np(w->thread, NULL, &until))
			return;
		asleep = stuck(run);
		if (asleep || now_ns() - begin > SLOW_SECONDS * INT64_C(1000000000))
			give_up("%s %uP%uC, capacity %zu, hangs: a %s is not done, %s, depth %zu",
				run->spec->queue->name, spec->producers, spec->consumers,
				spec->capacity, w->consumer ? "consumer" : "producer",
				asleep ? "everybody sleeps" : "somebody runs", depth_of(run));
	}
}

/* The sum that the words of what was pushed must come to. */
static uint64_t sum_of(const struct worker *w)
{
	uint64_t n = w->side.moved, first = w->side.word - n;
	uint64_t triangle = n % 2 ? n * ((n - 1) / 2) : n / 2 * (n - 1);

	return n * first + triangle + w->marks * PP_BENCH_MARK;
}

/* Which bits of the sums must agree. */
static uint64_t sum_bits(const run_spec *spec)
{
	return too_small(spec) ? room_of(spec) : UINT64_MAX;
}

static void set_even(double *even, double least, double most)
{
	*even = most > 0 ? least / most : 1;
}

/* Both sides' totals; what does not add up is named. */
static void add_up(const struct run *run, run_result *result, int64_t *begin)
{
	double least[2] = { 1e300, 1e300 }, most[2] = { 0, 0 };
	uint64_t moved[2] = { 0, 0 }, sum[2] = { 0, 0 };
	int64_t end = 0;
	unsigned i;

	*begin = INT64_MAX;
	for (i = 0; i < run->producers + run->consumers; i++) {
		const struct worker *w = &run->workers[i];
		double n = (double)w->side.moved;

		moved[w->consumer] += w->side.moved;
		sum[w->consumer] += w->consumer ? w->side.sum : sum_of(w);
		least[w->consumer] = n < least[w->consumer] ? n : least[w->consumer];
		most[w->consumer] = n > most[w->consumer] ? n : most[w->consumer];
		*(w->consumer ? &result->pull_cpu : &result->push_cpu) += (double)w->cpu_ns / 1e9;
		*(w->consumer ? &result->pull_switches : &result->push_switches) +=
			(double)(w->voluntary + w->involuntary);
		result->involuntary += (double)w->involuntary;
		*begin = w->begin_ns < *begin ? w->begin_ns : *begin;
		end = w->end_ns > end ? w->end_ns : end;
		result->disorder = result->disorder || w->disorder;
	}
	set_even(&result->push_even, least[0], most[0]);
	set_even(&result->pull_even, least[1], most[1]);
	result->items = moved[1];
	result->seconds = (double)(end - *begin) / 1e9;
	if (moved[0] != moved[1])
		result->wrong = "items were lost or came twice";
	else if (!moved[1])
		result->wrong = "nothing came through";
	else if ((sum[0] ^ sum[1]) & sum_bits(run->spec))
		result->wrong = "items were changed, lost or came twice";
}

static void analyse(const struct run *run, run_result *result, int64_t begin)
{
	unsigned n = run->producers + run->consumers, i;
	look_log *logs = touched(n * sizeof(*logs));
	look_back back = {
		.logs = logs, .producers = run->producers, .consumers = run->consumers,
		.capacity = capacity_of(run->spec->queue, run->queue, &run->spec->spec),
		.start_ns = begin, .rate = (double)result->items / result->seconds,
		.line_ns = run->spec->clock ? 0 : result->line_ns, .few = too_small(run->spec),
	};
	int wrong;

	for (i = 0; i < n; i++)
		logs[i] = run->workers[i].log;
	result->has_depth = run->spec->queue->depth != NULL;
	wrong = depth_analyse(&back, &result->depth);
	result->disorder = result->disorder || wrong & LOOKS_DISORDER;
	if (wrong & LOOKS_STRANGE && !result->wrong)
		result->wrong = "a marked item came twice or from nowhere";
	free(logs);
}

/* Paced: when an item was meant to be sent follows from its number. */
static void keep_latencies(const struct run *run, run_result *result)
{
	unsigned i;
	size_t j;

	result->latencies = touched(run->consumers * LOOKS_MAX * sizeof(double));
	for (i = run->producers; i < run->producers + run->consumers; i++) {
		const look_log *log = &run->workers[i].log;

		for (j = 0; j < log->count; j++) {
			/* One producer and one consumer: the same marks in the same order. */
			uint64_t word = too_small(run->spec) ? run->workers[0].log.looks[j].word :
						log->looks[j].word;
			const struct worker *from = &run->workers[PP_BENCH_PRODUCER(word)];
			double meant = (double)((word & PP_BENCH_SEQ_MASK) + 1) * run->step_ns;

			result->latencies[result->latency_count++] =
				(double)(log->looks[j].ns - from->begin_ns) - meant;
		}
	}
}

static void keep_turns(const struct worker *w, run_result *result)
{
	bool fewer = w->turn_count[1] < w->turn_count[0];

	result->turns[0] = w->turns[0];
	result->turns[1] = w->turns[1];
	result->turn_count = w->turn_count[fewer];
}

static void tear_down(struct run *run)
{
	unsigned i;

	run->spec->queue->destroy(run->queue);
	for (i = 0; i < run->producers + run->consumers; i++) {
		free(run->workers[i].side.items);
		free(run->workers[i].log.looks);
		free(run->workers[i].expected);
	}
	free(run->workers);
	pthread_barrier_destroy(&run->ready);
}

int run_once(const run_spec *spec, run_result *result)
{
	struct run run = { .spec = spec, .producers = spec->spec.producers,
			   .consumers = spec->spec.consumers, .pushing = spec->spec.producers };
	unsigned n = run.producers + run.consumers, i;
	struct machine_time before;
	int64_t begin;
	int error;

	*result = (run_result){ .line_ns = line_now() };
	error = spec->queue->open(&run.queue, &spec->spec);
	if (error)
		return error;
	if (spec->pace > 0)
		run.step_ns = 1e9 / spec->pace * run.producers;
	run.workers = touched(n * sizeof(*run.workers));
	pthread_barrier_init(&run.ready, NULL, n);
	for (i = 0; i < n; i++)
		set_worker(&run, &run.workers[i], i >= run.producers,
			   i >= run.producers ? i - run.producers : i);
	machine_time(&before);
	for (i = 0; i < n; i++)
		if (pthread_create(&run.workers[i].thread, NULL, work, &run.workers[i]))
			give_up("cannot start a thread");
	for (i = 0; i < n; i++)
		join(&run, &run.workers[i]);
	machine_shares(&before, &result->steal, &result->others);
	add_up(&run, result, &begin);
	if (spec->queue->counts) {
		spec->queue->counts(run.queue, &result->counts);
		result->has_counts = true;
	}
	if (spec->mark_every && spec->pace <= 0)
		analyse(&run, result, begin);
	if (spec->pace > 0)
		keep_latencies(&run, result);
	keep_turns(&run.workers[0], result);
	if (result->disorder && !result->wrong &&
	    spec->queue->guarantees & (PP_BENCH_FIFO | PP_BENCH_PRODUCER_FIFO))
		result->wrong = "a producer's items came out of order";
	tear_down(&run);
	return 0;
}
