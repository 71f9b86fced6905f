/* SPDX-License-Identifier: MIT */
/*
 * selftest [SEED [TIMES]]: is the checker right?
 *
 *   tiny      random histories of up to eight calls, right and wrong: the search and the second
 *             opinion (brute.h) say the same
 *   recorded  the same of short rounds of the real library, as recorded and changed at random
 *   spoiled   long rounds, accepted as recorded, are rejected once something is lost, invented,
 *             overtaken or pulled before it was pushed
 */
#include <stdlib.h>
#include <string.h>

#include "brute.h"
#include "round.h"
#include "search.h"
#include "tiny.h"

static struct history history, spoiled;
static unsigned failures;

enum { TINY_OPS = 8, RECORDED_OPS = 10 };

static void fail(const char *part, const char *what)
{
	if (failures++ < 3) {
		printf("FAILED  %s: %s\n", part, what);
		history_write(&history, stdout);
		history_draw(&history, stdout);
	}
}

/* ---- two opinions ------------------------------------------------------------------------ */

/* 1: both accept, 0: both reject. */
static int compare(struct search *search, const char *part)
{
	char why[ERROR_MAX] = "";
	enum verdict v = search_run(search, &history, why, sizeof(why));
	bool good = brute_accepts(&history);

	if (v == GAVE_UP)
		fail(part, "gave up");
	else if (good != (v == ACCEPTED))
		fail(part, good ? why : "accepted what the second opinion rejects");
	return good;
}

/* Few of one kind would show nothing. */
static void report(const char *part, unsigned accepted, unsigned all, unsigned before)
{
	bool says_something = accepted > all / 20 && accepted < all - all / 20;

	failures += !says_something;
	printf("%s  %s: %u histories, of which both accept %u\n",
	       failures > before ? "FAILED" : "ok    ", part, all, accepted);
}

static void test_tiny(struct search *search, struct luck *luck, unsigned times)
{
	unsigned before = failures, accepted = 0, i, changes;

	for (i = 0; i < times; i++) {
		tiny_make(&history, 2 + luck_below(luck, TINY_OPS - 1), luck);
		for (changes = luck_below(luck, 3); changes; changes--)
			if (history.ops)
				history_mutate(&history, luck);
		accepted += (unsigned)compare(search, "tiny");
	}
	report("tiny", accepted, times, before);
}

static bool is_whole(const struct history *h)
{
	size_t i;

	for (i = 0; i < h->ops; i++)
		if (kind_of(&h->op[i])->part != PART_WHOLE)
			return false;
	return h->ops > 1;
}

/* Time as ranks, so that a change moves calls past each other. */
static int compare_times(const void *a, const void *b)
{
	const int64_t *const *x = a, *const *y = b;

	return **x < **y ? -1 : **x > **y;
}

static void rank_times(struct history *h)
{
	int64_t *at[2 * RECORDED_OPS], rank = 0, last = -1;
	size_t i, n = 0;

	for (i = 0; i < h->ops; i++) {
		at[n++] = &h->op[i].begin;
		at[n++] = &h->op[i].end;
	}
	qsort(at, n, sizeof(at[0]), compare_times);
	for (i = 0; i < n; i++) {
		int64_t was = *at[i];

		*at[i] = was == last ? rank : (rank += 7);
		last = was;
	}
}

static void record(struct luck *luck, bool brief)
{
	static const size_t capacities[] = { 0, 1, 2, 3, 7, 64 };
	struct setting s = { .kind = luck_below(luck, 3) ? PP_MPMC : PP_SPSC,
	                     .capacity = capacities[luck_below(luck, brief ? 4 : 6)],
	                     .stamps = luck_below(luck, 2) ? STAMP_CLOCK : STAMP_COUNTER };

	setting_draw(&s, luck);
	if (brief) {
		s.calls = 1 + luck_below(luck, 2);
		s.producers = s.kind == PP_MPMC ? 1 + luck_below(luck, 2) : 1;
		s.consumers = s.kind == PP_MPMC ? 1 + luck_below(luck, 2) : 1;
	}
	round_record(&s, luck_draw(luck), &history);
}

static void test_recorded(struct search *search, struct luck *luck, unsigned times)
{
	unsigned before = failures, accepted = 0, all = 0, i, changes;

	for (i = 0; i < times; i++) {
		record(luck, true);
		if (history.ops > RECORDED_OPS || !is_whole(&history))
			continue;
		rank_times(&history);
		for (changes = 0; changes < 8; changes++) {
			all++;
			accepted += (unsigned)compare(search, "recorded");
			spoiled = history;
			history_mutate(&history, luck);
			if (luck_below(luck, 2))
				history = spoiled;
		}
	}
	report("recorded", accepted, all, before);
}

/* ---- what must be rejected --------------------------------------------------------------- */

static void test_spoiled(struct search *search, struct luck *luck, unsigned times)
{
	unsigned before = failures, all = 0, i, k;
	char why[ERROR_MAX] = "";

	for (i = 0; i < times; i++) {
		record(luck, false);
		if (search_run(search, &history, why, sizeof(why)) != ACCEPTED) {
			fail("spoiled", why);
			continue;
		}
		for (k = 0; k < 10; k++) {
			spoiled = history;
			if (!history_spoil(&spoiled, luck))
				continue;
			all++;
			if (search_run(search, &spoiled, why, sizeof(why)) != REJECTED) {
				history = spoiled;
				fail("spoiled", "not rejected");
			}
		}
	}
	failures += all < times;
	printf("%s  spoiled: %u histories\n", failures > before ? "FAILED" : "ok    ", all);
}

int main(int argc, char **argv)
{
	struct luck luck = { argc > 1 ? strtoull(argv[1], NULL, 10) : (uint64_t)pp_now() };
	unsigned times = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 1;
	struct search *search = search_make(SEARCH_LIMIT);

	printf("seed %llu\n", (unsigned long long)luck.state);
	test_tiny(search, &luck, times * 20000);
	test_recorded(search, &luck, times * 250);
	test_spoiled(search, &luck, times * 100);
	search_free(search);
	return failures ? 1 : 0;
}
