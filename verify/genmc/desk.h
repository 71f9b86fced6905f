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

/* A lock is tried once before its futex.  SPIN_LOCKS: it is awaited without sleeping, and the lock
 * of a meeting is an ideal one, in place of rendezvous/lock.h, which has scenarios of its own. */
#undef pp_pause
#ifdef SPIN_LOCKS
#define PP_RENDEZVOUS_LOCK_H
enum { LOCK_FREE = 0, LOCK_HELD = 1 };

PP_INLINE bool lock_try(PP_ATOMIC(uint32_t) *lock)
{
	uint32_t free = LOCK_FREE;

	return pp_lock_cas(LOCK_TAKE, lock, &free, LOCK_HELD);
}

static inline int lock_until(PP_ATOMIC(uint32_t) *lock, int64_t deadline)
{
	(void)deadline;
	SEAM_AWAIT(lock_try(lock));
	return 0;
}

PP_INLINE void lock_release(PP_ATOMIC(uint32_t) *lock)
{
	pp_store_release(LOCK_GIVE, lock, LOCK_FREE);
}
#else
#define pp_pause() break
#include "rendezvous/lock.h"
#undef pp_pause
#endif
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

int pp_pollable_open(void)
{
	assert(!"a descriptor");
	return -1;
}

void pp_pollable_close(int fd)
{
	pp_pollable_signal(fd);
}

void pp_pollable_reset(int fd)
{
	pp_pollable_signal(fd);
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
#undef pp_pause
#ifdef SPIN_LOCKS
#define pp_pause() SEAM_AWAIT(!(pp_load(&(watch)->lock) & WATCH_HELD))
#else
#define pp_pause() break
#endif
#include "park/watch_impl.h"
#undef pp_pause
#define pp_pause() ((void)0)
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
#ifdef SELECTS
#include "readiness.c"
#define spin(...) select_spin(__VA_ARGS__)
#include "select.c"
#undef spin
#endif

/* GenMC wants every word accessed in its own size (seam.h). */
void *memset(void *to, int value, size_t n)
{
	size_t i = 0;

	assert(n % 8 == 0 && value == 0);
	if (n == SEAM_CURSOR)
		for (; i < 2; i++)
			((uint32_t *)to)[i] = 0;
	if (n == sizeof(struct watch_told)) {
		((struct watch_told *)to)->found = false;
		((struct watch_told *)to)->fd = 0;
		i = 2;
	}
	for (i = i / 2; i < n / 8; i++)
		((uint64_t *)to)[i] = 0;
	return to;
}

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

#ifndef RINGS
#define RINGS 1 /* alike */
#endif

static _Alignas(16) unsigned char desk_slots[RINGS][DESK_SLOTS * DESK_STRIDE];
static PP_ATOMIC(uint64_t) desk_book[RINGS][2];
static struct pp_block block[RINGS];
static void note_drop(void *slot, void *context);

#define DESK_END(n) {                                                                        \
	.mode = CAPACITY == 0 ? PP_MODE_MEET : KIND == PP_SPSC ? PP_MODE_SPSC : PP_MODE_MPMC, \
	.word = FENCED || CAPACITY == 0 ? 0                                                  \
	        : KIND == PP_MPMC       ? PP_FAST_WORD(PP_MPMC, DESK_SIZE)                   \
	        : CAPACITY <= MARKS     ? PP_FAST_MARKED_WORD(DESK_SIZE)                     \
	                                : PP_FAST_WORD(PP_SPSC, DESK_SIZE),                  \
	.fenced = FENCED, .block = CAPACITY ? &block[n] : NULL,                              \
	.slots = { desk_slots[n], DESK_IS_PLAIN ? DESK_SIZE : DESK_STRIDE,                   \
	           DESK_IS_PLAIN ? 0 : 8, DESK_SIZE },                                       \
	.channel = &ring[n] }

#define DESK_RING(n) {                                                                       \
	.tx.end = DESK_END(n), .rx.end = DESK_END(n),                                        \
	.tx.side = { .refs = REFS, .fd = NO_FD }, .rx.side = { .refs = 1, .fd = NO_FD },     \
	.holds = 2, .kind = KIND, .capacity = CAPACITY, .item_size = DESK_SIZE, .drop = note_drop, \
	.watch = { { .armed = NOT_ARMED }, { .armed = NOT_ARMED } },                         \
	.meeting = { .single = KIND == PP_SPSC, .carried = DESK_SIZE <= 24, .item_size = DESK_SIZE, \
	             .queue.armed = { NOT_ARMED, NOT_ARMED },                                \
	             .side = { { .spin = &ring[n].tx.side.spin,                              \
	                         .refused = &ring[n].tx.side.refused },                      \
	                       { .spin = &ring[n].rx.side.spin,                              \
	                         .refused = &ring[n].rx.side.refused } } },                  \
}

static struct pp_channel ring[RINGS];
static struct pp_channel ring[RINGS] = {
	DESK_RING(0),
#if RINGS > 1
	DESK_RING(1),
#endif
};

static void desk_open_own(struct pp_channel *ch, struct pp_block *b, PP_ATOMIC(uint64_t) *book)
{
	spsc_init(&b->ring.spsc, CAPACITY, 0 - UINT64_C(1)); /* one item before the wrap */
	book_init(&ch->tx.book, book, CAPACITY);
	spsc_init_ends(&b->ring.spsc, ch->tx.end.slots.base, ch->tx.end.slots.stride, &ch->tx.book,
	               &ch->tx.spsc, &ch->rx.spsc);
	ch->tx.spsc.fast.word = ch->tx.end.word;
	ch->rx.spsc.fast.word = ch->rx.end.word;
	ch->tx.spsc.fast.alert = &b->items.state;
	ch->rx.spsc.fast.alert = &b->space.state;
	ch->tx.looked = ch->tx.spsc.lap.known;
	ch->rx.looked = ch->rx.spsc.lap.known;
}

static void desk_open_shared(struct pp_channel *ch, struct pp_block *b)
{
	struct pp_fast_shared *push = &ch->tx.shared, *pull = &ch->rx.shared;

	mpmc_init(&b->ring.mpmc, &ch->tx.end.slots, CAPACITY, 1); /* one lap before the wrap */
	*push = mpmc_cursor(&b->ring.mpmc, &ch->tx.end.slots, MPMC_PUSH);
	*pull = mpmc_cursor(&b->ring.mpmc, &ch->rx.end.slots, MPMC_PULL);
	push->word = ch->tx.end.word;
	pull->word = ch->rx.end.word;
	push->alert = &b->items.state;
	pull->alert = &b->space.state;
}

static void desk_open(void)
{
	int n;

	assert(DESK_STRIDE == pp_turn_stride(DESK_SIZE) && pp_turn_offset(DESK_SIZE) == 8);
	for (n = 0; n < RINGS; n++) {
		ring[n].tx.push = pp_push_text_of(ring[n].tx.end.word);
		ring[n].rx.pull = pp_pull_text_of(ring[n].rx.end.word);
		if (CAPACITY == 0)
			continue;
		if (KIND == PP_SPSC)
			desk_open_own(&ring[n], &block[n], desk_book[n]);
		else
			desk_open_shared(&ring[n], &block[n]);
		seam_know(&block[n].items.bell);
		seam_know(&block[n].space.bell);
	}
}

#endif
