/* SPDX-License-Identifier: MIT */
/* Exactly what flows past a thread that is frozen half-way, and in which order. */
#include "stall.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>

static struct ring ring;

static void begin(const char *what, pp_kind kind, size_t capacity, unsigned flags)
{
	test_case("%s, %s, capacity %zu", what, kind == PP_SPSC ? "SPSC" : "MPMC", capacity);
	ring_open(&ring, kind, capacity, flags);
}

static struct actor *frozen(enum action action, enum pp_stall_point point)
{
	struct actor *a = actor_start(&ring, action, (int)point, PP_FOREVER);

	actor_await_frozen(a);
	return a;
}

static void thaw_and_finish(struct actor *a)
{
	actor_thaw(a);
	CHECK(actor_await_done(a) == 0, "the frozen call failed");
	ring_finish(&ring);
}

static uint64_t pull_one(void)
{
	uint64_t item = 0;

	CHECK(pp_try_pull(ring.rx, &item) == 0, "nothing there");
	atomic_fetch_add(&ring.pulled[item], 1);
	return item;
}

/* Others fill the rest of the ring, and their items wait behind the claimed slot. */
static void past_a_frozen_push(size_t capacity)
{
	struct actor *a;
	size_t i;

	begin("past a frozen push", PP_MPMC, capacity, 0);
	a = frozen(PUSH, PP_AT_push_claimed);
	for (i = 1; i < capacity; i++) {
		CHECK(ring_try_pull(&ring) == -EBUSY, "pull of a claimed slot");
		CHECK(ring_try_push(&ring) == 0, "no room beside one claimed slot");
	}
	CHECK(ring_try_pull(&ring) == -EBUSY, "pull of a claimed slot");
	CHECK(ring_try_push(&ring) < 0, "more than the capacity");
	actor_thaw(a);
	CHECK(actor_await_done(a) == 0, "the frozen push failed");
	for (i = 0; i < capacity; i++)
		CHECK(pull_one() == a->item + i, "out of order");
	ring_finish(&ring);
}

/* Others empty the rest of the ring; pushes need the claimed slot first. */
static void past_a_frozen_pull(size_t capacity)
{
	struct actor *a;
	size_t i;

	begin("past a frozen pull", PP_MPMC, capacity, 0);
	ring_fill(&ring, capacity);
	a = frozen(PULL, PP_AT_pull_claimed);
	for (i = 1; i < capacity; i++) {
		CHECK(ring_try_push(&ring) == -EBUSY, "push into a claimed slot");
		CHECK(ring_try_pull(&ring) == 0, "an item behind the claimed one");
	}
	CHECK(ring_try_push(&ring) == -EBUSY, "push into a claimed slot");
	CHECK(ring_try_pull(&ring) == -EAGAIN, "more than there was");
	actor_thaw(a);
	CHECK(actor_await_done(a) == 0 && a->item == 1, "the frozen pull had the oldest item");
	ring_fill(&ring, capacity);
	ring_finish(&ring);
}

/* SPSC: what was published before is there, what is being pushed is not. */
static void beside_a_frozen_pusher(size_t capacity)
{
	struct actor *a;
	size_t i;

	begin("beside a frozen pusher", PP_SPSC, capacity, 0);
	ring_fill(&ring, capacity - 1);
	a = frozen(PUSH, PP_AT_push_copied);
	for (i = 1; i < capacity; i++)
		CHECK(ring_try_pull(&ring) == 0, "a published item");
	CHECK(ring_try_pull(&ring) < 0, "an item that is not published");
	thaw_and_finish(a);
}

static void beside_a_frozen_puller(size_t capacity)
{
	struct actor *a;
	size_t i;

	begin("beside a frozen puller", PP_SPSC, capacity, 0);
	ring_fill(&ring, 1);
	a = frozen(PULL, PP_AT_pull_claimed);
	for (i = 1; i < capacity; i++)
		CHECK(ring_try_push(&ring) == 0, "no room beside one claimed slot");
	CHECK(ring_try_push(&ring) < 0, "the slot is still being read");
	thaw_and_finish(a);
}

/* Between a counter and its mark: who tries, who moves several and who would have to sleep goes by the
 * counters, and finds what the frozen thread has published, or freed, last of all that there is. */
enum attempt { TRY, SEVERAL, CALL, IN_PLACE, SELECT, ATTEMPTS };

static bool finds_the_item(enum attempt how, size_t capacity)
{
	static const enum action actions[ATTEMPTS] = { [CALL] = PULL, [IN_PLACE] = TAKE,
						       [SELECT] = CHOOSE_PULL };
	uint64_t items[ITEMS_MAX];
	size_t i;

	if (how == SEVERAL) {
		if (pp_try_pull_n(ring.rx, items, capacity + 1) != (ssize_t)capacity)
			return false;
		for (i = 0; i < capacity; i++) {
			CHECK(items[i] == i + 1, "out of order");
			atomic_fetch_add(&ring.pulled[items[i]], 1);
		}
		return true;
	}
	for (i = 1; i < capacity; i++)
		CHECK(ring_try_pull(&ring) == 0, "an item with its mark");
	if (how == TRY)
		return ring_try_pull(&ring) == 0;
	return actor_await_done(actor_start(&ring, actions[how], NO_POINT, PP_FOREVER)) == 0;
}

static bool finds_the_room(enum attempt how, size_t capacity)
{
	static const enum action actions[ATTEMPTS] = { [CALL] = PUSH, [IN_PLACE] = PUT,
						       [SELECT] = CHOOSE_PUSH };
	uint64_t items[ITEMS_MAX];
	size_t i;

	if (how == SEVERAL) {
		for (i = 0; i <= capacity; i++)
			items[i] = ring.next++;
		for (i = 0; i < capacity; i++)
			ring.pushed[items[i]] = true;
		return pp_try_push_n(ring.tx, items, capacity + 1) == (ssize_t)capacity;
	}
	ring_fill(&ring, capacity - 1);
	if (how == TRY)
		return ring_try_push(&ring) == 0;
	return actor_await_done(actor_start(&ring, actions[how], NO_POINT, PP_FOREVER)) == 0;
}

static void without_its_mark(enum attempt how, size_t capacity)
{
	static const char *const names[] = { "try", "several", "call", "in place", "select" };
	struct actor *a;

	begin("an item without its mark", PP_SPSC, capacity, 0);
	ring_fill(&ring, capacity - 1);
	a = frozen(PUSH, PP_AT_push_published);
	CHECK(finds_the_item(how, capacity), "not found: %s", names[how]);
	thaw_and_finish(a);

	begin("room without its mark", PP_SPSC, capacity, 0);
	ring_fill(&ring, 1);
	a = frozen(PULL, PP_AT_pull_freed);
	CHECK(finds_the_room(how, capacity), "not found: %s", names[how]);
	thaw_and_finish(a);
}

/* "Closed" is not the end while a push that came before it is half-way. */
static void close_behind_a_claim(size_t capacity)
{
	struct actor *a, *puller;

	begin("close behind a claim", PP_MPMC, capacity, 0);
	a = frozen(PUSH, PP_AT_push_claimed);
	puller = actor_asleep(&ring, PULL);
	CHECK(actor_await_done(actor_start(&ring, CLOSE, NO_POINT, PP_FOREVER)) == 0, "close");
	CHECK(ring_try_pull(&ring) == -EBUSY, "the end, before the last item");
	ring_await_quiet(&ring);
	CHECK(actor_sleeps(puller), "the puller has returned");
	actor_thaw(a);
	CHECK(actor_await_done(a) == 0 && actor_await_done(puller) == 0 && puller->item == a->item,
	      "the item that was claimed before the close");
	CHECK(ring_try_pull(&ring) == -EPIPE, "the end, after it");
	ring_finish(&ring);
}

/* The last pull end goes while a push is half-way: nobody but that push can drop its item. */
static void leave_behind_a_push(pp_kind kind, size_t capacity, enum pp_stall_point point)
{
	struct actor *a;

	begin("leave behind a push", kind, capacity, 0);
	a = frozen(PUSH, point);
	if (kind == PP_MPMC && capacity > 1)
		CHECK(ring_try_push(&ring) == 0, "no room beside one claimed slot");
	ring_leave(&ring);
	actor_thaw(a);
	actor_await_done(a);
	ring_finish(&ring); /* each push that gave 0 was dropped, by now */
}

/* Two that have met hinder nobody. */
static void past_a_meeting(enum pp_stall_point point)
{
	struct actor *a, *b, *c;

	begin(point_name((int)point), PP_MPMC, 0, 0);
	b = actor_asleep(&ring, PULL);
	a = frozen(PUSH, point);
	c = actor_asleep(&ring, PULL);
	CHECK(ring_try_push(&ring) == 0, "a puller waits");
	CHECK(actor_await_done(c) == 0, "the second puller");
	CHECK(!atomic_load(&b->done), "the first has nothing yet");
	actor_thaw(a);
	CHECK(actor_await_done(a) == 0 && actor_await_done(b) == 0 && b->item == a->item, "met");
	ring_finish(&ring);
}

enum disturbance { DEADLINE, SIGNAL, BY_CLOSE, BY_CANCEL };

/* Nothing of that undoes a hand-over that has begun.  False: the deadline passed before. */
static bool begun_is_done(enum pp_stall_point point, enum disturbance how, pp_time patience)
{
	struct actor *a, *b;

	begin("a hand-over that has begun", PP_MPMC, 0, PP_INTERRUPTIBLE);
	b = actor_start(&ring, PULL, NO_POINT, how == DEADLINE ? pp_in(patience) : PP_FOREVER);
	AWAIT(actor_sleeps(b) || atomic_load(&b->done));
	a = actor_start(&ring, PUSH, (int)point, PP_FOREVER);
	AWAIT(atomic_load(&a->frozen) || actor_sleeps(a));
	if (!atomic_load(&a->frozen)) { /* the deadline passed before they met */
		ring_serve_all(&ring);
		ring_finish(&ring);
		return false;
	}
	if (how == SIGNAL)
		pthread_kill(b->thread, SIGUSR1);
	else if (how == DEADLINE)
		AWAIT(pp_now() > b->deadline);
	else
		CHECK(actor_await_done(actor_start(&ring, how == BY_CLOSE ? CLOSE : CANCEL, NO_POINT,
						   PP_FOREVER)) == 0, "the end");
	nap_us(2000); /* for it to leave, were it to leave */
	CHECK(!atomic_load(&b->done), "left with %d", b->result);
	actor_thaw(a);
	CHECK(actor_await_done(a) == 0 && actor_await_done(b) == 0 && b->item == a->item, "met");
	ring_finish(&ring);
	return true;
}

static void each_that_has_begun_is_done(enum pp_stall_point point)
{
	pp_time patience;

	for (patience = 50 * PP_MS; !begun_is_done(point, DEADLINE, patience);)
		patience *= 2;
	begun_is_done(point, SIGNAL, 0);
	begun_is_done(point, BY_CLOSE, 0);
	begun_is_done(point, BY_CANCEL, 0);
}

/* Capacity 0: first come, first served, and who has left is passed over. */
static void first_come_first_served(pp_kind kind, enum action waiters)
{
	struct actor *a[4];
	int i;

	begin(waiters == PUSH ? "pushers in turn" : "pullers in turn", kind, 0, 0);
	for (i = 0; i < 4; i++) {
		bool leaves = i == 1;

		a[i] = actor_start(&ring, waiters, NO_POINT, leaves ? pp_in(30 * PP_MS) : PP_FOREVER);
		AWAIT(actor_sleeps(a[i]) || atomic_load(&a[i]->done));
	}
	CHECK(actor_await_done(a[1]) == -ETIMEDOUT, "the one with a deadline");
	for (i = 0; i < 4; i++) {
		if (i == 1)
			continue;
		CHECK((waiters == PUSH ? ring_try_pull(&ring) : ring_try_push(&ring)) == 0, "meet");
		CHECK(actor_await_done(a[i]) == 0, "number %d was not served", i);
		CHECK(ring_undone(&ring) == (i == 0 ? 2u : 3u - (unsigned)i), "others were");
	}
	ring_finish(&ring);
}

/* On an ended ring nobody takes the lock, so nobody is late for the end because of it. */
static void the_end_needs_no_lock(enum action action, int result)
{
	struct actor *a;

	begin(action == PUSH ? "a push after the end" : "a pull after the end", PP_MPMC, 0, 0);
	ring.closing = true;
	CHECK(pp_close(ring.tx) == 0, "close");
	a = actor_start(&ring, action, PP_AT_meet_locked, pp_in(50 * PP_MS));
	AWAIT(atomic_load(&a->frozen) || atomic_load(&a->done));
	CHECK(!atomic_load(&a->frozen), "holds the lock of an ended ring");
	CHECK(actor_await_done(a) == result, "gave %d", a->result);
	ring_finish(&ring);
}

static void on_signal(int number)
{
	(void)number;
}

int main(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	size_t capacity, kind;
	enum attempt how;

	watchdog_start();
	sigaction(SIGUSR1, &action, NULL);
	for (capacity = 1; capacity <= 4; capacity++) {
		past_a_frozen_push(capacity);
		past_a_frozen_pull(capacity);
		beside_a_frozen_pusher(capacity);
		beside_a_frozen_puller(capacity);
		for (how = TRY; how < ATTEMPTS; how++)
			without_its_mark(how, capacity);
		close_behind_a_claim(capacity);
		for (kind = PP_SPSC; kind <= PP_MPMC; kind++) {
			leave_behind_a_push((pp_kind)kind, capacity, PP_AT_push_claimed);
			leave_behind_a_push((pp_kind)kind, capacity, PP_AT_push_copied);
			leave_behind_a_push((pp_kind)kind, capacity, PP_AT_push_published);
		}
	}
	past_a_meeting(PP_AT_meet_matched);
	past_a_meeting(PP_AT_meet_copied);
	each_that_has_begun_is_done(PP_AT_meet_matched);
	each_that_has_begun_is_done(PP_AT_meet_copied);
	the_end_needs_no_lock(PUSH, -ESHUTDOWN);
	the_end_needs_no_lock(PULL, -EPIPE);
	/* Several waiters on one end: PP_MPMC only. */
	first_come_first_served(PP_MPMC, PUSH);
	first_come_first_served(PP_MPMC, PULL);
	printf("flow: all as it should be\n");
	return 0;
}
