/* SPDX-License-Identifier: MIT */
/* What the tests of pp_select() share: cases, and a select in a thread of its own. */
#ifndef TESTS_UNIT_SELECTING_H
#define TESTS_UNIT_SELECTING_H

#include "support.h"

#define UNTOUCHED 4711 /* a result that no case gives, an item that nobody pushes */

pp_case push_case(const struct ends *e, uint64_t *item);
pp_case pull_case(const struct ends *e, uint64_t *item);
pp_case disabled_case(void);

/* Select over one case, as a form: what the case gives, or the select.  By enum waits, a try
 * being a past deadline; so its refusal is -ETIMEDOUT. */
extern const struct form push_select_forms[3], pull_select_forms[3];

#define SELECT_MAX 8

struct selecting {
	pp_case     cases[SELECT_MAX];
	uint64_t    items[SELECT_MAX]; /* what the cases push, or where they pull to */
	size_t      count;
	unsigned    flags;
	pp_time     deadline;          /* PP_FOREVER unless changed before the start */
	int         index;             /* what it returned */
	atomic_bool returned;
	atomic_int  tid;
	pthread_t   thread;
};

void selecting_init(struct selecting *s);
void selecting_push(struct selecting *s, const struct ends *e, uint64_t item);
void selecting_pull(struct selecting *s, const struct ends *e);
void selecting_start(struct selecting *s);
/* Started, and asleep in the kernel. */
void selecting_sleeps(struct selecting *s);
int selecting_join(struct selecting *s);
/* Joins: it returned that case, with that result, and left the others alone. */
void selecting_gives(struct selecting *s, int index, int result);

#endif
