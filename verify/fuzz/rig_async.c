/* SPDX-License-Identifier: MIT */
/*
 * Operations that wait without a thread, and descriptors.
 *
 * When exactly one of several is told is not in the contract ("sometimes one more in vain").  What
 * is: that no side can go ahead while operations wait there and none of them has been told, that
 * the end tells all, that none is called that does not wait, and that each reference of the context
 * is let go of once.
 */
#include "rig.h"

#include <poll.h>
#include <stdlib.h>

/* ---- the calls that come back ------------------------------------------------------------ */

static void ready(void *context)
{
	struct waiting *w = context;

	FUZZ_CHECK(w->state != IDLE || w->counted, "called an operation that does not wait");
	w->told = true;
	w->refs--;
}

static void ref(void *context)
{
	((struct waiting *)context)->refs++;
}

static void unref(void *context)
{
	((struct waiting *)context)->refs--;
}

static void check_refs(const struct waiting *w)
{
	int expected = w->state != IDLE && !w->told ? 1 : 0;

	if (w->counted)
		FUZZ_CHECK(w->refs == expected, "%d references of a context, not %d", w->refs, expected);
}

static bool any_untold(const struct rig *r, enum role role, bool *told)
{
	bool any = false;
	int i;

	*told = false;
	for (i = 0; i < ASYNC_MOST; i++) {
		const struct waiting *w = &r->waiting[role][i];

		check_refs(w);
		FUZZ_CHECK(w->state != SERVED || w->told, "a push was served, and not told");
		any |= w->state == WAITS && !w->told;
		*told |= w->state == WAITS && w->told;
	}
	return any;
}

static bool is_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

void rig_check_told(struct rig *r)
{
	enum role role;
	bool told;

	for (role = PUSH; role <= PULL; role++) {
		bool untold = any_untold(r, role, &told), possible = model_is_ready(&r->model, role);

		/* Nobody sleeps on work.  At capacity 0 a push that waits is told when it is served. */
		if (possible && !(r->model.capacity == 0 && role == PUSH))
			FUZZ_CHECK(!untold || told, "a %s could go ahead, and nobody was told",
			           role == PUSH ? "push" : "pull");
		if (!r->armed[role])
			continue;
		if (is_readable(r->fd[role]))
			r->armed[role] = false;
		else
			FUZZ_CHECK(!possible, "a %s could go ahead, and its descriptor is not readable",
			           role == PUSH ? "push" : "pull");
	}
}

void rig_check_all_told(const struct rig *r, enum role role)
{
	bool told;

	FUZZ_CHECK(!any_untold(r, role, &told), "an end, and an operation was not told");
}

/* ---- the calls --------------------------------------------------------------------------- */

static void finish(struct waiting *w, int result)
{
	struct rig *r = w->rig;

	if (w->role == PULL && result != 0)
		FUZZ_CHECK(buffer_is_untouched(w->buffer, r->item_size), "a failed pull wrote");
	w->state = IDLE;
	check_refs(w);
	free(w->buffer);
	w->buffer = NULL;
}

static void start(struct rig *r, struct waiting *w, bool counted)
{
	w->rig = r;
	w->counted = counted;
	w->told = false;
	w->refs = 0;
	w->op = PP_ASYNC(.ready = ready, .context = w, .ref = counted ? ref : NULL,
	                 .unref = counted ? unref : NULL);
	w->buffer = buffer_new(r->item_size);
	if (w->role == PUSH)
		item_fill(w->buffer, r->item_size, w->item = r->next++);
}

/* What the next call of this operation gives. */
static int expect(const struct waiting *w)
{
	return w->state == SERVED ? 0 : model_why(&w->rig->model, w->role);
}

/* An operation that waits has begun, or goes on, to. */
static void waits(struct waiting *w)
{
	struct model *m = &w->rig->model;

	if (w->state == IDLE && m->capacity == 0 && w->role == PUSH)
		m->line[m->waiting++] = w->item;
	w->state = WAITS;
}

static void moved(struct waiting *w)
{
	if (w->state == SERVED)
		return; /* whoever took it told the model */
	rig_moved(w->rig, w->role, w->item, w->buffer);
}

static void call(struct waiting *w)
{
	struct rig *r = w->rig;
	int got, expected = expect(w);

	w->told = false;
	fuzz_trace("%s async, expect %d", w->role == PUSH ? "push" : "pull", expected);
	KEEPS_ERRNO(got = w->role == PUSH ? pp_push_async(r->tx, w->buffer, &w->op)
	                                  : pp_pull_async(r->rx, w->buffer, &w->op));
	/* PP_MPMC: -EBUSY means to wait, too. */
	if (expected == -EBUSY && !model_is_shut(&r->model, w->role))
		expected = -EAGAIN;
	FUZZ_CHECK(got == expected, "async gave %d, not %d", got, expected);
	rig_refused(r, w->role, got == -EAGAIN, got == -EAGAIN);
	if (got == -EAGAIN) {
		waits(w);
		return;
	}
	if (got == 0)
		moved(w);
	finish(w, got);
}

void rig_async(struct rig *r, struct input *in)
{
	unsigned bits = take(in);
	enum role role = (enum role)(bits & 1);
	struct waiting *w = &r->waiting[role][bits / 2 % ASYNC_MOST];

	if (!(role == PUSH ? (void *)r->tx : (void *)r->rx))
		return;
	if (w->state == IDLE) {
		if (!rig_may_use(r, role))
			return; /* PP_SPSC: one at a time */
		start(r, w, bits & 16);
	}
	call(w);
}

static void withdraw(struct waiting *w)
{
	struct rig *r = w->rig;
	int got, expected = w->state == SERVED;

	fuzz_trace("%s withdraw", w->role == PUSH ? "push" : "pull");
	KEEPS_ERRNO(got = w->role == PUSH ? pp_push_withdraw(r->tx, &w->op)
	                                  : pp_pull_withdraw(r->rx, &w->op));
	FUZZ_CHECK(got == expected, "withdraw gave %d, not %d", got, expected);
	if (w->state == WAITS && w->role == PUSH)
		(void)model_leave_line(&r->model, w->item);
	finish(w, 1);
}

void rig_withdraw(struct rig *r, struct input *in)
{
	unsigned bits = take(in);
	struct waiting *w = &r->waiting[bits & 1][bits / 2 % ASYNC_MOST];
	int got;

	if (w->state == IDLE) {
		if (!w->rig || !(w->role == PUSH ? (void *)r->tx : (void *)r->rx))
			return;
		/* It has ended: nothing happens. */
		KEEPS_ERRNO(got = w->role == PUSH ? pp_push_withdraw(r->tx, &w->op)
		                                  : pp_pull_withdraw(r->rx, &w->op));
		FUZZ_CHECK(got == 0, "withdrawn when it had ended: %d", got);
		return;
	}
	withdraw(w);
}

void rig_withdraw_all(struct rig *r, enum role role)
{
	int i;

	for (i = 0; i < ASYNC_MOST; i++)
		if (r->waiting[role][i].state != IDLE)
			withdraw(&r->waiting[role][i]);
}

/* ---- descriptors ------------------------------------------------------------------------- */

void rig_arm(struct rig *r, struct input *in)
{
	enum role role = (enum role)take_below(in, 2);
	int got, fd, expected;

	if (!rig_may_use(r, role))
		return;
	expected = model_is_shut(&r->model, role) ? -EBUSY : model_is_ready(&r->model, role);
	KEEPS_ERRNO(got = role == PUSH ? pp_tx_arm(r->tx) : pp_rx_arm(r->rx));
	fuzz_trace("%s arm gave %d", role == PUSH ? "push" : "pull", got);
	FUZZ_CHECK(got == expected, "arm gave %d, not %d", got, expected);
	KEEPS_ERRNO(fd = role == PUSH ? pp_tx_fd(r->tx) : pp_rx_fd(r->rx));
	FUZZ_CHECK(fd >= 0 && (r->fd[role] < 0 || r->fd[role] == fd), "another descriptor: %d", fd);
	r->fd[role] = fd;
	if (got < 0)
		return;
	FUZZ_CHECK(got == 1 || !is_readable(fd), "armed, and readable already");
	r->armed[role] = got == 0;
}
