/* SPDX-License-Identifier: MIT */
/* Which byte stands for which operation. */
#include "rig.h"

static void push_one(struct rig *r, struct input *in)  { rig_one(r, PUSH, in); }
static void pull_one(struct rig *r, struct input *in)  { rig_one(r, PULL, in); }
static void push_some(struct rig *r, struct input *in) { rig_some(r, PUSH, in); }
static void pull_some(struct rig *r, struct input *in) { rig_some(r, PULL, in); }
static void push_begin(struct rig *r, struct input *in)  { rig_begin(r, PUSH, in); }
static void pull_begin(struct rig *r, struct input *in)  { rig_begin(r, PULL, in); }
static void push_commit(struct rig *r, struct input *in) { rig_commit(r, PUSH, in); }
static void pull_commit(struct rig *r, struct input *in) { rig_commit(r, PULL, in); }

/* The endings are rare, so that most strings come to something before. */
static void (*const steps[64])(struct rig *r, struct input *in) = {
	push_one, pull_one, push_one, pull_one, push_one, pull_one, push_one, pull_one,
	push_one, pull_one, push_one, pull_one, push_one, pull_one, push_one, pull_one,
	push_some, pull_some, push_some, pull_some, push_some, pull_some, push_some, pull_some,
	push_begin, pull_begin, push_begin, pull_begin, push_begin, pull_begin, push_begin, pull_begin,
	push_commit, pull_commit, push_commit, pull_commit, rig_abort, pull_commit, rig_abort, pull_commit,
	rig_async, rig_async, rig_async, rig_async, rig_async, rig_async, rig_async, rig_async,
	rig_withdraw, rig_withdraw, rig_arm, rig_arm, rig_arm, rig_arm, rig_wrong, rig_wrong_slot,
	rig_odd_stats, rig_odd_stats, rig_ref, rig_ref, rig_unref, rig_unref, rig_close, rig_cancel,
};

void rig_step(struct rig *r, struct input *in)
{
	if (rig_is_gone(r))
		return;
	fuzz_trace("  ring of capacity %zu", r->model.capacity);
	steps[take_below(in, 64)](r, in);
	rig_check(r);
}
