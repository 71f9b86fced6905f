/* SPDX-License-Identifier: MIT */
#include "search.h"

#include <stdlib.h>
#include <string.h>

#include "seen.h"

/* A moment between two steps.  The order of the fields is that of a key: what lies behind
 * `queue` follows from `at`. */
struct state {
	uint16_t at[THREADS_MAX];      /* the next step of each thread                        */
	uint32_t met;                  /* by thread: the reason for which its batch stops was there */
	uint32_t length;
	uint16_t queue[CAPACITY_MAX + 1];
	uint16_t open;                 /* slots of items that were pulled in place            */
	bool closed, pushes_end, pulls_end;
	uint32_t done;
};

struct choice { unsigned char thread, partner; };

struct level {
	struct state state;
	struct choice choice[THREADS_MAX];
	unsigned choices, next;
};

struct search {
	struct plan plan;
	struct seen *seen;
	struct level *level;
	size_t levels;
	struct state best;
};

static const struct step *next_of(const struct plan *p, const struct state *st, unsigned t)
{
	return st->at[t] < p->steps[t] ? &p->step[t][st->at[t]] : NULL;
}

/* Nothing that is still to come ended before this: a step that begins later has to wait. */
static int64_t horizon(const struct plan *p, const struct state *st)
{
	int64_t end = INT64_MAX;
	unsigned t;

	for (t = 0; t < p->threads; t++) {
		const struct step *s = next_of(p, st, t);

		if (s && s->end < end)
			end = s->end;
	}
	return end;
}

/* ---- the specification ------------------------------------------------------------------- */

static bool is_full(const struct plan *p, const struct state *st)
{
	return st->length + st->open >= p->h->capacity;
}

/* PP_MPMC: the item at `index` may be half-way during the call: pushed, and not settled before. */
static bool half_way(const struct plan *p, const struct state *st, const struct step *s,
                     uint32_t index)
{
	return !p->h->spsc && st->length > index &&
	       value_settled(&p->value[st->queue[index]]) >= s->begin;
}

/* Why a batch moved no more: there was a moment when what was still to be moved was all. */
static bool stop_is_due(const struct plan *p, const struct state *st, const struct step *s,
                        uint32_t left)
{
	if (s->kind == STEP_PULL_STOP)
		return st->length == left || half_way(p, st, s, left) || (st->pulls_end && left == 0);
	return st->length + st->open + left >= p->h->capacity || s->excused ||
	       (st->pushes_end && left == 0);
}

/* May a call learn this at this moment? */
static bool news_is_true(const struct plan *p, const struct state *st, unsigned t,
                         const struct step *s)
{
	bool meets = p->h->capacity == 0;
	bool nothing_yet = !st->pulls_end && !(st->pushes_end && st->length == 0);

	switch (s->kind) {
	case STEP_FULL:       return !st->pushes_end && (meets || is_full(p, st));
	case STEP_PUSH_BUSY:  return !st->pushes_end && s->excused &&
	                             (meets || st->length < p->h->capacity);
	case STEP_PUSH_LATE:  return !st->pushes_end && (meets || is_full(p, st) || s->excused);
	case STEP_PUSH_SHUT:  return st->closed;
	case STEP_PUSH_PIPE:  return st->pushes_end && !st->closed;
	case STEP_PUSH_ENDED: return st->pushes_end;
	case STEP_EMPTY:      return nothing_yet && st->length == 0;
	case STEP_PULL_BUSY:  return nothing_yet && (meets ? s->excused : half_way(p, st, s, 0));
	case STEP_PULL_LATE:  return nothing_yet && (st->length == 0 || half_way(p, st, s, 0));
	case STEP_PULL_SHUT:  return st->pulls_end;
	case STEP_PULL_PIPE:  return st->closed && st->length == 0 && !st->pulls_end;
	default:              return st->met >> t & 1;
	}
}

/* An item may leave before the others that are pushed now only if it is not pulled after one that
 * is still to come. */
static bool is_its_turn(const struct plan *p, const struct state *st, unsigned t,
                        const struct step *s)
{
	int64_t in = value_in(&p->value[s->value]);
	unsigned i;

	for (i = 0; i < p->threads; i++)
		if (p->first_out[i][st->at[i] + (i == t)] < in)
			return false;
	return true;
}

/* May a step that changes the ring come next?  Capacity 0 has pairs instead. */
static bool step_may(const struct plan *p, const struct state *st, unsigned t, const struct step *s)
{
	switch (s->kind) {
	case STEP_PUSH:
		return !st->pushes_end && !is_full(p, st) && is_its_turn(p, st, t, s);
	case STEP_MARK:
		return !st->pushes_end && !is_full(p, st);
	case STEP_PULL:
	case STEP_TAKE:
		return !st->pulls_end && st->length && st->queue[0] == s->value;
	default:
		return !step_is_news(s->kind);
	}
}

static void take_first(struct state *st)
{
	st->length--;
	memmove(st->queue, st->queue + 1, st->length * sizeof(st->queue[0]));
	st->queue[st->length] = 0;
}

static void step_do(struct state *st, unsigned t, const struct step *s)
{
	st->at[t]++;
	st->done++;
	switch (s->kind) {
	case STEP_PUSH:
	case STEP_MARK:          st->queue[st->length++] = s->value; break;
	case STEP_TAKE:          st->open++; take_first(st); break;
	case STEP_PULL:          take_first(st); break;
	case STEP_RELEASE:       st->open--; break;
	case STEP_CLOSE:         st->closed = st->pushes_end = true; break;
	case STEP_CANCEL_PUSHES: st->pushes_end = true; break;
	case STEP_CANCEL_PULLS:  st->pulls_end = true; break;
	case STEP_CANCEL:        st->pushes_end = st->pulls_end = true; break;
	default: break;
	}
}

/* Capacity 0: the partner with which this push takes effect, or -1. */
static int partner_of(const struct plan *p, const struct state *st, unsigned t,
                      const struct step *s, int64_t end)
{
	unsigned i;

	if (s->kind != STEP_PUSH || st->pushes_end || st->pulls_end)
		return -1;
	for (i = 0; i < p->threads; i++) {
		const struct step *other = next_of(p, st, i);

		if (i != t && other && other->kind == STEP_PULL && other->value == s->value &&
		    other->begin <= end && (s->waits || other->waits))
			return (int)i;
	}
	return -1;
}

/* ---- the search -------------------------------------------------------------------------- */

/* Slots at the head whose push was taken back go by themselves. */
static void pass_over(const struct plan *p, struct state *st)
{
	while (st->length) {
		const struct value *v = &p->value[st->queue[0]];

		if (!v->aborted || st->at[v->free_thread] <= v->free_at)
			return;
		take_first(st);
	}
}

/* Note the reasons for which batches stop, and let calls learn what is true now: neither changes
 * the ring, so to do it at once is never wrong. */
static void settle(const struct plan *p, struct state *st)
{
	bool again = true;

	pass_over(p, st);
	while (again) {
		int64_t end = horizon(p, st);
		unsigned t;

		again = false;
		for (t = 0; t < p->threads; t++) {
			const struct step *s = next_of(p, st, t);

			if (!s || s->begin > end)
				continue;
			if (s->stop && stop_is_due(p, st, &p->step[t][s->stop], s->stop - st->at[t]))
				st->met |= 1u << t;
			if (step_is_news(s->kind) && news_is_true(p, st, t, s)) {
				st->met &= ~(1u << t);
				st->at[t]++;
				st->done++;
				again = true;
			}
		}
	}
}

static void sort_choices(const struct plan *p, struct level *l)
{
	unsigned i, k;

	for (i = 1; i < l->choices; i++) {
		struct choice c = l->choice[i];
		int64_t end = next_of(p, &l->state, c.thread)->end;

		for (k = i; k && next_of(p, &l->state, l->choice[k - 1].thread)->end > end; k--)
			l->choice[k] = l->choice[k - 1];
		l->choice[k] = c;
	}
}

/* What may come next; what had to be over first is tried first. */
static void find_choices(const struct plan *p, struct level *l)
{
	int64_t end = horizon(p, &l->state);
	unsigned t;

	l->choices = l->next = 0;
	for (t = 0; t < p->threads; t++) {
		const struct step *s = next_of(p, &l->state, t);
		bool pair = s && p->h->capacity == 0 && (s->kind == STEP_PUSH || s->kind == STEP_PULL);
		int partner = (int)t;

		if (!s || s->begin > end)
			continue;
		if (pair ? (partner = partner_of(p, &l->state, t, s, end)) < 0
		         : !step_may(p, &l->state, t, s))
			continue;
		l->choice[l->choices++] = (struct choice){ (unsigned char)t, (unsigned char)partner };
	}
	sort_choices(p, l);
}

static int remember(struct search *s, const struct state *st)
{
	size_t size = offsetof(struct state, queue) + st->length * sizeof(st->queue[0]);

	if (st->done > s->best.done)
		s->best = *st;
	return seen_add(s->seen, st, size);
}

static void make_choice(const struct plan *p, const struct level *l, struct state *to)
{
	struct choice c = l->choice[l->next];

	*to = l->state;
	if (c.partner == c.thread) {
		step_do(to, c.thread, next_of(p, to, c.thread));
	} else {
		to->at[c.thread]++;
		to->at[c.partner]++;
		to->done += 2;
	}
	settle(p, to);
}

static enum verdict search_steps(struct search *s)
{
	const struct plan *p = &s->plan;
	struct level *l = s->level;

	memset(&l->state, 0, sizeof(l->state));
	settle(p, &l->state);
	find_choices(p, l);
	s->best = l->state;
	for (;;) {
		int new;

		if (l->state.done == p->used)
			return ACCEPTED;
		if (l->next == l->choices) {
			if (l == s->level)
				return REJECTED;
			l--;
			l->next++;
			continue;
		}
		make_choice(p, l, &l[1].state);
		new = remember(s, &l[1].state);
		if (new < 0)
			return GAVE_UP;
		if (new == 0) {
			l->next++;
			continue;
		}
		l++;
		find_choices(p, l);
	}
}

/* How far it got, and what came next in each thread. */
static void explain(const struct search *s, char *why, size_t size)
{
	const struct plan *p = &s->plan;
	const struct state *st = &s->best;
	size_t used = 0;
	unsigned t;

	used += (size_t)snprintf(why, size, "no order: after %u of %zu steps, %u items inside; then",
	                         st->done, p->used, st->length);
	for (t = 0; t < p->threads && used < size; t++) {
		const struct step *next = next_of(p, st, t);

		if (next && next->begin <= horizon(p, st))
			used += (size_t)snprintf(why + used, size - used, " [%u: %s at %lld]", t,
			                         kind_of(next->op)->name, (long long)next->op->begin);
	}
}

enum verdict search_run(struct search *s, const struct history *h, char *why, size_t size)
{
	enum verdict v;

	if (!plan_make(&s->plan, h, why, size))
		return REJECTED;
	if (s->levels < s->plan.used + 2) {
		s->levels = s->plan.used + 2;
		free(s->level);
		s->level = calloc(s->levels, sizeof(*s->level));
		if (!s->level)
			abort();
	}
	seen_clear(s->seen);
	v = search_steps(s);
	if (v == REJECTED)
		explain(s, why, size);
	else if (v == GAVE_UP)
		snprintf(why, size, "gave up after %zu states", seen_count(s->seen));
	return v;
}

void search_atomic_cancel(struct search *s, bool atomic)
{
	s->plan.atomic_cancel = atomic;
}

size_t search_states(const struct search *s)
{
	return seen_count(s->seen);
}

struct search *search_make(size_t limit)
{
	struct search *s = calloc(1, sizeof(*s));

	if (!s)
		abort();
	s->seen = seen_make(limit);
	return s;
}

void search_free(struct search *s)
{
	seen_free(s->seen);
	free(s->level);
	free(s);
}
