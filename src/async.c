/* SPDX-License-Identifier: MIT */
/*
 * Operations that wait without a thread.
 *
 * Above capacity 0 one is a watcher of the eventcount, as a select is (park/watch.h): it tries, enters
 * the list, makes its fence, looks once more.  Who makes an event takes it off the list, and calls.  At
 * capacity 0 a pull watches the meeting in the same way, so that it takes no item before its caller
 * comes for it; a push waits in line, as the item is there to be taken at any time.
 *
 * Who was told and leaves, with or without having moved an item, owes the wake to the next, as a
 * select does: docs/select.md.  One reference of the context goes with each entry into a list; the
 * call that ends it takes it over.
 */
#include <pushpull/async.h>

#include "desk.h"

/* In pp_async.reserved. */
struct async_place {
	struct meet_case meeting; /* its link serves every kind of operation */
	struct pp_waiter waiter;
};

#ifndef PP_MODEL /* which has other memory for the places */
_Static_assert(sizeof(struct async_place) <= sizeof ((pp_async *)NULL)->reserved, "");

static inline struct async_place *async_place_of(pp_async *op)
{
	return (struct async_place *)(void *)op->reserved;
}
#endif

struct async {
	struct pp_end *end;
	enum meet_role role;
	void *item;
	pp_async *op;
	struct async_place *place;
	struct pp_link *link;
};

static struct async async_of(struct pp_end *end, enum meet_role role, void *item, pp_async *op)
{
	struct async_place *place = async_place_of(op);

	return (struct async){ end, role, item, op, place, &place->meeting.link };
}

static inline struct pp_meeting *meeting_of(const struct async *a)
{
	return &a->end->channel->meeting;
}

static inline struct pp_watch *watch_of(const struct async *a)
{
	return &a->end->channel->watch[a->role];
}

/* ---- references of the context ------------------------------------------------------------ */

/* Before an entry that this call may make: the call may come before the entry returns. */
static void expect_call(const struct async *a)
{
	if (a->op->ref)
		a->op->ref(a->op->context);
}

/* So many of them will not be called. */
static void expect_no_call(const struct async *a, int n)
{
	while (n-- > 0)
		if (a->op->unref)
			a->op->unref(a->op->context);
}

/* Nobody knows of it. */
static void begin(const struct async *a)
{
	waiter_init(&a->place->waiter);
	a->place->waiter.call = (struct pp_call){ a->op->ready, a->op->context };
	a->place->meeting.item = a->item;
	a->link->waiter = &a->place->waiter;
	a->link->listed = a->link->told = a->link->begun = false;
}

/* ---- capacity 1 and up ---------------------------------------------------------------------- */

/* Be told of the next event, and look: could it go ahead already? */
static bool watch(const struct async *a)
{
	struct pp_eventcount *ec = pp_sleep_at(a->end, a->role);
	enum ec_fence wanted;
	bool first = !a->link->begun, told;

	expect_call(a);
	if (first) {
		pp_hold(a->end->channel); /* whatever a drop callback lets go of */
		begin(a);
	}
	told = a->link->told;
	a->link->told = false;
	wanted = watch_begin(watch_of(a), ec, a->link, a->end->fenced);
	if (!first && !a->link->told)
		expect_no_call(a, 1); /* it still was in the list */
	a->link->told |= told;
	ec_fence(wanted, a->end->fenced);
	ec_settle(ec, wanted);
	return PP_SWITCH(ASYNC_RECHECK, false, pp_is_ready(a->end, a->role));
}

/* Told since it last looked: whoever is next looks in its stead.  Told before: what it was told of
 * need not be all that there is; it may have been the last pull before the end. */
static void unwatch(const struct async *a)
{
	bool owes;

	if (!a->link->begun)
		return;
	owes = watch_end(watch_of(a), pp_sleep_at(a->end, a->role), a->link);
	a->link->begun = false;
	expect_no_call(a, !owes);
	PP_STALL(wait_leaving);
	if (owes || (a->link->told && pp_is_ready(a->end, a->role)))
		PP_SWITCH(ASYNC_PASS_ON, (void)0, pp_wake(a->end, a->role, 1));
	pp_release(a->end->channel);
}

/* It waits. */
static int refused(const struct async *a)
{
	pp_count_refused(a->end, a->role);
	return -EAGAIN;
}

static int step(const struct async *a)
{
	int r;

	do {
		r = pp_try(a->end, a->role, a->item);
		if (!pp_is_undecided(r) || pp_slot_is_open(a->end, a->role)) {
			unwatch(a);
			return r;
		}
	} while (watch(a));
	return refused(a);
}

/* ---- capacity 0 ----------------------------------------------------------------------------- */

static void unwatch_meeting(const struct async *a)
{
	bool told = !meet_unwatch(meeting_of(a), a->link);
	a->link->begun = false;
	expect_no_call(a, !told);
	if (told)
		PP_SWITCH(ASYNC_MEET_PASS_ON, (void)0, meet_pass_on(meeting_of(a)));
}

static int step_pull_meeting(const struct async *a)
{
	int listed = 0;
	int64_t r;

	expect_call(a);
	if (!a->link->begun)
		begin(a);
	a->link->begun = true;
	r = meet_watch(meeting_of(a), a->item, a->link, &listed);
	expect_no_call(a, 1 - listed);
	if (r == -EAGAIN)
		return refused(a);
	/* Nobody enters while pushers wait, and each that came has told one: to take one of them leaves as
	 * many told as wait. */
	a->link->begun = false;
	return r == 1 ? 0 : (int)r;
}

/* Off the line, or served: 1. */
static int leave_line(const struct async *a)
{
	bool left = meet_leave(meeting_of(a), MEET_PUSH, &a->place->meeting);

	a->link->begun = false;
	expect_no_call(a, left);
	if (left || waiter_state(&a->place->waiter) < WAITER_CLAIMED)
		return 0;
	waiter_await_met(&a->place->waiter); /* the copy is under way */
	return 1;
}

static int step_push_meeting(const struct async *a)
{
	bool was = a->link->begun;
	int64_t r;

	if (was && waiter_state(&a->place->waiter) >= WAITER_CLAIMED) {
		if (waiter_state(&a->place->waiter) != WAITER_MET)
			return -EAGAIN; /* it will be called */
		a->link->begun = false;
		return 0;
	}
	expect_call(a);
	if (!was)
		begin(a);
	a->link->begun = true;
	a->link->told = false;
	r = meet_arrive(meeting_of(a), MEET_PUSH, &a->place->meeting);
	expect_no_call(a, !a->link->told);
	if (r == MEET_IS_CLAIMED)
		return -EAGAIN; /* likewise */
	if (r == -EAGAIN)
		return refused(a);
	if (was)
		(void)leave_line(a);
	a->link->begun = false;
	return r == 1 ? 0 : (int)r;
}

/* ---- the calls ------------------------------------------------------------------------------ */

static int async(const struct async *a)
{
	if (a->end->mode != PP_MODE_MEET)
		return step(a);
	return a->role == MEET_PUSH ? step_push_meeting(a) : step_pull_meeting(a);
}

static int withdraw(const struct async *a)
{
	if (!a->link->begun)
		return 0;
	if (a->end->mode == PP_MODE_MEET && a->role == MEET_PUSH)
		return leave_line(a);
	if (a->end->mode == PP_MODE_MEET)
		unwatch_meeting(a);
	else
		unwatch(a);
	return 0;
}

static bool is_wrong(const pp_async *op)
{
	return !op || !op->ready || op->flags || !op->ref != !op->unref;
}

int pp_push_async(pp_tx *tx, const void *item, pp_async *op)
{
	struct async a;

	if (!tx || !item || is_wrong(op))
		return -EINVAL;
	/* The push only reads: the one text for both sides wants it writable. */
	a = async_of(&tx->end, MEET_PUSH, (void *)(uintptr_t)item, op);
	return async(&a);
}

int pp_pull_async(pp_rx *rx, void *item, pp_async *op)
{
	struct async a;

	if (!rx || !item || is_wrong(op))
		return -EINVAL;
	a = async_of(&rx->end, MEET_PULL, item, op);
	return async(&a);
}

int pp_push_withdraw(pp_tx *tx, pp_async *op)
{
	struct async a;

	if (!tx || is_wrong(op))
		return -EINVAL;
	a = async_of(&tx->end, MEET_PUSH, NULL, op);
	return withdraw(&a);
}

int pp_pull_withdraw(pp_rx *rx, pp_async *op)
{
	struct async a;

	if (!rx || is_wrong(op))
		return -EINVAL;
	a = async_of(&rx->end, MEET_PULL, NULL, op);
	return withdraw(&a);
}
