/* SPDX-License-Identifier: MIT */
/*
 * How long a wait spins before it sleeps, on a clock that the test moves: each look at it
 * takes TICK ns.  It stands soon after the machine's start, so that for the kernel every
 * deadline is long past and a sleep with one ends at once, as if it had lasted SLEEP ns.
 */
#include "kernel.h"

#include <sched.h>
#include <time.h>
#include <unistd.h>

SUITE(spinning);

#define TICK 10
#define DEADLINE (10 * PP_MS)
/* Looks at the clock that are no spinning: is the deadline past, when does the sleep begin. */
#define OTHER_LOOKS 3
#define FEW_LOOKS 40

/* That which fills in a struct timespec as it is here. */
#ifdef SYS_clock_gettime64
enum { CLOCK_GETTIME = sizeof(time_t) > sizeof(long) ? SYS_clock_gettime64 : SYS_clock_gettime };
#else
enum { CLOCK_GETTIME = SYS_clock_gettime };
#endif

static _Thread_local bool faking;
static int64_t fake_now, fell_asleep, sleep_lasts;
static unsigned yields;

int clock_gettime(clockid_t clock, struct timespec *t)
{
	if (!faking || clock != CLOCK_MONOTONIC)
		return (int)syscall(CLOCK_GETTIME, clock, t);
	fake_now += TICK;
	*t = (struct timespec){ .tv_sec = fake_now / PP_SEC, .tv_nsec = fake_now % PP_SEC };
	return 0;
}

int sched_yield(void)
{
	yields++;
	return (int)syscall(SYS_sched_yield);
}

static long in_place_of_kernel(long number, const long *a)
{
	if (faking && is_futex(number)) {
		fell_asleep = fake_now;
		fake_now += sleep_lasts;
	}
	return to_kernel(number, a);
}

KERNEL(in_place_of_kernel);

struct spun {
	int64_t  ns;    /* from the call to the sleep, less what is no spinning */
	unsigned looks; /* at the clock while spinning */
	unsigned yields;
};

/* A pull, or a push into a full ring, that waits in vain. */
static struct spun wait_in_vain(const struct ends *e, bool push)
{
	uint64_t item = 0;
	struct spun spun;
	int result;

	yields = 0;
	fake_now = PP_US;
	fell_asleep = 0;
	faking = true;
	result = push ? pp_push_until(e->tx, &item, DEADLINE) : pp_pull_until(e->rx, &item, DEADLINE);
	faking = false;
	EXPECT_EQ(result, -ETIMEDOUT);
	EXPECT(fell_asleep > 0);
	spun.ns = fell_asleep - PP_US - OTHER_LOOKS * TICK;
	spun.looks = spun.ns > 0 ? (unsigned)(spun.ns / TICK) : 0;
	spun.yields = yields;
	return spun;
}

static struct ends open_spinning(pp_kind kind, size_t capacity, int64_t spin_ns)
{
	struct ends e = ends_open_with(&PP_CONFIG(.kind = kind, .capacity = capacity,
						  .item_size = 8, .spin_ns = spin_ns));

	sleep_lasts = 0;
	ends_fill(&e, 0, capacity);
	return e;
}

/* A pull finds nothing at capacity 0 and on an emptied ring, a push on a full one. */
static void each_wait(pp_kind kind, size_t capacity, int64_t spin_ns,
		      void (*check)(struct spun spun, int64_t spin_ns))
{
	struct ends e = open_spinning(kind, capacity, spin_ns);

	for (int i = 0; i < 3; i++)
		check(wait_in_vain(&e, true), spin_ns);
	ends_drain(&e, 0, capacity);
	for (int i = 0; i < 3; i++)
		check(wait_in_vain(&e, false), spin_ns);
	ends_let_go(&e);
}

static void at_most(struct spun spun, int64_t spin_ns)
{
	EXPECT(spun.ns <= spin_ns + TICK); /* the look that saw it pass */
	/* Yields are limited in number, and on one CPU there is nothing else. */
	EXPECT(spun.ns >= (spin_ns < FEW_LOOKS * TICK ? spin_ns : FEW_LOOKS * TICK) - 2 * TICK);
}

static void limits(pp_kind kind, size_t capacity)
{
	static const int64_t limit[] = { 1, 100, 500, 2 * PP_US, 3 * PP_US, 3 * PP_US / 2 };

	for (size_t i = 0; i < ARRAY_LEN(limit); i++)
		each_wait(kind, capacity, limit[i], at_most);
}

Test(spinning, a_limit_is_spun_and_not_exceeded)
{
	for (size_t capacity = 0; capacity <= 17; capacity++)
		for_each_kind(capacity, limits);
	for_each_kind(1000, limits);
}

static void not_at_all(struct spun spun, int64_t spin_ns)
{
	(void)spin_ns;
	EXPECT_EQ(spun.looks, 0);
	EXPECT_EQ(spun.yields, 0);
}

static void none(pp_kind kind, size_t capacity)
{
	each_wait(kind, capacity, PP_SPIN_NONE, not_at_all);
}

Test(spinning, with_spin_none_a_wait_sleeps_at_once)
{
	for_each_ring(0, none);
}

/* ---- Adaptive -------------------------------------------------------------------------- */

static bool several_cpus(void)
{
	cpu_set_t set;

	EXPECT_EQ(sched_getaffinity(0, sizeof(set), &set), 0);
	return CPU_COUNT(&set) > 1;
}

/* The first wait of a ring knows nothing; after many long ones it sleeps at once, but for
 * a probe now and then. */
static void fades(pp_kind kind, size_t capacity)
{
	struct ends e = open_spinning(kind, capacity, PP_SPIN_ADAPTIVE);
	struct spun first;
	unsigned spinning = 0;

	ends_drain(&e, 0, capacity);
	first = wait_in_vain(&e, false);
	EXPECT(first.looks > (several_cpus() ? first.yields : 0));
	sleep_lasts = PP_MS;
	for (int i = 0; i < 100; i++)
		(void)wait_in_vain(&e, false);
	for (int i = 0; i < 100; i++)
		spinning += wait_in_vain(&e, false).looks > 0;
	EXPECT(spinning < 20);
	ends_let_go(&e);
}

Test(spinning, by_default_it_fades_when_waits_are_long)
{
	for (size_t capacity = 0; capacity < 4; capacity++)
		for_each_kind(capacity, fades);
}

static void only_yields(struct spun spun, int64_t spin_ns)
{
	(void)spin_ns;
	EXPECT(spun.looks <= spun.yields); /* none without letting another thread run */
}

static void on_one_cpu(pp_kind kind, size_t capacity)
{
	each_wait(kind, capacity, PP_SPIN_ADAPTIVE, only_yields);
	each_wait(kind, capacity, 2 * PP_US, only_yields);
}

Test(spinning, on_one_cpu_only_a_wait_yields_and_never_spins)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET((size_t)sched_getcpu(), &one);
	EXPECT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
	for (size_t capacity = 0; capacity < 4; capacity++)
		for_each_kind(capacity, on_one_cpu);
}
