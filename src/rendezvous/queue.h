/* SPDX-License-Identifier: MIT */
/* Places of PP_MPMC: a queue for each side, under a short lock. */
#ifndef PP_RENDEZVOUS_QUEUE_H
#define PP_RENDEZVOUS_QUEUE_H

#include "rendezvous/lock.h"
#include "rendezvous/place.h"

static inline void queue_init(struct meet_queue *q)
{
	pp_store(&q->lock, LOCK_FREE);
	q->waiting[MEET_PUSH].first = q->waiting[MEET_PUSH].last = NULL;
	q->waiting[MEET_PULL].first = q->waiting[MEET_PULL].last = NULL;
}

/* ---- only under the lock ----------------------------------------------------------- */

static inline void enlist(struct meet_list *list, struct meet_node *node)
{
	node->next = NULL;
	node->prev = list->last;
	if (list->last)
		list->last->next = node;
	else
		list->first = node;
	list->last = node;
	node->listed = true;
}

static inline void unlist(struct meet_list *list, struct meet_node *node)
{
	if (node->prev)
		node->prev->next = node->next;
	else
		list->first = node->next;
	if (node->next)
		node->next->prev = node->prev;
	else
		list->last = node->prev;
	node->listed = false;
}

/* ---- what a meeting asks of its places ---------------------------------------------- */

static inline int queue_enter(struct meet_queue *q, int64_t deadline)
{
	if (deadline == MEET_TRY)
		return lock_try(&q->lock) ? 0 : -EBUSY;
	return lock_until(&q->lock, deadline);
}

static inline struct meet_place queue_place(struct meet_node *node)
{
	return (struct meet_place){ &node->state, &node->carrier };
}

/* Take the oldest partner's place: 1.  None there: -EAGAIN, and `node`, if any, waits. */
static inline int64_t queue_arrive(struct pp_meeting *m, enum meet_role role,
                                   struct meet_node *node, int64_t deadline,
                                   struct meet_place *partner)
{
	struct meet_list *others = &m->queue.waiting[meet_other(role)];
	uint32_t word = pp_load(&m->word);
	struct meet_node *first;
	int64_t r;

	if (meet_has_ended(word))
		return meet_ended(word, role); /* also if the lock were not to be had in time */
	r = queue_enter(&m->queue, deadline);
	if (r < 0)
		return r;
	PP_STALL(meet_locked);
	word = pp_load(&m->word); /* written under the lock */
	first = others->first;
	if (meet_has_ended(word)) {
		r = meet_ended(word, role);
	} else if (first) {
		unlist(others, first);
		meet_count(m, role);
		*partner = queue_place(first);
		r = 1;
	} else {
		r = -EAGAIN;
		if (node)
			enlist(&m->queue.waiting[role], node);
	}
	lock_release(&m->queue.lock);
	return r;
}

/* Leave without an item.  False: too late, somebody has taken the place. */
static inline bool queue_withdraw(struct pp_meeting *m, enum meet_role role,
                                  struct meet_node *node)
{
	bool listed;

	lock_until(&m->queue.lock, INT64_MAX);
	PP_STALL(meet_withdrawing);
	listed = node->listed;
	if (listed)
		unlist(&m->queue.waiting[role], node);
	lock_release(&m->queue.lock);
	return listed;
}

static inline void queue_end(struct pp_meeting *m, uint32_t why)
{
	struct meet_node *waiting[2], *node, *next;
	int role;

	lock_until(&m->queue.lock, INT64_MAX);
	pp_fetch_or(&m->word, why);
	for (role = 0; role < 2; role++) {
		waiting[role] = m->queue.waiting[role].first;
		m->queue.waiting[role].first = m->queue.waiting[role].last = NULL;
		for (node = waiting[role]; node; node = node->next)
			node->listed = false;
	}
	lock_release(&m->queue.lock);
	PP_STALL(end_sealed);
	for (role = 0; role < 2; role++)
		for (node = waiting[role]; node; node = next) {
			next = node->next; /* the node is its owner's again once it is told */
			meet_tell(m, (enum meet_role)role, &node->state, PLACE_ENDED);
		}
}

#endif
