/* SPDX-License-Identifier: MIT */
/* Many rings, many openings, many sleepers: what is taken is given back, and nobody is woken for
 * nothing. */
#include "edge.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* ---- What the process has -------------------------------------------------------------------- */

struct holdings {
	size_t heap; /* bytes in use, by malloc's count */
	size_t rss_kb;
	size_t maps;
	size_t fds;
};

static size_t lines_of(const char *path)
{
	FILE *file = fopen(path, "r");
	size_t lines = 0;
	int c;

	CHECK(file, "%s: %s", path, strerror(errno));
	while ((c = getc(file)) != EOF)
		lines += c == '\n';
	fclose(file);
	return lines;
}

static size_t open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t n = 0;

	CHECK(dir, "/proc/self/fd: %s", strerror(errno));
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static size_t rss_kb(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	size_t pages;

	CHECK(file && fscanf(file, "%*u %zu", &pages) == 1, "/proc/self/statm");
	fclose(file);
	return pages * (size_t)sysconf(_SC_PAGESIZE) / 1024;
}

static struct holdings take_stock(void)
{
	struct holdings h;

	malloc_trim(0);
	h.maps = lines_of("/proc/self/maps");
	h.fds = open_fds();
	h.rss_kb = rss_kb();
	h.heap = mallinfo2().uordblks + mallinfo2().hblkhd;
	return h;
}

/* malloc keeps some small pieces in a thread's cache and counts them as used, and some pages. */
enum { HEAP_SLACK = 2048, RSS_SLACK_KB = 1024 };

static void check_same(const struct holdings *before, const char *what)
{
	struct holdings now = take_stock();

	CHECK(now.heap <= before->heap + HEAP_SLACK, "%s: %zu bytes in use, %zu before", what,
	      now.heap, before->heap);
	CHECK(now.fds == before->fds, "%s: %zu descriptors, %zu before", what, now.fds, before->fds);
	CHECK(now.maps <= before->maps, "%s: %zu maps, %zu before", what, now.maps, before->maps);
	CHECK(now.rss_kb <= before->rss_kb + RSS_SLACK_KB, "%s: %zu kB resident, %zu before", what,
	      now.rss_kb, before->rss_kb);
}

/* ---- Many rings ------------------------------------------------------------------------------ */

struct pair {
	pp_tx *tx;
	pp_rx *rx;
};

static void open_all(struct pair *pairs, size_t n, pp_kind kind, size_t capacity)
{
	for (size_t i = 0; i < n; i++)
		edge_open(&pairs[i].tx, &pairs[i].rx, kind, capacity);
}

static void close_all(struct pair *pairs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		edge_let_go(pairs[i].tx, pairs[i].rx);
}

static void use_each(struct pair *pairs, size_t n)
{
	for (uint64_t i = 0, item = 0; i < n; i++) {
		bool meets = pp_tx_capacity(pairs[i].tx) == 0;
		int r = pp_try_push(pairs[i].tx, &i);

		CHECK(r == (meets ? -EAGAIN : 0), "push");
		CHECK(meets || (pp_try_pull(pairs[i].rx, &item) == 0 && item == i), "pull");
	}
}

static void report_memory(struct pair *pairs, pp_kind kind, size_t capacity)
{
	enum { SAMPLE = 2000 };
	size_t before = rss_kb();

	open_all(pairs, SAMPLE, kind, capacity);
	use_each(pairs, SAMPLE);
	edge_note("%s, capacity %zu, items of 8 bytes: %zu bytes resident each",
		  kind == PP_SPSC ? "PP_SPSC" : "PP_MPMC", capacity,
		  (rss_kb() - before) * 1024 / SAMPLE);
	close_all(pairs, SAMPLE);
	malloc_trim(0);
}

static void many_rings(void)
{
	size_t n = edge_is_long() ? 100000 : 1600;
	struct pair *pairs = calloc(n, sizeof(*pairs));
	struct holdings before;

	CHECK(pairs, "no memory");
	memset(pairs, 1, n * sizeof(*pairs)); /* resident from now on */
	for (int round = 0; round < 2; round++) {
		if (round == 1)
			before = take_stock(); /* with the table of as many rings, which stays */
		for (unsigned part = 0; part < 4; part++)
			open_all(pairs + part * (n / 4), n / 4, part % 2 ? PP_SPSC : PP_MPMC, part / 2);
		use_each(pairs, n);
		CHECK(test_open_rings() == n, "%u rings are listed", test_open_rings());
		close_all(pairs, n);
		CHECK(test_open_rings() == 0, "%u rings are listed", test_open_rings());
	}
	check_same(&before, "many rings");
	if (edge_is_long())
		for (size_t capacity = 0; capacity <= 64; capacity = capacity ? capacity * 64 : 1) {
			report_memory(pairs, PP_SPSC, capacity);
			report_memory(pairs, PP_MPMC, capacity);
		}
	free(pairs);
}

/* ---- Many openings --------------------------------------------------------------------------- */

static void drop_nothing(void *item, void *context)
{
	(void)item;
	++*(unsigned *)context;
}

static void plain_cycle(pp_kind kind, size_t capacity)
{
	pp_tx *tx;
	pp_rx *rx;

	edge_open(&tx, &rx, kind, capacity);
	edge_let_go(tx, rx);
}

static void full_cycle(pp_kind kind, size_t capacity)
{
	static const char name[] = "a name that is longer than the room for it";
	unsigned dropped = 0;
	uint64_t item = 1;
	pp_tx *tx;
	pp_rx *rx;

	CHECK(pp_open_with(&tx, &rx, &PP_CONFIG(.kind = kind, .capacity = capacity,
		.item_size = sizeof(item), .flags = PP_TRACK_DEPTH, .drop = drop_nothing,
		.drop_context = &dropped, .name = name)) == 0, "open");
	CHECK(pp_tx_fd(tx) >= 0 && pp_rx_arm(rx) == 0, "descriptors");
	CHECK(pp_try_push(tx, &item) == (capacity ? 0 : -EAGAIN), "push");
	CHECK(pp_cancel(rx) == 0 && dropped == (capacity ? 1 : 0), "drop");
	edge_let_go(tx, rx);
}

static void sleeper_cycle(pp_kind kind, size_t capacity)
{
	struct blocked b;
	pp_tx *tx;
	pp_rx *rx;

	edge_open(&tx, &rx, kind, capacity);
	blocked_pull(&b, tx, rx, PP_FOREVER, 0);
	pp_tx_unref(tx);
	CHECK(blocked_join(&b) == -EPIPE, "the end");
	pp_rx_unref(rx);
}

static void cycle_without_growth(void (*cycle)(pp_kind kind, size_t capacity), unsigned times)
{
	static const size_t capacities[] = { 0, 1, 64 };
	struct holdings before;

	for (size_t i = 0; i < ARRAY_LEN(capacities); i++)
		for (int kind = PP_SPSC; kind <= PP_MPMC; kind++) {
			for (unsigned k = 0; k < 20; k++)
				cycle((pp_kind)kind, capacities[i]);
			before = take_stock();
			for (unsigned k = 0; k < times; k++)
				cycle((pp_kind)kind, capacities[i]);
			check_same(&before, kind == PP_SPSC ? "PP_SPSC" : "PP_MPMC");
			CHECK(test_open_rings() == 0, "rings are left");
		}
}

static void openings(void)
{
	cycle_without_growth(plain_cycle, edge_is_long() ? 100000 : 2000);
}

static void openings_with_everything(void)
{
	cycle_without_growth(full_cycle, edge_is_long() ? 100000 : 1000);
}

static void openings_with_sleepers(void)
{
	cycle_without_growth(sleeper_cycle, edge_is_long() ? 5000 : 100);
}

/* ---- Many sleepers --------------------------------------------------------------------------- */

struct crowd {
	pp_tx *tx;
	pp_rx *rx;
	bool selects;
	atomic_uint got, ended;
};

static void *sleep_once(void *arg)
{
	struct crowd *c = arg;
	uint64_t item;
	pp_case one = { .rx = c->rx, .item = &item };
	int r;

	if (c->selects) {
		r = pp_select(&one, 1, 0, PP_FOREVER);
		r = r == 0 ? one.result : r;
	} else {
		r = pp_pull(c->rx, &item);
	}
	CHECK(r == 0 || r == -EPIPE, "a pull says %s", strerror(-r));
	atomic_fetch_add(r == 0 ? &c->got : &c->ended, 1);
	return NULL;
}

/* As many as there may be; with the smallest stack. */
static unsigned start_sleepers(struct crowd *c, pthread_t *threads, unsigned most)
{
	pthread_attr_t small;
	unsigned n = 0;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, (size_t)sysconf(_SC_THREAD_STACK_MIN));
	while (n < most && pthread_create(&threads[n], &small, sleep_once, c) == 0)
		n++;
	pthread_attr_destroy(&small);
	return n;
}

static uint64_t switches(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (uint64_t)usage.ru_nvcsw + (uint64_t)usage.ru_nivcsw;
}

/* Sleepers are not run at all: what is counted are the naps of this thread.  The last of them may
 * still be on the way to sleep at first. */
static void await_all_sleep(void)
{
	uint64_t before, after = switches();

	do {
		before = after;
		nap_us(50 * 1000);
		after = switches();
	} while (after - before > 5);
}

/* An item at a time wakes one sleeper, which takes it; the close wakes the others. */
static void wake_one_by_one(struct crowd *c, unsigned items)
{
	for (uint64_t i = 0; i < items; i++) {
		CHECK(pp_push(c->tx, &i) == 0, "push");
		AWAIT(atomic_load(&c->got) == i + 1);
	}
}

static void sleepers(pp_kind kind, size_t capacity, bool selects, unsigned most)
{
	struct crowd c = { .selects = selects };
	pthread_t *threads = calloc(most, sizeof(*threads));
	unsigned n, items, i;
	pp_stats s;

	CHECK(threads, "no memory");
	edge_open(&c.tx, &c.rx, kind, capacity);
	n = start_sleepers(&c, threads, most);
	AWAIT(edge_stats(c.rx).pullers_parked == n);
	await_all_sleep();
	items = n / 2 < 1000 ? n / 2 : 1000;
	wake_one_by_one(&c, items);
	s = edge_stats(c.rx);
	CHECK(s.pull_parks == n, "%u sleepers slept %d times for %u items", n, (int)s.pull_parks, items);
	CHECK(s.pull_wakes <= items, "%d wake calls for %u items", (int)s.pull_wakes, items);
	CHECK(s.pullers_parked == n - items, "%u still sleep", s.pullers_parked);
	pp_tx_unref(c.tx);
	for (i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	CHECK(atomic_load(&c.got) == items && atomic_load(&c.ended) == n - items, "who returned how");
	s = edge_stats(c.rx);
	CHECK(s.pull_parks == n && s.pull_wakes <= n + 1, "slept %d times, %d wake calls",
	      (int)s.pull_parks, (int)s.pull_wakes);
	edge_note("%u sleepers%s, capacity %zu: %d wake calls, %u by items", n,
	          selects ? " in select" : "", capacity, (int)s.pull_wakes, items);
	pp_rx_unref(c.rx);
	free(threads);
}

static void many_sleepers(void)
{
	unsigned most = edge_is_long() ? 20000 : 500;

	for (size_t capacity = 0; capacity < 3; capacity++) {
		sleepers(PP_MPMC, capacity, false, most);
		sleepers(PP_MPMC, capacity, true, most);
	}
}

int main(int argc, char **argv)
{
	static const struct edge edges[] = {
		{ "many-rings", many_rings, EDGE_QUICK },
		{ "openings", openings, EDGE_QUICK },
		{ "openings-with-everything", openings_with_everything, EDGE_QUICK },
		{ "openings-with-sleepers", openings_with_sleepers, EDGE_QUICK },
		{ "many-sleepers", many_sleepers, EDGE_QUICK },
	};

	return edges_main(argc, argv, edges, ARRAY_LEN(edges));
}
