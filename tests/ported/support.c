/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

void check_that(bool holds, const char *what, const char *file, int line)
{
	if (holds)
		return;
	fprintf(stderr, "%s:%d: not so: %s  [%s]\n", file, line, what, ring_in_test());
	_exit(2);
}

void check_equal(long long got, long long want, const char *what, const char *file, int line)
{
	if (got == want)
		return;
	fprintf(stderr, "%s:%d: %lld, not %lld: %s  [%s]\n", file, line, got, want, what,
		ring_in_test());
	_exit(2);
}

/* ---- Scenes ----------------------------------------------------------------- */

struct ends *scene_add(struct scene *s, pp_kind kind, size_t capacity)
{
	CHECK(s->rings < SCENE_RINGS);
	s->e[s->rings] = ends_open(kind, capacity);
	return &s->e[s->rings++];
}

void scene_open(struct scene *s, pp_kind kind, size_t rings, size_t capacity)
{
	memset(s, 0, sizeof(*s));
	s->kind = kind;
	s->capacity = capacity;
	for (size_t i = 0; i < rings; i++)
		scene_add(s, kind, capacity);
}

static void *actor_thread(void *arg)
{
	struct actor *a = arg;

	atomic_store(&a->tid, (int)syscall(SYS_gettid));
	a->act(a->scene, a->me);
	return NULL;
}

size_t scene_spawn(struct scene *s, part *act, unsigned me)
{
	size_t index = s->parts++; /* first: an actor may spawn the next before this returns */
	struct actor *a = &s->actors[index];

	CHECK(index < SCENE_PARTS);
	a->scene = s;
	a->act = act;
	a->me = me;
	atomic_store(&a->tid, 0);
	CHECK_EQ(pthread_create(&a->thread, NULL, actor_thread, a), 0);
	return index;
}

void scene_await_asleep(const struct scene *s, size_t actor)
{
	AWAIT(in_futex(atomic_load(&s->actors[actor].tid)));
}

void scene_join(struct scene *s)
{
	for (size_t i = 0; i < s->parts; i++)
		CHECK_EQ(pthread_join(s->actors[i].thread, NULL), 0);
	s->parts = 0;
}

void scene_end(struct scene *s)
{
	scene_join(s);
	for (size_t i = 0; i < s->rings; i++)
		ends_let_go(&s->e[i]);
	s->rings = 0;
	free(s->ledger);
	s->ledger = NULL;
}

void scene_ledger(struct scene *s, size_t items)
{
	s->ledger = calloc(items, sizeof(*s->ledger));
	CHECK(s->ledger);
}

void scene_ledger_is(const struct scene *s, size_t items, unsigned times)
{
	for (size_t i = 0; i < items; i++)
		CHECK_EQ(atomic_load(&s->ledger[i]), times);
}

void tx_drop(struct ends *e)
{
	pp_tx_unref(e->tx);
	e->tx = NULL;
}

void rx_drop(struct ends *e)
{
	pp_rx_unref(e->rx);
	e->rx = NULL;
}

/* ---- Calls that must succeed ------------------------------------------------ */

void must_push(const struct ends *e, uint64_t item)
{
	CHECK_EQ(pp_push(e->tx, &item), 0);
}

uint64_t must_pull(const struct ends *e)
{
	uint64_t item = UINT64_MAX;

	CHECK_EQ(pp_pull(e->rx, &item), 0);
	return item;
}

void must_end(const struct ends *e)
{
	uint64_t item = 77;

	CHECK_EQ(pp_pull(e->rx, &item), -EPIPE);
	CHECK_EQ(item, 77);
}

int try_push(const struct ends *e, uint64_t item)
{
	int result;

	while ((result = pp_try_push(e->tx, &item)) == -EBUSY)
		sched_yield();
	return result;
}

int try_pull(const struct ends *e, uint64_t *item)
{
	int result;

	while ((result = pp_try_pull(e->rx, item)) == -EBUSY)
		sched_yield();
	return result;
}

void push_by_tries(const struct ends *e, uint64_t item)
{
	int result;

	while ((result = try_push(e, item)) == -EAGAIN)
		doze();
	CHECK_EQ(result, 0);
}

uint64_t pull_by_tries(const struct ends *e)
{
	uint64_t item = UINT64_MAX;
	int result;

	while ((result = try_pull(e, &item)) == -EAGAIN)
		doze();
	CHECK_EQ(result, 0);
	return item;
}

pp_time soon(void)
{
	return pp_in(50 * PP_SEC);
}

/* ---- Select ------------------------------------------------------------------ */

pp_case push_case(const struct ends *e, uint64_t *item)
{
	return (pp_case){ .tx = e->tx, .item = item, .result = 1 };
}

pp_case pull_case(const struct ends *e, uint64_t *item)
{
	return (pp_case){ .rx = e->rx, .item = item, .result = 1 };
}

pp_case disabled_case(void)
{
	return (pp_case){ .result = 1 };
}

int choose_until(pp_case *cases, size_t count, pp_time deadline)
{
	int index = pp_select(cases, count, 0, deadline);

	if (index < 0)
		return index;
	CHECK((size_t)index < count);
	CHECK_EQ(cases[index].result, 0);
	return index;
}

int choose(pp_case *cases, size_t count)
{
	int index = choose_until(cases, count, PP_FOREVER);

	CHECK(index >= 0);
	return index;
}

int choose_now(pp_case *cases, size_t count)
{
	return choose_until(cases, count, 0);
}

int chosen_result(pp_case *cases, size_t count, int index, pp_time deadline)
{
	CHECK_EQ(pp_select(cases, count, 0, deadline), index);
	return cases[index].result;
}

/* ---- Readiness ----------------------------------------------------------------- */

struct interest push_interest(const struct ends *e)
{
	return (struct interest){ .tx = e->tx };
}

struct interest pull_interest(const struct ends *e)
{
	return (struct interest){ .rx = e->rx };
}

#define INTERESTS_MAX 8

/* Arm the ends, and note their descriptors; the first that is ready, or `count`. */
static size_t arm_all(const struct interest *ends, size_t count, struct pollfd *fds)
{
	for (size_t i = 0; i < count; i++) {
		int armed = ends[i].tx ? pp_tx_arm(ends[i].tx) : pp_rx_arm(ends[i].rx);

		if (armed == 1)
			return i;
		CHECK_EQ(armed, 0);
		fds[i] = (struct pollfd){ .events = POLLIN };
		fds[i].fd = ends[i].tx ? pp_tx_fd(ends[i].tx) : pp_rx_fd(ends[i].rx);
		CHECK(fds[i].fd >= 0);
	}
	return count;
}

static int poll_ms(pp_time deadline)
{
	pp_time left = deadline - pp_now();

	if (deadline == PP_FOREVER)
		return -1;
	return left <= 0 ? 0 : (int)((left + PP_MS - 1) / PP_MS);
}

int ready_until(const struct interest *ends, size_t count, pp_time deadline)
{
	struct pollfd fds[INTERESTS_MAX];
	size_t first = arm_all(ends, count, fds);

	CHECK(count <= INTERESTS_MAX);
	if (first < count)
		return (int)first;
	CHECK(poll(fds, count, poll_ms(deadline)) >= 0);
	for (size_t i = 0; i < count; i++)
		if (fds[i].revents)
			return (int)i;
	return -ETIMEDOUT;
}

int ready(const struct interest *ends, size_t count)
{
	return ready_until(ends, count, PP_FOREVER);
}

int ready_now(const struct interest *ends, size_t count)
{
	return ready_until(ends, count, 0);
}
