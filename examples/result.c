/* SPDX-License-Identifier: MIT */
/*
 * Errors travel with the items: each item says either what came out or what went
 * wrong.  One bad input does not end the stream, and the end of the stream is not an
 * error.
 */
#include "example.h"

struct result {
	const char *input;
	long        value; /* when error is 0 */
	int         error; /* or an errno value */
};

static struct result parse(const char *input)
{
	struct result result = { .input = input };
	char         *end;

	errno = 0;
	result.value = strtol(input, &end, 10);
	if (errno != 0)
		result.error = errno;
	else if (end == input || *end != '\0')
		result.error = EINVAL;
	return result;
}

static void *parse_all(void *argument)
{
	static const char *const inputs[] = { "7", "forty", "99999999999999999999", "35" };
	pp_tx *tx = argument;

	for (size_t i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++) {
		struct result result = parse(inputs[i]);

		MUST(pp_push(tx, &result));
	}
	pp_tx_unref(tx);
	return NULL;
}

int main(void)
{
	pp_tx *tx;
	pp_rx *rx;

	MUST(pp_open(&tx, &rx, PP_SPSC, 2, sizeof(struct result)));

	pthread_t     parser = start(parse_all, tx);
	struct result result;
	long          sum = 0;
	int           errors = 0, end;

	while ((end = pp_pull(rx, &result)) == 0) {
		if (result.error != 0) {
			printf("%s: %s\n", result.input, strerror(result.error));
			errors++;
			continue;
		}
		printf("%s: %ld\n", result.input, result.value);
		sum += result.value;
	}
	HOLDS(end == -EPIPE);
	HOLDS(sum == 42);
	HOLDS(errors == 2);

	join(parser);
	pp_rx_unref(rx);
	return EXIT_SUCCESS;
}
