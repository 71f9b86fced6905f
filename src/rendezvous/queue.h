/* SPDX-License-Identifier: MIT */
/* Places in queues, one for each side, under a short lock. */
#ifndef PP_RENDEZVOUS_QUEUE_H
#define PP_RENDEZVOUS_QUEUE_H

#include "park/pollable.h"
#include "park/watch.h"
#include "rendezvous/lock.h"
#include "rendezvous/place.h"
#include "rendezvous/spot.h"

static inline void queue_init(struct meet_queue *q)
{
	int role;

	pp_store(&q->lock, LOCK_FREE);
	for (role = 0; role < 2; role++) {
		list_init(&q->waiting[role]);
		q->armed[role] = NOT_ARMED;
	}
}

static inline int queue_enter(struct meet_queue *q, int64_t deadline)
{
	if (deadline == MEET_TRY)
		return lock_try(&q->lock) ? 0 : -EBUSY;
	return lock_until(&q->lock, deadline);
}

/* ---- only under the lock ----------------------------------------------------------- */

static inline struct meet_place queue_place(struct pp_link *link)
{
	struct meet_node *node = (struct meet_node *)(void *)link;
	struct meet_case *c = (struct meet_case *)(void *)link;

	if (pp_unlikely(link->waiter != NULL))
		return (struct meet_place){ &link->waiter->word, NULL, c };
	return (struct meet_place){ &node->state, &node->carrier, NULL };
}

/* Whoever waits longest and can be taken, where a select is first in line.  `self`: a select does not
 * meet itself.  A select that acts cannot be; with `mark` it has news.  *half_way: there was one. */
PP_NOINLINE static struct pp_link *queue_choose(struct pp_list *list, const struct pp_waiter *self,
                                                bool mark, bool *half_way)
{
	struct pp_link *link;

	for (link = list->first; link && link->waiter; link = link->next) {
		if (link->waiter == self)
			continue;
		switch (waiter_claim(link->waiter, mark)) {
		case WAITER_IS_TAKEN:
			continue; /* served elsewhere: passed over */
		case WAITER_IS_BUSY:
			*half_way = true;
			continue;
		default:
			link->waiter->met = link;
			return link;
		}
	}
	return link;
}

static inline struct pp_link *queue_take(struct pp_list *list, const struct pp_waiter *self,
                                         bool mark, bool *half_way)
{
	struct pp_link *link = list->first;

	if (link && pp_unlikely(link->waiter != NULL))
		link = queue_choose(list, self, mark, half_way);
	if (link)
		list_remove(list, link);
	return link;
}

/* Is there somebody to be taken? */
static inline bool queue_has(struct pp_list *list)
{
	struct pp_link *link;

	for (link = list->first; link; link = link->next)
		if (!link->waiter || waiter_is_open(link->waiter))
			return true;
	return false;
}

static inline int queue_disarm(struct meet_queue *q, enum meet_role role)
{
	int fd = q->armed[role];

	q->armed[role] = NOT_ARMED;
	return fd;
}

/* Take the oldest partner's place: 1; or get in line: -EAGAIN.  *fd: to be signalled, once the lock is
 * given back. */
static inline int64_t queue_look(struct pp_meeting *m, enum meet_role role, struct pp_link *own,
                                 struct meet_place *partner, int *fd)
{
	enum meet_role other = meet_other(role);
	bool half_way = false;
	struct pp_link *link;

	link = queue_take(&m->queue.waiting[other], own ? own->waiter : NULL, own, &half_way);
	if (link) {
		meet_count(m, role);
		*partner = queue_place(link);
		return 1;
	}
	if (!own)
		return half_way ? -EBUSY : -EAGAIN;
	if (!own->listed)
		list_append(&m->queue.waiting[role], own);
	if (pp_unlikely(m->queue.armed[other] != NOT_ARMED))
		*fd = queue_disarm(&m->queue, other);
	return -EAGAIN;
}

/* A select acts while it looks, and no longer than under the lock: who comes after it finds it
 * waiting.  It also looks who waits in the spot of PP_SPSC; others have done so. */
PP_NOINLINE static int64_t queue_look_as_select(struct pp_meeting *m, enum meet_role role,
                                                struct pp_link *own, struct meet_place *partner,
                                                int *fd)
{
	uint32_t word = pp_load(&m->word);
	int64_t r = SPOT_IS_MOVED;

	if (!waiter_act(own->waiter))
		return MEET_IS_CLAIMED;
	if (meet_has_ended(word))
		return meet_ended(word, role);
	if (m->single)
		r = spot_arrive(m, role, NULL, NULL, partner);
	if (r == SPOT_IS_MOVED)
		r = queue_look(m, role, own, partner, fd);
	if (r == -EAGAIN)
		waiter_acted(own->waiter);
	return r;
}

/* ---- what a meeting asks of its places ---------------------------------------------- */

/* Take the oldest partner's place: 1.  None there: -EAGAIN, and `own`, if any, waits.
 * MEET_IS_CLAIMED: somebody has taken the place of this very select. */
static inline int64_t queue_arrive(struct pp_meeting *m, enum meet_role role, struct pp_link *own,
                                   int64_t deadline, struct meet_place *partner)
{
	uint32_t word = pp_load(&m->word);
	int fd = NOT_ARMED;
	int64_t r;

	if (meet_has_ended(word) && !(own && own->waiter))
		return meet_ended(word, role); /* also if the lock were not to be had in time */
	r = queue_enter(&m->queue, deadline);
	if (r < 0)
		return r;
	PP_STALL(meet_locked);
	word = pp_load(&m->word); /* written under the lock */
	if (own && pp_unlikely(own->waiter != NULL))
		r = queue_look_as_select(m, role, own, partner, &fd);
	else
		r = meet_has_ended(word) ? meet_ended(word, role) : queue_look(m, role, own, partner, &fd);
	lock_release(&m->queue.lock);
	if (pp_unlikely(fd != NOT_ARMED))
		PP_SWITCH(MEET_SIGNAL, (void)0, pp_pollable_signal(fd));
	return r;
}

/* Leave without an item.  False: too late, somebody has taken the place. */
static inline bool queue_withdraw(struct pp_meeting *m, enum meet_role role, struct pp_link *link)
{
	bool listed;

	lock_until(&m->queue.lock, INT64_MAX);
	PP_STALL(meet_withdrawing);
	listed = link->listed;
	if (listed)
		list_remove(&m->queue.waiting[role], link);
	lock_release(&m->queue.lock);
	return listed;
}

/* True: there is somebody to meet, or the end; else `fd` is signalled when there is. */
static inline bool queue_arm(struct pp_meeting *m, enum meet_role role, int fd)
{
	bool ready;

	lock_until(&m->queue.lock, INT64_MAX);
	ready = queue_has(&m->queue.waiting[meet_other(role)]) || meet_has_ended(pp_load(&m->word));
	if (!ready)
		m->queue.armed[role] = fd;
	lock_release(&m->queue.lock);
	return ready;
}

/* Tell one of those who wait as `role` of the end.  False: there is none. */
static inline bool queue_end_one(struct pp_meeting *m, enum meet_role role)
{
	struct pp_list *list = &m->queue.waiting[role];
	PP_ATOMIC(uint32_t) *asleep = NULL;
	struct meet_node *plain = NULL;
	struct pp_link *link;

	lock_until(&m->queue.lock, INT64_MAX);
	link = list->first;
	if (link) {
		list_remove(list, link);
		if (!link->waiter)
			plain = (struct meet_node *)(void *)link;
		else if (waiter_tell(link->waiter) == WAITER_IS_MINE_ASLEEP)
			asleep = &link->waiter->word;
	}
	lock_release(&m->queue.lock);
	if (plain)
		meet_tell(m, role, &plain->state, PLACE_ENDED);
	if (asleep)
		PP_SWITCH(MEET_END_WAKE, (void)0, (void)pp_futex_wake(asleep, 1));
	return link;
}

static inline void queue_end(struct pp_meeting *m, uint32_t why)
{
	int fd[2], role;

	lock_until(&m->queue.lock, INT64_MAX);
	pp_fetch_or(&m->word, why);
	for (role = 0; role < 2; role++)
		fd[role] = queue_disarm(&m->queue, (enum meet_role)role);
	lock_release(&m->queue.lock);
	PP_STALL(end_sealed);
	for (role = 0; role < 2; role++) {
		while (queue_end_one(m, (enum meet_role)role))
			;
		if (fd[role] != NOT_ARMED)
			pp_pollable_signal(fd[role]);
	}
}

#endif
