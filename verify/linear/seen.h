/* SPDX-License-Identifier: MIT */
/* A set of byte strings: where a search has been. */
#ifndef LINEAR_SEEN_H
#define LINEAR_SEEN_H

#include <stdbool.h>
#include <stddef.h>

struct seen;

struct seen *seen_make(size_t limit);
void seen_free(struct seen *s);
void seen_clear(struct seen *s);
size_t seen_count(const struct seen *s);
/* 1: it is new, 0: it is not, -1: the set is full.  Whole strings are compared: no hash decides. */
int seen_add(struct seen *s, const void *bytes, size_t size);

#endif
