/* SPDX-License-Identifier: MIT */
/* futex(2), private to the process: wait on a 32-bit word, wake who waits there. */
#ifndef PP_PARK_FUTEX_H
#define PP_PARK_FUTEX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/atomic.h"

/*
 * Sleep while *word == expected, until woken or `deadline` (CLOCK_MONOTONIC, ns;
 * INT64_MAX: none).  0: woken by a wake call (or, seldom, for no reason); -EAGAIN: the
 * word differed; -ETIMEDOUT; -EINTR: a signal handler ran.  An interruptible wait always
 * gives -EINTR then; another one may only do so if it has a deadline, since the kernel
 * restarts an untimed wait after an SA_RESTART handler.  Keeps errno.
 */
int pp_futex_wait(PP_ATOMIC(uint32_t) *word, uint32_t expected, int64_t deadline,
                  bool interruptible);

/* Wake up to `n` waiters: how many there were.  Uses only the address: the word may be
 * gone.  Keeps errno. */
uint32_t pp_futex_wake(PP_ATOMIC(uint32_t) *word, uint32_t n);

#endif
