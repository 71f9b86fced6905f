/* SPDX-License-Identifier: MIT */
/*
 * The library's own text over the seam, one ring of it open: rings, eventcount, waiting, push,
 * pull, ending, opening.  What stands here in place of library text: the memory, the registry,
 * descriptors, spinning.
 *
 * An item is one unsigned int, copied as one: GenMC knows no memcpy() of a length that it cannot
 * see, and a missing edge is then a data race on that word.
 */
#ifndef DESK_H
#define DESK_H

#include "seam.h"

static inline void desk_copy(void *to, const void *from, size_t size)
{
	size_t i;

	if (size == sizeof(void *)) { /* the address of an item */
		*(void **)to = *(void *const *)from;
		return;
	}
	assert(size % sizeof(unsigned) == 0);
	for (i = 0; i < size / sizeof(unsigned); i++)
		((unsigned *)to)[i] = ((const unsigned *)from)[i];
}

#undef memcpy
#define memcpy(to, from, size) desk_copy((to), (from), (size))

#define MARK_LOOKS 1
#define MPMC_LOOKS 1
#ifndef EC_VAIN
#define EC_VAIN 1
#endif
#ifndef MARKS
#define MARKS 0 /* most slots of PP_SPSC with marks */
#endif
#define MARK_SLOTS MARKS

/* One attempt at a lock before its futex. */
#undef pp_pause
#define pp_pause() break
#include "rendezvous/lock.h"
#undef pp_pause
#define pp_pause() ((void)0)

/* The text for one size of item; the others are the same text. */
#include "ring/slot.h"
#undef PP_KNOWN_SIZES
#define PP_KNOWN_SIZES(of) of(4)

#include "channel.h"

/* ---- in place of park/spin.c, park/pollable.c, registry.c, ring/contended.c ----------------- */

bool pp_spin_pace(struct pp_spin *spin, uint64_t found, bool trying)
{
	(void)spin;
	(void)found;
	(void)trying;
	return false;
}

void pp_spin_begin(struct pp_spinner *s, struct pp_spin *spin)
{
	(void)s;
	(void)spin;
}

bool pp_spin_step(struct pp_spinner *s)
{
	(void)s;
	return false;
}

void pp_spin_end(struct pp_spinner *s, bool won)
{
	(void)s;
	(void)won;
}

void pp_spin_parked(struct pp_spinner *s)
{
	(void)s;
}

void pp_pollable_signal(int fd)
{
	(void)fd;
	assert(!"a descriptor");
}

void pp_fast_contended(uint64_t slots)
{
	(void)slots;
}

static bool desk_freed;

/* Plain stores: whoever still uses the ring races with them, as each operation loads the mode. */
void pp_unregister_and_free(struct pp_channel *ch)
{
	assert(!desk_freed);
	desk_freed = true;
	ch->tx.end.mode = ch->rx.end.mode = PP_MODE_MEET;
}

pp_time pp_now(void)
{
	return seam_is_late(0) ? 1 : 0;
}

#ifndef REFS
#define REFS 1 /* of the pushing end */
#endif
#ifndef ITEM_WORDS
#define ITEM_WORDS 1
#endif
#ifndef FENCED
#define FENCED false
#endif

/* ---- the library ---------------------------------------------------------------------------- */

#include "park/eventcount_impl.h"
#include "park/watch_impl.h"
#include "rendezvous/meeting_impl.h"
#include "wait.c"
#include "inplace.c"
#define alerted      push_alerted
#define come_in_time push_comes_in_time
#include "push.c"
#undef alerted
#undef come_in_time
#define alerted      pull_alerted
#define come_in_time pull_comes_in_time
#include "pull.c"
#undef alerted
#undef come_in_time
#include "lifecycle.c"
#include "stats.c"

/* ---- in place of open.c --------------------------------------------------------------------- */

/*
 * What does not change is there from the beginning, which costs no step of an execution; the
 * words of the ring and the cursors the library's own text sets.  Everything else is 0 when a
 * ring is opened.
 */
#define DESK_IS_PLAIN (KIND == PP_SPSC && CAPACITY > MARKS) /* neither turns nor marks */
#define DESK_SIZE   (ITEM_WORDS * sizeof(unsigned))
#define DESK_SLOTS  (CAPACITY + 1)
#define DESK_STRIDE (DESK_SIZE / 8 * 8 + 16) /* checked below */

static _Alignas(16) unsigned char desk_slots[DESK_SLOTS * DESK_STRIDE];
static PP_ATOMIC(uint64_t) desk_book[2];
static struct pp_block block;
static void note_drop(void *slot, void *context);

#define DESK_END {                                                                           \
	.mode = CAPACITY == 0 ? PP_MODE_MEET : KIND == PP_SPSC ? PP_MODE_SPSC : PP_MODE_MPMC, \
	.word = FENCED || CAPACITY == 0 ? 0                                                  \
	        : KIND == PP_MPMC       ? PP_FAST_WORD(PP_MPMC, DESK_SIZE)                   \
	        : CAPACITY <= MARKS     ? PP_FAST_MARKED_WORD(DESK_SIZE)                     \
	                                : PP_FAST_WORD(PP_SPSC, DESK_SIZE),                  \
	.fenced = FENCED, .block = CAPACITY ? &block : NULL,                                 \
	.slots = { desk_slots, DESK_IS_PLAIN ? DESK_SIZE : DESK_STRIDE, DESK_IS_PLAIN ? 0 : 8, \
	           DESK_SIZE },                                                              \
	.channel = &ring }

static struct pp_channel ring;
static struct pp_channel ring = {
	.tx.end = DESK_END, .rx.end = DESK_END,
	.tx.side = { .refs = REFS, .fd = NO_FD }, .rx.side = { .refs = 1, .fd = NO_FD },
	.holds = 2, .kind = KIND, .capacity = CAPACITY, .item_size = DESK_SIZE, .drop = note_drop,
	.watch = { { .armed = NOT_ARMED }, { .armed = NOT_ARMED } },
	.meeting = { .single = KIND == PP_SPSC, .carried = DESK_SIZE <= 24, .item_size = DESK_SIZE,
	             .queue.armed = { NOT_ARMED, NOT_ARMED },
	             .side = { { .spin = &ring.tx.side.spin, .refused = &ring.tx.side.refused },
	                       { .spin = &ring.rx.side.spin, .refused = &ring.rx.side.refused } } },
};

static void desk_open_own(void)
{
	spsc_init(&block.ring.spsc, CAPACITY, 0 - UINT64_C(1)); /* one item before the wrap */
	book_init(&ring.tx.book, desk_book, CAPACITY);
	spsc_init_ends(&block.ring.spsc, desk_slots, ring.tx.end.slots.stride, &ring.tx.book,
	               &ring.tx.spsc, &ring.rx.spsc);
	ring.tx.spsc.fast.word = ring.tx.end.word;
	ring.rx.spsc.fast.word = ring.rx.end.word;
	ring.tx.spsc.fast.alert = &block.items.state;
	ring.rx.spsc.fast.alert = &block.space.state;
	ring.tx.looked = ring.tx.spsc.lap.known;
	ring.rx.looked = ring.rx.spsc.lap.known;
}

static void desk_open_shared(void)
{
	struct pp_fast_shared *push = &ring.tx.shared, *pull = &ring.rx.shared;

	mpmc_init(&block.ring.mpmc, &ring.tx.end.slots, CAPACITY, 1); /* one lap before the wrap */
	*push = mpmc_cursor(&block.ring.mpmc, &ring.tx.end.slots, MPMC_PUSH);
	*pull = mpmc_cursor(&block.ring.mpmc, &ring.rx.end.slots, MPMC_PULL);
	push->word = ring.tx.end.word;
	pull->word = ring.rx.end.word;
	push->alert = &block.items.state;
	pull->alert = &block.space.state;
}

static void desk_open(void)
{
	assert(DESK_STRIDE == pp_turn_stride(DESK_SIZE) && pp_turn_offset(DESK_SIZE) == 8);
	ring.tx.push = pp_push_text_of(ring.tx.end.word);
	ring.rx.pull = pp_pull_text_of(ring.rx.end.word);
	if (CAPACITY == 0)
		return;
	if (KIND == PP_SPSC)
		desk_open_own();
	else
		desk_open_shared();
	seam_know(&block.items.bell);
	seam_know(&block.space.bell);
}

#endif
