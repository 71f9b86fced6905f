/* SPDX-License-Identifier: MIT */
/* Capacity 0. */
#include "script.hpp"

namespace model {

static const scenario scenarios[] = {
	/* A push that has returned is a pull that has begun. */
	{ "meet-1",        PP_SPSC, 0, { "PPP", "LLL" },          0, 40 },
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
