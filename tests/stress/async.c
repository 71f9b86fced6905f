/* SPDX-License-Identifier: MIT */
/*
 * Operations that wait without a thread, many on few threads: a small executor (jobs.h) runs tasks,
 * each of which pushes or pulls through operations of its own, beside threads that wait themselves.
 *
 *   - A task is counted, and freed when nobody holds it any more: the library holds it once for
 *     each call of `ready` that may come.  One reference too few shows under ASan, one too many as
 *     a task that is still there in the end.
 *   - The operation is on the heap, and overwritten and freed at the moment when it has ended.
 *   - In half of the rounds nobody makes a call early or withdraws, so that a call that is lost is
 *     a hang.  In the others some tasks do both all the time, and the rest must not suffer.
 *
 * Each ring has a book of its items (ledger.h).
 */
#include "jobs.h"
#include "ledger.h"
#include "support.h"

#include <pushpull/async.h>

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LANES_MAX = 3, SIDE_MAX = 12, THREADS_MAX = 2, WORKERS = 3, PER_PRODUCER = 400 };
enum { ALL_MAX = LANES_MAX * 2 * (SIDE_MAX + THREADS_MAX) };

enum ending { DRAIN, CLOSE, CANCEL, ENDINGS };

struct lane {
	pp_tx *tx;
	pp_rx *rx;
	pp_kind kind;
	size_t capacity;
	struct ledger ledger;
	enum ending ending;
	bool last_one_closes;    /* DRAIN: by pp_close, not by letting go */
	pp_time end_at;          /* when the main thread ends it; 0: it does not, or has */
	atomic_uint producing;   /* push ends that are in use */
	atomic_bool close_began, close_done, cancel_began, cancel_done;
};

struct op_memory {
	pp_async op;
	unsigned char item[ITEM_MAX];
};

struct task {
	struct job job; /* first */
	struct lane *lane;
	bool push, flighty;
	unsigned number, serial;     /* of a push: among its like; of the next item */
	struct witness witness;      /* of a pull */
	struct luck luck;
	struct op_memory *memory;    /* NULL: it has not begun, or has ended */
	bool fresh;                  /* nobody knows of it yet */
	pp_time first;               /* when it began */
};

static struct {
	struct lane lanes[LANES_MAX];
	unsigned n;
	struct task *tasks[ALL_MAX];
	unsigned count;
	bool patient;
	pp_time stop_pushing;
} now;

static atomic_ullong calls, withdrawn, taken_late;

static void ready(void *context)
{
	atomic_fetch_add(&calls, 1);
	job_schedule(context);
	job_release(context);
}

/* ---- One operation ----------------------------------------------------------------- */

static void begin(struct task *t)
{
	t->memory = calloc(1, sizeof(*t->memory));
	CHECK(t->memory, "no memory");
	t->memory->op = PP_ASYNC(.ready = ready, .ref = job_hold, .unref = job_release,
				 .context = &t->job);
	if (t->push)
		item_make(&t->lane->ledger, t->memory->item, t->number, t->serial);
	else
		memset(t->memory->item, 0xa5, ITEM_MAX);
	t->fresh = true;
	t->first = pp_now();
}

static void end(struct task *t)
{
	memset(t->memory, 0x5c, sizeof(*t->memory));
	free(t->memory);
	t->memory = NULL;
}

static void check_end(const struct lane *lane, bool push, int r)
{
	bool closed = push == (r == -ESHUTDOWN);

	CHECK(r == -ESHUTDOWN || r == -EPIPE, "gave %d", r);
	CHECK(atomic_load(closed ? &lane->close_began : &lane->cancel_began), "no end, but %d", r);
}

/* Moved, or refused.  At capacity 0 a push may take place long before its last call. */
static void settle(struct task *t, int r, pp_time began)
{
	struct lane *lane = t->lane;

	if (r == 0 && t->push)
		ledger_pushed(&lane->ledger, t->number, t->serial, 1,
			      lane->capacity ? began : t->first, pp_now());
	else if (r == 0)
		ledger_pulled(&lane->ledger, &t->witness, t->memory->item, began, pp_now());
	else
		check_end(lane, t->push, r);
	if (r && !t->push)
		for (size_t i = 0; i < ITEM_MAX; i++)
			CHECK(t->memory->item[i] == 0xa5, "a pull that failed wrote");
	t->serial++;
	end(t);
}

/* -EAGAIN: it will be called. */
static int call(struct task *t)
{
	struct lane *lane = t->lane;
	bool closed = atomic_load(&lane->close_done), cancelled = atomic_load(&lane->cancel_done);
	pp_time began = pp_now();
	int r = t->push ? pp_push_async(lane->tx, t->memory->item, &t->memory->op)
			: pp_pull_async(lane->rx, t->memory->item, &t->memory->op);

	if (r == -EAGAIN) {
		CHECK(!t->fresh || (!cancelled && !(t->push && closed)), "waits after the end");
		t->fresh = false;
		return r;
	}
	if (t->fresh && (cancelled || (t->push && closed)))
		CHECK(r != 0, "done after the end");
	settle(t, r, began);
	return r;
}

static void withdraw(struct task *t)
{
	struct lane *lane = t->lane;
	int r = t->push ? pp_push_withdraw(lane->tx, &t->memory->op)
			: pp_pull_withdraw(lane->rx, &t->memory->op);

	atomic_fetch_add(r ? &taken_late : &withdrawn, 1);
	if (r) {
		CHECK(r == 1 && t->push && lane->capacity == 0, "withdrawn with %d", r);
		settle(t, 0, t->first);
		return;
	}
	t->serial += luck_below(&t->luck, 4) == 0; /* an item that nobody is to see */
	end(t);
}

/* ---- The life of a task ------------------------------------------------------------ */

static void end_lane(struct lane *lane, bool cancel)
{
	atomic_store(cancel ? &lane->cancel_began : &lane->close_began, true);
	CHECK((cancel ? pp_cancel(lane->rx) : pp_close(lane->tx)) == 0, "the end");
	atomic_store(cancel ? &lane->cancel_done : &lane->close_done, true);
}

static bool has_pushed_enough(const struct lane *lane, unsigned serial)
{
	return serial >= lane->ledger.per_producer || pp_now() >= now.stop_pushing;
}

/* The last push end to go closes, one way or the other. */
static void let_go_of_end(struct lane *lane, bool push)
{
	if (!push) {
		pp_rx_unref(lane->rx);
		return;
	}
	if (lane->ending == DRAIN) {
		atomic_store(&lane->close_began, true);
		if (atomic_fetch_sub(&lane->producing, 1) == 1 && lane->last_one_closes)
			end_lane(lane, false);
	}
	pp_tx_unref(lane->tx);
}

/* False: it has come to its end. */
static bool step(struct task *t)
{
	unsigned n = 1 + (unsigned)luck_below(&t->luck, 8);
	int r;

	for (; n; n--) {
		if (!t->memory && t->push && has_pushed_enough(t->lane, t->serial))
			return false;
		if (!t->memory) {
			begin(t);
		} else if (t->flighty && luck_below(&t->luck, 2)) {
			withdraw(t);
			continue;
		}
		r = call(t);
		if (r == -EAGAIN)
			return true;
		if (r)
			return false;
	}
	job_schedule(&t->job); /* goes on, after the others */
	return true;
}

static bool run_task(struct job *job)
{
	struct task *t = (struct task *)(void *)job;
	bool goes_on = step(t);

	if (!goes_on)
		let_go_of_end(t->lane, t->push);
	return goes_on;
}

/* ---- Threads that wait themselves -------------------------------------------------- */

struct waiter {
	struct lane *lane;
	bool push;
	unsigned number;
	struct luck luck;
	pthread_t thread;
};

static int move(struct waiter *w, unsigned char *item)
{
	pp_tx *tx = w->push ? w->lane->tx : NULL;
	pp_rx *rx = w->push ? NULL : w->lane->rx;
	pp_time soon = pp_in((pp_time)luck_below(&w->luck, 100 * 1000));
	pp_case one = { .tx = tx, .rx = rx, .item = item };
	int r;

	switch (luck_below(&w->luck, now.patient ? 2 : 4)) {
	case 0:
		return tx ? pp_push(tx, item) : pp_pull(rx, item);
	case 1:
	case 2:
		r = pp_select(&one, 1, 0, now.patient ? PP_FOREVER : soon);
		return r < 0 ? r : one.result;
	default:
		return tx ? pp_push_until(tx, item, soon) : pp_pull_until(rx, item, soon);
	}
}

static void *wait_yourself(void *arg)
{
	struct waiter *w = arg;
	struct lane *lane = w->lane;
	unsigned char item[ITEM_MAX];
	struct witness witness;
	unsigned serial = 0;
	int r = 0;

	memset(&witness, 0xff, sizeof(witness));
	while ((r == 0 || r == -ETIMEDOUT) && !(w->push && has_pushed_enough(lane, serial))) {
		pp_time began = pp_now();

		if (w->push)
			item_make(&lane->ledger, item, w->number, serial);
		r = move(w, item);
		if (r == 0 && w->push)
			ledger_pushed(&lane->ledger, w->number, serial, 1, began, pp_now());
		else if (r == 0)
			ledger_pulled(&lane->ledger, &witness, item, began, pp_now());
		else if (r != -ETIMEDOUT)
			check_end(lane, w->push, r);
		serial++;
	}
	let_go_of_end(lane, w->push);
	jobs_one_is_over();
	return NULL;
}

/* ---- A round ----------------------------------------------------------------------- */

static void drop(void *item, void *context)
{
	ledger_dropped(context, item);
}

static void add_task(struct lane *lane, struct luck *luck, bool push, unsigned number)
{
	struct task *t = job_make(sizeof(*t), run_task);

	CHECK(now.count < ALL_MAX, "too many tasks");
	t->lane = lane;
	t->push = push;
	t->number = number;
	t->flighty = !now.patient && luck_below(luck, 2);
	t->luck.state = luck_draw(luck);
	memset(&t->witness, 0xff, sizeof(t->witness));
	job_hold(&t->job); /* for the main thread */
	now.tasks[now.count++] = t;
}

/* So many tasks and threads on a side; each has a reference of its own. */
static unsigned add_side(struct lane *lane, struct luck *luck, bool push, struct waiter *waiters)
{
	unsigned tasks = 1 + (unsigned)luck_below(luck, luck_below(luck, 2) ? 2 : SIDE_MAX);
	unsigned threads = (unsigned)luck_below(luck, THREADS_MAX + 1), i;

	if (lane->kind == PP_SPSC) {
		tasks = luck_below(luck, 4) != 0;
		threads = !tasks;
	}
	for (i = 0; i < tasks + threads; i++) {
		CHECK((push ? pp_tx_ref(lane->tx) : pp_rx_ref(lane->rx)) == 0, "ref");
		if (i < tasks)
			add_task(lane, luck, push, i);
		else
			waiters[i - tasks] = (struct waiter){ .lane = lane, .push = push,
							      .number = i,
							      .luck = { luck_draw(luck) } };
	}
	if (push)
		atomic_store(&lane->producing, tasks + threads);
	return threads;
}

static void open_lane(struct lane *lane, struct luck *luck)
{
	static const size_t capacities[] = { 0, 0, 1, 2, 64 }, sizes[] = { 8, 40, ITEM_MAX };
	size_t size = sizes[luck_below(luck, ARRAY_LEN(sizes))];

	memset(lane, 0, sizeof(*lane));
	lane->kind = luck_below(luck, 3) ? PP_MPMC : PP_SPSC;
	lane->capacity = capacities[luck_below(luck, ARRAY_LEN(capacities))];
	lane->ending = (enum ending)luck_below(luck, ENDINGS);
	lane->last_one_closes = luck_below(luck, 2);
	if (lane->ending != DRAIN)
		lane->end_at = pp_in((pp_time)luck_below(luck, 4000 * 1000));
	ledger_open(&lane->ledger, SIDE_MAX + THREADS_MAX, PER_PRODUCER, size);
	CHECK(pp_open_with(&lane->tx, &lane->rx,
			   &PP_CONFIG(.kind = lane->kind, .capacity = lane->capacity,
				      .item_size = size, .drop = drop, .name = "lane",
				      .drop_context = &lane->ledger)) == 0, "open");
}

/* Until all is over: the ends when it is time, and calls that nobody waits for. */
static void disturb(struct luck *luck)
{
	unsigned i;

	while (jobs_alive()) {
		for (i = 0; i < now.n; i++) {
			struct lane *lane = &now.lanes[i];

			if (lane->end_at && pp_now() >= lane->end_at) {
				lane->end_at = 0;
				end_lane(lane, lane->ending == CANCEL);
			}
		}
		for (i = 0; i < now.count && !now.patient; i++)
			if (now.tasks[i]->flighty && luck_below(luck, 2))
				job_schedule(&now.tasks[i]->job);
		nap_us((unsigned)luck_below(luck, 200));
	}
}

static struct totals finish_lane(struct lane *lane)
{
	pp_stats s = { .size = sizeof(s) };
	struct totals t;

	CHECK(pp_rx_stats(lane->rx, &s) == 0, "stats");
	if (lane->ending != DRAIN)
		pp_tx_unref(lane->tx);
	pp_rx_unref(lane->rx);
	t = ledger_check(&lane->ledger);
	CHECK(s.pushers_parked + s.pullers_parked == 0, "nobody is there, asleep");
	CHECK(s.pushed == t.pushed && s.pulled == t.pulled,
	      "stats: %" PRIu64 " and %" PRIu64 ", not %" PRIu64 " and %" PRIu64, s.pushed, s.pulled,
	      t.pushed, t.pulled);
	ledger_free(&lane->ledger);
	return t;
}

static void run(struct luck *luck, struct waiter *waiters, unsigned n)
{
	pthread_t workers[WORKERS];
	unsigned i;

	jobs_begin(now.count + n);
	now.stop_pushing = pp_in((pp_time)luck_below(luck, 6000 * 1000));
	for (i = 0; i < now.count; i++)
		job_schedule(&now.tasks[i]->job);
	for (i = 0; i < n; i++)
		CHECK(pthread_create(&waiters[i].thread, NULL, wait_yourself, &waiters[i]) == 0,
		      "no thread");
	for (i = 0; i < WORKERS; i++)
		CHECK(pthread_create(&workers[i], NULL, jobs_work, NULL) == 0, "no thread");
	disturb(luck);
	for (i = 0; i < n; i++)
		CHECK(pthread_join(waiters[i].thread, NULL) == 0, "join");
	for (i = 0; i < WORKERS; i++)
		CHECK(pthread_join(workers[i], NULL) == 0, "join");
}

static struct totals play(uint64_t seed)
{
	struct waiter waiters[LANES_MAX * 2 * THREADS_MAX];
	struct totals all = { 0, 0, 0 }, t;
	struct luck luck = { seed };
	unsigned i, n = 0;

	watchdog_feed();
	memset(&now, 0, sizeof(now));
	now.patient = luck_below(&luck, 2);
	now.n = 1 + (unsigned)luck_below(&luck, LANES_MAX);
	for (i = 0; i < now.n; i++) {
		open_lane(&now.lanes[i], &luck);
		n += add_side(&now.lanes[i], &luck, true, waiters + n);
		n += add_side(&now.lanes[i], &luck, false, waiters + n);
		if (now.lanes[i].ending == DRAIN)
			pp_tx_unref(now.lanes[i].tx);
	}
	test_case("async: %u rings, first %s %zu, %u tasks, %u threads, %s; seed 0x%" PRIx64, now.n,
		  now.lanes[0].kind == PP_SPSC ? "SPSC" : "MPMC", now.lanes[0].capacity, now.count,
		  n, now.patient ? "patient" : "flighty", seed);
	run(&luck, waiters, n);
	for (i = 0; i < now.count; i++)
		job_release(&now.tasks[i]->job);
	CHECK(jobs_there() == 0, "%u tasks are still held", jobs_there());
	for (i = 0; i < now.n; i++) {
		t = finish_lane(&now.lanes[i]);
		all.pushed += t.pushed;
		all.pulled += t.pulled;
		all.dropped += t.dropped;
	}
	return all;
}

int main(int argc, char **argv)
{
	const char *text = argc > 1 ? argv[1] : getenv("STRESS_SECONDS");
	pp_time until = pp_in((text ? atoi(text) : 8) * PP_SEC);
	struct luck luck = { luck_seed() };
	struct totals all = { 0, 0, 0 };
	unsigned rounds = 0;

	watchdog_start();
	do {
		struct totals t = play(luck_draw(&luck));

		all.pushed += t.pushed;
		all.pulled += t.pulled;
		all.dropped += t.dropped;
		rounds++;
	} while (pp_now() < until);
	printf("async: %u rounds, %" PRIu64 " items pushed, %" PRIu64 " pulled, %" PRIu64
	       " dropped, %llu calls, %llu withdrawn, %llu too late\n", rounds, all.pushed,
	       all.pulled, all.dropped, calls, withdrawn, taken_late);
	CHECK(all.pushed == all.pulled + all.dropped, "the sums differ");
	CHECK(test_open_rings() == 0, "rings that were let go are still there");
	CHECK(rounds < 50 || (calls && withdrawn && all.pulled), "something did not happen");
	return 0;
}
