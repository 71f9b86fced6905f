/* SPDX-License-Identifier: MIT */
#include "plan.h"

#include <errno.h>
#include <string.h>

#include "values.h"

static bool wrong(const struct op *op, const char *what, char *why, size_t size)
{
	snprintf(why, size, "thread %u: %s at %lld gave %d, %s", op->thread, kind_of(op)->name,
	         (long long)op->begin, op->result, what);
	return false;
}

/* ---- which results a call may have at all ------------------------------------------------ */

static bool may_fail_with(const struct history *h, const struct op *op)
{
	const struct call_kind *kind = kind_of(op);

	if (kind->role > ROLE_PULL || kind->part == PART_ABORT ||
	    (kind->part == PART_COMMIT && (kind->role == ROLE_PULL || !h->spsc)))
		return false;
	switch (op->result) {
	case -ESHUTDOWN:
	case -EPIPE:
		return true;
	case -EAGAIN:
	case -EBUSY:
		return kind->form == FORM_TRY && kind->part != PART_COMMIT;
	case -ETIMEDOUT:
		return kind->form == FORM_PAST || kind->form == FORM_UNTIL;
	default:
		return false;
	}
}

static bool check_result(const struct history *h, const struct op *op, char *why, size_t size)
{
	if (op->result < 0)
		return may_fail_with(h, op) || wrong(op, "which is none of its results", why, size);
	if (kind_of(op)->batch ? op->result == 0 || (unsigned)op->result > op->n : op->result != 0)
		return wrong(op, "which is no number of items", why, size);
	if (kind_of(op)->form == FORM_WAIT && kind_of(op)->role == ROLE_PULL &&
	    op_moved(op) && op_moved(op) < op->min)
		return wrong(op, "which is too few", why, size);
	return true;
}

/* A thread makes one call at a time. */
static bool check_thread(const struct op *before, const struct op *op, char *why, size_t size)
{
	return before->thread != op->thread || before->end <= op->begin ||
	       wrong(op, "and began before the call before it had ended", why, size);
}

/* ---- was another call half-way meanwhile? ------------------------------------------------- */

static bool overlaps(const struct op *op, int64_t begin, int64_t end)
{
	return begin <= op->end && op->begin <= end;
}

static bool others_overlap(const struct history *h, const struct op *op)
{
	size_t i;

	for (i = 0; i < h->ops; i++)
		if (&h->op[i] != op && overlaps(op, h->op[i].begin, h->op[i].end))
			return true;
	return false;
}

static bool pull_overlaps(const struct plan *p, const struct op *op)
{
	size_t i;

	for (i = 0; i < p->values; i++) {
		const struct value *v = &p->value[i];

		if (v->pull && overlaps(op, v->pull->begin, v->pull_end->end))
			return true;
	}
	return false;
}

/* -EBUSY for a push hangs on a pull, or on who passes over a push that was taken back.  For a pull
 * it depends on the item that would be the next: search.c.  PP_SPSC has nothing half-way. */
static bool is_excused(const struct plan *p, const struct op *op)
{
	const struct history *h = p->h;

	if (h->capacity == 0)
		return others_overlap(h, op);
	return !h->spsc && kind_of(op)->role == ROLE_PUSH &&
	       (pull_overlaps(p, op) || (p->any_aborted && others_overlap(h, op)));
}

/* ---- steps -------------------------------------------------------------------------------- */

static struct step *add(struct plan *p, const struct op *op, enum step_kind kind)
{
	struct step *s = &p->all[p->used++];

	*s = (struct step){ .kind = kind, .op = op, .begin = op->begin, .end = op->end };
	p->steps[op->thread]++;
	return s;
}

static enum step_kind failure(const struct op *op)
{
	bool push = kind_of(op)->role == ROLE_PUSH;

	switch (op->result) {
	case -EAGAIN:    return push ? STEP_FULL : STEP_EMPTY;
	case -EBUSY:     return push ? STEP_PUSH_BUSY : STEP_PULL_BUSY;
	case -ETIMEDOUT: return push ? STEP_PUSH_LATE : STEP_PULL_LATE;
	case -ESHUTDOWN: return push ? STEP_PUSH_SHUT : STEP_PULL_SHUT;
	default:         return push ? STEP_PUSH_PIPE : STEP_PULL_PIPE;
	}
}

static bool waits(const struct op *op, unsigned i)
{
	const struct call_kind *kind = kind_of(op);

	return kind->form >= FORM_UNTIL && op->call != CALL_pull_async &&
	       (kind->role == ROLE_PUSH || i < op->min);
}

static void add_whole(struct plan *p, const struct op *op)
{
	const struct call_kind *kind = kind_of(op);
	bool push = kind->role == ROLE_PUSH;
	/* What was taken back there stays until the pull before it has begun, its slot until it ends. */
	bool two_steps = !push && p->h->spsc && p->any_aborted;
	unsigned i, first = p->steps[op->thread], moved = op_moved(op);
	struct step *s = NULL;

	for (i = 0; i < moved; i++) {
		s = add(p, op, push ? STEP_PUSH : two_steps ? STEP_TAKE : STEP_PULL);
		s->value = (uint16_t)(value_named(p, op->items[i]) - p->value);
		s->waits = waits(op, i);
		if (two_steps)
			add(p, op, STEP_RELEASE);
	}
	if (moved == op->n)
		return;
	if (push && kind->form == FORM_WAIT) {
		add(p, op, STEP_PUSH_ENDED);
	} else if (p->h->capacity && !two_steps) {
		s = add(p, op, push ? STEP_PUSH_STOP : STEP_PULL_STOP);
		s->excused = is_excused(p, op);
		for (i = 0; i <= moved; i++)
			s[-(int)i].stop = (uint16_t)(first + moved);
	}
}

static void add_begin(struct plan *p, const struct op *op)
{
	struct value *v = value_named(p, op->items[0]);
	struct step *s;

	if (kind_of(op)->role == ROLE_PULL) {
		add(p, op, STEP_TAKE)->value = (uint16_t)(v - p->value);
	} else if (!p->h->spsc) {
		add(p, op, v->aborted ? STEP_MARK : STEP_PUSH)->value = (uint16_t)(v - p->value);
	} else if (v->aborted) {
		s = add(p, op, STEP_MARK);
		s->value = (uint16_t)(v - p->value);
		s->end = v->push_end->end;
	} /* else the commit pushes it */
}

static void add_end(struct plan *p, const struct op *op)
{
	struct value *v = value_named(p, op->items[0]);
	struct step *s;

	if (kind_of(op)->role == ROLE_PULL) {
		add(p, op, STEP_RELEASE);
	} else if (v->aborted) {
		v->free_thread = op->thread;
		v->free_at = p->steps[op->thread];
		s = add(p, op, STEP_FREE);
		if (p->h->spsc)
			s->begin = v->push->begin;
	} else if (p->h->spsc && op->result < 0) {
		add(p, op, failure(op));
	} else if (p->h->spsc) {
		add(p, op, STEP_PUSH)->value = (uint16_t)(v - p->value);
	}
}

static void add_op(struct plan *p, const struct op *op)
{
	const struct call_kind *kind = kind_of(op);

	if (kind->role == ROLE_CLOSE) {
		add(p, op, STEP_CLOSE);
	} else if (kind->role == ROLE_CANCEL && (p->h->capacity == 0 || p->atomic_cancel)) {
		add(p, op, STEP_CANCEL);
	} else if (kind->role == ROLE_CANCEL) {
		add(p, op, STEP_CANCEL_PUSHES);
		add(p, op, STEP_CANCEL_PULLS);
	} else if (kind->part >= PART_COMMIT) {
		add_end(p, op);
	} else if (op->result < 0) {
		add(p, op, failure(op))->excused = is_excused(p, op);
	} else if (kind->part == PART_BEGIN) {
		add_begin(p, op);
	} else {
		add_whole(p, op);
	}
}

static void find_first_out(struct plan *p, int64_t *out)
{
	unsigned t, i;

	for (t = 0; t < p->threads; t++) {
		p->first_out[t] = out;
		out += p->steps[t] + 1;
		p->first_out[t][p->steps[t]] = INT64_MAX;
		for (i = p->steps[t]; i-- > 0;) {
			const struct step *s = &p->step[t][i];

			p->first_out[t][i] = p->first_out[t][i + 1];
			if (s->kind == STEP_PUSH && value_out(&p->value[s->value]) < p->first_out[t][i])
				p->first_out[t][i] = value_out(&p->value[s->value]);
		}
	}
}

bool plan_make(struct plan *p, const struct history *h, char *why, size_t size)
{
	size_t i;

	p->h = h;
	p->any_aborted = false;
	p->threads = 0;
	p->used = 0;
	memset(p->steps, 0, sizeof(p->steps));
	for (i = 0; i < h->ops; i++)
		if (!check_result(h, &h->op[i], why, size) ||
		    (i && !check_thread(&h->op[i - 1], &h->op[i], why, size)))
			return false;
	if (!values_find(p, why, size))
		return false;
	for (i = 0; i < h->ops; i++) {
		const struct op *op = &h->op[i];

		if (p->threads <= op->thread)
			p->threads = op->thread + 1;
		if (p->steps[op->thread] == 0)
			p->step[op->thread] = &p->all[p->used];
		if (p->used + 2 * BATCH_MAX + 1 > STEPS_MAX) {
			snprintf(why, size, "more steps than fit");
			return false;
		}
		add_op(p, op);
	}
	find_first_out(p, p->out);
	return true;
}
