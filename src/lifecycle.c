/* SPDX-License-Identifier: MIT */
/* References, close, cancel, drop, and the freeing of a ring. */
#include <errno.h>

#include "channel.h"

/* ---- holds: one per side, drop under way, place of a select, waiting pp_async ------------------ */

void pp_hold(struct pp_channel *ch)
{
	pp_fetch_add(&ch->holds, 1); /* the caller has one already */
}

void pp_release(struct pp_channel *ch)
{
	/* Release: what was done with the ring is done; acquire: by everybody. */
	if (pp_fetch_add_acq_rel(HOLD_LAST, &ch->holds, UINT32_MAX) == 1)
		pp_unregister_and_free(ch);
}

/* ---- drop ------------------------------------------------------------------------- */

static void drop_one(struct pp_channel *ch, uint64_t slot)
{
	struct pp_end *end = &ch->rx.end;

	PP_STALL(drop_claimed);
	pp_fetch_add(&end->block->dropped, 1);
	if (ch->drop)
		ch->drop(pp_slot_item(&end->slots, slot), ch->drop_context);
}

/* Both seals are decided here; one thread drops all that lies between them. */
static void drop_rest_spsc(struct pp_channel *ch)
{
	struct spsc *r = &ch->rx.end.block->ring.spsc;
	uint64_t end = spsc_push_sealed_at(r, ch->rx.end.fenced);
	uint64_t at = spsc_pull_sealed_at(r, end, ch->rx.end.fenced);
	uint32_t nobody = 0;

	if (!pp_decide_relaxed(&ch->rx.end.block->dropping, &nobody, 1))
		return;
	for (; at != end; at++)
		drop_one(ch, (at - r->start) % r->capacity);
}

/* Up to the first item that a push under way has claimed and not published: that push
 * goes on from there. */
static void drop_rest_mpmc(struct pp_channel *ch)
{
	struct pp_end *end = &ch->rx.end;
	struct mpmc *r = &end->block->ring.mpmc;
	uint64_t position;

	pp_heavy(DROP_HEAVY, end->fenced);
	for (;;) {
		int64_t k = mpmc_claim(r, &end->slots, MPMC_PULL, MPMC_SEAL, 1, &position);

		if (k == RING_ABORTED) {
			(void)mpmc_pass_over(r, &end->slots, MPMC_SEAL);
			continue;
		}
		if (k <= 0)
			return;
		drop_one(ch, mpmc_index(r, position));
		mpmc_publish(r, &end->slots, MPMC_PULL, position);
	}
}

void pp_drop_rest(struct pp_channel *ch)
{
	pp_hold(ch); /* the callback may let go of the ends */
	if (ch->kind == PP_SPSC)
		drop_rest_spsc(ch);
	else
		drop_rest_mpmc(ch);
	pp_release(ch);
}

/* ---- the two endings --------------------------------------------------------------- */

static void end_ring(struct pp_channel *ch, uint32_t why)
{
	struct pp_block *b = ch->tx.end.block;
	bool fenced = ch->tx.end.fenced;
	uint64_t seal;

	/* First the alert, so that whoever sees an end also has every push look for it. */
	ec_ring(&b->items);
	if (ch->kind == PP_SPSC) {
		spsc_end(&b->ring.spsc, why);
		PP_STALL(end_flagged);
		seal = spsc_push_sealed_at(&b->ring.spsc, fenced);
		if (why & RING_CANCELLED)
			spsc_pull_sealed_at(&b->ring.spsc, seal, fenced);
	} else {
		PP_STALL(end_flagged);
		mpmc_end(&b->ring.mpmc, why);
	}
	PP_STALL(end_sealed);
	pp_light(END_LIGHT, fenced);
	PP_SWITCH(END_WAKE_ITEMS, (void)0, pp_wake(&ch->tx.end, MEET_PULL, UINT32_MAX));
	PP_SWITCH(END_WAKE_SPACE, (void)0, pp_wake(&ch->tx.end, MEET_PUSH, UINT32_MAX));
}

static void end_channel(struct pp_channel *ch, uint32_t why)
{
	if (ch->capacity == 0) {
		meet_end(&ch->meeting, why);
		return;
	}
	end_ring(ch, why);
	if (why & RING_CANCELLED)
		pp_drop_rest(ch);
}

int pp_close(pp_tx *tx)
{
	if (!tx)
		return -EINVAL;
	end_channel(tx->end.channel, RING_CLOSED);
	return 0;
}

int pp_cancel(pp_rx *rx)
{
	if (!rx)
		return -EINVAL;
	end_channel(rx->end.channel, RING_CANCELLED);
	return 0;
}

/* ---- references -------------------------------------------------------------------- */

static int ref(struct pp_side *side)
{
	uint32_t refs = pp_load(&side->refs);

	do {
		if (refs >= INT32_MAX)
			return -EOVERFLOW;
		/* Relaxed: the caller's own reference keeps the ring there. */
	} while (!pp_cas(&side->refs, &refs, refs + 1));
	return 0;
}

static void unref(struct pp_channel *ch, struct pp_side *side, uint32_t why)
{
	/* The last one closes or cancels after all that the others did. */
	if (pp_fetch_add_acq_rel(REF_LAST, &side->refs, UINT32_MAX) != 1)
		return;
	end_channel(ch, why);
	pp_release(ch);
}

int pp_tx_ref(pp_tx *tx)
{
	return tx ? ref(&tx->side) : -EINVAL;
}

int pp_rx_ref(pp_rx *rx)
{
	return rx ? ref(&rx->side) : -EINVAL;
}

void pp_tx_unref(pp_tx *tx)
{
	if (tx)
		unref(tx->end.channel, &tx->side, RING_CLOSED);
}

void pp_rx_unref(pp_rx *rx)
{
	if (rx)
		unref(rx->end.channel, &rx->side, RING_CANCELLED);
}
