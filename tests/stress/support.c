/* SPDX-License-Identifier: MIT */
#include "support.h"

#include "../stacks.h"

#include <pushpull/pushpull.h>

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char name[200] = "nothing yet";

void test_case(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(name, sizeof(name), format, args);
	va_end(args);
}

const char *test_case_name(void)
{
	return name;
}

/* _exit: other threads still run, and no handler of theirs is to make this pass or hang. */
void test_fail(const char *file, int line, const char *condition, const char *format, ...)
{
	static atomic_flag failed = ATOMIC_FLAG_INIT;
	va_list args;

	if (atomic_flag_test_and_set(&failed))
		for (;;)
			pause(); /* the first one speaks */
	fprintf(stderr, "FAIL: %s\n%s:%d: %s: ", name, file, line, condition);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\nrings:\n");
	fflush(stderr);
	pp_dump(STDERR_FILENO);
	_exit(1);
}

bool test_is_slow(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	return true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
	return true;
#endif
#endif
	return getenv("STRESS_SLOW") != NULL;
}

unsigned test_open_rings(void)
{
	int file = memfd_create("dump", 0);
	unsigned lines = 0;
	char c;

	CHECK(file >= 0 && pp_dump(file) == 0 && lseek(file, 0, SEEK_SET) == 0, "dump");
	while (read(file, &c, 1) == 1)
		lines += c == '\n';
	close(file);
	return lines;
}

/* ---- The watchdog ---------------------------------------------------------------- */

static atomic_llong last_fed;

static void *watch(void *arg)
{
	const char *text = getenv("STRESS_HANG_SECONDS");
	int64_t patience = (text ? atoi(text) : test_is_slow() ? 240 : 90) * PP_SEC;

	(void)arg;
	while (pp_now() - atomic_load(&last_fed) < patience)
		nap_us(100 * 1000);
	fprintf(stderr, "HANG: %s\nrings:\n", name);
	fflush(stderr);
	pp_dump(STDERR_FILENO);
	if (!stacks_print()) {
		fprintf(stderr, "no stacks: gdb is missing or may not attach\n");
		abort();
	}
	_exit(2);
}

void watchdog_start(void)
{
	pthread_t thread;

	watchdog_feed();
	CHECK(pthread_create(&thread, NULL, watch, NULL) == 0, "no watchdog");
	pthread_detach(thread);
}

void watchdog_feed(void)
{
	atomic_store(&last_fed, pp_now());
}

/* ---- Luck ------------------------------------------------------------------------ */

uint64_t luck_draw(struct luck *l)
{
	uint64_t z = l->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

uint64_t luck_below(struct luck *l, uint64_t n)
{
	return luck_draw(l) % n;
}

uint64_t luck_seed(void)
{
	const char *text = getenv("STRESS_SEED");
	uint64_t seed = 0;

	if (text)
		seed = strtoull(text, NULL, 0);
	else if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
		seed = (uint64_t)pp_now();
	printf("STRESS_SEED=0x%llx\n", (unsigned long long)seed);
	fflush(stdout);
	return seed;
}

/* ---- Time ------------------------------------------------------------------------ */

void nap_us(unsigned us)
{
	static _Thread_local bool sharpened;

	if (!sharpened)
		prctl(PR_SET_TIMERSLACK, 1000); /* the default is 50 us */
	sharpened = true;
	nanosleep(&(struct timespec){ .tv_sec = us / 1000000,
				      .tv_nsec = (long)(us % 1000000) * 1000 }, NULL);
}

int64_t own_cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (int64_t)ts.tv_sec * PP_SEC + ts.tv_nsec;
}
