/* SPDX-License-Identifier: MIT */
/*
 *   steps [options] [scenario ...]                  without a name: all
 *
 *   --mode hook|fine|both   steps at the hooks, or at every access (both)
 *   --limit N               schedules, in all, of the exhaustive search of one mode (2000); those
 *                           that would be a small part of a bound are at random instead
 *   --bound N               most deviations that it goes up to (6)
 *   --random N              executions at random after it (1000)
 *   --seed N                of the first of those (1)
 *   --mutant LABEL          one label of the library weakened
 *   --slice K/N             every N-th scenario only, from the K-th on
 *   --failures N            the end after so many scenarios that failed (all are run)
 *   --patience S            seconds without a step (60)
 *   --replay SCHEDULE       one execution, with all its steps
 *   --list
 *
 * Status 0: nothing failed.
 */
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "calls.h"
#include "explore.h"

#undef free

struct settings {
	bool hook, fine;
	uint64_t limit, random, seed;
	unsigned bound, slice, slices, failures;
	const char *replay;
};

static unsigned most_seconds = 60; /* seconds */

/* ---- one execution ---------------------------------------------------------------------- */

static unsigned pick(bool at_random_only)
{
	static const struct option two[2] = { { OPTION_PICK, 0 }, { OPTION_PICK, 1 } };

	return explore_decide(two, 2, 2, at_random_only);
}

/* An execution takes microseconds; one that never ends has no step in it that would count. */
static void guard(void)
{
	if (explored->executions % 4096 == 1)
		alarm(most_seconds);
}

static void settle_all(void)
{
	calls_settle();
	ledger_end();
}

static bool execute(const struct scenario *s)
{
	unsigned n = 0;
	bool well;

	guard();
	steps_begin();
	while (n < STEPS_THREADS && s->thread[n])
		n++;
	pp_test_start_before_wrap = 1;
	pp_test_most_marked = (s->ring[0].kind == SPSC || s->ring[1].kind == SPSC) && pick(false)
	                      ? 0 : 128;
	steps_options.spins = pick(true);
	steps_options.spurious = pick(true) || s->flags & SPURIOUS;
	steps_options.signals = s->flags & (SIGNALS | UNASKED);
	steps_options.fenced = s->flags & FENCED;
	ledger_begin(s);
	calls_clear();
	explored->fine = steps_options.fine;
	well = steps_run(n, calls_of, settle_all);
	if (well)
		return true;
	explored->failed = true;
	snprintf(explored->property, sizeof explored->property, "%s", steps_property);
	snprintf(explored->details, sizeof explored->details, "%s", steps_details);
	return false;
}

/* ---- what a child process does ---------------------------------------------------------- */

static void say(const char *format, ...)
{
	size_t at = strlen(explored->row);
	va_list args;

	va_start(args, format);
	vsnprintf(explored->row + at, sizeof explored->row - at, format, args);
	va_end(args);
}

/* So many schedules would be far from all with one deviation more: each point of each of those
 * with `bound`, or as many times more as `bound` is of the ones before. */
static bool is_too_many(uint64_t left, uint64_t all, uint64_t before)
{
	uint64_t times = before ? all / before : explored->points;

	return all > 20 && all * times > 8 * left;
}

/* As many deviations as the limit lets it.  *left: of the limit.  False: one failed. */
static bool exhaust(const struct scenario *s, const struct settings *o, uint64_t *left)
{
	uint64_t all = 0, before;
	unsigned bound;

	for (*left = o->limit, bound = 0; bound <= o->bound; bound++) {
		before = all;
		explore_all(bound);
		while (explored->executions < *left && explore_next())
			if (!execute(s))
				return false;
		all = explored->executions;
		*left -= all;
		if (!explored->complete)
			break;
		if (bound < o->bound && is_too_many(*left, all, before)) {
			say("complete to %u (%llu)", bound, (unsigned long long)(o->limit - *left));
			return true;
		}
	}
	if (bound > o->bound)
		say("complete to %u", o->bound);
	else if (bound > 0)
		say("complete to %u, part of %u", bound - 1, bound);
	else
		say("part of 0");
	say(" (%llu)", (unsigned long long)(o->limit - *left));
	return true;
}

static bool at_random(const struct scenario *s, const struct settings *o, uint64_t count)
{
	explore_seed(o->seed);
	while (explored->executions < count && explore_next())
		if (!execute(s))
			return false;
	say(" random %llu", (unsigned long long)count);
	return true;
}

static bool search(const struct scenario *s, const struct settings *o)
{
	uint64_t left;
	bool fine;
	int i;

	for (i = 0; i < 2; i++) {
		fine = i == 1;
		if (!(fine ? o->fine : o->hook))
			continue;
		steps_options.fine = fine;
		say("%s: ", fine ? "accesses" : "hooks");
		if (!exhaust(s, o, &left) || !at_random(s, o, o->random + left))
			return false;
		say("; ");
	}
	say("%llu items, %llu sleeps", (unsigned long long)explored->moved,
	    (unsigned long long)steps_sleeps);
	if (explored->moved == 0) {
		explored->failed = true;
		snprintf(explored->property, sizeof explored->property, "nothing was moved");
	}
	return !explored->failed;
}

/* In a child: what it does may be the end of it. */
static int in_child(bool (*work)(const struct scenario *, const struct settings *),
                    const struct scenario *s, const struct settings *o)
{
	int status;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0) {
		bool well = work(s, o);

		fflush(stdout);
		_exit(well ? 0 : 1);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		return -1;
	if (WIFSIGNALED(status)) {
		explored->failed = true;
		snprintf(explored->property, sizeof explored->property, "signal %d",
		         WTERMSIG(status));
		explored->details[0] = '\0';
	}
	return status == 0 ? 0 : 1;
}

/* ---- a schedule as text ----------------------------------------------------------------- */

static char *schedule_text(void)
{
	size_t size = 16 + 24 * (size_t)explored->deviations, at;
	char *text = malloc(size);
	uint32_t i;

	if (!text)
		abort();
	at = (size_t)snprintf(text, size, "%s/", explored->fine ? "fine" : "hook");
	for (i = 0; i < explored->deviations; i++)
		at += (size_t)snprintf(text + at, size - at, "%s%u:%u", i ? "," : "",
		                       explored->at[i].point, explored->at[i].option);
	return text;
}

static bool replay(const struct scenario *s, const struct settings *o)
{
	const char *points = strchr(o->replay, '/');

	steps_options.fine = strncmp(o->replay, "fine/", 5) == 0;
	if (!points || !explore_replay(points + 1) || !explore_next()) {
		fprintf(stderr, "%s is not a schedule\n", o->replay);
		return false;
	}
	return execute(s);
}

/* Does it fail in the same way without some of its deviations?  Then they go. */
static char *shorten(const struct scenario *s, char *text, char *property)
{
	struct settings o = { 0 };
	bool shorter = true;

	while (shorter) {
		char *part = text;

		for (shorter = false; !shorter && (part = strpbrk(part, "/,")); part++) {
			char *end = strchr(part + 1, ','), *tried = strdup(text);

			if (!tried || !part[1])
				abort();
			tried[part + 1 - text] = '\0';
			strcat(tried, end ? end + 1 : "");
			if (!end && *part == ',')
				tried[part - text] = '\0';
			o.replay = tried;
			explored->failed = false;
			in_child(replay, s, &o);
			shorter = explored->failed && strcmp(explored->property, property) == 0;
			free(shorter ? text : tried);
			if (shorter)
				text = tried;
			else if (!end)
				break;
		}
		if (strchr(text, '/')[1] == '\0')
			break;
	}
	return text;
}

static void report(const struct scenario *s)
{
	char property[sizeof explored->property], details[sizeof explored->details];
	char *text = schedule_text();

	snprintf(property, sizeof property, "%s", explored->property);
	snprintf(details, sizeof details, "%s", explored->details);
	printf("FAILED  %s %s (%s), schedule %llu", s->name, property, details,
	       (unsigned long long)explored->executions);
	if (explored->random)
		printf(", seed %llu", (unsigned long long)explored->seed);
	fflush(stdout);
	text = strchr(text, '/')[1] ? shorten(s, text, property) : text;
	printf("; again: steps --replay %s %s\n", text, s->name);
	free(text);
}

/* ---- options ---------------------------------------------------------------------------- */

static bool named(const char *name, char **names, int count)
{
	int i;

	for (i = 0; i < count; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return count == 0;
}

static int list(void)
{
	unsigned i;

	for (i = 0; i < scenario_count; i++)
		puts(scenarios[i].name);
	return 0;
}

static bool set_mode(struct settings *o, const char *mode)
{
	o->hook = strcmp(mode, "fine") != 0;
	o->fine = strcmp(mode, "hook") != 0;
	return strcmp(mode, "both") == 0 || !o->hook || !o->fine;
}

static bool set(struct settings *o, const char *name, const char *value)
{
	if (strcmp(name, "--mode") == 0)
		return set_mode(o, value);
	if (strcmp(name, "--limit") == 0)
		o->limit = strtoull(value, NULL, 10);
	else if (strcmp(name, "--bound") == 0)
		o->bound = (unsigned)strtoul(value, NULL, 10);
	else if (strcmp(name, "--random") == 0)
		o->random = strtoull(value, NULL, 10);
	else if (strcmp(name, "--seed") == 0)
		o->seed = strtoull(value, NULL, 10);
	else if (strcmp(name, "--mutant") == 0)
		steps_mutant = value;
	else if (strcmp(name, "--replay") == 0)
		o->replay = value;
	else if (strcmp(name, "--failures") == 0)
		o->failures = (unsigned)strtoul(value, NULL, 10);
	else if (strcmp(name, "--patience") == 0)
		most_seconds = (unsigned)strtoul(value, NULL, 10);
	else if (strcmp(name, "--slice") == 0)
		return sscanf(value, "%u/%u", &o->slice, &o->slices) == 2 && o->slices > 0;
	else
		return false;
	return true;
}

/* True: it held. */
static bool run_one(const struct scenario *s, const struct settings *o)
{
	bool well;

	memset(explored, 0, offsetof(struct explored, at));
	steps_options.trace = o->replay != NULL;
	well = in_child(o->replay ? replay : search, s, o) == 0;
	if (well)
		printf("ok      %s %s\n", s->name, explored->row);
	else if (!explored->failed)
		printf("FAILED  %s could not be run\n", s->name);
	else if (o->replay)
		printf("FAILED  %s %s (%s)\n", s->name, explored->property, explored->details);
	else
		report(s);
	return well;
}

static int run_all(const struct settings *o, char **names, int count)
{
	int ran = 0, failed = 0;
	unsigned i;

	for (i = 0; i < scenario_count && (o->failures == 0 || (unsigned)failed < o->failures); i++)
		if (named(scenarios[i].name, names, count) &&
		    i % o->slices == o->slice % o->slices) {
			ran++;
			failed += !run_one(&scenarios[i], o);
		}
	printf("%d scenarios, %d failed\n", ran, failed);
	return ran == 0 || failed ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct settings o = { .hook = true, .fine = true, .limit = 2000, .random = 1000, .seed = 1,
	                      .bound = 6, .slices = 1 };
	int i = 1;

	explored = mmap(NULL, sizeof *explored, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
	                -1, 0);
	if (explored == MAP_FAILED)
		return 2;
	for (; i < argc && strncmp(argv[i], "--", 2) == 0; i += 2) {
		if (strcmp(argv[i], "--list") == 0)
			return list();
		if (i + 1 == argc || !set(&o, argv[i], argv[i + 1])) {
			fprintf(stderr, "%s: what is %s?\n", argv[0], argv[i]);
			return 2;
		}
	}
	return run_all(&o, argv + i, argc - i);
}
