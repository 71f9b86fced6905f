/* SPDX-License-Identifier: MIT */
#include "sched.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <ucontext.h>

#include "explore.h"

enum { STACK = 64 * 1024, MOST_ACCESSES = 200000 };

enum state { READY, SLEEPS, AWAITS, ENDED };

struct fiber {
	jmp_buf at;
	ucontext_t first;
	enum state state;
	const void *word;      /* SLEEPS: on this futex; AWAITS: this flag                 */
	int64_t deadline;      /* of the sleep                                             */
	int64_t call_deadline; /* of the call, asleep or not                               */
	bool interruptible;
	int result;            /* of the sleep                                             */
	unsigned signals;
	bool paused, looked;   /* it spins: after a pause; and has looked again since      */
	const unsigned char *low; /* its stack is in use from here on, while it is stopped */
};

struct steps_options steps_options;
const char *steps_mutant;
const char *steps_property;
char steps_details[256];
uint64_t steps_sleeps, steps_wakes;
void (*steps_at_rest)(void);
void (*steps_falls_asleep)(unsigned thread, const void *word);

static struct fiber fibers[STEPS_THREADS];
static _Alignas(64) unsigned char stacks[STEPS_THREADS][STACK];
static unsigned count, current;
static bool running;         /* a fiber runs, and not the scheduler's caller */
static jmp_buf home;
static ucontext_t home_first;
static void (*body_of_all)(unsigned me);
static int64_t now, patience;
static uint64_t accesses;

/* ---- failing and tracing ---------------------------------------------------------------- */

void steps_fail(const char *property, const char *format, ...)
{
	va_list args;

	steps_property = property;
	va_start(args, format);
	vsnprintf(steps_details, sizeof steps_details, format, args);
	va_end(args);
	running = false;
	_longjmp(home, 2);
}

static void trace(const struct steps_site *site)
{
	const char *name = site->file, *p = strstr(name, "src/"), *inc = strstr(name, "include/");

	if (steps_options.trace)
		printf("  %6u  thread %u  %s:%d: %s %s\n", explored->points, current,
		       p ? p : inc ? inc : name, site->line, site->what, site->text);
}

static void trace_event(const char *what, unsigned thread)
{
	if (steps_options.trace)
		printf("  %6u  thread %u  -- %s\n", explored->points, thread, what);
}

/* ---- switching ------------------------------------------------------------------------- */

static void start_next(void);

static void fiber_main(void)
{
	unsigned me = current;

	if (!_setjmp(fibers[me].at))
		swapcontext(&fibers[me].first, &home_first);
	for (;;) {
		body_of_all(me);
		fibers[me].state = ENDED;
		start_next();
	}
}

/* The first time: up to where fiber_main() stops. */
static void make(unsigned me)
{
	struct fiber *f = &fibers[me];

	getcontext(&f->first);
	f->first.uc_stack.ss_sp = stacks[me];
	f->first.uc_stack.ss_size = STACK;
	f->first.uc_link = NULL;
	makecontext(&f->first, fiber_main, 0);
	current = me;
	swapcontext(&home_first, &f->first);
}

static void switch_to(unsigned next)
{
	struct fiber *f = &fibers[current];

	if (next == current)
		return;
	f->low = __builtin_frame_address(0);
	if (_setjmp(f->at))
		return;
	current = next;
	_longjmp(fibers[next].at, 1);
}

/* ---- what may happen next ----------------------------------------------------------------- */

static void end_sleep(unsigned thread, int result)
{
	fibers[thread].state = READY;
	fibers[thread].word = NULL;
	fibers[thread].result = result;
}

static bool is_asleep(const struct fiber *f)
{
	return f->state == SLEEPS || f->state == AWAITS;
}

/* Every sleep whose deadline is not after `t`. */
static void pass_time(int64_t t)
{
	unsigned i;

	now = t;
	for (i = 0; i < count; i++)
		if (is_asleep(&fibers[i]) && fibers[i].deadline <= now) {
			trace_event("its deadline passes", i);
			end_sleep(i, -ETIMEDOUT);
		}
}

/* The next deadline of a call under way: one that may pass at any moment, or INT64_MAX. */
static int64_t next_soon(void)
{
	int64_t least = INT64_MAX;
	unsigned i;

	for (i = 0; i < count; i++)
		if (fibers[i].call_deadline > now && fibers[i].call_deadline < least &&
		    fibers[i].call_deadline - now <= STEPS_SOON)
			least = fibers[i].call_deadline;
	return least;
}

static unsigned list_threads(bool goes_on, struct option *o)
{
	unsigned n = 0, i;

	if (goes_on)
		o[n++] = (struct option){ OPTION_RUN, (unsigned char)current };
	for (i = 1; i <= count; i++) {
		unsigned other = (current + i) % count;

		if (fibers[other].state == READY && !(other == current && goes_on))
			o[n++] = (struct option){ OPTION_RUN, (unsigned char)other };
	}
	return n;
}

static bool may_signal(const struct fiber *f)
{
	return f->state == SLEEPS && f->interruptible && steps_options.signals;
}

static unsigned list_events(struct option *o)
{
	unsigned n = 0, i;

	if (next_soon() != INT64_MAX)
		o[n++] = (struct option){ OPTION_TIME, 0 };
	for (i = 0; i < count && (steps_options.signals || steps_options.spurious); i++) {
		if (may_signal(&fibers[i]))
			o[n++] = (struct option){ OPTION_SIGNAL, (unsigned char)i };
		if (fibers[i].state == SLEEPS && steps_options.spurious)
			o[n++] = (struct option){ OPTION_SPURIOUS, (unsigned char)i };
	}
	return n;
}

/* True: it says who runs. */
static bool perform(const struct option *o, unsigned *next)
{
	switch (o->kind) {
	case OPTION_RUN:
		*next = o->thread;
		return true;
	case OPTION_TIME:
		pass_time(next_soon());
		break;
	case OPTION_SIGNAL:
		trace_event("a signal comes", o->thread);
		fibers[o->thread].signals++;
		end_sleep(o->thread, -EINTR);
		break;
	default:
		trace_event("wakes for no reason", o->thread);
		end_sleep(o->thread, 0);
	}
	return false;
}

/* The running thread could go on: who does? */
static void switch_point(void)
{
	struct option o[MOST_OPTIONS];
	unsigned n, next = current;

	if (explore_goes_on())
		return;
	n = list_threads(true, o);
	n += list_events(o + n);
	if (perform(&o[explore_decide(o, n, 1, false)], &next))
		switch_to(next);
}

/* Nobody can run.  A deadline passes; or that was it. */
static void at_rest(void)
{
	int64_t least = INT64_MAX;
	unsigned i;

	running = false; /* what it asks the rings is no step of anybody's */
	if (steps_at_rest)
		steps_at_rest();
	running = true;
	for (i = 0; i < count; i++)
		if (fibers[i].state != ENDED && fibers[i].deadline < least)
			least = fibers[i].deadline;
	if (least == INT64_MAX)
		steps_fail("deadlock", "nobody can run, and no work is there for who sleeps");
	pass_time(least);
}

/* The running thread cannot go on. */
static unsigned who_runs(void)
{
	struct option o[MOST_OPTIONS];
	unsigned n, all, next;

	for (;;) {
		n = list_threads(false, o);
		if (n == 0) {
			at_rest();
			continue;
		}
		all = n + list_events(o + n);
		if (perform(&o[explore_decide(o, all, n, false)], &next))
			return next;
	}
}

static void start_next(void)
{
	unsigned i;

	for (i = 0; i < count; i++)
		if (fibers[i].state != ENDED) {
			switch_to(who_runs());
			return;
		}
	if (_setjmp(fibers[current].at))
		return;
	running = false;
	_longjmp(home, 1);
}

static void block(enum state state, const void *word, int64_t deadline, bool interruptible)
{
	struct fiber *f = &fibers[current];

	f->state = state;
	f->word = word;
	f->deadline = deadline;
	f->interruptible = interruptible;
	f->result = 0;
	steps_sleeps++;
	if (steps_falls_asleep)
		steps_falls_asleep(current, word);
	if (deadline <= now)
		end_sleep(current, -ETIMEDOUT);
	switch_to(who_runs());
}

void steps_begin(void)
{
	now = 1000;
	patience = STEPS_PATIENT;
	steps_property = NULL;
	steps_details[0] = '\0';
	steps_forget_memory();
}

bool steps_run(unsigned n, void (*body)(unsigned me), void (*after)(void))
{
	unsigned i;
	int how;

	body_of_all = body;
	count = n;
	accesses = 0;
	for (i = 0; i < n; i++) {
		if (!fibers[i].first.uc_stack.ss_sp)
			make(i);
		fibers[i].state = READY;
		fibers[i].call_deadline = fibers[i].deadline = INT64_MAX;
		fibers[i].signals = 0;
		fibers[i].paused = fibers[i].looked = false;
		fibers[i].low = stacks[i] + STACK;
	}
	how = _setjmp(home);
	if (how == 0) {
		current = n - 1; /* so that thread 0 is option 0 */
		running = true;
		current = who_runs();
		_longjmp(fibers[current].at, 1);
	}
	if (how == 1)
		after();
	return how == 1;
}

/* ---- steps --------------------------------------------------------------------------------- */

static void check_alive(const struct steps_site *site, const void *address)
{
	const unsigned char *p = address;
	unsigned i;

	steps_check_block(site, address);
	if (p >= (unsigned char *)stacks && p < (unsigned char *)stacks + sizeof stacks) {
		i = (unsigned)(p - (unsigned char *)stacks) / STACK;
		if (i != current && (fibers[i].state == ENDED || p < fibers[i].low))
			steps_fail("freed memory", "%s:%d: %s %s: of a call that is over",
			           site->file, site->line, site->what, site->text);
	}
}

static inline void access_to(const struct steps_site *site, const void *address, bool silent)
{
	if (!running)
		return;
	if (++accesses > MOST_ACCESSES)
		steps_fail("livelock", "%s:%d: %s %s", site->file, site->line, site->what,
		           site->text);
	if (steps_options.fine && !silent)
		switch_point();
	check_alive(site, address);
	if (steps_options.trace && steps_options.fine)
		trace(site);
}

void steps_access(const struct steps_site *site, const void *address)
{
	fibers[current].paused = fibers[current].looked = false;
	access_to(site, address, false);
}

/* Who spins looks again twice: to look more often at what nobody else can change meanwhile would be
 * more steps and no other execution. */
void steps_load(const struct steps_site *site, const void *address)
{
	struct fiber *f = &fibers[current];
	bool silent = f->paused && f->looked;

	f->looked = f->paused;
	f->paused = false;
	access_to(site, address, silent);
}

void steps_pause(void)
{
	bool looked = fibers[current].looked;

	fibers[current].paused = true;
	fibers[current].looked = looked;
}

/* At a hook, a system call, or the beginning of a call. */
void steps_at(const struct steps_site *site)
{
	if (!running)
		return;
	if (++accesses > MOST_ACCESSES)
		steps_fail("livelock", "%s", site->text);
	switch_point();
	trace(site);
}

void steps_note(const struct steps_site *site)
{
	if (running)
		trace(site);
}

bool steps_is_running(void)
{
	return running;
}

unsigned steps_me(void)
{
	return current;
}

/* ---- time, sleeping, flags ------------------------------------------------------------------- */

int64_t steps_now(void)
{
	return now;
}

void steps_deadline(int64_t deadline)
{
	fibers[current].call_deadline = deadline;
}

/* The patient give up one after the other. */
int64_t steps_patience(void)
{
	return patience += STEPS_PATIENT;
}

unsigned steps_signalled(void)
{
	return fibers[current].signals;
}

bool steps_has_ended(unsigned thread)
{
	return fibers[thread].state == ENDED;
}

bool steps_await(const bool *flag, int64_t deadline)
{
	static const struct steps_site site = { "script", 0, "await", "a flag" };

	steps_at(&site);
	if (*flag)
		return true;
	block(AWAITS, flag, deadline, false);
	return fibers[current].result == 0;
}

void steps_set(bool *flag)
{
	unsigned i;

	*flag = true;
	for (i = 0; i < count; i++)
		if (fibers[i].state == AWAITS && fibers[i].word == flag)
			end_sleep(i, 0);
}

int steps_sleep(const struct steps_site *site, const uint32_t *word, uint32_t expected,
                int64_t deadline, bool interruptible)
{
	steps_at(site);
	check_alive(site, word);
	if (*word != expected)
		return -EAGAIN;
	block(SLEEPS, word, deadline, interruptible || deadline != INT64_MAX);
	return fibers[current].result;
}

/* Which of several is woken is a choice. */
uint32_t steps_wake(const struct steps_site *site, const uint32_t *word, uint32_t n)
{
	struct option o[STEPS_THREADS];
	uint32_t woken = 0;
	unsigned asleep, i;

	steps_at(site);
	steps_wakes++;
	for (; woken < n; woken++) {
		for (asleep = 0, i = 0; i < count; i++)
			if (fibers[i].state == SLEEPS && fibers[i].word == word)
				o[asleep++] = (struct option){ OPTION_PICK, (unsigned char)i };
		if (asleep == 0)
			break;
		i = asleep > 1 && n - woken < asleep ? explore_decide(o, asleep, asleep, false) : 0;
		trace_event("is woken", o[i].thread);
		end_sleep(o[i].thread, 0);
	}
	return woken;
}
