/* SPDX-License-Identifier: MIT */
/*
 * Two or three threads over one or two rings.  The string says what each of them calls, in the
 * letters of verify/steps/calls.c, and then when which of them goes on; scheduler and ledger are
 * those of verify/steps.  There somebody wrote each program; here nobody did.
 *
 * Some of the threads of such a program sleep for ever, and rightly so.  Whenever nobody can run,
 * the ledger looks whether anybody sleeps beside work; then one more thread closes all rings, and
 * everybody must come back.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calls.h"
#include "explore.h"

#undef free

enum { CALLS_MOST = 15, WORKERS_MOST = STEPS_THREADS - 1 };

/* ---- the schedule: explore.h, from the string ------------------------------------------------ */

static struct explored execution;
struct explored *explored = &execution;

static struct input schedule;
static unsigned gap, option; /* after so many points this option is taken */
static bool deviates;

/* A byte is one deviation; behind the end of the string each thread runs until it sleeps. */
static void next_deviation(void)
{
	unsigned byte;

	deviates = schedule.left > 0;
	byte = take(&schedule);
	gap = byte % 32;
	option = byte / 32;
}

unsigned explore_decide(const struct option *options, unsigned n, unsigned costless,
                        bool at_random_only)
{
	unsigned choice = option % n;

	(void)options;
	(void)costless;
	(void)at_random_only;
	explored->points++;
	if (n < 2 || !deviates || gap-- > 0)
		return 0;
	next_deviation();
	return choice;
}

bool explore_goes_on(void)
{
	explored->points += !deviates;
	return !deviates;
}

/* ---- the program --------------------------------------------------------------------------- */

static struct scenario program;
static char text[STEPS_THREADS][CALLS_MOST + 1];
static unsigned workers;
static bool lets_go; /* one of them does, at last; else the ledger, which looks at the counts first */

/* What a letter needs; who pushes to a ring of PP_SPSC, pulls from it, waits for a descriptor, is
 * one thread. */
enum { PUSHES_A = 1, PULLS_A = 2, PUSHES_B = 4, PULLS_B = 8, ARMS_PUSH = 16, ARMS_PULL = 32,
       SLOTS = 64, ASLEEP_IN_SELECT = 128 };

enum { OWNED = 6 };        /* so many bits */
static int owners[OWNED];  /* STEPS_NOBODY: none yet */

static const struct {
	const char *letters;
	unsigned needs;
} groups[] = {
	{ "PDdwIB8r9pb", PUSHES_A },
	{ "LlEeWJMmNQ6q7", PULLS_A },
	{ "ik", PUSHES_A | SLOTS },
	{ "j", PULLS_A | SLOTS },
	{ "h", PUSHES_A | ARMS_PUSH },
	{ "f", PULLS_A | ARMS_PULL },
	{ "y", PUSHES_B },
	{ "Y", PULLS_B },
	{ "s13", PUSHES_A | PUSHES_B | ASLEEP_IN_SELECT },
	{ "t24", PULLS_A | PULLS_B | ASLEEP_IN_SELECT },
	{ "5", PULLS_A | PULLS_B },
	{ "u", PUSHES_A | PULLS_B | ASLEEP_IN_SELECT },
	{ "v", PULLS_A | PUSHES_B | ASLEEP_IN_SELECT },
	{ "x", PUSHES_A | PULLS_A | ASLEEP_IN_SELECT },
	{ "CXUVc", 0 },
};

/* Those of which a program is to have many stand here more than once. */
static const char letters[] = "PLPLPLPLPLplDEdewWIJBMbmNQikjjhfrqrq8967yYyYyYstuvx12345stCXzUVc";

static unsigned needs_of(char letter)
{
	size_t i;

	for (i = 0; i < sizeof(groups) / sizeof(*groups); i++)
		if (strchr(groups[i].letters, letter))
			return groups[i].needs;
	return PUSHES_B; /* z, which is no push, but wants the ring */
}

static bool may_be_called(unsigned me, char letter)
{
	unsigned needs = needs_of(letter), bit;

	if (needs & (PUSHES_B | PULLS_B) && program.ring[B].kind == NONE)
		return false;
	if (needs & SLOTS && program.ring[A].capacity == 0)
		return false;
	/* The ledger knows no select that a signal ends. */
	if (needs & ASLEEP_IN_SELECT && program.flags & SIGNALS)
		return false;
	for (bit = 0; bit < OWNED && letter != 'z'; bit++)
		if (needs & 1u << bit && owners[bit] != STEPS_NOBODY && owners[bit] != (int)me &&
		    (bit >= 4 || program.ring[bit / 2].kind == SPSC))
			return false;
	return true;
}

static void add_call(unsigned me, char letter)
{
	size_t length = strlen(text[me]);
	unsigned bit;

	if (!may_be_called(me, letter))
		return;
	for (bit = 0; bit < OWNED && letter != 'z'; bit++)
		if (needs_of(letter) & 1u << bit)
			owners[bit] = (int)me;
	text[me][length] = letter;
	text[me][length + 1] = '\0';
}

static void read_rings(unsigned byte)
{
	program.ring[A].kind = byte & 1 ? SPSC : MPMC;
	program.ring[A].capacity = byte / 2 % 4;
	program.ring[B].kind = byte & 8 ? NONE : byte & 16 ? SPSC : MPMC;
	program.ring[B].capacity = byte / 32 % 4;
	workers = byte & 128 ? 2 : WORKERS_MOST;
}

static void read_flags(unsigned byte)
{
	static const unsigned signals[4] = { 0, 0, SIGNALS, UNASKED };

	program.flags = signals[byte % 4] | (byte & 4 ? TRACKED : 0) | (byte & 8 ? FENCED : 0) |
	                (byte & 16 ? LARGE : 0);
	steps_options = (struct steps_options){ .fine = byte & 32, .spins = byte & 64,
		.spurious = byte & 128, .signals = program.flags & (SIGNALS | UNASKED),
		.fenced = program.flags & FENCED, .trace = getenv("FUZZ_TRACE") != NULL };
}

static void read_program(struct input *in)
{
	unsigned n, i;

	memset(&program, 0, sizeof(program));
	memset(text, 0, sizeof(text));
	memset(owners, STEPS_NOBODY, sizeof(owners));
	read_rings(take(in));
	read_flags(take(in));
	n = take(in);
	pp_test_start_before_wrap = n / 16 % 4;
	pp_test_most_marked = n & 64 ? 0 : 128;
	lets_go = n & 128;
	for (n = 1 + n % CALLS_MOST, i = 0; i < n; i++) {
		unsigned byte = take(in);

		add_call(byte % workers, letters[byte / workers % (sizeof(letters) - 1)]);
	}
	/* It also holds a reference of each end, which are as many as these letters. */
	strcpy(text[workers], program.ring[B].kind ? "CzUV" : "CUV");
	for (i = 0; i <= workers; i++)
		program.thread[i] = text[i];
	for (i = 0; i <= workers; i++)
		fuzz_trace("thread %u: %s", i, text[i]);
	fuzz_trace("A %u %u, B %u %u, flags %u", program.ring[A].kind, program.ring[A].capacity,
	           program.ring[B].kind, program.ring[B].capacity, program.flags);
}

/* ---- one execution --------------------------------------------------------------------------- */

static void run_thread(unsigned me)
{
	static const bool never;

	if (me == workers) {
		(void)steps_await(&never, INT64_MAX / 4); /* nobody can run, and no deadline is left */
		*strchr(text[me], 'U') = '\0';
	}
	calls_of(me);
	if (me == workers && lets_go) {
		(void)steps_await(&never, INT64_MAX / 2); /* all others have ended */
		strcpy(text[me], "UV");
		calls_of(me);
	}
}

static void settle_all(void)
{
	calls_settle();
	ledger_end();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	steps_mutant = getenv("FUZZ_MUTANT"); /* a label of the library weakened: notices.py */
	read_program(&in);
	schedule = in;
	next_deviation();
	explored->points = 0;
	steps_begin();
	ledger_begin(&program);
	calls_clear();
	FUZZ_CHECK(steps_run(workers + 1, run_thread, settle_all), "%s: %s; threads %s %s %s",
	           steps_property, steps_details, text[0], text[1], workers > 2 ? text[2] : "-");
	return 0;
}
