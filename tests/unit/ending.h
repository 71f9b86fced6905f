/* SPDX-License-Identifier: MIT */
/* What closing and cancelling have in common: who wakes, and with which result. */
#ifndef TESTS_UNIT_ENDING_H
#define TESTS_UNIT_ENDING_H

#include "support.h"

struct ending {
	int (*end)(const struct ends *e);
	int  push_gives, pull_gives; /* on a ring with nothing left to pull */
	bool drains;                 /* what is in the ring can still be pulled */
};

extern const struct ending by_close, by_cancel;

/* A sleeping call of every form, on every ring: it wakes, with the right result. */
void sleeper_wakes(const struct ending *ending, bool pushes);
/* Five of them asleep on one side: all wake. */
void everyone_wakes(const struct ending *ending);
/* A batch that is partly in says how many went in. */
void batch_is_cut(const struct ending *ending);
/* One that is partly out says how many came out, and they are the caller's; one that had not begun
 * when the ring ended has none. */
void pull_batch_is_cut(const struct ending *ending);

#endif
