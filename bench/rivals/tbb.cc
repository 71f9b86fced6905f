/* SPDX-License-Identifier: MIT */
/* oneTBB's bounded queue, with the calls that sleep or, where RIVAL_TRIES, those that try. */
#include "rival.h"

#include <tbb/concurrent_queue.h>

template <class T> struct tbb_bounded {
	explicit tbb_bounded(const pp_bench_spec &spec)
	{
		queue.set_capacity(static_cast<std::ptrdiff_t>(spec.capacity));
	}

	tbb_bounded &pusher() { return *this; }
	tbb_bounded &puller() { return *this; }

	bool try_push(const T &item) { return queue.try_push(item); }
	bool try_pull(T &item) { return queue.try_pop(item); }
#ifndef RIVAL_TRIES
	bool push(const T &item) { queue.push(item); return true; }
	bool pull(T &item) { queue.pop(item); return true; }
#endif
	/* Negative while there are sleeping pulls. */
	size_t size() const
	{
		std::ptrdiff_t inside = queue.size();

		return inside > 0 ? static_cast<size_t>(inside) : 0;
	}

	tbb::concurrent_bounded_queue<T> queue;
};

#ifdef RIVAL_TRIES
#define HOW "try and yield"
#define WAITS 0u
#else
#define HOW "push and pop sleep"
#define WAITS PP_BENCH_BLOCKS
#endif

RIVAL(tbb_bounded, "tbb::concurrent_bounded_queue, " HOW,
      PP_BENCH_FIFO | PP_BENCH_PRODUCER_FIFO | PP_BENCH_BOUNDED | PP_BENCH_EXACT | WAITS, 0, 0)
