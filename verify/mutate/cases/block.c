/* SPDX-License-Identifier: MIT */
/* The block of memory that a ring lies in: nothing is read or written behind its end, what it held
 * before does not matter, and it is no larger than the slots need, and a bit for each. */
#include "support.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

SUITE(block);

/* The library's blocks.  Each ends where a page begins that nobody may touch. */
static struct { unsigned char *at; size_t size; } blocks[16];
static size_t largest;
static uint32_t held = 0xA5A5A5A5; /* what they hold at first */

static size_t page(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static size_t in_pages(size_t size)
{
	return (size + page() - 1) / page() * page();
}

/* The library calls these, as the program's come first. */
void *aligned_alloc(size_t alignment, size_t size)
{
	size_t bytes = in_pages(size), i = 0;
	unsigned char *at = mmap(NULL, bytes + page(), PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	EXPECT(at != MAP_FAILED);
	EXPECT_EQ(mprotect(at + bytes, page(), PROT_NONE), 0);
	EXPECT_EQ(size % alignment, 0);
	at += bytes - size;
	for (size_t n = 0; n < size; n += sizeof held)
		memcpy(at + n, &held, sizeof held);
	while (i < ARRAY_LEN(blocks) && blocks[i].at)
		i++;
	EXPECT(i < ARRAY_LEN(blocks));
	blocks[i].at = at;
	blocks[i].size = size;
	if (size > largest)
		largest = size;
	return at;
}

void free(void *block)
{
	extern void __libc_free(void *block);

	for (size_t i = 0; block && i < ARRAY_LEN(blocks); i++)
		if (blocks[i].at == block) {
			size_t bytes = in_pages(blocks[i].size);

			munmap(blocks[i].at + blocks[i].size - bytes, bytes + page());
			blocks[i].at = NULL;
			return;
		}
	__libc_free(block);
}

/* ---- Its end ------------------------------------------------------------------------------ */

static struct ends open_of(pp_kind kind, size_t capacity, size_t item_size)
{
	return ends_open_with(&PP_CONFIG(.kind = kind, .capacity = capacity,
					 .item_size = item_size));
}

/* Every byte of it says which item it is, and most bits are set. */
static void item_of(unsigned char *item, size_t size, size_t n)
{
	memset(item, (int)(0xFF - n % 3), size);
}

static void push_items(struct ends *e, size_t size, size_t first, size_t count)
{
	unsigned char item[100];

	for (size_t n = first; n < first + count; n++) {
		item_of(item, size, n);
		EXPECT_EQ(pp_try_push(e->tx, item), 0);
	}
}

static void pull_items(struct ends *e, size_t size, size_t first, size_t count)
{
	unsigned char item[100], want[100];

	for (size_t n = first; n < first + count; n++) {
		item_of(want, size, n);
		EXPECT_EQ(pp_try_pull(e->rx, item), 0);
		EXPECT_EQ(memcmp(item, want, size), 0);
	}
}

/* A push that is taken back behind so many items, then as many again, and a lap later. */
static void taken_back_behind(pp_kind kind, size_t capacity, size_t size, size_t items)
{
	struct ends e = open_of(kind, capacity, size);
	size_t next = 0;

	for (int lap = 0; lap < 3; lap++) {
		push_items(&e, size, next, items);
		EXPECT_EQ(pp_push_abort(e.tx, slot_push(&e)), 0);
		push_items(&e, size, next + items, capacity - items - 1);
		EXPECT_EQ(pp_tx_depth(e.tx), capacity);
		pull_items(&e, size, next, items - 1);
		EXPECT_EQ(pp_tx_depth(e.tx), capacity - items + 1);
		pull_items(&e, size, next + items - 1, 1);
		EXPECT_EQ(pp_tx_depth(e.tx), capacity - items - 1);
		pull_items(&e, size, next + items, capacity - items - 1);
		EXPECT_EQ(pp_tx_depth(e.tx), 0);
		next += capacity - 1;
	}
	ends_let_go(&e);
}

/* Sizes at which slots, or the bits of taken-back pushes, end with a line. */
Test(block, a_push_that_is_taken_back_touches_no_item_and_nothing_behind_the_block)
{
	static const struct { size_t capacity, size; } rings[] = {
		{ 2, 8 }, { 8, 8 }, { 17, 1 }, { 64, 8 }, { 128, 8 }, { 129, 1 }, { 200, 64 },
		{ 456, 8 }, { 961, 65 }, { 1000, 1 }, { 1000, 8 }, { 1000, 16 }, { 1024, 4 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rings); i++)
		for (pp_kind kind = PP_SPSC; kind <= PP_MPMC; kind++) {
			size_t capacity = rings[i].capacity, size = rings[i].size;

			taken_back_behind(kind, capacity, size, 1);
			taken_back_behind(kind, capacity, size, capacity / 2);
			taken_back_behind(kind, capacity, size, capacity - 1);
		}
}

/* Behind 63 and 64 items: the last bit of a word, and the first of the next. */
Test(block, which_push_was_taken_back_is_known_wherever_it_was)
{
	for (size_t items = 1; items < 140; items++)
		for (pp_kind kind = PP_SPSC; kind <= PP_MPMC; kind++)
			taken_back_behind(kind, 150, 8, items);
	for (size_t items = 1; items < 99; items++)
		taken_back_behind(PP_SPSC, 100, 8, items);
}

/* ---- What it held ------------------------------------------------------------------------- */

static void starts_empty(pp_kind kind, size_t capacity)
{
	for (uint32_t before = 0; before <= 2 * capacity + 2; before++) {
		uint64_t item = 0;
		struct ends e;

		held = before;
		e = ends_open(kind, capacity);
		for (size_t i = 0; i < capacity; i++) {
			EXPECT_EQ(pp_try_pull(e.rx, &item), -EAGAIN);
			EXPECT_EQ(pp_try_push(e.tx, &(uint64_t){ i }), 0);
			EXPECT_EQ(pp_try_pull(e.rx, &item), 0);
			EXPECT_EQ(item, i);
		}
		ends_fill(&e, 0, capacity);
		EXPECT_EQ(pp_try_push(e.tx, &item), -EAGAIN);
		ends_drain(&e, 0, capacity);
		ends_let_go(&e);
	}
	held = 0xA5A5A5A5;
}

Test(block, what_the_memory_held_before_does_not_matter)
{
	for (size_t capacity = 1; capacity < 6; capacity++)
		for_each_kind(capacity, starts_empty);
}

/* ---- Its size ----------------------------------------------------------------------------- */

Test(block, a_ring_takes_the_memory_of_its_slots_and_a_bit_for_each)
{
	for (size_t capacity = 1; capacity < 10000; capacity = capacity * 3 + 1) {
		size_t most = capacity / 8 + 4096;
		struct ends e;

		largest = 0;
		e = open_of(PP_SPSC, capacity, 8);
		EXPECT(largest < most + capacity * (capacity <= 128 ? 16 : 8));
		ends_let_go(&e);
		largest = 0;
		e = open_of(PP_MPMC, capacity, 8);
		EXPECT(largest < most + capacity * 16);
		ends_let_go(&e);
	}
}
