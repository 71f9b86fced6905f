/* SPDX-License-Identifier: MIT */
/* Rings above capacity 0, with all that may happen to them. */
#include "script.hpp"

namespace model {

static const scenario scenarios[] = {
	/* One thread alone: capacity is exact, and room given back is room. */
	{ "spsc-exact-1", PP_SPSC, 1, { "SFLSFLeSF" },       0, 1 },
	{ "spsc-exact-2", PP_SPSC, 2, { "SSFLSFLLeSSF" },    0, 1 },
	{ "spsc-exact-3", PP_SPSC, 3, { "SSSFLSFLLLeSSSF" }, 0, 1 },
	{ "mpmc-exact-1", PP_MPMC, 1, { "SFLSFLeSF" },       0, 1 },
	{ "mpmc-exact-2", PP_MPMC, 2, { "SSFLSFLLeSSF" },    0, 1 },
	{ "mpmc-exact-3", PP_MPMC, 3, { "SSSFLSFLLLeSSSF" }, 0, 1 },

	/* More items than capacity, across the wrap; both sides sleep and are woken. */
	{ "spsc-1",        PP_SPSC, 1, { "PPP", "LLL" },           0,      30 },
	{ "spsc-2",        PP_SPSC, 2, { "PPPP", "LLLL" },         0,      30 },
	{ "spsc-3",        PP_SPSC, 3, { "PPPPP", "LLLLL" },       0,      30 },
	{ "spsc-fenced",   PP_SPSC, 1, { "PPP", "LLL" },           FENCED, 20 },
	{ "spsc-batch",    PP_SPSC, 2, { "BBP", "MMM" },           0,      30 },
	{ "spsc-try",      PP_SPSC, 1, { "ppppp", "lllll" },       0,      20 },
	{ "spsc-tracked",  PP_SPSC, 2, { "PPP", "LL" },            TRACK,  10 },
	{ "mpmc-1",        PP_MPMC, 1, { "PP", "P", "LL", "L" },   0,      60 },
	{ "mpmc-2",        PP_MPMC, 2, { "PP", "PP", "LL", "LL" }, 0,      60 },
	{ "mpmc-3",        PP_MPMC, 3, { "PPP", "PP", "LL", "LLL" }, 0,    40 },
	{ "mpmc-one-each", PP_MPMC, 2, { "PPPP", "LLLL" },         0,      30 },
	{ "mpmc-fenced",   PP_MPMC, 1, { "PP", "P", "LL", "L" },   FENCED, 20 },
	{ "mpmc-batch",    PP_MPMC, 2, { "BP", "B", "MM", "M" },   0,      40 },
	{ "mpmc-try",      PP_MPMC, 2, { "pppp", "pp", "lll", "ll" }, 0,   20 },
	{ "mpmc-tracked",  PP_MPMC, 2, { "PP", "P", "L", "L" },    TRACK,  10 },

	/* A pusher stopped between claim and publish, a later slot full: the item that a
	 * puller could be left to sleep beside; and its mirror image. */
	{ "mpmc-stranded-item", PP_MPMC, 2, { "P", "P", "L", "L" },   0, 150 },
	{ "mpmc-stranded-room", PP_MPMC, 2, { "PPP", "P", "L", "L" }, 0, 150 },

	/* Some leave by deadline or signal while others wait. */
	{ "spsc-deadline",      PP_SPSC, 1, { "DDPDC", "EEQ" },     0,             30 },
	{ "mpmc-deadline-pull", PP_MPMC, 2, { "P", "P", "L", "E" },   0,            100 },
	{ "mpmc-deadline-push", PP_MPMC, 1, { "PD", "P", "L", "L" },  0,            100 },
	{ "mpmc-signal-pull",   PP_MPMC, 2, { "P", "P", "L", "J" },   INTERRUPTIBLE, 60 },
	{ "mpmc-signal-push",   PP_MPMC, 1, { "PI", "P", "L", "L" },  INTERRUPTIBLE, 60 },

	{ "mpmc-leave-pull",    PP_MPMC, 2, { "Pl", "P", "W", "E" },    0, 100 },
	{ "mpmc-leave-late",    PP_MPMC, 2, { "Pl", "2P", "W", "E" },   0,  60, 3 },
	{ "mpmc-leave-pull-3",  PP_MPMC, 3, { "Pl", "PP", "WW", "EE" }, 0, 100 },
	{ "mpmc-leave-push",    PP_MPMC, 2, { "wwlp", "L", "w", "D" },  0, 100 },
	{ "mpmc-leave-signal",  PP_MPMC, 2, { "Pl", "P", "W", "J" },    INTERRUPTIBLE, 60 },

	/* Close: a push returns 0 if and only if its item is pulled. */
	{ "spsc-close",        PP_SPSC, 1, { "PPP", "Q", "C" },       0,      60 },
	{ "spsc-close-2",      PP_SPSC, 2, { "PBP", "Q", "C", "C" },  0,      40 },
	{ "spsc-close-last",   PP_SPSC, 1, { "PPC", "Q" },            0,      20 },
	{ "spsc-close-push",   PP_SPSC, 1, { "PPP", "L", "C" },       0,      30 },
	{ "spsc-close-fenced", PP_SPSC, 1, { "PPP", "Q", "C" },       FENCED, 20 },
	{ "mpmc-close",        PP_MPMC, 1, { "PP", "PP", "Q", "C" },  0,      60 },
	{ "mpmc-close-2",      PP_MPMC, 2, { "PBC", "C", "Q", "Q" },  0,      60 },
	{ "mpmc-close-push",   PP_MPMC, 1, { "PP", "P", "L", "C" },   0,      30 },

	/* Cancel: each item accepted is pulled or dropped, once. */
	{ "spsc-cancel",        PP_SPSC, 2, { "PPPP", "LL", "X" },     0,      60 },
	{ "spsc-cancel-pull",   PP_SPSC, 1, { "P", "LL", "X" },        0,      30 },
	{ "spsc-cancel-2",      PP_SPSC, 1, { "PPP", "LQ", "X", "C" }, 0,      40 },
	{ "spsc-cancel-twice",  PP_SPSC, 2, { "PP", "L", "X", "X" },   0,      30 },
	{ "spsc-cancel-fenced", PP_SPSC, 2, { "PPPP", "LL", "X" },     FENCED, 20 },
	{ "mpmc-cancel",        PP_MPMC, 2, { "PP", "PP", "LL", "X" }, 0,      60 },
	{ "mpmc-cancel-batch",  PP_MPMC, 2, { "B", "BP", "M", "X" },   0,      30 },
	{ "mpmc-cancel-pull",   PP_MPMC, 1, { "P", "LL", "L", "X" },   0,      30 },
	{ "mpmc-cancel-2",      PP_MPMC, 1, { "PP", "LQ", "X", "C" },  0,      40 },
	{ "mpmc-cancel-twice",  PP_MPMC, 2, { "PP", "L", "X", "X" },   0,      30 },

	/* The last owner of an end ends it, the last of all frees the ring. */
	{ "spsc-unref",  PP_SPSC, 2, { "PPU", "LV" },               0, 20 },
	{ "spsc-unref-end", PP_SPSC, 1, { "PPU", "QV" },            0, 20 },
	{ "mpmc-unref",  PP_MPMC, 2, { "PU", "PU", "LV", "LV" },    0, 40 },
};

} // namespace model

#include "main.hpp"
