/* SPDX-License-Identifier: MIT */
#include "support.h"

#include "../stacks.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static char ring_name[64] = "no ring";

const char *ring_in_test(void)
{
	return ring_name;
}

/* ---- A hang ----------------------------------------------------------------- */

#define HANG_SECONDS 60

/* Not all of this is safe in a handler, but the program is lost anyway. */
static void hangs(int number)
{
	(void)number;
	fprintf(stderr, "HANG: [%s]\nrings:\n", ring_name);
	(void)pp_dump(STDERR_FILENO);
	if (!stacks_print())
		fprintf(stderr, "no stacks: gdb is missing or may not attach\n");
	_exit(2);
}

void watch_for_hang(void)
{
	struct sigaction action = { .sa_handler = hangs };

	(void)sigaction(SIGALRM, &action, NULL);
	(void)alarm(getenv("STRESS_SLOW") ? 5 * HANG_SECONDS : HANG_SECONDS);
}

/* ---- Rings ---------------------------------------------------------------- */

struct ends ends_open_with(const pp_config *config)
{
	struct ends e = { NULL, NULL };

	/* Naps of the length asked for: the default slack is 50 us. */
	(void)prctl(PR_SET_TIMERSLACK, 1000);
	snprintf(ring_name, sizeof(ring_name), "%s, capacity %zu, items of %zu",
		 config->kind == PP_SPSC ? "SPSC" : "MPMC", config->capacity, config->item_size);
	EXPECT_EQ(pp_open_with(&e.tx, &e.rx, config), 0);
	return e;
}

struct ends ends_open(pp_kind kind, size_t capacity)
{
	return ends_open_with(&PP_CONFIG(.kind = kind, .capacity = capacity,
					 .item_size = sizeof(uint64_t)));
}

void ends_let_go(struct ends *e)
{
	pp_tx_unref(e->tx);
	pp_rx_unref(e->rx);
	*e = (struct ends){ NULL, NULL };
}

pp_stats ends_stats(const struct ends *e)
{
	pp_stats stats = { .size = sizeof(stats) };

	EXPECT_EQ(e->tx ? pp_tx_stats(e->tx, &stats) : pp_rx_stats(e->rx, &stats), 0);
	return stats;
}

void doze(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 20 * 1000 }, NULL);
}

void ends_await_parked(const struct ends *e, uint32_t pushers, uint32_t pullers)
{
	pp_time limit = pp_in(20 * PP_SEC);
	pp_stats stats;

	do {
		stats = ends_stats(e);
		if (stats.pushers_parked == pushers && stats.pullers_parked == pullers)
			return;
		doze();
	} while (pp_now() < limit);
	cr_assert_fail("%u pushers and %u pullers are asleep, not %u and %u  [%s]",
		       stats.pushers_parked, stats.pullers_parked, pushers, pullers, ring_name);
}

void ends_fill(const struct ends *e, uint64_t first, size_t count)
{
	for (size_t i = 0; i < count; i++)
		EXPECT_EQ(pp_try_push(e->tx, &(uint64_t){ first + i }), 0);
}

void ends_drain(const struct ends *e, uint64_t first, size_t count)
{
	uint64_t item;

	for (size_t i = 0; i < count; i++) {
		EXPECT_EQ(pp_try_pull(e->rx, &item), 0);
		EXPECT_EQ(item, first + i);
	}
}

void for_each_kind(size_t capacity, ring_body *body)
{
	body(PP_SPSC, capacity);
	body(PP_MPMC, capacity);
}

void for_each_capacity(size_t from, pp_kind kind, ring_body *body)
{
	static const size_t large[] = { 127, 128, 129, 255, 256, 257, 1000, 65536 };

	for (size_t capacity = from; capacity <= 17; capacity++)
		body(kind, capacity);
	for (size_t i = 0; i < ARRAY_LEN(large); i++)
		body(kind, large[i]);
}

void for_each_ring(size_t from, ring_body *body)
{
	for_each_capacity(from, PP_SPSC, body);
	for_each_capacity(from, PP_MPMC, body);
}

/* ---- Every form of push and pull ------------------------------------------ */

#define FORM(name, args)                                                               \
	static ssize_t run_##name(const struct ends *e, uint64_t *items, size_t n,     \
				  pp_time deadline)                                    \
	{                                                                              \
		(void)n;                                                               \
		(void)deadline;                                                        \
		return pp_##name args;                                                 \
	}

FORM(push, (e->tx, items))
FORM(try_push, (e->tx, items))
FORM(push_until, (e->tx, items, deadline))
FORM(push_n, (e->tx, items, n))
FORM(try_push_n, (e->tx, items, n))
FORM(push_n_until, (e->tx, items, n, deadline))
FORM(pull, (e->rx, items))
FORM(try_pull, (e->rx, items))
FORM(pull_until, (e->rx, items, deadline))
FORM(pull_n, (e->rx, items, n))
FORM(try_pull_n, (e->rx, items, n))
FORM(pull_n_until, (e->rx, items, 1, n, deadline))

const struct form push_forms[6] = {
	[SINGLE] = { "push", FOREVER, 0, run_push },
	[SINGLE_TRY] = { "try_push", TRY, 0, run_try_push },
	[SINGLE_UNTIL] = { "push_until", UNTIL, 0, run_push_until },
	[BATCH] = { "push_n", FOREVER, 1, run_push_n },
	[BATCH_TRY] = { "try_push_n", TRY, 1, run_try_push_n },
	[BATCH_UNTIL] = { "push_n_until", UNTIL, 1, run_push_n_until },
};

const struct form pull_forms[6] = {
	[SINGLE] = { "pull", FOREVER, 0, run_pull },
	[SINGLE_TRY] = { "try_pull", TRY, 0, run_try_pull },
	[SINGLE_UNTIL] = { "pull_until", UNTIL, 0, run_pull_until },
	[BATCH] = { "pull_n", FOREVER, 1, run_pull_n },
	[BATCH_TRY] = { "try_pull_n", TRY, 1, run_try_pull_n },
	[BATCH_UNTIL] = { "pull_n_until", UNTIL, 1, run_pull_n_until },
};

static ssize_t run_pull_min(const struct ends *e, uint64_t *items, size_t n, pp_time deadline)
{
	return pp_pull_n_until(e->rx, items, n, n, deadline);
}

const struct form pull_min_form = { "pull_n_until", UNTIL, 1, run_pull_min };

int form_refusal(const struct form *form)
{
	return form->waits == TRY ? -EAGAIN : -ETIMEDOUT;
}

ssize_t form_push(const struct form *form, const struct ends *e, uint64_t item)
{
	return form->run(e, &item, 1, form->waits == UNTIL ? pp_now() : PP_FOREVER);
}

ssize_t form_pull(const struct form *form, const struct ends *e, uint64_t *item)
{
	return form->run(e, item, 1, form->waits == UNTIL ? pp_now() : PP_FOREVER);
}

/* ---- In place --------------------------------------------------------------- */

void slot_put(void *slot, uint64_t item)
{
	memcpy(slot, &item, sizeof(item));
}

uint64_t slot_get(const void *slot)
{
	uint64_t item;

	memcpy(&item, slot, sizeof(item));
	return item;
}

int slot_commit(const struct ends *e, void *slot, uint64_t item)
{
	slot_put(slot, item);
	return pp_push_commit(e->tx, slot);
}

static int slot_take(const struct ends *e, void *slot, uint64_t *item)
{
	*item = slot_get(slot);
	return pp_pull_commit(e->rx, slot);
}

void *slot_push(const struct ends *e)
{
	void *slot = NULL;

	EXPECT_EQ(pp_try_push_begin(e->tx, &slot), 0);
	EXPECT(slot != NULL);
	return slot;
}

void *slot_pull(const struct ends *e)
{
	void *slot = NULL;

	EXPECT_EQ(pp_try_pull_begin(e->rx, &slot), 0);
	EXPECT(slot != NULL);
	return slot;
}

/* Begin only; the item is where the slot is, 0 for none. */
#define BEGIN_FORM(name, args)                                                          \
	static ssize_t begin_##name(const struct ends *e, uint64_t *items, size_t n,    \
				    pp_time deadline)                                   \
	{                                                                               \
		void *slot = &slot;                                                     \
		ssize_t r = pp_##name args;                                             \
                                                                                        \
		(void)n;                                                                \
		(void)deadline;                                                         \
		*items = (uintptr_t)slot;                                               \
		return r;                                                               \
	}
BEGIN_FORM(push_begin, (e->tx, &slot))
BEGIN_FORM(try_push_begin, (e->tx, &slot))
BEGIN_FORM(push_begin_until, (e->tx, &slot, deadline))
BEGIN_FORM(pull_begin, (e->rx, &slot))
BEGIN_FORM(try_pull_begin, (e->rx, &slot))
BEGIN_FORM(pull_begin_until, (e->rx, &slot, deadline))

/* All of it: begin, copy, commit. */
#define IN_PLACE_FORM(begin, take)                                                      \
	static ssize_t whole_##begin(const struct ends *e, uint64_t *items, size_t n,   \
				     pp_time deadline)                                  \
	{                                                                               \
		uint64_t slot;                                                          \
		ssize_t r = begin_##begin(e, &slot, n, deadline);                       \
                                                                                        \
		return r ? r : take;                                                    \
	}
#define PUSH_IN_PLACE(begin) \
	IN_PLACE_FORM(begin, slot_commit(e, (void *)(uintptr_t)slot, *items))
#define PULL_IN_PLACE(begin) \
	IN_PLACE_FORM(begin, slot_take(e, (void *)(uintptr_t)slot, items))
PUSH_IN_PLACE(push_begin)
PUSH_IN_PLACE(try_push_begin)
PUSH_IN_PLACE(push_begin_until)
PULL_IN_PLACE(pull_begin)
PULL_IN_PLACE(try_pull_begin)
PULL_IN_PLACE(pull_begin_until)

const struct form push_begin_forms[3] = {
	[TRY] = { "try_push_begin", TRY, 0, begin_try_push_begin },
	[UNTIL] = { "push_begin_until", UNTIL, 0, begin_push_begin_until },
	[FOREVER] = { "push_begin", FOREVER, 0, begin_push_begin },
};

const struct form pull_begin_forms[3] = {
	[TRY] = { "try_pull_begin", TRY, 0, begin_try_pull_begin },
	[UNTIL] = { "pull_begin_until", UNTIL, 0, begin_pull_begin_until },
	[FOREVER] = { "pull_begin", FOREVER, 0, begin_pull_begin },
};

const struct form push_in_place_forms[3] = {
	[TRY] = { "try_push in place", TRY, 0, whole_try_push_begin },
	[UNTIL] = { "push_until in place", UNTIL, 0, whole_push_begin_until },
	[FOREVER] = { "push in place", FOREVER, 0, whole_push_begin },
};

const struct form pull_in_place_forms[3] = {
	[TRY] = { "try_pull in place", TRY, 0, whole_try_pull_begin },
	[UNTIL] = { "pull_until in place", UNTIL, 0, whole_pull_begin_until },
	[FOREVER] = { "pull in place", FOREVER, 0, whole_pull_begin },
};

/* ---- A call in a thread of its own ----------------------------------------- */

static void *call_thread(void *arg)
{
	struct call *c = arg;

	atomic_store(&c->tid, (int)syscall(SYS_gettid));
	c->result = c->form->run(&c->ends, c->items ? c->items : &c->item, c->n, c->deadline);
	atomic_store(&c->returned, true);
	return NULL;
}

void call_start(struct call *c)
{
	atomic_init(&c->returned, false);
	atomic_init(&c->tid, 0);
	EXPECT_EQ(pthread_create(&c->thread, NULL, call_thread, c), 0);
}

static const struct form *single_form(const struct form *forms, enum waits waits)
{
	return &forms[waits == FOREVER ? SINGLE : waits == TRY ? SINGLE_TRY : SINGLE_UNTIL];
}

void call_push(struct call *c, const struct ends *e, enum waits waits, uint64_t item)
{
	*c = (struct call){ .form = single_form(push_forms, waits), .ends = *e, .item = item,
			    .n = 1, .deadline = PP_FOREVER };
	call_start(c);
}

void call_pull(struct call *c, const struct ends *e, enum waits waits)
{
	*c = (struct call){ .form = single_form(pull_forms, waits), .ends = *e, .n = 1,
			    .deadline = PP_FOREVER };
	call_start(c);
}

ssize_t call_join(struct call *c)
{
	EXPECT_EQ(pthread_join(c->thread, NULL), 0);
	return c->result;
}

/* Capacity 0: the one that there is has a pusher. */
void call_pull_partly(struct call *c, const struct ends *e, uint64_t *items, size_t there, size_t n)
{
	bool meets = there > pp_rx_capacity(e->rx);
	struct call push;

	if (meets)
		call_push(&push, e, FOREVER, 0);
	else
		ends_fill(e, 0, there);
	*c = (struct call){ .form = &pull_min_form, .ends = *e, .items = items, .n = n,
			    .deadline = PP_FOREVER };
	call_start(c);
	if (meets)
		EXPECT_EQ(call_join(&push), 0);
	ends_await_parked(e, 0, 1);
}

int64_t thread_cpu_ns(pthread_t thread)
{
	struct timespec t;
	clockid_t clock;

	if (pthread_getcpuclockid(thread, &clock) != 0 || clock_gettime(clock, &t) != 0)
		return 0;
	return t.tv_sec * PP_SEC + t.tv_nsec;
}

bool in_futex(int tid)
{
	return tid != 0 && stacks_in_futex(tid);
}

bool fd_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	EXPECT(poll(&p, 1, 0) >= 0);
	EXPECT((p.revents & (POLLERR | POLLHUP | POLLNVAL)) == 0);
	return p.revents & POLLIN;
}

const char *dumped(void)
{
	static char text[1 << 16];
	FILE *file = tmpfile();
	ssize_t length;

	EXPECT(file != NULL);
	EXPECT_EQ(pp_dump(fileno(file)), 0);
	length = pread(fileno(file), text, sizeof(text) - 1, 0);
	EXPECT(length >= 0);
	text[length] = '\0';
	fclose(file);
	return text;
}
