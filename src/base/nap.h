/* SPDX-License-Identifier: MIT */
/* A short sleep, for where the kernel refuses a better way to wait. */
#ifndef PP_BASE_NAP_H
#define PP_BASE_NAP_H

/* About a millisecond.  No cancellation point; keeps errno.  0, or -EINTR: a signal ended it. */
int pp_nap(void);

#endif
