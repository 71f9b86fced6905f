/* SPDX-License-Identifier: MIT */
/* Waiting in an event loop: a descriptor for each end, told of events in addition to the sleepers. */
#include <errno.h>

#include "desk.h"
#include "park/pollable.h"

/* Relaxed: a number; what it stands for is the kernel's. */
static int fd_of(struct pp_side *side)
{
	int fd = pp_load(&side->fd), made;

	if (fd != NO_FD)
		return fd;
	made = pp_pollable_open();
	if (made < 0)
		return made;
	if (pp_decide_relaxed(&side->fd, &fd, made))
		return made;
	pp_pollable_close(made); /* another thread was faster */
	return fd;
}

int pp_rx_fd(pp_rx *rx)
{
	return rx ? fd_of(&rx->side) : -EINVAL;
}

int pp_tx_fd(pp_tx *tx)
{
	return tx ? fd_of(&tx->side) : -EINVAL;
}

void pp_close_fds(struct pp_channel *ch)
{
	int tx = pp_load(&ch->tx.side.fd), rx = pp_load(&ch->rx.side.fd);

	if (tx != NO_FD)
		pp_pollable_close(tx);
	if (rx != NO_FD)
		pp_pollable_close(rx);
}

/* ---- arming -------------------------------------------------------------------------- */

static bool mpmc_end_is_ready(struct pp_end *end, enum mpmc_role role)
{
	int k;

	/* A push that lost the race for the slot to be passed over is told when it is free. */
	while ((k = mpmc_peek(&end->block->ring.mpmc, &end->slots, role)) == RING_ABORTED)
		if (!pp_pass_over(end) && role == MPMC_PUSH)
			return false;
	return k == 1 || k == RING_SEALED || k == RING_END;
}

bool pp_is_ready(struct pp_end *end, enum meet_role role)
{
	struct spsc *r = &end->block->ring.spsc;

	if (end->channel->kind == PP_MPMC)
		return mpmc_end_is_ready(end, role == MEET_PUSH ? MPMC_PUSH : MPMC_PULL);
	return role == MEET_PUSH ? spsc_has_room(r, &pp_tx_of(end)->spsc) : spsc_has_items(r);
}

static int arm(struct pp_end *end, struct pp_side *side, enum meet_role role)
{
	struct pp_channel *ch = end->channel;
	struct pp_eventcount *ec;
	enum ec_fence wanted;
	int fd;

	if (pp_slot_is_open(end, role))
		return -EBUSY;
	fd = fd_of(side);
	if (fd < 0)
		return fd;
	pp_pollable_reset(fd);
	if (ch->capacity == 0)
		return meet_arm(&ch->meeting, role, fd);
	ec = pp_sleep_at(end, role);
	wanted = watch_arm(&ch->watch[role], ec, fd, end->fenced);
	ec_fence(wanted, end->fenced);
	ec_settle(ec, wanted);
	if (!PP_SWITCH(ARM_RECHECK, false, pp_is_ready(end, role)))
		return 0;
	watch_disarm(&ch->watch[role], ec);
	return 1;
}

int pp_rx_arm(pp_rx *rx)
{
	return rx ? arm(&rx->end, &rx->side, MEET_PULL) : -EINVAL;
}

int pp_tx_arm(pp_tx *tx)
{
	return tx ? arm(&tx->end, &tx->side, MEET_PUSH) : -EINVAL;
}
