/* SPDX-License-Identifier: MIT */
/*
 * Places where a test may freeze a thread or count it.  Compiled only into the test
 * build (PP_TEST_HOOKS); the shipped library contains none of this.
 */
#ifndef PP_BASE_HOOKS_H
#define PP_BASE_HOOKS_H

#include <stdint.h>

#define PP_STALL_POINTS(X)                                                              \
	X(push_claimed)     /* a slot is claimed for a push, nothing copied yet          */ \
	X(push_copied)      /* the item is in its slot, not yet published                */ \
	X(push_published)   /* published, sleepers not yet looked for                    */ \
	X(pull_claimed)     /* an item is claimed for a pull, nothing copied yet         */ \
	X(pull_copied)      /* copied out, slot not yet freed                            */ \
	X(pull_freed)       /* slot freed, sleepers not yet looked for                   */ \
	X(wait_entered)     /* an operation could not go ahead and begins to wait        */ \
	X(wait_announced)   /* counted as a sleeper, work not yet looked for again       */ \
	X(wait_fenced)      /* everybody has fenced, which the others do not know yet    */ \
	X(wait_sleeping)    /* about to enter the kernel                                 */ \
	X(wait_woken)       /* back from the kernel                                      */ \
	X(wait_leaving)     /* done waiting, the wake not yet passed on                  */ \
	X(wake_claimed)     /* a sleeper's wake is claimed, the kernel not yet called    */ \
	X(select_acts)      /* a select looks at a case, for which nobody else may serve it */ \
	X(watch_locked)     /* holds the lock of a list of watchers                      */ \
	X(watch_told)       /* has told a watcher and holds that lock, the kernel not yet called */ \
	X(end_flagged)      /* closed or cancelled is set, nothing sealed yet            */ \
	X(end_half_sealed)  /* PP_MPMC: the tail is sealed, the head not yet             */ \
	X(end_sealed)       /* sealed, sleepers not yet woken                            */ \
	X(push_aborted)     /* PP_MPMC: an open push is taken back, nobody told yet      */ \
	X(passing_over)     /* PP_MPMC: moved the head over an aborted push, slot not yet free */ \
	X(drop_claimed)     /* an item is claimed for drop                               */ \
	X(meet_locked)      /* capacity 0, PP_MPMC: holds the lock of the meeting        */ \
	X(meet_matched)     /* capacity 0: chose a partner, nothing copied yet           */ \
	X(meet_copied)      /* capacity 0: copied, partner not yet told                  */ \
	X(meet_enlisted)    /* capacity 0: has taken a place, not yet asleep             */ \
	X(meet_withdrawing) /* capacity 0: about to withdraw; PP_MPMC: holds the lock    */

enum pp_stall_point {
#define PP_STALL_ENUM(name) PP_AT_##name,
	PP_STALL_POINTS(PP_STALL_ENUM)
#undef PP_STALL_ENUM
	PP_STALL_COUNT
};

/* Called at every point by every thread; NULL: nothing happens. */
extern void (*pp_test_stall_hook)(enum pp_stall_point point);

/* Added to the positions of rings opened from now on: laps for PP_MPMC, items for
 * PP_SPSC, counted back from the point where the counters wrap.  0: start at 0. */
extern uint64_t pp_test_start_before_wrap;

/* Slots of a PP_SPSC ring up to which it has marks, if it is opened from now on. */
extern uint64_t pp_test_most_marked;

static inline void pp_test_stall(enum pp_stall_point point)
{
	if (pp_test_stall_hook)
		pp_test_stall_hook(point);
}

#endif
