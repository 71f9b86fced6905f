/* SPDX-License-Identifier: MIT */
/* A descriptor that is readable or not, and carries nothing else: eventfd(2).  Keeps errno. */
#ifndef PP_PARK_POLLABLE_H
#define PP_PARK_POLLABLE_H

/* >= 0, close-on-exec; or a negative errno value. */
int pp_pollable_open(void);
void pp_pollable_close(int fd);
/* Readable, until reset. */
void pp_pollable_signal(int fd);
void pp_pollable_reset(int fd);

#endif
