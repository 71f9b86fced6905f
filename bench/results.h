/* SPDX-License-Identifier: MIT */
/*
 * Where results go: one JSON file per run, in Google Benchmark's format, which appears
 * under its name when it is whole; and beside it the text that was printed.
 */
#ifndef BENCH_RESULTS_H
#define BENCH_RESULTS_H

#include "options.h"

#include <stdio.h>

/* Look whether results can be written, before anything is measured. */
void results_open(const options *o);
/* Run what is registered, showing some figures of each benchmark when it is finished,
 * its name without what goes without saying. */
void results_run(const char *const *shown, const char *const *hidden);
/* Printed lines go to the terminal and into the text file. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Members, each after a comma, for the object that ends the results; on the heap. */
void results_conclude(char *(*more)(void));
/* Give the files their names and say where they are. */
void results_close(const options *o);

#endif
