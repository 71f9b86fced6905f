/* SPDX-License-Identifier: MIT */
/*
 * One of several pushes and pulls.
 *
 * First each case is tried, and nobody need know of the caller.  If none goes ahead, the caller
 * becomes a waiter (park/waiter.h) with a link in each ring: among the watchers of an eventcount,
 * or, at capacity 0, in the queue of a meeting.  Then it looks again, and sleeps once for all.  Who
 * makes an event tells it, and it looks again; who meets it at capacity 0 claims it, and serves
 * it.  While it tries a case itself nobody can claim it, so at most one case is ever performed.
 * docs/select.md has the argument that no wake is lost.
 */
#include <errno.h>
#include <limits.h>

#include "base/random.h"
#include "desk.h"

/* In pp_case.reserved. */
struct select_place {
	struct meet_case meeting; /* its link serves every kind of case */
	uint32_t order;
};

#ifndef PP_MODEL /* which has other memory for the places */
_Static_assert(sizeof(struct select_place) <= sizeof ((pp_case *)NULL)->reserved, "");

static inline struct select_place *place_of(pp_case *c)
{
	return (struct select_place *)(void *)c->reserved;
}

static inline pp_case *case_of(struct pp_link *link)
{
	return (pp_case *)(void *)((unsigned char *)link - offsetof(pp_case, reserved));
}
#endif

struct selection {
	pp_case *cases;
	uint32_t count;
	bool ordered, interruptible, meets, peeking, waiting, claimed;
	struct pp_spin *spin; /* of the first case */
	struct pp_spinner spinner;
	bool spun;
	pp_time deadline;
	struct pp_waiter waiter;
};

/* ---- a case ---------------------------------------------------------------------------- */

static inline bool enabled(const pp_case *c)
{
	return c->tx || c->rx;
}

static inline enum meet_role role_of(const pp_case *c)
{
	return c->tx ? MEET_PUSH : MEET_PULL;
}

static inline struct pp_end *end_of(const pp_case *c)
{
	return c->tx ? &c->tx->end : &c->rx->end;
}

static inline bool meets(const pp_case *c)
{
	return end_of(c)->mode == PP_MODE_MEET;
}

static inline struct pp_link *link_of(pp_case *c)
{
	return &place_of(c)->meeting.link;
}

/* Before anybody knows of the caller. */
static inline int try_case(pp_case *c)
{
	return pp_try(end_of(c), role_of(c), c->item);
}

/* When others may serve it.  Also MEET_IS_CLAIMED: no more cases are to be tried. */
static int try_waiting(struct selection *s, pp_case *c)
{
	int64_t r;

	if (meets(c)) {
		r = meet_arrive(&end_of(c)->channel->meeting, role_of(c), &place_of(c)->meeting);
		return r == 1 ? 0 : (int)r;
	}
	if (!pp_is_ready(end_of(c), role_of(c)))
		return -EAGAIN;
	if (!waiter_act(&s->waiter))
		return MEET_IS_CLAIMED;
	PP_STALL(select_acts);
	r = try_case(c);
	if (pp_is_undecided(r))
		waiter_acted(&s->waiter);
	return (int)r;
}

/* Is it the one?  Then the caller, if it waited, acts, or is claimed. */
static inline bool took(struct selection *s, uint32_t i)
{
	pp_case *c = &s->cases[i];
	int r;

	if (!enabled(c))
		return false;
	if (s->peeking && !meets(c) && !pp_is_ready(end_of(c), role_of(c)))
		return false; /* costs less than a try that fails */
	r = s->waiting ? try_waiting(s, c) : try_case(c);
	if (pp_is_undecided(r))
		return false;
	s->claimed = r == MEET_IS_CLAIMED;
	if (!s->claimed)
		c->result = r;
	return true;
}

/* ---- looking ---------------------------------------------------------------------------- */

static int look_in_order(struct selection *s, uint32_t from)
{
	for (uint32_t i = from; i < s->count; i++)
		if (took(s, i))
			return (int)i;
	return -EAGAIN;
}

static void swap_order(struct selection *s, uint32_t i, uint32_t k)
{
	uint32_t *a = &place_of(&s->cases[i])->order, *b = &place_of(&s->cases[k])->order;
	uint32_t was = *a;

	*a = *b;
	*b = was;
}

/* The rest of a random permutation that began with `first`. */
PP_NOINLINE static int look_at_others(struct selection *s, uint32_t first)
{
	if (s->count == 0)
		return -EAGAIN;
	for (uint32_t i = 0; i < s->count; i++)
		place_of(&s->cases[i])->order = i;
	swap_order(s, 0, first);
	for (uint32_t i = 1; i < s->count; i++) {
		uint32_t next;

		swap_order(s, i, i + pp_random_below(s->count - i));
		next = place_of(&s->cases[i])->order;
		if (took(s, next))
			return (int)next;
	}
	return -EAGAIN;
}

/* Each case at most once, the first that can go ahead is performed: its index, or -EAGAIN; an index
 * means nothing once somebody has claimed the caller.  In a random order each of those that can is
 * as likely as the others. */
static inline int look(struct selection *s)
{
	uint32_t first;

	if (s->ordered || s->count == 0)
		return look_in_order(s, 0);
	first = s->count > 1 ? pp_random_below(s->count) : 0;
	return took(s, first) ? (int)first : look_at_others(s, first);
}

static bool too_late(const struct selection *s)
{
	return s->deadline != PP_FOREVER && (s->deadline <= 0 || s->deadline <= pp_now());
}

/* ---- waiting ---------------------------------------------------------------------------- */

#define EACH_CASE(s, c) (c = (s)->cases; c != (s)->cases + (s)->count; c++) if (!enabled(c)) ; else

static void enter(struct selection *s)
{
	pp_case *c;

	waiter_init(&s->waiter);
	s->waiting = true;
	for EACH_CASE(s, c) {
		struct pp_link *link = link_of(c);

		if (!meets(c))
			pp_hold(end_of(c)->channel); /* whatever a drop callback lets go of */
		link->waiter = &s->waiter;
		link->listed = link->told = link->begun = false;
		place_of(c)->meeting.item = c->item;
	}
}

/* Be told of events from now on.  One fence serves all rings. */
static void watch_all(struct selection *s)
{
	enum ec_fence wanted = EC_FENCE_FULL;
	bool fenced = false, any = false;
	pp_case *c;

	for EACH_CASE(s, c) {
		struct pp_end *end = end_of(c);
		struct pp_link *link = link_of(c);

		if (meets(c))
			continue;
		link->fence = (unsigned char)watch_begin(&end->channel->watch[role_of(c)],
		                                         pp_sleep_at(end, role_of(c)), link,
		                                         end->fenced);
		fenced = end->fenced;
		any = true;
		if (link->fence != EC_FENCE_FULL)
			wanted = EC_FENCE_HEAVY;
	}
	if (!any) /* a meeting needs none: its lock does it */
		return;
	ec_fence(wanted, fenced);
	for EACH_CASE(s, c)
		if (!meets(c))
			ec_settle(pp_sleep_at(end_of(c), role_of(c)),
			          (enum ec_fence)link_of(c)->fence);
}

/* A case that the caller did not perform may have used up a wake; nor need the one that it did
 * perform have been all.  Told since it last looked: whoever is next looks in its stead. */
static void leave_watch(pp_case *c)
{
	struct pp_end *end = end_of(c);
	struct pp_channel *ch = end->channel;
	struct pp_watch *watch = &ch->watch[role_of(c)];
	bool owes = watch_end(watch, pp_sleep_at(end, role_of(c)), link_of(c));

	PP_STALL(wait_leaving);
	if (owes || (link_of(c)->told && pp_is_ready(end, role_of(c))))
		PP_SWITCH(SELECT_PASS_ON, (void)0, pp_wake(end, role_of(c), 1));
	pp_release(ch);
}

static void leave(struct selection *s)
{
	struct pp_link *met = s->waiter.met; /* whose claimer has taken it off the list */
	pp_case *c;

	for EACH_CASE(s, c)
		if (!meets(c))
			leave_watch(c);
		else if (link_of(c) != met)
			(void)meet_leave(&end_of(c)->channel->meeting, role_of(c), &place_of(c)->meeting);
}

/* A sleep that each of the rings counts. */
static void count_sleep(struct selection *s, int64_t began)
{
	pp_case *c;

	for EACH_CASE(s, c) {
		struct pp_sleepers *sleepers = pp_sleepers_of(end_of(c)->channel, role_of(c));

		pp_fetch_add(&sleepers->asleep, began ? UINT32_MAX : 1);
		if (began)
			pp_fetch_add(&sleepers->blocked_ns, (uint64_t)(pp_clock_now() - began));
		else
			pp_fetch_add(&sleepers->parks, 1);
	}
}

/* Until the word says something else.  0, -ETIMEDOUT, -EINTR. */
static int sleep_here(struct selection *s)
{
	int64_t began = pp_clock_now();
	int r = 0;

	count_sleep(s, 0);
	PP_STALL(wait_sleeping);
	while ((waiter_state(&s->waiter) & ~(uint32_t)WAITER_ASLEEP) == WAITER_WAITS) {
		r = waiter_sleep(&s->waiter, WAITER_WAITS, s->deadline, s->interruptible);
		if (r == -ETIMEDOUT || (r == -EINTR && s->interruptible))
			break;
		r = 0;
	}
	PP_STALL(wait_woken);
	count_sleep(s, began);
	if (s->spun)
		pp_spin_parked(&s->spinner);
	s->spun = false;
	return r;
}

/* A few looks at the word.  False: it still says that the caller waits. */
static bool served_soon(struct selection *s)
{
	bool served = false;

	pp_spin_begin(&s->spinner, s->spin);
	while (!served && pp_spin_step(&s->spinner))
		served = waiter_state(&s->waiter) != WAITER_WAITS;
	pp_spin_end(&s->spinner, served);
	s->spun = !served;
	return served;
}

/* The case at which somebody claimed the caller. */
static int await_met(struct selection *s)
{
	pp_case *c;

	waiter_await_met(&s->waiter);
	c = case_of(s->waiter.met);
	c->result = 0;
	return (int)(c - s->cases);
}

/* An index, -ETIMEDOUT or -EINTR; or, claimed, anything.  The caller acts then, or is claimed.  A case
 * comes before deadline and signal: it looks once more after them. */
static int wait_entered(struct selection *s)
{
	int why = 0;

	for (;;) {
		int r;

		waiter_look(&s->waiter);
		watch_all(s);
		r = look(s);
		if (r != -EAGAIN)
			return r;
		if (why < 0)
			break;
		/* At capacity 0 it can be found only from now on; else it has spun before. */
		why = s->meets && served_soon(s) ? 0 : sleep_here(s);
		s->claimed = waiter_state(&s->waiter) >= WAITER_CLAIMED;
		if (s->claimed)
			return why;
		if (why == 0 && too_late(s))
			why = -ETIMEDOUT;
	}
	s->claimed = !waiter_act(&s->waiter); /* from here on nobody finds it */
	return why;
}

/* What changes with each item that comes to the ring of a case or leaves it. */
static uintptr_t moves(const pp_case *c)
{
	struct pp_end *end = end_of(c);

	if (meets(c))
		return (uintptr_t)meet_met(&end->channel->meeting);
	if (end->channel->kind == PP_SPSC)
		return (uintptr_t)(pp_load(&end->block->ring.spsc.tail) +
		                   pp_load(&end->block->ring.spsc.head));
	return (uintptr_t)(pp_load(&end->block->ring.mpmc.tail) +
	                   pp_load(&end->block->ring.mpmc.head));
}

/* Without waiting.  That no case can go ahead is to be true of one moment, not of a different one for
 * each case: so look again where anything has moved meanwhile. */
static int look_at_once(struct selection *s)
{
	bool still;
	pp_case *c;
	int r;

	s->peeking = true;
	do {
		for EACH_CASE(s, c)
			place_of(c)->meeting.item = (void *)moves(c); /* free while nobody waits */
		r = look(s);
		if (r != -EAGAIN)
			return r;
		still = true;
		for EACH_CASE(s, c)
			still = still && place_of(c)->meeting.item == (void *)moves(c);
	} while (!still);
	return -ETIMEDOUT;
}

/* Above capacity 0, look for a while before anybody is to know of it. */
static int spin(struct selection *s)
{
	int r = -EAGAIN;
	pp_case *c;

	pp_spin_begin(&s->spinner, s->spin);
	while (r == -EAGAIN && pp_spin_step(&s->spinner))
		for EACH_CASE(s, c)
			if (r == -EAGAIN && (c->tx ? pp_push_ready(&c->tx->end)
			                           : pp_pull_ready(&c->rx->end)))
				r = look(s);
	pp_spin_end(&s->spinner, r != -EAGAIN);
	s->spun = r == -EAGAIN;
	return r;
}

static void learn(struct selection *s)
{
	pp_case *c;

	for EACH_CASE(s, c) {
		s->meets |= meets(c);
		s->interruptible |= (end_of(c)->channel->flags & PP_INTERRUPTIBLE) != 0;
		if (!s->spin)
			s->spin = c->tx ? &c->tx->side.spin : &c->rx->side.spin;
	}
}

PP_NOINLINE static int wait_for_one(struct selection *s)
{
	int r = -EAGAIN;

	learn(s);
	if (s->spin && !s->meets)
		r = spin(s);
	if (r != -EAGAIN)
		return r;
	enter(s);
	r = wait_entered(s);
	if (s->claimed) /* it has begun: neither deadline nor signal undoes it */
		r = await_met(s);
	leave(s);
	return r;
}

/* ---- the call ---------------------------------------------------------------------------- */

/* A case of an end of PP_SPSC that has a slot open could not go ahead whatever happens. */
static bool some_slot_is_open(struct selection *s)
{
	pp_case *c;

	for EACH_CASE(s, c)
		if (pp_slot_is_open(end_of(c), role_of(c)))
			return true;
	return false;
}

static void count_all_refused(struct selection *s)
{
	pp_case *c;

	for EACH_CASE(s, c)
		pp_count_refused(end_of(c), role_of(c));
}

/* The case that was looked at first could not go ahead. */
PP_NOINLINE static int select_slowly(pp_case *cases, uint32_t count, bool ordered, uint32_t first,
                                     pp_time deadline)
{
	struct selection s = { .cases = cases, .count = count, .ordered = ordered,
	                       .deadline = deadline };
	bool late = too_late(&s);
	int r = late ? look_at_once(&s) : ordered ? look_in_order(&s, 1) : look_at_others(&s, first);

	if (r >= 0)
		return r;
	if (some_slot_is_open(&s))
		return -EBUSY;
	count_all_refused(&s);
	return late ? r : wait_for_one(&s);
}

/* What is wrong with the cases, all in one: not 0.  *any: one is enabled. */
static inline unsigned wrong(const pp_case *cases, size_t count, bool *any)
{
	unsigned wrong = 0;

	*any = false;
	for (size_t i = 0; i < count; i++) {
		const pp_case *c = &cases[i];
		bool tx = c->tx, rx = c->rx;

		wrong |= (tx & rx) | ((tx | rx) & ((c->item == NULL) | (c->flags != 0)));
		*any |= tx | rx;
	}
	return wrong;
}

int pp_select(pp_case *cases, size_t count, unsigned flags, pp_time deadline)
{
	bool ordered = flags & PP_ORDERED, any;
	uint32_t first = 0;
	int r;

	if (pp_unlikely(count > INT_MAX || (count && !cases) || (flags & ~PP_ORDERED) ||
	                wrong(cases, count, &any) || (!any && deadline == PP_FOREVER)))
		return -EINVAL;
	if (!ordered && count > 1)
		first = pp_random_below((uint32_t)count);
	if (pp_likely(any && enabled(&cases[first]))) {
		r = try_case(&cases[first]);
		if (pp_likely(!pp_is_undecided(r))) {
			cases[first].result = r;
			return (int)first;
		}
	}
	return select_slowly(cases, (uint32_t)count, ordered, first, deadline);
}
