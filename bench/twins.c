/* SPDX-License-Identifier: MIT *//*
 * A difference of less than one in a hundred is lost between two samples: threads are started
 * anew, and the machine goes on to its next minute.  Here both queues are open at once, and the
 * same threads change from one to the other about every millisecond.  Where a queue happens to lie
 * counts too, so that a sample opens many pairs, in either order.
 */
#include "twins.h"

#include "engine.h"
#include "stats.h"
#include "util.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SOME = 32 /* items that one thread pushes before it pulls them */, FIRST_ITEMS = 4096 };

struct twins {
	const pp_bench_queue *const *queues;
	void          *open[2];
	pp_bench_side  push[2], pull[2];
	uint64_t       items; /* of a turn */
	double         turns[TWINS_TURNS]; /* ns */
};

unsigned twins_turn(unsigned turn)
{
	return (turn ^ turn >> 1) & 1;
}

void twins_medians(double turns[TWINS_SETS][TWINS_TURNS], double ns[2])
{
	double own[TWINS_SETS * TWINS_TURNS];
	unsigned which, set, turn;

	for (which = 0; which < 2; which++) {
		size_t count = 0;

		for (set = 0; set < TWINS_SETS; set++)
			for (turn = TWINS_WARM; turn < TWINS_TURNS; turn++)
				if (twins_turn(turn) == which)
					own[count++] = turns[set][turn];
		ns[which] = quantile(own, count, 0.5);
	}
}

static void push_some(struct twins *t, unsigned which, uint64_t items)
{
	t->push[which].left = items;
	t->push[which].run = UINT64_MAX;
	t->queues[which]->produce(t->open[which], &t->push[which]);
}

static void pull_some(struct twins *t, unsigned which, uint64_t items)
{
	t->pull[which].left = items;
	t->queues[which]->consume(t->open[which], &t->pull[which]);
}

static void *push_in_turns(void *argument)
{
	struct twins *t = argument;
	unsigned turn;

	place_side(PLACE_TWO, false, 0);
	for (turn = 0; turn < TWINS_TURNS; turn++)
		push_some(t, twins_turn(turn), t->items);
	return NULL;
}

static void *pull_in_turns(void *argument)
{
	struct twins *t = argument;
	int64_t last = now_ns(), now;
	unsigned turn;

	place_side(PLACE_TWO, true, 0);
	for (turn = 0; turn < TWINS_TURNS; turn++, last = now) {
		pull_some(t, twins_turn(turn), t->items);
		now = now_ns();
		t->turns[turn] = (double)(now - last);
	}
	return NULL;
}

static void *both_in_turns(void *argument)
{
	struct twins *t = argument;
	int64_t last = now_ns(), now;
	unsigned turn;
	uint64_t i;

	place_side(PLACE_TWO, false, 0);
	for (turn = 0; turn < TWINS_TURNS; turn++, last = now) {
		for (i = 0; i < t->items; i += SOME) {
			push_some(t, twins_turn(turn), SOME);
			pull_some(t, twins_turn(turn), SOME);
		}
		now = now_ns();
		t->turns[turn] = (double)(now - last);
	}
	return NULL;
}

/* Nanoseconds of all turns together. */
static double play(struct twins *t, bool alone)
{
	pthread_t threads[2];
	int64_t start = now_ns();

	if (pthread_create(&threads[0], NULL, alone ? both_in_turns : push_in_turns, t) ||
	    (!alone && pthread_create(&threads[1], NULL, pull_in_turns, t)))
		give_up("cannot start a thread");
	pthread_join(threads[0], NULL);
	if (!alone)
		pthread_join(threads[1], NULL);
	return (double)(now_ns() - start);
}

static struct twins *open_both(const pp_bench_queue *const queues[2], size_t capacity,
			       unsigned first)
{
	pp_bench_spec spec = { .size = sizeof(spec), .capacity = capacity, .item_size = 8,
			       .producers = 1, .consumers = 1, .batch = 1 };
	struct twins *t = touched(sizeof(*t));
	unsigned i;

	t->queues = queues;
	for (i = 0; i < 2; i++) {
		unsigned which = i ^ first;

		if (queues[which]->open(&t->open[which], &spec))
			give_up("%s cannot be opened", queues[which]->name);
		side_plain(&t->push[which], t->open[which], &spec, 0);
		side_plain(&t->pull[which], t->open[which], &spec, 0);
	}
	return t;
}

/* Items are numbered from 0. */
static bool lost(const struct twins *t, unsigned which)
{
	uint64_t n = t->push[which].moved;

	return t->pull[which].moved != n || t->pull[which].sum != n * (n - 1) / 2;
}

static void close_both(struct twins *t)
{
	unsigned which;

	for (which = 0; which < 2; which++) {
		t->queues[which]->close(t->open[which]);
		t->queues[which]->destroy(t->open[which]);
		free(t->push[which].items);
		free(t->pull[which].items);
	}
	free(t);
}

/* Items of a turn, so that a pair takes that long. */
static uint64_t learn(struct twins *t, bool alone, double seconds)
{
	double took;

	for (t->items = FIRST_ITEMS; (took = play(t, alone)) < seconds * 1e9 / 4; t->items *= 2)
		;
	return (uint64_t)((double)t->items * seconds * 1e9 / took) / SOME * SOME + SOME;
}

const char *twins_measure(const pp_bench_queue *const queues[2], size_t capacity, bool alone,
			  double seconds, double ns[2])
{
	double turns[TWINS_SETS][TWINS_TURNS];
	const char *wrong = NULL;
	uint64_t items = 0;
	unsigned set;

	for (set = 0; set < TWINS_SETS; set++) {
		struct twins *t = open_both(queues, capacity, set & 1);

		items = items ? items : learn(t, alone, seconds / TWINS_SETS);
		t->items = items;
		play(t, alone);
		memcpy(turns[set], t->turns, sizeof(t->turns));
		if (lost(t, 0) || lost(t, 1))
			wrong = "items were lost or came twice";
		close_both(t);
	}
	twins_medians(turns, ns);
	ns[0] /= (double)items;
	ns[1] /= (double)items;
	return wrong;
}
