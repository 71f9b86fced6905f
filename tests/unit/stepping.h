/* SPDX-License-Identifier: MIT */
/*
 * A call, stopped between two of its machine instructions.
 *
 * The call is run once with the processor's trap flag set, and a SIGTRAP handler notes
 * every instruction of the library that it executes.  Then it is run again and again, each
 * time with a breakpoint at another of them; the thread that meets it stays in the handler
 * until it is let go, as if preempted there for as long as we like.  So every point of a
 * push, a pull, a close is tried, and not only those that somebody thought of.
 *
 * x86-64 only; elsewhere stepping_works() is false and the tests are skipped.
 */
#ifndef TESTS_UNIT_STEPPING_H
#define TESTS_UNIT_STEPPING_H

#include "support.h"

struct stepped {
	struct call call;   /* what to run; its results as usual */
	bool        trace;  /* note instructions instead of stopping */
	atomic_bool frozen; /* stands at the breakpoint now */
	atomic_bool go;     /* may go on */
	atomic_uint steps, locked, fences, system_calls; /* traced instructions, by kind */
};

bool stepping_works(void);
/* Start the call in a thread, and wait until it is frozen, asleep or has returned. */
void stepped_start(struct stepped *s);
ssize_t stepped_finish(struct stepped *s);

/* ---- A scene: one call, stopped at every instruction in turn ----------------------- */

struct scene {
	const struct form *form;
	pp_kind            kind;
	size_t             capacity, depth; /* items 100, 101, ... lie there */
	unsigned           flags;           /* of the ring */
	uint64_t           item;
	int64_t            patience;        /* deadline from now; 0: for ever */
	void (*before)(struct ends *e);     /* what happens first; may be NULL */
};

/* Acts while the call stands still, lets it finish, and checks. */
typedef void scene_body(const struct scene *scene, struct stepped *s, struct ends *e);

/* Run `body` once per instruction of the call, each time on a fresh ring. */
void at_every_instruction(const struct scene *scene, scene_body *body);
/* Items that the ring of the current round has passed to its drop. */
unsigned scene_dropped(void);

bool one_of(ssize_t result, int a, int b, int c);
/* Pull what is left; how many there were. */
uint64_t drain(const struct ends *e);
/* Until it has returned or sleeps, and then it has hardly used the CPU. */
void settle(const struct call *c);

#endif
