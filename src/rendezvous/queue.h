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
	list_init(&q->watching);
	q->watched = 0;
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

/* Who looks for a partner: the line of its side, its place there, if any; `mark`: it will wait. */
struct queue_seeker {
	const struct pp_list *line;
	const struct pp_link *own;
	bool mark;
};

/* A select that somebody of the seeker's side found acting will look again, and then takes who has
 * been in line for longest.  Nobody who came later takes it before that. */
static inline bool queue_is_too_early(const struct queue_seeker *s, const struct pp_link *link)
{
	return link->owed && s->line->first && s->line->first != s->own;
}

/* Whoever waits longest and can be taken, where a select is first in line.  A select does not meet
 * itself.  One that acts cannot be taken; it has news, if the seeker will wait.  *half_way: there
 * was one. */
PP_NOINLINE static struct pp_link *queue_choose(struct pp_list *list, const struct queue_seeker *s,
                                                bool *half_way)
{
	const struct pp_waiter *self = s->own ? s->own->waiter : NULL;
	struct pp_link *link;

	for (link = list->first; link && link->waiter; link = link->next) {
		if (link->waiter == self)
			continue;
		if (queue_is_too_early(s, link)) {
			*half_way = true;
			continue;
		}
		switch (waiter_claim(link->waiter, s->mark)) {
		case WAITER_IS_TAKEN:
			continue; /* served elsewhere: passed over */
		case WAITER_IS_BUSY:
			if (s->mark)
				link->owed = true;
			*half_way = true;
			continue;
		default:
			link->waiter->met = link;
			return link;
		}
	}
	return link;
}

static inline struct pp_link *queue_take(struct meet_queue *q, enum meet_role role,
                                         const struct pp_link *own, bool mark, bool *half_way)
{
	struct pp_list *list = &q->waiting[meet_other(role)];
	struct pp_link *link = list->first;

	if (link && pp_unlikely(link->waiter != NULL)) {
		struct queue_seeker s = { &q->waiting[role], own, mark };

		link = queue_choose(list, &s, half_way);
	}
	if (link)
		list_remove(list, link);
	return link;
}

/* Is there somebody that a newcomer could take? */
static inline bool queue_has(struct meet_queue *q, enum meet_role role)
{
	struct queue_seeker s = { &q->waiting[meet_other(role)], NULL, false };
	struct pp_link *link;

	for (link = q->waiting[role].first; link; link = link->next)
		if (!link->waiter || (!queue_is_too_early(&s, link) && waiter_is_open(link->waiter)))
			return true;
	return false;
}

/* Those who are to be told when somebody of the other side gets in line. */
static inline void queue_note_watched(struct meet_queue *q, enum meet_role role)
{
	bool any = q->armed[role] != NOT_ARMED || (role == MEET_PULL && q->watching.first);
	uint32_t others = q->watched & ~(UINT32_C(1) << role);

	q->watched = others | (uint32_t)any << role;
}

static inline int queue_disarm(struct meet_queue *q, enum meet_role role)
{
	int fd = q->armed[role];

	q->armed[role] = NOT_ARMED;
	queue_note_watched(q, role);
	return fd;
}

/* One of those who watch, off the list. */
static inline struct pp_wake queue_take_watcher(struct meet_queue *q)
{
	struct pp_wake wake = { .asleep = NULL };
	struct pp_link *link = q->watching.first;

	if (link) {
		list_remove(&q->watching, link);
		queue_note_watched(q, MEET_PULL);
		(void)waiter_tell(link->waiter, &wake);
	}
	return wake;
}

/* Take the oldest partner's place: 1.  -EBUSY: there is a select, half-way. */
static inline int64_t queue_find(struct pp_meeting *m, enum meet_role role,
                                 const struct pp_link *own, bool mark,
                                 struct meet_place *partner)
{
	bool half_way = false;
	struct pp_link *link = queue_take(&m->queue, role, own, mark, &half_way);

	if (!link)
		return half_way ? -EBUSY : -EAGAIN;
	meet_count(m, role);
	*partner = queue_place(link);
	return 1;
}

/* Take the oldest partner's place: 1; or get in line: -EAGAIN.  *news: others are to be told of that,
 * once the lock is given back. */
static inline int64_t queue_look(struct pp_meeting *m, enum meet_role role, struct pp_link *own,
                                 struct meet_place *partner, bool *news)
{
	int64_t r = queue_find(m, role, own, own, partner);

	if (r == 1 || !own)
		return r;
	if (!own->listed)
		list_append(&m->queue.waiting[role], own);
	*news = m->queue.watched & UINT32_C(1) << meet_other(role);
	return -EAGAIN;
}

/* Also who waits in the spot of PP_SPSC, which has moved. */
static inline int64_t queue_look_in_spot(struct pp_meeting *m, enum meet_role role,
                                         struct meet_place *partner)
{
	return m->single ? spot_arrive(m, role, NULL, NULL, partner) : SPOT_IS_MOVED;
}

/* A select acts while it looks, and no longer than under the lock: who comes after it finds it
 * waiting.  It also looks who waits in the spot of PP_SPSC; others have done so. */
PP_NOINLINE static int64_t queue_look_as_select(struct pp_meeting *m, enum meet_role role,
                                                struct pp_link *own, struct meet_place *partner,
                                                bool *news)
{
	uint32_t word = pp_load(&m->word);
	bool was_listed = own->listed;
	int64_t r;

	if (!waiter_act(own->waiter))
		return MEET_IS_CLAIMED;
	PP_STALL(select_acts);
	own->owed = false;
	if (meet_has_ended(word))
		return meet_ended(word, role);
	r = queue_look_in_spot(m, role, partner);
	if (r == SPOT_IS_MOVED)
		r = queue_look(m, role, own, partner, news);
	own->told |= own->listed && !was_listed;
	if (r == -EAGAIN)
		waiter_acted(own->waiter);
	return r;
}

/* ---- what a meeting asks of its places ---------------------------------------------- */

/* Somebody has got in line: tell the descriptor and one watcher of `role`, the other side.  With
 * `only_if`: somebody still is there. */
PP_NOINLINE static void queue_tell(struct pp_meeting *m, enum meet_role role, bool only_if)
{
	struct meet_queue *q = &m->queue;
	struct pp_wake wake = { .asleep = NULL };
	int fd = NOT_ARMED;

	lock_until(&q->lock, INT64_MAX);
	if (!only_if || queue_has(q, meet_other(role))) {
		fd = queue_disarm(q, role);
		if (role == MEET_PULL)
			wake = queue_take_watcher(q);
	}
	lock_release(&q->lock);
	if (fd != NOT_ARMED)
		PP_SWITCH(MEET_SIGNAL, (void)0, pp_pollable_signal(fd));
	PP_SWITCH(MEET_TELL_WATCHER, (void)0, pp_wake_make(&wake, &m->side[role].sleepers));
}

/* Take the oldest partner's place: 1.  None there: -EAGAIN, and `own`, if any, waits.
 * MEET_IS_CLAIMED: somebody has taken the place of this very select. */
static inline int64_t queue_arrive(struct pp_meeting *m, enum meet_role role, struct pp_link *own,
                                   int64_t deadline, struct meet_place *partner)
{
	uint32_t word = pp_load(&m->word);
	bool news = false;
	int64_t r;

	if (meet_has_ended(word) && !(own && own->waiter))
		return meet_ended(word, role); /* also if the lock were not to be had in time */
	r = queue_enter(&m->queue, deadline);
	if (r < 0)
		return r;
	PP_STALL(meet_locked);
	word = pp_load(&m->word); /* written under the lock */
	if (own && pp_unlikely(own->waiter != NULL))
		r = queue_look_as_select(m, role, own, partner, &news);
	else
		r = meet_has_ended(word) ? meet_ended(word, role) : queue_look(m, role, own, partner, &news);
	lock_release(&m->queue.lock);
	if (pp_unlikely(news))
		queue_tell(m, meet_other(role), false);
	return r;
}

/* Leave one of the lists.  False: too late, somebody has taken the place, or told who watches. */
static inline bool queue_leave(struct pp_meeting *m, struct pp_list *list, struct pp_link *link)
{
	bool listed;

	lock_until(&m->queue.lock, INT64_MAX);
	PP_STALL(meet_withdrawing);
	listed = link->listed;
	if (listed)
		list_remove(list, link);
	queue_note_watched(&m->queue, MEET_PULL);
	lock_release(&m->queue.lock);
	return listed;
}

static inline bool queue_withdraw(struct pp_meeting *m, enum meet_role role, struct pp_link *link)
{
	return queue_leave(m, &m->queue.waiting[role], link);
}

/* True: there is somebody to meet, also in the spot of PP_SPSC, which has moved, or the end; else
 * `fd` is signalled when there is. */
static inline bool queue_arm(struct pp_meeting *m, enum meet_role role, int fd)
{
	uint32_t word;
	bool ready;

	lock_until(&m->queue.lock, INT64_MAX);
	word = pp_load(&m->word);
	ready = queue_has(&m->queue, meet_other(role)) || meet_has_ended(word) ||
	        (m->single && word & SPOT_WAITS(meet_other(role)));
	m->queue.armed[role] = ready ? NOT_ARMED : fd;
	queue_note_watched(&m->queue, role);
	lock_release(&m->queue.lock);
	return ready;
}

/* A pull without a thread takes a partner, or is told of the next one: one critical section.  *listed
 * as meet_watch(). */
static inline int64_t queue_watch(struct pp_meeting *m, struct pp_link *link, int *listed,
                                  struct meet_place *partner)
{
	struct meet_queue *q = &m->queue;
	uint32_t word;
	bool was;
	int64_t r;

	lock_until(&q->lock, INT64_MAX);
	PP_STALL(meet_locked);
	was = link->listed;
	word = pp_load(&m->word);
	r = meet_has_ended(word) ? meet_ended(word, MEET_PULL)
	                         : queue_look_in_spot(m, MEET_PULL, partner);
	if (r == SPOT_IS_MOVED)
		r = queue_find(m, MEET_PULL, NULL, true, partner);
	if (r == -EBUSY)
		r = -EAGAIN; /* it has news, and looks again */
	if (r == -EAGAIN && !was)
		list_append(&q->watching, link);
	else if (r != -EAGAIN && was)
		list_remove(&q->watching, link);
	*listed = link->listed - was;
	queue_note_watched(q, MEET_PULL);
	lock_release(&q->lock);
	return r;
}

/* Tell one of those who wait as `role`, or who watch, of the end.  False: there is none. */
static inline bool queue_end_one(struct pp_meeting *m, enum meet_role role)
{
	struct meet_queue *q = &m->queue;
	struct pp_wake wake = { .asleep = NULL };
	struct meet_node *plain = NULL;
	struct pp_link *link;
	bool any;

	lock_until(&q->lock, INT64_MAX);
	link = q->waiting[role].first;
	any = link || (role == MEET_PULL && q->watching.first);
	if (!link && any)
		wake = queue_take_watcher(q);
	if (link) {
		list_remove(&q->waiting[role], link);
		if (!link->waiter)
			plain = (struct meet_node *)(void *)link;
		else
			(void)waiter_tell(link->waiter, &wake);
	}
	lock_release(&q->lock);
	if (plain)
		meet_tell(m, role, &plain->state, PLACE_ENDED);
	PP_SWITCH(MEET_END_WAKE, (void)0, pp_wake_make(&wake, &m->side[role].sleepers));
	return any;
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
