/* SPDX-License-Identifier: MIT */
/*
 * Threads as coroutines, of which one runs until it comes to a step: then the explorer
 * (explore.h) says who goes on.  Time and all that a thread can sleep for are here, too.
 */
#ifndef STEPS_SCHED_H
#define STEPS_SCHED_H

#include <setjmp.h>

#include "seam.h"

enum { STEPS_THREADS = 4, STEPS_NOBODY = -1 };

/* Deadlines are PP_FOREVER, one that may pass at any moment, or one of a patient thread: that
 * passes when nobody can run. */
#define STEPS_SOON    50
#define STEPS_PATIENT (INT64_C(1) << 40)

struct steps_options {
	bool fine;     /* a step at every access; else at hooks, system calls and calls only */
	bool spurious; /* a sleep may end for no reason                                      */
	bool signals;  /* a signal may come to who sleeps                                    */
	bool spins;    /* who is about to sleep looks once more before                       */
	bool fenced;   /* the rings that are opened                                          */
	bool trace;
};

extern struct steps_options steps_options;

/* ---- one execution --------------------------------------------------------------------- */

/* Before anything of it; frees what the last one left. */
void steps_begin(void);
/* Run body(0) to body(n - 1) to their ends, then after().  False: it failed, and nothing of the
 * library may be called any more in this process. */
bool steps_run(unsigned n, void (*body)(unsigned me), void (*after)(void));
/* What was allocated and is not free. */
unsigned steps_not_freed(void);
unsigned steps_fds_open(void);

/* The execution has broken `property`.  Does not return. */
void steps_fail(const char *property, const char *format, ...)
	__attribute__((noreturn, format(printf, 2, 3)));

/* Why the last execution failed; the text of the details. */
extern const char *steps_property;
extern char steps_details[256];
extern uint64_t steps_sleeps, steps_wakes;

/* ---- for kernel.c -------------------------------------------------------------------------- */

/* A step that is no access of the library's; or none, which only a trace shows. */
void steps_at(const struct steps_site *site);
void steps_note(const struct steps_site *site);
bool steps_is_running(void);
/* As futex(2): the look at the word and the sleep are one. */
int steps_sleep(const struct steps_site *site, const uint32_t *word, uint32_t expected,
                int64_t deadline, bool interruptible);
uint32_t steps_wake(const struct steps_site *site, const uint32_t *word, uint32_t n);
/* Is the address in a block that was freed?  Then it fails. */
void steps_check_block(const struct steps_site *site, const void *address);
void steps_forget_memory(void);

/* ---- from within a thread ----------------------------------------------------------------- */

unsigned steps_me(void);
/* A step that is no access: the call that begins, named so in a trace. */
void steps_call(char letter, const char *what);
/* A call with this deadline is under way (INT64_MAX: no more): the clock may reach it. */
void steps_deadline(int64_t deadline);
int64_t steps_patience(void);
/* Somebody waits until a flag is set.  False: the deadline passed. */
bool steps_await(const bool *flag, int64_t deadline);
void steps_set(bool *flag);
bool *steps_fd_flag(int fd);
/* Signals that came to this thread while it slept. */
unsigned steps_signalled(void);
bool steps_has_ended(unsigned thread);

/* Called when no thread can run, before a patient one's deadline passes or the execution is given
 * up: is that right?  Calls steps_fail() if not. */
extern void (*steps_at_rest)(void);
/* Called when a thread falls asleep, on a futex or a flag. */
extern void (*steps_falls_asleep)(unsigned thread, const void *word);

#endif
