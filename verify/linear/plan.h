/* SPDX-License-Identifier: MIT */
/*
 * A history as steps: what each call did to the ring, or learned about it, in atomic pieces.
 * Each step is to take effect at one moment between its begin and its end, those of a thread one
 * after the other.  README.md has the specification in words; step_may() in search.c is its text.
 */
#ifndef LINEAR_PLAN_H
#define LINEAR_PLAN_H

#include "history.h"

enum step_kind {
	/* they change the ring */
	STEP_PUSH,        /* append                                                      */
	STEP_PULL,        /* take the first, its slot is free                            */
	STEP_TAKE,        /* take the first, its slot stays occupied                     */
	STEP_RELEASE,     /* one such slot is free                                       */
	STEP_MARK,        /* append a slot whose push will be taken back                 */
	STEP_FREE,        /* it is taken back: gone as soon as it is the first           */
	STEP_CLOSE, STEP_CANCEL_PUSHES, STEP_CANCEL_PULLS, STEP_CANCEL,
	/* they learn something: from here on, see step_is_news() */
	STEP_FULL, STEP_PUSH_BUSY, STEP_PUSH_LATE, STEP_PUSH_SHUT, STEP_PUSH_PIPE, STEP_PUSH_ENDED,
	STEP_EMPTY, STEP_PULL_BUSY, STEP_PULL_LATE, STEP_PULL_SHUT, STEP_PULL_PIPE,
	STEP_PUSH_STOP, STEP_PULL_STOP /* of a batch, whose reason has been there meanwhile */
};

static inline bool step_is_news(enum step_kind kind)
{
	return kind >= STEP_FULL;
}

struct step {
	enum step_kind kind;
	bool waits;      /* capacity 0: a partner may find it                        */
	bool excused;    /* another call was half-way meanwhile: -EBUSY is possible  */
	uint16_t value;
	uint16_t stop;   /* of a batch that stopped: where its STEP_..._STOP is; or 0 */
	int64_t begin, end;
	const struct op *op;
};

enum { VALUES_MAX = OPS_MAX * 2, STEPS_MAX = 3 * OPS_MAX };

struct value {
	uint32_t name;
	const struct op *push, *push_end; /* the same, or begin and commit or abort */
	const struct op *pull, *pull_end;
	bool aborted;
	unsigned free_thread, free_at;    /* aborted: its STEP_FREE */
	unsigned drops;
};

struct plan {
	const struct history *h;
	bool atomic_cancel; /* stricter than the contract, for experiments */
	bool any_aborted;
	unsigned threads;
	unsigned steps[THREADS_MAX];
	struct step *step[THREADS_MAX];        /* into all[] */
	/* The earliest end of a pull of what is pushed from a step on. */
	int64_t *first_out[THREADS_MAX];
	size_t values, used;
	struct value value[VALUES_MAX];
	struct step all[STEPS_MAX];
	int64_t out[STEPS_MAX + THREADS_MAX];
};

/* False: the history is wrong whatever the order, and `why` says how. */
bool plan_make(struct plan *p, const struct history *h, char *why, size_t size);

/* When the item, or what became of it, could be seen first, and was settled. */
static inline int64_t value_ready(const struct value *v)
{
	return v->push_end->begin;
}

static inline int64_t value_settled(const struct value *v)
{
	return v->push_end->end;
}

/* The pull of it; for ever, if there is none. */
static inline int64_t value_in(const struct value *v)
{
	return v->pull ? v->pull->begin : INT64_MAX;
}

static inline int64_t value_out(const struct value *v)
{
	return v->pull ? v->pull->end : INT64_MAX;
}

#endif
