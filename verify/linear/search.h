/* SPDX-License-Identifier: MIT */
/*
 * Is there an order of all steps that a bounded queue could have gone through?
 *
 * A depth-first search over the steps that may come next, which remembers where it has been, after
 * J. Wing and C. Gong, "Testing and Verifying Concurrent Objects" (1993), with the memory of
 * G. Lowe, "Testing for Linearizability" (2017).  Rings are checked one by one: linearizability is
 * local (M. Herlihy and J. Wing, 1990), which A. Horn and D. Kroening call P-compositionality.
 */
#ifndef LINEAR_SEARCH_H
#define LINEAR_SEARCH_H

#include "plan.h"

enum verdict { ACCEPTED, REJECTED, GAVE_UP };

/* States remembered before it gives up, unless told otherwise. */
enum { SEARCH_LIMIT = 400 * 1000 };

struct search;

struct search *search_make(size_t limit);
void search_free(struct search *s);
/* Of a sorted history.  REJECTED: `why` says what stood in the way, as far as the search got. */
enum verdict search_run(struct search *s, const struct history *h, char *why, size_t size);
/* Stricter than the contract: a cancel ends both sides at one moment. */
void search_atomic_cancel(struct search *s, bool atomic);
/* States of the last run. */
size_t search_states(const struct search *s);

#endif
