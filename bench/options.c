/* SPDX-License-Identifier: MIT */
#include "options.h"

#include "queues/queues.h"
#include "util.h"

#include <pushpull/pushpull.h>

#include <ctype.h>
#include <errno.h>
#include <popt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPT_QUEUE = 1, OPT_SHAPES, OPT_CAPACITIES, OPT_ITEM, OPT_BATCH, OPT_FORM, OPT_REGIME,
       OPT_PLACEMENT, OPT_WORKLOAD, OPT_TARGET, OPT_ROWS, OPT_REPS, OPT_TIME, OPT_IDLE,
       OPT_QUICK, OPT_FULL, OPT_NO_DEPTH, OPT_OUT, OPT_VERSION };

static const struct poptOption table[] = {
	{ "queue", 'q', POPT_ARG_STRING, NULL, OPT_QUEUE,
	  "measure this one: spsc, typed, mpmc, typed_mpmc, mutex, pipe, list, or a plugin; may be repeated",
	  "NAME|FILE.so" },
	{ "shapes", 's', POPT_ARG_STRING, NULL, OPT_SHAPES, "producers and consumers", "1P1C,2P2C,..." },
	{ "capacities", 'c', POPT_ARG_STRING, NULL, OPT_CAPACITIES, "items", "0,1,2,..." },
	{ "item-size", 'i', POPT_ARG_STRING, NULL, OPT_ITEM, "bytes", "8" },
	{ "batch", 'b', POPT_ARG_STRING, NULL, OPT_BATCH, "items per call", "1,8,32,64" },
	{ "form", 'f', POPT_ARG_STRING, NULL, OPT_FORM, "calls", "blocking,try,deadline" },
	{ "regime", 'r', POPT_ARG_STRING, NULL, OPT_REGIME, "load",
	  "balanced,slow-consumer,slow-producer,bursty-producer" },
	{ "placement", 'p', POPT_ARG_STRING, NULL, OPT_PLACEMENT, "CPUs", "two,one,unpinned" },
	{ "workload", 'w', POPT_ARG_STRING, NULL, OPT_WORKLOAD, "what compare runs", "stream|ping-pong" },
	{ "target", 0, POPT_ARG_STRING, NULL, OPT_TARGET, "ratio that compare asks of the first", "1" },
	{ "rows", 0, POPT_ARG_STRING, NULL, OPT_ROWS, "of the targets that goals measures", "1,7,21,..." },
	{ "reps", 'n', POPT_ARG_STRING, NULL, OPT_REPS, "interleaved samples of each point", "5" },
	{ "min-time", 't', POPT_ARG_STRING, NULL, OPT_TIME, "shortest sample, ms", "100" },
	{ "idle-time", 0, POPT_ARG_STRING, NULL, OPT_IDLE, "how long idle blocks its threads, s", "10" },
	{ "quick", 0, POPT_ARG_NONE, NULL, OPT_QUICK, "a smoke run: few points, short samples", NULL },
	{ "full", 0, POPT_ARG_NONE, NULL, OPT_FULL, "everything by everything (hours)", NULL },
	{ "no-depth", 0, POPT_ARG_NONE, NULL, OPT_NO_DEPTH, "do not sample the depth", NULL },
	{ "out", 'o', POPT_ARG_STRING, NULL, OPT_OUT, "folder for the results", "DIR" },
	{ "version", 'V', POPT_ARG_NONE, NULL, OPT_VERSION, "print the version", NULL },
	POPT_AUTOHELP POPT_TABLEEND
};

static const char usage[] =
	"[sweep|latency|idle|limits|check|goals|compare|select|selftest] [options]\n"
	"\n"
	"  sweep     throughput and depth over capacities (the default)\n"
	"  latency   open loop at 25, 50, 75 and 90 % of the peak; ping-pong\n"
	"  idle      what blocked threads cost\n"
	"  limits    what this machine can do at best\n"
	"  check     does a queue keep what it promises?\n"
	"  goals     the project's targets, as ratios with their intervals\n"
	"  compare   the first queue beside the others, as ratios with their intervals\n"
	"  select    what choosing among several rings costs\n"
	"  selftest  the harness measures what it knows\n"
	"\n"
	"Google Benchmark's own options (--benchmark_filter=..., --benchmark_out=...) work too.\n";

static double number(const char *option, const char *value, double least, double most)
{
	char *end;
	double x;

	errno = 0;
	x = strtod(value, &end);
	if (end == value || *end || errno || !(x >= least && x <= most))
		bad_use("--%s: '%s' is not a number from %g to %g", option, value, least, most);
	return x;
}

static size_t whole(const char *option, const char *value, size_t least, size_t most)
{
	double x = number(option, value, (double)least, (double)most);

	if ((double)(size_t)x < x || !isdigit((unsigned char)*value))
		bad_use("--%s: '%s' is not a whole number", option, value);
	return (size_t)x;
}

typedef void take(options *o, const char *option, const char *word);

/* Each word of a comma-separated list. */
static void each(options *o, const char *option, const char *list, take *one)
{
	char *copy = text("%s", list), *rest = copy, *word;

	while ((word = strsep(&rest, ",")) != NULL)
		one(o, option, word);
	free(copy);
}

static void room(const char *option, size_t count)
{
	if (count == LIST_MAX)
		bad_use("--%s: more than %d values", option, LIST_MAX);
}

static void take_capacity(options *o, const char *option, const char *word)
{
	room(option, o->capacity_count);
	o->capacities[o->capacity_count++] = whole(option, word, 0, (size_t)1 << 30);
}

static void take_batch(options *o, const char *option, const char *word)
{
	room(option, o->batch_count);
	o->batches[o->batch_count++] = (unsigned)whole(option, word, 1, 1 << 16);
}

static void take_shape(options *o, const char *option, const char *word)
{
	unsigned p, c;
	int used = 0;

	room(option, o->shape_count);
	if (sscanf(word, "%uP%uC%n", &p, &c, &used) != 2 || word[used] || !p || !c ||
	    p > 256 || c > 256)
		bad_use("--%s: '%s' is not like 2P2C (1 to 256 each)", option, word);
	o->shapes[o->shape_count++] = (shape){ p, c };
}

static void take_row(options *o, const char *option, const char *word)
{
	room(option, o->row_count);
	o->rows[o->row_count++] = (unsigned)whole(option, word, 1, 1000);
}

static int named(const char *option, const char *word, const char *const *names)
{
	int i;

	for (i = 0; names[i]; i++)
		if (!strcmp(names[i], word))
			return i;
	bad_use("--%s: unknown '%s'", option, word);
}

static void take_form(options *o, const char *option, const char *word)
{
	room(option, o->form_count);
	o->forms[o->form_count++] = named(option, word, form_names);
}

static void take_regime(options *o, const char *option, const char *word)
{
	room(option, o->regime_count);
	o->regimes[o->regime_count++] = named(option, word, regime_names);
}

static void take_placement(options *o, const char *option, const char *word)
{
	room(option, o->placement_count);
	o->placements[o->placement_count++] = named(option, word, placement_names);
}

const char *const workload_names[] = { "stream", "ping-pong", NULL };

static void take_queue(options *o, const char *word)
{
	const pp_bench_queue *queue = queue_find(word);

	room("queue", o->queue_count);
	if (!queue && !strchr(word, '/') && !strchr(word, '.'))
		bad_use("--queue: no built-in '%s' (a plugin is named as a path: ./%s.so)", word, word);
	o->queues[o->queue_count++] = queue ? queue : queue_load(word);
}

static void take_option(options *o, int option, const char *value)
{
	switch (option) {
	case OPT_QUEUE:      take_queue(o, value); break;
	case OPT_SHAPES:     each(o, "shapes", value, take_shape); break;
	case OPT_CAPACITIES: each(o, "capacities", value, take_capacity); break;
	case OPT_ITEM:       o->item_size = whole("item-size", value, 1, 1 << 20); break;
	case OPT_BATCH:      each(o, "batch", value, take_batch); break;
	case OPT_FORM:       each(o, "form", value, take_form); break;
	case OPT_REGIME:     each(o, "regime", value, take_regime); break;
	case OPT_PLACEMENT:  each(o, "placement", value, take_placement); break;
	case OPT_WORKLOAD:   o->rally = named("workload", value, workload_names); break;
	case OPT_TARGET:     o->target = number("target", value, 1e-6, 1e6); break;
	case OPT_ROWS:       each(o, "rows", value, take_row); break;
	case OPT_REPS:       o->reps = (int)whole("reps", value, 1, 1000); break;
	case OPT_TIME:       o->min_time = number("min-time", value, 1, 60000) / 1e3; break;
	case OPT_IDLE:       o->idle_time = number("idle-time", value, 0.1, 3600); break;
	case OPT_QUICK:      o->quick = true; break;
	case OPT_FULL:       o->full = true; break;
	case OPT_NO_DEPTH:   o->depth = false; break;
	case OPT_OUT:        o->out = text("%s", value); break;
	default:             break;
	}
}

static void fill(options *o)
{
	static const char *const commands[] = { "sweep", "latency", "idle", "limits", "check",
						"goals", "compare", "select", "selftest", NULL };
	int i;

	for (i = 0; commands[i] && strcmp(commands[i], o->command); i++)
		;
	if (!commands[i])
		bad_use("unknown command '%s' (--help lists them)", o->command);
	if (o->quick && o->full)
		bad_use("--quick and --full exclude each other");
	o->plain = !o->queue_count && !o->shape_count && !o->capacity_count && !o->batch_count &&
		   !o->form_count && !o->regime_count && !o->placement_count;
}

void options_read(options *o, int argc, char **argv)
{
	poptContext context = poptGetContext("pushpull-bench", argc, (const char **)argv, table, 0);
	int option;

	*o = (options){ .command = "sweep", .item_size = 8, .depth = true, .out = "bench-results" };
	poptSetOtherOptionHelp(context, usage);
	while ((option = poptGetNextOpt(context)) > 0) {
		char *value = poptGetOptArg(context);

		if (option == OPT_VERSION) {
			printf("pushpull-bench %s\n", pp_version());
			exit(EXIT_SUCCESS);
		}
		take_option(o, option, value);
		free(value);
	}
	if (option < -1)
		bad_use("%s: %s", poptBadOption(context, POPT_BADOPTION_NOALIAS), poptStrerror(option));
	if (poptPeekArg(context))
		o->command = text("%s", poptGetArg(context));
	if (poptPeekArg(context))
		bad_use("what is '%s'? (--help lists what there is)", poptPeekArg(context));
	poptFreeContext(context);
	fill(o);
}
