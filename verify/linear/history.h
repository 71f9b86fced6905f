/* SPDX-License-Identifier: MIT */
/*
 * A history: which calls were made on one ring, when each began and ended, and what it gave.
 *
 * As text, one line per call, comments behind a #:
 *
 *   ring mpmc 3                    kind and capacity; begins a history
 *   over                           every item was pulled or dropped
 *   0 2 9 push 17 = 0              thread, begin, end, call, items = result
 *   0 10 12 push_n 18 19 = 1       a batch of two of which one was pushed
 *   1 4 6 pull = 0 17              what a pull gave stands behind its result
 *   1 7 8 pull_n_until 1 4 = 2 18 19   min, max
 *   2 3 5 try_pull = -EAGAIN
 *   drop 20                        went to the drop callback
 *
 * `past_` is a deadline in the past, `push_async` one that is withdrawn after a while; every value
 * is pushed once at most.
 */
#ifndef LINEAR_HISTORY_H
#define LINEAR_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum role { ROLE_PUSH, ROLE_PULL, ROLE_CLOSE, ROLE_CANCEL };
enum form { FORM_TRY, FORM_PAST, FORM_UNTIL, FORM_WAIT };
enum part { PART_WHOLE, PART_BEGIN, PART_COMMIT, PART_ABORT };

/* name, role, form, part, batch */
#define FORMS(X, call, role, part, batch)                      \
	X(call, role, FORM_WAIT, part, batch)                  \
	X(try_##call, role, FORM_TRY, part, batch)             \
	X(past_##call, role, FORM_PAST, part, batch)           \
	X(call##_until, role, FORM_UNTIL, part, batch)

#define CALLS(X)                                               \
	FORMS(X, push, ROLE_PUSH, PART_WHOLE, false)           \
	FORMS(X, push_n, ROLE_PUSH, PART_WHOLE, true)          \
	FORMS(X, push_begin, ROLE_PUSH, PART_BEGIN, false)     \
	X(push_commit, ROLE_PUSH, FORM_TRY, PART_COMMIT, false) \
	X(push_abort, ROLE_PUSH, FORM_TRY, PART_ABORT, false)  \
	FORMS(X, pull, ROLE_PULL, PART_WHOLE, false)           \
	FORMS(X, pull_n, ROLE_PULL, PART_WHOLE, true)          \
	FORMS(X, pull_begin, ROLE_PULL, PART_BEGIN, false)     \
	X(pull_commit, ROLE_PULL, FORM_TRY, PART_COMMIT, false) \
	X(select_push, ROLE_PUSH, FORM_WAIT, PART_WHOLE, false) \
	X(past_select_push, ROLE_PUSH, FORM_PAST, PART_WHOLE, false) \
	X(select_push_until, ROLE_PUSH, FORM_UNTIL, PART_WHOLE, false) \
	X(select_pull, ROLE_PULL, FORM_WAIT, PART_WHOLE, false) \
	X(past_select_pull, ROLE_PULL, FORM_PAST, PART_WHOLE, false) \
	X(select_pull_until, ROLE_PULL, FORM_UNTIL, PART_WHOLE, false) \
	X(push_async, ROLE_PUSH, FORM_UNTIL, PART_WHOLE, false) \
	X(pull_async, ROLE_PULL, FORM_UNTIL, PART_WHOLE, false) \
	X(close, ROLE_CLOSE, FORM_TRY, PART_WHOLE, false)      \
	X(cancel, ROLE_CANCEL, FORM_TRY, PART_WHOLE, false)

enum call {
#define CALL_ENUM(name, role, form, part, batch) CALL_##name,
	CALLS(CALL_ENUM)
#undef CALL_ENUM
	CALL_COUNT
};

struct call_kind {
	const char *name;
	enum role role;
	enum form form;
	enum part part;
	bool batch;
};

extern const struct call_kind call_kinds[CALL_COUNT];

enum { BATCH_MAX = 8, THREADS_MAX = 24, OPS_MAX = 2000, CAPACITY_MAX = 64, ERROR_MAX = 400 };

struct op {
	int64_t begin, end;      /* end < begin of another: it comes before that one */
	enum call call;
	unsigned thread;
	int result;              /* 0, how many, or a negative errno value */
	unsigned min, n;         /* asked for; `n` values of a push */
	uint32_t items[BATCH_MAX];
};

struct history {
	bool spsc, over;
	size_t capacity;
	size_t ops, drops;
	struct op op[OPS_MAX];
	uint32_t drop[OPS_MAX * BATCH_MAX];
};

/* How many items an op moved. */
unsigned op_moved(const struct op *op);
static inline const struct call_kind *kind_of(const struct op *op)
{
	return &call_kinds[op->call];
}

/* The next history of a file: 1, 0 at its end, -1 with a message on stderr.  `name` gets what
 * stands behind "ring KIND CAPACITY". */
int history_read(struct history *h, FILE *file, char *name, size_t size);
void history_write(const struct history *h, FILE *file);
/* Time runs down, a column for each thread. */
void history_draw(const struct history *h, FILE *file);
/* By thread, then by time. */
void history_sort(struct history *h);

#endif
