/* SPDX-License-Identifier: MIT */
/*
 * Working in place: an operation in two halves, the slot being the caller's in between.
 *
 * PP_MPMC: begin is the claim, commit the turn; a slot that is open is what a thread stopped in
 * between leaves, and everybody knows how to wait for it.  Which position a slot was claimed for
 * stands in its turn.
 *
 * PP_SPSC: begin is the claim, commit the publication.  One slot at a time; the path of one item
 * is closed meanwhile, so that every other operation of the end comes to where -EBUSY is given.
 */
#include "desk.h"

/* ---- slots whose push was taken back ------------------------------------------------- */

/* An event for both sides: pulls go on behind it, pushes into it. */
static void tell_room(struct pp_end *end)
{
	pp_light(PASS_LIGHT, end->fenced);
	if (ec_alert(&end->block->space))
		PP_SWITCH(PASS_WAKE, (void)0, pp_wake(end, MEET_PUSH, 1));
}

bool pp_pass_over(struct pp_end *end)
{
	bool passed = mpmc_pass_over(&end->block->ring.mpmc, &end->slots, 0);

	if (passed)
		tell_room(end);
	return passed;
}

int64_t pp_claim_beyond(struct pp_end *end, enum mpmc_role role, uint64_t n, uint64_t *position)
{
	struct mpmc *r = &end->block->ring.mpmc;

	for (;;) {
		bool passed = pp_pass_over(end);
		int64_t k = mpmc_claim(r, &end->slots, role, 0, n, position);
		if (k != RING_ABORTED)
			return k;
		/* Else a pull goes on: the head has moved.  A push would have to wait for who frees
		 * the slot, and will be told. */
		if (!passed && role == MPMC_PUSH)
			return RING_BUSY;
	}
}

/* ---- beginning ------------------------------------------------------------------------ */

static int64_t begin_spsc_push(struct pp_tx *tx, void **slot)
{
	struct spsc *r = &tx->end.block->ring.spsc;
	/* A push finds the end when it has published; here nobody is to fill a slot in vain. */
	int64_t k = pp_load(&r->ended) ? RING_SEALED : spsc_claim_push(r, &tx->spsc, 1);

	if (k <= 0)
		return pp_push_refused(tx, k);
	*slot = tx->open = spsc_push_slot(r, &tx->spsc) + tx->end.slots.offset;
	pp_push_divert(tx);
	return 1;
}

/* An item is pulled, its slot not yet free; but those behind it whose pushes were taken back may be.
 * `aborted` is read behind the fence, or fences, as the sleepers are. */
static void tell_of_aborted(struct pp_end *end)
{
	struct pp_eventcount *space = &end->block->space;
	uint32_t alert;

	pp_light(PASS_LIGHT, end->fenced);
	alert = ec_alert(space);
	if (alert & EC_FENCED)
		(void)ec_look_fenced(space);
	if (alert && pp_load(&end->channel->tx.book.aborted))
		PP_SWITCH(PASS_WAKE, (void)0, pp_wake(end, MEET_PUSH, 1));
}

static int64_t begin_spsc_pull(struct pp_rx *rx, void **slot)
{
	struct spsc *r = &rx->end.block->ring.spsc;
	int64_t k = spsc_claim_pull(r, &rx->spsc, 1, rx->end.fenced);

	if (k <= 0)
		return pp_pull_refused(k);
	*slot = rx->open = (unsigned char *)spsc_pull_slot(r, &rx->spsc) + rx->end.slots.offset;
	pp_pull_divert(rx);
	tell_of_aborted(&rx->end);
	return 1;
}

static int64_t begin_mpmc(struct pp_end *end, enum mpmc_role role, void **slot)
{
	struct mpmc *r = &end->block->ring.mpmc;
	uint64_t position;
	int64_t k = pp_claim(end, role, 1, &position);

	if (k <= 0)
		return k;
	*slot = pp_slot_item(&end->slots, mpmc_index(r, position));
	return 1;
}

static int64_t begin_push(struct pp_end *end, unsigned char *where, uint64_t n)
{
	struct pp_tx *tx = pp_tx_of(end);
	void **slot = (void **)(void *)where;
	struct pp_position before;
	int64_t k;

	(void)n;
	if (end->mode == PP_MODE_TRACKED)
		pp_positions(end->channel, &before);
	if (end->channel->kind == PP_SPSC)
		k = begin_spsc_push(tx, slot);
	else if ((k = begin_mpmc(end, MPMC_PUSH, slot)) <= 0)
		return pp_push_refused(tx, k);
	if (k <= 0)
		return k;
	pp_fetch_add(&tx->side.open, 1);
	if (end->mode == PP_MODE_TRACKED)
		pp_track_depth(tx, &before);
	return k;
}

static int64_t begin_pull(struct pp_end *end, unsigned char *where, uint64_t n)
{
	struct pp_rx *rx = pp_rx_of(end);
	void **slot = (void **)(void *)where;
	int64_t k;

	(void)n;
	if (end->channel->kind == PP_SPSC)
		k = begin_spsc_pull(rx, slot);
	else if ((k = begin_mpmc(end, MPMC_PULL, slot)) <= 0)
		return pp_pull_refused(k);
	if (k > 0)
		pp_fetch_add(&rx->side.open, 1);
	return k;
}

/* Open a slot of this end; `busy`: what another one that is open makes of it, or 0. */
static int begin(struct pp_op op, int busy, void **slot)
{
	int64_t r;

	if (op.end->channel->capacity == 0)
		return -ENOTSUP;
	if (busy)
		return busy;
	op.min = op.max = 1;
	op.items = (unsigned char *)(void *)slot;
	r = op.some(op.end, op.items, 1);
	if (pp_is_undecided(r)) {
		if (op.deadline == DO_NOT_WAIT)
			pp_count(&op.side->refused);
		else
			r = pp_wait(&op);
	}
	return r > 0 ? 0 : (int)r;
}

/* True: there is an end, and a place for the answer. */
static bool asked_well(const void *end, void **slot)
{
	if (slot)
		*slot = NULL;
	return end && slot;
}

static int begin_push_until(struct pp_tx *tx, void **slot, pp_time deadline)
{
	if (!asked_well(tx, slot))
		return -EINVAL;
	return begin((struct pp_op){ .end = &tx->end, .side = &tx->side, .role = MEET_PUSH,
	                             .some = begin_push, .ready = pp_push_ready,
	                             .deadline = deadline },
	             tx->open ? pp_push_while_open(tx) : 0, slot);
}

static int begin_pull_until(struct pp_rx *rx, void **slot, pp_time deadline)
{
	if (!asked_well(rx, slot))
		return -EINVAL;
	return begin((struct pp_op){ .end = &rx->end, .side = &rx->side, .role = MEET_PULL,
	                             .some = begin_pull, .ready = pp_pull_ready,
	                             .deadline = deadline },
	             rx->open ? pp_pull_while_open(rx) : 0, slot);
}

int pp_push_begin(pp_tx *tx, void **slot)
{
	return begin_push_until(tx, slot, PP_FOREVER);
}

int pp_try_push_begin(pp_tx *tx, void **slot)
{
	return begin_push_until(tx, slot, DO_NOT_WAIT);
}

int pp_push_begin_until(pp_tx *tx, void **slot, pp_time deadline)
{
	return begin_push_until(tx, slot, some_deadline(deadline));
}

int pp_pull_begin(pp_rx *rx, void **slot)
{
	return begin_pull_until(rx, slot, PP_FOREVER);
}

int pp_try_pull_begin(pp_rx *rx, void **slot)
{
	return begin_pull_until(rx, slot, DO_NOT_WAIT);
}

int pp_pull_begin_until(pp_rx *rx, void **slot, pp_time deadline)
{
	return begin_pull_until(rx, slot, some_deadline(deadline));
}

/* ---- ending --------------------------------------------------------------------------- */

/* The position for which `slot` was opened; -EINVAL: it is none of this ring, or not open. */
static int opened(struct pp_end *end, enum mpmc_role role, void *slot, uint64_t *position)
{
	size_t stride = end->slots.stride;
	uintptr_t from = (uintptr_t)slot - (uintptr_t)pp_slot_item(&end->slots, 0);

	if (from % stride || from / stride >= end->channel->capacity)
		return -EINVAL;
	return mpmc_opened(&end->block->ring.mpmc, &end->slots, role, from / stride, position)
	       ? 0 : -EINVAL;
}

/* 0: `slot` is open, and may be ended; PP_MPMC: for *position. */
static int check_slot(struct pp_end *end, void *is_open, enum mpmc_role role, void *slot,
                      uint64_t *position)
{
	if (!slot)
		return -EINVAL;
	if (end->channel->capacity == 0)
		return -ENOTSUP;
	if (end->channel->kind == PP_SPSC)
		return slot == is_open ? 0 : -EINVAL;
	return opened(end, role, slot, position);
}

static void close_slot(struct pp_side *side)
{
	pp_fetch_add(&side->open, UINT64_MAX);
}

static void close_push_slot(struct pp_tx *tx, uint64_t aborted)
{
	tx->open = NULL;
	close_slot(&tx->side);
	/* What was taken back does not concern slots without marks: the limit knows of it. */
	if (aborted == 0 || !tx->end.block->ring.spsc.marked)
		pp_push_restore(tx);
}

int pp_push_commit(pp_tx *tx, void *slot)
{
	uint64_t position = 0;
	ssize_t n;
	int r;

	if (!tx)
		return -EINVAL;
	r = check_slot(&tx->end, tx->open, MPMC_PUSH, slot, &position);
	if (r < 0)
		return r;
	PP_STALL(push_copied);
	if (tx->end.channel->kind == PP_SPSC) {
		close_push_slot(tx, pp_load(&tx->book.aborted));
		spsc_publish_push(&tx->end.block->ring.spsc, &tx->spsc, 1);
	} else {
		close_slot(&tx->side);
		mpmc_publish(&tx->end.block->ring.mpmc, &tx->end.slots, MPMC_PUSH, position);
	}
	n = pp_pushed(tx, 1);
	return n > 0 ? 0 : (int)n;
}

int pp_push_abort(pp_tx *tx, void *slot)
{
	uint64_t position = 0;
	int r;

	if (!tx)
		return -EINVAL;
	r = check_slot(&tx->end, tx->open, MPMC_PUSH, slot, &position);
	if (r < 0)
		return r;
	if (tx->end.channel->kind == PP_SPSC) {
		close_push_slot(tx, spsc_abort(&tx->end.block->ring.spsc, &tx->spsc));
		return 0; /* the only one whom it concerns is the caller */
	}
	mpmc_abort(&tx->end.block->ring.mpmc, &tx->end.slots, position);
	close_slot(&tx->side);
	PP_STALL(push_aborted);
	tell_room(&tx->end);
	(void)pp_pushed(tx, 1); /* those behind it may go on, or drop, or see the end */
	return 0;
}

int pp_pull_commit(pp_rx *rx, void *slot)
{
	uint64_t position = 0;
	int r;

	if (!rx)
		return -EINVAL;
	r = check_slot(&rx->end, rx->open, MPMC_PULL, slot, &position);
	if (r < 0)
		return r;
	PP_STALL(pull_copied);
	close_slot(&rx->side);
	if (rx->end.channel->kind == PP_SPSC) {
		rx->open = NULL;
		pp_pull_restore(rx);
		spsc_publish_pull(&rx->end.block->ring.spsc, &rx->spsc, 1);
	} else {
		mpmc_publish(&rx->end.block->ring.mpmc, &rx->end.slots, MPMC_PULL, position);
	}
	pp_pulled(rx, 1);
	return 0;
}
