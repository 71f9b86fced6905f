/* SPDX-License-Identifier: MIT */
/* What became of each item: what can be said without looking for an order. */
#ifndef LINEAR_VALUES_H
#define LINEAR_VALUES_H

#include "plan.h"

/* Fill p->value.  False, with a reason: something was lost, invented, torn in two, overtaken. */
bool values_find(struct plan *p, char *why, size_t size);
struct value *value_named(struct plan *p, uint32_t name);

#endif
