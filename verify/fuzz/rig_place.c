/* SPDX-License-Identifier: MIT */
/* Items in place. */
#include "rig.h"

#include <stdalign.h>
#include <stdlib.h>

static size_t alignment_of(size_t item_size)
{
	size_t largest = item_size & (~item_size + 1);

	return largest < alignof(max_align_t) ? largest : alignof(max_align_t);
}

static void note_opened(struct rig *r, enum role role, struct slot *slot, void *at)
{
	struct opened *o = &r->opened[role][r->opened_count[role]];
	enum role other;
	size_t i;

	FUZZ_CHECK((uintptr_t)at % alignment_of(r->item_size) == 0, "a slot at %p for items of %zu", at,
	           r->item_size);
	for (other = PUSH; other <= PULL; other++)
		for (i = 0; i < r->opened_count[other]; i++)
			FUZZ_CHECK(r->opened[other][i].at != at, "one slot is open twice");
	/* The slot of a position is always the same piece of memory. */
	if (!r->model.spsc) {
		FUZZ_CHECK(!slot->at || slot->at == at, "another slot than expected");
		slot->at = at;
	}
	r->opened_count[role]++;
	o->slot = slot;
	o->at = at;
	o->item = slot->item;
	if (role == PULL)
		FUZZ_CHECK(item_is(at, r->item_size, slot->item), "another item than %#x in the slot",
		           slot->item);
	else
		item_fill(at, r->item_size, o->item = r->next++);
}

static int begin(struct rig *r, enum role role, unsigned form, void **slot, pp_time past)
{
	if (role == PUSH)
		return form == 0 ? pp_try_push_begin(r->tx, slot)
		     : form == 1 ? pp_push_begin_until(r->tx, slot, past) : pp_push_begin(r->tx, slot);
	return form == 0 ? pp_try_pull_begin(r->rx, slot)
	     : form == 1 ? pp_pull_begin_until(r->rx, slot, past) : pp_pull_begin(r->rx, slot);
}

void rig_begin(struct rig *r, enum role role, struct input *in)
{
	unsigned form = take_below(in, 3);
	pp_time past = form == 1 ? some_past(in) : 0;
	void *slot = r;
	int got, expected;

	if (!rig_may_use(r, role) || r->opened_count[role] == OPEN_MOST)
		return;
	if (form == 2 && !model_is_ready(&r->model, role) && !model_is_shut(&r->model, role))
		form = 0; /* it would wait for ever */
	expected = form == 0 ? model_why(&r->model, role) : model_why_late(&r->model, role);
	if (r->model.capacity == 0)
		expected = -ENOTSUP;
	fuzz_trace("%s begin, form %u", role == PUSH ? "push" : "pull", form);
	KEEPS_ERRNO(got = begin(r, role, form, &slot, past));
	FUZZ_CHECK(got == expected, "begin gave %d, not %d", got, expected);
	FUZZ_CHECK((got == 0) == (slot != NULL), "begin gave %d and %p", got, slot);
	if (got == 0)
		note_opened(r, role, role == PUSH ? model_push_begin(&r->model)
		                                  : model_pull_begin(&r->model), slot);
	else if (got != -ENOTSUP)
		rig_refused(r, role, model_why(&r->model, role) == -EAGAIN,
		            got == -EAGAIN || got == -EBUSY || got == -ETIMEDOUT);
}

static struct opened take_opened(struct rig *r, enum role role, unsigned which)
{
	struct opened *all = r->opened[role], o;

	which %= (unsigned)r->opened_count[role];
	o = all[which];
	all[which] = all[--r->opened_count[role]];
	return o;
}

static void commit_one(struct rig *r, enum role role, unsigned which)
{
	struct opened o = take_opened(r, role, which);
	int got, expected = 0;

	fuzz_trace("%s commit", role == PUSH ? "push" : "pull");
	if (role == PULL) {
		FUZZ_CHECK(item_is(o.at, r->item_size, o.item), "an open slot changed");
		item_fill(o.at, r->item_size, ~o.item); /* it is the caller's */
		KEEPS_ERRNO(got = pp_pull_commit(r->rx, o.at));
		model_pull_commit(&r->model, o.slot);
	} else {
		FUZZ_CHECK(item_is(o.at, r->item_size, o.item), "an open slot changed");
		KEEPS_ERRNO(got = pp_push_commit(r->tx, o.at));
		expected = model_push_commit(&r->model, o.slot, o.item);
	}
	FUZZ_CHECK(got == expected, "commit gave %d, not %d", got, expected);
}

static void abort_one(struct rig *r, unsigned which)
{
	struct opened o = take_opened(r, PUSH, which);
	int got;

	fuzz_trace("push abort");
	KEEPS_ERRNO(got = pp_push_abort(r->tx, o.at));
	FUZZ_CHECK(got == 0, "abort gave %d", got);
	model_push_abort(&r->model, o.slot);
}

void rig_commit(struct rig *r, enum role role, struct input *in)
{
	unsigned which = take(in);

	if (r->opened_count[role])
		commit_one(r, role, which);
}

void rig_abort(struct rig *r, struct input *in)
{
	unsigned which = take(in);

	if (r->opened_count[PUSH])
		abort_one(r, which);
}

void rig_close_slots(struct rig *r, enum role role)
{
	while (r->opened_count[role])
		if (role == PUSH && r->opened_count[role] % 2)
			abort_one(r, 0);
		else
			commit_one(r, role, 0);
}

#define REFUSED(call) \
	do { \
		int result_; \
		KEEPS_ERRNO(result_ = (call)); \
		FUZZ_CHECK(result_ == (r->model.capacity ? -EINVAL : -ENOTSUP), "%s gave %d", #call, result_); \
	} while (0)

/* Slots that can be seen not to be open. */
void rig_wrong_slot(struct rig *r, struct input *in)
{
	unsigned which = take(in);
	unsigned char nowhere[8];
	struct slot *item = NULL;
	size_t i;

	for (i = 0; i < r->model.capacity; i++)
		if (r->model.slots[i].state == ITEM && r->model.slots[i].at)
			item = &r->model.slots[i];
	if (rig_may_use(r, PUSH)) {
		REFUSED(pp_push_commit(r->tx, nowhere));
		REFUSED(pp_push_abort(r->tx, nowhere + 1));
		if (r->opened_count[PUSH])
			REFUSED(pp_push_commit(r->tx, r->opened[PUSH][0].at + 1 + which % 4));
		if (item && !r->model.spsc)
			REFUSED(pp_push_abort(r->tx, item->at));
	}
	if (rig_may_use(r, PULL)) {
		REFUSED(pp_pull_commit(r->rx, nowhere));
		if (r->opened_count[PULL])
			REFUSED(pp_pull_commit(r->rx, r->opened[PULL][0].at + 1 + which % 4));
		if (r->opened_count[PUSH])
			REFUSED(pp_pull_commit(r->rx, r->opened[PUSH][0].at));
	}
	if (rig_may_use(r, PUSH) && r->opened_count[PULL])
		REFUSED(pp_push_commit(r->tx, r->opened[PULL][0].at));
}
