/* SPDX-License-Identifier: MIT */
#include "seen.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct seen {
	size_t limit, count, slots; /* slots: a power of two */
	size_t used, room;
	uint32_t *slot;             /* where in `bytes`, in units of 8, plus one; 0: nothing */
	unsigned char *bytes;
};

enum { UNIT = 8, FIRST_SLOTS = 1024, FIRST_ROOM = 1 << 16 };

static void *must(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

struct seen *seen_make(size_t limit)
{
	struct seen *s = must(calloc(1, sizeof(*s)));

	s->limit = limit;
	s->slots = FIRST_SLOTS;
	s->slot = must(calloc(s->slots, sizeof(*s->slot)));
	s->room = FIRST_ROOM;
	s->bytes = must(malloc(s->room));
	return s;
}

void seen_free(struct seen *s)
{
	free(s->slot);
	free(s->bytes);
	free(s);
}

void seen_clear(struct seen *s)
{
	memset(s->slot, 0, s->slots * sizeof(*s->slot));
	s->count = s->used = 0;
}

size_t seen_count(const struct seen *s)
{
	return s->count;
}

static uint64_t hash(const unsigned char *bytes, size_t size)
{
	uint64_t h = 0xcbf29ce484222325u;
	size_t i;

	for (i = 0; i < size; i++)
		h = (h ^ bytes[i]) * 0x100000001b3u;
	return h ^ h >> 29;
}

/* Where these bytes are, or would be. */
static uint32_t *find(struct seen *s, const unsigned char *bytes, size_t size)
{
	size_t i = hash(bytes, size) & (s->slots - 1);

	for (; s->slot[i]; i = (i + 1) & (s->slots - 1)) {
		const unsigned char *there = s->bytes + (size_t)(s->slot[i] - 1) * UNIT;
		uint32_t length;

		memcpy(&length, there, sizeof(length));
		if (length == size && memcmp(there + sizeof(length), bytes, size) == 0)
			break;
	}
	return &s->slot[i];
}

static void grow(struct seen *s)
{
	size_t old = s->slots, i;
	uint32_t *was = s->slot;

	s->slots *= 2;
	s->slot = must(calloc(s->slots, sizeof(*s->slot)));
	for (i = 0; i < old; i++) {
		const unsigned char *there = s->bytes + (size_t)(was[i] - 1) * UNIT;
		uint32_t length;

		if (!was[i])
			continue;
		memcpy(&length, there, sizeof(length));
		*find(s, there + sizeof(length), length) = was[i];
	}
	free(was);
}

int seen_add(struct seen *s, const void *bytes, size_t size)
{
	uint32_t *slot = find(s, bytes, size), length = (uint32_t)size;
	size_t taken = (sizeof(length) + size + UNIT - 1) / UNIT * UNIT;

	if (*slot)
		return 0;
	if (s->count == s->limit)
		return -1;
	while (s->used + taken > s->room) {
		s->room *= 2;
		s->bytes = must(realloc(s->bytes, s->room));
	}
	memcpy(s->bytes + s->used, &length, sizeof(length));
	memcpy(s->bytes + s->used + sizeof(length), bytes, size);
	*slot = (uint32_t)(s->used / UNIT) + 1;
	s->used += taken;
	if (++s->count * 2 > s->slots)
		grow(s);
	return 1;
}
