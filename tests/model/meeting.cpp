/* SPDX-License-Identifier: MIT */
/* Capacity 0. */
#include "script.hpp"

namespace model {

static const scenario scenarios[] = {
	/* PP_SPSC, one word.  A push that has returned is a pull that has begun. */
	{ "spot-1",        PP_SPSC, 0, { "PPP", "LLL" },          0, 40 },
	{ "spot-batch",    PP_SPSC, 0, { "BBC", "MQ" },            0, 20 },
	{ "spot-try-push", PP_SPSC, 0, { "ppppp", "EEE" },        0, 40 },
	{ "spot-try-pull", PP_SPSC, 0, { "DDD", "lllll" },        0, 40 },
	{ "spot-deadline", PP_SPSC, 0, { "DDD", "EEE" },          0, 80 },
	{ "spot-leave",    PP_SPSC, 0, { "DPPC", "EQ" },          0, 60 },
	{ "spot-signal",   PP_SPSC, 0, { "IPC", "JQ" },           INTERRUPTIBLE, 40 },
	{ "spot-close",    PP_SPSC, 0, { "PPP", "Q", "C" },       0, 60 },
	{ "spot-close-2",  PP_SPSC, 0, { "DP", "EQ", "C", "C" },  0, 40 },
	{ "spot-cancel",   PP_SPSC, 0, { "PPP", "LLL", "X" },     0, 60 },
	{ "spot-cancel-2", PP_SPSC, 0, { "DP", "EL", "X", "C" },  0, 40 },
	{ "spot-unref",    PP_SPSC, 0, { "PPU", "LLV" },          0, 40 },

	/* PP_MPMC, two queues. */
	{ "meet-1",        PP_MPMC, 0, { "PPP", "LLL" },          0, 40 },
	{ "meet-2",        PP_MPMC, 0, { "PP", "P", "L", "LL" },  0, 60 },
	{ "meet-batch",    PP_MPMC, 0, { "B", "P", "LLL" },       0, 20 },

	/* Withdrawing by deadline and by signal, while a partner may be on its way. */
	{ "meet-deadline",   PP_MPMC, 0, { "DD", "D", "E", "EE" },  0,             60 },
	{ "meet-deadline-2", PP_MPMC, 0, { "DP", "P", "Q", "C" },   0,             40 },
	{ "meet-deadline-3", PP_MPMC, 0, { "PPC", "", "EE", "Q" },  0,             40 },
	{ "meet-signal",     PP_MPMC, 0, { "IP", "P", "QJ", "C" },  INTERRUPTIBLE, 40 },

	/* Tries meet only who waits. */
	{ "meet-try",      PP_MPMC, 0, { "ppp", "p", "E", "EE" },  0, 40 },
	{ "meet-try-pull", PP_MPMC, 0, { "DD", "D", "ll", "lll" }, 0, 40 },

	/* Ends. */
	{ "meet-close",    PP_MPMC, 0, { "PP", "P", "Q", "C" },    0, 40 },
	{ "meet-close-2",  PP_MPMC, 0, { "PC", "PC", "Q", "Q" },   0, 40 },
	{ "meet-cancel",   PP_MPMC, 0, { "PP", "P", "LQ", "X" },   0, 40 },
	{ "meet-cancel-2", PP_MPMC, 0, { "P", "L", "X", "C" },     0, 20 },
	{ "meet-unref",    PP_MPMC, 0, { "PU", "PU", "LV", "LV" }, 0, 40 },
};

} // namespace model

#include "main.hpp"
