/* SPDX-License-Identifier: MIT */
/*
 * Processes that are made while rings are open and threads are half-way.  The rule is that a child
 * leaves inherited rings alone; this is about all that must hold then.
 */
#include "edge.h"
#include "filter.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static char true_path[] = "/bin/true";
static char *const true_words[] = { true_path, NULL };

static void await_success(pid_t child)
{
	int status;

	CHECK(child > 0 && waitpid(child, &status, 0) == child, "no child: %s", strerror(errno));
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child ended with %x", (unsigned)status);
}

/* ---- A crowd in the background --------------------------------------------------------------- */

static atomic_bool crowd_stops;

static void *be_a_crowd(void *arg)
{
	struct stream s = { .pushers = 2, .pullers = 2, .items = 200, .spin_ns = PP_SPIN_NONE };

	(void)arg;
	while (!atomic_load(&crowd_stops))
		stream_run_everywhere(s);
	return NULL;
}

static void with_a_crowd(void (*act)(void), unsigned times)
{
	pthread_t crowd;

	atomic_store(&crowd_stops, false);
	CHECK(pthread_create(&crowd, NULL, be_a_crowd, NULL) == 0, "no thread");
	for (unsigned i = 0; i < times; i++) {
		nap_us(300);
		act();
	}
	atomic_store(&crowd_stops, true);
	pthread_join(crowd, NULL); /* and every ledger of it was right */
}

/* ---- Children that leave everything alone ---------------------------------------------------- */

static void fork_and_leave(void)
{
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	await_success(child);
}

static void fork_and_exec(void)
{
	pid_t child = fork();

	if (child == 0) {
		execv(true_path, true_words);
		_exit(1);
	}
	await_success(child);
}

static void vfork_and_exec(void)
{
	pid_t child = vfork();

	if (child == 0) {
		execv(true_path, true_words);
		_exit(1);
	}
	await_success(child);
}

static void spawn(void)
{
	pid_t child;

	CHECK(posix_spawn(&child, true_path, NULL, NULL, true_words, environ) == 0, "spawn");
	await_success(child);
}

static void parent_goes_on(void)
{
	unsigned times = edge_is_long() ? 200 : 5;

	with_a_crowd(fork_and_leave, times);
	with_a_crowd(fork_and_exec, times);
	with_a_crowd(vfork_and_exec, times);
	with_a_crowd(spawn, times);
}

/* The threads that sleep in the rings are gone with the image, and so are the descriptors. */
static void exec_over_sleepers(void)
{
	static struct blocked b[4];
	static char script[200], shell[] = "/bin/sh", command[] = "-c";
	char *const words[] = { shell, command, script, NULL };
	pp_tx *tx;
	pp_rx *rx;
	pid_t child = fork();

	if (child == 0) {
		for (unsigned i = 0; i < ARRAY_LEN(b); i++) {
			edge_open(&tx, &rx, i % 2 ? PP_SPSC : PP_MPMC, i / 2);
			blocked_pull(&b[i], tx, rx, PP_FOREVER, 0);
			CHECK(pp_rx_fd(rx) >= 0 && pp_tx_fd(tx) >= 0, "no descriptor");
		}
		snprintf(script, sizeof(script), "! test -e /proc/$$/fd/%d && ! test -e /proc/$$/fd/%d",
		         pp_rx_fd(rx), pp_tx_fd(tx));
		execv(shell, words);
		_exit(1);
	}
	await_success(child);
}

/* ---- Children with rings of their own -------------------------------------------------------- */

static void use_new_rings(void)
{
	struct stream s = { .pushers = 2, .pullers = 2, .items = 60, .spin_ns = PP_SPIN_NONE };

	stream_run_everywhere(s);
}

static void fork_and_use(void)
{
	pid_t child = fork();

	if (child == 0) {
		use_new_rings();
		_exit(0);
	}
	await_success(child);
}

static void fork_twice_and_use(void)
{
	pid_t child = fork();

	if (child == 0) {
		fork_and_use();
		_exit(0);
	}
	await_success(child);
}

/* The parent's rings rely on membarrier, and so do the child's until it is refused. */
static void fork_and_use_refused(void)
{
	pid_t child = fork();

	if (child == 0) {
		filter_refuse(SYS_membarrier, EPERM);
		use_new_rings();
		_exit(0);
	}
	await_success(child);
}

static void child_opens_rings(void)
{
	with_a_crowd(fork_and_use, edge_is_long() ? 100 : 4);
}

static void grandchild_opens_rings(void)
{
	with_a_crowd(fork_twice_and_use, edge_is_long() ? 50 : 3);
}

static void child_is_refused_membarrier(void)
{
	with_a_crowd(fork_and_use_refused, edge_is_long() ? 20 : 1);
}

enum { QUERY = 0, PRIVATE_EXPEDITED = 8 }; /* linux/membarrier.h is not everywhere */

static bool is_registered(void)
{
	return syscall(SYS_membarrier, PRIVATE_EXPEDITED, 0, 0) == 0;
}

/* The first ring registers the process.  Linux keeps that over fork; if it did not, the rings of
 * the child would take the slow way of the case above. */
static void registration_is_inherited(void)
{
	long known = syscall(SYS_membarrier, QUERY, 0, 0);
	pp_tx *tx;
	pp_rx *rx;
	pid_t child;

	if (known < 0 || !(known & PRIVATE_EXPEDITED))
		edge_skip("this kernel has no private expedited membarrier");
	CHECK(!is_registered(), "registered before there is a ring");
	edge_open(&tx, &rx, PP_SPSC, 1);
	CHECK(is_registered(), "not registered");
	child = fork();
	if (child == 0)
		_exit(is_registered() ? 0 : 1);
	await_success(child);
	edge_let_go(tx, rx);
}

/* ---- The table of open rings ----------------------------------------------------------------- */

static void child_sees_both(void)
{
	pp_tx *tx, *own_tx;
	pp_rx *rx, *own_rx;
	pid_t child;

	edge_open(&tx, &rx, PP_MPMC, 3);
	child = fork();
	if (child == 0) {
		CHECK(test_open_rings() == 1, "the inherited one");
		edge_open(&own_tx, &own_rx, PP_SPSC, 2);
		CHECK(test_open_rings() == 2, "and the child's");
		edge_let_go(own_tx, own_rx);
		CHECK(test_open_rings() == 1, "the child's is gone");
		_exit(0);
	}
	await_success(child);
	CHECK(test_open_rings() == 1, "the parent's is not");
	edge_let_go(tx, rx);
	CHECK(test_open_rings() == 0, "now it is");
}

/* A fork may come while others take and give back places of the table. */
static void fork_and_count(void)
{
	pid_t child = fork();

	if (child == 0) {
		unsigned inherited = test_open_rings();
		pp_tx *tx[20];
		pp_rx *rx[20];

		for (unsigned i = 0; i < ARRAY_LEN(tx); i++)
			edge_open(&tx[i], &rx[i], PP_SPSC, 1);
		CHECK(test_open_rings() == inherited + ARRAY_LEN(tx), "all of them are listed");
		for (unsigned i = 0; i < ARRAY_LEN(tx); i++)
			edge_let_go(tx[i], rx[i]);
		CHECK(test_open_rings() == inherited, "none of them is");
		_exit(0);
	}
	await_success(child);
}

static atomic_bool openers_stop;

static void *open_and_close(void *arg)
{
	unsigned turn = 0;
	pp_tx *tx[9];
	pp_rx *rx[9];

	(void)arg;
	while (!atomic_load(&openers_stop)) {
		unsigned n = 1 + turn++ % ARRAY_LEN(tx);

		for (unsigned i = 0; i < n; i++)
			edge_open(&tx[i], &rx[i], PP_MPMC, 1);
		for (unsigned i = 0; i < n; i++)
			edge_let_go(tx[i], rx[i]);
	}
	return NULL;
}

static void table_is_whole_in_the_child(void)
{
	pthread_t openers[2];
	unsigned i;

	for (i = 0; i < ARRAY_LEN(openers); i++)
		CHECK(pthread_create(&openers[i], NULL, open_and_close, NULL) == 0, "no thread");
	for (i = 0; i < (edge_is_long() ? 200u : 10u); i++)
		fork_and_count();
	atomic_store(&openers_stop, true);
	for (i = 0; i < ARRAY_LEN(openers); i++)
		pthread_join(openers[i], NULL);
	CHECK(test_open_rings() == 0, "rings are left");
}

/* A dump that is under way in the parent is under way for ever in the child's table: what the child
 * frees is kept. */
static void *dump_into(void *fd)
{
	(void)pp_dump(*(int *)fd);
	return NULL;
}

static void fork_during_dump(void)
{
	enum { RINGS = 2000, CYCLES = 500 };
	static pp_tx *tx[RINGS];
	static pp_rx *rx[RINGS];
	pthread_t dumper;
	int ends[2];
	pid_t child;
	char c;

	for (unsigned i = 0; i < RINGS; i++)
		edge_open(&tx[i], &rx[i], PP_SPSC, 1);
	CHECK(pipe(ends) == 0, "pipe");
	CHECK(pthread_create(&dumper, NULL, dump_into, &ends[1]) == 0, "no thread");
	CHECK(read(ends[0], &c, 1) == 1, "the dump has begun"); /* and fills the pipe */
	child = fork();
	if (child == 0) {
		size_t before = mallinfo2().uordblks;

		for (unsigned i = 0; i < CYCLES; i++) {
			pp_tx *own_tx;
			pp_rx *own_rx;

			edge_open(&own_tx, &own_rx, PP_SPSC, 1);
			edge_let_go(own_tx, own_rx);
		}
		edge_note("forked during pp_dump: %zu bytes stay for each ring that is freed",
		          (mallinfo2().uordblks - before) / CYCLES);
		use_new_rings();
		_exit(0);
	}
	await_success(child);
	fcntl(ends[0], F_SETPIPE_SZ, 1 << 20);
	pthread_join(dumper, NULL);
	for (unsigned i = 0; i < RINGS; i++)
		edge_let_go(tx[i], rx[i]);
}

int main(int argc, char **argv)
{
	static const struct edge edges[] = {
		{ "parent-goes-on", parent_goes_on, EDGE_QUICK },
		{ "exec-over-sleepers", exec_over_sleepers, EDGE_QUICK },
		{ "child-opens-rings", child_opens_rings, EDGE_QUICK },
		{ "grandchild-opens-rings", grandchild_opens_rings, EDGE_QUICK },
		{ "child-is-refused-membarrier", child_is_refused_membarrier, EDGE_QUICK },
		{ "membarrier-registration-is-inherited", registration_is_inherited, EDGE_QUICK },
		{ "child-lists-both", child_sees_both, EDGE_QUICK },
		{ "table-is-whole-in-the-child", table_is_whole_in_the_child, EDGE_QUICK },
		{ "fork-during-a-dump", fork_during_dump, EDGE_QUICK },
	};

	return edges_main(argc, argv, edges, ARRAY_LEN(edges));
}
