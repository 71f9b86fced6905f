/* SPDX-License-Identifier: MIT */
#include "tiny.h"

#include <errno.h>
#include <string.h>

enum { TICK = 10, TINY_THREADS = 4 };

struct queue {
	uint32_t item[64];
	unsigned length, capacity;
	uint32_t next;
	bool closed, cancelled;
};

/* ---- a queue, one call at a time ----------------------------------------------------------- */

static const enum call pushes[] = { CALL_push, CALL_try_push, CALL_past_push, CALL_push_until,
                                    CALL_push_n, CALL_try_push_n, CALL_push_n_until };
static const enum call pulls[] = { CALL_pull, CALL_try_pull, CALL_past_pull, CALL_pull_until,
                                   CALL_pull_n, CALL_try_pull_n, CALL_pull_n_until };

static int refusal(const struct op *op)
{
	return kind_of(op)->form == FORM_TRY ? -EAGAIN : -ETIMEDOUT;
}

static void do_push(struct queue *q, struct op *op, struct luck *luck)
{
	unsigned i, moved = 0;

	op->n = kind_of(op)->batch ? 1 + luck_below(luck, 3) : 1;
	for (i = 0; i < op->n; i++)
		op->items[i] = q->next++;
	if (q->closed || q->cancelled) {
		op->result = q->closed ? -ESHUTDOWN : -EPIPE;
		return;
	}
	for (; moved < op->n && q->length < q->capacity; moved++)
		q->item[q->length++] = op->items[moved];
	op->result = moved == 0 ? refusal(op) : kind_of(op)->batch ? (int)moved : 0;
}

static void do_pull(struct queue *q, struct op *op, struct luck *luck)
{
	unsigned moved = 0;

	op->n = kind_of(op)->batch ? 1 + luck_below(luck, 3) : 1;
	op->min = 1;
	if (q->cancelled) {
		op->result = -ESHUTDOWN;
		return;
	}
	for (; moved < op->n && q->length; moved++) {
		op->items[moved] = q->item[0];
		memmove(q->item, q->item + 1, --q->length * sizeof(q->item[0]));
	}
	op->result = moved == 0 ? q->closed ? -EPIPE : refusal(op)
	                        : kind_of(op)->batch ? (int)moved : 0;
}

/* Both sides of a rendezvous, in one moment. */
static void do_meet(struct queue *q, struct op *push, struct op *pull)
{
	push->call = CALL_push;
	pull->call = CALL_pull;
	push->n = pull->n = pull->min = 1;
	push->items[0] = pull->items[0] = q->next++;
	push->result = pull->result = q->closed ? -ESHUTDOWN : q->cancelled ? -EPIPE : 0;
	if (push->result)
		pull->result = q->cancelled ? -ESHUTDOWN : -EPIPE;
}

static void do_call(struct queue *q, struct op *op, struct luck *luck)
{
	if (luck_below(luck, 12) == 0) {
		bool close = luck_below(luck, 2);

		op->call = close ? CALL_close : CALL_cancel;
		q->closed |= close;
		q->cancelled |= !close;
	} else if (luck_below(luck, 2)) {
		op->call = pushes[luck_below(luck, sizeof(pushes) / sizeof(pushes[0]))];
		do_push(q, op, luck);
	} else {
		op->call = pulls[luck_below(luck, sizeof(pulls) / sizeof(pulls[0]))];
		do_pull(q, op, luck);
	}
}

static void place(struct op *op, int64_t now, int64_t *free, struct luck *luck)
{
	op->begin = now - (int64_t)luck_below(luck, 3 * TICK);
	op->end = now + (int64_t)luck_below(luck, 3 * TICK);
	if (op->begin <= free[op->thread])
		op->begin = free[op->thread] + 1;
	if (op->end < op->begin)
		op->end = op->begin;
	free[op->thread] = op->end;
}

/* A thread that is free at `now`, or TINY_THREADS. */
static unsigned free_thread(const int64_t *free, int64_t now, unsigned not, struct luck *luck)
{
	unsigned t = luck_below(luck, TINY_THREADS), i;

	for (i = 0; i < TINY_THREADS; i++, t = (t + 1) % TINY_THREADS)
		if (free[t] < now && t != not)
			return t;
	return TINY_THREADS;
}

void tiny_make(struct history *h, unsigned ops, struct luck *luck)
{
	struct queue q = { .capacity = luck_below(luck, 4), .next = 1 };
	int64_t free[TINY_THREADS] = { 0 }, now;

	*h = (struct history){ .capacity = q.capacity, .spsc = luck_below(luck, 2) };
	for (now = TICK; h->ops + 2 <= ops; now += TICK) {
		struct op *op = &h->op[h->ops];
		unsigned t = free_thread(free, now, TINY_THREADS, luck), other;

		if (t == TINY_THREADS)
			continue;
		*op = (struct op){ .thread = t };
		h->ops++;
		other = free_thread(free, now, t, luck);
		if (q.capacity == 0 && other < TINY_THREADS && luck_below(luck, 2)) {
			op[1] = (struct op){ .thread = other };
			h->ops++;
			do_meet(&q, op, op + 1);
			place(op + 1, now, free, luck);
		} else {
			do_call(&q, op, luck);
		}
		place(op, now, free, luck);
	}
	history_sort(h);
}

/* ---- changes -------------------------------------------------------------------------------- */

static struct op *some_op(struct history *h, struct luck *luck)
{
	return &h->op[luck_below(luck, (unsigned)h->ops)];
}

/* One that moved items; NULL: by chance none was found. */
static struct op *some_mover(struct history *h, enum role role, struct luck *luck)
{
	unsigned i;

	for (i = 0; i < 200; i++) {
		struct op *op = some_op(h, luck);

		if (kind_of(op)->role == role && kind_of(op)->part <= PART_BEGIN && op_moved(op))
			return op;
	}
	return NULL;
}

static void change_result(struct op *op, struct luck *luck)
{
	static const int results[] = { -EAGAIN, -EBUSY, -ETIMEDOUT, -EPIPE, -ESHUTDOWN };

	if (op->result < 0)
		op->result = results[luck_below(luck, 5)];
	else if (op_moved(op) > 1)
		op->result--;
}

static void move_op(struct op *op, struct luck *luck)
{
	int64_t by = (int64_t)luck_below(luck, 4 * TICK) - 2 * TICK;

	op->begin += by;
	op->end += by;
}

static void swap(uint32_t *a, uint32_t *b)
{
	uint32_t was = *a;

	*a = *b;
	*b = was;
}

static void swap_items(struct history *h, struct luck *luck)
{
	struct op *a = some_mover(h, ROLE_PULL, luck), *b = some_mover(h, ROLE_PULL, luck);

	if (a && b)
		swap(&a->items[luck_below(luck, op_moved(a))], &b->items[luck_below(luck, op_moved(b))]);
}

static void drop_op(struct history *h, struct op *op)
{
	*op = h->op[--h->ops];
	history_sort(h);
}

void history_mutate(struct history *h, struct luck *luck)
{
	switch (h->ops > 1 ? luck_below(luck, 7) : 0) {
	case 0: change_result(some_op(h, luck), luck); break;
	case 1: move_op(some_op(h, luck), luck); break;
	case 2: swap_items(h, luck); break;
	case 3: drop_op(h, some_op(h, luck)); break;
	case 4: h->capacity = luck_below(luck, 4); break;
	case 5: h->spsc = !h->spsc; break;
	default: some_op(h, luck)->end += luck_below(luck, 3 * TICK); break;
	}
	history_sort(h);
}

static bool spoil_order(struct history *h, struct luck *luck)
{
	struct op *a = some_mover(h, ROLE_PULL, luck), *b = some_mover(h, ROLE_PULL, luck);

	/* Two of one producer, pulled one after the other by two calls. */
	if (!a || !b || a->end >= b->begin || a->items[0] >> 16 != b->items[0] >> 16)
		return false;
	if (kind_of(a)->part != PART_WHOLE || kind_of(b)->part != PART_WHOLE)
		return false;
	swap(&a->items[0], &b->items[0]);
	return true;
}

static bool spoil_time(struct history *h, struct luck *luck)
{
	struct op *pull = some_mover(h, ROLE_PULL, luck);
	size_t i;

	for (i = 0; pull && i < h->ops; i++) {
		struct op *op = &h->op[i];

		if (kind_of(op)->role == ROLE_PUSH && op_moved(op) && op->items[0] == pull->items[0]) {
			pull->end = op->begin - 1;
			pull->begin = pull->end - 1;
			history_sort(h);
			return true;
		}
	}
	return false;
}

bool history_spoil(struct history *h, struct luck *luck)
{
	struct op *op = NULL;

	switch (luck_below(luck, 5)) {
	case 0:
		op = some_mover(h, ROLE_PULL, luck);
		if (op)
			op->items[0] = 0xfffffff0; /* nobody pushed it */
		break;
	case 1:
		op = some_mover(h, ROLE_PUSH, luck);
		if (op && h->over)
			drop_op(h, op);
		break;
	case 2:
		op = some_mover(h, ROLE_PULL, luck);
		if (op && h->over)
			drop_op(h, op);
		break;
	case 3:
		return spoil_order(h, luck);
	default:
		return spoil_time(h, luck);
	}
	return op && (h->over || op->items[0] == 0xfffffff0);
}
