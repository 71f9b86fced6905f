/* SPDX-License-Identifier: MIT */
/*
 * Threads that can be frozen at a stall point of the library (base/hooks.h), and a ring with
 * a book of its items, for tests that decide who stands where.
 *
 * An actor is a thread that makes one call.  The main thread makes the calls of the test
 * itself, through ring_try_push() and ring_try_pull().
 */
#ifndef STALL_H
#define STALL_H

#include "support.h"

#include "base/hooks.h"

#include <pushpull/pushpull.h>

#include <pthread.h>
#include <stdatomic.h>

/* PUT, TAKE: in place.  GIVE_UP: an open push that is taken back.  CHOOSE_...: by a select.  RUN: a
 * function of the test's, which keeps the book itself. */
enum action {
	PUSH, PULL, CLOSE, CANCEL, PUT, TAKE, GIVE_UP, CHOOSE_PUSH, CHOOSE_PULL, RUN, ACTIONS
};

enum { ACTORS_MAX = 16, ITEMS_MAX = 96, NO_POINT = -1 };

struct ring;

struct actor {
	enum action action;
	struct ring *ring;
	int point;              /* where to freeze, once; NO_POINT: nowhere */
	pp_time deadline;
	uint64_t item;          /* to push, or pulled */
	int (*run)(void *arg);
	void *arg;
	int result;
	pthread_t thread;
	atomic_int tid;
	atomic_bool frozen, thaw, done;
	bool joined;
};

struct ring {
	pp_tx *tx;
	pp_rx *rx;
	pp_kind kind;
	unsigned flags;
	size_t capacity;
	bool closing, cancelling;       /* has begun, or is over */
	struct actor actors[ACTORS_MAX];
	unsigned acting;                /* actors in use */
	/* The book. */
	uint64_t next;                  /* item to push next; 0 is none */
	bool pushed[ITEMS_MAX];
	atomic_uint pulled[ITEMS_MAX], dropped[ITEMS_MAX];
	uint64_t last_of_main;          /* the last of the main thread's items that it pulled */
	bool mains[ITEMS_MAX];
};

/* Each program runs with marks and without: STALL_WITHOUT_MARKS in the environment. */
void choose_marks(void);
/* The main thread's; `name` says what is being tested.  Spins nowhere unless `spin_ns`. */
void ring_open(struct ring *r, pp_kind kind, size_t capacity, unsigned flags);
/* Joins every actor, lets go of both ends and checks the book. */
void ring_finish(struct ring *r);
/* Lets go of the pull end only, which nobody may be using. */
void ring_leave(struct ring *r);
pp_stats ring_stats(const struct ring *r);

/* A try call of the main thread: its result is one that may be, and is written down. */
int ring_try_push(struct ring *r);
int ring_try_pull(struct ring *r);
/* Push `n` items that must fit. */
void ring_fill(struct ring *r, size_t n);
/* The same with pushes that are taken back. */
void ring_fill_aborted(struct ring *r, size_t n);

bool is_push(enum action action);
bool is_pull(enum action action);

struct actor *actor_start(struct ring *r, enum action action, int point, pp_time deadline);
struct actor *actor_run(struct ring *r, int (*run)(void *arg), void *arg, int point);
/* An actor that is to fall asleep: returns when it has. */
struct actor *actor_asleep(struct ring *r, enum action action);
void actor_await_frozen(struct actor *a);
void actor_thaw(struct actor *a);
/* Until it has returned: its result. */
int actor_await_done(struct actor *a);
/* The CPU time that the actor has used so far. */
int64_t actor_cpu_ns(const struct actor *a);
bool actor_sleeps(const struct actor *a);

/* Every actor has returned, is frozen, or sleeps in the kernel, and stays so. */
bool ring_is_quiet(const struct ring *r);
void ring_await_quiet(const struct ring *r);
/* Actors that have not returned. */
unsigned ring_undone(const struct ring *r);

/* For the invariant "nobody sleeps on work", when nobody is frozen. */
void ring_await_nobody_sleeps_on_work(const struct ring *r);
/* Give each sleeper what it waits for, until all have returned. */
void ring_serve_all(struct ring *r);

/* Wait for a condition; fails after some time. */
#define AWAIT(condition) \
	do { \
		pp_time limit_ = pp_in(60 * PP_SEC); \
		while (!(condition)) { \
			CHECK(pp_now() < limit_, "waited in vain"); \
			nap_us(100); \
		} \
	} while (0)

/* CPU time that a thread may use where the contract says that it sleeps. */
int64_t sleeping_cpu_ns(void);

const char *point_name(int point);

#endif
