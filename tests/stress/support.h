/* SPDX-License-Identifier: MIT */
/* What every stress and stall program needs: failing loudly, never hanging, luck. */
#ifndef STRESS_SUPPORT_H
#define STRESS_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Checked in every build, also with NDEBUG. */
#define CHECK(condition, ...) \
	do { \
		if (!(condition)) \
			test_fail(__FILE__, __LINE__, #condition, __VA_ARGS__); \
	} while (0)

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Says what was being tested, what is wrong and where every ring stands; ends the program. */
_Noreturn void test_fail(const char *file, int line, const char *condition,
			 const char *format, ...) __attribute__((format(printf, 4, 5)));

/* What is being tested now, for messages.  One thread, the main one, sets it. */
void test_case(const char *format, ...) __attribute__((format(printf, 1, 2)));
const char *test_case_name(void);

/*
 * The watchdog: a thread that ends the program, with the rings and all stacks on stderr,
 * when nobody has fed it for too long.  STRESS_HANG_SECONDS overrides the time.
 */
void watchdog_start(void);
void watchdog_feed(void);

/* True in a build with any sanitizer, or under valgrind: everything takes longer. */
bool test_is_slow(void);

/* How many rings are open, by pp_dump.  The registry still points to one that is never freed,
 * so that no leak checker reports it. */
unsigned test_open_rings(void);

/* Luck that can be repeated: splitmix64. */
struct luck { uint64_t state; };
uint64_t luck_draw(struct luck *l);
/* 0 to n - 1; n > 0 */
uint64_t luck_below(struct luck *l, uint64_t n);
/* STRESS_SEED, or a new one, which is printed: a failure can be tried again. */
uint64_t luck_seed(void);

/* Sleep for about that long; the first call makes short sleeps short in this thread. */
void nap_us(unsigned us);

/* The CPU time that this thread has used, in nanoseconds. */
int64_t own_cpu_ns(void);

#endif
