/* SPDX-License-Identifier: MIT */
/* What the threads of a sample do between items: mark, look, keep a pace, check. */
#include "worker.h"

#include <string.h>

/* Items until the producer looks up; at random, so as not to beat with the ring. */
static uint64_t next_mark(struct worker *w)
{
	const run_spec *spec = w->run->spec;
	uint64_t every = spec->mark_every ? spec->mark_every : spec->poll_every;

	return every ? every / 2 + 1 + next_random(&w->random) % every : UINT64_MAX;
}

/* How far the producer may run before somebody has to look. */
static void set_run(struct worker *w)
{
	bool marked = w->run->spec->mark_every && w->may_mark && !w->resting &&
		      w->to_mark <= w->to_pause;

	w->side.run = w->to_mark < w->to_pause ? w->to_mark : w->to_pause;
	w->side.mark = marked ? PP_BENCH_MARK : 0;
}

/* A rate can fall by a factor of a thousand, from spinning to sleeping: no sample for ever. */
static void stop_late(struct worker *w, int64_t now)
{
	const run_spec *spec = w->run->spec;

	if (spec->longest > 0 && (double)(now - w->begin_ns) > spec->longest * 1e9 &&
	    w->side.moved >= spec->least / w->run->producers + 1)
		w->side.left = 0;
}

/* The end of a turn with or without sampling?  Both kinds read the clock as often, so that a
 * disturbance that falls on an end makes either as long. */
static void take_turns(struct worker *w, int64_t now)
{
	double took = (double)(now - w->turn_began);
	size_t *count = &w->turn_count[w->resting];

	if (!w->turns[0] || took < w->run->spec->turn_ns)
		return;
	if (*count < TURNS_MAX)
		w->turns[w->resting][(*count)++] = took / (double)(w->side.moved - w->turn_moved);
	w->turn_began = now;
	w->turn_moved = w->side.moved;
	w->resting = !w->resting;
}

/* Is it time for a look at the depth, and to mark an item? */
static bool time_to_look(struct worker *w, int64_t now)
{
	double apart = w->run->spec->mark_ns;

	if (!w->run->spec->mark_every || w->resting || now < w->mark_due)
		return false;
	look_add(&w->log, now, 0, depth_of(w->run), LOOK_DEPTH);
	/* At random, from half to one and a half. */
	w->mark_due = now + (int64_t)(apart * (0.5 + (double)(next_random(&w->random) % 1024) / 1024));
	return true;
}

static void on_tick(pp_bench_side *side)
{
	struct worker *w = side->harness;
	uint64_t ran = w->to_mark < w->to_pause ? w->to_mark : w->to_pause;
	int64_t now = clock_of(w->run);

	if (side->mark) {
		look_add(&w->log, now, side->word - 1, 0, LOOK_WAIT);
		w->marks++;
		w->may_mark = false;
	}
	if (time_to_look(w, now))
		w->may_mark = true;
	take_turns(w, now);
	stop_late(w, now);
	w->to_mark -= ran;
	w->to_pause -= ran;
	if (!w->to_mark)
		w->to_mark = next_mark(w);
	if (!w->to_pause) {
		sleep_ns(BURST_PAUSE_NS);
		w->to_pause = BURST_ITEMS;
	}
	set_run(w);
}

/* Paced: let go what is due, up to the next item that is marked. */
static void on_pace(pp_bench_side *side)
{
	struct worker *w = side->harness;
	uint64_t sent = side->word & PP_BENCH_SEQ_MASK, due;

	if (side->mark) {
		/* Only its number is wanted, for items that carry none. */
		look_add(&w->log, 0, side->word - 1, 0, LOOK_WAIT);
		w->marks++;
		w->to_mark = next_mark(w);
	}
	do {
		due = (uint64_t)((double)(now_ns() - w->begin_ns) / w->run->step_ns);
	} while (due <= sent);
	side->run = due - sent < w->to_mark ? due - sent : w->to_mark;
	side->mark = side->run == w->to_mark ? PP_BENCH_MARK : 0;
	if (!side->mark)
		w->to_mark -= side->run;
}

static void on_marked(pp_bench_side *side, uint64_t word)
{
	struct worker *w = side->harness;

	look_add(&w->log, clock_of(w->run), word & ~PP_BENCH_MARK, depth_of(w->run),
		 LOOK_DEPTH | LOOK_WAIT | LOOK_PULLED);
}

/* Small items: only where they have one way to come can their order be told. */
static void verify_low(struct worker *w, uint64_t word)
{
	if (w->run->producers == 1 && w->run->consumers == 1 &&
	    (word ^ w->expected[0]++) & room_of(w->run->spec))
		w->disorder = true;
}

/* Every item of a producer comes once, and in order as far as one consumer can tell. */
static void on_verify(pp_bench_side *side, uint64_t word)
{
	struct worker *w = side->harness;
	unsigned from = PP_BENCH_PRODUCER(word);
	uint64_t seq = word & PP_BENCH_SEQ_MASK;

	if (too_small(w->run->spec))
		verify_low(w, word);
	else if (from >= w->run->producers || seq < w->expected[from])
		w->disorder = true;
	else
		w->expected[from] = seq + 1;
}

void marks_begin(struct worker *w)
{
	const run_spec *spec = w->run->spec;
	int i;

	w->side.tick = spec->pace > 0 ? on_pace : on_tick;
	w->side.marked = on_marked;
	w->side.verify = w->consumer && spec->verify ? on_verify : NULL;
	if (spec->mark_every) {
		w->log.room = w->consumer ? LOOKS_MAX : LOOKS_MAX / w->run->producers;
		w->log.looks = touched(w->log.room * sizeof(look));
	}
	if (spec->verify)
		w->expected = touched(w->run->producers * sizeof(*w->expected));
	for (i = 0; i < 2 && spec->turn_ns > 0 && !w->consumer && !w->index; i++)
		w->turns[i] = touched(TURNS_MAX * sizeof(double));
	w->to_pause = !w->consumer && spec->regime == BURSTY_PRODUCER ? BURST_ITEMS : UINT64_MAX;
	w->to_mark = next_mark(w);
	w->may_mark = true;
	if (spec->pace <= 0)
		set_run(w);
}
