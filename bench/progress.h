/* SPDX-License-Identifier: MIT */
/* How far a run is: a bar with the time left on a terminal, a line now and then elsewhere. */
#ifndef BENCH_PROGRESS_H
#define BENCH_PROGRESS_H

#include <stddef.h>

void progress_begin(size_t steps);
/* A step is done. */
void progress_step(const char *what);
/* Within a long step: what is measured now. */
void progress_show(const char *what);
/* Clear the bar before something else is printed. */
void progress_clear(void);
/* A remark that stays on the screen. */
void progress_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void progress_end(void);

#endif
