/* SPDX-License-Identifier: MIT */
/* The push end.  pull.c is its mirror image, function by function. */
#include "desk.h"

static int ended_for_push(const struct pp_tx *tx)
{
	uint32_t ended = pp_ended(tx->end.channel);

	return ended & RING_CLOSED ? -ESHUTDOWN : -EPIPE;
}

int64_t pp_push_refused(const struct pp_tx *tx, int64_t why)
{
	switch (why) {
	case RING_NONE:
		pp_store(&tx->end.block->depth_max, tx->end.channel->capacity);
		return -EAGAIN;
	case RING_BUSY:
		return -EBUSY;
	default:
		return ended_for_push(tx);
	}
}

/* Somebody sleeps, or this ring is ending.  `n` items were published. */
PP_NOINLINE static int64_t alerted(struct pp_tx *tx, int64_t n, uint32_t alert)
{
	struct pp_block *block = tx->end.block;
	struct pp_channel *ch = tx->end.channel;

	if (ec_is_rung(alert) && ch->kind == PP_SPSC && pp_load(&block->ring.spsc.ended)) {
		n = (int64_t)spsc_settle_push(&block->ring.spsc, &tx->spsc, (uint64_t)n);
		if (n == 0)
			return ended_for_push(tx);
	}
	PP_SWITCH(PUSH_WAKE, (void)0, pp_wake(&tx->end, MEET_PULL, (uint64_t)n));
	return n;
}

/* What a push returns by.  If it moved something and the ring was cancelled meanwhile, its
 * items may be left to this thread to drop; the callback may let go of this very end, so
 * nothing of the ring is touched after it. */
static ssize_t done(struct pp_tx *tx, ssize_t r)
{
	struct pp_channel *ch = tx->end.channel;

	if (r > 0 && tx->end.mode != PP_MODE_MEET && ec_is_rung(ec_alert(&tx->end.block->items)) &&
	    pp_ended(ch) & RING_CANCELLED)
		pp_drop_rest(ch);
	return r;
}

/* The inlined path ends here when its look was alerted. */
int pp_fast_pushed(struct pp_tx *tx)
{
	ssize_t r = done(tx, (ssize_t)alerted(tx, 1, ec_alert(&tx->end.block->items)));

	return r > 0 ? 0 : (int)r;
}

/* Claim, copy, publish: how many of `n`, or why none.  A claim ends with the lap. */
PP_INLINE int64_t place_spsc(struct pp_tx *tx, const unsigned char *items, uint64_t n)
{
	struct spsc *r = &tx->end.block->ring.spsc;
	size_t size = tx->end.slots.item_size;
	uint64_t done = 0;
	int64_t k;

	do {
		k = spsc_claim_push(r, &tx->spsc, n - done);
		if (pp_unlikely(k <= 0))
			return done ? (int64_t)done : pp_push_refused(tx, k);
		PP_STALL(push_claimed);
		pp_copy_n(spsc_push_slot(r, &tx->spsc) + tx->end.slots.offset, items + done * size,
		          (uint64_t)k, size);
		PP_STALL(push_copied);
		spsc_publish_push(r, &tx->spsc, (uint64_t)k);
		done += (uint64_t)k;
	} while (done < n && spsc_lap_done(r, &tx->spsc.lap, &r->tail));
	return (int64_t)done;
}

PP_INLINE int64_t place_mpmc(struct pp_tx *tx, const unsigned char *items, uint64_t n)
{
	struct mpmc *r = &tx->end.block->ring.mpmc;
	const struct pp_slots *slots = &tx->end.slots;
	/* The push only reads: the one loop for both sides wants them writable. */
	unsigned char *bytes = (unsigned char *)(uintptr_t)items;
	uint64_t done = 0, position;
	int64_t k;

	do {
		k = pp_claim(&tx->end, MPMC_PUSH, n - done, &position);
		if (pp_unlikely(k <= 0))
			return done ? (int64_t)done : pp_push_refused(tx, k);
		PP_STALL(push_claimed);
		mpmc_move(r, slots, MPMC_PUSH, position, bytes + done * slots->item_size, (uint64_t)k);
		done += (uint64_t)k;
	} while (done < n && mpmc_lap_done(r, position, (uint64_t)k));
	return (int64_t)done;
}

/* After publishing: is anyone to be told? */
PP_INLINE int64_t published(struct pp_tx *tx, int64_t n)
{
	uint32_t alert;

	PP_STALL(push_published);
	pp_light(PUSH_LIGHT, tx->end.fenced);
	alert = ec_alert(&tx->end.block->items);
	return pp_unlikely(alert) ? alerted(tx, n, alert) : n;
}

ssize_t pp_pushed(struct pp_tx *tx, int64_t n)
{
	return done(tx, (ssize_t)published(tx, n));
}

/* `before` was read before the push took place, so that the bound never falls short of the depth
 * that the push made. */
void pp_track_depth(struct pp_tx *tx, const struct pp_position *before)
{
	struct pp_channel *ch = tx->end.channel;
	uint64_t depth, seen = pp_load(&tx->end.block->depth_max);
	struct pp_position after;

	pp_positions(ch, &after);
	depth = after.in - before->out;
	if (depth > ch->capacity)
		depth = ch->capacity;
	while (depth > seen && !pp_cas(&tx->end.block->depth_max, &seen, depth))
		;
}

PP_NOINLINE static int64_t push_tracked(struct pp_tx *tx, const unsigned char *items, uint64_t n)
{
	struct pp_channel *ch = tx->end.channel;
	struct pp_position before;
	int64_t k;

	pp_positions(ch, &before);
	k = ch->kind == PP_SPSC ? place_spsc(tx, items, n) : place_mpmc(tx, items, n);
	if (k <= 0)
		return k;
	pp_track_depth(tx, &before);
	return published(tx, k);
}

/* Any way but capacity 0. */
static int64_t push_some(struct pp_end *end, unsigned char *items, uint64_t n)
{
	struct pp_tx *tx = pp_tx_of(end);
	int64_t k;

	if (end->mode == PP_MODE_TRACKED)
		return push_tracked(tx, items, n);
	k = end->mode == PP_MODE_SPSC ? place_spsc(tx, items, n) : place_mpmc(tx, items, n);
	return pp_likely(k > 0) ? published(tx, k) : k;
}

bool pp_push_ready(struct pp_end *end)
{
	struct pp_block *block = end->block;

	return end->channel->kind == PP_SPSC ? spsc_push_ready(&block->ring.spsc, &pp_tx_of(end)->spsc)
	                                     : mpmc_ready(&block->ring.mpmc, &end->slots, MPMC_PUSH);
}

/* ---- one item ------------------------------------------------------------------ */

PP_NOINLINE static ssize_t push_wait(struct pp_tx *tx, const void *items, size_t n, size_t done,
                                     pp_time deadline)
{
	/* The push only reads: the one loop for both sides wants them writable. */
	unsigned char *bytes = (unsigned char *)(uintptr_t)items;

	if (tx->end.mode == PP_MODE_MEET)
		return meet_wait(&tx->end.channel->meeting, MEET_PUSH, bytes, n, n, deadline);
	return pp_wait(&(struct pp_op){
		.end = &tx->end, .side = &tx->side, .role = MEET_PUSH,
		.some = push_some, .ready = pp_push_ready,
		.items = bytes, .done = done, .min = n, .max = n, .deadline = deadline });
}

static void come_in_time(struct pp_tx *tx, struct spsc *r, bool trying)
{
	uint64_t tail = pp_load(&r->tail); /* the pusher's own */

	if (!r->marked)
		pp_come_in_time(&tx->side.spin, tail, tx->spsc.lap.known, &tx->looked, trying);
	else if (pp_come_in_time(&tx->side.spin, tail, tail, &tx->looked, trying))
		spsc_look_for_free(r, &tx->spsc);
}

static int64_t push_one_slowly(struct pp_tx *tx, void *item, pp_time deadline)
{
	if (tx->end.mode == PP_MODE_MEET) /* who waits looks for a partner when it takes its place */
		return is_a_try(deadline) ? meet_try(&tx->end.channel->meeting, MEET_PUSH, item)
		                          : -EAGAIN;
	if (tx->end.channel->kind == PP_SPSC)
		come_in_time(tx, &tx->end.block->ring.spsc, is_a_try(deadline));
	return push_some(&tx->end, item, 1);
}

int pp_push_while_open(const struct pp_tx *tx)
{
	return pp_ended(tx->end.channel) ? ended_for_push(tx) : -EBUSY;
}

/* One item, any ring, any size.  `deadline` DO_NOT_WAIT, DO_NOT_COUNT: a try. */
PP_NOINLINE static int push_slowly(struct pp_tx *tx, const void *item, pp_time deadline)
{
	int64_t r;

	if (pp_unlikely(tx->open))
		return pp_push_while_open(tx);
	r = push_one_slowly(tx, (void *)(uintptr_t)item, deadline);
	if (pp_is_undecided(r)) {
		if (!is_a_try(deadline))
			r = push_wait(tx, item, 1, 0, deadline);
		else if (deadline == DO_NOT_WAIT)
			pp_count(&tx->side.refused);
	}
	if (pp_unlikely(tx->diverted) && pp_load(&tx->book.aborted) == 0)
		pp_push_restore(tx);
	r = done(tx, (ssize_t)r);
	return r > 0 ? 0 : (int)r;
}

/* Another pusher was faster. */
PP_NOINLINE static int push_again(struct pp_tx *tx, const void *item, pp_time deadline)
{
	pp_fast_contended(tx->end.channel->capacity);
	return tx->push(tx, item, deadline);
}

PP_INLINE int push_rest(struct pp_tx *tx, enum pp_fast_result r, const void *item, pp_time deadline)
{
	if (pp_likely(r == PP_FAST_DONE))
		return 0;
	if (r == PP_FAST_ALERTED)
		return pp_fast_pushed(tx);
	return r == PP_FAST_LOST ? push_again(tx, item, deadline) : push_slowly(tx, item, deadline);
}

/* The path of nearly every item: a text for each kind of ring and size, free of calls so that it
 * needs no stack, and chosen when the ring is opened.  Where it comes to an end (a sealed ring, a
 * full one), or for a ring that has none, push_slowly() begins again. */
#define PUSH_TEXTS(size)                                                                       \
	PP_HOT static int push_plain_##size(struct pp_tx *tx, const void *item, pp_time deadline) \
	{                                                                                      \
		return push_rest(tx, pp_fast_put(&tx->spsc.fast, item, size), item, deadline); \
	}                                                                                      \
	PP_HOT static int push_marked_##size(struct pp_tx *tx, const void *item, pp_time deadline) \
	{                                                                                      \
		return push_rest(tx, pp_fast_put_marked(&tx->spsc.fast, item, size), item,     \
		                 deadline);                                                    \
	}                                                                                      \
	PP_HOT static int push_shared_##size(struct pp_tx *tx, const void *item, pp_time deadline) \
	{                                                                                      \
		return push_rest(tx, pp_fast_put_shared(&tx->shared, item, size), item,        \
		                 deadline);                                                    \
	}                                                                                      \
	_Static_assert(size, "")
PP_KNOWN_SIZES(PUSH_TEXTS);
#undef PUSH_TEXTS

pp_push_text pp_push_text_of(uint32_t word)
{
	switch (word) {
#define PUSH_TEXT_OF(size)                                                   \
	case PP_FAST_WORD(PP_SPSC, size):  return push_plain_##size;         \
	case PP_FAST_MARKED_WORD(size):    return push_marked_##size;        \
	case PP_FAST_WORD(PP_MPMC, size):  return push_shared_##size
	PP_KNOWN_SIZES(PUSH_TEXT_OF);
#undef PUSH_TEXT_OF
	default: return push_slowly;
	}
}

void pp_push_divert(struct pp_tx *tx)
{
	tx->diverted = true;
	tx->spsc.fast.word = 0;
	tx->push = push_slowly;
}

void pp_push_restore(struct pp_tx *tx)
{
	tx->diverted = false;
	tx->spsc.fast.word = tx->end.word;
	tx->push = pp_push_text_of(tx->end.word);
}

PP_INLINE int push_one(struct pp_tx *tx, const void *item, pp_time deadline)
{
	if (pp_unlikely(!tx || !item))
		return -EINVAL;
	return tx->push(tx, item, deadline);
}

int pp_push(pp_tx *tx, const void *item)
{
	return push_one(tx, item, PP_FOREVER);
}

int pp_push_until(pp_tx *tx, const void *item, pp_time deadline)
{
	return push_one(tx, item, some_deadline(deadline));
}

int pp_try_push(pp_tx *tx, const void *item)
{
	return push_one(tx, item, DO_NOT_WAIT);
}

/* ---- batches ------------------------------------------------------------------ */

static ssize_t push_batch(struct pp_tx *tx, const void *items, size_t n, pp_time deadline)
{
	int64_t r;

	if (!tx || !items || n > SSIZE_MAX)
		return -EINVAL;
	if (n == 0)
		return 0;
	if (pp_unlikely(tx->open))
		return pp_push_while_open(tx);
	if (tx->end.mode == PP_MODE_MEET)
		return deadline != DO_NOT_WAIT ? push_wait(tx, items, n, 0, deadline)
		                               : meet_try_n(&tx->end.channel->meeting, MEET_PUSH,
		                                            (void *)(uintptr_t)items, n);
	r = push_some(&tx->end, (unsigned char *)(uintptr_t)items, n);
	if (deadline == DO_NOT_WAIT) {
		if (pp_is_undecided(r))
			pp_count(&tx->side.refused);
	} else if (pp_is_undecided(r) || (r > 0 && r < (int64_t)n)) {
		r = push_wait(tx, items, n, r > 0 ? (size_t)r : 0, deadline);
	}
	return done(tx, (ssize_t)r);
}

ssize_t pp_push_n(pp_tx *tx, const void *items, size_t n)
{
	return push_batch(tx, items, n, PP_FOREVER);
}

ssize_t pp_try_push_n(pp_tx *tx, const void *items, size_t n)
{
	return push_batch(tx, items, n, DO_NOT_WAIT);
}

ssize_t pp_push_n_until(pp_tx *tx, const void *items, size_t n, pp_time deadline)
{
	return push_batch(tx, items, n, some_deadline(deadline));
}
