/* SPDX-License-Identifier: MIT */
#include "stall.h"

#include "../stacks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static _Thread_local struct actor *self;

const char *point_name(int point)
{
	static const char *const names[] = {
#define NAME(name) [PP_AT_##name] = #name,
		PP_STALL_POINTS(NAME)
#undef NAME
	};

	return point == NO_POINT ? "no point" : names[point];
}

int64_t sleeping_cpu_ns(void)
{
	return test_is_slow() ? 20 * PP_MS : PP_MS;
}

/* ---- Actors ----------------------------------------------------------------------- */

static void freeze(enum pp_stall_point point)
{
	if (!self || self->point != (int)point || atomic_load(&self->frozen))
		return;
	atomic_store(&self->frozen, true);
	while (!atomic_load(&self->thaw))
		nap_us(100);
}

bool is_push(enum action action)
{
	return action == PUSH || action == PUT || action == GIVE_UP || action == CHOOSE_PUSH;
}

bool is_pull(enum action action)
{
	return action == PULL || action == TAKE || action == CHOOSE_PULL;
}

/* Which results may be, with what has begun so far. */
static void check_result(const struct ring *r, enum action action, bool tries, int result)
{
	switch (result) {
	case 0:
		return;
	case -EAGAIN:
	case -EBUSY:
		CHECK(tries, "a call that waits gave %d", result);
		return;
	case -ESHUTDOWN:
		CHECK(is_push(action) ? r->closing : r->cancelling, "-ESHUTDOWN from %d", action);
		return;
	case -EPIPE:
		CHECK(is_push(action) ? r->cancelling : r->closing, "-EPIPE from %d", action);
		return;
	case -EINTR:
		CHECK(!tries && r->flags & PP_INTERRUPTIBLE, "call %d was interrupted", action);
		return;
	case -ETIMEDOUT:
		CHECK(!tries, "a try timed out");
		return;
	default:
		CHECK(false, "call %d gave %d", action, result);
	}
}

static int put(struct actor *a)
{
	void *slot;
	int r = pp_push_begin_until(a->ring->tx, &slot, a->deadline);

	if (r)
		return r;
	if (a->action == GIVE_UP)
		return pp_push_abort(a->ring->tx, slot);
	memcpy(slot, &a->item, sizeof(a->item));
	return pp_push_commit(a->ring->tx, slot);
}

static int take(struct actor *a)
{
	void *slot;
	int r = pp_pull_begin_until(a->ring->rx, &slot, a->deadline);

	if (r)
		return r;
	memcpy(&a->item, slot, sizeof(a->item));
	return pp_pull_commit(a->ring->rx, slot);
}

static int choose(struct actor *a)
{
	pp_case one = { .item = &a->item };
	int r;

	if (a->action == CHOOSE_PUSH)
		one.tx = a->ring->tx;
	else
		one.rx = a->ring->rx;
	r = pp_select(&one, 1, 0, a->deadline);
	return r == 0 ? one.result : r;
}

static void *act(void *arg)
{
	struct actor *a = arg;

	atomic_store(&a->tid, (int)syscall(SYS_gettid));
	self = a;
	switch (a->action) {
	case PUSH:
		a->result = pp_push_until(a->ring->tx, &a->item, a->deadline);
		break;
	case PULL:
		a->result = pp_pull_until(a->ring->rx, &a->item, a->deadline);
		break;
	case CLOSE:
		a->result = pp_close(a->ring->tx);
		break;
	case CANCEL:
		a->result = pp_cancel(a->ring->rx);
		break;
	case TAKE:
		a->result = take(a);
		break;
	case CHOOSE_PUSH:
	case CHOOSE_PULL:
		a->result = choose(a);
		break;
	case RUN:
		a->result = a->run(a->arg);
		break;
	default:
		a->result = put(a);
	}
	self = NULL;
	atomic_store(&a->done, true);
	return NULL;
}

static struct actor *actor_hire(struct ring *r, enum action action, int point)
{
	struct actor *a = &r->actors[r->acting++];

	CHECK(r->acting <= ACTORS_MAX, "too many actors");
	memset(a, 0, sizeof(*a));
	a->ring = r;
	a->action = action;
	a->point = point;
	return a;
}

static struct actor *actor_go(struct actor *a)
{
	CHECK(pthread_create(&a->thread, NULL, act, a) == 0, "no thread");
	return a;
}

struct actor *actor_start(struct ring *r, enum action action, int point, pp_time deadline)
{
	struct actor *a = actor_hire(r, action, point);

	a->deadline = deadline;
	a->item = is_push(action) ? r->next++ : 0;
	CHECK(r->next < ITEMS_MAX, "too many items");
	r->closing |= action == CLOSE;
	r->cancelling |= action == CANCEL;
	return actor_go(a);
}

struct actor *actor_run(struct ring *r, int (*run)(void *arg), void *arg, int point)
{
	struct actor *a = actor_hire(r, RUN, point);

	a->run = run;
	a->arg = arg;
	return actor_go(a);
}

/* In futex(2), as the kernel sees it. */
bool actor_sleeps(const struct actor *a)
{
	int tid = atomic_load(&a->tid);

	return tid != 0 && !atomic_load(&a->done) && stacks_in_futex(tid);
}

struct actor *actor_asleep(struct ring *r, enum action action)
{
	struct actor *a = actor_start(r, action, NO_POINT, PP_FOREVER);

	AWAIT(actor_sleeps(a));
	return a;
}

void actor_await_frozen(struct actor *a)
{
	AWAIT(atomic_load(&a->frozen));
}

void actor_thaw(struct actor *a)
{
	atomic_store(&a->thaw, true);
}

int64_t actor_cpu_ns(const struct actor *a)
{
	struct timespec ts;
	clockid_t clock;

	CHECK(pthread_getcpuclockid(a->thread, &clock) == 0 && clock_gettime(clock, &ts) == 0,
	      "no CPU clock");
	return (int64_t)ts.tv_sec * PP_SEC + ts.tv_nsec;
}

static void note_pulled(struct ring *r, uint64_t item)
{
	CHECK(item > 0 && item < r->next, "no such item: %#llx", (unsigned long long)item);
	CHECK(atomic_fetch_add(&r->pulled[item], 1) == 0, "item %d pulled twice", (int)item);
}

int actor_await_done(struct actor *a)
{
	struct ring *r = a->ring;

	AWAIT(atomic_load(&a->done));
	if (a->joined)
		return a->result;
	a->joined = true;
	CHECK(pthread_join(a->thread, NULL) == 0, "join");
	if (a->action == RUN)
		return a->result;
	check_result(r, a->action, false, a->result);
	CHECK(a->result != -ETIMEDOUT || a->deadline != PP_FOREVER, "timed out without a deadline");
	if (a->result == 0 && is_push(a->action) && a->action != GIVE_UP)
		r->pushed[a->item] = true;
	if (a->result == 0 && is_pull(a->action))
		note_pulled(r, a->item);
	return a->result;
}

/* ---- The ring --------------------------------------------------------------------- */

static void drop(void *item, void *context)
{
	struct ring *r = context;
	uint64_t number;

	memcpy(&number, item, sizeof(number));
	CHECK(number > 0 && number < ITEMS_MAX, "no such item dropped");
	atomic_fetch_add(&r->dropped[number], 1);
}

void choose_marks(void)
{
	if (getenv("STALL_WITHOUT_MARKS"))
		pp_test_most_marked = 0;
}

void ring_open(struct ring *r, pp_kind kind, size_t capacity, unsigned flags)
{
	static unsigned opened;

	watchdog_feed();
	pp_test_start_before_wrap = opened++ % 3; /* all the same to every test here */
	choose_marks();
	if (pp_test_stall_hook != freeze)
		pp_test_stall_hook = freeze; /* only once: others read it */
	memset(r, 0, sizeof(*r));
	r->kind = kind;
	r->flags = flags;
	r->capacity = capacity;
	r->next = 1;
	CHECK(pp_open_with(&r->tx, &r->rx,
			   &PP_CONFIG(.kind = kind, .capacity = capacity, .item_size = 8,
				      .flags = flags, .spin_ns = PP_SPIN_NONE, .drop = drop,
				      .drop_context = r, .name = "stalled")) == 0, "open");
}

void ring_leave(struct ring *r)
{
	r->cancelling = true;
	pp_rx_unref(r->rx);
	r->rx = NULL;
}

void ring_finish(struct ring *r)
{
	pp_stats s;
	uint64_t i;

	for (i = 0; i < r->acting; i++)
		actor_await_done(&r->actors[i]);
	s = ring_stats(r);
	CHECK(s.pushers_parked == 0 && s.pullers_parked == 0, "nobody is there, asleep: %u, %u",
	      s.pushers_parked, s.pullers_parked);
	pp_tx_unref(r->tx);
	if (!r->cancelling)
		while (r->closing = true, ring_try_pull(r) == 0)
			;
	pp_rx_unref(r->rx);
	for (i = 1; i < r->next; i++) {
		unsigned pulled = atomic_load(&r->pulled[i]), dropped = atomic_load(&r->dropped[i]);

		CHECK(pulled + dropped == (r->pushed[i] ? 1 : 0) && (!dropped || r->cancelling),
		      "item %d: pushed %d, pulled %u, dropped %u", (int)i, r->pushed[i], pulled,
		      dropped);
	}
}

pp_stats ring_stats(const struct ring *r)
{
	pp_stats s = { .size = sizeof(s) };

	CHECK(pp_tx_stats(r->tx, &s) == 0, "no stats");
	return s;
}

int ring_try_push(struct ring *r)
{
	uint64_t item = r->next++;
	int result;

	CHECK(item < ITEMS_MAX, "too many items");
	result = pp_try_push(r->tx, &item);
	check_result(r, PUSH, true, result);
	r->pushed[item] = result == 0;
	r->mains[item] = true;
	return result;
}

int ring_try_pull(struct ring *r)
{
	uint64_t item = 0;
	int result = pp_try_pull(r->rx, &item);

	check_result(r, PULL, true, result);
	if (result)
		return result;
	note_pulled(r, item);
	if (r->mains[item]) {
		CHECK(item > r->last_of_main, "item %d after item %d", (int)item,
		      (int)r->last_of_main);
		r->last_of_main = item;
	}
	return 0;
}

void ring_fill(struct ring *r, size_t n)
{
	while (n--)
		CHECK(ring_try_push(r) == 0, "no room");
}

void ring_fill_aborted(struct ring *r, size_t n)
{
	void *slot;

	while (n--)
		CHECK(pp_try_push_begin(r->tx, &slot) == 0 && pp_push_abort(r->tx, slot) == 0,
		      "no slot");
}

/* ---- Who sleeps, and why ------------------------------------------------------------ */

unsigned ring_undone(const struct ring *r)
{
	unsigned i, n = 0;

	for (i = 0; i < r->acting; i++)
		n += !atomic_load(&r->actors[i].done);
	return n;
}

static bool quiet_now(const struct ring *r)
{
	unsigned i;

	for (i = 0; i < r->acting; i++) {
		const struct actor *a = &r->actors[i];
		bool stands = atomic_load(&a->frozen) && !atomic_load(&a->thaw);

		if (!atomic_load(&a->done) && !stands && !actor_sleeps(a))
			return false;
	}
	return true;
}

bool ring_is_quiet(const struct ring *r)
{
	unsigned undone = ring_undone(r);

	if (!quiet_now(r))
		return false;
	nap_us(500); /* long enough for a wake that was on its way */
	return quiet_now(r) && ring_undone(r) == undone;
}

void ring_await_quiet(const struct ring *r)
{
	AWAIT(ring_is_quiet(r));
}

static bool nobody_sleeps_on_work(const struct ring *r)
{
	pp_stats s = ring_stats(r);

	if (s.pushers_parked + s.pullers_parked != ring_undone(r))
		return false; /* somebody is still on the way */
	if (s.closed || s.cancelled)
		return s.pushers_parked + s.pullers_parked == 0;
	if (s.pushers_parked && (s.depth < r->capacity || (r->capacity == 0 && s.pullers_parked)))
		return false;
	return !s.pullers_parked || s.depth == 0;
}

void ring_await_nobody_sleeps_on_work(const struct ring *r)
{
	AWAIT(ring_is_quiet(r) && nobody_sleeps_on_work(r));
}

void ring_serve_all(struct ring *r)
{
	for (;;) {
		pp_stats s;

		ring_await_nobody_sleeps_on_work(r);
		if (ring_undone(r) == 0)
			return;
		s = ring_stats(r);
		if (s.pushers_parked)
			CHECK(ring_try_pull(r) == 0, "a pusher sleeps, and nothing is there");
		else
			CHECK(ring_try_push(r) == 0, "a puller sleeps, and there is no room");
	}
}
