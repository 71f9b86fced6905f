/* SPDX-License-Identifier: MIT */
/*
 * Google Benchmark for C: it times, repeats, interleaves and writes JSON; bodies,
 * and everything else in this folder, are C.
 */
#ifndef BENCH_GBENCH_H
#define BENCH_GBENCH_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gb_state gb_state;
typedef void gb_body(gb_state *state, void *context);

/* Take Google Benchmark's own flags (--benchmark_...) out of argv. */
void gb_init(int *argc, char **argv);
/* Whether the user gave `flag` ("--benchmark_out"), seen by gb_init. */
bool gb_has_flag(const char *flag);

/* A benchmark with a body that is called once per repetition. */
void gb_register(const char *name, gb_body *body, void *context, int repetitions);

/* Inside a body: the time of one operation, a named figure, a remark, a reason for no result. */
void gb_time(gb_state *state, double seconds);
void gb_count(gb_state *state, const char *name, double value);
void gb_label(gb_state *state, const char *label);
void gb_skip(gb_state *state, const char *reason);

/* A line in the "context" of the results. */
void gb_context(const char *key, const char *value);

/* What gb_run shows: each finished benchmark with the figures in `shown`, its name without the
 * parts in `hidden` (both NULL-terminated), or nothing.  A user's --benchmark_format goes first. */
typedef struct gb_view {
	bool               quiet;
	const char *const *shown;
	const char *const *hidden;
	void             (*before_print)(void); /* clear a progress line */
	char            *(*conclusion)(void);   /* asked for when all is measured: a JSON object, on the
						   heap, that becomes "pp_run" in the results */
} gb_view;

/* Repetitions of the registered benchmarks that the user's filter lets through. */
size_t gb_planned(void);
/* Run them; `file` gets the JSON (NULL: none, unless the user asked for a file). */
size_t gb_run(const gb_view *view, const char *file);
void gb_end(void);

#ifdef __cplusplus
}
#endif

#endif
