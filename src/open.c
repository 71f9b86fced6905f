/* SPDX-License-Identifier: MIT */
/* Opening: read the configuration, lay the memory out, connect the ends. */
#include <errno.h>
#include <stdlib.h>

#include "channel.h"

#ifdef PP_TEST_HOOKS
#define START_BEFORE_WRAP pp_test_start_before_wrap
#else
#define START_BEFORE_WRAP 0
#endif

#define KNOWN_FLAGS (PP_INTERRUPTIBLE | PP_TRACK_DEPTH)

/* The caller's struct may be older or newer than ours. */
static int read_config(pp_config *ours, const pp_config *theirs)
{
	const unsigned char *bytes = (const unsigned char *)theirs;
	size_t known = theirs->size < sizeof *ours ? theirs->size : sizeof *ours;
	size_t i;

	memset(ours, 0, sizeof *ours);
	memcpy(ours, theirs, known);
	for (i = known; i < theirs->size; i++)
		if (bytes[i])
			return -EINVAL;
	if ((ours->kind != PP_SPSC && ours->kind != PP_MPMC) || ours->item_size == 0 ||
	    (ours->flags & ~KNOWN_FLAGS) || ours->spin_ns < PP_SPIN_NONE)
		return -EINVAL;
	return 0;
}

/* Bytes from slot to slot, and from a slot to its item.  False: overflow. */
static bool lay_out_slot(const pp_config *c, struct pp_slots *slots)
{
	size_t most;

	slots->item_size = c->item_size;
	slots->offset = 0;
	slots->stride = pp_slot_bytes(c->item_size);
	if (c->kind == PP_SPSC && !spsc_is_marked(c->capacity))
		return true;
	slots->offset = pp_turn_offset(c->item_size);
	if (__builtin_add_overflow(c->item_size, 2 * slots->offset - 1, &most))
		return false;
	slots->stride = pp_turn_stride(c->item_size);
	return mpmc_lap(c->capacity) != 0 && mpmc_lap(c->capacity) <= UINT64_MAX / 64;
}

/* PP_SPSC: the bits of the book, behind the slots. */
static size_t book_bytes(size_t capacity)
{
	return (book_words(capacity) * sizeof(uint64_t) + PP_LINE - 1) / PP_LINE * PP_LINE;
}

static void *book_of(const struct pp_slots *slots, size_t capacity)
{
	return slots->base + (capacity * slots->stride + RING_SLACK + 7) / 8 * 8;
}

/* The one block: 0, -EINVAL (overflow), -ENOMEM. */
static int make_block(const pp_config *c, struct pp_slots *slots, struct pp_block **made)
{
	size_t head = (sizeof(struct pp_block) + PP_LINE - 1) / PP_LINE * PP_LINE;
	size_t total;
	struct pp_block *b;

	if (!lay_out_slot(c, slots) ||
	    __builtin_mul_overflow(c->capacity, slots->stride, &total) ||
	    __builtin_add_overflow(total, head + RING_SLACK + PP_LINE - 1, &total))
		return -EINVAL;
	total = total / PP_LINE * PP_LINE;
	if (c->kind == PP_SPSC && __builtin_add_overflow(total, book_bytes(c->capacity), &total))
		return -EINVAL;
	b = aligned_alloc(PP_LINE, total);
	if (!b)
		return -ENOMEM;
	slots->base = (unsigned char *)b + head;
	if (c->kind == PP_SPSC)
		spsc_init(&b->ring.spsc, c->capacity, 0 - START_BEFORE_WRAP);
	else
		mpmc_init(&b->ring.mpmc, slots, c->capacity, START_BEFORE_WRAP);
	ec_init(&b->items);
	ec_init(&b->space);
	pp_store(&b->dropped, 0);
	pp_store(&b->depth_max, 0);
	pp_store(&b->dropping, 0);
	*made = b;
	return 0;
}

static enum pp_mode mode_of(const pp_config *c, bool pushing)
{
	if (c->capacity == 0)
		return PP_MODE_MEET;
	if (pushing && (c->flags & PP_TRACK_DEPTH))
		return PP_MODE_TRACKED;
	return c->kind == PP_SPSC ? PP_MODE_SPSC : PP_MODE_MPMC;
}

/* So few free slots, or items, at a look of PP_SPSC are a reason to come a little later. */
static size_t few_for_push(size_t capacity)
{
	return capacity / (capacity < 128 ? 2 : 4) + 1;
}

static size_t few_for_pull(size_t capacity)
{
	return capacity < 256 ? capacity / 2 + 1 : 128;
}

/* With marks each item is news. */
static size_t pace_of(size_t capacity)
{
	return spsc_is_marked(capacity) ? capacity / 8 : capacity / 16;
}

static void init_side(struct pp_side *side, const pp_config *c, size_t patience, size_t few)
{
	pp_spin_init(&side->spin, c->spin_ns, (struct pp_spin_wish){
		.patience = patience, .few = few, .pace = pace_of(c->capacity),
		.shared = c->kind == PP_MPMC });
	pp_store(&side->refused, 0);
	pp_store(&side->open, 0);
	pp_store(&side->refs, 1);
	pp_store(&side->fd, NO_FD);
}

/* What inlined code was compiled with.  Another layout takes another word. */
#if UINTPTR_MAX == UINT64_MAX
#define AT(type, field, offset) \
	_Static_assert(offsetof(struct type, field) == (offset), "layout of " #type)
AT(pp_tx, spsc.fast, 0);
AT(pp_rx, spsc.fast, 0);
AT(pp_fast_push, capacity, 4);
AT(pp_fast_push, ahead, 6);
AT(pp_fast_push, origin, 8);
AT(pp_fast_push, limit, 16);
AT(pp_fast_push, tail, 24);
AT(pp_fast_push, alert, 32);
AT(pp_fast_pull, capacity, 4);
AT(pp_fast_pull, ahead, 6);
AT(pp_fast_pull, origin, 8);
AT(pp_fast_pull, limit, 16);
AT(pp_fast_pull, head, 24);
AT(pp_fast_pull, alert, 32);
AT(pp_fast_pull, taken, 40);
AT(pp_fast_pull, ended, 48);
AT(pp_tx, shared, 0);
AT(pp_rx, shared, 0);
AT(pp_fast_shared, ahead, 4);
AT(pp_fast_shared, slots, 8);
AT(pp_fast_shared, mask, 16);
AT(pp_fast_shared, last, 24);
AT(pp_fast_shared, next, 32);
AT(pp_fast_shared, alert, 40);
#undef AT
#endif

/* An end has a word only where an item takes the plain way. */
static uint32_t word_of(const struct pp_end *end)
{
	if (end->fenced || end->slots.item_size >= PP_FAST_SIZES)
		return 0;
	switch (end->mode) {
	case PP_MODE_SPSC:
		return end->block->ring.spsc.marked ? PP_FAST_MARKED_WORD(end->slots.item_size)
		                                    : PP_FAST_WORD(PP_SPSC, end->slots.item_size);
	case PP_MODE_MPMC: return PP_FAST_WORD(PP_MPMC, end->slots.item_size);
	default:           return 0;
	}
}

static void init_own_cursors(struct pp_channel *ch, struct pp_block *block,
                             const struct pp_slots *slots)
{
	book_init(&ch->tx.book, book_of(slots, block->ring.spsc.capacity), block->ring.spsc.capacity);
	spsc_init_ends(&block->ring.spsc, slots->base, slots->stride, &ch->tx.book, &ch->tx.spsc,
	               &ch->rx.spsc);
	ch->tx.spsc.fast.word = ch->tx.end.word;
	ch->rx.spsc.fast.word = ch->rx.end.word;
	ch->tx.spsc.fast.alert = &block->items.state;
	ch->rx.spsc.fast.alert = &block->space.state;
	ch->tx.looked = ch->tx.spsc.lap.known;
	ch->rx.looked = ch->rx.spsc.lap.known;
}

static void init_shared_cursors(struct pp_channel *ch, struct pp_block *block,
                                const struct pp_slots *slots)
{
	struct pp_fast_shared *push = &ch->tx.shared, *pull = &ch->rx.shared;

	*push = mpmc_cursor(&block->ring.mpmc, slots, MPMC_PUSH);
	*pull = mpmc_cursor(&block->ring.mpmc, slots, MPMC_PULL);
	push->word = ch->tx.end.word;
	pull->word = ch->rx.end.word;
	push->alert = &block->items.state;
	pull->alert = &block->space.state;
}

static void init_channel(struct pp_channel *ch, const pp_config *c, struct pp_block *block,
                         const struct pp_slots *slots)
{
	struct pp_end end = { .fenced = pp_fence_needed(), .block = block, .slots = *slots,
	                      .channel = ch };

	ch->tx.end = ch->rx.end = end;
	ch->tx.end.mode = mode_of(c, true);
	ch->rx.end.mode = mode_of(c, false);
	ch->tx.end.word = word_of(&ch->tx.end);
	ch->rx.end.word = word_of(&ch->rx.end);
	/* A full ring keeps the puller busy, so its pusher can let a good part of it drain; who
	 * waits for an item is waited for by somebody. */
	init_side(&ch->tx.side, c, c->capacity / 16, few_for_push(c->capacity));
	init_side(&ch->rx.side, c, c->capacity < 128 ? c->capacity / 16 : 8,
	          few_for_pull(c->capacity));
	if (block && c->kind == PP_SPSC)
		init_own_cursors(ch, block, slots);
	else if (block)
		init_shared_cursors(ch, block, slots);
	ch->tx.push = pp_push_text_of(ch->tx.end.word);
	ch->rx.pull = pp_pull_text_of(ch->rx.end.word);
	pp_store(&ch->holds, 2);
	ch->kind = c->kind;
	ch->capacity = c->capacity;
	ch->item_size = c->item_size;
	ch->flags = c->flags;
	ch->drop = c->drop;
	ch->drop_context = c->drop_context;
	if (c->name)
		memcpy(ch->name, c->name, strnlen(c->name, sizeof ch->name - 1));
	meet_init(&ch->meeting, c->kind == PP_SPSC, c->item_size, c->flags & PP_INTERRUPTIBLE);
	watch_init(&ch->watch[MEET_PUSH]);
	watch_init(&ch->watch[MEET_PULL]);
	ch->meeting.side[MEET_PUSH].spin = &ch->tx.side.spin;
	ch->meeting.side[MEET_PULL].spin = &ch->rx.side.spin;
	ch->meeting.side[MEET_PUSH].refused = &ch->tx.side.refused;
	ch->meeting.side[MEET_PULL].refused = &ch->rx.side.refused;
}

static int open_channel(const pp_config *c, struct pp_channel **opened)
{
	struct pp_slots slots = { .item_size = c->item_size };
	struct pp_block *block = NULL;
	struct pp_channel *ch;
	int r;

	if (c->capacity > 0) {
		r = make_block(c, &slots, &block);
		if (r < 0)
			return r;
	}
	ch = aligned_alloc(PP_LINE, sizeof *ch);
	if (!ch) {
		free(block);
		return -ENOMEM;
	}
	memset(ch, 0, sizeof *ch);
	init_channel(ch, c, block, &slots);
	r = pp_register(ch);
	if (r < 0) {
		free(block);
		free(ch);
		return r;
	}
	*opened = ch;
	return 0;
}

int pp_open_with(pp_tx **tx, pp_rx **rx, const pp_config *config)
{
	struct pp_channel *ch;
	int saved = errno;
	pp_config c;
	int r;

	if (tx)
		*tx = NULL;
	if (rx)
		*rx = NULL;
	if (!tx || !rx || !config)
		return -EINVAL;
	r = read_config(&c, config);
	if (r == 0)
		r = open_channel(&c, &ch);
	errno = saved; /* the allocator's */
	if (r < 0)
		return r;
	*tx = &ch->tx;
	*rx = &ch->rx;
	return 0;
}

int pp_open(pp_tx **tx, pp_rx **rx, pp_kind kind, size_t capacity, size_t item_size)
{
	return pp_open_with(tx, rx, &PP_CONFIG(.kind = kind, .capacity = capacity,
	                                       .item_size = item_size));
}
