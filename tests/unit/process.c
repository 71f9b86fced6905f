/* SPDX-License-Identifier: MIT */
/* What the library leaves alone: the heap after opening, threads, signals, fork. */
#include "support.h"

#include <pushpull/async.h>

#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

SUITE(process);

/* ---- The heap: every way in is counted ------------------------------------------------ */

static atomic_uint allocations;

#if !SANITIZED
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);

void *malloc(size_t size)
{
	atomic_fetch_add(&allocations, 1);
	return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	atomic_fetch_add(&allocations, 1);
	return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	atomic_fetch_add(&allocations, 1);
	return __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	atomic_fetch_add(&allocations, 1);
	return __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
	*memory = aligned_alloc(alignment, size);
	return *memory ? 0 : ENOMEM;
}
#endif

static void use_slots(const struct ends *e)
{
	void *slot;

	for (int i = 0; i < 3; i++) {
		if (pp_try_push_begin(e->tx, &slot) == 0)
			(void)(i % 2 ? pp_push_commit(e->tx, slot) : pp_push_abort(e->tx, slot));
		if (pp_pull_begin_until(e->rx, &slot, pp_in(PP_MS)) == 0)
			(void)pp_pull_commit(e->rx, slot);
	}
}

/* With what can go ahead, and asleep until a deadline; more cases than a small array holds. */
static void use_select(const struct ends *e)
{
	pp_case cases[300];
	uint64_t item = 1;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		cases[i] = (pp_case){ .rx = e->rx, .item = &item };
	(void)pp_select(cases, ARRAY_LEN(cases), 0, pp_in(PP_MS));
	cases[7] = (pp_case){ .tx = e->tx, .item = &item };
	(void)pp_select(cases, ARRAY_LEN(cases), PP_ORDERED, pp_in(PP_MS));
}

static void fill_up(const struct ends *e)
{
	uint64_t item = 1;

	while (pp_try_push(e->tx, &item) == 0)
		continue;
}

static void empty(const struct ends *e)
{
	uint64_t item;

	while (pp_try_pull(e->rx, &item) == 0)
		continue;
}

/* Armed, and from capacity 1 on signalled. */
static void use_descriptors(const struct ends *e)
{
	bool signalled = pp_tx_capacity(e->tx) > 0;

	empty(e);
	EXPECT(pp_rx_fd(e->rx) >= 0);
	EXPECT_EQ(pp_rx_arm(e->rx), 0);
	fill_up(e);
	EXPECT_EQ(fd_readable(pp_rx_fd(e->rx)), signalled);
	EXPECT(pp_tx_fd(e->tx) >= 0);
	EXPECT_EQ(pp_tx_arm(e->tx), 0);
	empty(e);
	EXPECT_EQ(fd_readable(pp_tx_fd(e->tx)), signalled);
}

static void count_call(void *context)
{
	atomic_fetch_add((atomic_uint *)context, 1);
}

/* They wait and are withdrawn, and from capacity 1 on are called before. */
static void use_async(const struct ends *e)
{
	atomic_uint calls = 0;
	pp_async push = PP_ASYNC(.ready = count_call, .context = &calls), pull = push;
	uint64_t in = 1, out;

	for (unsigned called = 0; called < 2; called++) {
		empty(e);
		EXPECT_EQ(pp_pull_async(e->rx, &out, &pull), -EAGAIN);
		if (called)
			fill_up(e);
		EXPECT_EQ(pp_pull_withdraw(e->rx, &pull), 0);
		fill_up(e);
		EXPECT_EQ(pp_push_async(e->tx, &in, &push), -EAGAIN);
		if (called && pp_tx_capacity(e->tx) > 0)
			empty(e);
		EXPECT_EQ(pp_push_withdraw(e->tx, &push), 0);
	}
	EXPECT_EQ(atomic_load(&calls), pp_tx_capacity(e->tx) ? 2 : 0);
}

static atomic_uint dropped;

static void count_drop(void *item, void *context)
{
	(void)item;
	(void)context;
	atomic_fetch_add(&dropped, 1);
}

/* It has the drop that use_alone() lets run. */
static struct ends open_dropping(pp_kind kind, size_t capacity)
{
	return ends_open_with(&PP_CONFIG(.kind = kind, .capacity = capacity,
					 .item_size = sizeof(uint64_t), .drop = count_drop));
}

/* Everything that one thread can do with a ring; the end is a cancel that drops. */
static void use_alone(const struct ends *e)
{
	uint64_t items[3] = { 1, 2, 3 };
	pp_stats stats = { .size = sizeof(stats) };

	for (size_t i = 0; i < 2; i++) {
		(void)pp_try_push_n(e->tx, items, 3);
		(void)pp_push_until(e->tx, items, pp_in(PP_MS));
		(void)pp_try_pull_n(e->rx, items, 3);
		(void)pp_pull_until(e->rx, items, pp_in(PP_MS));
		use_slots(e);
		use_select(e);
		use_descriptors(e);
		use_async(e);
		(void)pp_tx_stats(e->tx, &stats);
		(void)pp_dump(-1);
		(void)pp_tx_ref(e->tx);
		pp_tx_unref(e->tx);
	}
	atomic_store(&dropped, 0);
	fill_up(e);
	(void)pp_close(e->tx);
	(void)pp_cancel(e->rx);
	EXPECT_EQ(atomic_load(&dropped), pp_tx_capacity(e->tx));
}

static void count_allocations(pp_kind kind, size_t capacity)
{
	struct ends e;
	unsigned opened, before = atomic_load(&allocations);

	e = open_dropping(kind, capacity);
	opened = atomic_load(&allocations);
	if (!SANITIZED && capacity < 256) /* a large block might be mapped directly */
		EXPECT(opened > before);  /* or this test would count nothing */
	use_alone(&e);
	EXPECT_EQ(atomic_load(&allocations), opened);
	ends_let_go(&e);
	EXPECT_EQ(atomic_load(&allocations), opened);
}

Test(process, nothing_is_allocated_after_opening)
{
	for_each_ring(0, count_allocations);
}

/* The other thread exists before the count starts; both sides sleep and are woken. */
struct partner {
	struct ends e;
	atomic_int  go;
};

static void *echo(void *arg)
{
	struct partner *p = arg;
	uint64_t item;

	AWAIT(atomic_load(&p->go));
	for (int i = 0; i < 100; i++)
		if (pp_pull(p->e.rx, &item) != 0)
			break;
	return NULL;
}

static void count_while_blocking(pp_kind kind, size_t capacity)
{
	struct partner p = { .e = ends_open(kind, capacity) };
	unsigned before;
	pthread_t thread;

	EXPECT_EQ(pthread_create(&thread, NULL, echo, &p), 0);
	before = atomic_load(&allocations);
	atomic_store(&p.go, 1);
	for (uint64_t i = 0; i < 100; i++) {
		if (i % 10 == 0)
			doze(); /* let it fall asleep */
		EXPECT_EQ(pp_push(p.e.tx, &i), 0);
	}
	EXPECT_EQ(atomic_load(&allocations), before);
	pthread_join(thread, NULL);
	ends_let_go(&p.e);
}

Test(process, nor_while_threads_block_and_wake)
{
	for (size_t capacity = 0; capacity < 4; capacity++)
		for_each_kind(capacity, count_while_blocking);
}

/* ---- Threads, signals, fork -------------------------------------------------------------- */

static size_t threads_now(void)
{
	DIR *tasks = opendir("/proc/self/task");
	size_t count = 0;

	EXPECT(tasks != NULL);
	for (struct dirent *entry; (entry = readdir(tasks));)
		count += entry->d_name[0] != '.';
	closedir(tasks);
	return count;
}

static void count_threads(pp_kind kind, size_t capacity)
{
	size_t before = threads_now();
	struct ends e = open_dropping(kind, capacity);
	struct call pull;

	EXPECT_EQ(threads_now(), before);
	call_pull(&pull, &e, FOREVER);
	ends_await_parked(&e, 0, 1);
	EXPECT_EQ(threads_now(), before + 1); /* the one of this test */
	EXPECT_EQ(pp_push(e.tx, &(uint64_t){ 1 }), 0);
	EXPECT_EQ(call_join(&pull), 0);
	AWAIT(threads_now() == before); /* a joined thread's entry goes a moment later */
	use_alone(&e);
	ends_let_go(&e);
	EXPECT_EQ(threads_now(), before);
}

Test(process, no_thread_is_ever_started)
{
	for (size_t capacity = 0; capacity < 4; capacity++)
		for_each_kind(capacity, count_threads);
}

struct dispositions {
	struct sigaction of[64];
	sigset_t         mask;
};

static void note_signals(struct dispositions *d)
{
	memset(d, 0, sizeof(*d));
	for (int number = 1; number < 64; number++)
		(void)sigaction(number, NULL, &d->of[number]);
	EXPECT_EQ(pthread_sigmask(SIG_BLOCK, NULL, &d->mask), 0);
}

static void same_signals(pp_kind kind, size_t capacity)
{
	struct dispositions before, after;
	struct ends e;

	note_signals(&before);
	e = open_dropping(kind, capacity);
	use_alone(&e);
	note_signals(&after);
	for (int number = 1; number < 64; number++)
		EXPECT(before.of[number].sa_handler == after.of[number].sa_handler);
	EXPECT(memcmp(&before.mask, &after.mask, sizeof(before.mask)) == 0);
	ends_let_go(&e);
}

Test(process, no_signal_handler_is_installed_and_no_signal_blocked)
{
	for_each_ring(0, same_signals);
}

static void fork_with_ring(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	struct call pull;
	int status;
	pid_t child;

	call_pull(&pull, &e, FOREVER);
	ends_await_parked(&e, 0, 1);
	child = fork();
	if (child == 0)
		_exit(7); /* as the contract asks: the child leaves the ring alone */
	EXPECT_EQ(waitpid(child, &status, 0), child);
	EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	EXPECT_EQ(ends_stats(&e).pullers_parked, 1);
	EXPECT_EQ(pp_push(e.tx, &(uint64_t){ 9 }), 0);
	EXPECT_EQ(call_join(&pull), 0);
	EXPECT_EQ(pull.item, 9);
	ends_let_go(&e);
}

Test(process, a_child_that_leaves_the_ring_alone_leaves_it_whole)
{
	for (size_t capacity = 0; capacity < 4; capacity++)
		for_each_kind(capacity, fork_with_ring);
}
