/* SPDX-License-Identifier: MIT */
/* Looking at a ring.  Nothing here writes a word that an operation reads. */
#include <errno.h>

#include "channel.h"

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static void positions_of_spsc(struct pp_channel *ch, struct pp_position *p)
{
	struct spsc *r = &ch->rx.end.block->ring.spsc;
	struct spsc_book *book = &ch->tx.book;
	uint64_t pulling = pp_load(&ch->rx.side.open), gone;

	p->out = spsc_pulled(r); /* at the seal, with the item whose slot is open */
	p->pulled = p->out + (spsc_pull_is_sealed(r) ? 0 : pulling);
	p->out = p->pulled - pulling + p->dropped;
	p->pushed = spsc_pushed(r);
	p->in = p->pushed + pp_load(&ch->tx.side.open) + 
	        book_count(book, r->start + p->pulled + p->dropped, &gone);
}

static void positions_of_mpmc(struct pp_channel *ch, struct pp_position *p)
{
	struct mpmc *r = &ch->rx.end.block->ring.mpmc;
	uint64_t passed = pp_load(&r->passed), head = mpmc_count(r, MPMC_PULL);

	p->pulled = less(head, p->dropped + passed);
	p->out = less(head + mpmc_to_pass(r, &ch->rx.end.slots), pp_load(&ch->rx.side.open));
	p->in = mpmc_count(r, MPMC_PUSH);
	p->pushed = less(p->in, pp_load(&r->aborts) + pp_load(&ch->tx.side.open));
}

/* The pull side is read first, so that a race shows more in the ring and never less
 * than nothing; the clamp does the rest. */
void pp_positions(struct pp_channel *ch, struct pp_position *p)
{
	uint64_t depth;

	if (ch->capacity == 0) {
		p->pushed = p->pulled = p->in = p->out = meet_met(&ch->meeting);
		p->dropped = 0;
		p->depth = 0;
		return;
	}
	p->dropped = pp_load(&ch->rx.end.block->dropped);
	if (ch->kind == PP_SPSC)
		positions_of_spsc(ch, p);
	else
		positions_of_mpmc(ch, p);
	depth = less(p->in, p->out);
	p->depth = depth < ch->capacity ? (size_t)depth : ch->capacity;
}

struct pp_sleepers *pp_sleepers_of(struct pp_channel *ch, enum meet_role role)
{
	if (ch->capacity == 0)
		return &ch->meeting.side[role].sleepers;
	return role == MEET_PUSH ? &ch->tx.end.block->space.sleepers
	                         : &ch->rx.end.block->items.sleepers;
}

static void fill(struct pp_channel *ch, pp_stats *s)
{
	struct pp_sleepers *pushers = pp_sleepers_of(ch, MEET_PUSH);
	struct pp_sleepers *pullers = pp_sleepers_of(ch, MEET_PULL);
	uint32_t ended = pp_ended(ch);
	uint64_t high = ch->capacity ? pp_load(&ch->tx.end.block->depth_max) : 0;
	struct pp_position p;

	pp_positions(ch, &p);
	memcpy(s->name, ch->name, sizeof s->name);
	s->pushed = p.pushed;
	s->pulled = p.pulled;
	s->dropped = p.dropped;
	s->depth = p.depth;
	s->capacity = ch->capacity;
	s->depth_max = high > p.depth ? (size_t)high : p.depth;
	s->push_parks = pp_load(&pushers->parks);
	s->pull_parks = pp_load(&pullers->parks);
	s->push_wakes = pp_load(&pushers->wakes);
	s->pull_wakes = pp_load(&pullers->wakes);
	s->push_full = pp_load(&ch->tx.side.refused);
	s->pull_empty = pp_load(&ch->rx.side.refused);
	s->push_blocked_ns = pp_load(&pushers->blocked_ns);
	s->pull_blocked_ns = pp_load(&pullers->blocked_ns);
	s->pushers_parked = pp_load(&pushers->asleep);
	s->pullers_parked = pp_load(&pullers->asleep);
	s->tx_refs = pp_load(&ch->tx.side.refs);
	s->rx_refs = pp_load(&ch->rx.side.refs);
	s->closed = !!(ended & RING_CLOSED);
	s->cancelled = !!(ended & RING_CANCELLED);
}

/* The caller's struct may be older or newer than ours. */
static int give_stats(struct pp_channel *ch, pp_stats *theirs)
{
	pp_stats ours = { 0 };
	size_t size = theirs->size;
	size_t known = size < sizeof ours ? size : sizeof ours;

	if (size < offsetof(pp_stats, pushed))
		return -EINVAL;
	fill(ch, &ours);
	ours.size = size;
	memset(theirs, 0, size);
	memcpy(theirs, &ours, known);
	return 0;
}

static size_t depth(struct pp_channel *ch)
{
	struct pp_position p;

	pp_positions(ch, &p);
	return p.depth;
}

int pp_tx_stats(const pp_tx *tx, pp_stats *stats)
{
	return tx && stats ? give_stats(tx->end.channel, stats) : -EINVAL;
}

int pp_rx_stats(const pp_rx *rx, pp_stats *stats)
{
	return rx && stats ? give_stats(rx->end.channel, stats) : -EINVAL;
}

size_t pp_tx_depth(const pp_tx *tx)
{
	return tx ? depth(tx->end.channel) : 0;
}

size_t pp_rx_depth(const pp_rx *rx)
{
	return rx ? depth(rx->end.channel) : 0;
}

size_t pp_tx_capacity(const pp_tx *tx)
{
	return tx ? tx->end.channel->capacity : 0;
}

size_t pp_rx_capacity(const pp_rx *rx)
{
	return rx ? rx->end.channel->capacity : 0;
}

size_t pp_tx_item_size(const pp_tx *tx)
{
	return tx ? tx->end.channel->item_size : 0;
}

size_t pp_rx_item_size(const pp_rx *rx)
{
	return rx ? rx->end.channel->item_size : 0;
}

pp_kind pp_tx_kind(const pp_tx *tx)
{
	return tx ? tx->end.channel->kind : (pp_kind)0;
}

pp_kind pp_rx_kind(const pp_rx *rx)
{
	return rx ? rx->end.channel->kind : (pp_kind)0;
}
