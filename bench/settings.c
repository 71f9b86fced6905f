/* SPDX-License-Identifier: MIT */
#include "settings.h"

#include "rounds.h"
#include "util.h"

void settings_fill(options *o)
{
	if (!o->batch_count)
		o->batches[o->batch_count++] = 1;
	if (!o->form_count)
		o->forms[o->form_count++] = PP_BENCH_BLOCKING;
	if (!o->regime_count)
		o->regimes[o->regime_count++] = BALANCED;
	if (!o->placement_count)
		o->placements[o->placement_count++] = place_cpus() > 1 ? PLACE_TWO : PLACE_ONE;
}

void settings_for_rounds(options *o)
{
	if (!o->reps)
		o->reps = o->quick ? 3 : ROUNDS;
	if (o->reps > ROUNDS_MAX)
		bad_use("--reps: at most %d here", ROUNDS_MAX);
	if (o->min_time <= 0)
		o->min_time = o->quick ? 0.02 : 0.1;
}

void settings_each(const options *o, settings_plan *plan, const void *context)
{
	size_t s, b, f, r, l;

	for (s = 0; s < o->shape_count; s++)
		for (l = 0; l < o->placement_count; l++)
			for (r = 0; r < o->regime_count; r++)
				for (f = 0; f < o->form_count; f++)
					for (b = 0; b < o->batch_count; b++)
						plan(o, &(run_spec){
			.spec.producers = o->shapes[s].producers,
			.spec.consumers = o->shapes[s].consumers, .spec.batch = o->batches[b],
			.spec.form = (pp_bench_form)o->forms[f], .regime = (regime)o->regimes[r],
			.placement = (placement)o->placements[l] }, context);
}
