/* SPDX-License-Identifier: MIT */
/*
 * The harness measures what it knows: a scripted queue with a known depth at every moment
 * of a clock of its own must come back from the loops and the sampler as scripted, and
 * queues that lose, repeat or swap an item must be caught.
 */
#include "commands.h"
#include "engine.h"
#include "rounds.h"
#include "select.h"
#include "stats.h"
#include "twins.h"
#include "util.h"

#include <math.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures;

static void expect(bool good, const char *what, double got, double want)
{
	if (!good)
		failures++;
	printf("%-6s %s: %g, should be %g\n", good ? "ok" : "FAIL", what, got, want);
}

static void near(const char *what, double got, double want, double within)
{
	expect(fabs(got - want) <= within, what, got, want);
}

/* ---- The scripted queue ------------------------------------------------------------ */

/* For so many nanoseconds, so many items a microsecond go in and come out. */
struct phase {
	double us, in, out;
};

static struct script {
	const struct phase *phases;
	size_t   phase_count, turns, capacity;
	double   depth_factor;      /* other than 1: depth() lies */
	double  *in, *out;          /* when item n goes in, comes out (ns)    */
	size_t   count, in_count, out_count;
	_Atomic uint64_t *words;    /* as pushed, plus 1                      */
	long     lose, repeat, swap; /* item that suffers, -1: none           */
	size_t   pushed, pulled;
} script;

static _Thread_local double virtual_ns;

static int64_t virtual_clock(void)
{
	return (int64_t)virtual_ns;
}

static size_t write_script(bool fill)
{
	double start = 0, in = 0, out = 0;
	size_t turn, i, n_in = 0, n_out = 0;

	for (turn = 0; turn < script.turns; turn++)
		for (i = 0; i < script.phase_count; i++) {
			const struct phase *p = &script.phases[i];

			/* Item n is due when n have flowed. */
			for (; (double)n_in < in + p->in * p->us; n_in++)
				if (fill)
					script.in[n_in] = start + ((double)n_in - in) / p->in * 1e3;
			for (; (double)n_out < out + p->out * p->us; n_out++)
				if (fill)
					script.out[n_out] = start + ((double)n_out - out) / p->out * 1e3 + 1;
			in += p->in * p->us;
			out += p->out * p->us;
			start += p->us * 1e3;
		}
	script.in_count = n_in;
	script.out_count = n_out;
	return n_in < n_out ? n_in : n_out;
}

static void set_script(const struct phase *phases, size_t count, size_t turns, size_t capacity)
{
	script = (struct script){ .phases = phases, .phase_count = count, .turns = turns,
				  .capacity = capacity, .depth_factor = 1, .lose = -1, .repeat = -1,
				  .swap = -1 };
	script.count = write_script(false);
	script.in = touched(script.in_count * sizeof(double));
	script.out = touched(script.out_count * sizeof(double));
	script.words = touched(script.count * sizeof(*script.words));
	write_script(true);
}

static int scripted_push(const void *item)
{
	size_t n = script.pushed++;

	virtual_ns = script.in[n];
	atomic_store_explicit(&script.words[n], pp_bench_get(item) + 1, memory_order_release);
	return 0;
}

static uint64_t word_at(size_t n)
{
	uint64_t word;

	while (!(word = atomic_load_explicit(&script.words[n], memory_order_acquire)))
		sched_yield();
	return word - 1;
}

static int scripted_pull(void *item)
{
	size_t n = script.pulled++;

	if (n == script.count)
		return -1;
	virtual_ns = script.out[n];
	if ((long)n == script.lose)
		n = script.pulled++;
	else if ((long)n == script.repeat && n)
		n--;
	else if (script.swap >= 0 && (long)n / 2 == script.swap / 2)
		n ^= 1;
	pp_bench_put(item, word_at(n));
	return 0;
}

PP_BENCH_PRODUCE(scripted_produce, scripted_push(item))
PP_BENCH_CONSUME(scripted_consume, scripted_pull(item))

/* Items of `times` that are due at `ns`. */
static size_t due(const double *times, size_t count, double ns)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (times[middle] <= ns)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static size_t scripted_depth(void *queue)
{
	size_t in = due(script.in, script.count, virtual_ns);
	size_t out = due(script.out, script.count, virtual_ns);

	(void)queue;
	return (size_t)((double)(in > out ? in - out : 0) * script.depth_factor);
}

static int scripted_open(void **queue, const pp_bench_spec *spec)
{
	(void)spec;
	*queue = &script;
	return 0;
}

static void nothing(void *queue)
{
	(void)queue;
}

static size_t scripted_capacity(void *queue)
{
	(void)queue;
	return script.capacity;
}

static const pp_bench_queue scripted = {
	PP_BENCH_HEADER, .name = "scripted", .guarantees = PP_BENCH_FIFO | PP_BENCH_BOUNDED,
	.max_producers = 1, .max_consumers = 1, .open = scripted_open, .produce = scripted_produce,
	.consume = scripted_consume, .close = nothing, .destroy = nothing, .depth = scripted_depth,
	.capacity = scripted_capacity,
};

/* `mark_ns`: of virtual time, at least, between two marks. */
static void play_as(run_result *result, bool verify, size_t item_size, double mark_ns)
{
	run_spec run = { .queue = &scripted, .spec = { .size = sizeof(run.spec), .item_size = item_size,
		.capacity = script.capacity, .producers = 1, .consumers = 1, .batch = 1 },
		.items = script.count, .mark_every = CLOCK_EVERY_MIN, .verify = verify,
		.mark_ns = mark_ns, .placement = PLACE_UNPINNED, .clock = virtual_clock };

	run_once(&run, result);
	free(script.in);
	free(script.out);
	free(script.words);
}

static void play(run_result *result, bool verify)
{
	play_as(result, verify, 8, 0);
}

/* ---- Traces -------------------------------------------------------------------------- */

/* Empty for 300 us, up to 1000 in 1000 us, full for 600 us, down again in 1000 us. */
static const struct phase tide[] = {
	{ 300, 1, 1 }, { 1000, 2, 1 }, { 600, 1, 1 }, { 1000, 1, 2 }, { 100, 1, 1 },
};
/* The same depths, but with hardly any items while it is full: time must count, not items. */
static const struct phase standstill[] = {
	{ 100, 10, 10 }, { 100, 10, 0 }, { 700, 0.1, 0.1 }, { 100, 0, 10 },
};

static void test_tide(size_t item_size, double mark_ns)
{
	run_result r;

	set_script(tide, COUNT_OF(tide), 40, 1000);
	play_as(&r, true, item_size, mark_ns);
	printf("a tide from 0 to 1000, items of %zu, marks %g us apart (%zu looks)\n", item_size,
	       mark_ns / 1e3, r.depth.looks);
	expect(!r.wrong, r.wrong ? r.wrong : "all items", (double)r.items, (double)script.count);
	near("mean depth", r.depth.mean, 1600.0 / 3000 * 1000, 15);
	near("p50", r.depth.p50, 550, 20);
	near("p90", r.depth.p90, 1000, 10);
	near("max", r.depth.max, 1000, 2);
	near("share full", r.depth.full, 600.0 / 3000, 0.02);
	near("share empty", r.depth.empty, 400.0 / 3000, 0.02);
	near("first full after, us", r.depth.first_full_ns / 1e3, 1300, 70);
	near("time in queue, us", r.depth.wait_mean / 1e3, 1600.0 / 3000 * 1000 / 1.333, 15);
	near("Little's law misses by", r.depth.little, 0, 0.05);
	expect(r.depth.little_holds, "Little's law holds", r.depth.little_holds, 1);
}

static void test_standstill(double mark_ns)
{
	run_result r;

	set_script(standstill, COUNT_OF(standstill), 100, 1000);
	play_as(&r, true, 8, mark_ns);
	printf("a standstill at 1000, marks %g us apart (%zu looks)\n", mark_ns / 1e3, r.depth.looks);
	expect(!r.wrong, r.wrong ? r.wrong : "all items", (double)r.items, (double)script.count);
	near("mean depth", r.depth.mean, 800, mark_ns > 0 ? 80 : 50);
	near("p50", r.depth.p50, 1000, 40);
	expect(r.depth.little_holds, "Little's law holds", r.depth.little_holds, 1);
}

static void test_liar(void)
{
	run_result r;

	set_script(tide, COUNT_OF(tide), 20, 1000);
	script.depth_factor = 0.8;
	play(&r, false);
	printf("a depth that is 20 %% too small\n");
	expect(!r.depth.little_holds, "Little's law holds", r.depth.little_holds, 0);
}

/* `verify` off: only the sums can tell. */
static void test_broken(long lose, long repeat, long swap, bool verify, size_t item_size,
			const char *finding)
{
	run_result r;

	set_script(tide, COUNT_OF(tide), 2, 1000);
	script.lose = lose;
	script.repeat = repeat;
	script.swap = swap;
	play_as(&r, verify, item_size, 0);
	if (!r.wrong || strcmp(r.wrong, finding))
		failures++;
	printf("%-6s a broken queue: %s, should be: %s\n",
	       r.wrong && !strcmp(r.wrong, finding) ? "ok" : "FAIL", r.wrong ? r.wrong : "nothing found",
	       finding);
}

static void test_statistics(void)
{
	double values[] = { 5, 1, 4, 2, 3 }, low, high;
	spread s = spread_of(values, 5);

	printf("statistics\n");
	near("median", s.median, 3, 0);
	near("least", s.least, 1, 0);
	near("most", s.most, 5, 0);
	near("quantile 0.9", quantile(values, 5, 0.9), 4.6, 1e-9);
	median_interval(values, 5, &low, &high);
	expect(low <= 3 && low >= 1, "low end", low, 1);
	expect(high >= 3 && high <= 5, "high end", high, 5);
}

/* The first is twice as fast as the second in every round, though both drift; the third has no
 * figure in one round of three. */
static double scripted_rate(void *context, size_t contestant)
{
	static const double speed[] = { 6, 3, 12 };
	unsigned *turn = context;
	unsigned round = *turn / COUNT_OF(speed), place = (*turn)++ % COUNT_OF(speed);

	if (contestant != (round % 2 ? COUNT_OF(speed) - 1 - place : place))
		expect(false, "whose turn it is", (double)contestant, place);
	return contestant == 2 && round % 3 == 2 ? NAN : speed[contestant] * (1 + round);
}

static void test_rounds(void)
{
	unsigned turn = 0, i;
	interval ratio;
	rounds r;

	printf("paired rounds\n");
	rounds_init(&r, 3);
	for (i = 0; i < ROUNDS; i++)
		rounds_take(&r, scripted_rate, &turn);
	near("turns", turn, 3 * ROUNDS, 0);
	ratio = rounds_ratio(&r, 0, 1);
	near("first over second", ratio.median, 2, 0);
	near("low end", ratio.low, 2, 0);
	near("high end", ratio.high, 2, 0);
	ratio = rounds_ratio(&r, 0, 2);
	near("first over third", ratio.median, 0.5, 0);
	near("pairs with the third", (double)ratio.count, ROUNDS - ROUNDS / 3, 0);
	near("median of the first", rounds_figure(&r, 0).median, 6.0 * (ROUNDS + 1) / 2, 0);
	ratio = (interval){ .median = 5, .low = 4, .high = 6 };
	expect(interval_meets(&ratio, true, 4) && !interval_meets(&ratio, true, 4.1) &&
	       interval_meets(&ratio, false, 6) && !interval_meets(&ratio, false, 5.9),
	       "the worse end decides", 0, 0);
}

/* Turns of the second take half as long; all become slower and slower. */
static void test_twins(void)
{
	double turns[TWINS_SETS][TWINS_TURNS], ns[2];
	unsigned set, turn, of_second = 0;

	printf("twins in turns, and the clock of a select\n");
	for (set = 0; set < TWINS_SETS; set++)
		for (turn = 0; turn < TWINS_TURNS; turn++)
			turns[set][turn] = turn < TWINS_WARM ? 1e6 :
					   (twins_turn(turn) ? 100 : 200) * (1 + 0.1 * turn);
	twins_medians(turns, ns);
	near("first over second, whatever drifts", ns[0] / ns[1], 2, 1e-9);
	near("middle turn of the second", ns[1],
	     100 * (1 + 0.1 * (TWINS_WARM + TWINS_TURNS - 1) / 2.0), 1e-9);
	for (turn = 0; turn < TWINS_TURNS; turn++)
		of_second += twins_turn(turn);
	near("turns of the second", of_second, TWINS_TURNS / 2.0, 0);
	near("time of a call, without the clock's",
	     select_per_call(1000 * (20 * SELECT_RUN + 30), 1000, 30), 20, 1e-9);
}

int command_selftest(options *o)
{
	static const size_t sizes[] = { 8, 3, 1 };
	size_t i;

	(void)o;
	test_statistics();
	test_rounds();
	test_twins();
	test_tide(8, 0);
	test_tide(8, 40e3);
	test_tide(1, 0);
	test_standstill(0);
	test_standstill(100e3);
	test_liar();
	for (i = 0; i < COUNT_OF(sizes); i++) {
		test_broken(1001, -1, -1, false, sizes[i], "items were lost or came twice");
		test_broken(-1, 1001, -1, false, sizes[i], "items were changed, lost or came twice");
		test_broken(-1, -1, 1001, true, sizes[i], "a producer's items came out of order");
	}
	printf(failures ? "%d failures\n" : "all is well\n", failures);
	return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
