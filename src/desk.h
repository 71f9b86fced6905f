/* SPDX-License-Identifier: MIT */
/* What the files of the front desk that move items share: push.c, pull.c and what works on top
 * of them. */
#ifndef PP_DESK_H
#define PP_DESK_H

#include <errno.h>

#include "wait.h"

static inline struct pp_tx *pp_tx_of(struct pp_end *end)
{
	return (struct pp_tx *)(void *)((unsigned char *)end - offsetof(struct pp_tx, end));
}

static inline struct pp_rx *pp_rx_of(struct pp_end *end)
{
	return (struct pp_rx *)(void *)((unsigned char *)end - offsetof(struct pp_rx, end));
}

/* ---- push.c -------------------------------------------------------------------- */

/* Why nothing could be claimed, as a result. */
int64_t pp_push_refused(const struct pp_tx *tx, int64_t why);
/* `n` items were published: tell who waits for them.  What the push returns by. */
ssize_t pp_pushed(struct pp_tx *tx, int64_t n);
/* Could the next push go ahead, or end? */
bool pp_push_ready(struct pp_end *end);
/* PP_TRACK_DEPTH: the positions before the claim of a push that just was made. */
void pp_track_depth(struct pp_tx *tx, const struct pp_position *before);
/* PP_SPSC, with a slot open: the result of any other push. */
int pp_push_while_open(const struct pp_tx *tx);
/* PP_SPSC: the path of one item is to be taken by nobody, or again. */
void pp_push_divert(struct pp_tx *tx);
void pp_push_restore(struct pp_tx *tx);

/* ---- pull.c: the mirror image ----------------------------------------------------- */

int64_t pp_pull_refused(int64_t why);
/* `n` slots were given back. */
void pp_pulled(struct pp_rx *rx, int64_t n);
bool pp_pull_ready(struct pp_end *end);
int pp_pull_while_open(const struct pp_rx *rx);
void pp_pull_divert(struct pp_rx *rx);
void pp_pull_restore(struct pp_rx *rx);

/* ---- either ------------------------------------------------------------------------ */

/* One item, now: the result, or -EAGAIN, -EBUSY, which the caller counts. */
PP_INLINE int pp_try(struct pp_end *end, enum meet_role role, void *item)
{
	return role == MEET_PUSH ? pp_tx_of(end)->push(pp_tx_of(end), item, DO_NOT_COUNT)
	                         : pp_rx_of(end)->pull(pp_rx_of(end), item, DO_NOT_COUNT);
}

/* A call could not go ahead. */
static inline void pp_count_refused(struct pp_end *end, enum meet_role role)
{
	pp_count(role == MEET_PUSH ? &pp_tx_of(end)->side.refused : &pp_rx_of(end)->side.refused);
}

/* PP_SPSC, and a slot of this end is open: nothing can go ahead until it is committed. */
static inline bool pp_slot_is_open(struct pp_end *end, enum meet_role role)
{
	const struct pp_tx *tx = pp_tx_of(end);
	const struct pp_rx *rx = pp_rx_of(end);

	if (role == MEET_PUSH)
		return tx->open && pp_push_while_open(tx) == -EBUSY;
	return rx->open && pp_pull_while_open(rx) == -EBUSY;
}

/* ---- readiness.c ----------------------------------------------------------------- */

/* Could the next operation go ahead, or end?  Exactly as a try would find it; capacity 1 and up. */
bool pp_is_ready(struct pp_end *end, enum meet_role role);

/* ---- inplace.c ------------------------------------------------------------------- */

/* The slot at the head of PP_MPMC, if its push was taken back, is free now: mpmc_pass_over(). */
bool pp_pass_over(struct pp_end *end);
/* mpmc_claim() met a slot whose push was taken back: go on behind it. */
int64_t pp_claim_beyond(struct pp_end *end, enum mpmc_role role, uint64_t n, uint64_t *position);

/* Up to `n` slots of PP_MPMC for `role`. */
PP_INLINE int64_t pp_claim(struct pp_end *end, enum mpmc_role role, uint64_t n, uint64_t *position)
{
	int64_t k = mpmc_claim(&end->block->ring.mpmc, &end->slots, role, 0, n, position);

	return pp_likely(k != RING_ABORTED) ? k : pp_claim_beyond(end, role, n, position);
}

#endif
