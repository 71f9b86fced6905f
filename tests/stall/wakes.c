/* SPDX-License-Identifier: MIT */
/* Wakes that could be lost, or be made for nothing: each in the order of events that loses it. */
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

/*
 * The stranded item.  Two pullers sleep; a push is frozen on slot 0; others fill the slots
 * behind it, and who is woken for these finds slot 0 not ready and sleeps again.  The frozen
 * push then wakes one puller for its one item: that one has to wake the next.
 */
static void stranded_item(size_t capacity, unsigned pullers)
{
	struct actor *slow;
	size_t i;

	begin("stranded item", PP_MPMC, capacity, 0);
	for (i = 0; i < pullers; i++)
		actor_asleep(&ring, PULL);
	slow = frozen(PUSH, PP_AT_push_claimed);
	for (i = 1; i < capacity; i++) {
		ring_fill(&ring, 1);
		ring_await_quiet(&ring);
	}
	CHECK(ring_undone(&ring) == pullers + 1, "a puller has overtaken the frozen push");
	actor_thaw(slow);
	ring_serve_all(&ring);
	ring_finish(&ring);
}

/* The mirror image: two pushers sleep, and a pull is frozen on slot 0. */
static void stranded_room(size_t capacity, unsigned pushers)
{
	struct actor *slow;
	size_t i;

	begin("stranded room", PP_MPMC, capacity, 0);
	ring_fill(&ring, capacity);
	for (i = 0; i < pushers; i++)
		actor_asleep(&ring, PUSH);
	slow = frozen(PULL, PP_AT_pull_claimed);
	for (i = 1; i < capacity; i++) {
		CHECK(ring_try_pull(&ring) == 0, "an item behind the claimed one");
		ring_await_quiet(&ring);
	}
	CHECK(ring_undone(&ring) == pushers + 1, "a pusher has overtaken the frozen pull");
	actor_thaw(slow);
	ring_serve_all(&ring);
	ring_finish(&ring);
}

static void on_signal(int number)
{
	(void)number;
}

/*
 * Two sleep; something is made, and its maker frozen: with a wake claimed for one of them,
 * before the kernel hears of it, or, where they sleep in selects, before it looks for sleepers.
 * One of the two comes back by its deadline or by a signal: the operation comes first, so it
 * takes what was made, without the frozen thread, and the other one sleeps on.  False: it left
 * before that, on a busy machine.
 */
static bool leaver_takes(enum action sleepers, bool by_signal, pp_time patience)
{
	bool chooses = sleepers == CHOOSE_PULL || sleepers == CHOOSE_PUSH;
	enum action maker = is_pull(sleepers) ? PUSH : PULL;
	enum pp_stall_point made = maker == PUSH ? PP_AT_push_published : PP_AT_pull_freed;
	struct actor *leaver, *stayer, *slow;
	bool in_time;

	begin(by_signal ? "leaving by a signal" : "leaving by a deadline", PP_MPMC, 2,
	      PP_INTERRUPTIBLE);
	ring_fill(&ring, maker == PUSH ? 0 : 2);
	leaver = actor_start(&ring, sleepers, NO_POINT, by_signal ? PP_FOREVER : pp_in(patience));
	AWAIT(actor_sleeps(leaver) || atomic_load(&leaver->done));
	stayer = actor_asleep(&ring, sleepers);
	slow = frozen(maker, chooses ? made : PP_AT_wake_claimed);
	in_time = actor_sleeps(leaver);
	if (in_time && by_signal)
		pthread_kill(leaver->thread, SIGUSR1);
	if (in_time) {
		CHECK(actor_await_done(leaver) == 0, "what was made is not taken");
		CHECK(!atomic_load(&stayer->done), "the other one");
		CHECK(!atomic_load(&slow->done), "the maker was not frozen");
	}
	actor_thaw(slow);
	ring_serve_all(&ring);
	ring_finish(&ring);
	return in_time;
}

static void each_leaver_takes(bool by_signal)
{
	static const enum action sleepers[] = { PULL, PUSH, CHOOSE_PULL, CHOOSE_PUSH };
	pp_time patience;
	size_t i;

	for (i = 0; i < sizeof(sleepers) / sizeof(*sleepers); i++)
		for (patience = 100 * PP_MS; !leaver_takes(sleepers[i], by_signal, patience);)
			patience *= 2;
}

/* Somebody wakes up and takes its time: what is pushed or pulled meanwhile makes no further
 * wake calls. */
static void one_wake_in_the_window(pp_kind kind, enum action sleeper)
{
	struct actor *woken;
	pp_stats s;
	int i;

	begin("wake window", kind, 8, 0);
	ring_fill(&ring, sleeper == PULL ? 0 : 8);
	woken = actor_start(&ring, sleeper, PP_AT_wait_woken, PP_FOREVER);
	AWAIT(actor_sleeps(woken));
	for (i = 0; i < 5; i++)
		CHECK((sleeper == PULL ? ring_try_push(&ring) : ring_try_pull(&ring)) == 0, "flow");
	s = ring_stats(&ring);
	CHECK(s.push_wakes + s.pull_wakes == 1, "%d wake calls for one sleeper",
	      (int)(s.push_wakes + s.pull_wakes));
	actor_await_frozen(woken);
	actor_thaw(woken);
	CHECK(actor_await_done(woken) == 0, "the sleeper");
	s = ring_stats(&ring);
	CHECK(s.push_wakes + s.pull_wakes == 1, "%d wake calls in the end",
	      (int)(s.push_wakes + s.pull_wakes));
	ring_finish(&ring);
}

/* The same while the first wake is claimed and not yet made. */
static void no_wake_beside_a_claimed_one(void)
{
	struct actor *slow;

	begin("claimed wake", PP_MPMC, 8, 0);
	actor_asleep(&ring, PULL);
	slow = frozen(PUSH, PP_AT_wake_claimed);
	ring_fill(&ring, 5);
	CHECK(ring_stats(&ring).pull_wakes == 0, "a second wake for one sleeper");
	actor_thaw(slow);
	ring_serve_all(&ring);
	CHECK(ring_stats(&ring).pull_wakes == 1, "%d wake calls",
	      (int)ring_stats(&ring).pull_wakes);
	ring_finish(&ring);
}

/* Woken in time, and its deadline has passed when it comes to run: it takes what it was woken for.
 * False: the deadline passed before that, on a busy machine. */
static bool woken_and_late(pp_kind kind, enum action sleeper, pp_time patience)
{
	struct actor *late;
	bool in_time;

	begin("woken, and late", kind, 1, 0);
	ring_fill(&ring, is_pull(sleeper) ? 0 : 1);
	late = actor_start(&ring, sleeper, PP_AT_wait_woken, pp_in(patience));
	AWAIT(actor_sleeps(late) || atomic_load(&late->frozen) || atomic_load(&late->done));
	if (atomic_load(&late->done)) { /* before it slept */
		ring_finish(&ring);
		return false;
	}
	CHECK((is_pull(sleeper) ? ring_try_push(&ring) : ring_try_pull(&ring)) == 0, "flow");
	in_time = pp_now() < late->deadline;
	actor_await_frozen(late);
	AWAIT(pp_now() > late->deadline);
	actor_thaw(late);
	CHECK(actor_await_done(late) == 0 || !in_time, "gave up beside what it was woken for");
	ring_finish(&ring);
	return in_time;
}

static void each_takes_what_it_was_woken_for(pp_kind kind)
{
	static const enum action sleepers[] = { PUSH, PULL, PUT, TAKE, CHOOSE_PUSH, CHOOSE_PULL };
	pp_time patience;
	size_t i;

	for (i = 0; i < ARRAY_LEN(sleepers); i++)
		for (patience = 20 * PP_MS; !woken_and_late(kind, sleepers[i], patience);)
			patience *= 2;
}

/* Between its announcement and its sleep a thread looks again; what comes after that look
 * keeps it out of the kernel. */
static void work_before_the_sleep(pp_kind kind, enum action sleeper, enum pp_stall_point point)
{
	struct actor *a;

	begin(point_name((int)point), kind, 1, 0);
	ring_fill(&ring, sleeper == PULL ? 0 : 1);
	a = frozen(sleeper, point);
	CHECK((sleeper == PULL ? ring_try_push(&ring) : ring_try_pull(&ring)) == 0, "flow");
	actor_thaw(a);
	CHECK(actor_await_done(a) == 0, "slept beside work");
	ring_finish(&ring);
}

int main(void)
{
	static const enum pp_stall_point before[] = {
		PP_AT_wait_entered, PP_AT_wait_announced, PP_AT_wait_sleeping
	};
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	size_t i, kind;

	watchdog_start();
	sigaction(SIGUSR1, &action, NULL);
	for (i = 2; i <= 4; i++) {
		stranded_item(i, 2);
		stranded_item(i, (unsigned)i + 1);
		stranded_room(i, 2);
		stranded_room(i, (unsigned)i + 1);
	}
	each_leaver_takes(false);
	each_leaver_takes(true);
	for (kind = PP_SPSC; kind <= PP_MPMC; kind++) {
		each_takes_what_it_was_woken_for((pp_kind)kind);
		one_wake_in_the_window((pp_kind)kind, PULL);
		one_wake_in_the_window((pp_kind)kind, PUSH);
		for (i = 0; i < ARRAY_LEN(before); i++) {
			work_before_the_sleep((pp_kind)kind, PULL, before[i]);
			work_before_the_sleep((pp_kind)kind, PUSH, before[i]);
		}
	}
	no_wake_beside_a_claimed_one();
	printf("wakes: none lost, none too many\n");
	return 0;
}
