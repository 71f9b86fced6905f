/* SPDX-License-Identifier: MIT */
/*
 * What an event loop knows of an end of a ring: a descriptor, and what to do when it is
 * readable.  A recipe is one kind of loop that runs one source; each is a file of its own,
 * and docs/event-loops.md quotes them.
 */
#ifndef EVENTS_SOURCE_H
#define EVENTS_SOURCE_H

#include <stdbool.h>

struct source {
	int fd;
	/* Go on as far as possible.  0: armed, wait for the descriptor; else the end of it. */
	int (*go_on)(struct source *source);
};

struct recipe {
	const char *name;
	/* Go on now, and whenever the descriptor is readable, until the end; return that. */
	int (*run)(struct source *source);
	bool (*usable)(void); /* does the kernel allow it?  NULL: always */
};

extern const struct recipe recipe;

#endif
