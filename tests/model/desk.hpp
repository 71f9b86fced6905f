/* SPDX-License-Identifier: MIT */
/*
 * The library's own text, compiled as C++ over the seam: rings, eventcount, meeting and
 * the whole front desk.  What stands here in place of library text: the layout and the
 * copying of items (each an rl::var), opening, spinning, time, and freeing.
 */
#ifndef DESK_HPP
#define DESK_HPP

#include "relacy_pre.hpp"

#include <pushpull/async.h>

/* Relacy's atomics have constructors, which a union would lose. */
#define union struct
#define PP_RING_SLOT_H

#include "base/atomic.h"
#include "base/compiler.h"

/* ---- in place of ring/slot.h ------------------------------------------------- */

struct model_item {
	rl::var<unsigned> value;
};

/* PP_SPSC slots are items one after the other, or have two marks before each; PP_MPMC has a turn
 * before each. */
struct model_slot {
	PP_ATOMIC(uint64_t) turn;
	model_item item;
};

struct model_marked {
	PP_ATOMIC(uint32_t) full, free;
	model_item item;
};

struct pp_slots {
	unsigned char *base;
	size_t stride, offset, item_size;
};

#define PP_KNOWN_SIZES(of) of(8); of(4)

#define pp_slot_bytes(item_size)  sizeof(model_item)
#define pp_turn_stride(item_size) sizeof(model_slot)
#define pp_turn_offset(item_size) offsetof(model_slot, item)
#define pp_mark_stride(item_size) sizeof(model_marked)
#define pp_mark_offset(item_size) offsetof(model_marked, item)

PP_INLINE PP_ATOMIC(uint64_t) *pp_slot_turn(const struct pp_slots *slots, uint64_t index)
{
	return (PP_ATOMIC(uint64_t) *)(slots->base + index * slots->stride);
}

PP_INLINE unsigned char *pp_slot_item(const struct pp_slots *slots, uint64_t index)
{
	return slots->base + index * slots->stride + slots->offset;
}

PP_INLINE bool pp_copy_known(void *to, const void *from, size_t)
{
	unsigned v = ((model_item *)from)->value($).load();

	((model_item *)to)->value($).store(v);
	return true;
}

PP_INLINE void pp_copy(void *to, const void *from, size_t size)
{
	pp_copy_known(to, from, size);
}

struct pp_carrier {
	model_item item;
	PP_PLAIN(void *) address;
};

static inline bool pp_carrier_fits(size_t)
{
	return model::chance(2);
}

PP_INLINE void *pp_carrier_item(struct pp_carrier *carrier)
{
	return &carrier->item;
}

PP_INLINE void pp_carry(void *to, const void *from, size_t size)
{
	pp_copy(to, from, size);
}

PP_INLINE void pp_carrier_refer(struct pp_carrier *carrier, void *item)
{
	carrier->address = item;
}

PP_INLINE void *pp_carrier_address(struct pp_carrier *carrier)
{
	return carrier->address;
}

PP_INLINE void pp_copy_n(void *to, const void *from, uint64_t n, size_t)
{
	for (uint64_t i = 0; i < n; i++)
		pp_copy((model_item *)to + i, (const model_item *)from + i, sizeof(model_item));
}

/* ---- in place of base/clock.h, time.c, park/futex.c -------------------------- */

/* A deadline is 1, which passes at any time, model::PATIENT, or none. */
static inline int64_t pp_clock_now(void)
{
	return model::chance(4) ? 1 : 0;
}

pp_time pp_now(void)
{
	return pp_clock_now();
}

#include "park/futex.h"

int pp_futex_wait(PP_ATOMIC(uint32_t) *word, uint32_t expected, int64_t deadline,
                  bool interruptible)
{
	return model::futex_wait(word, expected, deadline, interruptible);
}

uint32_t pp_futex_wake(PP_ATOMIC(uint32_t) *word, uint32_t n)
{
	return model::futex_wake(word, n);
}

/* In place of park/pollable.c: a number, and a word that a poll waits for.  The kernel orders a
 * write before the poll that it ends, and a read between two writes. */
#include "park/pollable.h"

namespace model {

enum { FDS = 2 };
static rl::atomic<uint32_t> *readable[FDS];
static int fds;

static inline void await_readable(int fd, int64_t deadline)
{
	while (readable[fd]->load(rl::mo_acquire, $) == 0)
		if (futex_wait(readable[fd], 0, deadline, false) == -ETIMEDOUT)
			return;
}

} // namespace model

int pp_pollable_open(void)
{
	return model::fds < model::FDS ? model::fds++ : -EMFILE;
}

void pp_pollable_close(int)
{
}

void pp_pollable_signal(int fd)
{
	model::readable[fd]->exchange(1, rl::mo_acq_rel, $);
	model::futex_wake(model::readable[fd], model::N);
}

void pp_pollable_reset(int fd)
{
	model::readable[fd]->exchange(0, rl::mo_acq_rel, $);
}

/* In place of base/random.h. */
#define PP_BASE_RANDOM_H
static inline uint32_t pp_random_below(uint32_t n)
{
	return rl::ctx().rand(n, rl::sched_type_user);
}

#define WATCH_SPINS 1
#define MPMC_LOOKS 1
#define MARK_LOOKS 1

/* With or without, in turns: the ring is as small either way. */
#define MARK_SLOTS (model::S.marked ? 4u : 0u)

/* In place of ring/contended.c. */
extern "C" void pp_fast_contended(uint64_t)
{
}

/* Looks in vain before sleepers make heavy fences again: few enough to see it happen. */
#define EC_VAIN (model::chance(2) ? 1u : 2u)

/* ---- the library ------------------------------------------------------------- */

#include "channel.h"

/* In place of park/spin.c: one more look, or none. */
void pp_spin_begin(struct pp_spinner *s, struct pp_spin *spin)
{
	s->group = model::chance(2) ? 1 : 0;
}

bool pp_spin_step(struct pp_spinner *s)
{
	return s->group-- == 1;
}

bool pp_spin_pace(struct pp_spin *, uint64_t, bool)
{
	return model::chance(2);
}

void pp_spin_end(struct pp_spinner *, bool)
{
}

void pp_spin_parked(struct pp_spinner *)
{
}

#undef pp_pause
#define pp_pause() ((void)0)

#include "park/eventcount_impl.h"
#include "park/watch_impl.h"
#include "rendezvous/meeting_impl.h"
#include "wait.c"
#include "push.c"
#include "pull.c"
#include "lifecycle.c"
#include "stats.c"
#include "inplace.c"
#include "readiness.c"
/* A case has its place in memory of the model's. */
struct select_place;
static struct select_place *place_of(pp_case *c);
static pp_case *case_of(struct pp_link *link);
#include "select.c"

enum { MODEL_CASES = 2 };
static struct model_case_places {
	struct select_place place[MODEL_CASES];
	pp_case *of;
} *model_places[model::N]; /* by thread */

static struct select_place *place_of(pp_case *c)
{
	struct model_case_places *p = model_places[rl::ctx().threadx_->index_];

	return &p->place[c - p->of];
}

/* Only of the caller's own. */
static pp_case *case_of(struct pp_link *link)
{
	struct model_case_places *p = model_places[rl::ctx().threadx_->index_];

	return p->of + ((struct select_place *)link - p->place);
}

/* So has an operation without a thread, which goes back when the operation has ended. */
struct async_place;
static struct async_place *async_place_of(pp_async *op);
#include "async.c"

static struct async_place *model_async[model::N]; /* by thread */

static struct async_place *async_place_of(pp_async *)
{
	return model_async[rl::ctx().threadx_->index_];
}

#undef union

/* ---- in place of open.c ------------------------------------------------------ */

enum { MODEL_SLOTS = 4 };

/* One open ring.  `there` is read by every operation and written by the freeing. */
struct model_ring {
	struct pp_channel channel;
	struct pp_block block;
	model_slot slot[MODEL_SLOTS];
	model_marked marked[MODEL_SLOTS];
	model_item item[MODEL_SLOTS];
	PP_ATOMIC(uint64_t) book[2];
	rl::var<int> there;
	int freed;
};

struct model_config {
	pp_kind kind;
	unsigned capacity;
	unsigned flags;
	bool fenced;
	unsigned tx_refs, rx_refs;
	uint64_t before_wrap;
	void (*drop)(void *item, void *context);
};

static inline void open_side(struct pp_side *side, unsigned refs)
{
	pp_store(&side->refused, 0);
	pp_store(&side->open, 0);
	pp_store(&side->fd, NO_FD);
	pp_store(&side->refs, refs);
}

static inline void open_block(model_ring *m, const model_config &c, const struct pp_slots *slots)
{
	struct pp_block *b = &m->block;

	if (c.kind == PP_SPSC)
		spsc_init(&b->ring.spsc, c.capacity, 0 - c.before_wrap);
	else
		mpmc_init(&b->ring.mpmc, slots, c.capacity, c.before_wrap);
	ec_init(&b->items);
	ec_init(&b->space);
	pp_store(&b->dropped, 0);
	pp_store(&b->depth_max, 0);
	pp_store(&b->dropping, 0);
}

static inline void open_end(struct pp_end *end, model_ring *m, const model_config &c,
                            const struct pp_slots &slots)
{
	end->mode = c.capacity == 0      ? PP_MODE_MEET
	            : c.kind == PP_SPSC ? PP_MODE_SPSC
	                                : PP_MODE_MPMC;
	end->fenced = c.fenced;
	end->block = &m->block;
	end->slots = slots;
	end->channel = &m->channel;
}

static inline void open_shared_cursors(model_ring *m, const struct pp_slots &slots)
{
	struct pp_channel *ch = &m->channel;
	struct mpmc *r = &m->block.ring.mpmc;

	ch->tx.shared = mpmc_cursor(r, &slots, MPMC_PUSH);
	ch->rx.shared = mpmc_cursor(r, &slots, MPMC_PULL);
	ch->tx.shared.alert = &m->block.items.state;
	ch->rx.shared.alert = &m->block.space.state;
}

static inline void open_own_cursors(model_ring *m, const struct pp_slots &slots)
{
	struct pp_channel *ch = &m->channel;

	pp_store(&m->book[0], 0);
	book_init(&ch->tx.book, m->book, m->block.ring.spsc.capacity);
	spsc_init_ends(&m->block.ring.spsc, slots.base, slots.stride, &ch->tx.book, &ch->tx.spsc,
	               &ch->rx.spsc);
	ch->tx.spsc.fast.alert = &m->block.items.state;
	ch->rx.spsc.fast.alert = &m->block.space.state;
	ch->tx.looked = ch->tx.spsc.lap.known;
	ch->rx.looked = ch->rx.spsc.lap.known;
}

static inline void open_cursors(model_ring *m, const model_config &c, const struct pp_slots &slots)
{
	struct pp_channel *ch = &m->channel;
	bool marked = c.kind == PP_SPSC && m->block.ring.spsc.marked;
	/* Whatever the size of an item is here. */
	uint32_t word = c.fenced ? 0 : marked ? PP_FAST_MARKED_WORD(8) : PP_FAST_WORD(c.kind, 8);

	if (c.kind == PP_SPSC)
		open_own_cursors(m, slots);
	else
		open_shared_cursors(m, slots);
	ch->tx.end.word = c.flags & PP_TRACK_DEPTH ? 0 : word;
	ch->rx.end.word = word;
	ch->tx.push = pp_push_text_of(ch->tx.end.word);
	ch->rx.pull = pp_pull_text_of(word);
}

/* At capacity 0 there is no path of its own. */
static inline void open_no_cursors(model_ring *m)
{
	m->channel.tx.push = pp_push_text_of(0);
	m->channel.rx.pull = pp_pull_text_of(0);
}

static inline struct pp_slots slots_of(model_ring *m, pp_kind kind)
{
	struct pp_slots items = { (unsigned char *)m->item, sizeof(model_item), 0,
	                          sizeof(model_item) };
	struct pp_slots marks = { (unsigned char *)m->marked, sizeof(model_marked),
	                          offsetof(model_marked, item), sizeof(model_item) };
	struct pp_slots turns = { (unsigned char *)m->slot, sizeof(model_slot),
	                          offsetof(model_slot, item), sizeof(model_item) };

	return kind == PP_MPMC ? turns : model::S.marked ? marks : items;
}

static inline void open_ring(model_ring *m, const model_config &c)
{
	struct pp_channel *ch = &m->channel;
	struct pp_slots slots = slots_of(m, c.kind);

	m->there($).store(1);
	m->freed = 0;
	open_end(&ch->tx.end, m, c, slots);
	open_end(&ch->rx.end, m, c, slots);
	if (c.flags & PP_TRACK_DEPTH && c.capacity)
		ch->tx.end.mode = PP_MODE_TRACKED;
	open_side(&ch->tx.side, c.tx_refs);
	open_side(&ch->rx.side, c.rx_refs);
	if (c.capacity)
		open_block(m, c, &slots);
	if (c.capacity)
		open_cursors(m, c, slots);
	else
		open_no_cursors(m);
	ch->tx.open = ch->rx.open = NULL;
	ch->tx.diverted = false;
	watch_init(&ch->watch[MEET_PUSH]);
	watch_init(&ch->watch[MEET_PULL]);
	pp_store(&ch->holds, 2);
	ch->kind = c.kind;
	ch->capacity = c.capacity;
	ch->item_size = sizeof(model_item);
	ch->flags = c.flags;
	ch->drop = c.drop;
	ch->drop_context = m;
	meet_init(&ch->meeting, c.kind == PP_SPSC, sizeof(model_item),
	          c.flags & PP_INTERRUPTIBLE);
	ch->meeting.side[MEET_PUSH].refused = &ch->tx.side.refused;
	ch->meeting.side[MEET_PULL].refused = &ch->rx.side.refused;
}

/* In place of registry.c, which has a model of its own. */
void pp_unregister_and_free(struct pp_channel *ch)
{
	model_ring *m = (model_ring *)ch; /* its first member */

	m->there($).store(0);
	m->freed++;
}

#endif
