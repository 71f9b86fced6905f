/* SPDX-License-Identifier: MIT */
/*
 * The part of Criterion's interface that tests/unit uses, for machines that Criterion is not
 * built for.  Under the same name, so that the cases compile unchanged: criterion.pc beside it
 * is found instead of the real one.
 *
 *   PROGRAM [--list] [--without SUITE/CASE]... [SUITE/CASE]...
 *
 * As there, a case runs in a process of its own, `init` before it, and one that takes longer
 * than `timeout` is ended.  In the environment, RUNNER_SECONDS is another limit, STRESS_SLOW=1, for
 * an emulator, makes it five times as long, and RUNNER_FIRST=1 ends the program at the first case
 * that fails.  A program has one suite: TestSuite() makes main().
 * Exit status: 0, 1 when a case failed, 2 when an argument names no case.
 */
#ifndef RUNNER_CRITERION_H
#define RUNNER_CRITERION_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <signal.h>

/* ---- What a test writes ---------------------------------------------------------- */

struct runner_suite {
	const char *name;
	void (*init)(void);
	double timeout; /* seconds */
};

struct runner_case {
	const char *suite, *name;
	void (*body)(void);
};

/* The linker gathers the cases. */
#define Test(suite_, name_)                                                                    \
	static void suite_##_##name_(void);                                                    \
	static const struct runner_case runner_##suite_##_##name_ = { #suite_, #name_,         \
								      suite_##_##name_ };      \
	static const struct runner_case *const runner_at_##suite_##_##name_                    \
		__attribute__((used, section("runner_cases"))) = &runner_##suite_##_##name_;   \
	static void suite_##_##name_(void)

#define TestSuite(name_, ...)                                                                  \
	static const struct runner_suite runner_suite_##name_ = { .name = #name_,              \
								  __VA_ARGS__ };               \
	int main(int argc, char **argv)                                                        \
	{                                                                                      \
		return runner_main(argc, argv, &runner_suite_##name_);                         \
	}                                                                                      \
	_Static_assert(1, "") /* takes the semicolon */

#define cr_assert(condition, ...)                                                              \
	((condition) ? (void)0 : runner_stop(RUNNER_FAILED, __FILE__, __LINE__, __VA_ARGS__))
#define cr_assert_fail(...) runner_stop(RUNNER_FAILED, __FILE__, __LINE__, __VA_ARGS__)
#define cr_assert_str_eq(got, want) \
	cr_assert(strcmp((got), (want)) == 0, "%s is '%s', not '%s'", #got, (got), (want))
#define cr_skip_test(...) runner_stop(RUNNER_SKIPPED, __FILE__, __LINE__, __VA_ARGS__)

/* ---- In the process of a case ---------------------------------------------------- */

/* No status that a case, a sanitizer or a shell ends with by itself. */
enum { RUNNER_PASSED = 0, RUNNER_FAILED = 101, RUNNER_SKIPPED = 102 };

/* _exit: other threads of the case may still run. */
__attribute__((noreturn, format(printf, 4, 5)))
static inline void runner_stop(int status, const char *file, int line, const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fprintf(stderr, "%s:%d: ", file, line);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	_exit(status);
}

__attribute__((noreturn))
static inline void runner_child(const struct runner_suite *suite, const struct runner_case *c,
				const sigset_t *before)
{
	/* A group of its own: what the case starts ends with it. */
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigprocmask(SIG_SETMASK, before, NULL);
	if (suite->init)
		suite->init();
	c->body();
	exit(RUNNER_PASSED);
}

/* ---- The runner ------------------------------------------------------------------ */

extern const struct runner_case *const __start_runner_cases[];
extern const struct runner_case *const __stop_runner_cases[];

/* SIGCHLD is blocked, so none is missed between the look and the wait. */
static inline bool runner_ended(pid_t child, double seconds, int *status)
{
	struct timespec now, end;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += (time_t)seconds;
	for (;;) {
		if (waitpid(child, status, WNOHANG) == child)
			return true;
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec > end.tv_sec)
			return false;
		sigtimedwait(&set, NULL, &(struct timespec){ .tv_sec = 1 });
	}
}

static inline bool runner_is_set(const char *name)
{
	const char *value = getenv(name);

	return value && strcmp(value, "1") == 0;
}

static inline double runner_patience(const struct runner_suite *suite)
{
	const char *limit = getenv("RUNNER_SECONDS");

	return (limit ? atof(limit) : suite->timeout) * (runner_is_set("STRESS_SLOW") ? 5 : 1);
}

static inline int runner_verdict(const struct runner_case *c, int status)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	char why[60] = "";

	if (WIFSIGNALED(status))
		snprintf(why, sizeof(why), "ended by signal %d", WTERMSIG(status));
	else if (code != RUNNER_PASSED && code != RUNNER_FAILED && code != RUNNER_SKIPPED)
		snprintf(why, sizeof(why), "exited with %d", code);
	printf("%-8s%s/%s %s\n", code == RUNNER_PASSED ? "ok" : code == RUNNER_SKIPPED ? "skipped" :
	       "FAILED", c->suite, c->name, why);
	return code == RUNNER_PASSED || code == RUNNER_SKIPPED ? code : RUNNER_FAILED;
}

static inline int runner_run(const struct runner_suite *suite, const struct runner_case *c)
{
	sigset_t child_ends, before;
	int status = 0;
	pid_t child;

	sigemptyset(&child_ends);
	sigaddset(&child_ends, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child_ends, &before);
	fflush(stdout);
	child = fork();
	if (child == 0)
		runner_child(suite, c, &before);
	if (child < 0) {
		perror("fork");
		exit(RUNNER_FAILED);
	}
	if (!runner_ended(child, runner_patience(suite), &status)) {
		fprintf(stderr, "%s/%s: takes longer than %g s\n", c->suite, c->name,
			runner_patience(suite));
		kill(-child, SIGKILL);
		waitpid(child, &status, 0);
	}
	kill(-child, SIGKILL);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return runner_verdict(c, status);
}

/* Whether the words of argv name the case; `option` stands before each, or nothing does. */
static inline bool runner_named(char **argv, const char *option, const struct runner_case *c)
{
	char name[200];

	snprintf(name, sizeof(name), "%s/%s", c->suite, c->name);
	for (char **word = argv + 1; *word; word++) {
		bool is_option = strcmp(*word, "--without") == 0;

		if (is_option && !*++word)
			break;
		if (is_option == (option != NULL) && strcmp(*word, name) == 0)
			return true;
	}
	return false;
}

/* How many cases the words choose, how many they leave out; -1 when one of them is no case. */
static inline int runner_chosen(int argc, char **argv)
{
	int words = 0, met = 0, chosen = 0;

	for (int i = 1; i < argc; i++) {
		bool without = strcmp(argv[i], "--without") == 0;

		words++;
		chosen += !without;
		i += without;
	}
	for (const struct runner_case *const *at = __start_runner_cases; at < __stop_runner_cases; at++)
		met += runner_named(argv, NULL, *at) + runner_named(argv, "--without", *at);
	return met == words ? chosen : -1;
}

static inline int runner_list(void)
{
	for (const struct runner_case *const *at = __start_runner_cases; at < __stop_runner_cases; at++)
		printf("%s/%s\n", (*at)->suite, (*at)->name);
	return 0;
}

static inline int runner_main(int argc, char **argv, const struct runner_suite *suite)
{
	int passed = 0, failed = 0, skipped = 0, chosen;

	if (argc == 2 && strcmp(argv[1], "--list") == 0)
		return runner_list();
	chosen = runner_chosen(argc, argv);
	if (chosen < 0) {
		fprintf(stderr, "%s: an argument is no case of it, or one twice\n", argv[0]);
		return 2;
	}
	for (const struct runner_case *const *at = __start_runner_cases; at < __stop_runner_cases; at++) {
		int verdict;

		if ((chosen && !runner_named(argv, NULL, *at)) || runner_named(argv, "--without", *at))
			continue;
		verdict = runner_run(suite, *at);
		passed += verdict == RUNNER_PASSED;
		failed += verdict == RUNNER_FAILED;
		skipped += verdict == RUNNER_SKIPPED;
		if (failed && runner_is_set("RUNNER_FIRST"))
			break;
	}
	printf("%s: %d passed, %d failed, %d skipped\n", suite->name, passed, failed, skipped);
	return failed ? 1 : 0;
}

#endif
