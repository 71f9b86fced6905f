/* SPDX-License-Identifier: MIT */
#include "breakpoint.h"

#include <sys/syscall.h>
#include <unistd.h>

static void *run_stepped(void *arg)
{
	struct stepped *s = arg;
	struct call *c = &s->call;

	atomic_store(&c->tid, (int)syscall(SYS_gettid));
	breakpoint_enter(s);
	c->result = c->form->run(&c->ends, &c->item, c->n, c->deadline);
	breakpoint_leave();
	atomic_store(&c->returned, true);
	return NULL;
}

void stepped_start(struct stepped *s)
{
	breakpoint_prepare();
	EXPECT_EQ(pthread_create(&s->call.thread, NULL, run_stepped, s), 0);
	for (unsigned round = 1; !atomic_load(&s->frozen); round++) {
		doze();
		if (atomic_load(&s->call.returned))
			break;
		if (round % 4 == 0 && in_futex(atomic_load(&s->call.tid)))
			break;
	}
}

ssize_t stepped_finish(struct stepped *s)
{
	atomic_store(&s->go, true);
	return call_join(&s->call);
}

/* ---- Scenes ------------------------------------------------------------------------ */

static atomic_uint dropped;

static void count_drop(void *item, void *context)
{
	(void)item;
	(void)context;
	atomic_fetch_add(&dropped, 1);
}

unsigned scene_dropped(void)
{
	return atomic_load(&dropped);
}

/* One round; whether the call was met where it should freeze. */
static bool play(const struct scene *scene, const struct point *point, scene_body *body)
{
	struct ends e = ends_open_with(&PP_CONFIG(.kind = scene->kind, .item_size = 8,
						  .capacity = scene->capacity,
						  .flags = scene->flags,
						  .drop = count_drop, .spin_ns = PP_SPIN_NONE));
	struct stepped s = { .trace = !point };
	bool frozen;

	s.call.form = scene->form;
	s.call.ends = e;
	s.call.item = scene->item;
	s.call.n = 1;
	atomic_store(&dropped, 0);
	ends_fill(&e, 100, scene->depth);
	if (scene->before)
		scene->before(&e);
	if (point)
		breakpoint_plant(*point);
	s.call.deadline = scene->patience ? pp_in(scene->patience) : PP_FOREVER;
	stepped_start(&s);
	breakpoint_clear();
	frozen = atomic_load(&s.frozen);
	body(scene, &s, &e);
	ends_let_go(&e);
	return frozen;
}

void at_every_instruction(const struct scene *scene, scene_body *body)
{
	const unsigned most = SANITIZED ? 60 : 1000;
	unsigned points, stride, frozen = 0;

	if (!stepping_works())
		cr_skip_test("only on x86-64: needs the trap flag");
	breakpoint_prepare();
	atomic_store(&trace_count, 0);
	(void)play(scene, NULL, body);
	points = atomic_load(&trace_count);
	/* Where a sanitizer makes thousands of instructions of a call, most are left out. */
	stride = 1 + points / most;
	for (unsigned k = stride / 2; k < points; k += stride)
		frozen += play(scene, &trace_points[k], body);
	EXPECT(points > 10);
	EXPECT(frozen > 10);
}

bool one_of(ssize_t result, int a, int b, int c)
{
	return result == a || result == b || result == c;
}

uint64_t drain(const struct ends *e)
{
	uint64_t count = 0, item;

	while (pp_try_pull(e->rx, &item) == 0)
		count++;
	return count;
}

void settle(const struct call *c)
{
	AWAIT(atomic_load(&c->returned) || in_futex(atomic_load(&c->tid)));
	if (!atomic_load(&c->returned))
		/* Waiting is not spinning.  Starting a thread takes some, under ASan more. */
		EXPECT(thread_cpu_ns(c->thread) < (SANITIZED ? 100 : 20) * PP_MS);
}
