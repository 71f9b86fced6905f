/* SPDX-License-Identifier: MIT */
/* The library's aligned blocks, counted.  It calls the allocator of the program, which comes first. */
#ifndef MUTATE_CASES_BLOCKS_H
#define MUTATE_CASES_BLOCKS_H

#include "support.h"

#include <stdlib.h>

static void *blocks[16]; /* that are not given back */
static int taken;
static int fail_aligned = -1; /* after so many */

void *aligned_alloc(size_t alignment, size_t size)
{
	void *block = NULL;

	if (fail_aligned >= 0 && fail_aligned-- == 0)
		return NULL;
	if (posix_memalign(&block, alignment, size))
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(blocks); i++)
		if (!blocks[i]) {
			blocks[i] = block;
			taken++;
			break;
		}
	return block;
}

void free(void *block)
{
	extern void __libc_free(void *block);

	for (size_t i = 0; block && i < ARRAY_LEN(blocks); i++)
		if (blocks[i] == block) {
			blocks[i] = NULL;
			taken--;
		}
	__libc_free(block);
}

#endif
