/* SPDX-License-Identifier: MIT */
/*
 * The descriptor of an end, in one thread: when it is made, when it is readable and when it is
 * not, when it is gone.
 */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

/* ---- Making it ------------------------------------------------------------------------ */

static void it_is_made_on_the_first_call(struct ring *r)
{
	unsigned before = open_fds();
	int rx_fd = pp_rx_fd(r->rx), tx_fd;

	CHECK(rx_fd >= 0 && open_fds() == before + 1, "%d", rx_fd);
	tx_fd = pp_tx_fd(r->tx);
	CHECK(tx_fd >= 0 && tx_fd != rx_fd && open_fds() == before + 2, "%d, %d", rx_fd, tx_fd);
	CHECK(pp_rx_fd(r->rx) == rx_fd && pp_tx_fd(r->tx) == tx_fd, "another number");
	CHECK(fcntl(rx_fd, F_GETFD) == FD_CLOEXEC, "not close-on-exec");
	CHECK(fcntl(tx_fd, F_GETFD) == FD_CLOEXEC, "not close-on-exec");
	CHECK(open_fds() == before + 2, "one more");
}

static void arming_makes_it_too(struct ring *r)
{
	unsigned before = open_fds();

	CHECK(pp_rx_arm(r->rx) == 0, "not armed");
	CHECK(open_fds() == before + 1, "no descriptor");
	CHECK(pp_rx_fd(r->rx) >= 0 && open_fds() == before + 1, "another one");
}

static void it_is_there_until_both_sides_are_gone(struct ring *r)
{
	unsigned before = open_fds();
	int rx_fd = pp_rx_fd(r->rx), tx_fd = pp_tx_fd(r->tx);

	pp_rx_unref(r->rx);
	CHECK(fcntl(rx_fd, F_GETFD) >= 0 && fcntl(tx_fd, F_GETFD) >= 0, "gone too early");
	pp_tx_unref(r->tx);
	CHECK(open_fds() == before, "left open");
	ring_open(r, r->kind, r->capacity);
}

static void without_descriptors_the_ring_goes_on(struct ring *r)
{
	struct rlimit limit, none;

	CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0, "getrlimit");
	none = limit;
	none.rlim_cur = 0;
	CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0, "setrlimit");
	CHECK(pp_rx_fd(r->rx) == -EMFILE && pp_tx_fd(r->tx) == -EMFILE, "a descriptor?");
	CHECK(pp_rx_arm(r->rx) == -EMFILE && pp_tx_arm(r->tx) == -EMFILE, "armed?");
	if (r->capacity > 0)
		CHECK(push(r) == 0 && pull(r) == 0, "push and pull");
	CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0, "setrlimit");
	CHECK(pp_rx_fd(r->rx) >= 0 && pp_rx_arm(r->rx) == 0, "not after all");
}

static void no_end_is_refused(struct ring *r)
{
	(void)r;
	CHECK(pp_rx_fd(NULL) == -EINVAL && pp_tx_fd(NULL) == -EINVAL, "fd");
	CHECK(pp_rx_arm(NULL) == -EINVAL && pp_tx_arm(NULL) == -EINVAL, "arm");
}

/* ---- Readable or not, with items ------------------------------------------------------- */

static void unarmed_it_is_not_readable(struct ring *r)
{
	CHECK(!rx_readable(r) && !tx_readable(r), "when it is new");
	fill(r);
	CHECK(!rx_readable(r) && !tx_readable(r), "with items");
	while (pull(r) == 0)
		;
	CHECK(!rx_readable(r) && !tx_readable(r), "with room again");
}

static void arm_says_1_when_ready(struct ring *r)
{
	CHECK(pp_tx_arm(r->tx) == 1, "there is room");
	CHECK(push(r) == 0, "push");
	CHECK(pp_rx_arm(r->rx) == 1, "there is an item");
	CHECK(pp_rx_arm(r->rx) == 1, "there is still an item");
	CHECK(pull(r) == 0, "pull");
	CHECK(pp_rx_arm(r->rx) == 0, "there is nothing");
	fill(r);
	CHECK(pp_tx_arm(r->tx) == 0, "there is no room");
}

static void an_item_makes_it_readable(struct ring *r)
{
	CHECK(pp_rx_arm(r->rx) == 0 && !rx_readable(r), "armed");
	CHECK(push(r) == 0 && rx_readable(r), "after the push");
	CHECK(rx_readable(r), "level: until it is armed again");
	CHECK(!tx_readable(r), "the other end");
}

static void room_makes_it_readable(struct ring *r)
{
	fill(r);
	CHECK(pp_tx_arm(r->tx) == 0 && !tx_readable(r), "armed");
	CHECK(pull(r) == 0 && tx_readable(r), "after the pull");
	CHECK(tx_readable(r), "level: until it is armed again");
	CHECK(!rx_readable(r), "the other end");
}

static void arm_takes_it_back(struct ring *r)
{
	CHECK(pp_rx_arm(r->rx) == 0 && push(r) == 0 && rx_readable(r), "pull end");
	CHECK(pull(r) == 0 && rx_readable(r), "stale, until armed");
	CHECK(pp_rx_arm(r->rx) == 0 && !rx_readable(r), "still readable");
	CHECK(push(r) == 0 && rx_readable(r), "the next one");
	CHECK(pull(r) == 0, "pull");
	fill(r);
	CHECK(pp_tx_arm(r->tx) == 0 && pull(r) == 0 && tx_readable(r), "push end");
	CHECK(push(r) == 0 && tx_readable(r), "stale, until armed");
	CHECK(pp_tx_arm(r->tx) == 0 && !tx_readable(r), "still readable");
	CHECK(pull(r) == 0 && tx_readable(r), "the next one");
}

/* Whoever was told and does not arm again is not told again.  (A program does not read it.) */
static void one_event_disarms(struct ring *r)
{
	int fd = pp_rx_fd(r->rx);
	uint64_t taken_back;

	CHECK(pp_rx_arm(r->rx) == 0 && push(r) == 0 && readable(fd), "armed");
	CHECK(pull(r) == 0, "pull");
	CHECK(read(fd, &taken_back, sizeof(taken_back)) > 0 && !readable(fd), "read");
	CHECK(push(r) == 0 && !readable(fd), "not armed");
	CHECK(pull(r) == 0 && !readable(fd) && pp_rx_arm(r->rx) == 0, "arm");
	CHECK(push(r) == 0 && readable(fd), "armed again");
}

static void arming_twice_is_arming(struct ring *r)
{
	CHECK(pp_rx_arm(r->rx) == 0 && pp_rx_arm(r->rx) == 0, "arm");
	CHECK(push(r) == 0 && rx_readable(r), "readable");
	CHECK(pull(r) == 0 && pp_rx_arm(r->rx) == 0 && !rx_readable(r), "once");
}

/* ---- The end ---------------------------------------------------------------------------- */

static void arm_both(struct ring *r)
{
	fill(r);
	CHECK(pp_tx_arm(r->tx) == 0, "push end");
	while (pull(r) == 0)
		;
	CHECK(r->capacity == 0 || tx_readable(r), "room");
	CHECK(pp_rx_arm(r->rx) == 0, "pull end");
	CHECK(!rx_readable(r), "nothing yet");
}

static void closing_wakes_both_ends(struct ring *r)
{
	arm_both(r);
	CHECK(pp_close(r->tx) == 0, "pp_close");
	CHECK(rx_readable(r) && tx_readable(r), "silent");
	CHECK(pull(r) == -EPIPE && push(r) == -ESHUTDOWN, "not closed");
	CHECK(pp_rx_arm(r->rx) == 1 && pp_tx_arm(r->tx) == 1, "ended is ready");
	CHECK(pp_rx_arm(r->rx) == 1 && pp_tx_arm(r->tx) == 1, "and stays ready");
}

static void cancelling_wakes_both_ends(struct ring *r)
{
	arm_both(r);
	CHECK(pp_cancel(r->rx) == 0, "pp_cancel");
	CHECK(rx_readable(r) && tx_readable(r), "silent");
	CHECK(pull(r) == -ESHUTDOWN && push(r) == -EPIPE, "not cancelled");
	CHECK(pp_rx_arm(r->rx) == 1 && pp_tx_arm(r->tx) == 1, "ended is ready");
	CHECK(pp_rx_arm(r->rx) == 1 && pp_tx_arm(r->tx) == 1, "and stays ready");
}

/* The push end alone, while there is no room. */
static void ending_a_full_ring_wakes_the_pusher(struct ring *r)
{
	fill(r);
	CHECK(pp_tx_arm(r->tx) == 0 && !tx_readable(r), "armed");
	CHECK(pp_cancel(r->rx) == 0 && tx_readable(r), "cancelled");
	ring_let_go(r);
	ring_open(r, r->kind, r->capacity);
	fill(r);
	CHECK(pp_tx_arm(r->tx) == 0 && !tx_readable(r), "armed");
	CHECK(pp_close(r->tx) == 0 && tx_readable(r), "closed");
}

static void letting_go_of_an_end_wakes_the_other(struct ring *r)
{
	CHECK(pp_rx_arm(r->rx) == 0, "arm");
	pp_tx_unref(r->tx);
	CHECK(rx_readable(r) && pull(r) == -EPIPE, "pull end");
	pp_rx_unref(r->rx);
	ring_open(r, r->kind, r->capacity);
	fill(r);
	CHECK(pp_tx_arm(r->tx) == 0, "arm");
	pp_rx_unref(r->rx);
	CHECK(tx_readable(r) && push(r) == -EPIPE, "push end");
	pp_tx_unref(r->tx);
	ring_open(r, r->kind, r->capacity);
}

/* Items first: what is left is pulled before the end is seen. */
static void a_closed_ring_with_items_is_ready(struct ring *r)
{
	fill(r);
	CHECK(pp_close(r->tx) == 0, "pp_close");
	for (size_t i = 0; i < r->capacity; i++)
		CHECK(pp_rx_arm(r->rx) == 1 && pull(r) == 0, "item %zu", i);
	CHECK(pp_rx_arm(r->rx) == 1 && pull(r) == -EPIPE, "the end");
}

/* ---- All of it ---------------------------------------------------------------------------- */

static const struct probe cases[] = {
	CASE(it_is_made_on_the_first_call, ANY),
	CASE(arming_makes_it_too, ANY),
	CASE(it_is_there_until_both_sides_are_gone, ANY),
	CASE(without_descriptors_the_ring_goes_on, ANY),
	CASE(no_end_is_refused, ANY),
	CASE(unarmed_it_is_not_readable, ANY),
	CASE(arm_says_1_when_ready, STORING),
	CASE(an_item_makes_it_readable, STORING),
	CASE(room_makes_it_readable, STORING),
	CASE(arm_takes_it_back, STORING),
	CASE(one_event_disarms, STORING),
	CASE(arming_twice_is_arming, STORING),
	CASE(closing_wakes_both_ends, ANY),
	CASE(cancelling_wakes_both_ends, ANY),
	CASE(ending_a_full_ring_wakes_the_pusher, ANY),
	CASE(letting_go_of_an_end_wakes_the_other, ANY),
	CASE(a_closed_ring_with_items_is_ready, ANY),
};

int main(void)
{
	run_cases(cases, ARRAY_LEN(cases));
	return 0;
}
