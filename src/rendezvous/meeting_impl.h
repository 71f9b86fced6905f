/* SPDX-License-Identifier: MIT */
/* The body of the meeting, as text that a model checker can read too. */
#ifndef PP_RENDEZVOUS_MEETING_IMPL_H
#define PP_RENDEZVOUS_MEETING_IMPL_H

#include "rendezvous/queue.h"
#include "rendezvous/spot.h"

void meet_init(struct pp_meeting *m, bool single, size_t item_size, bool interruptible)
{
	pp_store(&m->word, 0);
	pp_store(&m->met[MEET_PUSH].items, 0);
	pp_store(&m->met[MEET_PULL].items, 0);
	spot_init(m);
	queue_init(&m->queue);
	m->single = single;
	m->carried = pp_carrier_fits(item_size);
	m->item_size = item_size;
	m->interruptible = interruptible;
	pp_sleepers_init(&m->side[MEET_PUSH].sleepers);
	pp_sleepers_init(&m->side[MEET_PULL].sleepers);
}

/* ---- places of either kind ------------------------------------------------------------ */

/* Take the partner that waits first: 1.  None: -EAGAIN, and the caller waits in *own, which is in
 * `node` or in the spot, unless `node` is NULL.  Or why neither. */
static int64_t arrive(struct pp_meeting *m, enum meet_role role, void *item,
                      struct meet_node *node, int64_t deadline, struct meet_place *own,
                      struct meet_place *partner)
{
	if (m->single) {
		int64_t r;

		*own = spot_place(m, role);
		r = spot_arrive(m, role, item, node ? own : NULL, partner);
		if (pp_likely(r != SPOT_IS_MOVED))
			return r;
	}
	if (node) {
		node->link.waiter = NULL;
		node->link.listed = false;
		*own = (struct meet_place){ &node->state, &node->carrier, NULL };
		place_lay_out(m, own, role, item);
	}
	return queue_arrive(m, role, node ? &node->link : NULL, deadline, partner);
}

static bool withdraw(struct pp_meeting *m, enum meet_role role, struct meet_node *node,
                     const struct meet_place *own)
{
	return own->state == &node->state ? queue_withdraw(m, role, &node->link)
	                                  : spot_withdraw(m, role);
}

/* The place of a select, or of a push without a thread, which is called. */
PP_NOINLINE static int64_t hand_over_to_select(struct pp_meeting *m, enum meet_role role, void *item,
                                               const struct meet_place *partner)
{
	struct pp_call call = partner->of_select->link.waiter->call;

	PP_STALL(meet_matched);
	place_pass(role, item, partner->of_select->item, m->item_size, false);
	PP_STALL(meet_copied);
	meet_tell(m, meet_other(role), partner->state, PLACE_MET);
	PP_SWITCH(MEET_CALL, (void)0, pp_call_make(&call));
	return 1;
}

/* The caller has taken the place: copy, and tell its owner. */
static int64_t hand_over(struct pp_meeting *m, enum meet_role role, void *item,
                         const struct meet_place *partner)
{
	if (pp_unlikely(partner->of_select != NULL))
		return hand_over_to_select(m, role, item, partner);
	PP_STALL(meet_matched);
	place_pass_item(m, partner, role, item);
	PP_STALL(meet_copied);
	meet_tell(m, meet_other(role), partner->state, PLACE_MET);
	return 1;
}

/* ---- trying ------------------------------------------------------------------------ */

int64_t meet_try(struct pp_meeting *m, enum meet_role role, void *item)
{
	struct meet_place own, partner;
	int64_t r = arrive(m, role, item, NULL, MEET_TRY, &own, &partner);

	return r == 1 ? hand_over(m, role, item, &partner) : r;
}

static void count_refused(struct pp_meeting *m, enum meet_role role)
{
	pp_store(m->side[role].refused, pp_load(m->side[role].refused) + 1);
}

static ssize_t meet_some(struct pp_meeting *m, enum meet_role role, void *items, size_t n)
{
	size_t done;
	int64_t r = -EAGAIN;

	for (done = 0; done < n; done++) {
		r = meet_try(m, role, (unsigned char *)items + done * m->item_size);
		if (r < 0)
			break;
	}
	return done ? (ssize_t)done : (ssize_t)r;
}

ssize_t meet_try_n(struct pp_meeting *m, enum meet_role role, void *items, size_t n)
{
	ssize_t r = meet_some(m, role, items, n);

	if (r == -EAGAIN || r == -EBUSY)
		count_refused(m, role);
	return r;
}

/* ---- waiting ---------------------------------------------------------------------- */

/* Wait for the place to be told.  Its final state, or PLACE_WAITS with *why set. */
static uint32_t await_told(struct pp_meeting *m, enum meet_role role, PP_ATOMIC(uint32_t) *word,
                           int64_t deadline, bool interruptible, int *why)
{
	struct pp_spinner spinner;
	uint32_t waits = PLACE_WAITS;
	uint32_t state;
	int r;

	pp_spin_begin(&spinner, m->side[role].spin);
	do {
		/* The partner's copy is there: MEET_TELL. */
		state = pp_load_acquire(MEET_TOLD, word);
	} while (state < PLACE_MET && pp_spin_step(&spinner));
	pp_spin_end(&spinner, state >= PLACE_MET);
	if (state >= PLACE_MET)
		return state;

	/* Relaxed: if it fails, the state is read again below, with acquire. */
	pp_decide_relaxed(word, &waits, PLACE_ASLEEP);
	while ((state = pp_load_acquire(MEET_TOLD_LATE, word)) == PLACE_ASLEEP) {
		r = pp_sleep(&m->side[role].sleepers, word, PLACE_ASLEEP, deadline, interruptible);
		if (r == -ETIMEDOUT || (r == -EINTR && interruptible)) {
			*why = r;
			state = PLACE_WAITS;
			break;
		}
	}
	pp_spin_parked(&spinner);
	return state;
}

/* The caller's place is taken or can be.  1, or why there was no hand-over. */
static int64_t stay(struct pp_meeting *m, enum meet_role role, void *item, struct meet_node *node,
                    const struct meet_place *own, int64_t deadline)
{
	uint32_t state;
	int why = 0;

	PP_STALL(meet_enlisted);
	state = await_told(m, role, own->state, deadline, m->interruptible, &why);
	if (state == PLACE_WAITS) {
		if (withdraw(m, role, node, own))
			return why;
		/* The hand-over has begun: neither deadline nor signal undoes it. */
		state = await_told(m, role, own->state, INT64_MAX, false, &why);
	}
	if (state != PLACE_MET)
		return meet_ended(pp_load(&m->word), role);
	place_collect(m, own, role, item);
	return 1;
}

/* One hand-over: 1, or why not.  *refused: nobody was there for it, or for one before it. */
static int64_t meet_once(struct pp_meeting *m, enum meet_role role, void *item, int64_t deadline,
                         bool *refused)
{
	bool late = deadline != INT64_MAX && deadline <= pp_clock_now();
	struct meet_place own, partner;
	struct meet_node node;
	int64_t r = arrive(m, role, item, late ? NULL : &node, deadline, &own, &partner);

	if (r == 1)
		return hand_over(m, role, item, &partner);
	if (r != -EAGAIN && !(late && r == -EBUSY))
		return r;
	if (!*refused)
		count_refused(m, role);
	*refused = true;
	return late ? -ETIMEDOUT : stay(m, role, item, &node, &own, deadline);
}

ssize_t meet_wait(struct pp_meeting *m, enum meet_role role, void *items, size_t min, size_t max,
                  int64_t deadline)
{
	unsigned char *item = items;
	bool refused = false;
	size_t done = 0;
	int64_t r = 0;

	while (done < min && (r = meet_once(m, role, item, deadline, &refused)) > 0) {
		done++;
		item += m->item_size;
	}
	if (r > 0 && done < max) {
		ssize_t more = meet_some(m, role, item, max - done);
		done += more > 0 ? (size_t)more : 0;
	}
	return done ? (ssize_t)done : (ssize_t)r;
}

/* ---- selects, descriptors, operations without a thread -------------------------------- */

/* Nobody waits in the spot from now on but who is there already. */
static void move(struct pp_meeting *m)
{
	if (m->single && !(pp_load(&m->word) & SPOT_MOVED))
		pp_fetch_or(&m->word, SPOT_MOVED); /* a mode and no news: later posts fail on it */
}

int64_t meet_arrive(struct pp_meeting *m, enum meet_role role, struct meet_case *c)
{
	struct meet_place partner;
	int64_t r;

	move(m);
	r = queue_arrive(m, role, &c->link, INT64_MAX, &partner);
	return r == 1 ? hand_over(m, role, c->item, &partner) : r;
}

bool meet_leave(struct pp_meeting *m, enum meet_role role, struct meet_case *c)
{
	return queue_withdraw(m, role, &c->link);
}

int64_t meet_watch(struct pp_meeting *m, void *item, struct pp_link *link, int *listed)
{
	struct meet_place partner;
	int64_t r;

	move(m);
	r = queue_watch(m, link, listed, &partner);
	return r == 1 ? hand_over(m, MEET_PULL, item, &partner) : r;
}

bool meet_unwatch(struct pp_meeting *m, struct pp_link *link)
{
	return queue_leave(m, &m->queue.watching, link);
}

void meet_pass_on(struct pp_meeting *m)
{
	queue_tell(m, MEET_PULL, true);
}

bool meet_arm(struct pp_meeting *m, enum meet_role role, int fd)
{
	move(m);
	return queue_arm(m, role, fd);
}

/* ---- ending ----------------------------------------------------------------------- */

void meet_end(struct pp_meeting *m, uint32_t why)
{
	if (m->single && !spot_end(m, why))
		return;
	queue_end(m, why);
}

#endif
