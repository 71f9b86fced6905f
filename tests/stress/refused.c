/* SPDX-License-Identifier: MIT */
/*
 * A kernel that refuses membarrier(2), as some system call filters do: from the start, so
 * that every ring is fenced, or only after rings were opened without fences.
 *
 *   refused early|late EPERM|ENOSYS [options of the harness]
 */
#include "harness.h"
#include "support.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static unsigned refusal;
static bool late;

static void refuse_membarrier(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | refusal),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { ARRAY_LEN(code), code };

	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "no_new_privs");
	CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0, "seccomp: %s",
	      strerror(errno));
	/* 0: MEMBARRIER_CMD_QUERY */
	CHECK(syscall(SYS_membarrier, 0, 0, 0) < 0 && errno == (int)refusal, "not refused");
}

static void before_first(void)
{
	pp_tx *tx;
	pp_rx *rx;

	if (late) {
		CHECK(pp_open(&tx, &rx, PP_SPSC, 1, 8) == 0, "open");
		pp_tx_unref(tx);
		pp_rx_unref(rx);
	}
	refuse_membarrier();
}

int main(int argc, char **argv)
{
	static const struct mode mode = {
		.name = "refused", .pushes = CALL_ANY & ~CALL_TRY, .pulls = CALL_ANY & ~CALL_TRY,
		.endings = END_ANY, .round_us = 2000, .seconds = 3, .before_first = before_first
	};

	if (argc < 3) {
		fprintf(stderr, "usage: %s early|late EPERM|ENOSYS [options]\n", argv[0]);
		return 2;
	}
	late = strcmp(argv[1], "late") == 0;
	refusal = strcmp(argv[2], "EPERM") == 0 ? EPERM : ENOSYS;
	return stress_main(argc - 2, argv + 2, &mode);
}
