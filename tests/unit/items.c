/* SPDX-License-Identifier: MIT */
/* Items are bytes: of every size, copied in and out whole, and nothing beside them. */
#include "support.h"

#include <stdlib.h>
#include <string.h>

SUITE(items);

#define GUARD 0xC3
#define MARGIN 32

static const size_t sizes[] = { 1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 24, 31, 32, 33, 63, 64,
				65, 100, 128, 200, 1000, 4096, 10007 };

static void paint(unsigned char *item, size_t size, unsigned seed)
{
	for (size_t i = 0; i < size; i++)
		item[i] = (unsigned char)(seed * 31 + i * 7 + 1);
}

static bool painted(const unsigned char *item, size_t size, unsigned seed)
{
	for (size_t i = 0; i < size; i++)
		if (item[i] != (unsigned char)(seed * 31 + i * 7 + 1))
			return false;
	return true;
}

static bool guards_hold(const unsigned char *buffer, size_t size)
{
	for (size_t i = 0; i < MARGIN; i++)
		if (buffer[i] != GUARD || buffer[MARGIN + size + i] != GUARD)
			return false;
	return true;
}

/* `count` items, not aligned to anything, between two margins. */
static unsigned char *guarded(size_t size)
{
	unsigned char *buffer = malloc(size + 2 * MARGIN + 1);

	EXPECT(buffer != NULL);
	memset(buffer, GUARD, size + 2 * MARGIN + 1);
	return buffer;
}

static struct ends open_sized(pp_kind kind, size_t capacity, size_t size)
{
	return ends_open_with(&PP_CONFIG(.kind = kind, .capacity = capacity, .item_size = size));
}

static void singles(pp_kind kind, size_t capacity, size_t size)
{
	struct ends e = open_sized(kind, capacity, size);
	unsigned char *in = guarded(size), *out = guarded(size);

	for (unsigned lap = 0; lap < 3; lap++) {
		for (unsigned i = 0; i < capacity; i++) {
			paint(in + MARGIN, size, lap * 100 + i);
			EXPECT_EQ(pp_push(e.tx, in + MARGIN), 0);
			EXPECT(guards_hold(in, size));
			EXPECT(painted(in + MARGIN, size, lap * 100 + i));
			memset(in + MARGIN, 0, size); /* a copy was taken */
		}
		for (unsigned i = 0; i < capacity; i++) {
			EXPECT_EQ(pp_pull(e.rx, out + MARGIN), 0);
			EXPECT(painted(out + MARGIN, size, lap * 100 + i));
			EXPECT(guards_hold(out, size));
		}
	}
	free(in);
	free(out);
	ends_let_go(&e);
}

Test(items, every_size_goes_in_and_out_whole)
{
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		for (size_t capacity = 1; capacity < 4; capacity++)
			for (pp_kind kind = PP_SPSC; kind <= PP_MPMC; kind++)
				singles(kind, capacity, sizes[i]);
}

static void batches(pp_kind kind, size_t capacity, size_t size)
{
	struct ends e = open_sized(kind, capacity, size);
	size_t n = capacity;
	unsigned char *in = guarded(n * size), *out = guarded(n * size);

	for (unsigned lap = 0; lap < 3; lap++) {
		/* One item first, so that the batches wrap. */
		paint(in + MARGIN, size, 99);
		EXPECT_EQ(pp_push(e.tx, in + MARGIN), 0);
		EXPECT_EQ(pp_pull(e.rx, out + MARGIN), 0);
		for (unsigned i = 0; i < n; i++)
			paint(in + MARGIN + i * size, size, lap + i);
		EXPECT_EQ(pp_push_n(e.tx, in + MARGIN, n), n);
		EXPECT_EQ(pp_pull_n(e.rx, out + MARGIN, n), n);
		for (unsigned i = 0; i < n; i++)
			EXPECT(painted(out + MARGIN + i * size, size, lap + i));
		EXPECT(guards_hold(out, n * size));
		EXPECT(guards_hold(in, n * size));
	}
	free(in);
	free(out);
	ends_let_go(&e);
}

Test(items, batches_of_every_size_lie_one_after_the_other)
{
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		for (size_t capacity = 1; capacity < 6; capacity++)
			for (pp_kind kind = PP_SPSC; kind <= PP_MPMC; kind++)
				batches(kind, capacity, sizes[i]);
}

struct handoff {
	struct ends    e;
	unsigned char *buffer;
	int            result;
};

static void *pull_one(void *arg)
{
	struct handoff *h = arg;

	h->result = pp_pull(h->e.rx, h->buffer + MARGIN);
	return NULL;
}

static void handed_over(pp_kind kind, size_t size)
{
	struct ends e = open_sized(kind, 0, size);
	unsigned char *in = guarded(size);
	struct handoff h = { .e = e, .buffer = guarded(size) };
	pthread_t thread;

	paint(in + MARGIN, size, 5);
	EXPECT_EQ(pthread_create(&thread, NULL, pull_one, &h), 0);
	EXPECT_EQ(pp_push(e.tx, in + MARGIN), 0);
	memset(in + MARGIN, 0, size); /* the push has returned: the puller has its copy */
	pthread_join(thread, NULL);
	EXPECT_EQ(h.result, 0);
	EXPECT(painted(h.buffer + MARGIN, size, 5));
	EXPECT(guards_hold(h.buffer, size));
	free(in);
	free(h.buffer);
	ends_let_go(&e);
}

Test(items, every_size_is_handed_over_whole)
{
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		for (pp_kind kind = PP_SPSC; kind <= PP_MPMC; kind++)
			for (int round = 0; round < 5; round++)
				handed_over(kind, sizes[i]);
}

/* ---- What a thread did before its push is seen after the pull ------------------------- */

struct parcel {
	uint64_t *content;
	uint64_t  sum;
};

static void *pack(void *arg)
{
	struct ends *e = arg;

	for (uint64_t i = 0; i < 5000; i++) {
		struct parcel p = { .content = malloc(4 * sizeof(uint64_t)), .sum = 0 };

		for (uint64_t k = 0; k < 4; k++)
			p.sum += p.content[k] = i * k + 1;
		if (pp_push(e->tx, &p) != 0)
			break;
	}
	pp_close(e->tx);
	return NULL;
}

static void unpack(pp_kind kind, size_t capacity)
{
	struct ends e = open_sized(kind, capacity, sizeof(struct parcel));
	struct parcel p;
	pthread_t thread;

	EXPECT_EQ(pthread_create(&thread, NULL, pack, &e), 0);
	while (pp_pull(e.rx, &p) == 0) {
		uint64_t sum = 0;

		for (uint64_t k = 0; k < 4; k++)
			sum += p.content[k];
		EXPECT_EQ(sum, p.sum);
		free(p.content);
	}
	pthread_join(thread, NULL);
	ends_let_go(&e);
}

Test(items, what_a_pointer_leads_to_arrives_with_it)
{
	for (size_t capacity = 0; capacity < 4; capacity++)
		for_each_kind(capacity, unpack);
	for_each_kind(64, unpack);
}

/*
 * The k-th pull comes before the end of push k + C.  What the puller wrote before pull k
 * is read after push k + C; the cell is written again only after a push that follows.
 */
struct room {
	struct ends e;
	size_t      capacity;
	uint64_t    cells[16];
	size_t      count; /* of cells: capacity + 2 */
	atomic_uint stale;
};

static void *push_and_read(void *arg)
{
	struct room *r = arg;

	for (uint64_t k = 0; k < 20000; k++) {
		if (pp_push(r->e.tx, &k) != 0)
			break;
		if (k < r->capacity)
			continue;
		if (r->cells[(k - r->capacity) % r->count] != k - r->capacity + 1)
			atomic_fetch_add(&r->stale, 1);
	}
	pp_close(r->e.tx);
	return NULL;
}

static void pull_before_push_ends(pp_kind kind, size_t capacity)
{
	struct room r = { .e = ends_open(kind, capacity), .capacity = capacity,
			  .count = capacity + 2 };
	pthread_t thread;
	uint64_t k, got = 0;

	EXPECT_EQ(pthread_create(&thread, NULL, push_and_read, &r), 0);
	for (k = 0;; k++) {
		r.cells[k % r.count] = k + 1;
		if (pp_pull(r.e.rx, &got) != 0)
			break;
		EXPECT_EQ(got, k);
	}
	EXPECT_EQ(k, 20000);
	pthread_join(thread, NULL);
	EXPECT_EQ(atomic_load(&r.stale), 0);
	ends_let_go(&r.e);
}

Test(items, the_kth_pull_comes_before_the_end_of_push_k_plus_capacity)
{
	for (size_t capacity = 0; capacity < 6; capacity++)
		for_each_kind(capacity, pull_before_push_ends);
}
