/* SPDX-License-Identifier: MIT */
/*
 * The library as a shared object that is loaded, unloaded, there twice, or put before the program.
 *
 *   loads [--long] [--open] --library=PATH [NAME...]
 *
 * The program itself is linked with it, too: that is the other copy.
 */
#include "edge.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { COPIES = 64, CYCLES = 100 };

static const char *library;

/* What is called of a copy. */
struct copy {
	void *handle;
	int (*open)(pp_tx **tx, pp_rx **rx, pp_kind kind, size_t capacity, size_t item_size);
	int (*push)(pp_tx *tx, const void *item);
	int (*pull)(pp_rx *rx, void *item);
	int (*select)(pp_case *cases, size_t count, unsigned flags, pp_time deadline);
	int (*dump)(int fd);
	void (*tx_unref)(pp_tx *tx);
	void (*rx_unref)(pp_rx *rx);
};

static void *find(void *handle, const char *name)
{
	void *symbol = dlsym(handle, name);

	CHECK(symbol, "%s", dlerror());
	return symbol;
}

#define FIND(copy, field, name) *(void **)(void *)&(copy)->field = find((copy)->handle, name)

static bool load(struct copy *c, const char *path)
{
	c->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!c->handle)
		return false;
	FIND(c, open, "pp_open");
	FIND(c, push, "pp_push");
	FIND(c, pull, "pp_pull");
	FIND(c, select, "pp_select");
	FIND(c, dump, "pp_dump");
	FIND(c, tx_unref, "pp_tx_unref");
	FIND(c, rx_unref, "pp_rx_unref");
	return true;
}

static void load_or_fail(struct copy *c, const char *path)
{
	CHECK(load(c, path), "%s", dlerror());
}

/* The loader knows a file by its inode: a copy is another library. */
static void make_copy(char *path, size_t size, unsigned number)
{
	struct stat about;
	int from = open(library, O_RDONLY), to;

	snprintf(path, size, "/tmp/edges-%d-%u-XXXXXX", (int)getpid(), number);
	to = mkstemp(path);
	CHECK(from >= 0 && to >= 0 && fstat(from, &about) == 0, "%s: %s", library, strerror(errno));
	CHECK(sendfile(to, from, NULL, (size_t)about.st_size) == about.st_size, "copy");
	close(from);
	close(to);
}

static void load_copy(struct copy *c, unsigned number)
{
	char path[60];

	make_copy(path, sizeof(path), number);
	c->handle = NULL;
	(void)load(c, path);
	unlink(path);
}

/* ---- Use of a copy --------------------------------------------------------------------------- */

struct echo {
	const struct copy *copy;
	pp_rx *rx;
	uint64_t sum;
};

/* With a random choice, which has a thread-local state. */
static void *sum_up(void *arg)
{
	struct echo *e = arg;
	uint64_t item;
	pp_case cases[2] = { { .rx = e->rx, .item = &item }, { .rx = e->rx, .item = &item } };
	int i;

	while ((i = e->copy->select(cases, 2, 0, PP_FOREVER)) >= 0 && cases[i].result == 0)
		e->sum += item;
	return NULL;
}

static unsigned lines_of_dump(const struct copy *c)
{
	int ends[2];
	char text[1000];
	ssize_t n;
	unsigned lines = 0;

	CHECK(pipe(ends) == 0 && c->dump(ends[1]) == 0, "dump");
	close(ends[1]);
	while ((n = read(ends[0], text, sizeof(text))) > 0)
		for (ssize_t i = 0; i < n; i++)
			lines += text[i] == '\n';
	close(ends[0]);
	return lines;
}

static void use(const struct copy *c, pp_kind kind, size_t capacity)
{
	struct echo e = { .copy = c };
	pthread_t thread;
	pp_tx *tx;

	CHECK(c->open(&tx, &e.rx, kind, capacity, sizeof(uint64_t)) == 0, "open");
	CHECK(lines_of_dump(c) == 1, "%u rings of this copy", lines_of_dump(c));
	CHECK(pthread_create(&thread, NULL, sum_up, &e) == 0, "no thread");
	for (uint64_t i = 1; i <= 100; i++)
		CHECK(c->push(tx, &i) == 0, "push");
	c->tx_unref(tx);
	pthread_join(thread, NULL);
	CHECK(e.sum == 5050, "sum %d", (int)e.sum);
	c->rx_unref(e.rx);
	CHECK(lines_of_dump(c) == 0, "a ring is left");
}

static void use_everywhere(const struct copy *c)
{
	for (size_t capacity = 0; capacity < 3; capacity++) {
		use(c, PP_SPSC, capacity);
		use(c, PP_MPMC, capacity);
	}
}

/* ---- Loading and unloading ------------------------------------------------------------------- */

static void load_use_unload(const char *path)
{
	struct copy c;

	load_or_fail(&c, path);
	use_everywhere(&c);
	CHECK(dlclose(c.handle) == 0, "%s", dlerror());
	CHECK(!dlopen(path, RTLD_NOW | RTLD_NOLOAD), "it is still there");
}

static void unloaded_and_loaded_again(void)
{
	char path[60];
	size_t before;

	make_copy(path, sizeof(path), 0);
	for (int i = 0; i < 5; i++)
		load_use_unload(path);
	before = mallinfo2().uordblks;
	for (int i = 0; i < CYCLES; i++)
		load_use_unload(path);
	edge_note("%zu bytes stay for each time", (mallinfo2().uordblks - before) / CYCLES);
	unlink(path);
}

/* ---- Several copies -------------------------------------------------------------------------- */

static const struct copy linked = { NULL, pp_open, pp_push, pp_pull, pp_select, pp_dump,
                                    pp_tx_unref, pp_rx_unref };

static void *use_in_thread(void *copy)
{
	for (int i = 0; i < 20; i++)
		use_everywhere(copy);
	return NULL;
}

/* Each keeps to itself, at the same time as the others. */
static void two_copies(void)
{
	struct copy other, own = linked;
	pthread_t threads[2];
	pp_tx *tx;
	pp_rx *rx;

	load_copy(&other, 0);
	CHECK(other.handle && other.open != own.open, "no other copy: %s", dlerror());
	CHECK(pthread_create(&threads[0], NULL, use_in_thread, &own) == 0 &&
	      pthread_create(&threads[1], NULL, use_in_thread, &other) == 0, "no thread");
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	edge_open(&tx, &rx, PP_MPMC, 1);
	CHECK(lines_of_dump(&own) == 1 && lines_of_dump(&other) == 0, "a ring of two copies");
	edge_let_go(tx, rx);
	dlclose(other.handle);
}

/* Each has a few bytes in the thread blocks that exist, of which the loader has some in reserve. */
static void many_copies(void)
{
	static struct copy copies[COPIES];
	unsigned n = 0;

	while (n < COPIES) {
		load_copy(&copies[n], n);
		if (!copies[n].handle)
			break;
		n++;
	}
	CHECK(n >= 16, "only %u copies: %s", n, dlerror());
	edge_note("%u copies at once%s", n, n == COPIES ? ", and no more were tried" : "");
	for (unsigned i = 0; i < n; i++)
		use(&copies[i], PP_MPMC, i % 3);
	for (unsigned i = 0; i < n; i++)
		dlclose(copies[i].handle);
}

/* ---- Before the program's own ---------------------------------------------------------------- */

static void stream_in_this_program(void)
{
	struct stream s = { .pushers = 2, .pullers = 2, .items = 300 };

	stream_run_everywhere(s);
	CHECK(test_open_rings() == 0, "rings are left");
}

static void preloaded(void)
{
	char path[60], expected[80];
	int status;
	pid_t child;

	make_copy(path, sizeof(path), 0);
	snprintf(expected, sizeof(expected), "EDGE_PRELOADED=%s", path);
	child = fork();
	if (child == 0) {
		dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO); /* its own lines would count, too */
		setenv("LD_PRELOAD", path, 1);
		putenv(expected);
		execl("/proc/self/exe", "loads", "--library=", "in-this-program", (char *)NULL);
		_exit(1);
	}
	CHECK(waitpid(child, &status, 0) == child && status == 0, "status %x", (unsigned)status);
	unlink(path);
}

/* Which copy the calls of this program go to. */
static void in_this_program(void)
{
	const char *expected = getenv("EDGE_PRELOADED");
	Dl_info about;

	CHECK(!expected || (dladdr((void *)(uintptr_t)pp_open, &about) &&
	                    strcmp(about.dli_fname, expected) == 0),
	      "not the copy that was put before it");
	stream_in_this_program();
}

int main(int argc, char **argv)
{
	static const struct edge edges[] = {
		{ "in-this-program", in_this_program, EDGE_QUICK },
		{ "unloaded-and-loaded-again", unloaded_and_loaded_again, EDGE_QUICK },
		{ "two-copies", two_copies, EDGE_QUICK },
		{ "many-copies", many_copies, EDGE_QUICK },
		{ "preloaded", preloaded, EDGE_QUICK },
	};

	for (int i = 1; i < argc; i++)
		if (strncmp(argv[i], "--library=", 10) == 0)
			library = argv[i] + 10;
	if (!library) {
		fprintf(stderr, "usage: %s --library=PATH [--long] [--open] [NAME...]\n", argv[0]);
		return 2;
	}
	return edges_main(argc, argv, edges, ARRAY_LEN(edges));
}
