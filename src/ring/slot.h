/* SPDX-License-Identifier: MIT */
/*
 * Where an item lies, and how it is copied.
 *
 *   PP_SPSC  items one after the other; where those are few, each behind its two marks
 *   PP_MPMC  each item behind its turn word
 *
 * Turns and marks are padded so that the item keeps its alignment.
 *
 * An item is aligned to the largest power of two that divides its size, at most
 * max_align_t's: an array's rule.
 */
#ifndef PP_RING_SLOT_H
#define PP_RING_SLOT_H

#include <stdalign.h>
#include <string.h>

#include "base/atomic.h"
#include "base/compiler.h"

struct pp_slots {
	unsigned char *base; /* slot 0 */
	size_t stride;       /* from slot to slot */
	size_t offset;       /* from a slot to its item */
	size_t item_size;
};

/* From one item to the next in slots without turns. */
#define pp_slot_bytes(item_size) (item_size)

/* From one slot with a turn to the next, and from a turn to its item. */
#define pp_turn_stride(item_size) pp_fast_turn_stride(item_size)
#define pp_turn_offset(item_size) pp_fast_turn_offset(item_size)

/* Two marks are as large as a turn. */
#define pp_mark_stride(item_size) pp_turn_stride(item_size)
#define pp_mark_offset(item_size) pp_turn_offset(item_size)

PP_INLINE PP_ATOMIC(uint64_t) *pp_slot_turn(const struct pp_slots *slots, uint64_t index)
{
	return (PP_ATOMIC(uint64_t) *)(void *)(slots->base + index * slots->stride);
}

PP_INLINE unsigned char *pp_slot_item(const struct pp_slots *slots, uint64_t index)
{
	return slots->base + index * slots->stride + slots->offset;
}

/* The sizes whose copy becomes a move or two: what has a text of its own for each. */
#define PP_KNOWN_SIZES(of) of(8); of(4); of(16); of(32); of(64)

/* One item of such a size.  False: of another size, not copied. */
PP_INLINE bool pp_copy_known(void *to, const void *from, size_t size)
{
	switch (size) {
#define COPY_OF(known) case known: memcpy(to, from, known); return true
	PP_KNOWN_SIZES(COPY_OF);
#undef COPY_OF
	default: return false;
	}
}

PP_INLINE void pp_copy(void *to, const void *from, size_t size)
{
	if (!pp_copy_known(to, from, size))
		memcpy(to, from, size);
}

/* An item on its way between two threads, in the memory of neither: if it fits; else its
 * address. */
struct pp_carrier {
	_Alignas(8) unsigned char bytes[24];
};

static inline bool pp_carrier_fits(size_t item_size)
{
	return item_size <= sizeof(struct pp_carrier);
}

PP_INLINE void *pp_carrier_item(struct pp_carrier *carrier)
{
	return carrier->bytes;
}

/* An item that fits, into a carrier or out of it. */
PP_INLINE void pp_carry(void *to, const void *from, size_t size)
{
	switch (size) {
	case 8:  memcpy(to, from, 8); break;
	case 4:  memcpy(to, from, 4); break;
	case 16: memcpy(to, from, 16); break;
	default: memcpy(to, from, size);
	}
}

PP_INLINE void pp_carrier_refer(struct pp_carrier *carrier, void *item)
{
	memcpy(carrier->bytes, &item, sizeof item);
}

PP_INLINE void *pp_carrier_address(const struct pp_carrier *carrier)
{
	void *item;

	memcpy(&item, carrier->bytes, sizeof item);
	return item;
}

/* `n` items between an array and slots without turns. */
PP_INLINE void pp_copy_n(void *to, const void *from, uint64_t n, size_t size)
{
	if (n == 1)
		pp_copy(to, from, size);
	else
		memcpy(to, from, n * size);
}

#endif
