/* SPDX-License-Identifier: MIT */
#include "harness.h"
#include "round.h"

#ifdef PP_TEST_HOOKS
#include "base/hooks.h"
#endif

#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEDGER = 32768, CASES_MAX = 128 };

struct options {
	pp_kind kind;                     /* 0: both */
	long capacity;                    /* < 0: all */
	unsigned producers, consumers;    /* 0: the mode's shapes */
	unsigned items;
	unsigned seconds;
	uint64_t seed;
};

struct ring_case {
	pp_kind kind;
	size_t capacity;
	struct shape shape;
};

static const size_t capacities[] = { 0, 1, 2, 3, 7, 64, 129, 1000 };
static const struct shape few[] = { { 2, 2 }, { 1, 3 }, { 3, 1 }, { 0, 0 } };
static const struct shape alone[] = { { 1, 1 }, { 0, 0 } };

/* ---- Options ---------------------------------------------------------------------- */

static _Noreturn void usage(const char *program)
{
	fprintf(stderr, "usage: %s [--kind spsc|mpmc] [--capacity N] [--producers N] "
		"[--consumers N] [--items N] [--seconds N] [--seed N]\n", program);
	exit(2);
}

static unsigned number_in(const char *program, const char *text, unsigned long most)
{
	char *end;
	unsigned long n = strtoul(text, &end, 0);

	if (*end || end == text || n > most)
		usage(program);
	return (unsigned)n;
}

static struct options read_options(int argc, char **argv, const struct mode *mode)
{
	static const struct option names[] = {
		{ "kind", required_argument, NULL, 'k' },
		{ "capacity", required_argument, NULL, 'c' },
		{ "producers", required_argument, NULL, 'p' },
		{ "consumers", required_argument, NULL, 'q' },
		{ "items", required_argument, NULL, 'i' },
		{ "seconds", required_argument, NULL, 't' },
		{ "seed", required_argument, NULL, 's' },
		{ NULL, 0, NULL, 0 }
	};
	const char *seconds = getenv("STRESS_SECONDS");
	struct options o = { .capacity = -1 };
	bool seeded = false;
	int c;

	o.seconds = seconds ? number_in("STRESS_SECONDS", seconds, 1000000) : mode->seconds;
	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (c) {
		case 'k':
			o.kind = strcmp(optarg, "spsc") == 0 ? PP_SPSC :
				 strcmp(optarg, "mpmc") == 0 ? PP_MPMC : (usage(argv[0]), PP_SPSC);
			break;
		case 'c':
			o.capacity = (long)number_in(argv[0], optarg, 1 << 20);
			break;
		case 'p':
			o.producers = number_in(argv[0], optarg, PRODUCERS_MAX);
			break;
		case 'q':
			o.consumers = number_in(argv[0], optarg, WORKERS_MAX - PRODUCERS_MAX);
			break;
		case 'i':
			o.items = number_in(argv[0], optarg, 1 << 24);
			break;
		case 't':
			o.seconds = number_in(argv[0], optarg, 1000000);
			break;
		case 's':
			o.seed = strtoull(optarg, NULL, 0);
			seeded = true;
			break;
		default:
			usage(argv[0]);
		}
	}
	if (!seeded)
		o.seed = luck_seed();
	return o;
}

/* ---- Cases ------------------------------------------------------------------------ */

static size_t add_cases(struct ring_case *cases, size_t n, pp_kind kind, const struct options *o,
			const struct shape *shapes)
{
	struct shape given[2] = { { o->producers, o->consumers ? o->consumers : 1 }, { 0, 0 } };
	size_t i;

	if (o->kind && o->kind != kind)
		return n;
	if (o->producers && kind == PP_MPMC)
		shapes = given;
	for (; shapes->producers; shapes++)
		for (i = 0; i < ARRAY_LEN(capacities); i++) {
			size_t c = o->capacity < 0 ? capacities[i] : (size_t)o->capacity;

			CHECK(n < CASES_MAX, "too many cases");
			cases[n++] = (struct ring_case){ kind, c, *shapes };
			if (o->capacity >= 0)
				break;
		}
	return n;
}

static const char *const ending_names[] = {
	[END_DRAIN] = "drain", [END_CLOSE] = "close", [END_CANCEL] = "cancel", [END_LEAVE] = "leave"
};

static unsigned one_of(struct luck *luck, unsigned set, unsigned bits)
{
	unsigned bit;

	do
		bit = 1u << luck_below(luck, bits);
	while (!(set & bit));
	return bit;
}

/* Two tries never meet at capacity 0, so somebody there has to wait. */
static unsigned pulls_of(const struct mode *mode, const struct ring_case *c)
{
	unsigned tries = CALL_TRY | CALL_BATCH_TRY;

	if (c->capacity == 0 && !((mode->pushes | mode->pulls) & ~tries))
		return mode->pulls | CALL_UNTIL;
	return mode->pulls;
}

static void start_before_wrap(const struct mode *mode, struct luck *luck)
{
#ifdef PP_TEST_HOOKS
	pp_test_start_before_wrap = mode->before_wrap ? 1 + luck_below(luck, mode->before_wrap) : 0;
#else
	(void)luck;
	CHECK(!mode->before_wrap, "this build cannot start before the wrap");
#endif
}

static struct totals play(const struct mode *mode, const struct ring_case *c,
			  const struct options *o, uint64_t seed)
{
	static const size_t sizes[] = { 8, 8, 16, 40, ITEM_MAX };
	static struct round r;
	struct luck luck = { seed };
	unsigned entries = test_is_slow() ? LEDGER / 8 : LEDGER;
	unsigned items = o->items ? o->items : entries / c->shape.producers;
	pp_config config = PP_CONFIG(.kind = c->kind, .capacity = c->capacity, .name = mode->name);

	config.item_size = sizes[luck_below(&luck, ARRAY_LEN(sizes))];
	config.spin_ns = luck_below(&luck, 2) ? PP_SPIN_NONE : PP_SPIN_ADAPTIVE;
	config.flags = luck_below(&luck, 4) ? 0 : PP_TRACK_DEPTH;
	if (mode->signals && luck_below(&luck, 2))
		config.flags |= PP_INTERRUPTIBLE;
	memset(&r, 0, sizeof(r));
	r.mode = mode;
	r.kind = c->kind;
	r.capacity = c->capacity;
	r.producers = c->shape.producers;
	r.consumers = c->shape.consumers;
	r.ending = one_of(&luck, mode->endings, 4);
	r.last_one_closes = luck_below(&luck, 2);
	r.interruptible = config.flags & PP_INTERRUPTIBLE;
	r.pushes = mode->pushes;
	r.pulls = pulls_of(mode, c);
	test_case("%s: %s, capacity %zu, %uP%uC, items of %zu, flags %u, spin %lld, ending %s, "
		  "seed 0x%" PRIx64, mode->name, c->kind == PP_SPSC ? "SPSC" : "MPMC", c->capacity,
		  r.producers, r.consumers, config.item_size, config.flags,
		  (long long)config.spin_ns, ending_names[r.ending], seed);
	start_before_wrap(mode, &luck);
	return round_run(&r, &luck, &config, items);
}

/* ---- The program ------------------------------------------------------------------- */

static void on_signal(int number)
{
	(void)number;
}

static void take_signals(struct luck *luck)
{
	struct sigaction action = { .sa_handler = on_signal };

	action.sa_flags = luck_below(luck, 2) ? SA_RESTART : 0;
	CHECK(sigaction(SIGUSR1, &action, NULL) == 0, "sigaction");
}

int stress_main(int argc, char **argv, const struct mode *mode)
{
	struct options o = read_options(argc, argv, mode);
	struct luck luck = { o.seed };
	struct ring_case cases[CASES_MAX];
	struct totals all = { 0, 0, 0 };
	uint64_t rounds = 0;
	size_t n = 0, i;

	watchdog_start();
	if (mode->before_first)
		mode->before_first();
	if (!mode->shapes || o.kind == PP_SPSC)
		n = add_cases(cases, n, PP_SPSC, &o, alone);
	n = add_cases(cases, n, PP_MPMC, &o, mode->shapes ? mode->shapes : few);
	for (i = 0; i < n; i++) {
		pp_time until = pp_in((pp_time)o.seconds * PP_SEC / (pp_time)n);

		do {
			struct totals t;

			take_signals(&luck);
			t = play(mode, &cases[i], &o, luck_draw(&luck));
			all.pushed += t.pushed;
			all.pulled += t.pulled;
			all.dropped += t.dropped;
			rounds++;
		} while (pp_now() < until);
	}
	printf("%s: %zu rings, %" PRIu64 " rounds, %" PRIu64 " items pushed, %" PRIu64
	       " pulled, %" PRIu64 " dropped\n", mode->name, n, rounds, all.pushed, all.pulled,
	       all.dropped);
	CHECK(all.pushed == all.pulled + all.dropped, "the sums differ");
	CHECK(test_open_rings() == 0, "rings that were let go are still there");
	CHECK(all.pushed > 0, "nothing was pushed: nothing was tested");
	return 0;
}
