/* SPDX-License-Identifier: MIT */
#include "filter.h"

#include "edge.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

enum { CALLS_MAX = 64 };

#define LOAD(field) \
	(struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define UNLESS(value, skip) (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skip)
#define ANSWER(what)        (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, what)

static void install(struct sock_filter *code, size_t length)
{
	struct sock_fprog program = { (unsigned short)length, code };

	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "no_new_privs");
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		edge_skip("seccomp: %s", strerror(errno));
}

static void answer_one(int call, uint32_t what)
{
	struct sock_filter code[] = { LOAD(nr), UNLESS((uint32_t)call, 1), ANSWER(what),
	                              ANSWER(SECCOMP_RET_ALLOW) };

	install(code, ARRAY_LEN(code));
}

void filter_refuse(int call, int error)
{
	answer_one(call, SECCOMP_RET_ERRNO | (uint32_t)error);
}

void filter_kill(int call)
{
	answer_one(call, SECCOMP_RET_KILL_PROCESS);
}

void filter_allow_only(const int *calls, size_t count)
{
	struct sock_filter code[2 * CALLS_MAX + 10];
	size_t n = 0, i;

	CHECK(count <= CALLS_MAX, "too many calls");
	code[n++] = LOAD(nr);
	code[n++] = UNLESS(SYS_futex, 5);
	code[n++] = LOAD(args[1]); /* the lower half comes first on the machines of these tests */
	code[n++] = UNLESS(FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, 1);
	code[n++] = ANSWER(SECCOMP_RET_ALLOW);
	code[n++] = UNLESS(FUTEX_WAKE | FUTEX_PRIVATE_FLAG, (uint8_t)(2 * count + 1));
	code[n++] = ANSWER(SECCOMP_RET_ALLOW);
	for (i = 0; i < count; i++) {
		code[n++] = UNLESS((uint32_t)calls[i], 1);
		code[n++] = ANSWER(SECCOMP_RET_ALLOW);
	}
	code[n++] = ANSWER(SECCOMP_RET_KILL_PROCESS);
	install(code, n);
}
