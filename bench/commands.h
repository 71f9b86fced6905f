/* SPDX-License-Identifier: MIT */
/* The subcommands; each gives the exit status. */
#ifndef BENCH_COMMANDS_H
#define BENCH_COMMANDS_H

#include "options.h"

int command_sweep(options *o);
int command_latency(options *o);
int command_idle(options *o);
int command_limits(options *o);
int command_check(options *o);
int command_goals(options *o);
int command_compare(options *o);
int command_select(options *o);
int command_selftest(options *o);

/* Parts of the default sweep, to be registered and, afterwards, shown. */
void limits_register(bool short_run);
void limits_show(void);
void idle_register(double seconds);
void idle_show(void);

#endif
