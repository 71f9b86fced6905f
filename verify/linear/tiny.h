/* SPDX-License-Identifier: MIT */
/* Histories by chance: tiny ones that a queue could have given, and any history with something
 * changed in it. */
#ifndef LINEAR_TINY_H
#define LINEAR_TINY_H

#include "history.h"
#include "luck.h"

/* Of `ops` calls at most; a sequential queue made it, calls overlap. */
void tiny_make(struct history *h, unsigned ops, struct luck *luck);
/* Change something, right or wrong. */
void history_mutate(struct history *h, struct luck *luck);
/* Change something so that no order can be right; false: this history has nothing to do it with. */
bool history_spoil(struct history *h, struct luck *luck);

#endif
