/* SPDX-License-Identifier: MIT */
/* Working in place: what the calls say, and which slots they take for what they are. */
#include "support.h"

#include <pushpull/typed.h>
#include <signal.h>

PP_TYPED(u64s, uint64_t);

SUITE(inplace_results);

/* Every form of beginning gives this and leaves no slot. */
static void begins_give(const struct form *forms, const struct ends *e, int try, int until)
{
	uint64_t slot = 1;

	EXPECT_EQ(forms[TRY].run(e, &slot, 1, 0), try);
	EXPECT_EQ(slot, 0);
	slot = 1;
	EXPECT_EQ(forms[UNTIL].run(e, &slot, 1, 0), until);
	EXPECT_EQ(slot, 0);
	slot = 1;
	EXPECT_EQ(forms[UNTIL].run(e, &slot, 1, pp_in(PP_MS)), until);
	EXPECT_EQ(slot, 0);
	if (try == -EAGAIN)
		return; /* it would wait */
	slot = 1;
	EXPECT_EQ(forms[FOREVER].run(e, &slot, 1, 0), try);
	EXPECT_EQ(slot, 0);
}

static void full_and_empty(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);

	begins_give(pull_begin_forms, &e, -EAGAIN, -ETIMEDOUT);
	ends_fill(&e, 0, capacity);
	begins_give(push_begin_forms, &e, -EAGAIN, -ETIMEDOUT);
	ends_drain(&e, 0, capacity);
	ends_let_go(&e);
}

Test(inplace_results, a_full_or_empty_ring_gives_what_the_single_operation_gives_and_no_slot)
{
	for_each_ring(1, full_and_empty);
}

static void ended(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);

	EXPECT_EQ(pp_close(e.tx), 0);
	begins_give(push_begin_forms, &e, -ESHUTDOWN, -ESHUTDOWN);
	begins_give(pull_begin_forms, &e, -EPIPE, -EPIPE);
	EXPECT_EQ(pp_cancel(e.rx), 0);
	begins_give(push_begin_forms, &e, -ESHUTDOWN, -ESHUTDOWN);
	begins_give(pull_begin_forms, &e, -ESHUTDOWN, -ESHUTDOWN);
	ends_let_go(&e);
	e = ends_open(kind, capacity);
	EXPECT_EQ(pp_cancel(e.rx), 0);
	begins_give(push_begin_forms, &e, -EPIPE, -EPIPE);
	ends_let_go(&e);
}

Test(inplace_results, an_ended_ring_gives_what_the_single_operation_gives)
{
	for_each_ring(1, ended);
}

static void at_rendezvous(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t item = 0;

	begins_give(push_begin_forms, &e, -ENOTSUP, -ENOTSUP);
	begins_give(pull_begin_forms, &e, -ENOTSUP, -ENOTSUP);
	EXPECT_EQ(pp_push_commit(e.tx, &item), -ENOTSUP);
	EXPECT_EQ(pp_push_abort(e.tx, &item), -ENOTSUP);
	EXPECT_EQ(pp_pull_commit(e.rx, &item), -ENOTSUP);
	ends_let_go(&e);
}

Test(inplace_results, at_capacity_0_it_is_enotsup)
{
	for_each_kind(0, at_rendezvous);
}

static void null_arguments(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity), none = { NULL, NULL };
	uint64_t item = 0;

	begins_give(push_begin_forms, &none, -EINVAL, -EINVAL);
	begins_give(pull_begin_forms, &none, -EINVAL, -EINVAL);
	EXPECT_EQ(pp_push_begin(e.tx, NULL), -EINVAL);
	EXPECT_EQ(pp_try_push_begin(e.tx, NULL), -EINVAL);
	EXPECT_EQ(pp_push_begin_until(e.tx, NULL, 0), -EINVAL);
	EXPECT_EQ(pp_pull_begin(e.rx, NULL), -EINVAL);
	EXPECT_EQ(pp_try_pull_begin(e.rx, NULL), -EINVAL);
	EXPECT_EQ(pp_pull_begin_until(e.rx, NULL, 0), -EINVAL);
	EXPECT_EQ(pp_push_commit(NULL, &item), -EINVAL);
	EXPECT_EQ(pp_push_abort(NULL, &item), -EINVAL);
	EXPECT_EQ(pp_pull_commit(NULL, &item), -EINVAL);
	EXPECT_EQ(pp_push_commit(e.tx, NULL), -EINVAL);
	EXPECT_EQ(pp_push_abort(e.tx, NULL), -EINVAL);
	EXPECT_EQ(pp_pull_commit(e.rx, NULL), -EINVAL);
	EXPECT_EQ(pp_tx_depth(e.tx), 0);
	ends_let_go(&e);
}

Test(inplace_results, null_gives_einval)
{
	for_each_kind(1, null_arguments);
	for_each_kind(1000, null_arguments);
}

/* ---- Slots that are none ---------------------------------------------------------- */

static void not_a_slot(const struct ends *e, void *slot)
{
	EXPECT_EQ(pp_push_commit(e->tx, slot), -EINVAL);
	EXPECT_EQ(pp_push_abort(e->tx, slot), -EINVAL);
	EXPECT_EQ(pp_pull_commit(e->rx, slot), -EINVAL);
}

static void wrong_slots(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity), other = ends_open(kind, capacity);
	void *push, *pull, *others = slot_push(&other);
	uint64_t item = 1;

	ends_fill(&e, 7, 1);
	pull = slot_pull(&e);
	push = slot_push(&e);
	not_a_slot(&e, &item);
	not_a_slot(&e, others);
	not_a_slot(&e, (char *)push + 1);
	not_a_slot(&e, (char *)pull - 1);
	not_a_slot(&e, e.tx);
	EXPECT_EQ(pp_pull_commit(e.rx, push), -EINVAL);
	EXPECT_EQ(pp_push_commit(e.tx, pull), -EINVAL);
	EXPECT_EQ(pp_push_abort(e.tx, pull), -EINVAL);
	/* Both are open all the same. */
	EXPECT_EQ(pp_tx_depth(e.tx), 2);
	EXPECT_EQ(slot_commit(&e, push, 8), 0);
	EXPECT_EQ(pp_pull_commit(e.rx, pull), 0);
	EXPECT_EQ(pp_tx_depth(e.tx), 1);
	ends_drain(&e, 8, 1);
	EXPECT_EQ(pp_push_abort(other.tx, others), 0);
	ends_let_go(&other);
	ends_let_go(&e);
}

Test(inplace_results, what_is_no_open_slot_of_this_side_gives_einval_and_changes_nothing)
{
	static const size_t capacities[] = { 2, 3, 64, 128, 129, 1000 };

	for (size_t i = 0; i < ARRAY_LEN(capacities); i++)
		for_each_kind(capacities[i], wrong_slots);
}

static void twice(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	void *slot = slot_push(&e);

	EXPECT_EQ(slot_commit(&e, slot, 3), 0);
	EXPECT_EQ(pp_push_commit(e.tx, slot), -EINVAL);
	EXPECT_EQ(pp_push_abort(e.tx, slot), -EINVAL);
	slot = slot_pull(&e);
	EXPECT_EQ(slot_get(slot), 3);
	EXPECT_EQ(pp_pull_commit(e.rx, slot), 0);
	EXPECT_EQ(pp_pull_commit(e.rx, slot), -EINVAL);
	EXPECT_EQ(pp_tx_depth(e.tx), 0);
	ends_fill(&e, 0, capacity);
	ends_drain(&e, 0, capacity);
	ends_let_go(&e);
}

Test(inplace_results, a_slot_is_closed_once)
{
	for_each_ring(1, twice);
}

/* ---- Signals, errno --------------------------------------------------------------- */

static void on_signal(int number)
{
	(void)number;
}

static void interrupted(pp_kind kind, bool push)
{
	struct ends e = ends_open_with(&PP_CONFIG(.kind = kind, .capacity = 3, .item_size = 8,
						  .flags = PP_INTERRUPTIBLE));
	struct sigaction action = { .sa_handler = on_signal };
	const struct form *form = push ? &push_begin_forms[FOREVER] : &pull_begin_forms[FOREVER];
	struct call c = { .form = form, .ends = e, .n = 1 };

	EXPECT_EQ(sigaction(SIGUSR1, &action, NULL), 0);
	ends_fill(&e, 0, push ? 3 : 0);
	call_start(&c);
	ends_await_parked(&e, push, !push);
	AWAIT(in_futex(atomic_load(&c.tid)));
	while (!atomic_load(&c.returned)) {
		pthread_kill(c.thread, SIGUSR1);
		doze();
	}
	EXPECT_EQ(call_join(&c), -EINTR);
	EXPECT_EQ(c.item, 0);
	EXPECT_EQ(pp_tx_depth(e.tx), push ? 3 : 0);
	ends_let_go(&e);
}

Test(inplace_results, a_signal_ends_the_wait_of_an_interruptible_ring_with_eintr)
{
	for (int push = 0; push < 2; push++) {
		interrupted(PP_SPSC, push);
		interrupted(PP_MPMC, push);
	}
}

static void keeps_errno(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	void *slot = &slot;

	errno = 77;
	EXPECT_EQ(pp_try_pull_begin(e.rx, &slot), -EAGAIN);
	EXPECT_EQ(pp_pull_begin_until(e.rx, &slot, pp_in(PP_MS)), -ETIMEDOUT);
	EXPECT_EQ(pp_push_commit(e.tx, &slot), -EINVAL);
	EXPECT_EQ(pp_push_abort(e.tx, slot_push(&e)), 0);
	EXPECT_EQ(errno, 77);
	ends_let_go(&e);
}

Test(inplace_results, errno_is_not_touched)
{
	for_each_kind(1, keeps_errno);
}

/* ---- PP_SPSC: one slot at a time -------------------------------------------------- */

static void push_end_is_busy(const struct ends *e)
{
	pp_case c = { .tx = e->tx, .item = &(uint64_t){ 1 } };
	uint64_t item = 1;

	for (size_t i = 0; i < ARRAY_LEN(push_forms); i++)
		EXPECT_EQ(push_forms[i].run(e, &item, 1, PP_FOREVER), -EBUSY);
	begins_give(push_begin_forms, e, -EBUSY, -EBUSY);
	EXPECT_EQ(u64s_push(e->tx, &item), -EBUSY);
	EXPECT_EQ(u64s_try_push(e->tx, &item), -EBUSY);
	EXPECT_EQ(u64s_push_until(e->tx, &item, PP_FOREVER), -EBUSY);
	EXPECT_EQ(u64s_push_n(e->tx, &item, 1), -EBUSY);
	EXPECT_EQ(u64s_try_push_n(e->tx, &item, 1), -EBUSY);
	EXPECT_EQ(u64s_push_n_until(e->tx, &item, 1, PP_FOREVER), -EBUSY);
	EXPECT_EQ(pp_select(&c, 1, 0, PP_FOREVER), -EBUSY);
	EXPECT_EQ(pp_select(&c, 1, PP_ORDERED, 0), -EBUSY);
	EXPECT_EQ(pp_tx_arm(e->tx), -EBUSY);
}

static void pull_end_is_busy(const struct ends *e)
{
	uint64_t item = 99;
	pp_case c = { .rx = e->rx, .item = &item };

	for (size_t i = 0; i < ARRAY_LEN(pull_forms); i++)
		EXPECT_EQ(pull_forms[i].run(e, &item, 1, PP_FOREVER), -EBUSY);
	begins_give(pull_begin_forms, e, -EBUSY, -EBUSY);
	EXPECT_EQ(u64s_pull(e->rx, &item), -EBUSY);
	EXPECT_EQ(u64s_try_pull(e->rx, &item), -EBUSY);
	EXPECT_EQ(u64s_pull_until(e->rx, &item, PP_FOREVER), -EBUSY);
	EXPECT_EQ(u64s_pull_n(e->rx, &item, 1), -EBUSY);
	EXPECT_EQ(u64s_try_pull_n(e->rx, &item, 1), -EBUSY);
	EXPECT_EQ(u64s_pull_n_until(e->rx, &item, 1, 1, PP_FOREVER), -EBUSY);
	EXPECT_EQ(pp_select(&c, 1, 0, PP_FOREVER), -EBUSY);
	EXPECT_EQ(pp_select(&c, 1, PP_ORDERED, 0), -EBUSY);
	EXPECT_EQ(pp_rx_arm(e->rx), -EBUSY);
	EXPECT_EQ(item, 99);
}

/* With room behind the slot, and without; at the start of the ring, and in the middle of it. */
static void push_busy(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	void *slot;

	for (size_t before = 0; before < capacity; before += capacity < 5 ? 1 : capacity / 4) {
		ends_fill(&e, 0, before);
		slot = slot_push(&e);
		push_end_is_busy(&e);
		ends_drain(&e, 0, before); /* the other end goes on */
		EXPECT_EQ(pp_tx_depth(e.tx), 1);
		push_end_is_busy(&e);
		EXPECT_EQ(slot_commit(&e, slot, 5), 0);
		ends_fill(&e, 6, capacity - 1);
		ends_drain(&e, 5, capacity);
	}
	ends_let_go(&e);
}

Test(inplace_results, on_an_spsc_end_with_an_open_push_everything_else_gives_ebusy)
{
	for_each_capacity(1, PP_SPSC, push_busy);
}

static void pull_busy(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	void *slot;

	for (size_t before = 1; before <= capacity; before += capacity < 5 ? 1 : capacity / 4) {
		ends_fill(&e, 0, before);
		slot = slot_pull(&e);
		EXPECT_EQ(slot_get(slot), 0);
		pull_end_is_busy(&e);
		ends_fill(&e, before, capacity - before); /* the other end goes on */
		EXPECT_EQ(pp_tx_depth(e.tx), capacity);
		pull_end_is_busy(&e);
		EXPECT_EQ(pp_pull_commit(e.rx, slot), 0);
		ends_drain(&e, 1, capacity - 1);
	}
	ends_let_go(&e);
}

Test(inplace_results, on_an_spsc_end_with_an_open_pull_everything_else_gives_ebusy)
{
	for_each_capacity(1, PP_SPSC, pull_busy);
}

static void end_comes_first(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	uint64_t item = 99;
	void *slot;

	ends_fill(&e, 0, 1);
	slot = slot_pull(&e);
	(void)slot_push(&e);
	EXPECT_EQ(pp_cancel(e.rx), 0);
	EXPECT_EQ(pp_try_push(e.tx, &item), -EPIPE);
	EXPECT_EQ(pp_try_pull(e.rx, &item), -ESHUTDOWN);
	begins_give(push_begin_forms, &e, -EPIPE, -EPIPE);
	begins_give(pull_begin_forms, &e, -ESHUTDOWN, -ESHUTDOWN);
	EXPECT_EQ(pp_close(e.tx), 0);
	EXPECT_EQ(pp_push(e.tx, &item), -ESHUTDOWN);
	EXPECT_EQ(pp_pull_commit(e.rx, slot), 0);
	ends_let_go(&e);
}

Test(inplace_results, the_end_of_a_ring_comes_before_ebusy)
{
	end_comes_first(PP_SPSC, 2);
	end_comes_first(PP_SPSC, 1000);
}
