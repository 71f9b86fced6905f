/* SPDX-License-Identifier: MIT */
/*
 * record [--seconds N] [--seed N] [--stamps counter|clock] [--out DIR] [--limit STATES]
 *        [--kind spsc|mpmc] [--capacity N] [--atomic-cancel]
 *
 * Rounds of the real library, each checked as soon as it is over.  A history that is no
 * queue's is written to DIR, with a picture, for `check`.
 *
 * Exit status: 0 none was rejected, 1 some were.  Where it gave up it says so, and has shown
 * nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "round.h"
#include "search.h"

/* What was in the histories of one kind and capacity: a pass says nothing without. */
struct tally {
	unsigned long histories, rejected, gave_up, calls, overlaps, items, states;
	unsigned long none, busy, late, ended, stopped, aborted;
};

static const size_t capacities[] = { 0, 1, 2, 3, 7, 64 };
enum { CAPACITIES = sizeof(capacities) / sizeof(capacities[0]) };

static struct options {
	double seconds;
	uint64_t seed;
	bool clock, counter, atomic_cancel;
	const char *out;
	size_t limit;
	int kind, capacity; /* -1: all */
} options = { .seconds = 10, .out = ".", .limit = SEARCH_LIMIT, .kind = -1, .capacity = -1 };

static struct tally tallies[2][CAPACITIES];
static struct history history;

static double now(void)
{
	return (double)pp_now() / PP_SEC;
}

/* ---- counting ---------------------------------------------------------------------------- */

static void count_op(struct tally *t, const struct op *op)
{
	const struct call_kind *kind = kind_of(op);

	t->calls++;
	t->items += kind->role == ROLE_PULL && kind->part != PART_COMMIT ? op_moved(op) : 0;
	t->none += op->result == -EAGAIN;
	t->busy += op->result == -EBUSY;
	t->late += op->result == -ETIMEDOUT;
	t->ended += op->result == -EPIPE || op->result == -ESHUTDOWN;
	t->stopped += kind->batch && op->result > 0 && op_moved(op) < op->n;
	t->aborted += op->call == CALL_push_abort;
}

/* Calls that overlap one of another thread. */
static unsigned long count_overlaps(const struct history *h)
{
	unsigned long n = 0;
	size_t i, k;

	for (i = 0; i < h->ops; i++) {
		for (k = 0; k < h->ops; k++)
			if (h->op[i].thread != h->op[k].thread && h->op[k].begin <= h->op[i].end &&
			    h->op[i].begin <= h->op[k].end)
				break;
		n += k < h->ops;
	}
	return n;
}

static void count(struct tally *t, const struct history *h, enum verdict v, size_t states)
{
	size_t i;

	t->histories++;
	t->rejected += v == REJECTED;
	t->gave_up += v == GAVE_UP;
	t->states += states;
	t->overlaps += count_overlaps(h);
	for (i = 0; i < h->ops; i++)
		count_op(t, &h->op[i]);
}

/* ---- one round --------------------------------------------------------------------------- */

static void keep(const struct setting *s, uint64_t seed, const char *why)
{
	char path[512];
	FILE *file;

	mkdir(options.out, 0777);
	snprintf(path, sizeof(path), "%s/%s-%zu-%llu.txt", options.out,
	         s->kind == PP_SPSC ? "spsc" : "mpmc", s->capacity, (unsigned long long)seed);
	file = fopen(path, "w");
	printf("FAILED  %s: %s\n", path, why);
	if (!file) {
		perror(path);
		return;
	}
	fprintf(file, "# seed %llu, stamps by %s: %s\n", (unsigned long long)seed,
	        s->stamps == STAMP_CLOCK ? "clock" : "counter", why);
	history_write(&history, file);
	history_draw(&history, file);
	fclose(file);
}

static void run_round(struct search *search, unsigned kind, unsigned capacity, uint64_t seed)
{
	struct setting s = { .kind = kind ? PP_MPMC : PP_SPSC, .capacity = capacities[capacity] };
	struct tally *t = &tallies[kind][capacity];
	struct luck luck = { seed };
	char why[ERROR_MAX] = "";
	enum verdict v;

	setting_draw(&s, &luck);
	s.stamps = options.clock && (!options.counter || luck_below(&luck, 2)) ? STAMP_CLOCK
	                                                                       : STAMP_COUNTER;
	round_record(&s, luck_draw(&luck), &history);
	v = search_run(search, &history, why, sizeof(why));
	count(t, &history, v, search_states(search));
	if (v == REJECTED && t->rejected <= 3)
		keep(&s, seed, why);
}

static bool is_wanted(unsigned kind, unsigned capacity)
{
	return (options.kind < 0 || options.kind == (int)kind) &&
	       (options.capacity < 0 || (size_t)options.capacity == capacities[capacity]);
}

static void run_rounds(struct search *search)
{
	double end = now() + options.seconds;
	struct luck luck = { options.seed };
	unsigned kind, capacity;

	do {
		for (kind = 0; kind < 2; kind++)
			for (capacity = 0; capacity < CAPACITIES; capacity++)
				if (is_wanted(kind, capacity) && now() < end)
					run_round(search, kind, capacity, luck_draw(&luck) >> 16);
	} while (now() < end);
}

/* ---- the end ----------------------------------------------------------------------------- */

static void add(struct tally *sum, const struct tally *t)
{
	unsigned long *to = &sum->histories;
	const unsigned long *from = &t->histories;
	size_t i;

	for (i = 0; i < sizeof(*t) / sizeof(*to); i++)
		to[i] += from[i];
}

static void print(const char *name, const struct tally *t)
{
	printf("%s  %s: %lu histories, %lu calls (%lu%% overlap), %lu items; none %lu, busy %lu, "
	       "late %lu, ended %lu, stopped %lu, aborted %lu; %lu states each",
	       t->rejected ? "FAILED" : "ok    ", name, t->histories, t->calls,
	       t->calls ? 100 * t->overlaps / t->calls : 0, t->items, t->none, t->busy, t->late,
	       t->ended, t->stopped, t->aborted, t->histories ? t->states / t->histories : 0);
	if (t->rejected)
		printf("; %lu rejected", t->rejected);
	if (t->gave_up)
		printf("; gave up on %lu, which says nothing", t->gave_up);
	putchar('\n');
}

static int conclude(void)
{
	struct tally sum = { 0 };
	unsigned kind, capacity;

	for (kind = 0; kind < 2; kind++) {
		for (capacity = 0; capacity < CAPACITIES; capacity++) {
			char name[32];

			if (!tallies[kind][capacity].histories)
				continue;
			snprintf(name, sizeof(name), "%s %zu", kind ? "mpmc" : "spsc",
			         capacities[capacity]);
			print(name, &tallies[kind][capacity]);
			add(&sum, &tallies[kind][capacity]);
		}
	}
	printf("%lu histories, %lu calls: %lu accepted, %lu rejected, %lu gave up (seed %llu)\n",
	       sum.histories, sum.calls, sum.histories - sum.rejected - sum.gave_up, sum.rejected,
	       sum.gave_up, (unsigned long long)options.seed);
	return sum.rejected || sum.overlaps == 0 || sum.gave_up == sum.histories;
}

static bool read_option(const char *name, const char *value)
{
	if (strcmp(name, "--seconds") == 0)
		options.seconds = atof(value);
	else if (strcmp(name, "--seed") == 0)
		options.seed = strtoull(value, NULL, 10);
	else if (strcmp(name, "--out") == 0)
		options.out = value;
	else if (strcmp(name, "--limit") == 0)
		options.limit = strtoul(value, NULL, 10);
	else if (strcmp(name, "--kind") == 0)
		options.kind = strcmp(value, "mpmc") == 0;
	else if (strcmp(name, "--capacity") == 0)
		options.capacity = atoi(value);
	else if (strcmp(name, "--stamps") == 0 && strcmp(value, "clock") == 0)
		options.clock = true;
	else if (strcmp(name, "--stamps") == 0 && strcmp(value, "counter") == 0)
		options.counter = true;
	else
		return false;
	return true;
}

int main(int argc, char **argv)
{
	struct search *search;
	int i;

	options.seed = (uint64_t)pp_now() ^ (uint64_t)getpid() << 40;
	for (i = 1; i < argc; i += 2) {
		if (strcmp(argv[i], "--atomic-cancel") == 0) {
			options.atomic_cancel = true;
			i--;
		} else if (i + 1 == argc || !read_option(argv[i], argv[i + 1])) {
			fprintf(stderr, "unknown: %s\n", argv[i]);
			return 2;
		}
	}
	if (!options.clock && !options.counter)
		options.clock = options.counter = true;
	search = search_make(options.limit);
	search_atomic_cancel(search, options.atomic_cancel);
	run_rounds(search);
	search_free(search);
	return conclude();
}
