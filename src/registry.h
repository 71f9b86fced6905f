/* SPDX-License-Identifier: MIT */
/*
 * The table of open rings, for pp_dump(), which may run in a signal handler while rings
 * are opened and freed: it takes no lock, and a ring is not freed under its eyes.
 *
 * A ring has a place in the table from opening to freeing.  Readers are counted; who
 * frees a ring first empties its place, then looks for readers, and if there are any
 * leaves the memory on a list that a later opening or freeing clears.
 *
 * Places are never given back to the system: as many as were ever open at once.
 */
#ifndef PP_REGISTRY_H
#define PP_REGISTRY_H

#include "channel.h"

/* Call `show` for every ring in the table, until it gives something other than 0. */
int pp_each_ring(int (*show)(struct pp_channel *ch, void *context), void *context);

#endif
