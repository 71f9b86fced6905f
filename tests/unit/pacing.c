/* SPDX-License-Identifier: MIT */
/*
 * How much time a look costs, counted in steps: src/park/spin.c itself, with pauses, yields, CPUs
 * and a clock of the test's.  Linked before the library's, it also serves the rings here.
 */
#include "support.h"

#include <sched.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/compiler.h"

#define STEP 10 /* ns of the test's clock that a pause or a yield takes */

static struct done { unsigned pauses, yields, looks; } done;
static int cpus; /* 0: more than a set holds */

static void count_pause(void)
{
	done.pauses++;
}

static int count_yield(void)
{
	done.yields++;
	return 0;
}

static int64_t count_clock_look(void)
{
	done.looks++;
	return (int64_t)(done.pauses + done.yields) * STEP;
}

static pid_t asked_of;

static int allowed_cpus(pid_t pid, cpu_set_t *set)
{
	asked_of = pid;
	for (int i = 0; i < cpus; i++)
		CPU_SET((size_t)i, set);
	return cpus ? 0 : -1;
}

#define pp_pause count_pause
#define pp_clock_now count_clock_look
#define sched_yield count_yield
#define sched_getaffinity(pid, size, set) allowed_cpus(pid, set)
#include "../../src/park/spin.c"
#undef pp_pause
#undef pp_clock_now
#undef sched_yield
#undef sched_getaffinity

SUITE(pacing);

static struct pp_spin spin_on(int number_of_cpus, int64_t spin_ns, size_t few)
{
	struct pp_spin spin;

	cpus = number_of_cpus;
	pp_spin_init(&spin, spin_ns,
		     (struct pp_spin_wish){ .patience = 8, .few = few, .pace = SIZE_MAX });
	return spin;
}

/* ---- A pace ---------------------------------------------------------------------------- */

static unsigned paced(struct pp_spin *spin, uint64_t found)
{
	done = (struct done){ 0 };
	pp_spin_pace(spin, found, false);
	EXPECT_EQ(done.yields, 0);
	EXPECT_EQ(done.looks, 0);
	return done.pauses;
}

Test(pacing, a_puller_that_found_few_items_pauses_before_it_looks_again)
{
	static const size_t few[] = { 3, 4, 128, UINT32_MAX, SIZE_MAX / 2 + 3, SIZE_MAX };

	for (size_t i = 0; i < ARRAY_LEN(few); i++) {
		struct pp_spin spin = spin_on(2, PP_SPIN_ADAPTIVE, few[i]);
		uint64_t most = (few[i] < UINT32_MAX ? few[i] : UINT32_MAX) - 1;

		EXPECT_EQ(paced(&spin, 2), PACE);
		EXPECT_EQ(paced(&spin, most), PACE);
		/* Some, and below two microseconds: a park costs ten times that. */
		EXPECT(paced(&spin, most) > 0 && paced(&spin, most) <= 64);
	}
}

Test(pacing, where_more_cpus_are_allowed_than_can_be_told_it_pauses_too)
{
	struct pp_spin spin = spin_on(0, PP_SPIN_ADAPTIVE, 128);

	EXPECT_EQ(paced(&spin, 2), PACE);
}

static void expect_no_pause_of(struct pp_spin *spin, bool elsewhere)
{
	static const uint64_t found[] = { 0, 1, 2, 3, 127, 128, 129, UINT32_MAX, UINT64_MAX };

	for (size_t i = 0; i < ARRAY_LEN(found); i++) {
		EXPECT_EQ(paced(spin, found[i]), 0);
		EXPECT_EQ(pp_spin_pace(spin, found[i], false), elsewhere);
	}
}

/* Nor may a ring that goes by what it is told. */
static void expect_no_pause(struct pp_spin *spin)
{
	expect_no_pause_of(spin, false);
}

Test(pacing, one_item_or_none_is_no_stream_and_gets_no_pause)
{
	struct pp_spin spin = spin_on(2, PP_SPIN_ADAPTIVE, SIZE_MAX);

	EXPECT_EQ(paced(&spin, 0), 0);
	EXPECT_EQ(paced(&spin, 1), 0);
}

Test(pacing, as_many_as_are_not_few_get_no_pause)
{
	static const size_t few[] = { 3, 4, 128, UINT32_MAX, SIZE_MAX / 2 + 3, SIZE_MAX };
	struct pp_spin spin;

	for (size_t i = 0; i < ARRAY_LEN(few); i++) {
		uint64_t least = few[i] < UINT32_MAX ? few[i] : UINT32_MAX;

		spin = spin_on(2, PP_SPIN_ADAPTIVE, few[i]);
		EXPECT_EQ(paced(&spin, least), 0);
		EXPECT_EQ(paced(&spin, least + 1), 0);
		EXPECT_EQ(paced(&spin, UINT64_MAX), 0);
	}
	for (size_t none = 0; none <= 2; none++) { /* nothing is few */
		spin = spin_on(2, PP_SPIN_ADAPTIVE, none);
		expect_no_pause_of(&spin, true);
	}
}

Test(pacing, with_a_setting_of_the_callers_there_is_no_pause)
{
	static const int64_t spin_ns[] = { PP_SPIN_NONE, 1, PP_US, PP_SEC, INT64_MAX };

	for (size_t i = 0; i < ARRAY_LEN(spin_ns); i++) {
		struct pp_spin spin = spin_on(2, spin_ns[i], 128);

		expect_no_pause(&spin);
	}
}

Test(pacing, on_one_cpu_only_there_is_no_pause)
{
	struct pp_spin spin = spin_on(1, PP_SPIN_ADAPTIVE, 128);

	expect_no_pause(&spin);
}

/* A thread that opens a ring may be pinned, and its peer elsewhere. */
Test(pacing, the_cpus_that_count_are_those_of_the_process)
{
	asked_of = 0;
	spin_on(1, PP_SPIN_ADAPTIVE, 128);
	EXPECT_EQ(asked_of, getpid());
}

/* ---- A ring ---------------------------------------------------------------------------- */

static unsigned paused_in_pull(const struct ends *e, uint64_t want)
{
	uint64_t item = 0;

	done.pauses = 0;
	EXPECT_EQ(pp_pull(e->rx, &item), 0);
	EXPECT_EQ(item, want);
	return done.pauses;
}

struct look {
	size_t found;
	unsigned paused; /* before it, by what the look before found */
};

static void pull_in_rounds(size_t capacity, const struct look *looks, size_t n)
{
	uint64_t next = 0;
	struct ends e;

	cpus = 2;
	e = ends_open(PP_SPSC, capacity);
	for (size_t i = 0; i < n; i++) {
		ends_fill(&e, next, looks[i].found);
		EXPECT_EQ(paused_in_pull(&e, next), looks[i].paused);
		for (size_t known = 1; known < looks[i].found; known++)
			EXPECT_EQ(paused_in_pull(&e, next + known), 0);
		next += looks[i].found;
	}
	ends_let_go(&e);
}

Test(pacing, a_pull_pauses_when_the_look_before_found_some_items_but_few)
{
	static const struct look large[] = { { 1, 0 }, { 2, 0 }, { 127, PACE }, { 128, PACE },
					     { 2, 0 }, { 1, PACE }, { 1, 0 }, { 3, 0 } };
	static const struct look medium[] = { { 2, 0 }, { 100, 12 }, { 101, 12 }, { 2, 0 }, { 1, 12 } };

	pull_in_rounds(1000, large, ARRAY_LEN(large));
	pull_in_rounds(200, medium, ARRAY_LEN(medium));
}

static unsigned paused_in_push(const struct ends *e, uint64_t item)
{
	done.pauses = 0;
	EXPECT_EQ(pp_push(e->tx, &item), 0);
	return done.pauses;
}

static void push_in_rounds(size_t capacity, const struct look *looks, size_t n)
{
	uint64_t first = 0;
	struct ends e;

	cpus = 2;
	e = ends_open(PP_SPSC, capacity);
	ends_fill(&e, 0, capacity);
	for (size_t i = 0; i < n; i++) {
		ends_drain(&e, first, looks[i].found);
		EXPECT_EQ(paused_in_push(&e, first + capacity), looks[i].paused);
		for (size_t known = 1; known < looks[i].found; known++)
			EXPECT_EQ(paused_in_push(&e, first + capacity + known), 0);
		first += looks[i].found;
	}
	ends_let_go(&e);
}

Test(pacing, a_push_pauses_when_the_look_before_found_some_room_but_little)
{
	static const struct look large[] = { { 1, 0 }, { 2, 0 }, { 250, PACE }, { 251, PACE },
					     { 2, 0 }, { 1, PACE }, { 1, 0 }, { 3, 0 } };
	static const struct look medium[] = { { 2, 0 }, { 50, 12 }, { 51, 12 }, { 2, 0 }, { 1, 12 } };

	push_in_rounds(1000, large, ARRAY_LEN(large));
	push_in_rounds(200, medium, ARRAY_LEN(medium));
}

Test(pacing, a_try_pauses_a_tenth_of_a_microsecond_at_most)
{
	struct pp_spin spin = spin_on(2, PP_SPIN_ADAPTIVE, 128);

	done = (struct done){ 0 };
	pp_spin_pace(&spin, 2, true);
	EXPECT_EQ(done.pauses, 4);
	EXPECT_EQ(done.yields + done.looks, 0);
	pp_spin_pace(&spin, 1, true);
	pp_spin_pace(&spin, 128, true);
	EXPECT_EQ(done.pauses, 4);
}

static void tries_in_rounds(size_t found, unsigned paused)
{
	uint64_t item = 0;
	struct ends e;

	cpus = 2;
	e = ends_open(PP_SPSC, 1000);
	for (int round = 0; round < 5; round++) {
		for (size_t i = 0; i < found; i++)
			EXPECT_EQ(pp_try_push(e.tx, &item), 0);
		done.pauses = 0;
		for (size_t i = 0; i < found; i++)
			EXPECT_EQ(pp_try_pull(e.rx, &item), 0);
		EXPECT_EQ(done.pauses, 0);
		EXPECT_EQ(pp_try_pull(e.rx, &item), -EAGAIN); /* came a little later */
		EXPECT_EQ(done.pauses, paused);
		EXPECT_EQ(pp_try_pull(e.rx, &item), -EAGAIN); /* and at once */
		EXPECT_EQ(done.pauses, paused);
	}
	ends_let_go(&e);
}

Test(pacing, a_try_pauses_once_after_a_look_that_found_some_items_but_few)
{
	tries_in_rounds(1, 0);
	tries_in_rounds(2, 4);
	tries_in_rounds(127, 4);
	tries_in_rounds(128, 0);
}

/* ---- A ring with few slots ----------------------------------------------------------------- */

/* Where each slot says whether it is full, only who finds nothing waits: `moved` since it last did. */
static void marked_in_rounds(size_t capacity, size_t moved, unsigned paused)
{
	uint64_t item = 0;
	struct ends e;

	cpus = 2;
	e = ends_open(PP_SPSC, capacity);
	for (int round = 0; round < 5; round++) {
		ends_fill(&e, 0, moved);
		done.pauses = 0;
		for (size_t i = 0; i < moved; i++)
			EXPECT_EQ(pp_pull(e.rx, &item), 0);
		EXPECT_EQ(done.pauses, 0);
		EXPECT_EQ(pp_pull_until(e.rx, &item, 0), -ETIMEDOUT); /* came a little later */
		EXPECT_EQ(done.pauses, paused);
		EXPECT_EQ(pp_pull_until(e.rx, &item, 0), -ETIMEDOUT); /* and at once */
		EXPECT_EQ(done.pauses, paused);
	}
	ends_let_go(&e);
}

Test(pacing, a_pull_of_few_slots_pauses_when_it_took_some_items_but_few_and_finds_none)
{
	marked_in_rounds(1, 1, 0);
	marked_in_rounds(2, 2, 0);
	marked_in_rounds(8, 1, 0);
	marked_in_rounds(8, 2, 1);
	marked_in_rounds(8, 4, 1);
	marked_in_rounds(8, 5, 0);
	marked_in_rounds(64, 2, 8);
	marked_in_rounds(64, 32, 8);
	marked_in_rounds(64, 33, 0);
	marked_in_rounds(128, 64, 16);
}

static void marked_pushes_in_rounds(size_t capacity, size_t moved, unsigned paused)
{
	uint64_t item = 0;
	struct ends e;

	cpus = 2;
	e = ends_open(PP_SPSC, capacity);
	ends_fill(&e, 0, capacity);
	EXPECT_EQ(pp_push_until(e.tx, &item, 0), -ETIMEDOUT);
	for (int round = 0; round < 5; round++) {
		for (size_t i = 0; i < moved; i++)
			EXPECT_EQ(pp_pull(e.rx, &item), 0);
		done.pauses = 0;
		for (size_t i = 0; i < moved; i++)
			EXPECT_EQ(pp_push(e.tx, &item), 0);
		EXPECT_EQ(done.pauses, 0);
		EXPECT_EQ(pp_push_until(e.tx, &item, 0), -ETIMEDOUT);
		EXPECT_EQ(done.pauses, paused);
		EXPECT_EQ(pp_push_until(e.tx, &item, 0), -ETIMEDOUT);
		EXPECT_EQ(done.pauses, paused);
	}
	ends_let_go(&e);
}

Test(pacing, a_push_of_few_slots_pauses_when_it_filled_some_but_few_and_finds_none)
{
	marked_pushes_in_rounds(1, 1, 0);
	marked_pushes_in_rounds(2, 2, 0);
	marked_pushes_in_rounds(8, 2, 1);
	marked_pushes_in_rounds(8, 5, 0);
	marked_pushes_in_rounds(64, 33, 0);
	marked_pushes_in_rounds(64, 32, 8);
	marked_pushes_in_rounds(128, 32, 16);
	marked_pushes_in_rounds(128, 33, 0);
}

/* ---- A limit --------------------------------------------------------------------------- */

/* Never longer than the limit and one step, which takes a look at the clock of its own. */
static void spin_in_vain(int number_of_cpus, int64_t spin_ns)
{
	struct pp_spin spin = spin_on(number_of_cpus, spin_ns, 128);
	struct pp_spinner spinner;
	int64_t took;

	done = (struct done){ 0 };
	pp_spin_begin(&spinner, &spin);
	while (pp_spin_step(&spinner))
		EXPECT_EQ(done.looks, 1 + done.pauses + done.yields);
	took = (int64_t)(done.pauses + done.yields) * STEP;
	EXPECT(took < spin_ns + STEP);
	if (done.yields < YIELDS)
		EXPECT(took >= spin_ns);
	EXPECT(number_of_cpus > 1 || done.pauses == 0);
	EXPECT(done.yields <= YIELDS);
}

Test(pacing, a_wait_with_a_limit_lasts_no_longer_than_it_and_one_step)
{
	for (int number_of_cpus = 1; number_of_cpus <= 2; number_of_cpus++) {
		for (int64_t spin_ns = 1; spin_ns < 4 * PP_US; spin_ns += 7)
			spin_in_vain(number_of_cpus, spin_ns);
		spin_in_vain(number_of_cpus, PP_SEC);
	}
}

/* However much it has learned: the limit is the caller's. */
Test(pacing, a_limit_is_not_learned_away)
{
	struct pp_spin spin = spin_on(2, 500, 128);
	struct pp_spinner spinner;

	for (int wait = 0; wait < 100; wait++) {
		done = (struct done){ 0 };
		pp_spin_begin(&spinner, &spin);
		while (pp_spin_step(&spinner))
			;
		EXPECT_EQ(done.pauses, 500 / STEP);
		if (wait % 3 == 0) {
			pp_spin_end(&spinner, true);
		} else {
			done.pauses += PP_MS / STEP; /* asleep */
			pp_spin_end(&spinner, false);
			pp_spin_parked(&spinner);
		}
	}
}

/* ---- What a wait teaches -------------------------------------------------------------- */

/* Waits that end at the first yield: how many pauses the last of `waits` made. */
static unsigned pauses_of_late_wait(bool shared, int waits)
{
	struct pp_spin spin;
	struct pp_spinner spinner;

	cpus = 2;
	pp_spin_init(&spin, PP_SPIN_ADAPTIVE, (struct pp_spin_wish){ .patience = 8, .shared = shared });
	for (int wait = 0; wait < waits; wait++) {
		done.yields = 0;
		done.pauses = 1; /* the clock is not at 0 */
		pp_spin_begin(&spinner, &spin);
		while (done.yields == 0)
			EXPECT(pp_spin_step(&spinner));
		pp_spin_end(&spinner, true);
	}
	return done.pauses - 1;
}

Test(pacing, pauses_that_are_always_in_vain_are_given_up_where_one_thread_waits)
{
	EXPECT(pauses_of_late_wait(false, 1) > 100);
	EXPECT_EQ(pauses_of_late_wait(false, 200), 0);
}

Test(pacing, where_several_threads_wait_pauses_keep_them_apart)
{
	EXPECT(pauses_of_late_wait(true, 200) > 100);
}

Test(pacing, several_threads_that_wait_do_not_all_pause_equally_long)
{
	struct pp_spin spin;
	unsigned least = UINT32_MAX, most = 0;

	cpus = 2;
	pp_spin_init(&spin, PP_SPIN_ADAPTIVE, (struct pp_spin_wish){ .patience = 1, .shared = true });
	for (unsigned start = 1; start < 200; start++) {
		struct pp_spinner spinner;

		done = (struct done){ .pauses = start };
		pp_spin_begin(&spinner, &spin);
		while (done.yields == 0 && pp_spin_step(&spinner))
			;
		least = done.pauses - start < least ? done.pauses - start : least;
		most = done.pauses - start > most ? done.pauses - start : most;
	}
	EXPECT(most > 3 * least);
}
