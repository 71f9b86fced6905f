/* SPDX-License-Identifier: MIT */
/* What the machine can do at best: the floor under every figure. */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H

/* Items a second through a plain index ring on two CPUs, 8-byte items, capacity 1024, each
 * index published every `publish` items. */
double index_ring_rate(unsigned publish);
/* A futex round trip between two threads, in ns. */
double futex_round_trip(int two_cpus);
/* Share of a CPU that a thread takes which is woken `wakes` times, every so often. */
double futex_waiter_share(unsigned wakes, long every_ns);

#endif
