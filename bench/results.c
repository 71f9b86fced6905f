/* SPDX-License-Identifier: MIT */
#include "results.h"

#include "gbench.h"
#include "machine.h"
#include "progress.h"
#include "queues/queues.h"
#include "util.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static char *json, *json_made, *txt, *txt_made;
static FILE *printed;
static struct machine_time before;
static double steal, others; /* shares of the whole run */
static char *(*members)(void);

/* Also the folders above it. */
static void make_folder(const char *path)
{
	char *copy = text("%s", path), *at;

	for (at = copy + 1; *at; at++)
		if (*at == '/') {
			*at = 0;
			mkdir(copy, 0777);
			*at = '/';
		}
	if (mkdir(copy, 0777) && errno != EEXIST)
		bad_use("cannot make the folder %s: %s", path, strerror(errno));
	free(copy);
}

static void unfinished(void)
{
	if (json_made)
		unlink(json_made);
	if (txt_made)
		unlink(txt_made);
}

static void describe(const pp_bench_queue *queue)
{
	char *key = text("pp_queue_%s", queue->name);

	gb_context(key, queue->about && *queue->about ? queue->about : "not described");
	free(key);
}

/* Those that were named, or all that are built in. */
static void describe_queues(const options *o)
{
	size_t i, j;

	for (i = 0; i < o->queue_count; i++) {
		for (j = 0; j < i && strcmp(o->queues[j]->name, o->queues[i]->name) != 0; j++)
			;
		if (j == i)
			describe(o->queues[i]);
	}
	for (i = 0; !o->queue_count && queue_at((unsigned)i); i++)
		describe(queue_at((unsigned)i));
}

void results_open(const options *o)
{
	char stamp[32];
	time_t now = time(NULL);
	struct tm utc;

	gmtime_r(&now, &utc);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &utc);
	make_folder(o->out);
	/* The number keeps runs of one second apart. */
	json = text("%s/%s%s-%s-%d.json", o->out, o->command, o->quick ? "-quick" : "", stamp, getpid());
	txt = text("%s/%s%s-%s-%d.txt", o->out, o->command, o->quick ? "-quick" : "", stamp, getpid());
	json_made = text("%s.part", json);
	txt_made = text("%s.part", txt);
	printed = fopen(txt_made, "we");
	if (!printed)
		bad_use("cannot write to %s: %s", o->out, strerror(errno));
	atexit(unfinished);
	machine_time(&before);
	machine_describe();
	gb_context("pp_command", o->command);
	gb_context("pp_quick", o->quick ? "yes" : "no");
	describe_queues(o);
}

void results_conclude(char *(*more)(void))
{
	members = more;
}

static bool noisy(void)
{
	return steal > 0.005 || others > 0.02;
}

static const char *yes_or_no(bool yes)
{
	return yes ? "true" : "false";
}

static char *conclusion(void)
{
	char *more = members ? members() : text("%s", ""), *all;

	machine_shares(&before, &steal, &others);
	all = text("{\n    \"steal_share\": %.6f,\n    \"other_share\": %.6f,\n    \"noisy\": %s,\n"
		   "    \"interrupted\": %s%s\n  }", steal, others, yes_or_no(noisy()),
		   yes_or_no(interrupted), more);
	free(more);
	return all;
}

void results_run(const char *const *shown, const char *const *hidden)
{
	gb_view view = { .quiet = shown == NULL, .shown = shown, .hidden = hidden,
			 .before_print = progress_clear, .conclusion = conclusion };
	size_t planned = gb_planned();

	if (!planned)
		bad_use("no benchmark matches the filter");
	progress_begin(planned);
	gb_run(&view, gb_has_flag("--benchmark_out") ? NULL : json_made);
	progress_end();
	/* Only the names were asked for. */
	if (gb_has_flag("--benchmark_list_tests"))
		exit(EXIT_SUCCESS);
}

void say(const char *format, ...)
{
	va_list arguments, again;

	va_start(arguments, format);
	va_copy(again, arguments);
	/* A user's --benchmark_format owns stdout. */
	vfprintf(gb_has_flag("--benchmark_format") ? stderr : stdout, format, arguments);
	if (printed)
		vfprintf(printed, format, again);
	va_end(again);
	va_end(arguments);
}

/* A full disk cuts the file, and Google Benchmark does not look. */
static void check_whole(const char *path)
{
	FILE *file = fopen(path, "re");
	int last = 0, c;

	if (!file)
		return;
	while ((c = getc(file)) != EOF)
		last = c > ' ' ? c : last;
	fclose(file);
	if (last != '}') {
		json_made = NULL;
		give_up("%s is not complete: is the disk full?", path);
	}
}

static void keep(char **made, const char *name)
{
	if (*made && access(*made, F_OK) == 0 && rename(*made, name))
		give_up("cannot rename %s: %s", *made, strerror(errno));
	free(*made);
	*made = NULL;
}

void results_close(const options *o)
{
	machine_shares(&before, &steal, &others);
	if (noisy())
		say("\nA noisy run: other processes took %.1f %% of the CPUs' time, %.2f %% was stolen.\n",
		    others * 100, steal * 100);
	if (o->quick)
		say("\nA quick run: a smoke test, not a measurement.\n");
	if (interrupted)
		say("\nInterrupted: what was measured until then is kept.\n");
	if (fclose(printed))
		give_up("cannot write %s: %s", txt, strerror(errno));
	printed = NULL;
	keep(&txt_made, txt);
	if (!gb_has_flag("--benchmark_out")) {
		check_whole(json_made);
		keep(&json_made, json);
		say("\nresults: %s\n         %s\n", json, txt);
	} else {
		say("\nresults: as --benchmark_out says, and %s\n", txt);
	}
}
