/* SPDX-License-Identifier: MIT */
/*
 * The second opinion, for tiny histories: tries every order of every piece, remembers nothing, and
 * has the rules of the queue in words of its own, call by call.  Knows whole calls, not those in
 * place.
 */
#ifndef LINEAR_BRUTE_H
#define LINEAR_BRUTE_H

#include "history.h"

enum { BRUTE_OPS = 12 };

/* Of a sorted history of BRUTE_OPS calls at most. */
bool brute_accepts(const struct history *h);

#endif
