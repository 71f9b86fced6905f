/* SPDX-License-Identifier: MIT */
/* Waiting in an event loop: the descriptor of an end, and how long there is one. */
#include "support.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

SUITE(readiness_fd);

static size_t open_files(void)
{
	DIR *folder = opendir("/proc/self/fd");
	size_t count = 0;

	EXPECT(folder != NULL);
	while (readdir(folder))
		count++;
	closedir(folder);
	return count;
}

static void descriptor(pp_kind kind, size_t capacity)
{
	size_t before = open_files();
	struct ends e = ends_open(kind, capacity);
	int rx, tx;

	ends_fill(&e, 0, capacity);
	EXPECT_EQ(open_files(), before); /* on the first call, and not before */
	rx = pp_rx_fd(e.rx);
	EXPECT(rx >= 0);
	EXPECT_EQ(open_files(), before + 1);
	tx = pp_tx_fd(e.tx);
	EXPECT(tx >= 0 && tx != rx);
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(pp_rx_fd(e.rx), rx);
		EXPECT_EQ(pp_tx_fd(e.tx), tx);
	}
	EXPECT_EQ(open_files(), before + 2);
	EXPECT(fcntl(rx, F_GETFD) & FD_CLOEXEC);
	EXPECT(fcntl(tx, F_GETFD) & FD_CLOEXEC);
	EXPECT(!fd_readable(rx) && !fd_readable(tx));
	pp_tx_unref(e.tx);
	EXPECT(fcntl(tx, F_GETFD) >= 0 && fcntl(rx, F_GETFD) >= 0);
	pp_rx_unref(e.rx); /* both sides are gone: freed */
	EXPECT_EQ(fcntl(tx, F_GETFD), -1);
	EXPECT_EQ(fcntl(rx, F_GETFD), -1);
	EXPECT_EQ(open_files(), before);
}

Test(readiness_fd, the_descriptor_is_made_on_the_first_call_and_valid_until_the_end_is_freed)
{
	for_each_ring(0, descriptor);
}

static void no_files(pp_kind kind, size_t capacity)
{
	struct ends e = ends_open(kind, capacity);
	struct rlimit old, none;

	ends_fill(&e, 0, capacity);
	EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = old;
	none.rlim_cur = 0;
	EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
	errno = 77;
	EXPECT_EQ(pp_rx_fd(e.rx), -EMFILE);
	EXPECT_EQ(pp_tx_fd(e.tx), -EMFILE);
	EXPECT_EQ(pp_tx_arm(e.tx), -EMFILE);
	EXPECT_EQ(errno, 77);
	EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &old), 0);
	EXPECT(pp_rx_fd(e.rx) >= 0);
	EXPECT_EQ(pp_tx_arm(e.tx), 0);
	ends_let_go(&e);
}

Test(readiness_fd, with_no_descriptor_left_it_is_emfile_and_later_it_works)
{
	for_each_kind(1, no_files);
	for_each_kind(0, no_files);
}

Test(readiness_fd, a_null_end_gives_einval)
{
	EXPECT_EQ(pp_rx_fd(NULL), -EINVAL);
	EXPECT_EQ(pp_tx_fd(NULL), -EINVAL);
	EXPECT_EQ(pp_rx_arm(NULL), -EINVAL);
	EXPECT_EQ(pp_tx_arm(NULL), -EINVAL);
}
