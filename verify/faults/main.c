/* SPDX-License-Identifier: MIT */
/*
 * Each plan in a process of its own: which calls fail, and how often; the works run under it; then
 * the calls that were to fail must have failed, or the plan shows nothing.
 *
 *   faults [ROUNDS [PLAN]]
 */
#include "faults.h"
#include "work.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LIMIT_S = 60 /* for each round */, MARK = 4711, RINGS_MOST = 80, FAULTS_MOST = 6 };

static unsigned rounds = 1;

struct plan {
	const char *name;
	unsigned flags;               /* of the rings */
	bool late;                    /* membarrier works while the first ring is opened */
	struct { enum point point; struct fault fault; } faults[FAULTS_MOST];
	void (*prepare)(void);
	void (*check)(void);
};

#define EVERY(n, error) { .what = (error), .one_in = (n) }

static void one_cpu(void)
{
	cpu_set_t set;
	int cpu = sched_getcpu();

	CPU_ZERO(&set);
	CPU_SET(cpu < 0 ? 0 : cpu, &set);
	CHECK(sched_setaffinity(0, sizeof(set), &set) == 0, "sched_setaffinity");
}

/* Refused from the start: rings are fenced, and it is not asked for again. */
static void check_fenced(void)
{
	CHECK(fault_calls(AT_REGISTER) == 1, "registered %u times", fault_calls(AT_REGISTER));
	CHECK(fault_calls(AT_MEMBARRIER) == fault_fired(AT_MEMBARRIER) &&
	      fault_calls(AT_MEMBARRIER) <= 1, "membarrier was called by a fenced ring");
	CHECK(fault_calls(AT_NAP) == 0, "a fenced ring waited for store buffers");
}

/* Refused late: each time the stores of others are waited for. */
static void check_outwaited(void)
{
	CHECK(fault_calls(AT_NAP) - fault_fired(AT_NAP) == fault_fired(AT_MEMBARRIER),
	      "membarrier was refused %u times, and waited out %u times", fault_fired(AT_MEMBARRIER),
	      fault_calls(AT_NAP) - fault_fired(AT_NAP));
}

/* Who may not sleep looks again every millisecond. */
static void check_napped(void)
{
	/* None where the deadline has passed. */
	CHECK(fault_calls(AT_NAP) > 0 && fault_calls(AT_NAP) <= fault_fired(AT_FUTEX_WAIT),
	      "%u refused, %u naps",
	      fault_fired(AT_FUTEX_WAIT), fault_calls(AT_NAP));
}

static void check_no_nap(void)
{
	CHECK(fault_calls(AT_NAP) == 0, "waited for store buffers where membarrier works");
}

static const struct plan plans[] = {
	{ .name = "nothing fails", .check = check_no_nap },
	{ .name = "one CPU", .prepare = one_cpu },
	{ .name = "futex wait: EINTR", .faults = { { AT_FUTEX_WAIT, EVERY(2, EINTR) } } },
	{ .name = "futex wait: EINTR, interruptible rings", .flags = PP_INTERRUPTIBLE,
	  .faults = { { AT_FUTEX_WAIT, EVERY(3, EINTR) } } },
	{ .name = "futex wait: EAGAIN", .faults = { { AT_FUTEX_WAIT, EVERY(2, EAGAIN) } } },
	{ .name = "futex wait: woken for nothing",
	  .faults = { { AT_FUTEX_WAIT, EVERY(2, FAULT_SPURIOUS) } } },
	{ .name = "futex wake: an error, though it woke",
	  .faults = { { AT_FUTEX_WAKE, EVERY(1, FAULT_DONE_ANYWAY) } } },
	{ .name = "futex wait: EPERM, as of a filter", .faults = { { AT_FUTEX_WAIT, EVERY(8, EPERM) } },
	  .check = check_napped },
	{ .name = "futex wait: ENOSYS, the nap EINTR", .flags = PP_INTERRUPTIBLE,
	  .faults = { { AT_FUTEX_WAIT, EVERY(8, ENOSYS) }, { AT_NAP, EVERY(2, EINTR) } },
	  .check = check_napped },
	{ .name = "close: EINTR, though it closed",
	  .faults = { { AT_CLOSE, EVERY(1, FAULT_DONE_ANYWAY) } } },
	{ .name = "membarrier(REGISTER): ENOSYS", .faults = { { AT_REGISTER, EVERY(1, ENOSYS) } },
	  .check = check_fenced },
	{ .name = "membarrier: EPERM from the first", .faults = { { AT_MEMBARRIER, EVERY(1, EPERM) } },
	  .check = check_fenced },
	{ .name = "membarrier: ENOSYS later", .late = true,
	  .faults = { { AT_MEMBARRIER, EVERY(1, ENOSYS) } }, .check = check_outwaited },
	{ .name = "membarrier: EPERM later, the wait for it EINTR", .late = true,
	  .faults = { { AT_MEMBARRIER, EVERY(4, EPERM) }, { AT_NAP, EVERY(2, EINTR) } },
	  .check = check_outwaited },
	{ .name = "eventfd read: EINTR", .faults = { { AT_EVENT_READ, EVERY(2, EINTR) } } },
	{ .name = "eventfd read: EAGAIN", .faults = { { AT_EVENT_READ, EVERY(3, EAGAIN) } } },
	{ .name = "eventfd write: EINTR", .faults = { { AT_EVENT_WRITE, EVERY(2, EINTR) } } },
	{ .name = "sched_getaffinity: EINVAL", .faults = { { AT_AFFINITY, EVERY(1, EINVAL) } } },
	{ .name = "sched_getaffinity: one CPU", .faults = { { AT_AFFINITY, EVERY(1, FAULT_ONE_CPU) } } },
	{ .name = "sched_yield: ENOSYS", .faults = { { AT_YIELD, EVERY(1, ENOSYS) } } },
	{ .name = "much at once", .late = true,
	  .faults = { { AT_FUTEX_WAIT, EVERY(3, FAULT_SPURIOUS) }, { AT_EVENT_READ, EVERY(3, EINTR) },
	              { AT_EVENT_WRITE, EVERY(3, EINTR) }, { AT_MEMBARRIER, EVERY(5, ENOSYS) },
	              { AT_FUTEX_WAKE, EVERY(3, FAULT_DONE_ANYWAY) }, { AT_YIELD, EVERY(2, EPERM) } } },
};

/* ---- what is called only once: each call fails in turn ----------------------------------- */

static int open_one(pp_tx **tx, pp_rx **rx, size_t capacity)
{
	int r;

	errno = MARK;
	r = pp_open(tx, rx, capacity % 2 ? PP_SPSC : PP_MPMC, capacity, 8);
	CHECK(errno == MARK, "open: errno %d", errno);
	CHECK((r == 0) == (*tx != NULL) && (r == 0) == (*rx != NULL), "open gave %d, and ends", r);
	return r;
}

static void let_go(pp_tx *tx, pp_rx *rx)
{
	pp_tx_unref(tx);
	pp_rx_unref(rx);
}

/* Open `capacity` with allocation k failing, for every k. */
static unsigned each_allocation(enum point point, size_t capacity)
{
	unsigned k, failures = 0;
	pp_tx *tx;
	pp_rx *rx;

	for (k = 1;; k++) {
		long before = fault_blocks();
		int r;

		fault_clear();
		fault_set(point, (struct fault){ .what = ENOMEM, .at = k });
		r = open_one(&tx, &rx, capacity);
		if (fault_fired(point) == 0) {
			CHECK(r == 0, "open gave %d", r);
			let_go(tx, rx);
			return failures;
		}
		CHECK(r == -ENOMEM, "allocation %u failed, and open gave %d", k, r);
		CHECK(fault_blocks() == before, "open failed, and left %ld blocks", fault_blocks() - before);
		failures++;
	}
}

/* The table of open rings grows, too. */
static unsigned each_growth(void)
{
	static pp_tx *tx[RINGS_MOST];
	static pp_rx *rx[RINGS_MOST];
	unsigned failures = 0, i;

	for (i = 0; i < RINGS_MOST; i++) {
		failures += each_allocation(AT_CALLOC, 1 + i % 3);
		CHECK(open_one(&tx[i], &rx[i], 1 + i % 3) == 0, "open after a failure");
	}
	for (i = 0; i < RINGS_MOST; i++)
		let_go(tx[i], rx[i]);
	return failures;
}

static void allocations(void)
{
	unsigned failures = each_growth();
	long left = fault_blocks();
	size_t capacity;

	CHECK(failures == 2, "calloc failed %u times, not once for each of two chunks", failures);
	for (capacity = 0; capacity < 4; capacity++) {
		unsigned n = each_allocation(AT_ALIGNED_ALLOC, capacity);

		CHECK(n == (capacity ? 2 : 1), "%u allocations for capacity %zu", n, capacity);
		failures += n;
	}
	CHECK(fault_blocks() == left && left == 2, "%ld blocks are left, %ld before",
	      fault_blocks(), left);
	printf("ok      every allocation of pp_open fails in turn (%u failed)\n", failures);
}

static void descriptors(void)
{
	static const int errors[] = { EMFILE, ENFILE, ENOMEM };
	unsigned i;
	pp_tx *tx;
	pp_rx *rx;

	for (i = 0; i < 3; i++) {
		fault_clear();
		CHECK(open_one(&tx, &rx, i) == 0, "open");
		fault_set(AT_EVENTFD, (struct fault){ .what = errors[i], .one_in = 1 });
		errno = MARK;
		CHECK(pp_rx_fd(rx) == -errors[i] && pp_tx_fd(tx) == -errors[i], "not the error of eventfd");
		CHECK(pp_rx_arm(rx) == -errors[i] && pp_tx_arm(tx) == -errors[i], "arm: not the error");
		CHECK(errno == MARK, "errno %d", errno);
		CHECK(fault_fired(AT_EVENTFD) == 4, "eventfd failed %u times", fault_fired(AT_EVENTFD));
		fault_clear();
		CHECK(pp_rx_arm(rx) == 0 && pp_rx_fd(rx) >= 0, "no descriptor after a failure");
		let_go(tx, rx);
	}
	printf("ok      eventfd: EMFILE, ENFILE, ENOMEM (12 failed)\n");
}

/* With one call of write failing as `error`: the result, and how much was written. */
static int dump(int file, struct fault fault, char *text, size_t size)
{
	ssize_t n;
	int r;

	CHECK(ftruncate(file, 0) == 0 && lseek(file, 0, SEEK_SET) == 0, "memfd");
	fault_clear();
	fault_set(AT_DUMP_WRITE, fault);
	errno = MARK;
	r = pp_dump(file);
	CHECK(errno == MARK, "dump: errno %d", errno);
	CHECK(!fault.what || fault_fired(AT_DUMP_WRITE), "no write failed");
	n = pread(file, text, size - 1, 0);
	CHECK(n >= 0, "memfd");
	text[n] = 0;
	return r;
}

static void dumps(void)
{
	static const int errors[] = { EAGAIN, ENOSPC, EBADF, EPIPE, EIO };
	int file = memfd_create("dump", 0);
	char whole[1024], got[1024];
	pp_tx *tx[2];
	pp_rx *rx[2];
	unsigned i, k;

	fault_dump_fd(file);
	CHECK(open_one(&tx[0], &rx[0], 1) == 0 && open_one(&tx[1], &rx[1], 2) == 0, "open");
	CHECK(dump(file, (struct fault){ 0 }, whole, sizeof(whole)) == 0, "dump");
	for (k = 1; k <= 2; k++) {
		CHECK(dump(file, (struct fault){ .what = EINTR, .at = k }, got, sizeof(got)) == 0 &&
		      strcmp(got, whole) == 0, "EINTR of write %u: %s", k, got);
		CHECK(dump(file, (struct fault){ .what = FAULT_SHORT, .at = k }, got, sizeof(got)) == 0 &&
		      strcmp(got, whole) == 0, "write %u was short: %s", k, got);
		for (i = 0; i < 5; i++)
			CHECK(dump(file, (struct fault){ .what = errors[i], .at = k }, got, sizeof(got)) ==
			      -errors[i] && strncmp(got, whole, strlen(got)) == 0, "error %d", errors[i]);
	}
	CHECK(dump(file, (struct fault){ .what = FAULT_SHORT, .one_in = 1 }, got, sizeof(got)) == 0 &&
	      strcmp(got, whole) == 0, "every write is short: %s", got);
	CHECK(open_one(&tx[0], &rx[0], 1) == 0, "open after a failed dump"); /* no reader is left behind */
	printf("ok      pp_dump: EINTR, short writes, EAGAIN, ENOSPC, EBADF, EPIPE, EIO (15 plans)\n");
}

/* ---- the plans --------------------------------------------------------------------------- */

static void work(unsigned flags)
{
	static const size_t capacities[] = { 0, 1, 2, 5 };
	size_t i;

	for (i = 0; i < 8; i++) {
		struct shape shape = { i % 2 ? PP_SPSC : PP_MPMC, capacities[i / 2], flags };

		work_stream(shape);
		work_deadlines(shape);
		work_cancel(shape);
		work_select(shape);
		work_poll(shape);
		work_async(shape);
	}
}

static void begin(const struct plan *plan)
{
	pp_tx *tx;
	pp_rx *rx;
	int i;

	fault_clear();
	if (plan->late) {
		CHECK(open_one(&tx, &rx, 1) == 0, "open");
		let_go(tx, rx);
		fault_clear();
	}
	for (i = 0; i < FAULTS_MOST; i++)
		if (plan->faults[i].fault.what)
			fault_set(plan->faults[i].point, plan->faults[i].fault);
	if (plan->prepare)
		plan->prepare();
}

static void run_plan(const struct plan *plan)
{
	unsigned i;

	begin(plan);
	for (i = 0; i < rounds; i++)
		work(plan->flags);
	for (i = 0; i < FAULTS_MOST; i++)
		CHECK(!plan->faults[i].fault.what || fault_fired(plan->faults[i].point),
		      "no call of %s failed", fault_name(plan->faults[i].point));
	if (plan->check)
		plan->check();
	CHECK(fault_blocks() == 1, "%ld blocks are left", fault_blocks()); /* the table of rings */
	printf("ok      %s (", plan->name);
	for (i = 0; i < FAULTS_MOST && plan->faults[i].fault.what; i++)
		printf("%u of %u calls of %s failed, ", fault_fired(plan->faults[i].point),
		       fault_calls(plan->faults[i].point), fault_name(plan->faults[i].point));
	printf("%u sleeps, %u wakes)\n", fault_calls(AT_FUTEX_WAIT), fault_calls(AT_FUTEX_WAKE));
}

static void run_once(void (*check)(void), const char *name)
{
	work_name = name;
	check();
}

static bool child(const struct plan *plan, void (*check)(void), const char *name)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		alarm(LIMIT_S * rounds); /* a hang */
		work_name = name;
		if (plan)
			run_plan(plan);
		else
			run_once(check, name);
		fflush(stdout);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return false;
	if (WIFSIGNALED(status))
		printf("FAILED  %s: %s\n", name, WTERMSIG(status) == SIGALRM ? "it hangs" :
		       strsignal(WTERMSIG(status)));
	return status == 0;
}

int main(int argc, char **argv)
{
	unsigned ok = 0, all = 0, i;

	if (argc > 1)
		rounds = (unsigned)strtoul(argv[1], NULL, 10);
	ok += child(NULL, allocations, "allocations");
	ok += child(NULL, descriptors, "descriptors");
	ok += child(NULL, dumps, "dump");
	all = 3;
	for (i = 0; i < sizeof(plans) / sizeof(plans[0]); i++) {
		if (argc > 2 && strcmp(argv[2], plans[i].name))
			continue;
		all++;
		ok += child(&plans[i], NULL, plans[i].name);
	}
	printf("%u of %u held\n", ok, all);
	return ok == all ? 0 : 1;
}
