/* SPDX-License-Identifier: MIT */
#include "worker.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

void nap_us(unsigned us)
{
	nanosleep(&(struct timespec){ .tv_nsec = (long)us * 1000 }, NULL);
}

/* Overlap is what a history lives on, and there may be few CPUs. */
static void pause_somehow(struct worker *w)
{
	unsigned naps = w->round->setting->naps;

	if (!naps || luck_below(&w->luck, naps))
		return;
	if (luck_below(&w->luck, 3))
		sched_yield();
	else
		nap_us(luck_below(&w->luck, 60));
}

static struct op *next_op(struct worker *w, enum call call)
{
	struct op *op = &w->op[w->ops++];

	if (w->ops > WORKER_OPS)
		abort();
	*op = (struct op){ .call = call, .thread = w->thread, .min = 1, .n = 1 };
	return op;
}

static void note(struct worker *w, const struct op *op)
{
	if (op->result == -EPIPE || op->result == -ESHUTDOWN)
		w->over = true;
	pause_somehow(w);
}

static bool room_for(const struct worker *w, unsigned ops)
{
	return w->ops + ops <= WORKER_OPS;
}

/* ---- what to do next --------------------------------------------------------------------- */

#define SIDE(side)                                                                            \
	CALL_##side, CALL_try_##side, CALL_try_##side, CALL_past_##side, CALL_##side##_until, \
	CALL_##side, CALL_try_##side##_n, CALL_##side##_n, CALL_past_##side##_n,              \
	CALL_##side##_n_until, CALL_select_##side, CALL_past_select_##side,                   \
	CALL_select_##side##_until, CALL_##side##_async

static const enum call pushes[] = { SIDE(push) }, pulls[] = { SIDE(pull) };

static const enum call push_begins[] = { CALL_push_begin, CALL_try_push_begin, CALL_past_push_begin,
                                         CALL_push_begin_until };
static const enum call pull_begins[] = { CALL_pull_begin, CALL_try_pull_begin, CALL_past_pull_begin,
                                         CALL_pull_begin_until };

enum { SIDE_CALLS = sizeof(pushes) / sizeof(pushes[0]), BEGINS = 4, LARGEST_BATCH = 5 };

static uint32_t new_item(struct worker *w)
{
	return (uint32_t)w->thread << 16 | ++w->serial;
}

static void push_once(struct worker *w, enum call call)
{
	struct op *op = next_op(w, call);
	unsigned i;

	if (kind_of(op)->batch)
		op->n = 1 + luck_below(&w->luck, LARGEST_BATCH);
	for (i = 0; i < op->n; i++)
		op->items[i] = new_item(w);
	call_make(w, op);
	note(w, op);
}

static void pull_once(struct worker *w, enum call call)
{
	struct op *op = next_op(w, call);

	/* What was taken back on PP_SPSC is checked in two steps for each pull: plan.c. */
	if (kind_of(op)->batch && w->round->setting->kind == PP_SPSC && w->round->setting->aborts)
		op->call = CALL_pull;
	if (kind_of(op)->batch)
		op->n = 1 + luck_below(&w->luck, LARGEST_BATCH);
	if (op->call == CALL_pull_n_until || op->call == CALL_past_pull_n)
		op->min = 1 + luck_below(&w->luck, op->n);
	call_make(w, op);
	note(w, op);
}

/* In between nothing that waits: it might be for this very slot. */
static void push_in_place(struct worker *w)
{
	const struct setting *s = w->round->setting;
	struct op *op = next_op(w, push_begins[luck_below(&w->luck, BEGINS)]);
	unsigned meanwhile = s->kind == PP_MPMC ? luck_below(&w->luck, 3) : 0;
	uint32_t item = op->items[0] = new_item(w);
	bool aborts = s->aborts && luck_below(&w->luck, 2);
	void *slot = call_begin(w, op);

	note(w, op);
	if (!slot)
		return;
	while (meanwhile--)
		push_once(w, CALL_try_push);
	op = next_op(w, aborts ? CALL_push_abort : CALL_push_commit);
	op->items[0] = item;
	call_end(w, op, slot);
	note(w, op);
}

static void pull_in_place(struct worker *w)
{
	struct op *op = next_op(w, pull_begins[luck_below(&w->luck, BEGINS)]);
	unsigned meanwhile = w->round->setting->kind == PP_MPMC ? luck_below(&w->luck, 3) : 0;
	void *slot = call_begin(w, op);
	uint32_t item = op->items[0];

	note(w, op);
	if (!slot)
		return;
	while (meanwhile--)
		pull_once(w, CALL_try_pull);
	op = next_op(w, CALL_pull_commit);
	op->items[0] = item;
	call_end(w, op, slot);
	note(w, op);
}

static bool in_place(struct worker *w)
{
	return w->round->setting->capacity && luck_below(&w->luck, 6) == 0;
}

/* ---- threads ----------------------------------------------------------------------------- */

static void end_ring(struct worker *w, enum call call)
{
	struct op *op = next_op(w, call);

	op->n = 0;
	call_make(w, op);
}

void *worker_produce(void *worker)
{
	struct worker *w = worker;
	unsigned i;

	pthread_barrier_wait(&w->round->start);
	for (i = 0; i < w->round->setting->calls && !w->over; i++) {
		if (in_place(w))
			push_in_place(w);
		else
			push_once(w, pushes[luck_below(&w->luck, SIDE_CALLS)]);
	}
	if (atomic_fetch_sub(&w->round->producing, 1) == 1)
		end_ring(w, CALL_close);
	atomic_fetch_sub(&w->round->alive, 1);
	return NULL;
}

void *worker_consume(void *worker)
{
	struct worker *w = worker;
	unsigned i;

	pthread_barrier_wait(&w->round->start);
	for (i = 0; i < w->round->setting->calls && !w->over; i++) {
		if (in_place(w))
			pull_in_place(w);
		else
			pull_once(w, pulls[luck_below(&w->luck, SIDE_CALLS)]);
	}
	while (!w->over && room_for(w, 1))
		pull_once(w, luck_below(&w->luck, 2) ? CALL_pull : CALL_pull_n);
	atomic_fetch_sub(&w->round->alive, 1);
	return NULL;
}

void *worker_end(void *worker)
{
	struct worker *w = worker;
	enum ending e = w->round->setting->ending;
	bool cancel_first = luck_below(&w->luck, 2);

	pthread_barrier_wait(&w->round->start);
	nap_us(luck_below(&w->luck, 400));
	if (e == ENDING_CANCEL || (e == ENDING_BOTH && cancel_first))
		end_ring(w, CALL_cancel);
	if (e == ENDING_CLOSE || e == ENDING_BOTH)
		end_ring(w, CALL_close);
	if (e == ENDING_BOTH && !cancel_first)
		end_ring(w, CALL_cancel);
	atomic_fetch_sub(&w->round->alive, 1);
	return NULL;
}
