/* SPDX-License-Identifier: MIT */
#include "stepping.h"

#include <sched.h>

#if defined(__x86_64__)

#include <signal.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define TRAP_FLAG 0x100

static _Thread_local struct stepped *current;

static void classify(struct stepped *s, const unsigned char *code)
{
	if (code[0] == 0xF0) /* lock prefix */
		atomic_fetch_add(&s->locked, 1);
	/* xchg with memory locks without a prefix: [rex] 86 or 87, mod not 3 */
	if ((code[0] & 0xF0) == 0x40)
		code++;
	if ((code[0] & 0xFE) == 0x86 && code[1] < 0xC0)
		atomic_fetch_add(&s->locked, 1);
	if (code[0] == 0x0F && code[1] == 0xAE && code[2] >= 0xE8) /* lfence, mfence, sfence */
		atomic_fetch_add(&s->fences, 1);
	if (code[0] == 0x0F && code[1] == 0x05)
		atomic_fetch_add(&s->system_calls, 1);
}

static void on_trap(int number, siginfo_t *info, void *context)
{
	ucontext_t *at = context;
	struct stepped *s = current;
	unsigned step;

	(void)number;
	(void)info;
	if (!s) { /* the call is over */
		at->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)TRAP_FLAG;
		return;
	}
	step = atomic_fetch_add(&s->steps, 1) + 1;
	classify(s, (const unsigned char *)at->uc_mcontext.gregs[REG_RIP]);
	if (step != s->freeze_at)
		return;
	atomic_store(&s->frozen, true);
	while (!atomic_load(&s->go))
		doze();
}

static void set_trap_flag(void)
{
	__asm__ volatile("pushfq\n\torq %0, (%%rsp)\n\tpopfq" : : "i"(TRAP_FLAG) : "memory", "cc");
}

static void *run_stepped(void *arg)
{
	struct stepped *s = arg;
	struct call *c = &s->call;
	uint64_t *items = c->items ? c->items : &c->item;

	atomic_store(&c->tid, (int)syscall(SYS_gettid));
	current = s;
	set_trap_flag();
	c->result = c->form->run(&c->ends, items, c->n, c->deadline);
	current = NULL; /* the next trap clears the flag */
	atomic_store(&c->returned, true);
	return NULL;
}

bool stepping_works(void)
{
	return true;
}

void stepped_start(struct stepped *s)
{
	struct sigaction action = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO | SA_RESTART };

	EXPECT_EQ(sigaction(SIGTRAP, &action, NULL), 0);
	atomic_store(&s->call.returned, false);
	EXPECT_EQ(pthread_create(&s->call.thread, NULL, run_stepped, s), 0);
}

#else

bool stepping_works(void)
{
	return false;
}

void stepped_start(struct stepped *s)
{
	(void)s;
	cr_assert_fail("nothing to step with");
}

#endif

bool stepped_frozen(struct stepped *s)
{
	for (unsigned round = 1; !atomic_load(&s->frozen); round++) {
		if (atomic_load(&s->call.returned))
			break;
		sched_yield();
		if (round % 64 == 0 && in_futex(atomic_load(&s->call.tid)))
			break;
	}
	return atomic_load(&s->frozen);
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

static struct ends scene_open(const struct scene *scene)
{
	struct ends e = ends_open_with(&PP_CONFIG(.kind = scene->kind, .item_size = 8,
						  .capacity = scene->capacity,
						  .drop = count_drop, .spin_ns = PP_SPIN_NONE));

	atomic_store(&dropped, 0);
	ends_fill(&e, 100, scene->depth);
	if (scene->before)
		scene->before(&e);
	return e;
}

static bool frozen_at(const struct scene *scene, unsigned k, scene_body *body)
{
	struct ends e = scene_open(scene);
	struct stepped s = { .freeze_at = k };
	bool frozen;

	s.call.form = scene->form;
	s.call.ends = e;
	s.call.item = scene->item;
	s.call.n = 1;
	s.call.deadline = scene->patience ? pp_in(scene->patience) : PP_FOREVER;
	stepped_start(&s);
	frozen = stepped_frozen(&s);
	body(scene, &s, &e);
	ends_let_go(&e);
	return frozen;
}

void at_every_instruction(const struct scene *scene, scene_body *body)
{
	unsigned points = 0;

	if (!stepping_works())
		cr_skip_test("only on x86-64: needs the trap flag");
	/* Where a sanitizer makes thousands of instructions of a call, some are left out. */
	for (unsigned k = 1; frozen_at(scene, k, body); k += 1 + k / 1000)
		points++;
	EXPECT(points > 10);
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
		EXPECT(thread_cpu_ns(c->thread) < 5 * PP_MS); /* waiting is not spinning */
}
