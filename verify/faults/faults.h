/* SPDX-License-Identifier: MIT */
/*
 * The system calls and allocations of the library, any of which can be made to fail.
 *
 * The linker puts these in the place of the C library's (--wrap), in the whole program: so the test
 * itself allocates, reads and writes by other ways.
 */
#ifndef FAULTS_FAULTS_H
#define FAULTS_FAULTS_H

#include <stdbool.h>
#include <stddef.h>

enum point {
	AT_ALIGNED_ALLOC, AT_CALLOC, AT_REGISTER, AT_MEMBARRIER, AT_FUTEX_WAIT, AT_FUTEX_WAKE,
	AT_EVENTFD, AT_EVENT_READ, AT_EVENT_WRITE, AT_DUMP_WRITE, AT_CLOSE, AT_AFFINITY, AT_YIELD, AT_NAP,
	POINTS
};

/* In place of an errno value. */
enum {
	FAULT_SPURIOUS = 10001, /* futex wait: woken for no reason       */
	FAULT_SHORT,            /* write: a part of it                   */
	FAULT_ONE_CPU,          /* sched_getaffinity: one bit            */
	FAULT_DONE_ANYWAY       /* done, and a failure is what is told   */
};

struct fault {
	int what;        /* 0: none; an errno value, or one of the above */
	unsigned one_in; /* so often, at random; or                      */
	unsigned at;     /* the call of this number, from 1 on           */
};

/* What fails from now on. */
void fault_set(enum point point, struct fault fault);
void fault_clear(void);
/* Calls since the last fault_clear(), and those of them that failed by it. */
unsigned fault_calls(enum point point);
unsigned fault_fired(enum point point);
const char *fault_name(enum point point);
/* Blocks that the library has allocated and not freed. */
long fault_blocks(void);
/* The descriptor that pp_dump() writes to. */
void fault_dump_fd(int fd);

#endif
