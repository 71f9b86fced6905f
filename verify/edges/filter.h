/* SPDX-License-Identifier: MIT */
/* System call filters.  They hold for the thread that installs them and those it starts. */
#ifndef EDGE_FILTER_H
#define EDGE_FILTER_H

#include <stddef.h>

/* Answer one call with an error. */
void filter_refuse(int call, int error);
/* End the process at one call. */
void filter_kill(int call);
/* End the process at any call but these; of futex only a private wait with an absolute time, and a
 * private wake. */
void filter_allow_only(const int *calls, size_t count);

#endif
