/* SPDX-License-Identifier: MIT */
/*
 * A pipeline of three stages.  A stage lets go of both its ends when it leaves, and
 * that is all the error handling there is: the end of the stream travels down as a
 * close, a consumer that stops travels up as a cancel.
 */
#include "example.h"

enum { STAGES = 3, CAPACITY = 8 };

struct stage {
	pp_rx *in;
	pp_tx *out;
	long (*step)(long n);
};

static long square(long n)
{
	return n * n;
}

static long halve(long n)
{
	return n / 2;
}

static long negate(long n)
{
	return -n;
}

static void *run_stage(void *argument)
{
	struct stage *stage = argument;
	long          n;

	while (pp_pull(stage->in, &n) == 0) {
		n = stage->step(n);
		if (pp_push(stage->out, &n) < 0)
			break;
	}
	pp_rx_unref(stage->in);  /* cancels, if it was the output that ended */
	pp_tx_unref(stage->out); /* closes */
	return NULL;
}

struct count {
	pp_tx *out;
	long   limit;
	int    result;
};

static void *run_count(void *argument)
{
	struct count *count = argument;

	for (long n = 1; n <= count->limit && count->result == 0; n++)
		count->result = pp_push(count->out, &n);
	pp_tx_unref(count->out);
	return NULL;
}

/* Sum up what the pipeline makes of 1 to `limit`, but read `max` items at most. */
static long sum_up(long limit, long max, int *source_result)
{
	struct count source = { .limit = limit };
	struct stage stages[STAGES] = { { .step = square }, { .step = halve }, { .step = negate } };
	pp_rx       *results;

	/* Each ring leads from one stage to the next. */
	MUST(pp_open(&source.out, &stages[0].in, PP_SPSC, CAPACITY, sizeof(long)));
	for (int i = 0; i < STAGES; i++) {
		pp_rx **next = i + 1 < STAGES ? &stages[i + 1].in : &results;

		MUST(pp_open(&stages[i].out, next, PP_SPSC, CAPACITY, sizeof(long)));
	}

	pthread_t threads[STAGES + 1] = { start(run_count, &source) };
	long      sum = 0, n;

	for (int i = 0; i < STAGES; i++)
		threads[1 + i] = start(run_stage, &stages[i]);
	for (long i = 0; i < max && pp_pull(results, &n) == 0; i++)
		sum += n;
	pp_rx_unref(results);
	for (int i = 0; i <= STAGES; i++)
		join(threads[i]);
	*source_result = source.result;
	return sum;
}

int main(void)
{
	int  result;
	long all = sum_up(100, LONG_MAX, &result);

	printf("1 to 100, squared, halved and negated: %ld\n", all);
	HOLDS(all == -169150);
	HOLDS(result == 0);

	long three = sum_up(LONG_MAX, 3, &result);

	printf("the first three of very many: %ld, and the source saw \"%s\"\n", three,
	       strerror(-result));
	HOLDS(three == -6);
	HOLDS(result == -EPIPE);
	return EXIT_SUCCESS;
}
