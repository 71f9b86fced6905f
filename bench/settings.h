/* SPDX-License-Identifier: MIT */
/* The settings that the options list, each by each. */
#ifndef BENCH_SETTINGS_H
#define BENCH_SETTINGS_H

#include "engine.h"
#include "options.h"

/* Where nobody chose: one batch, form, regime and placement. */
void settings_fill(options *o);

/* For measuring in rounds: how many, and how long a sample lasts, where nobody chose. */
void settings_for_rounds(options *o);

/* Every combination of shape, placement, regime, form and batch, in a spec that has nothing else. */
typedef void settings_plan(const options *o, const run_spec *how, const void *context);
void settings_each(const options *o, settings_plan *plan, const void *context);

#endif
