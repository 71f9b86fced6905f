/* SPDX-License-Identifier: MIT */
/*
 * The map of the data: what an open ring is made of, and who writes what.
 *
 *   pp_channel  local to the process: the two ends, references, name, callback
 *     pp_tx     what pushing threads read at every push; for PP_SPSC also what the
 *               pushing thread alone writes (cursor, last head seen); begins with the
 *               bytes that inlined code knows (pushpull/fast.h)
 *     pp_rx     the mirror image
 *     meeting   capacity 0 only: who waits for whom
 *   pp_block    one block of memory without a pointer in it or to it: the ring's words,
 *               the two eventcounts, and the slots.  None at capacity 0.
 *
 * Includes go one way: this file and the .c files beside it <- ring/, rendezvous/,
 * park/ <- base/.
 */
#ifndef PP_CHANNEL_H
#define PP_CHANNEL_H

#include <pushpull/pushpull.h>

#include "base/atomic.h"
#include "base/compiler.h"
#include "park/eventcount.h"
#include "park/spin.h"
#include "park/watch.h"
#include "rendezvous/meeting.h"
#include "ring/mpmc.h"
#include "ring/slot.h"
#include "ring/spsc.h"
#include "ring/spsc_look.h"

struct pp_block {
	union {
		struct spsc spsc;
		struct mpmc mpmc;
	} ring;
	PP_OWN_LINE struct pp_eventcount items; /* sleeping pullers */
	PP_OWN_LINE struct pp_eventcount space; /* sleeping pushers */
	PP_OWN_LINE PP_ATOMIC(uint64_t) dropped;
	PP_ATOMIC(uint64_t) depth_max;
	PP_ATOMIC(uint32_t) dropping; /* PP_SPSC: one thread drops everything */
};

/* How an operation is carried out; the first two have their path inlined. */
enum pp_mode { PP_MODE_SPSC, PP_MODE_MPMC, PP_MODE_MEET, PP_MODE_TRACKED };

/* What both ends have alike.  Constant after opening. */
struct pp_end {
	enum pp_mode mode;
	uint32_t word; /* pushpull/fast.h; what the cursor shows, but for a diverted one */
	bool fenced;
	struct pp_block *block;
	struct pp_slots slots;
	struct pp_channel *channel;
};

/* Counted in passing, on a line of their own: calls that could not go ahead, slots that are open. */
struct pp_side {
	struct pp_spin spin;
	PP_ATOMIC(uint64_t) refused, open;
	PP_ATOMIC(uint32_t) refs;
	PP_ATOMIC(int) fd; /* readiness.c: NO_FD, or the end's descriptor */
};

enum { NO_FD = -1 };

/* One item in a way that fits the ring: push.c, pull.c. */
typedef int (*pp_push_text)(struct pp_tx *tx, const void *item, pp_time deadline);
typedef int (*pp_pull_text)(struct pp_rx *rx, void *item, pp_time deadline);

struct pp_tx {
	union { /* begins with the ABI */
		struct spsc_pusher spsc;      /* the pushing thread's own */
		struct pp_fast_shared shared; /* constant                 */
	};
	pp_push_text push;
	uint64_t looked; /* PP_SPSC: where it last had to look for room */
	void *open;      /* PP_SPSC: the slot that is open              */
	bool diverted;   /* PP_SPSC: the path of one item is closed     */
	struct pp_end end;
	struct spsc_book book;
	PP_OWN_LINE struct pp_side side;
};

struct pp_rx {
	union { /* begins with the ABI */
		struct spsc_puller spsc;      /* the pulling thread's own */
		struct pp_fast_shared shared; /* constant                 */
	};
	pp_pull_text pull;
	uint64_t looked; /* PP_SPSC: where it last had to look for more */
	void *open;      /* PP_SPSC: the slot that is open              */
	struct pp_end end;
	PP_OWN_LINE struct pp_side side;
};

struct pp_channel {
	PP_OWN_LINE struct pp_tx tx;
	PP_OWN_LINE struct pp_rx rx;
	PP_OWN_LINE PP_ATOMIC(uint32_t) holds; /* sides still there, and drops under way */
	pp_kind kind;
	size_t capacity;
	size_t item_size;
	unsigned flags;
	uint32_t registered;                   /* place in the table that pp_dump reads  */
	PP_PLAIN(struct pp_channel *) next_freed; /* waits for pp_dump to finish            */
	void (*drop)(void *item, void *context);
	void *drop_context;
	struct pp_meeting meeting;
	struct pp_watch watch[2];              /* by role: who watches for room, for items  */
	char name[32];
};

/* ---- shared by the files of the front desk ---------------------------------- */

/* RING_CLOSED and RING_CANCELLED, as far as this thread can know. */
static inline uint32_t pp_ended(struct pp_channel *ch)
{
	PP_ATOMIC(uint32_t) *word;

	if (ch->capacity == 0)
		word = &ch->meeting.word; /* other bits too */
	else if (ch->kind == PP_SPSC)
		word = &ch->tx.end.block->ring.spsc.ended;
	else
		word = &ch->tx.end.block->ring.mpmc.ended;
	return pp_load(word) & (RING_CLOSED | RING_CANCELLED);
}

/* Counts may miss one under concurrency; nothing is decided by them. */
static inline void pp_count(PP_ATOMIC(uint64_t) *counter)
{
	pp_store(counter, pp_load(counter) + 1);
}

/* push.c, pull.c: the text for an end with this word (pushpull/fast.h). */
pp_push_text pp_push_text_of(uint32_t word);
pp_pull_text pp_pull_text_of(uint32_t word);
/* lifecycle.c: the ring stays there, whoever lets go. */
void pp_hold(struct pp_channel *ch);
void pp_release(struct pp_channel *ch);
/* lifecycle.c: hand what is left in a cancelled ring to the callback. */
void pp_drop_rest(struct pp_channel *ch);
/* registry.c: the table of open rings. */
int  pp_register(struct pp_channel *ch);
void pp_unregister_and_free(struct pp_channel *ch);

/* `in`, `out`: how far the slots are taken, and given back again. */
/* readiness.c: the descriptors of a ring that nobody holds any more. */
void pp_close_fds(struct pp_channel *ch);

struct pp_position { uint64_t pushed, pulled, dropped, in, out; size_t depth; };
/* Where the threads of a side sleep; capacity 1 and up. */
static inline struct pp_eventcount *pp_sleep_at(struct pp_end *end, enum meet_role role)
{
	return role == MEET_PUSH ? &end->block->space : &end->block->items;
}

/* `n` events that those of a side wait for, of either end. */
static inline void pp_wake(struct pp_end *end, enum meet_role role, uint64_t n)
{
	watch_wake(&end->channel->watch[role], pp_sleep_at(end, role), n);
}

/* stats.c: safe from a signal handler. */
struct pp_sleepers *pp_sleepers_of(struct pp_channel *ch, enum meet_role role);
void pp_positions(struct pp_channel *ch, struct pp_position *p);

#endif
