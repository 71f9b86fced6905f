/* SPDX-License-Identifier: MIT */
/* Operations that wait without a thread, on several ends at once: sleep until any of them is called,
 * take the first that goes ahead, and withdraw the others. */
#include "attempt.h"

#include <pushpull/async.h>

#include <errno.h>
#include <string.h>

struct pending {
	unsigned n;
	struct end *ends[ENDS_MAX];
	struct attempt attempts[ENDS_MAX];
	pp_async ops[ENDS_MAX];
};

/* The bell belongs to the thread, and so outlives every call. */
static void ring_bell(void *context)
{
	CHECK(sem_post(context) == 0, "sem_post");
}

static unsigned char *item_of(struct worker *w, unsigned i)
{
	return w->items + i * ITEM_MAX;
}

static void prepare(struct worker *w, struct pending *p, unsigned i, unsigned call)
{
	struct end *e = p->ends[i];

	p->ops[i] = PP_ASYNC(.ready = ring_bell, .context = &w->bell);
	attempt_mark(item_of(w, i), ITEM_MAX);
	attempt_prepare(&p->attempts[i], w, e, call);
	if (e->pushes)
		item_make(&e->ring->ledger, item_of(w, i), e->number, e->serial);
}

static void settle(struct worker *w, struct pending *p, unsigned i, int r)
{
	attempt_finish(&p->attempts[i], r);
	attempt_settle(&p->attempts[i], w, p->ends[i], item_of(w, i));
}

/* One after the other: the one that ended, or the number of them; then all wait. */
static unsigned look(struct worker *w, struct pending *p)
{
	unsigned i;

	for (i = 0; i < p->n; i++) {
		struct ring *r = p->ends[i]->ring;
		int result = p->ends[i]->pushes ? pp_push_async(r->tx, item_of(w, i), &p->ops[i])
						: pp_pull_async(r->rx, item_of(w, i), &p->ops[i]);

		if (result == -EAGAIN)
			continue;
		settle(w, p, i, result);
		return i;
	}
	return p->n;
}

/* At capacity 0 a push may have taken place. */
static void withdraw(struct worker *w, struct pending *p, unsigned i)
{
	struct end *e = p->ends[i];
	int r = e->pushes ? pp_push_withdraw(e->ring->tx, &p->ops[i])
			  : pp_pull_withdraw(e->ring->rx, &p->ops[i]);

	if (r == 1) {
		CHECK(e->pushes && e->ring->capacity == 0, "withdrawn with 1");
		settle(w, p, i, 0);
		return;
	}
	CHECK(r == 0, "withdrawn with %d", r);
	if (e->pushes)
		attempt_let_go(w, e);
	else
		attempt_check_mark(item_of(w, i), ITEM_MAX, "a pull that was withdrawn");
}

static int wait_for_bell(sem_t *bell, pp_time deadline)
{
#ifdef __GLIBC__
	struct timespec limit = { deadline / PP_SEC, deadline % PP_SEC };

	return sem_clockwait(bell, CLOCK_MONOTONIC, &limit);
#else /* musl has no sem_clockwait */
	pp_time left = deadline - pp_now();
	struct timespec limit;

	clock_gettime(CLOCK_REALTIME, &limit);
	left += limit.tv_nsec;
	limit.tv_sec += left > 0 ? left / PP_SEC : 0;
	limit.tv_nsec = left > 0 ? left % PP_SEC : 0;
	return sem_timedwait(bell, &limit);
#endif
}

/* False: it is time to give up. */
static bool await_bell(struct worker *w, pp_time deadline)
{
	int r = deadline == PP_FOREVER ? sem_wait(&w->bell) : wait_for_bell(&w->bell, deadline);

	CHECK(r == 0 || errno == EINTR || (errno == ETIMEDOUT && deadline <= pp_now()), "sem");
	return r == 0 || errno == EINTR;
}

void several_async(struct worker *w, struct end *first, unsigned call)
{
	struct pending p;
	pp_time deadline = PP_FOREVER;
	unsigned i, done;

	p.n = several_gather(w, p.ends, first, CALL_ASYNCS, call == CALL_ASYNC);
	if (call != CALL_ASYNC || !worker_may_wait(w, p.ends, p.n))
		deadline = some_deadline(&w->luck);
	for (i = 0; i < p.n; i++)
		prepare(w, &p, i, call);
	while ((done = look(w, &p)) == p.n && await_bell(w, deadline))
		;
	for (i = 0; i < p.n; i++)
		if (i != done)
			withdraw(w, &p, i);
	if (done == p.n)
		give_way(w);
}
