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
	[END_DRAIN] = "drain", [END_CLOSE] = "close", [END_CANCEL] = "cancel", [END_LEAVE] = "leave",
	[END_BOTH] = "both"
};

static unsigned one_of(struct luck *luck, unsigned set, unsigned bits)
{
	unsigned bit;

	do
		bit = 1u << luck_below(luck, bits);
	while (!(set & bit));
	return bit;
}

/* At capacity 0 there are no slots, and two sides that both only try or arm never meet, nor does a
 * pull without a thread meet one of these: one side arms, and the other one waits now and then. */
static void at_rendezvous(struct ring *r, struct luck *luck)
{
	const unsigned waits = CALL_ANY & ~(CALL_TRIES | CALL_ARMS);
	bool pushes_arm = luck_below(luck, 2);
	unsigned *arming = pushes_arm ? &r->pushes : &r->pulls;
	unsigned *other = pushes_arm ? &r->pulls : &r->pushes;

	*arming &= ~(unsigned)CALL_IN_PLACE;
	*other &= ~(unsigned)(CALL_IN_PLACE | CALL_ARMS);
	if (pushes_arm)
		r->pulls &= ~(unsigned)CALL_ASYNCS;
	if (!*arming)
		*arming = CALL_PLAIN;
	if (!(*other & waits) && (*arming & (CALL_ARMS | CALL_ASYNCS) || !(*arming & waits)))
		*other |= CALL_PLAIN | CALL_UNTIL;
	if (!*other)
		*other = CALL_PLAIN;
}

/* Some rounds have no deadlines, so that a wake that is lost is a hang. */
static unsigned without_deadlines(unsigned calls)
{
	unsigned waits = CALL_PLAIN | CALL_BATCH | CALL_BEGIN | CALL_SELECT | CALL_ARM |
			 CALL_ASYNC;

	return calls & waits ? calls & waits : calls;
}

static void choose_calls(struct ring *r, const struct mode *mode, struct luck *luck, bool patient)
{
	r->pushes = patient ? without_deadlines(mode->pushes) : mode->pushes;
	r->pulls = patient ? without_deadlines(mode->pulls) : mode->pulls;
	if (r->capacity == 0)
		at_rendezvous(r, luck);
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

static void choose_ring(struct ring *r, pp_config *config, const struct mode *mode,
			struct luck *luck, bool patient)
{
	static const size_t sizes[] = { 8, 8, 16, 40, ITEM_MAX };

	*config = PP_CONFIG(.capacity = r->capacity, .name = mode->name);
	config->item_size = sizes[luck_below(luck, ARRAY_LEN(sizes))];
	config->spin_ns = luck_below(luck, 2) ? PP_SPIN_NONE : PP_SPIN_ADAPTIVE;
	config->flags = luck_below(luck, 4) ? 0 : PP_TRACK_DEPTH;
	if (mode->signals && luck_below(luck, 2))
		config->flags |= PP_INTERRUPTIBLE;
	r->ending = one_of(luck, mode->endings, ENDS);
	r->last_one_closes = luck_below(luck, 2);
	r->interruptible = config->flags & PP_INTERRUPTIBLE;
	choose_calls(r, mode, luck, patient);
}

/* The rings of a round; the first has the capacity of the case. */
static void choose_rings(struct round *r, pp_config *configs, const struct ring_case *c,
			 const struct options *o, struct luck *luck)
{
	bool patient = r->mode->layouts && luck_below(luck, 2);
	unsigned i;

	r->rings = r->mode->layouts ? 2 + (unsigned)luck_below(luck, RINGS_MAX - 1) : 1;
	for (i = 0; i < r->rings; i++) {
		r->ring[i].capacity = i == 0 || o->capacity >= 0 ? c->capacity :
			capacities[luck_below(luck, ARRAY_LEN(capacities))];
		choose_ring(&r->ring[i], &configs[i], r->mode, luck, patient);
	}
}

/* "SPSC 3 close, MPMC 0 drain": of how many, and how they end. */
static const char *rings_text(const struct round *r)
{
	static char text[100];
	size_t k = 0;
	unsigned i;

	for (i = 0; i < r->rings; i++)
		k += (size_t)snprintf(text + k, sizeof(text) - k, "%s%s %zu %s", i ? ", " : "",
				      r->ring[i].kind == PP_SPSC ? "SPSC" : "MPMC",
				      r->ring[i].capacity, ending_names[r->ring[i].ending]);
	return text;
}

static struct totals play(const struct mode *mode, const struct ring_case *c,
			  const struct options *o, uint64_t seed)
{
	static struct worker workers[WORKERS_MAX];
	static struct round r;
	struct luck luck = { seed };
	pp_config configs[RINGS_MAX];
	unsigned entries = test_is_slow() ? LEDGER / 8 : LEDGER;
	unsigned layout;

	memset(&r, 0, sizeof(r));
	r.mode = mode;
	choose_rings(&r, configs, c, o, &luck);
	if (mode->layouts) {
		layout = layout_pick(&luck, mode->layouts, c->kind);
		layout_make(&r, workers, &luck, layout, c->kind);
		test_case("%s: %s, %u threads, %s; seed 0x%" PRIx64, mode->name, rings_text(&r),
			  r.workers, layout_name(layout), seed);
	} else {
		layout_single(&r, workers, &c->shape, c->kind);
		test_case("%s: %s, %uP%uC, items of %zu, flags %u, spin %lld, seed 0x%" PRIx64,
			  mode->name, rings_text(&r), c->shape.producers, c->shape.consumers,
			  configs[0].item_size, configs[0].flags, (long long)configs[0].spin_ns,
			  seed);
	}
	start_before_wrap(mode, &luck);
	return round_run(&r, workers, &luck, configs,
			 o->items ? o->items * r.rings * r.ring[0].producers : entries);
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
	n = add_cases(cases, n, PP_MPMC, &o, mode->layouts ? alone : mode->shapes ? mode->shapes
										: few);
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
