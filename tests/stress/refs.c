/* SPDX-License-Identifier: MIT */
/*
 * Rings are opened, handed to other threads, ended and freed all the time, while a SIGPROF
 * handler in each of the threads prints every ring with pp_dump().
 *
 * A ring travels as a parcel through a ring: one thread keeps the push end, who gets the
 * parcel has the pull end.  Its items are push ends of further rings, which the drop callback
 * lets go of.  Under ASan and valgrind every end that is lost or let go twice shows.
 */
#include "support.h"

#include <pushpull/pushpull.h>

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <fcntl.h>

enum { THREADS = 4 };

static pp_tx *post_in;
static pp_rx *post_out;
static int nowhere;
static atomic_bool stop;
static atomic_uint alive;
static atomic_ullong opened, pushed, pulled, dropped, dumps;

static void on_prof(int number)
{
	int before = errno;

	(void)number;
	CHECK(pp_dump(nowhere) == 0, "dump in a handler");
	CHECK(errno == before, "errno has changed");
	atomic_fetch_add(&dumps, 1);
}

/* An item: a push end to let go of. */
static void drop_item(void *item, void *context)
{
	pp_tx *inner;

	memcpy(&inner, item, sizeof(inner));
	pp_tx_unref(inner);
	atomic_fetch_add((atomic_ullong *)context, 1);
}

static void open_some(struct luck *luck, pp_tx **tx, pp_rx **rx)
{
	static const size_t capacities[] = { 0, 1, 2, 3, 7, 64, 1000 };

	CHECK(pp_open_with(tx, rx, &PP_CONFIG(.kind = luck_below(luck, 2) ? PP_SPSC : PP_MPMC,
					      .capacity = capacities[luck_below(luck, 7)],
					      .item_size = sizeof(pp_tx *), .drop = drop_item,
					      .drop_context = &dropped, .name = "parcel")) == 0,
	      "open");
	atomic_fetch_add(&opened, 1);
}

/* Take up to `most` items out, then end the ring in some way. */
static void unpack(struct luck *luck, pp_rx *rx)
{
	unsigned most = (unsigned)luck_below(luck, 6);
	pp_tx *inner;
	int r = 0;

	CHECK(pp_rx_ref(rx) == 0, "ref");
	while (most-- && (r = pp_pull_until(rx, &inner, pp_in(20 * PP_US))) == 0) {
		pp_tx_unref(inner);
		atomic_fetch_add(&pulled, 1);
	}
	CHECK(r == 0 || r == -ETIMEDOUT || r == -EPIPE, "pull gave %d", r);
	if (luck_below(luck, 3) == 0)
		CHECK(pp_cancel(rx) == 0, "cancel");
	pp_rx_unref(rx);
	pp_rx_unref(rx);
}

/* Send a ring off, and push push ends of new rings into it. */
static void pack(struct luck *luck)
{
	unsigned most = (unsigned)luck_below(luck, 6);
	pp_tx *tx, *inner;
	pp_rx *rx, *inner_rx;
	int r;

	open_some(luck, &tx, &rx);
	r = pp_push_until(post_in, &rx, pp_in(PP_MS));
	CHECK(r == 0 || r == -ETIMEDOUT, "post gave %d", r);
	if (r)
		unpack(luck, rx);
	while (most--) {
		open_some(luck, &inner, &inner_rx);
		CHECK(pp_tx_ref(inner) == 0, "ref");
		pp_tx_unref(inner);
		r = pp_push_until(tx, &inner, pp_in(20 * PP_US));
		CHECK(r == 0 || r == -ETIMEDOUT || r == -EPIPE, "push gave %d", r);
		if (r)
			pp_tx_unref(inner);
		else
			atomic_fetch_add(&pushed, 1);
		pp_rx_unref(inner_rx);
	}
	if (luck_below(luck, 3) == 0)
		CHECK(pp_close(tx) == 0, "close");
	pp_tx_unref(tx);
}

static void *churn(void *arg)
{
	struct luck luck = { (uint64_t)(uintptr_t)arg };
	pp_rx *rx;

	while (!atomic_load(&stop)) {
		pack(&luck);
		if (pp_try_pull(post_out, &rx) == 0)
			unpack(&luck, rx);
	}
	atomic_fetch_sub(&alive, 1);
	return NULL;
}

/* What a dump says must hold together even in the middle of this. */
static void read_dump(int file)
{
	static char text[1 << 20];
	char *line, *rest = text;
	ssize_t length;

	CHECK(ftruncate(file, 0) == 0 && lseek(file, 0, SEEK_SET) == 0, "memfd");
	CHECK(pp_dump(file) == 0, "dump");
	length = pread(file, text, sizeof(text) - 1, 0);
	CHECK(length >= 0, "read");
	text[length] = 0;
	while ((line = strsep(&rest, "\n")) && *line) {
		char kind[5], state[32];
		size_t depth, capacity;
		uint64_t in, out;
		unsigned pushers, pullers;

		CHECK(sscanf(line, "ring %*s %4s depth %zu of %zu pushed %" SCNu64 " pulled %" SCNu64
			     " pushers asleep %u pullers asleep %u %31s", kind, &depth, &capacity,
			     &in, &out, &pushers, &pullers, state) == 8, "dump says '%s'", line);
		CHECK(depth <= capacity && pushers <= THREADS && pullers <= THREADS, "'%s'", line);
	}
}

static void disturb(pthread_t *threads, unsigned seconds)
{
	pp_time end = pp_in(seconds * PP_SEC);
	int file = memfd_create("dump", 0);
	unsigned long long seen = 0;
	unsigned i;

	CHECK(file >= 0, "memfd");
	while (atomic_load(&alive)) {
		if (atomic_load(&pushed) != seen)
			watchdog_feed();
		seen = atomic_load(&pushed);
		if (pp_now() > end)
			atomic_store(&stop, true);
		for (i = 0; i < THREADS; i++)
			pthread_kill(threads[i], SIGPROF);
		read_dump(file);
		nap_us(50);
	}
	close(file);
}

static void empty_the_post(struct luck *luck)
{
	pp_rx *rx;

	pp_tx_unref(post_in);
	while (pp_pull(post_out, &rx) == 0)
		unpack(luck, rx);
	pp_rx_unref(post_out);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_prof, .sa_flags = SA_RESTART };
	const char *text = argc > 1 ? argv[1] : getenv("STRESS_SECONDS");
	struct luck luck = { luck_seed() };
	pthread_t threads[THREADS];
	int i;

	test_case("refs");
	watchdog_start();
	nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
	CHECK(nowhere >= 0 && sigaction(SIGPROF, &action, NULL) == 0, "set-up");
	CHECK(pp_open(&post_in, &post_out, PP_MPMC, 8, sizeof(pp_rx *)) == 0, "open");
	atomic_store(&alive, THREADS);
	for (i = 0; i < THREADS; i++)
		CHECK(pthread_create(&threads[i], NULL, churn,
				     (void *)(uintptr_t)luck_draw(&luck)) == 0, "no thread");
	disturb(threads, text ? (unsigned)atoi(text) : 6);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	empty_the_post(&luck);
	CHECK(test_open_rings() == 0, "rings that were let go are still there");
	printf("refs: %llu rings, %llu items pushed, %llu pulled, %llu dropped, %llu dumps\n",
	       opened, pushed, pulled, dropped, dumps);
	CHECK(pushed == pulled + dropped, "the sums differ");
	CHECK(dumps > 0 && dropped > 0 && pulled > 0, "something did not happen");
	return 0;
}
