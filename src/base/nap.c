/* SPDX-License-Identifier: MIT */
#include "base/nap.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

int pp_nap(void)
{
	struct timespec nap = { 0, 1000000 };
	int saved = errno, state, r;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	r = clock_nanosleep(CLOCK_MONOTONIC, 0, &nap, NULL);
	pthread_setcancelstate(state, &state);
	errno = saved;
	return r == EINTR ? -EINTR : 0;
}
