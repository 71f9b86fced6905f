/* SPDX-License-Identifier: MIT */
/* The argument that nobody sleeps beside work is docs/parking.md. */
/* Modelled in verify/spin.  spin: look_last, park, pass_on, pp_wait */
#include "wait.h"

/* 0: enough has moved.  Else the last look found nothing, or the end: who is about to sleep has looked
 * behind what it moved, too, since a close that came with the last item wakes nobody later. */
static int attempt(struct pp_op *op)
{
	do {
		int64_t r = op->some(op->end, op->items + op->done * op->end->slots.item_size,
		                     op->max - op->done);

		if (r < 0)
			return (int)r;
		op->done += (uint64_t)r;
	} while (op->done < op->min);
	return 0;
}

static int spin(struct pp_op *op, struct pp_spinner *spinner)
{
	int r = -EAGAIN;

	pp_spin_begin(spinner, &op->side->spin);
	while (pp_is_undecided(r) && pp_spin_step(spinner))
		if (op->ready(op->end))
			r = attempt(op);
	pp_spin_end(spinner, !pp_is_undecided(r));
	return r;
}

/* Sleep until the operation has come to its end, or for one wake.  *owes: this thread
 * has used up a wake, and looks for another sleeper before it returns. */
static int park(struct pp_op *op, bool *owes)
{
	bool interruptible = op->end->channel->flags & PP_INTERRUPTIBLE;
	struct pp_eventcount *sleepers = pp_sleep_at(op->end, op->role);
	struct pp_ec_ticket ticket = ec_announce(sleepers, op->end->fenced);
	int r;

	while (pp_is_undecided(r = PP_SWITCH(EC_RECHECK, -EAGAIN, attempt(op)))) {
		enum pp_ec_result s = ec_sleep(sleepers, &ticket, op->deadline, interruptible);

		if (s == EC_WOKEN) {
			*owes = true;
			return attempt(op);
		}
		if (s != EC_AGAIN) {
			r = s == EC_TIMEOUT ? -ETIMEDOUT : -EINTR;
			break;
		}
	}
	if (ec_leave(sleepers, &ticket))
		*owes = true;
	return r;
}

/* A wake was used up; is there more for another sleeper of this side? */
static void pass_on(struct pp_op *op)
{
	PP_STALL(wait_leaving);
	/* No fence: the wake brought what its sender's fence had seen, and an operation that
	 * moved an item has made its own. */
	if (!op->ready(op->end))
		return;
	PP_SWITCH(EC_PASS_ON, (void)0, pp_wake(op->end, op->role, 1));
}

/* The operation comes before deadline and signal: what came until now is taken, also if nobody has
 * been woken for it yet. */
static int look_last(struct pp_op *op, int why)
{
	int r = attempt(op);

	return pp_is_undecided(r) ? why : r;
}

ssize_t pp_wait(struct pp_op *op)
{
	struct pp_spinner spinner;
	bool owes = false;
	int r = -EAGAIN;

	PP_STALL(wait_entered);
	pp_count(&op->side->refused);
	while (pp_is_undecided(r)) {
		if (op->deadline != PP_FOREVER && op->deadline <= pp_now()) {
			r = -ETIMEDOUT;
			break;
		}
		/* Again after a wake for nothing, too: others of this side were faster, and to let them run
		 * costs less than the next wake. */
		r = spin(op, &spinner);
		if (pp_is_undecided(r)) {
			r = park(op, &owes);
			pp_spin_parked(&spinner);
		}
	}
	if (r == -ETIMEDOUT || r == -EINTR)
		r = look_last(op, r);
	if (owes)
		pass_on(op);
	return op->done ? (ssize_t)op->done : (ssize_t)r;
}
