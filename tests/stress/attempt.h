/* SPDX-License-Identifier: MIT */
/* One call on one end, what was known around it, and what the contract makes of its result. */
#ifndef STRESS_ATTEMPT_H
#define STRESS_ATTEMPT_H

#include "round.h"

struct attempt {
	unsigned call;
	size_t n, min;
	pp_time deadline;
	bool closed, cancelled;   /* over before the call began */
	pp_time began, ended;
	ssize_t result;           /* items that moved, or why none */
};

/* What a call is to be; the caller sets a->began right before it makes the call. */
void attempt_prepare(struct attempt *a, struct worker *w, const struct end *e, unsigned call);
/* The call is over; the single calls say 0 for one item. */
void attempt_finish(struct attempt *a, ssize_t result);
/* Compare the result with what is allowed.  `items`: the buffer of a pull, or NULL. */
void attempt_check(const struct attempt *a, const struct end *e, const unsigned char *items);
/* That, and write down what moved; an end that is over is let go of. */
void attempt_settle(const struct attempt *a, struct worker *w, struct end *e,
		    const unsigned char *items);
/* An item that could not be pushed: try it again, or go on to the next; it is then never to be
 * seen. */
void attempt_let_go(struct worker *w, struct end *e);
/* No refusal was due for a call that gave up: its end, or one of them, had ended before. */
bool attempt_was_ready(const struct attempt *a, const struct end *e);

/* A pull must leave these bytes alone when it fails. */
void attempt_mark(unsigned char *items, size_t bytes);
void attempt_check_mark(const unsigned char *items, size_t bytes, const char *who);

pp_time some_deadline(struct luck *luck);
/* Refused: let the others have the CPU, sometimes. */
void give_way(struct worker *w);

/* Let go of an end. */
void end_let_go(struct end *e);

/* One call of a copying kind. */
ssize_t worker_copy(struct worker *w, struct end *e, unsigned call);
/* Whether a wait for just these ends may have no deadline. */
bool worker_may_wait(const struct worker *w, struct end *const *ends, unsigned n);

/* Calls on several ends at once, `first` among them. */
void several_select(struct worker *w, struct end *first, unsigned call);
void several_arm(struct worker *w, struct end *first, unsigned call);
void several_async(struct worker *w, struct end *first, unsigned call);
/* `first` and others that make such calls.  With `all` nothing that a wait without a deadline
 * must not leave out. */
unsigned several_gather(struct worker *w, struct end **ends, struct end *first, unsigned calls,
			bool all);

/* Begin, and commit or abort. */
void slots_push(struct worker *w, struct end *e, unsigned call);
void slots_pull(struct worker *w, struct end *e, unsigned call);

#endif
