/* SPDX-License-Identifier: MIT */
/* Waiting in an event loop: the descriptor of an end, when it is armed and when it is readable. */
#include "selecting.h"

#include <poll.h>
#include <stdio.h>

SUITE(readiness);

static bool await_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 20000) == 1 && (p.revents & POLLIN);
}

/* One end of a ring, whichever. */
struct side {
	struct ends e;
	bool        push;
	int         fd;
};

static int arm(const struct side *s)
{
	return s->push ? pp_tx_arm(s->e.tx) : pp_rx_arm(s->e.rx);
}

/* A ring on which the end is not ready: full for the push end, empty for the pull end. */
static struct side side_open(pp_kind kind, size_t capacity, bool push)
{
	struct side s = { .e = ends_open(kind, capacity), .push = push };

	ends_fill(&s.e, 0, push ? capacity : 0);
	s.fd = push ? pp_tx_fd(s.e.tx) : pp_rx_fd(s.e.rx);
	EXPECT(s.fd >= 0);
	return s;
}

/* From the other end: one free slot, one item. */
static void event(const struct side *s)
{
	uint64_t item = 0;

	EXPECT_EQ(s->push ? pp_try_pull(s->e.rx, &item) : pp_try_push(s->e.tx, &item), 0);
}

/* What an event loop does next: 0 if it could go ahead. */
static int try(const struct side *s)
{
	uint64_t item = 0;

	return s->push ? pp_try_push(s->e.tx, &item) : pp_try_pull(s->e.rx, &item);
}

typedef void side_body(pp_kind kind, size_t capacity, bool push);

static void for_each_side(size_t from, side_body *body)
{
	static const size_t capacities[] = { 0, 1, 2, 3, 64, 128, 129, 1000 };

	for (size_t i = 0; i < ARRAY_LEN(capacities); i++) {
		if (capacities[i] < from)
			continue;
		for (int push = 0; push < 2; push++) {
			body(PP_SPSC, capacities[i], push);
			body(PP_MPMC, capacities[i], push);
		}
	}
}

/* ---- Not armed -------------------------------------------------------------------- */

static void not_armed(pp_kind kind, size_t capacity, bool push)
{
	struct side s = side_open(kind, capacity, push);

	for (int lap = 0; lap < 3; lap++) {
		event(&s);
		EXPECT(!fd_readable(s.fd));
		EXPECT_EQ(try(&s), 0);
	}
	EXPECT_EQ(pp_close(s.e.tx), 0);
	EXPECT(!fd_readable(s.fd));
	ends_let_go(&s.e);
}

Test(readiness, what_is_not_armed_does_not_become_readable)
{
	for_each_side(1, not_armed);
}

/* ---- Armed ------------------------------------------------------------------------ */

static void by_arm(pp_kind kind, size_t capacity, bool push)
{
	struct ends e = ends_open(kind, capacity);
	struct side s = { .e = e, .push = push };

	ends_fill(&e, 0, push ? capacity : 0);
	EXPECT_EQ(arm(&s), 0); /* without a call for the descriptor before */
	s.fd = push ? pp_tx_fd(e.tx) : pp_rx_fd(e.rx);
	EXPECT(!fd_readable(s.fd));
	EXPECT_EQ(pp_close(e.tx), 0);
	EXPECT(fd_readable(s.fd));
	ends_let_go(&e);
}

Test(readiness, arm_makes_the_descriptor_too)
{
	for_each_side(0, by_arm);
}

static void once(pp_kind kind, size_t capacity, bool push)
{
	struct side s = side_open(kind, capacity, push);

	errno = 77;
	for (int lap = 0; lap < 3; lap++) {
		EXPECT_EQ(arm(&s), 0);
		EXPECT(!fd_readable(s.fd));
		EXPECT_EQ(arm(&s), 0); /* again is no harm */
		event(&s);
		EXPECT(fd_readable(s.fd));
		EXPECT(fd_readable(s.fd)); /* until it is armed again */
		EXPECT_EQ(arm(&s), 1);
		EXPECT(!fd_readable(s.fd));
		EXPECT_EQ(try(&s), 0);
		EXPECT_EQ(try(&s), -EAGAIN);
	}
	EXPECT_EQ(errno, 77);
	ends_let_go(&s.e);
}

Test(readiness, an_armed_end_becomes_readable_with_an_item_or_a_free_slot)
{
	for_each_side(1, once);
}

/* How often it was signalled since it was last reset; 1 where the kernel does not tell. */
static int signals_of(int fd)
{
	char path[64], line[128];
	int count = 1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "r");
	EXPECT(file != NULL);
	while (fgets(line, sizeof(line), file))
		(void)sscanf(line, "eventfd-count: %x", (unsigned *)&count);
	fclose(file);
	return count;
}

/* An event disarms: the next one does nothing. */
static void one_signal(pp_kind kind, size_t capacity, bool push)
{
	struct side s = side_open(kind, capacity, push);

	EXPECT_EQ(arm(&s), 0);
	for (int i = 0; i < 3; i++) {
		event(&s);
		EXPECT_EQ(signals_of(s.fd), 1);
		EXPECT_EQ(try(&s), 0);
	}
	EXPECT_EQ(pp_close(s.e.tx), 0);
	EXPECT_EQ(signals_of(s.fd), 1);
	ends_let_go(&s.e);
}

static void disarms(pp_kind kind, size_t capacity, bool push)
{
	struct side s = side_open(kind, capacity, push);

	EXPECT_EQ(arm(&s), 0);
	event(&s);
	EXPECT_EQ(try(&s), 0); /* it was readable for this */
	EXPECT(fd_readable(s.fd));
	EXPECT_EQ(arm(&s), 0); /* takes it back */
	EXPECT(!fd_readable(s.fd));
	event(&s);
	EXPECT(fd_readable(s.fd));
	EXPECT_EQ(arm(&s), 1);
	EXPECT(!fd_readable(s.fd));
	EXPECT_EQ(try(&s), 0);
	event(&s); /* 1 is not armed */
	EXPECT(!fd_readable(s.fd));
	ends_let_go(&s.e);
}

Test(readiness, an_event_makes_it_readable_once_and_arm_takes_that_back)
{
	for_each_side(1, disarms);
	for_each_side(1, one_signal);
}

static void ready_now(pp_kind kind, size_t capacity, bool push)
{
	struct side s = side_open(kind, capacity, push);

	event(&s);
	EXPECT_EQ(arm(&s), 1);
	EXPECT_EQ(arm(&s), 1);
	EXPECT(!fd_readable(s.fd));
	EXPECT_EQ(try(&s), 0);
	EXPECT_EQ(arm(&s), 0);
	ends_let_go(&s.e);
}

Test(readiness, an_end_that_is_ready_is_not_armed_and_gives_1)
{
	for_each_side(1, ready_now);
}

static void at_the_end(pp_kind kind, size_t capacity, bool push)
{
	for (int cancel = 0; cancel < 2; cancel++) {
		struct side s = side_open(kind, capacity, push);

		EXPECT_EQ(arm(&s), 0);
		EXPECT_EQ(cancel ? pp_cancel(s.e.rx) : pp_close(s.e.tx), 0);
		EXPECT(fd_readable(s.fd));
		EXPECT_EQ(arm(&s), 1);
		EXPECT_EQ(arm(&s), 1);
		EXPECT_EQ(try(&s), push == (cancel == 0) ? -ESHUTDOWN : -EPIPE);
		ends_let_go(&s.e);
	}
}

Test(readiness, the_end_of_the_stream_makes_it_readable)
{
	for_each_side(0, at_the_end);
}

/* By letting go of the last reference. */
static void at_the_last_unref(pp_kind kind, size_t capacity, bool push)
{
	struct side s = side_open(kind, capacity, push);

	EXPECT_EQ(arm(&s), 0);
	if (push)
		pp_rx_unref(s.e.rx), s.e.rx = NULL;
	else
		pp_tx_unref(s.e.tx), s.e.tx = NULL;
	EXPECT(fd_readable(s.fd));
	EXPECT_EQ(try(&s), -EPIPE);
	ends_let_go(&s.e);
}

Test(readiness, so_does_letting_go_of_the_last_other_end)
{
	for_each_side(0, at_the_last_unref);
}

/* ---- Every way of bringing an item or a slot -------------------------------------- */

static void by_form(const struct form *form, pp_kind kind, size_t capacity, bool push)
{
	struct side s = side_open(kind, capacity, push);
	uint64_t item = 0;

	EXPECT_EQ(arm(&s), 0);
	EXPECT_EQ(form->run(&s.e, &item, 1, form->waits == UNTIL ? pp_in(PP_SEC) : PP_FOREVER),
		  form->done);
	EXPECT(fd_readable(s.fd));
	EXPECT_EQ(arm(&s), 1);
	ends_let_go(&s.e);
}

static void by_forms(pp_kind kind, size_t capacity, bool push)
{
	for (size_t i = 0; i < 6; i++)
		by_form(push ? &pull_forms[i] : &push_forms[i], kind, capacity, push);
	for (size_t i = 0; i < 3; i++) {
		by_form(push ? &pull_in_place_forms[i] : &push_in_place_forms[i], kind, capacity,
			push);
		by_form(push ? &pull_select_forms[i] : &push_select_forms[i], kind, capacity, push);
	}
}

Test(readiness, every_form_of_push_and_pull_makes_the_other_end_readable)
{
	for_each_side(1, by_forms);
}

/* An end that hangs on an open slot is not ready; the commit makes it so. */
static void by_commit(pp_kind kind, size_t capacity, bool push)
{
	struct side s = side_open(kind, capacity, push);
	void *slot = push ? slot_pull(&s.e) : slot_push(&s.e);

	EXPECT_EQ(arm(&s), 0);
	if (kind == PP_MPMC && capacity > 1) /* what is behind the slot is not for it */
		push ? ends_drain(&s.e, 1, 1) : ends_fill(&s.e, 1, 1);
	EXPECT(try(&s) == -EBUSY || (kind == PP_SPSC && try(&s) == -EAGAIN));
	EXPECT_EQ(arm(&s), 0);
	EXPECT(!fd_readable(s.fd));
	EXPECT_EQ(push ? pp_pull_commit(s.e.rx, slot) : slot_commit(&s.e, slot, 1), 0);
	EXPECT(fd_readable(s.fd));
	EXPECT_EQ(try(&s), 0);
	ends_let_go(&s.e);
}

Test(readiness, an_end_that_hangs_on_an_open_slot_is_not_ready_until_its_commit)
{
	for_each_side(1, by_commit);
}

static void by_abort(pp_kind kind, size_t capacity)
{
	struct side s = { .e = ends_open(kind, capacity), .push = true };

	ends_fill(&s.e, 0, 1);
	for (size_t i = 1; i < capacity; i++)
		EXPECT_EQ(pp_push_abort(s.e.tx, slot_push(&s.e)), 0);
	s.fd = pp_tx_fd(s.e.tx);
	EXPECT_EQ(arm(&s), 0);
	event(&s); /* all slots are free now */
	EXPECT(fd_readable(s.fd));
	for (size_t i = 0; i < capacity; i++)
		EXPECT_EQ(try(&s), 0);
	EXPECT_EQ(arm(&s), 0);
	ends_let_go(&s.e);
}

Test(readiness, slots_that_an_aborted_push_leaves_make_it_readable)
{
	for_each_ring(1, by_abort);
}

/* Taken back at the front: room there, an item behind it. */
static void by_abort_in_front(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	struct side pull = { .e = e, .fd = pp_rx_fd(e.rx) };
	struct side push = { .e = e, .push = true, .fd = pp_tx_fd(e.tx) };
	void *slot = slot_push(&e);

	ends_fill(&e, 1, capacity - 1);
	EXPECT_EQ(arm(&pull), 0);
	EXPECT_EQ(arm(&push), 0);
	EXPECT_EQ(pp_push_abort(e.tx, slot), 0);
	EXPECT(fd_readable(push.fd));
	EXPECT_EQ(try(&push), 0);
	EXPECT(capacity == 1 || fd_readable(pull.fd));
	EXPECT_EQ(arm(&pull), 1);
	EXPECT_EQ(try(&pull), 0);
	ends_let_go(&e);
}

Test(readiness, a_push_taken_back_at_the_front_makes_both_ends_readable)
{
	for_each_capacity(1, PP_MPMC, by_abort_in_front);
}

/* ---- Beside a sleeping thread ----------------------------------------------------- */

/* One event: the sleeper wakes, and the descriptor becomes readable.  (At capacity 0 the two
 * meet, and nothing is there for a try.) */
static void in_addition(pp_kind kind, size_t capacity, bool push)
{
	struct side s = side_open(kind, capacity, push);
	struct call call;

	for (int lap = 0; lap < 10; lap++) {
		if (push)
			call_push(&call, &s.e, FOREVER, 1);
		else
			call_pull(&call, &s.e, FOREVER);
		ends_await_parked(&s.e, push, !push);
		EXPECT_EQ(arm(&s), 0);
		event(&s);
		EXPECT_EQ(call_join(&call), 0);
		EXPECT(await_readable(s.fd));
	}
	ends_let_go(&s.e);
}

Test(readiness, it_becomes_readable_in_addition_to_waking_a_thread_and_never_instead)
{
	for (size_t capacity = 1; capacity < 5; capacity++) {
		in_addition(PP_MPMC, capacity, false);
		in_addition(PP_MPMC, capacity, true);
	}
}

/* ---- Capacity 0 ------------------------------------------------------------------- */

static void at_rendezvous(pp_kind kind, size_t capacity, bool push)
{
	struct side s = side_open(kind, capacity, push);
	struct call call;

	for (int lap = 0; lap < 10; lap++) {
		EXPECT_EQ(arm(&s), 0);
		if (push)
			call_pull(&call, &s.e, FOREVER);
		else
			call_push(&call, &s.e, FOREVER, 1);
		EXPECT(await_readable(s.fd)); /* somebody is waiting */
		EXPECT_EQ(arm(&s), 1);
		EXPECT_EQ(try(&s), 0);
		EXPECT_EQ(call_join(&call), 0);
	}
	ends_let_go(&s.e);
}

Test(readiness, at_capacity_0_it_becomes_readable_when_the_other_side_waits)
{
	for (int push = 0; push < 2; push++) {
		at_rendezvous(PP_SPSC, 0, push);
		at_rendezvous(PP_MPMC, 0, push);
	}
}

static void never_meet(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	struct side pull = { .e = e, .fd = pp_rx_fd(e.rx) };
	struct side push = { .e = e, .push = true, .fd = pp_tx_fd(e.tx) };

	for (int i = 0; i < 20; i++) {
		EXPECT_EQ(arm(&pull), 0);
		EXPECT_EQ(arm(&push), 0);
		EXPECT_EQ(try(&push), -EAGAIN);
		EXPECT_EQ(try(&pull), -EAGAIN);
		EXPECT(!fd_readable(pull.fd) && !fd_readable(push.fd));
	}
	EXPECT_EQ(ends_stats(&e).pushed, 0);
	ends_let_go(&e);
}

Test(readiness, at_capacity_0_two_sides_that_only_try_or_arm_never_meet)
{
	for_each_kind(0, never_meet);
}

/* The first waits where PP_SPSC meets best, the later ones in line, where arming would be seen. */
static void met_by_a_thread(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	struct side pull = { .e = e, .fd = pp_rx_fd(e.rx) };
	struct call push;

	for (int round = 0; round < 3; round++) {
		call_push(&push, &e, FOREVER, 1);
		ends_await_parked(&e, 1, 0);
		if (round == 0)
			EXPECT_EQ(arm(&pull), 1);
		EXPECT(!fd_readable(pull.fd));
		EXPECT_EQ(try(&pull), 0);
		EXPECT_EQ(call_join(&push), 0);
	}
	ends_let_go(&e);
}

Test(readiness, at_capacity_0_an_end_that_is_ready_is_not_armed_either)
{
	for_each_kind(0, met_by_a_thread);
}
