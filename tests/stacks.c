/* SPDX-License-Identifier: MIT */
#include "stacks.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

bool stacks_print(void)
{
	char pid[24];
	int status;
	pid_t child;

	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	child = fork();
	if (child < 0)
		return false;
	if (child == 0) {
		dup2(STDERR_FILENO, STDOUT_FILENO);
		execlp("timeout", "timeout", "60", "gdb", "-p", pid, "-batch", "-nx", "-ex",
		       "thread apply all bt", (char *)NULL);
		_exit(127);
	}
	return waitpid(child, &status, 0) == child && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 0;
}

static bool shown_as_futex(long number)
{
	/* Under an emulator /proc shows the numbers of the machine that it runs on. */
	const char *emulated = getenv("PROC_SYS_FUTEX");

	if (emulated)
		return number == atol(emulated);
	return is_futex(number);
}

bool stacks_in_futex(int tid)
{
	char path[64];
	long number = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", tid);
	file = fopen(path, "r");
	if (!file)
		return false; /* a thread that has ended */
	if (fscanf(file, "%ld", &number) != 1)
		number = -1; /* "running" */
	fclose(file);
	return shown_as_futex(number);
}
