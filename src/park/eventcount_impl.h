/* SPDX-License-Identifier: MIT */
/* What of the eventcount is not inline, the calls of the kernel among it, as text that a model
 * checker can read too: pp_futex_wait() and pp_futex_wake() are the seam. */
/* Modelled in verify/spin.  spin: ec_after_bell, ec_in_vain, ec_look_fenced
 * spin: ec_ring_bell, ec_sleep */
#ifndef PP_PARK_EVENTCOUNT_IMPL_H
#define PP_PARK_EVENTCOUNT_IMPL_H

#include <errno.h>

#include "park/eventcount.h"

/* Nobody was asleep.  After so many such looks the next ones need not fence.  Both flags go
 * in one exchange, and only both: until EC_SETTLED is there, its setter counts on
 * EC_FENCED. */
static void ec_in_vain(struct pp_eventcount *ec, uint64_t state)
{
	uint32_t vain = pp_load(&ec->vain) + 1;

	pp_store(&ec->vain, vain);
	if (vain >= EC_VAIN && state & PP_SWITCH(EC_CLEAR_SETTLED, EC_FENCED, EC_SETTLED) &&
	    pp_cas(&ec->state, &state, state & ~(EC_FENCED | EC_SETTLED)))
		pp_store(&ec->vain, 0);
}

/* The state, as a sleeper without a heavy fence needs it to be seen. */
uint64_t ec_look_fenced(struct pp_eventcount *ec)
{
	uint64_t state;

	pp_full_fence(EC_LOOK_FENCE);
	state = pp_load(&ec->state);
	if ((state & EC_LOW) < EC_ONE && !(state & EC_WATCHED))
		ec_in_vain(ec, state);
	else if (pp_load(&ec->vain))
		pp_store(&ec->vain, 0);
	return state;
}

void ec_ring_bell(struct pp_eventcount *ec, uint32_t n)
{
	PP_STALL(wake_claimed);
	/* Release: who sees the new bell sees the event that it rings for. */
	pp_fetch_add_release(EC_BELL, &ec->bell, 1);
	/* Nobody in the kernel yet: the new bell keeps them out (SLEEP_FENCE). */
	pp_full_fence(EC_BELL_FENCE);
	if (pp_load(&ec->unwoken) && pp_load(&ec->sleepers.asleep)) {
		pp_fetch_add(&ec->sleepers.wakes, 1);
		pp_fetch_add(&ec->unwoken, 0 - PP_SWITCH(EC_WAKE_CALL, 0, pp_futex_wake(&ec->bell, n)));
	}
}

/* The bell rang for somebody else's wake if no wake was claimed since our own
 * announcement: then wait for the next. */
static enum pp_ec_result ec_after_bell(struct pp_eventcount *ec, struct pp_ec_ticket *ticket)
{
	ticket->bell = pp_load_acquire(EC_BELL_AGAIN, &ec->bell);
	if ((uint32_t)(pp_load(&ec->state) / EC_EPOCH) != ticket->epoch)
		return EC_WOKEN;
	return EC_AGAIN;
}

enum pp_ec_result ec_sleep(struct pp_eventcount *ec, struct pp_ec_ticket *ticket,
                           int64_t deadline, bool interruptible)
{
	int r;

	pp_fetch_add(&ec->unwoken, 1); /* SLEEP_FENCE comes behind it */
	r = pp_sleep(&ec->sleepers, &ec->bell, ticket->bell, deadline, interruptible);
	if (r != 0)
		pp_fetch_add(&ec->unwoken, UINT32_MAX); /* else the waker has done it */
	switch (r) {
	case 0:
		return EC_WOKEN;
	case -ETIMEDOUT:
		return EC_TIMEOUT;
	case -EINTR:
		return interruptible ? EC_SIGNAL : EC_AGAIN;
	default:
		return ec_after_bell(ec, ticket);
	}
}

#endif
