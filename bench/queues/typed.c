/* SPDX-License-Identifier: MIT */
/* PP_SPSC as a program of its own has it: through pushpull/typed.h, inlined into the loops. */
#include "ring.h"

#include <pushpull/typed.h>

struct line {
	uint64_t words[8];
};

PP_TYPED(word, uint64_t);
PP_TYPED(line, struct line);

RING_LOOPS(words, word)
RING_LOOPS(lines, line)

static int open_typed(void **queue, const pp_bench_spec *spec)
{
	switch (spec->item_size) {
	case sizeof(uint64_t):    return ring_open(queue, spec, PP_SPSC, &words_loops);
	case sizeof(struct line): return ring_open(queue, spec, PP_SPSC, &lines_loops);
	default:                  return -EOPNOTSUPP; /* a type of its own for each size */
	}
}

const pp_bench_queue queue_typed = {
	PP_BENCH_HEADER, .name = "typed",
	.about = "PP_SPSC, Lamport's ring, inlined by PP_TYPED(); items of 8 or 64 bytes",
	.guarantees = RING_GUARANTEES, .max_producers = 1, .max_consumers = 1,
	.open = open_typed, RING_CALLS,
};
