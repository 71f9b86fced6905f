/* SPDX-License-Identifier: MIT */
/* A case of each way to end; the name says what the runner must say of it. */
#include <criterion/criterion.h>

static bool initialised;

static void initialise(void)
{
	initialised = true;
}

TestSuite(selftest, .init = initialise, .timeout = 2);

Test(selftest, ok_that_returns)
{
	cr_assert(initialised, "init comes first");
	cr_assert_str_eq("same", "same");
}

Test(selftest, ok_that_exits)
{
	exit(0);
}

Test(selftest, FAILED_by_an_assertion)
{
	cr_assert(1 == 2, "%d is not %d", 1, 2);
}

Test(selftest, FAILED_by_an_assertion_about_words)
{
	cr_assert_str_eq("one", "two");
}

Test(selftest, FAILED_by_decision)
{
	cr_assert_fail("so it is");
}

Test(selftest, FAILED_by_a_status)
{
	exit(3);
}

Test(selftest, FAILED_by_a_crash)
{
	volatile int *volatile nowhere = NULL;

	*nowhere = 1;
}

Test(selftest, FAILED_by_a_hang)
{
	for (;;)
		pause();
}

Test(selftest, FAILED_by_a_hang_that_no_signal_but_one_ends)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	for (;;)
		pause();
}

Test(selftest, skipped_by_itself)
{
	cr_skip_test("not here");
}
