/* SPDX-License-Identifier: MIT */
#include "registry.h"

#include <errno.h>
#include <stdlib.h>

enum { FIRST_CHUNK = 64, CHUNKS = 26 }; /* each chunk twice the one before */

struct place {
	PP_ATOMIC(struct pp_channel *) ring;
	PP_ATOMIC(uint32_t) next; /* while free: place behind it + 1, 0 none */
};

static PP_ATOMIC(struct place *) chunks[CHUNKS];
static PP_ATOMIC(uint32_t) used;   /* places ever handed out                        */
static PP_ATOMIC(uint64_t) vacant; /* { tag : 32, place + 1 : 32 }: stack of free ones */
static PP_ATOMIC(uint32_t) readers;
static PP_ATOMIC(struct pp_channel *) freed; /* waiting for readers to leave */

/* ---- places ------------------------------------------------------------------- */

/* Chunk k holds places FIRST_CHUNK * (2^k - 1) and on. */
static int chunk_of(uint32_t place)
{
	return 31 - __builtin_clz(place / FIRST_CHUNK + 1);
}

/* The chunk must be there. */
static struct place *find(uint32_t place)
{
	int k = chunk_of(place);
	/* Acquire: the chunk's memory was cleared before it was shown. */
	struct place *chunk = pp_load_acquire(REG_CHUNK_SEEN, &chunks[k]);

	return &chunk[place - FIRST_CHUNK * ((1u << k) - 1)];
}

static bool make_chunk(uint32_t place)
{
	int k = chunk_of(place);
	struct place *none = NULL;
	struct place *chunk;

	if (k >= CHUNKS)
		return false;
	if (pp_load(&chunks[k]))
		return true;
	chunk = calloc((size_t)FIRST_CHUNK << k, sizeof *chunk);
	if (!chunk)
		return false;
	if (!pp_decide(REG_CHUNK, &chunks[k], &none, chunk))
		free(chunk); /* somebody else's is there */
	return true;
}

static bool take_vacant(uint32_t *place)
{
	uint64_t top, next;

	do {
		/* Acquire: who gave the place back knew its chunk. */
		top = pp_load_acquire(REG_VACANT_SEEN, &vacant);
		if ((uint32_t)top == 0)
			return false;
		*place = (uint32_t)top - 1;
		/* May be stale if another took the place: then the tag differs. */
		next = (top & ~UINT64_C(0xffffffff)) + (UINT64_C(1) << 32);
		next |= pp_load(&find(*place)->next);
	} while (!pp_cas(&vacant, &top, next));
	return true;
}

static void give_vacant(uint32_t place)
{
	uint64_t top = pp_load(&vacant);

	do {
		pp_store(&find(place)->next, (uint32_t)top);
	} while (!pp_cas_release(REG_VACANT, &vacant, &top,
	                         (top & ~UINT64_C(0xffffffff)) | (place + 1)));
}

static bool take_new(uint32_t *place)
{
	uint32_t n = pp_load(&used);

	do {
		if (!make_chunk(n))
			return false;
		/* Release: who counts this place finds its chunk. */
	} while (!pp_cas_release(REG_USED, &used, &n, n + 1));
	*place = n;
	return true;
}

/* ---- freeing ------------------------------------------------------------------- */

static void free_ring(struct pp_channel *ch)
{
	pp_close_fds(ch);
	free(ch->rx.end.block);
	free(ch);
}

static void keep_for_later(struct pp_channel *ch)
{
	struct pp_channel *top = pp_load(&freed);

	do {
		ch->next_freed = top;
	} while (!pp_cas_release(REG_FREED, &freed, &top, ch));
}

/* Free what no reader can have seen: all of it left the table before this looks. */
static void clear_freed(void)
{
	struct pp_channel *ch, *next;

	if (!pp_load(&freed))
		return;
	ch = pp_exchange(&freed, NULL); /* the fence orders it, too */
	pp_full_fence(REG_FREE_FENCE);
	for (; ch; ch = next) {
		next = ch->next_freed;
		if (pp_load_acquire(REG_READERS_GONE, &readers))
			keep_for_later(ch);
		else
			free_ring(ch);
	}
}

int pp_register(struct pp_channel *ch)
{
	clear_freed();
	if (!take_vacant(&ch->registered) && !take_new(&ch->registered))
		return -ENOMEM;
	/* Release: a reader finds the ring complete. */
	pp_store_release(REG_RING, &find(ch->registered)->ring, ch);
	return 0;
}

void pp_unregister_and_free(struct pp_channel *ch)
{
	pp_store(&find(ch->registered)->ring, NULL); /* before the fence in clear_freed() */
	give_vacant(ch->registered);
	keep_for_later(ch);
	clear_freed();
}

/* ---- reading -------------------------------------------------------------------- */

int pp_each_ring(int (*show)(struct pp_channel *ch, void *context), void *context)
{
	uint32_t i, n;
	int r = 0;

	pp_fetch_add(&readers, 1);
	pp_full_fence(REG_READ_FENCE);
	n = pp_load_acquire(REG_USED_SEEN, &used);
	for (i = 0; i < n && r == 0; i++) {
		struct pp_channel *ch = pp_load_acquire(REG_RING_SEEN, &find(i)->ring);

		if (ch)
			r = show(ch, context);
	}
	/* Release: done with every ring. */
	pp_fetch_add_release(REG_READER_LEAVES, &readers, UINT32_MAX);
	return r;
}
