/* SPDX-License-Identifier: MIT */
/* What the threads of this process are doing. */
#ifndef TESTS_STACKS_H
#define TESTS_STACKS_H

#include <stdbool.h>

/* The stacks of all of them on standard error, by gdb.  False: it is missing, or may not attach. */
bool stacks_print(void);
/* Whether the kernel says that the thread is asleep in a futex. */
bool stacks_in_futex(int tid);

#endif
