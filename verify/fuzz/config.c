/* SPDX-License-Identifier: MIT */
/*
 * pp_open_with() on raw bytes, in a struct of any size.  Only the pointers are ours, since wild
 * ones are the caller's error.  The program has an allocator of its own: it counts, and it refuses
 * what is large, which must then be -ENOMEM.
 */
#include "rig.h"

#include <pushpull/pushpull.h>

#include <stdlib.h>
#include <string.h>

/* Products of two size_t. */
#ifdef __SIZEOF_INT128__
__extension__ typedef unsigned __int128 wide;
#else
typedef uint64_t wide;
#endif

enum { LARGEST = 1 << 20, CONFIG_MOST = 160 };

static unsigned allocations, refusals;

/* In place of libc's. */
void *aligned_alloc(size_t alignment, size_t size)
{
	void *allocated = NULL;

	FUZZ_CHECK(size % alignment == 0, "%zu bytes aligned to %zu", size, alignment);
	allocations++;
	if (size > LARGEST) {
		refusals++;
		return NULL;
	}
	return posix_memalign(&allocated, alignment, size) == 0 ? allocated : NULL;
}

static void drop(void *item, void *context)
{
	(void)item;
	(void)context;
}

/* The caller's struct: exactly as long as its `size` says, or at least the word of that. */
static unsigned char *caller_config(struct input *in, size_t size)
{
	unsigned char *theirs = calloc(1, size < sizeof(size_t) ? sizeof(size_t) : size);
	size_t i;

	FUZZ_CHECK(theirs, "no memory");
	for (i = 0; i < size; i++)
		theirs[i] = (unsigned char)take(in);
	memcpy(theirs, &size, sizeof(size));
	return theirs;
}

/* Valid pointers in place of those of the string, where the struct reaches that far. */
static void own_pointers(unsigned char *theirs, size_t size, unsigned bits, char *name)
{
	void (*callback)(void *item, void *context) = bits & 1 ? drop : NULL;
	const char *own = bits & 2 ? name : NULL;

#define SET(field, value) \
	do { \
		size_t at_ = offsetof(pp_config, field); \
		size_t n_ = size > at_ ? size - at_ : 0; \
		memcpy(theirs + at_, &(value), n_ < sizeof(value) ? 0 : sizeof(value)); \
		if (n_ && n_ < sizeof(value)) \
			memset(theirs + at_, 0, n_); \
	} while (0)
	SET(drop, callback);
	SET(name, own);
#undef SET
}

/* How much of it the library is to look at; the rest of ours is zero. */
static pp_config as_read(const unsigned char *theirs, size_t size)
{
	pp_config c;

	memset(&c, 0, sizeof(c));
	memcpy(&c, theirs, size < sizeof(c) ? size : sizeof(c));
	return c;
}

static bool has_unknown(const unsigned char *theirs, size_t size)
{
	size_t i;

	for (i = sizeof(pp_config); i < size; i++)
		if (theirs[i])
			return true;
	return false;
}

static bool is_wrong(const pp_config *c)
{
	return ((int)c->kind != PP_SPSC && (int)c->kind != PP_MPMC) || c->item_size == 0 ||
	       (c->flags & ~(PP_INTERRUPTIBLE | PP_TRACK_DEPTH)) || c->spin_ns < PP_SPIN_NONE;
}

/* Does the size of all items overflow?  1: for certain; 0: far from it; -1: with what is around. */
static int overflows(const pp_config *c)
{
	wide least = (wide)c->capacity * c->item_size;
	wide most = (wide)c->capacity * ((wide)c->item_size + 64);

	return least > SIZE_MAX ? 1 : most < (wide)1 << 56 ? 0 : -1;
}

static void check_opened(pp_tx *tx, pp_rx *rx, const pp_config *c)
{
	pp_stats s = { .size = sizeof(s) };

	FUZZ_CHECK(pp_tx_kind(tx) == c->kind && pp_rx_kind(rx) == c->kind, "another kind");
	FUZZ_CHECK(pp_tx_capacity(tx) == c->capacity && pp_rx_capacity(rx) == c->capacity,
	           "another capacity");
	FUZZ_CHECK(pp_tx_item_size(tx) == c->item_size, "another item size");
	FUZZ_CHECK(pp_tx_stats(tx, &s) == 0, "no stats");
	FUZZ_CHECK(memchr(s.name, 0, sizeof(s.name)), "the name does not end");
	FUZZ_CHECK(strncmp(s.name, c->name ? c->name : "", 31) == 0, "another name: %s", s.name);
}

/* Exactly as many as it was opened for, each as it was pushed. */
static void use(pp_tx *tx, pp_rx *rx, const pp_config *c)
{
	unsigned char *item = buffer_new(c->item_size);
	size_t n = c->capacity < 64 ? c->capacity : 64, i;

	for (i = 0; i < n; i++) {
		item_fill(item, c->item_size, (uint32_t)i);
		FUZZ_CHECK(pp_try_push(tx, item) == 0, "no room for item %zu of %zu", i, c->capacity);
	}
	if (n == c->capacity)
		FUZZ_CHECK(pp_try_push(tx, item) == -EAGAIN, "more room than for %zu", c->capacity);
	for (i = 0; i < n; i++) {
		FUZZ_CHECK(pp_try_pull(rx, item) == 0, "no item %zu", i);
		FUZZ_CHECK(item_is(item, c->item_size, (uint32_t)i), "another item than %zu", i);
	}
	FUZZ_CHECK(pp_try_pull(rx, item) == -EAGAIN, "one item more");
	free(item);
}

static void check(const unsigned char *theirs, size_t size, int got, pp_tx *tx, pp_rx *rx)
{
	pp_config c = as_read(theirs, size);
	bool wrong = is_wrong(&c) || has_unknown(theirs, size);
	int over = overflows(&c);

	FUZZ_CHECK((got == 0) == (tx != NULL) && (got == 0) == (rx != NULL), "open gave %d, %p, %p",
	           got, (void *)tx, (void *)rx);
	if (wrong || over == 1) {
		FUZZ_CHECK(got == -EINVAL, "a wrong config gave %d", got);
		FUZZ_CHECK(allocations == 0, "a wrong config was allocated for");
	} else if (refusals) {
		FUZZ_CHECK(got == -ENOMEM, "no memory, and open gave %d", got);
	} else {
		FUZZ_CHECK(got == 0 || (over && got == -EINVAL), "open gave %d", got);
	}
	if (got == 0) {
		check_opened(tx, rx, &c);
		if (c.item_size < LARGEST) /* capacity 0 allocates none */
			use(tx, rx, &c);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	unsigned bits = take(&in);
	size_t length = bits & 4 ? sizeof(pp_config) : take(&in) % CONFIG_MOST;
	char *name = malloc(32);
	unsigned char *theirs = caller_config(&in, length);
	pp_tx *tx = (pp_tx *)(void *)&in;
	pp_rx *rx = (pp_rx *)(void *)&in;
	int got;

	FUZZ_CHECK(name, "no memory");
	memset(name, 'n', 32); /* as many bytes as may be looked at, and not ended unless short */
	name[bits & 8 ? bits / 16 : 31] = 0;
	own_pointers(theirs, length, bits, name);
	allocations = refusals = 0;
	KEEPS_ERRNO(got = pp_open_with(&tx, &rx, (const pp_config *)(const void *)theirs));
	check(theirs, length, got, tx, rx);
	pp_tx_unref(tx);
	pp_rx_unref(rx);
	free(theirs);
	free(name);
	return 0;
}
