/* SPDX-License-Identifier: MIT */
/*
 * A source that hands out only a pull end.  Its caller can read and stop, and cannot
 * push or close: the types say so.  Letting go of the pull end is all it takes to
 * stop the source, however far it would have gone.
 */
#include "example.h"

struct source {
	pp_tx *out;
	pp_tx *alive; /* see main() */
};

static bool is_prime(unsigned n)
{
	for (unsigned d = 2; d * d <= n; d++)
		if (n % d == 0)
			return false;
	return n >= 2;
}

static void *run_primes(void *argument)
{
	struct source *source = argument;
	int            result = 0;

	for (unsigned n = 2; result == 0; n++)
		if (is_prime(n))
			result = pp_push(source->out, &n);
	HOLDS(result == -EPIPE);

	pp_tx_unref(source->out);
	pp_tx_unref(source->alive);
	free(source);
	return NULL;
}

/* All primes.  The caller owns the pull end; `alive` is held until the source ends. */
static pp_rx *primes(pp_tx *alive)
{
	struct source *source = malloc(sizeof(*source));
	pp_rx         *rx;

	HOLDS(source != NULL);
	MUST(pp_open(&source->out, &rx, PP_SPSC, 16, sizeof(unsigned)));
	MUST(pp_tx_ref(alive));
	source->alive = alive;
	must(-pthread_detach(start(run_primes, source)), "pthread_detach");
	return rx;
}

int main(void)
{
	pp_tx *alive;
	pp_rx *all_gone;

	/* A ring that nobody pushes to is a way to wait for the last of its owners. */
	MUST(pp_open(&alive, &all_gone, PP_MPMC, 1, 1));

	pp_rx   *rx = primes(alive);
	unsigned prime = 0, count = 0;

	pp_tx_unref(alive);
	while (prime < 47) {
		MUST(pp_pull(rx, &prime));
		printf("%u ", prime);
		count++;
	}
	HOLDS(prime == 47 && count == 15);
	pp_rx_unref(rx);

	char nothing;

	HOLDS(pp_pull(all_gone, &nothing) == -EPIPE);
	printf("\nenough: the source has ended too\n");
	pp_rx_unref(all_gone);
	return EXIT_SUCCESS;
}
