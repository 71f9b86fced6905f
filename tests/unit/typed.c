/* SPDX-License-Identifier: MIT */
/* pushpull/typed.h: the plain calls with a type, and a path of their own that is inlined. */
#include "support.h"

#include <limits.h>
#include <pushpull/typed.h>

struct job { /* of a size without a copy of its own in the library */
	uint64_t number;
	char     text[4];
	uint32_t check;
};

PP_TYPED(u64s, uint64_t);
PP_TYPED(jobs, struct job);
PP_TYPED(bytes, unsigned char);

SUITE(typed);

static struct job job(uint64_t number)
{
	return (struct job){ .number = number, .text = "job", .check = (uint32_t)~number };
}

static void expect_job(const struct job *j, uint64_t number)
{
	EXPECT_EQ(j->number, number);
	EXPECT_EQ(j->check, (uint32_t)~number);
	EXPECT(strcmp(j->text, "job") == 0);
}

/* ---- Every form ----------------------------------------------------------------- */

static int push_in_form(unsigned form, pp_tx *tx, const struct job *j)
{
	switch (form % 6) {
	case 0:  return jobs_push(tx, j);
	case 1:  return jobs_try_push(tx, j);
	case 2:  return jobs_push_until(tx, j, pp_in(PP_SEC));
	case 3:  return jobs_push_n(tx, j, 1) == 1 ? 0 : -1;
	case 4:  return jobs_try_push_n(tx, j, 1) == 1 ? 0 : -1;
	default: return jobs_push_n_until(tx, j, 1, pp_in(PP_SEC)) == 1 ? 0 : -1;
	}
}

static int pull_in_form(unsigned form, pp_rx *rx, struct job *j)
{
	switch (form % 6) {
	case 0:  return jobs_pull(rx, j);
	case 1:  return jobs_try_pull(rx, j);
	case 2:  return jobs_pull_until(rx, j, pp_in(PP_SEC));
	case 3:  return jobs_pull_n(rx, j, 1) == 1 ? 0 : -1;
	case 4:  return jobs_try_pull_n(rx, j, 1) == 1 ? 0 : -1;
	default: return jobs_pull_n_until(rx, j, 1, 1, pp_in(PP_SEC)) == 1 ? 0 : -1;
	}
}

static void every_form_and_index(pp_kind kind, size_t capacity)
{
	struct ends e;
	struct job j;

	EXPECT_EQ(jobs_open(&e.tx, &e.rx, kind, capacity), 0);
	for (unsigned i = 0; i < 200; i++) {
		j = job(i);
		EXPECT_EQ(push_in_form(i, e.tx, &j), 0);
		j = job(0);
		EXPECT_EQ(pull_in_form(i / 6, e.rx, &j), 0);
		expect_job(&j, i);
	}
	ends_let_go(&e);
}

Test(typed, every_form_brings_the_item_at_every_index)
{
	for_each_ring(1, every_form_and_index);
}

static void opened(pp_kind kind, size_t capacity)
{
	struct ends e;

	EXPECT_EQ(jobs_open(&e.tx, &e.rx, kind, capacity), 0);
	EXPECT_EQ(pp_tx_kind(e.tx), kind);
	EXPECT_EQ(pp_rx_capacity(e.rx), capacity);
	EXPECT_EQ(pp_rx_item_size(e.rx), sizeof(struct job));
	ends_let_go(&e);
}

Test(typed, open_makes_a_ring_of_the_type)
{
	struct ends e;

	for_each_ring(0, opened);
	EXPECT_EQ(jobs_open(&e.tx, &e.rx, PP_MPMC + PP_SPSC, 1), -EINVAL);
	EXPECT(!e.tx && !e.rx);
}

static void expect_jobs(const struct job *jobs, uint64_t first, size_t n)
{
	for (size_t i = 0; i < n; i++)
		expect_job(&jobs[i], first + i);
}

/* Each form with numbers that show when two of its arguments change places. */
static void batches(pp_kind kind)
{
	struct job in[8], out[8];
	struct ends e;

	for (uint64_t i = 0; i < ARRAY_LEN(in); i++)
		in[i] = job(i);
	EXPECT_EQ(jobs_open(&e.tx, &e.rx, kind, 5), 0);
	EXPECT_EQ(jobs_push_n(e.tx, in, 0), 0);
	EXPECT_EQ(jobs_push_n(e.tx, in, 2), 2);
	EXPECT_EQ(jobs_try_push_n(e.tx, in + 2, 6), 3);
	EXPECT_EQ(jobs_push_n_until(e.tx, in, 1, pp_now()), -ETIMEDOUT);
	EXPECT_EQ(jobs_try_pull_n(e.rx, out, 2), 2);
	expect_jobs(out, 0, 2);
	EXPECT_EQ(jobs_push_n_until(e.tx, in + 5, 3, pp_now()), 2);
	EXPECT_EQ(jobs_pull_n_until(e.rx, out, 1, 3, PP_FOREVER), 3);
	expect_jobs(out, 2, 3);
	EXPECT_EQ(jobs_pull_n_until(e.rx, out, 4, 8, pp_now()), 2); /* min is not reached */
	expect_jobs(out, 5, 2);
	EXPECT_EQ(jobs_try_pull_n(e.rx, out, 8), -EAGAIN);
	EXPECT_EQ(jobs_pull_n_until(e.rx, out, 0, 8, PP_FOREVER), -EAGAIN);
	EXPECT_EQ(jobs_pull_n_until(e.rx, out, 8, 1, PP_FOREVER), -EINVAL);
	EXPECT_EQ(jobs_push_n(e.tx, in, (size_t)SSIZE_MAX + 1), -EINVAL);
	EXPECT_EQ(jobs_push_n(e.tx, in, 3), 3);
	EXPECT_EQ(jobs_pull_n(e.rx, out, 8), 3);
	expect_jobs(out, 0, 3);
	ends_let_go(&e);
}

Test(typed, batches_move_what_the_plain_ones_would)
{
	batches(PP_SPSC);
	batches(PP_MPMC);
}

static void full_and_empty(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t item = 77;

	for (uint64_t i = 0; i < capacity; i++)
		EXPECT_EQ(u64s_try_push(e.tx, &i), 0);
	EXPECT_EQ(u64s_try_push(e.tx, &item), -EAGAIN);
	EXPECT_EQ(u64s_push_until(e.tx, &item, pp_in(PP_MS)), -ETIMEDOUT);
	ends_drain(&e, 0, capacity);
	EXPECT_EQ(u64s_try_pull(e.rx, &item), -EAGAIN);
	EXPECT_EQ(u64s_pull_until(e.rx, &item, pp_in(PP_MS)), -ETIMEDOUT);
	EXPECT_EQ(item, 77);
	ends_let_go(&e);
}

Test(typed, capacity_is_exact_and_a_failed_pull_leaves_the_item)
{
	for_each_ring(1, full_and_empty);
}

static void mixed(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t item;

	for (uint64_t i = 0; i < 100; i++) {
		EXPECT_EQ(i % 3 ? u64s_push(e.tx, &i) : pp_push(e.tx, &i), 0);
		EXPECT_EQ(i % 2 ? u64s_pull(e.rx, &item) : pp_pull(e.rx, &item), 0);
		EXPECT_EQ(item, i);
	}
	ends_let_go(&e);
}

Test(typed, typed_and_untyped_calls_share_a_ring)
{
	for_each_ring(1, mixed);
}

/* ---- Ends of another kind ----------------------------------------------------------- */

static void refuses_size(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity); /* of uint64_t */
	struct job j = job(1);
	unsigned char byte = 1;

	EXPECT_EQ(jobs_push(e.tx, &j), -EINVAL);
	EXPECT_EQ(jobs_try_push(e.tx, &j), -EINVAL);
	EXPECT_EQ(jobs_push_until(e.tx, &j, PP_FOREVER), -EINVAL);
	EXPECT_EQ(jobs_push_n(e.tx, &j, 1), -EINVAL);
	EXPECT_EQ(jobs_try_push_n(e.tx, &j, 1), -EINVAL);
	EXPECT_EQ(jobs_push_n_until(e.tx, &j, 1, PP_FOREVER), -EINVAL);
	EXPECT_EQ(jobs_pull(e.rx, &j), -EINVAL);
	EXPECT_EQ(jobs_try_pull(e.rx, &j), -EINVAL);
	EXPECT_EQ(jobs_pull_until(e.rx, &j, PP_FOREVER), -EINVAL);
	EXPECT_EQ(jobs_pull_n(e.rx, &j, 1), -EINVAL);
	EXPECT_EQ(jobs_try_pull_n(e.rx, &j, 1), -EINVAL);
	EXPECT_EQ(jobs_pull_n_until(e.rx, &j, 1, 1, PP_FOREVER), -EINVAL);
	EXPECT_EQ(bytes_push(e.tx, &byte), -EINVAL);
	EXPECT_EQ(bytes_pull(e.rx, &byte), -EINVAL);
	EXPECT_EQ(pp_rx_depth(e.rx), 0);
	ends_let_go(&e);
}

Test(typed, an_end_of_another_item_size_is_refused)
{
	for_each_ring(0, refuses_size);
}

Test(typed, no_end_and_no_item_are_refused)
{
	struct ends e = ends_open(PP_SPSC, 4);
	uint64_t item = 1;

	EXPECT_EQ(u64s_push(NULL, &item), -EINVAL);
	EXPECT_EQ(u64s_push(e.tx, NULL), -EINVAL);
	EXPECT_EQ(u64s_pull(NULL, &item), -EINVAL);
	EXPECT_EQ(u64s_pull(e.rx, NULL), -EINVAL);
	EXPECT_EQ(u64s_push_n(NULL, &item, 1), -EINVAL);
	ends_let_go(&e);
}

/* As a later library would be met: ends that begin with a word of which nothing is known. */
static void unknown_word(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	const uint32_t words[] = { 0, UINT32_C(0x3) << 28 | PP_SPSC << 24 | 8, UINT32_MAX };
	uint64_t item;

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		memcpy(e.tx, &words[i], sizeof words[i]);
		memcpy(e.rx, &words[i], sizeof words[i]);
		for (uint64_t k = 0; k < 3 * capacity; k++) {
			EXPECT_EQ(u64s_push(e.tx, &k), 0);
			EXPECT_EQ(u64s_pull(e.rx, &item), 0);
			EXPECT_EQ(item, k);
		}
	}
	ends_let_go(&e);
}

Test(typed, an_end_with_an_unknown_word_is_left_to_the_library)
{
	for_each_ring(1, unknown_word);
}

/* A high-water mark that is exact needs more than the inlined path does. */
static void tracked(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open_with(&PP_CONFIG(.kind = kind, .capacity = capacity, .item_size = 8,
						  .flags = PP_TRACK_DEPTH));
	uint64_t item;

	for (uint64_t depth = 1; depth <= capacity && depth < 20; depth++) {
		for (uint64_t i = 0; i < depth; i++)
			EXPECT_EQ(u64s_push(e.tx, &i), 0);
		for (uint64_t i = 0; i < depth; i++) {
			EXPECT_EQ(u64s_pull(e.rx, &item), 0);
			EXPECT_EQ(item, i);
		}
		EXPECT_EQ(ends_stats(&e).depth_max, depth);
	}
	ends_let_go(&e);
}

Test(typed, an_end_with_a_feature_of_its_own_is_left_to_the_library)
{
	for_each_ring(1, tracked);
}

/* ---- Beside others -------------------------------------------------------------------- */

struct stream {
	pp_tx *tx;
	uint64_t items;
	int failed;
};

static void *push_all(void *arg)
{
	struct stream *s = arg;

	for (uint64_t i = 0; i < s->items && !s->failed; i++)
		s->failed = jobs_push(s->tx, &(struct job[]){ job(i) }[0]);
	pp_close(s->tx);
	return NULL;
}

static void streams(pp_kind kind, size_t capacity)
{
	struct stream s = { .items = SANITIZED ? 20000 : 100000 };
	pthread_t thread;
	uint64_t n = 0;
	struct job j;
	pp_rx *rx;
	int r;

	EXPECT_EQ(jobs_open(&s.tx, &rx, kind, capacity), 0);
	pthread_create(&thread, NULL, push_all, &s);
	while ((r = jobs_pull(rx, &j)) == 0)
		expect_job(&j, n++);
	pthread_join(thread, NULL);
	EXPECT_EQ(r, -EPIPE);
	EXPECT_EQ(n, s.items);
	EXPECT_EQ(s.failed, 0);
	pp_tx_unref(s.tx);
	pp_rx_unref(rx);
}

Test(typed, a_stream_comes_through_whole_and_ends)
{
	for_each_ring(0, streams);
}

static void wakes_sleepers(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	struct call c;
	uint64_t item = 5;

	call_pull(&c, &e, FOREVER);
	ends_await_parked(&e, 0, 1);
	EXPECT_EQ(u64s_push(e.tx, &item), 0);
	EXPECT_EQ(call_join(&c), 0);
	EXPECT_EQ(c.item, 5);
	ends_fill(&e, 0, capacity);
	call_push(&c, &e, FOREVER, capacity);
	ends_await_parked(&e, 1, 0);
	EXPECT_EQ(u64s_pull(e.rx, &item), 0);
	EXPECT_EQ(call_join(&c), 0);
	ends_let_go(&e);
}

Test(typed, an_inlined_call_wakes_who_sleeps)
{
	for_each_ring(1, wakes_sleepers);
}

static ssize_t run_push_n(const struct ends *e, uint64_t *items, size_t n, pp_time deadline)
{
	(void)deadline;
	return u64s_push_n(e->tx, items, n);
}

static ssize_t run_pull_n(const struct ends *e, uint64_t *items, size_t n, pp_time deadline)
{
	(void)deadline;
	return u64s_pull_n(e->rx, items, n);
}

/* A pull waits for the first, a push for room for the last. */
static void batch_waits(pp_kind kind, size_t capacity)
{
	static const struct form push = { "push_n", FOREVER, 1, run_push_n };
	static const struct form pull = { "pull_n", FOREVER, 1, run_pull_n };
	struct ends e = ends_open(kind, capacity);
	uint64_t items[2] = { 3, 4 };
	struct call c = { .form = &pull, .ends = e, .items = items, .n = 2 };

	call_start(&c);
	ends_await_parked(&e, 0, 1);
	ends_fill(&e, 5, 1);
	EXPECT_EQ(call_join(&c), 1);
	EXPECT_EQ(items[0], 5);
	ends_fill(&e, 0, capacity - 1);
	items[0] = capacity - 1;
	items[1] = capacity;
	c = (struct call){ .form = &push, .ends = e, .items = items, .n = 2 };
	call_start(&c);
	ends_await_parked(&e, 1, 0);
	ends_drain(&e, 0, 1);
	EXPECT_EQ(call_join(&c), 2);
	ends_drain(&e, 1, capacity);
	ends_let_go(&e);
}

Test(typed, a_batch_waits_as_the_plain_one_does)
{
	for_each_ring(1, batch_waits);
}

static void ended(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t item = 9;

	ends_fill(&e, 0, 1);
	pp_close(e.tx);
	EXPECT_EQ(u64s_push(e.tx, &item), -ESHUTDOWN);
	EXPECT_EQ(u64s_pull(e.rx, &item), 0);
	EXPECT_EQ(item, 0);
	EXPECT_EQ(u64s_pull(e.rx, &item), -EPIPE);
	ends_let_go(&e);

	e = ends_open(kind, capacity);
	ends_fill(&e, 0, 1);
	pp_cancel(e.rx);
	EXPECT_EQ(u64s_push(e.tx, &item), -EPIPE);
	EXPECT_EQ(u64s_pull(e.rx, &item), -ESHUTDOWN);
	EXPECT_EQ(item, 0);
	ends_let_go(&e);
}

Test(typed, close_and_cancel_end_inlined_calls_too)
{
	for_each_ring(1, ended);
}
