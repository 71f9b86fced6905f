/* SPDX-License-Identifier: MIT */
#include "explore.h"

#include <stdio.h>
#include <stdlib.h>

struct explored *explored;

static enum { ALL, RANDOM, REPLAY } mode;

/* ---- each way once ------------------------------------------------------------------------- */

/* A point at which there was more than one option, on the way of this execution. */
static struct node {
	uint32_t point;
	unsigned char chosen, allowed, costless;
} path[MOST_POINTS];
static unsigned depth, cursor;
static unsigned used, bound; /* deviations */

static unsigned decide_all(uint32_t point, unsigned n, unsigned costless)
{
	unsigned allowed = used < bound ? n : costless;
	struct node *node = &path[cursor];

	if (allowed <= 1)
		return 0;
	if (cursor == depth) {
		if (depth == MOST_POINTS)
			return 0; /* the scheduler gives up long before */
		*node = (struct node){ point, 0, (unsigned char)allowed, (unsigned char)costless };
		depth++;
	} else if (node->point != point || node->allowed != allowed) {
		fprintf(stderr, "not the same execution twice: point %u\n", point);
		abort();
	}
	cursor++;
	used += node->chosen >= costless;
	return node->chosen;
}

/* The deepest point that has an option left takes it.  False: there is none. */
static bool backtrack(void)
{
	while (depth > 0) {
		struct node *last = &path[depth - 1];

		if (last->chosen + 1 < last->allowed) {
			last->chosen++;
			return true;
		}
		depth--;
	}
	return false;
}

void explore_all(unsigned most)
{
	mode = ALL;
	bound = most;
	depth = 0;
	explored->executions = 0;
	explored->random = explored->complete = false;
	explored->bound = most;
}

/* ---- at random ------------------------------------------------------------------------------ */

enum { CHANGES = 3, THREADS = 8 };

static uint64_t first_seed, state;

/* Hardly any purely random schedule stops one thread for long, and long stops are what lost wakes
 * are made of.  So each execution has a habit: how likely a thread is to go on, and whether one is
 * frozen for a while; or priorities that change at a few points (after S. Burckhardt and others, "A
 * randomized scheduler with probabilistic guarantees of finding bugs", 2010). */
static struct {
	bool priorities;
	unsigned stay, early;
	uint32_t frozen, from, until;
	uint32_t change[CHANGES];
	int priority[THREADS];
	int lowest;
} habit;

static unsigned draw(unsigned n)
{
	uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (unsigned)((z ^ z >> 31) % n);
}

static void draw_habit(uint64_t seed)
{
	unsigned points, i;

	state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	points = 60u << draw(4); /* as many as there may be */
	habit.priorities = draw(3) == 0;
	habit.stay = draw(6);
	habit.early = 4u << 2 * draw(4);
	habit.frozen = draw(8); /* often nobody */
	habit.from = draw(points);
	habit.until = habit.from + draw(points);
	habit.lowest = 0;
	for (i = 0; i < THREADS; i++)
		habit.priority[i] = (int)draw(1000) + 1;
	for (i = 0; i < CHANGES; i++)
		habit.change[i] = draw(points);
}

static int *priority_of(const struct option *o)
{
	return &habit.priority[o->thread % THREADS];
}

static unsigned by_priority(const struct option *o, unsigned runs, uint32_t point)
{
	unsigned best = 0, i;

	for (i = 0; i < CHANGES; i++)
		if (habit.change[i] == point)
			*priority_of(o) = --habit.lowest;
	for (i = 1; i < runs; i++)
		if (*priority_of(&o[i]) > *priority_of(&o[best]))
			best = i;
	return best;
}

static unsigned decide_at_random(uint32_t point, const struct option *o, unsigned n,
                                 unsigned costless)
{
	unsigned runs = 0, i;
	bool frozen;

	if (o[0].kind == OPTION_PICK)
		return costless == 1 && draw(16) ? 0 : draw(n);
	while (runs < n && o[runs].kind == OPTION_RUN)
		runs++;
	if (runs < n && draw(habit.early) == 0)
		return runs + draw(n - runs);
	if (habit.priorities)
		return by_priority(o, runs, point);
	frozen = point >= habit.from && point < habit.until;
	if (costless == 1 && habit.stay && draw(1u << habit.stay) &&
	    !(frozen && o[0].thread == habit.frozen))
		return 0;
	i = draw(runs);
	if (runs > 1 && frozen && o[i].thread == habit.frozen)
		i = (i + 1 + draw(runs - 1)) % runs;
	return i;
}

void explore_seed(uint64_t seed)
{
	mode = RANDOM;
	first_seed = seed;
	explored->executions = 0;
	explored->random = true;
}

/* ---- as written ---------------------------------------------------------------------------- */

static struct explored *written; /* at[] and deviations of it */

bool explore_replay(const char *schedule)
{
	char *end;

	if (!written)
		written = calloc(1, sizeof *written);
	if (!written)
		abort();
	mode = REPLAY;
	explored->executions = 0;
	written->deviations = 0;
	while (*schedule) {
		unsigned long point = strtoul(schedule, &end, 10);

		if (*end != ':' || written->deviations == MOST_POINTS)
			return false;
		written->at[written->deviations].point = (uint32_t)point;
		written->at[written->deviations++].option = (uint32_t)strtoul(end + 1, &end, 10);
		schedule = *end == ',' ? end + 1 : end;
		if (*end && *end != ',')
			return false;
	}
	return true;
}

static unsigned decide_as_written(uint32_t point, unsigned n)
{
	unsigned option;

	if (cursor == written->deviations || written->at[cursor].point != point)
		return 0;
	option = written->at[cursor++].option;
	return option < n ? option : 0;
}

/* ---- each ---------------------------------------------------------------------------------- */

bool explore_next(void)
{
	bool first = explored->executions == 0;

	if (mode == ALL && !first && !backtrack()) {
		explored->complete = true;
		return false;
	}
	if (mode == REPLAY && !first)
		return false;
	if (mode == RANDOM) {
		explored->seed = first_seed + explored->executions;
		draw_habit(explored->seed);
	}
	explored->executions++;
	explored->points = explored->deviations = 0;
	cursor = used = 0;
	return true;
}

bool explore_goes_on(void)
{
	if (mode == ALL ? used < bound
	                : mode == RANDOM || (cursor < written->deviations &&
	                                     written->at[cursor].point == explored->points))
		return false;
	explored->points++;
	return true;
}

unsigned explore_decide(const struct option *options, unsigned n, unsigned costless,
                        bool at_random_only)
{
	uint32_t point = explored->points++;
	unsigned choice = 0;

	if (n > 1 && point < MOST_POINTS)
		switch (mode) {
		case ALL:    choice = at_random_only ? 0 : decide_all(point, n, costless); break;
		case RANDOM: choice = decide_at_random(point, options, n, costless); break;
		case REPLAY: choice = decide_as_written(point, n); break;
		}
	if (choice && explored->deviations < MOST_POINTS) {
		explored->at[explored->deviations].point = point;
		explored->at[explored->deviations++].option = choice;
	}
	return choice;
}
