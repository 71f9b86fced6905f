/* SPDX-License-Identifier: MIT */
/*
 * What the ported cases share: a scene of rings and of the threads that act on it (what a
 * goroutine or a scoped thread is in the originals), calls that must succeed, selects that say
 * what they chose, and readiness, which here is arm and poll.
 */
#ifndef TESTS_PORTED_SUPPORT_H
#define TESTS_PORTED_SUPPORT_H

#include "../unit/support.h"

/* As EXPECT and EXPECT_EQ, but in any thread: a failure ends the program, and the case fails. */
#define CHECK(cond) check_that((cond), #cond, __FILE__, __LINE__)
#define CHECK_EQ(got, want) \
	check_equal((long long)(got), (long long)(want), #got " is " #want, __FILE__, __LINE__)
void check_that(bool holds, const char *what, const char *file, int line);
void check_equal(long long got, long long want, const char *what, const char *file, int line);

/* ---- Scenes ----------------------------------------------------------------- */

#define SCENE_RINGS 128
#define SCENE_PARTS 128

struct scene;
typedef void part(struct scene *s, unsigned me);

struct actor {
	struct scene *scene;
	part         *act;
	unsigned      me;
	atomic_int    tid;
	pthread_t     thread;
};

struct scene {
	pp_kind       kind;
	size_t        capacity; /* of the rings that scene_open() opened */
	struct ends   e[SCENE_RINGS];
	size_t        rings;
	struct actor  actors[SCENE_PARTS];
	size_t        parts;
	size_t        count;    /* items, rounds: what the case says */
	atomic_uint   hits[8];
	atomic_uint  *ledger;   /* how often each item came; freed by scene_end() */
};

/* `rings` rings of uint64_t, all of one capacity; scene_add() adds one of another.  All say in
 * failures that they are the first. */
void scene_open(struct scene *s, pp_kind kind, size_t rings, size_t capacity);
struct ends *scene_add(struct scene *s, pp_kind kind, size_t capacity);
/* act(s, me) in a thread of its own; the index of the actor. */
size_t scene_spawn(struct scene *s, part *act, unsigned me);
/* Wait until the actor sleeps in a futex: for one in a select, which several rings count. */
void scene_await_asleep(const struct scene *s, size_t actor);
void scene_join(struct scene *s);
/* Join, and let go of every end that is still there. */
void scene_end(struct scene *s);
void scene_ledger(struct scene *s, size_t items);
/* Every item of the ledger came so often. */
void scene_ledger_is(const struct scene *s, size_t items, unsigned times);

/* Let go of one end, in the middle of a case. */
void tx_drop(struct ends *e);
void rx_drop(struct ends *e);

/* ---- Calls that must succeed ------------------------------------------------ */

void must_push(const struct ends *e, uint64_t item);
uint64_t must_pull(const struct ends *e);
/* The end of the stream, from a pull that may wait for it. */
void must_end(const struct ends *e);
/* A try, again while it says -EBUSY: what it says when no other thread is half-way. */
int try_push(const struct ends *e, uint64_t item);
int try_pull(const struct ends *e, uint64_t *item);
/* Until the other side arrives: for two sides that meet, of which one only tries. */
void push_by_tries(const struct ends *e, uint64_t item);
uint64_t pull_by_tries(const struct ends *e);
/* Long enough for every hang that is one. */
pp_time soon(void);

/* ---- Select ------------------------------------------------------------------ */

pp_case push_case(const struct ends *e, uint64_t *item);
pp_case pull_case(const struct ends *e, uint64_t *item);
pp_case disabled_case(void);
/* The index chosen, whose result must be 0; or a negative result of the call. */
int choose(pp_case *cases, size_t count); /* waits for ever */
int choose_until(pp_case *cases, size_t count, pp_time deadline);
int choose_now(pp_case *cases, size_t count); /* Go: with a default */
/* The index chosen must be `index`; the result of its case. */
int chosen_result(pp_case *cases, size_t count, int index, pp_time deadline);

/* ---- Readiness ----------------------------------------------------------------- */

/* One end that is waited for, through its descriptor. */
struct interest {
	pp_tx *tx;
	pp_rx *rx;
};

struct interest push_interest(const struct ends *e);
struct interest pull_interest(const struct ends *e);
/* The first end that is ready, or -ETIMEDOUT: arms all, and polls when none is ready. */
int ready_until(const struct interest *ends, size_t count, pp_time deadline);
int ready(const struct interest *ends, size_t count);
int ready_now(const struct interest *ends, size_t count);

#endif
