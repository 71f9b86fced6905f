/* SPDX-License-Identifier: MIT */
/* The stacks of all threads of this process on standard error, by gdb. */
#ifndef TESTS_STACKS_H
#define TESTS_STACKS_H

#include <stdbool.h>

/* False: gdb is missing, or may not attach. */
bool stacks_print(void);

#endif
