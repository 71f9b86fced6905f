/* SPDX-License-Identifier: MIT */
/*
 * Who is in an end of the Python binding: _ffi_use.h.
 *
 *   p a call that needs the end for itself     s one that others may be beside
 *   r let go of the end                        d give its reference away; its new owner lets go of the ring
 *
 * `there` is the ring: each call reads it, and who lets go of it writes it.  `cursor` is what only one
 * thread may use at a time.
 */
#include "relacy_pre.hpp"

#include "base/atomic.h"
#include "harness.hpp"

#include "../../bindings/python/pushpull/_ffi_use.h"

namespace model {

typedef bare_scenario scenario;
static const scenario *current;

struct suite : rl::test_suite<suite, N> {
	rl::atomic<uint32_t> word;
	rl::var<int> there, cursor;
	rl::atomic<int> given_back;

	void before()
	{
		executions++;
		reset(false);
		word.store(0, rl::mo_relaxed, $);
		given_back.store(0, rl::mo_relaxed, $);
		there($).store(1);
		cursor($).store(0);
	}

	void give_back()
	{
		there($).store(0);
		given_back.fetch_add(1, rl::mo_relaxed, $);
	}

	void call(uint32_t flag)
	{
		if (use_enter(&word, flag) != USE_IN)
			return;
		REQUIRE(there($).load() == 1, "freed memory");
		if (flag)
			cursor($).store(cursor($).load() + 1);
		moved++;
		if (use_leave(&word, flag))
			give_back();
	}

	void thread(unsigned me)
	{
		for (const char *c = current->thread[me]; c && *c; c++)
			switch (*c) {
			case 'p': call(USE_BUSY); break;
			case 's': call(0); break;
			case 'r':
				if (use_release(&word))
					give_back();
				break;
			case 'd':
				if (use_detach(&word) == USE_IN)
					give_back();
				break;
			default: REQUIRE(false, "script");
			}
	}

	/* Once, if anybody let go. */
	void after()
	{
		bool gone = use_is_released(&word);

		REQUIRE(given_back.load(rl::mo_relaxed, $) == (gone ? 1 : 0), gone ? "lost or twice" : "early");
	}
};

static const scenario scenarios[] = {
	{ "use-alone",   { "pp", "pp", "p" },      10 },
	{ "use-release", { "ps", "sp", "r", "r" }, 20 },
	{ "use-detach",  { "ps", "sd", "d", "r" }, 20 },
};

} // namespace model

#include "main.hpp"
