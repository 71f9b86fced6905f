/* SPDX-License-Identifier: MIT */
/* Luck that can be repeated: splitmix64, after S. Vigna. */
#ifndef LINEAR_LUCK_H
#define LINEAR_LUCK_H

#include <stdint.h>

struct luck { uint64_t state; };

static inline uint64_t luck_draw(struct luck *l)
{
	uint64_t z = l->state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* 0 to n - 1; n > 0 */
static inline unsigned luck_below(struct luck *l, unsigned n)
{
	return (unsigned)(luck_draw(l) % n);
}

#endif
