/* SPDX-License-Identifier: MIT */
/* pp_dump: one line per open ring, from anywhere, also from a signal handler. */
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

SUITE(dump);

/* The one line that names `name`; NULL when there is none. */
static const char *line_of(const char *name)
{
	static char line[1024];
	size_t found = 0;

	for (char *at = strtok((char *)dumped(), "\n"); at; at = strtok(NULL, "\n")) {
		if (!strstr(at, name))
			continue;
		snprintf(line, sizeof(line), "%s", at);
		found++;
	}
	EXPECT(found <= 1);
	return found ? line : NULL;
}

static size_t lines(void)
{
	size_t count = 0;

	for (const char *at = dumped(); *at; at++)
		count += *at == '\n';
	return count;
}

static struct ends open_named(pp_kind kind, size_t capacity, const char *name)
{
	return ends_open_with(&PP_CONFIG(.kind = kind, .capacity = capacity, .item_size = 8,
					 .name = name));
}

Test(dump, with_no_ring_nothing_is_written)
{
	struct ends e = open_named(PP_SPSC, 4, "gone");

	ends_let_go(&e);
	EXPECT_EQ(strlen(dumped()), 0);
}

Test(dump, one_line_per_open_ring)
{
	struct ends e[40];
	char name[16];

	for (size_t i = 0; i < ARRAY_LEN(e); i++) {
		snprintf(name, sizeof(name), "ring-%zu.", i);
		e[i] = open_named(i % 2 ? PP_SPSC : PP_MPMC, i, name);
		EXPECT_EQ(lines(), i + 1);
	}
	for (size_t i = 0; i < ARRAY_LEN(e); i++) {
		snprintf(name, sizeof(name), "ring-%zu.", i);
		EXPECT(line_of(name) != NULL);
		ends_let_go(&e[i]);
		EXPECT(line_of(name) == NULL);
		EXPECT_EQ(lines(), ARRAY_LEN(e) - i - 1);
	}
}

/* The number behind a word of the line. */
static uint64_t number_after(const char *line, const char *word)
{
	const char *at = strstr(line, word);

	cr_assert(at, "no '%s' in: %s", word, line);
	return strtoull(at + strlen(word), NULL, 10);
}

static void tells(pp_kind kind, size_t capacity)
{
	struct ends e = open_named(kind, capacity, "told");
	const char *line;

	ends_fill(&e, 0, capacity);
	ends_drain(&e, 0, 3003);
	line = line_of("told");
	EXPECT(line != NULL);
	EXPECT(strstr(line, kind == PP_SPSC ? " spsc " : " mpmc ") != NULL);
	EXPECT_EQ(number_after(line, " depth "), 2002);
	EXPECT_EQ(number_after(line, " of "), 5005);
	EXPECT_EQ(number_after(line, " pushed "), 5005);
	EXPECT_EQ(number_after(line, " pulled "), 3003);
	ends_let_go(&e);
}

Test(dump, a_line_tells_kind_depth_of_capacity_and_items_pushed_and_pulled)
{
	for_each_kind(5005, tells);
}

Test(dump, a_line_tells_whether_the_ring_is_closed_or_cancelled)
{
	struct ends e = open_named(PP_MPMC, 3, "ending");
	const char *line = line_of("ending");

	EXPECT(!strstr(line, "closed") && !strstr(line, "cancelled"));
	EXPECT_EQ(pp_close(e.tx), 0);
	line = line_of("ending");
	EXPECT(strstr(line, "closed") && !strstr(line, "cancelled"));
	EXPECT_EQ(pp_cancel(e.rx), 0);
	line = line_of("ending");
	EXPECT(strstr(line, "closed") && strstr(line, "cancelled"));
	ends_let_go(&e);

	e = open_named(PP_SPSC, 3, "ending");
	EXPECT_EQ(pp_cancel(e.rx), 0);
	line = line_of("ending");
	EXPECT(!strstr(line, "closed") && strstr(line, "cancelled"));
	ends_let_go(&e);
}

static void expect_asleep(uint64_t pushers, uint64_t pullers)
{
	EXPECT_EQ(number_after(line_of("asleep"), " pushers asleep "), pushers);
	EXPECT_EQ(number_after(line_of("asleep"), " pullers asleep "), pullers);
}

Test(dump, a_line_tells_how_many_threads_are_asleep_on_each_side)
{
	for (size_t capacity = 0; capacity < 3; capacity++) {
		struct ends e = open_named(PP_MPMC, capacity, "asleep");
		struct call calls[3];

		expect_asleep(0, 0);
		for (size_t i = 0; i < ARRAY_LEN(calls); i++)
			call_pull(&calls[i], &e, FOREVER);
		ends_await_parked(&e, 0, 3);
		expect_asleep(0, 3);
		for (uint64_t i = 0; i < ARRAY_LEN(calls); i++)
			EXPECT_EQ(pp_push(e.tx, &i), 0);
		for (size_t i = 0; i < ARRAY_LEN(calls); i++)
			EXPECT_EQ(call_join(&calls[i]), 0);
		expect_asleep(0, 0);

		ends_fill(&e, 0, capacity);
		for (size_t i = 0; i < ARRAY_LEN(calls); i++)
			call_push(&calls[i], &e, FOREVER, i);
		ends_await_parked(&e, 3, 0);
		expect_asleep(3, 0);
		EXPECT_EQ(pp_cancel(e.rx), 0);
		for (size_t i = 0; i < ARRAY_LEN(calls); i++)
			EXPECT_EQ(call_join(&calls[i]), -EPIPE);
		ends_let_go(&e);
	}
}

Test(dump, a_bad_file_descriptor_gives_its_errno_value_and_errno_is_kept)
{
	struct ends e = open_named(PP_SPSC, 2, "kept");
	int full = open("/dev/full", O_WRONLY);

	errno = 12345;
	EXPECT_EQ(pp_dump(-1), -EBADF);
	EXPECT_EQ(errno, 12345);
	EXPECT_EQ(pp_dump(full), -ENOSPC);
	EXPECT_EQ(errno, 12345);
	close(full);
	full = open("/dev/null", O_WRONLY);
	errno = 12345;
	EXPECT_EQ(pp_dump(full), 0);
	EXPECT_EQ(errno, 12345);
	close(full);
	ends_let_go(&e);
}

Test(dump, a_name_with_line_breaks_stays_on_one_line)
{
	struct ends e = open_named(PP_SPSC, 2, "a\nb\x1b[2J");

	EXPECT_EQ(lines(), 1);
	EXPECT(strchr(dumped(), '\x1b') == NULL);
	ends_let_go(&e);
}

/* ---- From a signal handler, while threads open and free rings ------------------------ */

static int null_fd;
static atomic_uint dumps, failed;

static void on_prof(int number)
{
	(void)number;
	if (pp_dump(null_fd) != 0)
		atomic_fetch_add(&failed, 1);
	atomic_fetch_add(&dumps, 1);
}

static void *open_and_free(void *arg)
{
	atomic_bool *stop = arg;

	for (size_t i = 0; !atomic_load(stop); i++) {
		pp_tx *tx;
		pp_rx *rx;
		uint64_t item = i;

		if (pp_open_with(&tx, &rx, &PP_CONFIG(.kind = i % 2 ? PP_SPSC : PP_MPMC,
						      .capacity = i % 5, .item_size = 8,
						      .name = "short-lived")) != 0)
			continue;
		(void)pp_try_push(tx, &item);
		(void)pp_try_pull(rx, &item);
		pp_tx_unref(tx);
		pp_rx_unref(rx);
	}
	return NULL;
}

Test(dump, a_sigprof_handler_may_dump_while_threads_open_and_free_rings)
{
	struct sigaction action = { .sa_handler = on_prof, .sa_flags = SA_RESTART };
	struct itimerval every = { { 0, 1000 }, { 0, 1000 } }, never = { { 0, 0 }, { 0, 0 } };
	struct ends e = open_named(PP_MPMC, 3, "lasting");
	atomic_bool stop = false;
	pthread_t threads[3];

	null_fd = open("/dev/null", O_WRONLY);
	EXPECT_EQ(sigaction(SIGPROF, &action, NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		EXPECT_EQ(pthread_create(&threads[i], NULL, open_and_free, &stop), 0);
	EXPECT_EQ(setitimer(ITIMER_PROF, &every, NULL), 0);
	AWAIT(atomic_load(&dumps) >= 100);
	EXPECT_EQ(setitimer(ITIMER_PROF, &never, NULL), 0);
	atomic_store(&stop, true);
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		EXPECT_EQ(pthread_join(threads[i], NULL), 0);
	EXPECT_EQ(atomic_load(&failed), 0);
	EXPECT(line_of("lasting") != NULL);
	EXPECT_EQ(lines(), 1);
	ends_let_go(&e);
}
