/* SPDX-License-Identifier: MIT */
/* For check_limit.py: two threads that wait for ever, and so does a child that left the group. */
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#define SHOWN __attribute__((noinline)) /* by its name in a stack */

SHOWN static void wait_for_nobody(void)
{
	for (;;)
		pause();
}

SHOWN static void hang_in_child(void)
{
	wait_for_nobody();
	printf("never\n"); /* or the call above is a jump */
}

SHOWN static void *hang_in_thread(void *arg)
{
	wait_for_nobody();
	return arg;
}

SHOWN static void hang_in_main(pthread_t thread)
{
	pthread_join(thread, NULL);
	printf("never\n");
}

int main(int argc, char **argv)
{
	pthread_t thread;
	pid_t child;

	(void)argv;
	if (argc > 1)
		return 3;
	child = fork();
	if (child == 0) {
		setsid();
		hang_in_child();
	}
	if (child < 0 || pthread_create(&thread, NULL, hang_in_thread, NULL) != 0)
		return 2;
	printf("hangs %d %d\n", (int)getpid(), (int)child);
	fflush(stdout);
	hang_in_main(thread);
}
