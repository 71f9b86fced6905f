/* SPDX-License-Identifier: MIT */
#include "breakpoint.h"

struct point trace_points[POINTS_MAX];
atomic_uint  trace_count;

#if defined(__x86_64__)

#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <ucontext.h>

#define TRAP_FLAG 0x100
#define INT3 0xCC

/* The library's text, writable while the tests run. */
static unsigned char *text, *text_end;

static struct {
	struct point  point;
	unsigned char original;
	atomic_uint   met;
	atomic_bool   again; /* plant it again after one step */
} planted;

static _Thread_local struct stepped *current;

static void classify(struct stepped *s, const unsigned char *code)
{
	if (code[0] == 0xF0) /* lock prefix */
		atomic_fetch_add(&s->locked, 1);
	if (code[0] == 0x0F && code[1] == 0x05)
		atomic_fetch_add(&s->system_calls, 1);
	if (code[0] == 0x0F && code[1] == 0xAE && code[2] >= 0xE8) /* lfence, mfence, sfence */
		atomic_fetch_add(&s->fences, 1);
	/* xchg with memory locks without a prefix: [rex] 86 or 87, mod not 3 */
	if ((code[0] & 0xF0) == 0x40)
		code++;
	if ((code[0] & 0xFE) == 0x86 && code[1] < 0xC0)
		atomic_fetch_add(&s->locked, 1);
}

static void note_point(unsigned char *code)
{
	unsigned n = atomic_load(&trace_count), turn = 1;

	if (code < text || code >= text_end || n == POINTS_MAX)
		return;
	for (unsigned i = 0; i < n; i++)
		turn += trace_points[i].code == code;
	trace_points[n] = (struct point){ code, turn };
	atomic_store(&trace_count, n + 1);
}

/* The trap flag was set: one instruction has run, another is next. */
static void on_step(greg_t *registers)
{
	unsigned char *code = (unsigned char *)registers[REG_RIP];

	if (atomic_exchange(&planted.again, false))
		*planted.point.code = INT3;
	if (!current || !current->trace) {
		registers[REG_EFL] &= ~(greg_t)TRAP_FLAG;
		return;
	}
	atomic_fetch_add(&current->steps, 1);
	classify(current, code);
	note_point(code);
}

static void on_breakpoint(greg_t *registers)
{
	struct stepped *s = current;

	registers[REG_RIP]--;
	*planted.point.code = planted.original;
	if (!s) /* not the thread that is meant: this round has no frozen thread */
		return;
	if (atomic_fetch_add(&planted.met, 1) + 1 < planted.point.turn) {
		atomic_store(&planted.again, true);
		registers[REG_EFL] |= TRAP_FLAG;
		return;
	}
	atomic_store(&s->frozen, true);
	while (!atomic_load(&s->go))
		doze();
}

static void on_trap(int number, siginfo_t *info, void *context)
{
	greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;

	(void)number;
	if (info->si_code == TRAP_TRACE)
		on_step(registers);
	else
		on_breakpoint(registers);
}

static void find_text(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	uintptr_t inside = (uintptr_t)&pp_push, from, to;
	char line[512];

	EXPECT(maps != NULL);
	while (!text && fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx", &from, &to) != 2 || inside < from || inside >= to)
			continue;
		text = (unsigned char *)from;
		text_end = (unsigned char *)to;
	}
	fclose(maps);
	EXPECT(text != NULL);
}

void breakpoint_prepare(void)
{
	struct sigaction action = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO | SA_RESTART };

	if (text)
		return;
	find_text();
	EXPECT_EQ(mprotect(text, (size_t)(text_end - text), PROT_READ | PROT_WRITE | PROT_EXEC), 0);
	EXPECT_EQ(sigaction(SIGTRAP, &action, NULL), 0);
}

void breakpoint_plant(struct point point)
{
	planted.point = point;
	planted.original = *point.code;
	atomic_store(&planted.met, 0);
	*point.code = INT3;
}

void breakpoint_clear(void)
{
	if (planted.point.code)
		*planted.point.code = planted.original;
}

void breakpoint_enter(struct stepped *s)
{
	current = s;
	if (s->trace)
		__asm__ volatile("pushfq\n\torq %0, (%%rsp)\n\tpopfq" : : "i"(TRAP_FLAG)
				 : "memory", "cc");
}

void breakpoint_leave(void)
{
	current = NULL; /* the next trap clears the flag */
}

bool stepping_works(void)
{
	return true;
}

#else

bool stepping_works(void)
{
	return false;
}

void breakpoint_prepare(void)
{
	cr_assert_fail("nothing to step with");
}

void breakpoint_plant(struct point point)
{
	(void)point;
}

void breakpoint_clear(void)
{
}

void breakpoint_enter(struct stepped *s)
{
	(void)s;
}

void breakpoint_leave(void)
{
}

#endif
