/* SPDX-License-Identifier: MIT */
/* pushpull-bench: throughput, depth and waiting of bounded queues. */
#include "commands.h"
#include "gbench.h"
#include "place.h"
#include "util.h"

#include <string.h>

/* Google Benchmark would answer --help itself, with its own options only. */
static void keep_help(int argc, char **argv)
{
	static char ours[] = "-?";
	int i;

	for (i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--help"))
			argv[i] = ours;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(options *o);
	} commands[] = {
		{ "sweep", command_sweep }, { "latency", command_latency }, { "idle", command_idle },
		{ "limits", command_limits }, { "check", command_check }, { "goals", command_goals },
		{ "compare", command_compare }, { "select", command_select },
		{ "selftest", command_selftest },
	};
	static options o;
	size_t i;
	int status = EXIT_BAD_USE;

	keep_help(argc, argv);
	gb_init(&argc, argv);
	place_init();
	options_read(&o, argc, argv);
	catch_interrupts();
	for (i = 0; i < COUNT_OF(commands); i++)
		if (!strcmp(commands[i].name, o.command))
			status = commands[i].run(&o);
	gb_end();
	return status;
}
