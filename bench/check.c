/* SPDX-License-Identifier: MIT */
/* Does a queue keep what it promises?  Nothing here is timed. */
#include "commands.h"
#include "engine.h"
#include "queues/queues.h"
#include "util.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	ITEMS = 20000, ITEMS_FEW = 500 /* where every item may cost a sleep */, BEYOND = 3,
	SETTLE_MS = 50, SETTLE_ROUNDS = 4, SETTLE_MAX_MS = 10000
};

static const size_t capacities[] = { 0, 1, 2, 3, 8, 1000 };
static int failures;
static bool disorder; /* of some producer's items, in a run of this queue */

static void report(bool promised, bool good, const char *what, const char *detail)
{
	const char *verdict = good ? "ok" : promised ? "FAIL" : "not promised, not kept";

	if (good && !promised)
		verdict = "kept, though not promised";
	if (promised && !good)
		failures++;
	printf("  %-55s %s%s%s\n", what, verdict, *detail ? ": " : "", detail);
	fflush(stdout);
}

/* ---- Exactly once, in order, to the end ------------------------------------------- */

static bool possible(const pp_bench_queue *queue, const pp_bench_spec *spec)
{
	return (!queue->max_producers || spec->producers <= queue->max_producers) &&
	       (!queue->max_consumers || spec->consumers <= queue->max_consumers) &&
	       (spec->capacity || (queue->guarantees & PP_BENCH_RENDEZVOUS)) &&
	       (spec->capacity || spec->form != PP_BENCH_TRY);
}

static const char not_there[] = "cannot do this size";

/* NULL, or what went wrong. */
static const char *run_case(const pp_bench_queue *queue, const pp_bench_spec *spec, placement where)
{
	uint64_t items = spec->capacity < 1000 ? ITEMS_FEW : ITEMS;
	run_spec run = { .queue = queue, .spec = *spec, .items = items, .placement = where,
			 .mark_every = CLOCK_EVERY_MIN, .verify = true };
	run_result result;
	int error = run_once(&run, &result);

	disorder = disorder || (!error && result.disorder);
	if (error == -EOPNOTSUPP && spec->item_size != sizeof(uint64_t))
		return not_there;
	if (error)
		return strerror(-error);
	if (!result.wrong && result.items != items)
		return "a push failed";
	return result.wrong;
}

static void check_items(const pp_bench_queue *queue, size_t item_size, unsigned batch,
			pp_bench_form form)
{
	static const unsigned shapes[][2] = { { 1, 1 }, { 2, 1 }, { 1, 2 }, { 2, 2 }, { 4, 4 } };
	size_t s, c;

	for (s = 0; s < COUNT_OF(shapes); s++) {
		const char *wrong = NULL;
		char what[96], detail[96] = "";
		bool ran = false;

		for (c = 0; c < COUNT_OF(capacities) && !wrong && !interrupted; c++) {
			pp_bench_spec spec = { .size = sizeof(spec), .capacity = capacities[c],
				.item_size = item_size, .producers = shapes[s][0],
				.consumers = shapes[s][1], .batch = batch, .form = form,
				.memory_limit = 64 << 20 };

			if (!possible(queue, &spec))
				continue;
			wrong = run_case(queue, &spec, c % 2 ? PLACE_UNPINNED : PLACE_TWO);
			ran = true;
			if (wrong)
				snprintf(detail, sizeof(detail), "capacity %zu: %s", capacities[c], wrong);
		}
		snprintf(what, sizeof(what), "%uP%uC items of %zu%s, %s, batch %u", shapes[s][0],
			 shapes[s][1], item_size, item_size < sizeof(uint64_t) && s ?
			 " (order not checked)" : "", form_names[form], batch);
		if (wrong == not_there)
			printf("  %-55s %s\n", what, wrong);
		else if (ran)
			report(true, !wrong, what, detail);
	}
}

/* ---- Capacity and blocking ---------------------------------------------------------- */

struct filler {
	const pp_bench_queue *queue;
	void *open;
	pp_bench_side side;
	_Atomic uint64_t pushed;
	_Atomic pid_t tid;
	_Atomic bool over;
};

static void count_one(pp_bench_side *side)
{
	struct filler *f = side->harness;

	atomic_fetch_add(&f->pushed, 1);
	side->run = 1;
}

static void *fill(void *argument)
{
	struct filler *f = argument;

	atomic_store(&f->tid, gettid());
	f->queue->produce(f->open, &f->side);
	atomic_store(&f->over, true);
	return NULL;
}

/* Wait until nothing more goes in; how many did. */
static uint64_t settled(struct filler *f, bool *asleep)
{
	uint64_t before = UINT64_MAX, now = 0;
	int same = 0, waited;

	for (waited = 0; same < SETTLE_ROUNDS && waited < SETTLE_MAX_MS; waited += SETTLE_MS) {
		sleep_ns(SETTLE_MS * INT64_C(1000000));
		now = atomic_load(&f->pushed);
		*asleep = is_asleep(atomic_load(&f->tid));
		same = now == before ? same + 1 : 0;
		before = now;
	}
	return now;
}

static void *drain(void *argument)
{
	struct filler *f = argument;
	pp_bench_spec spec = { .item_size = f->side.item_size, .batch = 1 };
	pp_bench_side rest;

	side_plain(&rest, f->open, &spec, UINT64_MAX);
	f->queue->consume(f->open, &rest);
	atomic_store(&f->pushed, rest.moved);
	free(rest.items);
	return NULL;
}

static void *close_after(void *argument)
{
	struct filler *f = argument;

	fill(f);
	f->queue->close(f->open);
	return NULL;
}

static void join(pthread_t thread, const char *name, const char *what)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += SETTLE_MAX_MS / 1000;
	if (pthread_timedjoin_np(thread, NULL, &until))
		give_up("%s hangs: %s", name, what);
}

static void check_capacity(const pp_bench_queue *queue, size_t capacity)
{
	pp_bench_spec spec = { .size = sizeof(spec), .capacity = capacity, .item_size = 8,
			       .producers = 1, .consumers = 1, .batch = 1, .memory_limit = 64 << 20 };
	struct filler *f = touched(sizeof(*f));
	uint64_t want = capacity, held, total;
	char what[96], detail[96] = "";
	bool asleep = false, exact = queue->guarantees & PP_BENCH_EXACT;
	pthread_t producer, consumer;

	f->queue = queue;
	if (!possible(queue, &spec) || queue->open(&f->open, &spec)) {
		free(f);
		return;
	}
	if (queue->capacity)
		want = queue->capacity(f->open);
	total = want + BEYOND;
	side_plain(&f->side, f->open, &spec, total);
	f->side.run = 1;
	f->side.tick = count_one;
	f->side.harness = f;
	if (pthread_create(&producer, NULL, close_after, f))
		give_up("cannot start a thread");
	held = settled(f, &asleep);
	snprintf(what, sizeof(what), "capacity %zu holds exactly that", capacity);
	if (held != capacity)
		snprintf(detail, sizeof(detail), "%llu", (unsigned long long)held);
	report(exact, held == capacity, what, detail);
	snprintf(what, sizeof(what), "capacity %zu, full: the producer sleeps", capacity);
	report(queue->guarantees & PP_BENCH_BLOCKS, held < total && asleep, what,
	       held == total ? "it did not even wait" : asleep ? "" : "it spins");
	if (pthread_create(&consumer, NULL, drain, f))
		give_up("cannot start a thread");
	join(producer, queue->name, "a blocked push does not go on when there is room");
	join(consumer, queue->name, "a consumer does not see the end");
	snprintf(what, sizeof(what), "capacity %zu, drained after close", capacity);
	report(true, atomic_load(&f->pushed) == total, what,
	       atomic_load(&f->pushed) == total ? "" : "items are missing");
	queue->destroy(f->open);
	free(f->side.items);
	free(f);
}

static void check_every_item(const pp_bench_queue *queue)
{
	check_items(queue, 8, 1, PP_BENCH_BLOCKING);
	check_items(queue, 64, 1, PP_BENCH_BLOCKING);
	check_items(queue, 1, 1, PP_BENCH_BLOCKING);
	check_items(queue, 12, 1, PP_BENCH_BLOCKING);
	if (queue->guarantees & PP_BENCH_BATCHES)
		check_items(queue, 8, 8, PP_BENCH_BLOCKING);
	if (queue->guarantees & PP_BENCH_BATCHES)
		check_items(queue, 3, 8, PP_BENCH_BLOCKING);
	if (!(queue->guarantees & PP_BENCH_FORMS))
		return;
	check_items(queue, 8, 1, PP_BENCH_TRY);
	check_items(queue, 8, 1, PP_BENCH_DEADLINE);
	check_items(queue, 8, 8, PP_BENCH_TRY);
	check_items(queue, 8, 8, PP_BENCH_DEADLINE);
}

static void check_queue(const pp_bench_queue *queue)
{
	char *promises = queue_promises(queue);
	size_t i;

	printf("%s: %s\n", queue->name, promises);
	free(promises);
	for (i = 0; i < COUNT_OF(capacities) && (queue->guarantees & PP_BENCH_BOUNDED); i++)
		check_capacity(queue, capacities[i]);
	if (!(queue->guarantees & PP_BENCH_BOUNDED))
		report(false, false, "has a limit at which a push waits", "unbounded");
	disorder = false;
	check_every_item(queue);
	if (!(queue->guarantees & (PP_BENCH_FIFO | PP_BENCH_PRODUCER_FIFO)))
		printf("  %-55s not promised, %s\n", "order per producer", disorder ? "not kept" : "kept");
}

int command_check(options *o)
{
	unsigned i;

	for (i = 0; i < o->queue_count && !interrupted; i++)
		check_queue(o->queues[i]);
	for (i = 0; !o->queue_count && queue_at(i) && !interrupted; i++)
		check_queue(queue_at(i));
	if (interrupted)
		give_up("interrupted");
	printf(failures ? "%d promises are not kept\n" : "every promise is kept\n", failures);
	return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
