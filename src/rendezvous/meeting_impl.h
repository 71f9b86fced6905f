/* SPDX-License-Identifier: MIT */
/* The body of the meeting, as text that a model checker can read too. */
#ifndef PP_RENDEZVOUS_MEETING_IMPL_H
#define PP_RENDEZVOUS_MEETING_IMPL_H

#include <errno.h>

#include "rendezvous/lock.h"
#include "rendezvous/meeting.h"
#include "ring/ring.h"
#include "ring/slot.h"

/* States of a node; MET and ENDED are final.  ASLEEP: its owner is in the kernel, or on
 * the way there. */
enum { NODE_WAITS = 0, NODE_ASLEEP = 1, NODE_MET = 2, NODE_ENDED = 3 };

void meet_init(struct pp_meeting *m, size_t item_size, bool interruptible,
               PP_ATOMIC(uint32_t) *ended)
{
	int i;

	pp_store(&m->lock, LOCK_FREE);
	pp_store(&m->met, 0);
	m->item_size = item_size;
	m->interruptible = interruptible;
	m->ended = ended;
	for (i = 0; i < 2; i++) {
		m->queue[i].first = m->queue[i].last = NULL;
		pp_sleepers_init(&m->side[i].sleepers);
	}
}

/* ---- the queues: only under the lock --------------------------------------------- */

static void enlist(struct meet_queue *q, struct meet_node *node)
{
	node->next = NULL;
	node->prev = q->last;
	if (q->last)
		q->last->next = node;
	else
		q->first = node;
	q->last = node;
	node->listed = true;
}

static void unlist(struct meet_queue *q, struct meet_node *node)
{
	if (node->prev)
		node->prev->next = node->next;
	else
		q->first = node->next;
	if (node->next)
		node->next->prev = node->prev;
	else
		q->last = node->prev;
	node->listed = false;
}

/* ---- meeting ---------------------------------------------------------------------- */

static int ended_code(uint32_t ended, enum meet_role role)
{
	uint32_t own = role == MEET_PUSH ? RING_CLOSED : RING_CANCELLED;

	return ended & own ? -ESHUTDOWN : -EPIPE;
}

/* The last touch of another thread's node. */
static void tell(struct pp_meeting *m, enum meet_role owner, struct meet_node *node, uint32_t state)
{
	PP_ATOMIC(uint32_t) *word = &node->state;

	/* Release: the copy is made, and all of the node's fields were read. */
	if (pp_exchange_release(MEET_TELL, word, state) == NODE_ASLEEP) {
		pp_fetch_add(&m->side[owner].sleepers.wakes, 1);
		PP_SWITCH(MEET_WAKE, (void)0, (void)pp_futex_wake(word, 1));
	}
}

/* Holding the lock, which is released: hand over with the oldest partner.  1, or why not;
 * -EAGAIN keeps the lock if `keep`, so that the caller can enlist. */
static int64_t meet_locked(struct pp_meeting *m, enum meet_role role, void *item, bool keep)
{
	enum meet_role other = role == MEET_PUSH ? MEET_PULL : MEET_PUSH;
	uint32_t ended = pp_load(m->ended); /* written under the lock */
	struct meet_node *partner = m->queue[other].first;

	PP_STALL(meet_locked);
	if (ended || !partner) {
		if (ended || !keep)
			lock_release(&m->lock);
		return ended ? ended_code(ended, role) : -EAGAIN;
	}
	unlist(&m->queue[other], partner);
	pp_store(&m->met, pp_load(&m->met) + 1);
	lock_release(&m->lock);
	PP_STALL(meet_matched);
	if (role == MEET_PUSH)
		pp_copy(partner->item, item, m->item_size);
	else
		pp_copy(item, partner->item, m->item_size);
	PP_STALL(meet_copied);
	tell(m, other, partner, NODE_MET);
	return 1;
}

int64_t meet_try(struct pp_meeting *m, enum meet_role role, void *item)
{
	uint32_t ended = pp_load(m->ended);

	if (ended)
		return ended_code(ended, role);
	if (!lock_try(&m->lock))
		return -EBUSY;
	return meet_locked(m, role, item, false);
}

ssize_t meet_try_n(struct pp_meeting *m, enum meet_role role, void *items, size_t n)
{
	size_t done;
	int64_t r = -EAGAIN;

	for (done = 0; done < n; done++) {
		r = meet_try(m, role, (unsigned char *)items + done * m->item_size);
		if (r < 0)
			break;
	}
	if (done)
		return (ssize_t)done;
	pp_store(m->side[role].refused, pp_load(m->side[role].refused) + 1);
	return (ssize_t)r;
}

/* ---- waiting ---------------------------------------------------------------------- */

/* Wait for the node to be told.  Its final state, or NODE_WAITS with *why set. */
static uint32_t await_told(struct pp_meeting *m, enum meet_role role, struct meet_node *node,
                      int64_t deadline, bool interruptible, int *why)
{
	struct pp_spinner spinner;
	uint32_t waits = NODE_WAITS;
	uint32_t state;
	int r;

	pp_spin_begin(&spinner, m->side[role].spin);
	do {
		/* The partner's copy is there: MEET_TELL. */
		state = pp_load_acquire(MEET_TOLD, &node->state);
	} while (state < NODE_MET && pp_spin_step(&spinner));
	pp_spin_end(&spinner, state >= NODE_MET);
	if (state >= NODE_MET)
		return state;

	/* Relaxed: if it fails, the state is read again below, with acquire. */
	pp_decide_relaxed(&node->state, &waits, NODE_ASLEEP);
	while ((state = pp_load_acquire(MEET_TOLD_LATE, &node->state)) == NODE_ASLEEP) {
		r = pp_sleep(&m->side[role].sleepers, &node->state, NODE_ASLEEP, deadline,
		             interruptible);
		if (r == -ETIMEDOUT || (r == -EINTR && interruptible)) {
			*why = r;
			state = NODE_WAITS;
			break;
		}
	}
	pp_spin_parked(&spinner);
	return state;
}

/* Leave the queue without an item.  False: too late, somebody has taken the node. */
static bool withdraw(struct pp_meeting *m, enum meet_role role, struct meet_node *node)
{
	bool listed;

	lock_until(&m->lock, INT64_MAX);
	PP_STALL(meet_withdrawing);
	listed = node->listed;
	if (listed)
		unlist(&m->queue[role], node);
	lock_release(&m->lock);
	return listed;
}

/* One hand-over: 1, or why not. */
static int64_t meet_once(struct pp_meeting *m, enum meet_role role, void *item, int64_t deadline)
{
	struct meet_node node;
	uint32_t state;
	int64_t r;
	int why = 0;

	if (lock_until(&m->lock, deadline))
		return -ETIMEDOUT;
	r = meet_locked(m, role, item, true);
	if (r != -EAGAIN)
		return r;
	if (deadline != INT64_MAX && deadline <= pp_clock_now()) {
		lock_release(&m->lock);
		return -ETIMEDOUT;
	}
	pp_store(m->side[role].refused, pp_load(m->side[role].refused) + 1);
	node.item = item;
	pp_store(&node.state, NODE_WAITS); /* handed over by the lock */
	enlist(&m->queue[role], &node);
	lock_release(&m->lock);
	PP_STALL(meet_enlisted);

	state = await_told(m, role, &node, deadline, m->interruptible, &why);
	if (state == NODE_WAITS) {
		if (withdraw(m, role, &node))
			return why;
		/* The hand-over has begun: neither deadline nor signal undoes it. */
		state = await_told(m, role, &node, INT64_MAX, false, &why);
	}
	return state == NODE_MET ? 1 : ended_code(pp_load(m->ended), role);
}

ssize_t meet_wait(struct pp_meeting *m, enum meet_role role, void *items, size_t min, size_t max,
                  int64_t deadline)
{
	unsigned char *item = items;
	size_t done = 0;
	int64_t r = 0;

	while (done < min && (r = meet_once(m, role, item, deadline)) > 0) {
		done++;
		item += m->item_size;
	}
	if (r > 0 && done < max) {
		ssize_t more = meet_try_n(m, role, item, max - done);
		done += more > 0 ? (size_t)more : 0;
	}
	return done ? (ssize_t)done : (ssize_t)r;
}

/* ---- ending ----------------------------------------------------------------------- */

void meet_end(struct pp_meeting *m, uint32_t why)
{
	struct meet_node *waiting[2], *node, *next;
	int role;

	lock_until(&m->lock, INT64_MAX);
	pp_fetch_or(m->ended, why);
	for (role = 0; role < 2; role++) {
		waiting[role] = m->queue[role].first;
		m->queue[role].first = m->queue[role].last = NULL;
		for (node = waiting[role]; node; node = node->next)
			node->listed = false;
	}
	lock_release(&m->lock);
	PP_STALL(end_sealed);
	for (role = 0; role < 2; role++)
		for (node = waiting[role]; node; node = next) {
			next = node->next; /* the node is its owner's again once it is told */
			tell(m, (enum meet_role)role, node, NODE_ENDED);
		}
}

#endif
