/* SPDX-License-Identifier: MIT */
/* For abidiff.py: the cursors that inlined code knows, where a tool can see them.  In the library
 * they are behind ends that callers know by address only. */
#include <pushpull/fast.h>

PP_API void cursors(struct pp_fast_push *push, struct pp_fast_pull *pull,
                    struct pp_fast_shared *shared, struct pp_fast_marks *marks);

void cursors(struct pp_fast_push *push, struct pp_fast_pull *pull, struct pp_fast_shared *shared,
             struct pp_fast_marks *marks)
{
	(void)push, (void)pull, (void)shared, (void)marks;
}
