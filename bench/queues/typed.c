/* SPDX-License-Identifier: MIT */
/* Our rings as their users have them: through pushpull/typed.h, inlined into the loops. */
#include "ring.h"

#include <pushpull/typed.h>

struct line {
	uint64_t words[8];
};

PP_TYPED(word, uint64_t);
PP_TYPED(line, struct line);

RING_LOOPS(words, word)
RING_LOOPS(lines, line)

static int open_typed(void **queue, const pp_bench_spec *spec, pp_kind kind)
{
	switch (spec->item_size) {
	case sizeof(uint64_t):    return ring_open(queue, spec, kind, &words_loops);
	case sizeof(struct line): return ring_open(queue, spec, kind, &lines_loops);
	default:                  return -EOPNOTSUPP; /* a type of its own for each size */
	}
}

static int open_typed_spsc(void **queue, const pp_bench_spec *spec)
{
	return open_typed(queue, spec, PP_SPSC);
}

static int open_typed_mpmc(void **queue, const pp_bench_spec *spec)
{
	return open_typed(queue, spec, PP_MPMC);
}

const pp_bench_queue queue_typed = {
	PP_BENCH_HEADER, .name = "typed",
	.about = "PP_SPSC, Lamport's ring, inlined by PP_TYPED(); items of 8 or 64 bytes",
	.guarantees = RING_GUARANTEES, .max_producers = 1, .max_consumers = 1,
	.open = open_typed_spsc, RING_CALLS,
};

const pp_bench_queue queue_typed_mpmc = {
	PP_BENCH_HEADER, .name = "typed_mpmc",
	.about = "PP_MPMC, Vyukov's queue, inlined by PP_TYPED(); items of 8 or 64 bytes",
	.guarantees = RING_GUARANTEES,
	.open = open_typed_mpmc, RING_CALLS,
};
