/* SPDX-License-Identifier: MIT */
/* The pull end.  push.c is its mirror image, function by function. */
#include "desk.h"

int64_t pp_pull_refused(int64_t why)
{
	switch (why) {
	case RING_NONE:
		return -EAGAIN;
	case RING_BUSY:
		return -EBUSY;
	case RING_END:
		return -EPIPE;
	default:
		return -ESHUTDOWN;
	}
}

/* Somebody sleeps, or this ring is ending.  `n` slots were given back. */
PP_NOINLINE static void alerted(struct pp_rx *rx, int64_t n)
{
	PP_SWITCH(PULL_WAKE, (void)0, pp_wake(&rx->end, MEET_PUSH, (uint64_t)n));
}

/* The inlined path ends here when its look was alerted. */
int pp_fast_pulled(struct pp_rx *rx)
{
	alerted(rx, 1);
	return 0;
}

/* After giving slots back: is anyone to be told? */
PP_INLINE int64_t freed(struct pp_rx *rx, int64_t n)
{
	PP_STALL(pull_freed);
	pp_light(PULL_LIGHT, rx->end.fenced);
	if (pp_unlikely(ec_alert(&rx->end.block->space)))
		alerted(rx, n);
	return n;
}

void pp_pulled(struct pp_rx *rx, int64_t n)
{
	freed(rx, n);
}

PP_INLINE int64_t pull_spsc(struct pp_rx *rx, unsigned char *items, uint64_t n)
{
	struct spsc *r = &rx->end.block->ring.spsc;
	size_t size = rx->end.slots.item_size;
	uint64_t done = 0;
	int64_t k;

	do {
		k = spsc_claim_pull(r, &rx->spsc, n - done, rx->end.fenced);
		if (pp_unlikely(k <= 0))
			return done ? freed(rx, (int64_t)done) : pp_pull_refused(k);
		PP_STALL(pull_claimed);
		if (k > 1)
			spsc_fetch(r, &rx->spsc, (uint64_t)k);
		pp_copy_n(items + done * size, spsc_pull_slot(r, &rx->spsc) + rx->end.slots.offset,
		          (uint64_t)k, size);
		PP_STALL(pull_copied);
		spsc_publish_pull(r, &rx->spsc, (uint64_t)k);
		done += (uint64_t)k;
	} while (done < n && spsc_lap_done(r, &rx->spsc.lap, &r->head));
	return freed(rx, (int64_t)done);
}

PP_INLINE int64_t pull_mpmc(struct pp_rx *rx, unsigned char *items, uint64_t n)
{
	struct mpmc *r = &rx->end.block->ring.mpmc;
	const struct pp_slots *slots = &rx->end.slots;
	uint64_t done = 0, position;
	int64_t k;

	do {
		k = pp_claim(&rx->end, MPMC_PULL, n - done, &position);
		if (pp_unlikely(k <= 0))
			return done ? freed(rx, (int64_t)done) : pp_pull_refused(k);
		PP_STALL(pull_claimed);
		mpmc_move(r, slots, MPMC_PULL, position, items + done * slots->item_size, (uint64_t)k);
		done += (uint64_t)k;
	} while (done < n && mpmc_lap_done(r, position, (uint64_t)k));
	return freed(rx, (int64_t)done);
}

/* Any way but capacity 0. */
static int64_t pull_some(struct pp_end *end, unsigned char *items, uint64_t n)
{
	struct pp_rx *rx = pp_rx_of(end);

	return end->mode == PP_MODE_SPSC ? pull_spsc(rx, items, n) : pull_mpmc(rx, items, n);
}

bool pp_pull_ready(struct pp_end *end)
{
	struct pp_block *block = end->block;

	return end->mode == PP_MODE_SPSC ? spsc_pull_ready(&block->ring.spsc, &pp_rx_of(end)->spsc)
	                                 : mpmc_ready(&block->ring.mpmc, &end->slots, MPMC_PULL);
}

/* ---- one item ------------------------------------------------------------------ */

PP_NOINLINE static ssize_t pull_wait(struct pp_rx *rx, void *items, size_t done, size_t min,
                                     size_t max, pp_time deadline)
{
	if (rx->end.mode == PP_MODE_MEET)
		return meet_wait(&rx->end.channel->meeting, MEET_PULL, items, min, max, deadline);
	return pp_wait(&(struct pp_op){
		.end = &rx->end, .side = &rx->side, .role = MEET_PULL,
		.some = pull_some, .ready = pp_pull_ready,
		.items = items, .done = done, .min = min, .max = max, .deadline = deadline });
}

static void come_in_time(struct pp_rx *rx, struct spsc *r, bool trying)
{
	uint64_t head = pp_load(&r->head); /* the puller's own */

	if (!r->marked)
		pp_come_in_time(&rx->side.spin, head, rx->spsc.lap.known, &rx->looked, trying);
	else if (pp_come_in_time(&rx->side.spin, head, head, &rx->looked, trying))
		spsc_look_for_full(r, &rx->spsc);
}

static int64_t pull_one_slowly(struct pp_rx *rx, void *item, pp_time deadline)
{
	if (rx->end.mode == PP_MODE_MEET)
		return is_a_try(deadline) ? meet_try(&rx->end.channel->meeting, MEET_PULL, item)
		                          : -EAGAIN;
	if (rx->end.mode == PP_MODE_SPSC)
		come_in_time(rx, &rx->end.block->ring.spsc, is_a_try(deadline));
	return pull_some(&rx->end, item, 1);
}

int pp_pull_while_open(const struct pp_rx *rx)
{
	return pp_ended(rx->end.channel) & RING_CANCELLED ? -ESHUTDOWN : -EBUSY;
}

/* One item, any ring, any size.  `deadline` DO_NOT_WAIT, DO_NOT_COUNT: a try. */
PP_NOINLINE static int pull_slowly(struct pp_rx *rx, void *item, pp_time deadline)
{
	int64_t r;

	if (pp_unlikely(rx->open))
		return pp_pull_while_open(rx);
	r = pull_one_slowly(rx, item, deadline);
	if (pp_is_undecided(r)) {
		if (!is_a_try(deadline))
			r = pull_wait(rx, item, 0, 1, 1, deadline);
		else if (deadline == DO_NOT_WAIT)
			pp_count(&rx->side.refused);
	}
	return r > 0 ? 0 : (int)r;
}

/* Another puller was faster. */
PP_NOINLINE static int pull_again(struct pp_rx *rx, void *item, pp_time deadline)
{
	pp_fast_contended(rx->end.channel->capacity);
	return rx->pull(rx, item, deadline);
}

PP_INLINE int pull_rest(struct pp_rx *rx, enum pp_fast_result r, void *item, pp_time deadline)
{
	if (pp_likely(r == PP_FAST_DONE))
		return 0;
	if (r == PP_FAST_ALERTED)
		return pp_fast_pulled(rx);
	return r == PP_FAST_LOST ? pull_again(rx, item, deadline) : pull_slowly(rx, item, deadline);
}

/* The path of nearly every item: push.c has the reasons.
 * An ended ring, an empty one, one without a text of its own: pull_slowly() begins again. */
#define PULL_TEXTS(size)                                                                       \
	PP_HOT static int pull_plain_##size(struct pp_rx *rx, void *item, pp_time deadline) \
	{                                                                                      \
		return pull_rest(rx, pp_fast_get(&rx->spsc.fast, item, size), item, deadline); \
	}                                                                                      \
	PP_HOT static int pull_marked_##size(struct pp_rx *rx, void *item, pp_time deadline) \
	{                                                                                      \
		return pull_rest(rx, pp_fast_get_marked(&rx->spsc.fast, item, size), item,     \
		                 deadline);                                                    \
	}                                                                                      \
	PP_HOT static int pull_shared_##size(struct pp_rx *rx, void *item, pp_time deadline) \
	{                                                                                      \
		return pull_rest(rx, pp_fast_get_shared(&rx->shared, item, size), item,        \
		                 deadline);                                                    \
	}                                                                                      \
	_Static_assert(size, "")
PP_KNOWN_SIZES(PULL_TEXTS);
#undef PULL_TEXTS

pp_pull_text pp_pull_text_of(uint32_t word)
{
	switch (word) {
#define PULL_TEXT_OF(size)                                                   \
	case PP_FAST_WORD(PP_SPSC, size):  return pull_plain_##size;         \
	case PP_FAST_MARKED_WORD(size):    return pull_marked_##size;        \
	case PP_FAST_WORD(PP_MPMC, size):  return pull_shared_##size
	PP_KNOWN_SIZES(PULL_TEXT_OF);
#undef PULL_TEXT_OF
	default: return pull_slowly;
	}
}

void pp_pull_divert(struct pp_rx *rx)
{
	rx->spsc.fast.word = 0;
	rx->pull = pull_slowly;
}

void pp_pull_restore(struct pp_rx *rx)
{
	rx->spsc.fast.word = rx->end.word;
	rx->pull = pp_pull_text_of(rx->end.word);
}

PP_INLINE int pull_one(struct pp_rx *rx, void *item, pp_time deadline)
{
	if (pp_unlikely(!rx || !item))
		return -EINVAL;
	return rx->pull(rx, item, deadline);
}

int pp_pull(pp_rx *rx, void *item)
{
	return pull_one(rx, item, PP_FOREVER);
}

int pp_pull_until(pp_rx *rx, void *item, pp_time deadline)
{
	return pull_one(rx, item, some_deadline(deadline));
}

int pp_try_pull(pp_rx *rx, void *item)
{
	return pull_one(rx, item, DO_NOT_WAIT);
}

/* ---- batches ------------------------------------------------------------------ */

/* min 0: do not wait. */
static ssize_t pull_batch(struct pp_rx *rx, void *items, size_t min, size_t max, pp_time deadline)
{
	int64_t r;

	if (!rx || !items || max > SSIZE_MAX || min > max)
		return -EINVAL;
	if (max == 0)
		return 0;
	if (pp_unlikely(rx->open))
		return pp_pull_while_open(rx);
	if (rx->end.mode == PP_MODE_MEET)
		return min ? pull_wait(rx, items, 0, min, max, deadline)
		           : meet_try_n(&rx->end.channel->meeting, MEET_PULL, items, max);
	r = pull_some(&rx->end, items, max);
	if (r >= (int64_t)min && r > 0)
		return (ssize_t)r;
	if (r < 0 && !pp_is_undecided(r))
		return (ssize_t)r;
	if (min == 0) {
		pp_count(&rx->side.refused);
		return (ssize_t)r;
	}
	return pull_wait(rx, items, r > 0 ? (size_t)r : 0, min, max, deadline);
}

ssize_t pp_pull_n(pp_rx *rx, void *items, size_t max)
{
	return pull_batch(rx, items, max ? 1 : 0, max, PP_FOREVER);
}

ssize_t pp_try_pull_n(pp_rx *rx, void *items, size_t max)
{
	return pull_batch(rx, items, 0, max, 0);
}

ssize_t pp_pull_n_until(pp_rx *rx, void *items, size_t min, size_t max, pp_time deadline)
{
	return pull_batch(rx, items, min, max, deadline);
}
