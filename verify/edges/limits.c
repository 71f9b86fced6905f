/* SPDX-License-Identifier: MIT */
/* A process that has little: address space, descriptors, stacks. */
#include "edge.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

/* ---- Address space --------------------------------------------------------------------------- */

static struct rlimit set_limit(int resource, rlim_t most)
{
	struct rlimit before, now;

	CHECK(getrlimit(resource, &before) == 0, "getrlimit");
	now = before;
	now.rlim_cur = most;
	CHECK(setrlimit(resource, &now) == 0, "setrlimit: %s", strerror(errno));
	return before;
}

enum { MOST_RINGS = 100000 };

/* Open until it fails; every ring that was opened works. */
static size_t open_until_full(pp_kind kind, size_t capacity)
{
	static pp_tx *tx[MOST_RINGS];
	static pp_rx *rx[MOST_RINGS];
	size_t n = 0, i;
	int r = 0;

	errno = 0;
	while (n < MOST_RINGS && (r = pp_open(&tx[n], &rx[n], kind, capacity, sizeof(uint64_t))) == 0)
		n++;
	CHECK(n < MOST_RINGS && r == -ENOMEM, "%zu rings, then %d", n, r);
	CHECK(!tx[n] && !rx[n] && errno == 0, "ends of a ring that is none, or errno");
	for (i = 0; i < n; i++) {
		uint64_t item = i;
		bool meets = capacity == 0;

		CHECK(pp_try_push(tx[i], &item) == (meets ? -EAGAIN : 0), "push");
		CHECK(meets || (pp_try_pull(rx[i], &item) == 0 && item == i), "pull");
		edge_let_go(tx[i], rx[i]);
	}
	CHECK(test_open_rings() == 0, "rings are left");
	return n;
}

static size_t address_space(void)
{
	int file = open("/proc/self/statm", O_RDONLY);
	char text[100] = "";

	CHECK(file >= 0 && read(file, text, sizeof(text) - 1) > 0, "statm");
	close(file);
	return strtoull(text, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE);
}

static void address_space_ends(void)
{
	size_t capacities[] = { 0, 1, 1000 }, i, used;

	(void)set_limit(RLIMIT_AS, address_space() + (4u << 20));
	for (i = 0; i < ARRAY_LEN(capacities); i++)
		for (int kind = PP_SPSC; kind <= PP_MPMC; kind++) {
			CHECK(open_until_full((pp_kind)kind, capacities[i]) > 0, "not even one");
			used = mallinfo2().uordblks + mallinfo2().hblkhd;
			/* What was opened is given back, but for pieces that malloc keeps in its cache. */
			for (int again = 0; again < 3; again++) {
				(void)open_until_full((pp_kind)kind, capacities[i]);
				CHECK(mallinfo2().uordblks + mallinfo2().hblkhd <= used + 2048, "a leak");
			}
		}
}

/* ---- Descriptors ----------------------------------------------------------------------------- */

static void descriptors_end(void)
{
	uint64_t item = 3;
	struct rlimit before;
	pp_tx *tx;
	pp_rx *rx;
	int free_fd;

	edge_open(&tx, &rx, PP_MPMC, 2);
	free_fd = dup(STDERR_FILENO);
	close(free_fd);
	before = set_limit(RLIMIT_NOFILE, (rlim_t)free_fd);
	CHECK(pp_rx_fd(rx) == -EMFILE && pp_tx_fd(tx) == -EMFILE, "a descriptor");
	CHECK(pp_rx_arm(rx) == -EMFILE && pp_tx_arm(tx) == -EMFILE, "armed");
	CHECK(pp_push(tx, &item) == 0 && pp_pull(rx, &item) == 0 && item == 3, "the ring");
	CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0, "setrlimit");
	CHECK(pp_rx_arm(rx) == 0 && pp_rx_fd(rx) >= 0 && pp_tx_fd(tx) >= 0, "now there is room");
	edge_let_go(tx, rx);
	CHECK(fcntl(free_fd, F_GETFD) < 0, "a descriptor stays open");
}

/* ---- Stacks ---------------------------------------------------------------------------------- */

enum { STACK = 256 * 1024, PAINT = 0xa5, CASES = 300, MOST_STACK = 6 * 1024 };

struct call {
	const char *name;
	void (*make)(pp_tx *tx, pp_rx *rx);
	pp_tx *tx;
	pp_rx *rx;
	unsigned char *stack; /* painted, or NULL */
	size_t used;          /* of it, below the frame that makes the call */
};

static void *make_call(void *arg)
{
	struct call *c = arg;
	const unsigned char *deepest = c->stack;

	c->make(c->tx, c->rx);
	while (deepest && *deepest == PAINT)
		deepest++;
	c->used = (size_t)((unsigned char *)__builtin_frame_address(0) - deepest);
	return NULL;
}

static void run_on(struct call *c, unsigned char *stack, size_t size)
{
	pthread_attr_t attributes;
	pthread_t thread;

	c->stack = stack;
	pthread_attr_init(&attributes);
	if (stack)
		CHECK(pthread_attr_setstack(&attributes, stack, size) == 0, "stack");
	else
		CHECK(pthread_attr_setstacksize(&attributes, size) == 0, "stack size");
	CHECK(pthread_create(&thread, &attributes, make_call, c) == 0, "no thread");
	pthread_join(thread, NULL);
	pthread_attr_destroy(&attributes);
}

static size_t used_by(struct call *c)
{
	unsigned char *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
	                            -1, 0);

	CHECK(stack != MAP_FAILED, "no memory");
	memset(stack, PAINT, STACK);
	run_on(c, stack, STACK);
	munmap(stack, STACK);
	return c->used;
}

static void call_push(pp_tx *tx, pp_rx *rx)
{
	uint64_t item = 1;

	(void)rx;
	while (pp_push_until(tx, &item, pp_in(PP_MS)) == 0)
		;
}

static void call_pull(pp_tx *tx, pp_rx *rx)
{
	uint64_t item;

	(void)tx;
	while (pp_pull_until(rx, &item, pp_in(PP_MS)) == 0)
		;
}

static void call_batches(pp_tx *tx, pp_rx *rx)
{
	uint64_t items[3] = { 0 };

	(void)pp_push_n_until(tx, items, 3, pp_in(PP_MS));
	(void)pp_pull_n_until(rx, items, 3, 3, pp_in(PP_MS));
}

static void call_in_place(pp_tx *tx, pp_rx *rx)
{
	void *slot;

	while (pp_push_begin_until(tx, &slot, pp_in(PP_MS)) == 0)
		(void)pp_push_commit(tx, slot);
	while (pp_pull_begin_until(rx, &slot, pp_in(PP_MS)) == 0)
		(void)pp_pull_commit(rx, slot);
}

static void call_select(pp_tx *tx, pp_rx *rx)
{
	static pp_case cases[CASES]; /* the caller's */
	static uint64_t item;

	for (unsigned i = 0; i < CASES; i++)
		cases[i] = i % 2 ? (pp_case){ .rx = rx, .item = &item }
		                 : (pp_case){ .tx = tx, .item = &item };
	if (pp_tx_capacity(tx) > 0)
		for (unsigned i = 0; i < CASES; i++)
			if (cases[i].tx)
				cases[i] = (pp_case){ .rx = rx, .item = &item };
	(void)pp_select(cases, CASES, 0, pp_in(PP_MS));
	(void)pp_select(cases, CASES, PP_ORDERED, pp_in(PP_MS));
}

static void call_readiness(pp_tx *tx, pp_rx *rx)
{
	uint64_t item = 1;

	(void)pp_rx_arm(rx);
	(void)pp_tx_arm(tx);
	(void)pp_try_push(tx, &item);
	(void)pp_try_pull(rx, &item);
}

static void call_dump(pp_tx *tx, pp_rx *rx)
{
	(void)tx;
	(void)rx;
	(void)pp_dump(-1);
}

static void call_open(pp_tx *tx, pp_rx *rx)
{
	edge_open(&tx, &rx, PP_MPMC, 64);
	(void)pp_cancel(rx);
	edge_let_go(tx, rx);
}

static const struct call calls[] = {
	{ .name = "pp_push_until", .make = call_push },
	{ .name = "pp_pull_until", .make = call_pull },
	{ .name = "batches", .make = call_batches },
	{ .name = "in place", .make = call_in_place },
	{ .name = "pp_select of 300", .make = call_select },
	{ .name = "arm", .make = call_readiness },
	{ .name = "pp_dump", .make = call_dump },
	{ .name = "open, cancel, free (malloc too)", .make = call_open },
};

/* Each on the smallest stack there is, which binds all symbols; and then the deepest. */
static void stacks(void)
{
	size_t smallest = (size_t)sysconf(_SC_THREAD_STACK_MIN), deepest;

	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		struct call c = calls[i];

		deepest = 0;
		for (unsigned k = 0; k < 4; k++) {
			edge_open(&c.tx, &c.rx, k % 2 ? PP_SPSC : PP_MPMC, k / 2 * 3);
			run_on(&c, NULL, smallest);
			deepest = used_by(&c) > deepest ? c.used : deepest;
			edge_let_go(c.tx, c.rx);
		}
		edge_note("%-32s %zu bytes of stack", c.name, deepest);
		CHECK(deepest <= MOST_STACK, "%s: %zu bytes", c.name, deepest);
	}
}

/* ---- Signals on stacks of their own ---------------------------------------------------------- */

static atomic_uint handled;
static int null_fd;

static void dump_in_handler(int number)
{
	(void)number;
	pp_dump(null_fd); /* the one call that may */
	atomic_fetch_add(&handled, 1);
}

enum { ALTERNATE = 32 * 1024 };

enum { SIDE = 3 };

static pthread_t peppered[2 * SIDE];
static atomic_uint entered, left;

static void take_stack(void)
{
	stack_t alternate = { .ss_sp = malloc(ALTERNATE), .ss_size = ALTERNATE };

	CHECK(alternate.ss_sp && sigaltstack(&alternate, NULL) == 0, "sigaltstack");
}

static void enter_with_stack(unsigned thread)
{
	take_stack();
	peppered[thread] = pthread_self();
	atomic_fetch_add(&entered, 1);
	AWAIT(atomic_load(&entered) == 2 * SIDE);
}

/* Nobody may be gone while it is still sent signals. */
static void leave_together(void)
{
	atomic_fetch_add(&left, 1);
	AWAIT(atomic_load(&left) == 2 * SIDE + 1);
}

static void *run_stream(void *capacity)
{
	struct stream s = { .kind = PP_MPMC, .capacity = *(size_t *)capacity, .pushers = SIDE,
	                    .pullers = SIDE, .items = 1200, .spin_ns = PP_SPIN_NONE,
	                    .enter = enter_with_stack, .leave = leave_together };

	stream_run(&s);
	return NULL;
}

static void signals_on_stacks(size_t capacity)
{
	struct sigaction action = { .sa_handler = dump_in_handler, .sa_flags = SA_ONSTACK };
	pthread_t runner;
	unsigned i = 0;

	CHECK(sigaction(SIGURG, &action, NULL) == 0, "sigaction");
	atomic_store(&entered, 0);
	atomic_store(&left, 0);
	CHECK(pthread_create(&runner, NULL, run_stream, &capacity) == 0, "no thread");
	AWAIT(atomic_load(&entered) == 2 * SIDE);
	while (atomic_load(&left) < 2 * SIDE) {
		pthread_kill(peppered[i++ % (2 * SIDE)], SIGURG);
		nap_us(20);
	}
	atomic_fetch_add(&left, 1);
	pthread_join(runner, NULL);
}

static void alternate_stacks(void)
{
	null_fd = open("/dev/null", O_WRONLY);
	CHECK(null_fd >= 0, "/dev/null");
	for (size_t capacity = 0; capacity < 3; capacity++)
		signals_on_stacks(capacity);
	CHECK(atomic_load(&handled) > 0, "no signal came");
}

int main(int argc, char **argv)
{
	static const struct edge edges[] = {
		{ "address-space-ends", address_space_ends, EDGE_QUICK },
		{ "descriptors-end", descriptors_end, EDGE_QUICK },
		{ "stacks", stacks, EDGE_QUICK },
		{ "alternate-stacks", alternate_stacks, EDGE_QUICK },
	};

	return edges_main(argc, argv, edges, ARRAY_LEN(edges));
}
