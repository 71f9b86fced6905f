/* SPDX-License-Identifier: MIT */
/* The shared library, loaded while the program and threads of it run, as a binding does. */
#include <pushpull/pushpull.h>

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static pp_tx *tx;
static pp_rx *rx;
static __typeof__(&pp_open) open_ring;
static __typeof__(&pp_push) push;
static __typeof__(&pp_pull) pull;

static void *needed(void *library, const char *name)
{
	void *found = dlsym(library, name);

	if (!found) {
		printf("%s\n", dlerror());
		exit(1);
	}
	return found;
}

/* This thread is there before the library is. */
static void *feed(void *start)
{
	pthread_barrier_wait(start);
	for (uint64_t i = 0; i < 1000; i++)
		if (push(tx, &i) != 0)
			return start;
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_barrier_t start;
	pthread_t feeder;
	void *library, *failed;

	pthread_barrier_init(&start, NULL, 2);
	pthread_create(&feeder, NULL, feed, &start);
	library = argc == 2 ? dlopen(argv[1], RTLD_NOW) : NULL;
	if (!library) {
		printf("%s\n", dlerror());
		return 1;
	}
	*(void **)&open_ring = needed(library, "pp_open");
	*(void **)&push = needed(library, "pp_push");
	*(void **)&pull = needed(library, "pp_pull");
	if (open_ring(&tx, &rx, PP_MPMC, 4, sizeof(uint64_t)) != 0)
		return 1;
	pthread_barrier_wait(&start);
	for (uint64_t i = 0, item; i < 1000; i++)
		if (pull(rx, &item) != 0 || item != i)
			return 1;
	pthread_join(feeder, &failed);
	return failed != NULL;
}
