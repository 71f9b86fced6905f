/* SPDX-License-Identifier: MIT */
#include "brute.h"

#include <errno.h>
#include <string.h>

/* How far a call has come.  A cancel has two pieces: pushes end, then pulls. */
struct progress { unsigned moved; bool reason, over, half; };

struct world {
	const struct history *h;
	struct progress at[BRUTE_OPS];
	uint32_t line[BRUTE_OPS * BATCH_MAX];
	unsigned waiting;   /* items in line */
	bool closed, cancelled, deaf; /* no more items; pushes told; pulls told */
};

static bool go_on(const struct world *w);

static bool shares_time(const struct op *a, const struct op *b)
{
	return a != b && a->begin <= b->end && b->begin <= a->end;
}

static const struct op *pusher_of(const struct history *h, uint32_t item)
{
	size_t i;
	unsigned k;

	for (i = 0; i < h->ops; i++)
		if (kind_of(&h->op[i])->role == ROLE_PUSH)
			for (k = 0; k < op_moved(&h->op[i]); k++)
				if (h->op[i].items[k] == item)
					return &h->op[i];
	return NULL;
}

/* -EBUSY and its like: for a pull a push of the item that comes next must still be going on; for a
 * push somebody must be pulling. */
static bool somebody_is_busy(const struct world *w, const struct op *op, unsigned ahead)
{
	const struct history *h = w->h;
	size_t i;

	if (h->capacity == 0) {
		for (i = 0; i < h->ops; i++)
			if (shares_time(op, &h->op[i]))
				return true;
		return false;
	}
	if (h->spsc)
		return false;
	if (kind_of(op)->role == ROLE_PULL)
		return w->waiting > ahead && pusher_of(h, w->line[ahead])->end >= op->begin;
	for (i = 0; i < h->ops; i++)
		if (kind_of(&h->op[i])->role == ROLE_PULL && op_moved(&h->op[i]) &&
		    shares_time(op, &h->op[i]))
			return true;
	return false;
}

static bool push_may_fail(const struct world *w, const struct op *op)
{
	bool full = w->waiting == w->h->capacity || w->h->capacity == 0;
	bool ended = w->closed || w->cancelled;

	if (op->result == -ESHUTDOWN)
		return w->closed;
	if (op->result == -EPIPE)
		return w->cancelled && !w->closed;
	if (ended)
		return false;
	if (op->result == -EAGAIN)
		return full;
	if (op->result == -EBUSY)
		return somebody_is_busy(w, op, 0) && (w->h->capacity == 0 || !full);
	return full || somebody_is_busy(w, op, 0);
}

static bool pull_may_fail(const struct world *w, const struct op *op)
{
	bool empty = w->waiting == 0;

	if (op->result == -ESHUTDOWN)
		return w->deaf;
	if (w->deaf)
		return false;
	if (op->result == -EPIPE)
		return w->closed && empty;
	if ((w->closed || w->cancelled) && empty)
		return false;
	if (op->result == -EAGAIN)
		return empty;
	if (op->result == -EBUSY)
		return somebody_is_busy(w, op, 0);
	return empty || somebody_is_busy(w, op, 0);
}

/* Results that the form of a call has not, whatever happens. */
static bool is_possible(const struct op *op)
{
	enum form form = kind_of(op)->form;

	if (kind_of(op)->role > ROLE_PULL)
		return op->result == 0;
	if (op->result == -EAGAIN || op->result == -EBUSY)
		return form == FORM_TRY;
	if (op->result == -ETIMEDOUT)
		return form == FORM_PAST || form == FORM_UNTIL;
	if (op->result < 0)
		return op->result == -EPIPE || op->result == -ESHUTDOWN;
	return kind_of(op)->batch ? op->result > 0 && op->result <= (int)op->n : op->result == 0;
}

/* A batch that stopped early had a reason, which must have been there at some time. */
static bool needs_reason(const struct world *w, const struct op *op)
{
	bool stopped = kind_of(op)->batch && op->result > 0 && op->result < (int)op->n;
	bool push = kind_of(op)->role == ROLE_PUSH;

	return stopped && (w->h->capacity > 0 || (push && kind_of(op)->form == FORM_WAIT));
}

static bool has_reason(const struct world *w, const struct op *op, unsigned moved)
{
	unsigned left = (unsigned)op->result - moved;

	if (kind_of(op)->role == ROLE_PULL)
		return w->waiting == left || somebody_is_busy(w, op, left) || (w->deaf && !left);
	if (left == 0 && (w->closed || w->cancelled))
		return true;
	return kind_of(op)->form != FORM_WAIT &&
	       (w->waiting + left == w->h->capacity || somebody_is_busy(w, op, 0));
}

/* Does a call at capacity 0 hold out for a partner? */
static bool holds_out(const struct op *op, unsigned moved)
{
	enum form form = kind_of(op)->form;

	if (form == FORM_TRY || form == FORM_PAST || op->call == CALL_pull_async)
		return false;
	return kind_of(op)->role == ROLE_PUSH || moved < op->min;
}

static bool finish(const struct world *w, size_t i)
{
	struct world next = *w;

	next.at[i].over = true;
	return go_on(&next);
}

static bool meet(const struct world *w, size_t i, size_t k)
{
	const struct op *push = &w->h->op[i], *pull = &w->h->op[k];
	unsigned a = w->at[i].moved, b = w->at[k].moved;
	struct world next = *w;

	if (kind_of(pull)->role != ROLE_PULL || b >= op_moved(pull) || w->at[k].over ||
	    push->items[a] != pull->items[b] || !(holds_out(push, a) || holds_out(pull, b)))
		return false;
	next.at[i].moved++;
	next.at[k].moved++;
	return go_on(&next);
}

static bool may_act(const struct world *w, size_t i)
{
	size_t k;

	for (k = 0; k < w->h->ops; k++) {
		if (k == i || w->at[k].over)
			continue;
		if (w->h->op[k].end < w->h->op[i].begin ||
		    (w->h->op[k].thread == w->h->op[i].thread && k < i))
			return false;
	}
	return true;
}

/* The next item of a call in or out. */
static bool move_one(const struct world *w, size_t i)
{
	const struct op *op = &w->h->op[i];
	uint32_t item = op->items[w->at[i].moved];
	struct world next = *w;
	size_t k;

	if (w->h->capacity == 0) {
		if (kind_of(op)->role == ROLE_PULL || w->closed || w->cancelled)
			return false;
		for (k = 0; k < w->h->ops; k++)
			if (k != i && may_act(w, k) && meet(w, i, k))
				return true;
		return false;
	}
	next.at[i].moved++;
	if (kind_of(op)->role == ROLE_PUSH) {
		if (w->closed || w->cancelled || w->waiting == w->h->capacity)
			return false;
		next.line[next.waiting++] = item;
	} else {
		if (w->deaf || w->waiting == 0 || w->line[0] != item)
			return false;
		next.waiting--;
		memmove(next.line, next.line + 1, next.waiting * sizeof(next.line[0]));
	}
	return go_on(&next);
}

static bool end_side(const struct world *w, size_t i)
{
	struct world next = *w;

	if (kind_of(&w->h->op[i])->role == ROLE_CLOSE) {
		next.closed = next.at[i].over = true;
		return go_on(&next);
	}
	if (!w->at[i].half) {
		next.cancelled = next.at[i].half = true;
		next.deaf = next.at[i].over = w->h->capacity == 0 || w->deaf;
	} else {
		next.deaf = next.at[i].over = true;
	}
	return go_on(&next);
}

static bool act(const struct world *w, size_t i)
{
	const struct op *op = &w->h->op[i];
	bool push = kind_of(op)->role == ROLE_PUSH;

	if (kind_of(op)->role > ROLE_PULL)
		return end_side(w, i);
	if (op->result < 0)
		return (push ? push_may_fail(w, op) : pull_may_fail(w, op)) && finish(w, i);
	if (needs_reason(w, op) && !w->at[i].reason && has_reason(w, op, w->at[i].moved)) {
		struct world next = *w;

		next.at[i].reason = true;
		if (go_on(&next))
			return true;
	}
	if (w->at[i].moved < op_moved(op))
		return move_one(w, i);
	return (!needs_reason(w, op) || w->at[i].reason) && finish(w, i);
}

static bool go_on(const struct world *w)
{
	bool all = true;
	size_t i;

	for (i = 0; i < w->h->ops; i++) {
		if (w->at[i].over)
			continue;
		all = false;
		if (may_act(w, i) && act(w, i))
			return true;
	}
	return all;
}

static unsigned times_pulled(const struct history *h, uint32_t item)
{
	unsigned times = 0, k;
	size_t i;

	for (i = 0; i < h->ops; i++)
		for (k = 0; kind_of(&h->op[i])->role == ROLE_PULL && k < op_moved(&h->op[i]); k++)
			times += h->op[i].items[k] == item;
	return times;
}

static unsigned times_dropped(const struct history *h, uint32_t item)
{
	unsigned times = 0;
	size_t i;

	for (i = 0; i < h->drops; i++)
		times += h->drop[i] == item;
	return times;
}

/* What is pulled out of a queue was pushed into it; nothing of what was is forgotten. */
static bool book_is_right(const struct history *h)
{
	size_t i;
	unsigned k;

	for (i = 0; i < h->drops; i++)
		if (!pusher_of(h, h->drop[i]))
			return false;
	for (i = 0; i < h->ops; i++) {
		const struct op *op = &h->op[i];

		for (k = 0; k < op_moved(op); k++) {
			unsigned ways = times_pulled(h, op->items[k]) + times_dropped(h, op->items[k]);
			const struct op *pusher = pusher_of(h, op->items[k]);

			if (!pusher || ways > 1 || (h->over && ways == 0) ||
			    (kind_of(op)->role == ROLE_PUSH && pusher != op))
				return false;
		}
	}
	return true;
}

bool brute_accepts(const struct history *h)
{
	struct world w = { .h = h };
	size_t i;

	for (i = 0; i < h->ops; i++)
		if (!is_possible(&h->op[i]) || (i && h->op[i].thread == h->op[i - 1].thread &&
		                                h->op[i - 1].end > h->op[i].begin))
			return false;
	return book_is_right(h) && go_on(&w);
}
