/* SPDX-License-Identifier: MIT */
/*
 * A thread is frozen at every stall point in turn, for both kinds and small capacities.
 * While it stands there
 *
 *   - try calls on both sides return at once, with a result that may be;
 *   - others that have to wait sleep;
 *   - close and cancel return at once (capacity 0: unless the frozen thread holds the lock),
 *     and end what they are to end.
 *
 * Once it goes on, everybody gets what there is, nobody sleeps on work, and the book of the
 * items is complete.
 */
#include "stall.h"

#include <errno.h>
#include <stdio.h>

enum fill { EMPTY, NEARLY, FULL };

/* Where the rules leave something to the frozen thread. */
enum {
	HOLDS_LOCK    = 1, /* tries say -EBUSY, all else sleeps                               */
	HOLDS_SLEEPER = 2, /* has claimed a sleeper, and will wake it                         */
	PROVOKED      = 4, /* the victim first sleeps, then the main thread wakes it          */
	TIMED         = 8, /* the victim has a short deadline                                 */
	ABORTED       = 16, /* the free slots are filled with pushes that were taken back     */
	CHOOSERS      = 32 /* the sleepers sleep in selects                                   */
};

enum { RINGS = 1, MEETINGS = 2, ONLY_MPMC = 4, ONLY_SPSC = 8 };

struct scene {
	enum pp_stall_point point;
	enum action victim;
	unsigned where;       /* RINGS, MEETINGS */
	enum fill fill;
	unsigned sleepers;    /* that the victim is to serve or to end */
	unsigned how;
};

#define BOTH_WAITS(point, where, how)                                                   \
	{ PP_AT_##point, PULL, where, EMPTY, 0, how }, { PP_AT_##point, PUSH, where, FULL, 0, how }
#define BOTH_CHOOSE(point, where, how)                                                  \
	{ PP_AT_##point, CHOOSE_PULL, where, EMPTY, 0, how }, \
	{ PP_AT_##point, CHOOSE_PUSH, where, FULL, 0, how }
#define BOTH_ENDS(point, where, how)                                                    \
	{ PP_AT_##point, CLOSE, where, EMPTY, 1, how }, { PP_AT_##point, CLOSE, where, FULL, 1, how }, \
	{ PP_AT_##point, CANCEL, where, EMPTY, 1, how }, { PP_AT_##point, CANCEL, where, FULL, 1, how }

static const struct scene scenes[] = {
	{ PP_AT_push_claimed, PUSH, RINGS, EMPTY, 0, 0 },
	{ PP_AT_push_claimed, PUSH, RINGS, EMPTY, 1, 0 },
	{ PP_AT_push_claimed, PUSH, RINGS, NEARLY, 0, 0 },
	{ PP_AT_push_copied, PUSH, RINGS, EMPTY, 1, 0 },
	{ PP_AT_push_copied, PUSH, RINGS, NEARLY, 0, 0 },
	{ PP_AT_push_published, PUSH, RINGS, EMPTY, 0, 0 },
	{ PP_AT_push_published, PUSH, RINGS, EMPTY, 1, 0 },
	{ PP_AT_pull_claimed, PULL, RINGS, FULL, 0, 0 },
	{ PP_AT_pull_claimed, PULL, RINGS, FULL, 1, 0 },
	{ PP_AT_pull_copied, PULL, RINGS, FULL, 1, 0 },
	{ PP_AT_pull_freed, PULL, RINGS, FULL, 0, 0 },
	{ PP_AT_pull_freed, PULL, RINGS, FULL, 1, 0 },
	BOTH_WAITS(wait_entered, RINGS, 0),
	BOTH_WAITS(wait_announced, RINGS, 0),
	BOTH_WAITS(wait_fenced, RINGS, 0),
	BOTH_WAITS(wait_sleeping, RINGS | MEETINGS, 0),
	BOTH_WAITS(wait_woken, RINGS | MEETINGS, PROVOKED),
	BOTH_WAITS(wait_leaving, RINGS, PROVOKED),
	{ PP_AT_wake_claimed, PUSH, RINGS, EMPTY, 1, HOLDS_SLEEPER },
	{ PP_AT_wake_claimed, PUSH, RINGS | ONLY_MPMC, EMPTY, 2, HOLDS_SLEEPER },
	{ PP_AT_wake_claimed, PULL, RINGS, FULL, 1, HOLDS_SLEEPER },
	{ PP_AT_wake_claimed, PULL, RINGS | ONLY_MPMC, FULL, 2, HOLDS_SLEEPER },
	BOTH_ENDS(end_flagged, RINGS, 0),
	BOTH_ENDS(end_half_sealed, RINGS | ONLY_MPMC, 0),
	BOTH_ENDS(end_sealed, RINGS, 0),
	BOTH_ENDS(end_sealed, MEETINGS, HOLDS_SLEEPER),
	{ PP_AT_drop_claimed, CANCEL, RINGS, FULL, 0, 0 },
	{ PP_AT_drop_claimed, CANCEL, RINGS, FULL, 1, 0 },
	BOTH_WAITS(meet_locked, MEETINGS | ONLY_MPMC, HOLDS_LOCK),
	{ PP_AT_meet_locked, PUSH, MEETINGS | ONLY_MPMC, EMPTY, 1, HOLDS_LOCK },
	{ PP_AT_meet_matched, PUSH, MEETINGS, EMPTY, 1, HOLDS_SLEEPER },
	{ PP_AT_meet_matched, PULL, MEETINGS, FULL, 1, HOLDS_SLEEPER },
	{ PP_AT_meet_copied, PUSH, MEETINGS, EMPTY, 1, HOLDS_SLEEPER },
	{ PP_AT_meet_copied, PULL, MEETINGS, FULL, 1, HOLDS_SLEEPER },
	BOTH_WAITS(meet_enlisted, MEETINGS, 0),
	BOTH_WAITS(meet_withdrawing, MEETINGS | ONLY_MPMC, HOLDS_LOCK | TIMED),
	BOTH_WAITS(meet_withdrawing, MEETINGS | ONLY_SPSC, TIMED),

	/* In place: a slot is open. */
	{ PP_AT_push_copied, PUT, RINGS, EMPTY, 0, 0 },
	{ PP_AT_push_copied, PUT, RINGS, EMPTY, 1, 0 },
	{ PP_AT_push_copied, PUT, RINGS, NEARLY, 0, 0 },
	{ PP_AT_pull_copied, TAKE, RINGS, FULL, 0, 0 },
	{ PP_AT_pull_copied, TAKE, RINGS, FULL, 1, 0 },
	{ PP_AT_push_aborted, GIVE_UP, RINGS | ONLY_MPMC, EMPTY, 0, 0 },
	{ PP_AT_push_aborted, GIVE_UP, RINGS | ONLY_MPMC, EMPTY, 1, 0 },
	{ PP_AT_push_aborted, GIVE_UP, RINGS | ONLY_MPMC, NEARLY, 0, 0 },
	{ PP_AT_passing_over, PULL, RINGS | ONLY_MPMC, EMPTY, 0, ABORTED },
	{ PP_AT_passing_over, PUSH, RINGS | ONLY_MPMC, EMPTY, 0, ABORTED },

	/* Selects, and what tells them. */
	BOTH_CHOOSE(watch_locked, RINGS, 0),
	{ PP_AT_watch_told, PUSH, RINGS, EMPTY, 1, HOLDS_SLEEPER | CHOOSERS },
	{ PP_AT_watch_told, PUSH, RINGS | ONLY_MPMC, EMPTY, 2, HOLDS_SLEEPER | CHOOSERS },
	{ PP_AT_watch_told, PULL, RINGS, FULL, 1, HOLDS_SLEEPER | CHOOSERS },
	{ PP_AT_watch_told, PULL, RINGS | ONLY_MPMC, FULL, 2, HOLDS_SLEEPER | CHOOSERS },
	BOTH_CHOOSE(wait_sleeping, RINGS | MEETINGS, 0),
	BOTH_CHOOSE(wait_woken, RINGS | MEETINGS, PROVOKED),
	BOTH_CHOOSE(wait_leaving, RINGS, PROVOKED),
	BOTH_CHOOSE(meet_locked, MEETINGS, HOLDS_LOCK),
	BOTH_CHOOSE(select_acts, MEETINGS, HOLDS_LOCK),
	BOTH_CHOOSE(meet_withdrawing, MEETINGS, HOLDS_LOCK | TIMED),
	{ PP_AT_meet_matched, PUSH, MEETINGS, EMPTY, 1, HOLDS_SLEEPER | CHOOSERS },
	{ PP_AT_meet_matched, CHOOSE_PUSH, MEETINGS, EMPTY, 1, HOLDS_SLEEPER },
	{ PP_AT_meet_matched, CHOOSE_PULL, MEETINGS, FULL, 1, HOLDS_SLEEPER | CHOOSERS },
	{ PP_AT_meet_copied, CHOOSE_PUSH, MEETINGS, EMPTY, 1, HOLDS_SLEEPER | CHOOSERS },
};

enum meanwhile { GO_ON, THEN_CLOSE, THEN_CANCEL };

static const char *const meanwhile_names[] = { "nothing", "a close", "a cancel" };
static const char *const action_names[ACTIONS] = {
	"push", "pull", "close", "cancel", "in-place push", "in-place pull", "aborted push",
	"pushing select", "pulling select", "function"
};

/* Sleepers of an ending: those that sleep on a ring in that state. */
static enum action sleepers_of(const struct scene *s)
{
	if (s->how & CHOOSERS)
		return s->fill == EMPTY ? CHOOSE_PULL : CHOOSE_PUSH;
	return s->fill == EMPTY ? PULL : PUSH;
}

/* May another thread act on that side?  PP_SPSC: only if nobody else does. */
static bool may(const struct ring *r, enum action action)
{
	unsigned i;

	if (r->kind == PP_MPMC)
		return true;
	for (i = 0; i < r->acting; i++)
		if ((action == PUSH ? is_push : is_pull)(r->actors[i].action) &&
		    !atomic_load(&r->actors[i].done))
			return false;
	return true;
}

/* ---- The scene -------------------------------------------------------------------- */

/* A victim with a deadline must be asleep when it passes: more time on a busy machine. */
static struct actor *freeze_a_timed_one(struct ring *r, const struct scene *s)
{
	pp_time patience = 3 * PP_MS;
	struct actor *victim;

	do {
		victim = actor_start(r, s->victim, (int)s->point, pp_in(patience));
		AWAIT(atomic_load(&victim->frozen) || atomic_load(&victim->done));
		patience *= 3;
	} while (!atomic_load(&victim->frozen));
	return victim;
}

static struct actor *set_up(struct ring *r, const struct scene *s)
{
	struct actor *victim;
	unsigned i;

	ring_fill(r, s->fill == EMPTY || r->capacity == 0 ? 0 : r->capacity - (s->fill == NEARLY));
	if (s->how & ABORTED)
		ring_fill_aborted(r, r->capacity);
	for (i = 0; i < s->sleepers; i++)
		actor_asleep(r, sleepers_of(s));
	if (s->how & TIMED)
		return freeze_a_timed_one(r, s);
	victim = actor_start(r, s->victim, (int)s->point, PP_FOREVER);
	if (s->how & PROVOKED) {
		AWAIT(actor_sleeps(victim));
		CHECK((is_pull(s->victim) ? ring_try_push(r) : ring_try_pull(r)) == 0,
		      "cannot wake the victim");
	}
	actor_await_frozen(victim);
	return victim;
}

/* No call of the main thread takes long: it would have to wait for the frozen one. */
static void try_both_sides(struct ring *r, const struct scene *s)
{
	int64_t cpu = own_cpu_ns();
	size_t i;

	for (i = 0; i < r->capacity + 2; i++) {
		int pushed = may(r, PUSH) ? ring_try_push(r) : -EBUSY;
		int pulled = i % 2 && may(r, PULL) ? ring_try_pull(r) : -EBUSY;

		if (s->how & HOLDS_LOCK)
			CHECK(pushed == -EBUSY && pulled == -EBUSY, "%d and %d beside a held lock",
			      pushed, pulled);
	}
	cpu = own_cpu_ns() - cpu;
	CHECK(cpu < (test_is_slow() ? 400 : 20) * PP_MS, "tries used %lld ns of CPU", (long long)cpu);
}

/* Peers that wait; some get through. */
static void start_peers(struct ring *r)
{
	unsigned n = r->kind == PP_MPMC ? 2 : 1;

	while (n--) {
		if (may(r, PUSH))
			actor_start(r, PUSH, NO_POINT, PP_FOREVER);
		if (may(r, PULL))
			actor_start(r, PULL, NO_POINT, PP_FOREVER);
	}
	ring_await_quiet(r);
}

static void check_that_peers_sleep(const struct ring *r)
{
	int64_t used[ACTORS_MAX];
	unsigned i;

	for (i = 0; i < r->acting; i++)
		used[i] = r->actors[i].joined || atomic_load(&r->actors[i].done)
			? -1 : actor_cpu_ns(&r->actors[i]);
	nap_us(3000);
	for (i = 0; i < r->acting; i++) {
		const struct actor *a = &r->actors[i];

		if (used[i] < 0 || atomic_load(&a->done) || atomic_load(&a->frozen))
			continue;
		CHECK(actor_cpu_ns(a) - used[i] < PP_MS, "a sleeping %s used %lld ns",
		      action_names[a->action], (long long)(actor_cpu_ns(a) - used[i]));
	}
}

/* A close or cancel while somebody is frozen. */
static void end_meanwhile(struct ring *r, const struct scene *s, const struct actor *victim,
			  enum meanwhile then)
{
	struct actor *ender = actor_start(r, then == THEN_CLOSE ? CLOSE : CANCEL, NO_POINT,
					  PP_FOREVER);
	unsigned i;

	if (s->how & HOLDS_LOCK) {
		ring_await_quiet(r);
		return;
	}
	CHECK(actor_await_done(ender) == 0, "the end failed");
	for (i = 0; i < r->acting; i++) {
		struct actor *a = &r->actors[i];

		if (a == victim || a->action == CLOSE || (s->how & HOLDS_SLEEPER))
			continue;
		/* A pull on a closed ring may have to wait for the frozen push, or pull. */
		if (is_push(a->action) || then == THEN_CANCEL)
			actor_await_done(a);
	}
	if (may(r, PUSH)) {
		int pushed = ring_try_push(r);

		/* A close that is under way may show already, or not yet. */
		CHECK(then == THEN_CLOSE ? pushed == -ESHUTDOWN
					 : pushed == -EPIPE || victim->action == CLOSE,
		      "a push after the end gave %d", pushed);
	}
	if (may(r, PULL) && then == THEN_CANCEL)
		CHECK(ring_try_pull(r) == -ESHUTDOWN, "pull after cancel");
}

static void play(const struct scene *s, pp_kind kind, size_t capacity, enum meanwhile then)
{
	static struct ring r;
	struct actor *victim;

	test_case("%s at %s, %s, capacity %zu, %s, %u asleep, meanwhile %s",
		  action_names[s->victim], point_name((int)s->point),
		  kind == PP_SPSC ? "SPSC" : "MPMC", capacity,
		  s->fill == EMPTY ? "empty" : s->fill == FULL ? "full" : "nearly full",
		  s->sleepers, meanwhile_names[then]);
	ring_open(&r, kind, capacity, 0);
	victim = set_up(&r, s);
	try_both_sides(&r, s);
	start_peers(&r);
	check_that_peers_sleep(&r);
	if (then != GO_ON)
		end_meanwhile(&r, s, victim, then);
	CHECK(!atomic_load(&victim->done), "the victim was not frozen");
	actor_thaw(victim);
	ring_serve_all(&r);
	ring_finish(&r);
}

static bool applies(const struct scene *s, pp_kind kind, size_t capacity)
{
	if (!(s->where & (capacity ? RINGS : MEETINGS)))
		return false;
	return !(s->where & (kind == PP_MPMC ? ONLY_SPSC : ONLY_MPMC));
}

/* A stall point that no scene visits is a hole in this test. */
static void check_that_all_points_are_visited(void)
{
	bool visited[PP_STALL_COUNT] = { false };
	size_t i;

	for (i = 0; i < ARRAY_LEN(scenes); i++)
		visited[scenes[i].point] = true;
	for (i = 0; i < PP_STALL_COUNT; i++)
		CHECK(visited[i], "no scene freezes a thread at %s", point_name((int)i));
}

int main(void)
{
	static const size_t capacities[] = { 0, 1, 2, 3 };
	unsigned played = 0;
	size_t i, k, kind, then;

	watchdog_start();
	check_that_all_points_are_visited();
	for (i = 0; i < ARRAY_LEN(scenes); i++)
		for (kind = PP_SPSC; kind <= PP_MPMC; kind++)
			for (k = 0; k < ARRAY_LEN(capacities); k++)
				for (then = GO_ON; then <= THEN_CANCEL; then++) {
					if (!applies(&scenes[i], (pp_kind)kind, capacities[k]))
						continue;
					play(&scenes[i], (pp_kind)kind, capacities[k],
					     (enum meanwhile)then);
					played++;
				}
	printf("points: %d stall points, %u scenes\n", PP_STALL_COUNT, played);
	return 0;
}
