/* SPDX-License-Identifier: MIT */
/* Boost's queue for any number of threads: a list whose nodes are made beforehand. */
#include "rival.h"

#include <boost/lockfree/queue.hpp>

template <class T> struct boost_queue {
	explicit boost_queue(const pp_bench_spec &spec) : queue(spec.capacity) {}

	boost_queue &pusher() { return *this; }
	boost_queue &puller() { return *this; }

	/* push() would allocate, without bounds. */
	bool try_push(const T &item) { return queue.bounded_push(item); }
	bool try_pull(T &item) { return queue.pop(item); }

	boost::lockfree::queue<T> queue;
};

RIVAL(boost_queue, "boost::lockfree::queue, bounded_push, try and yield",
      PP_BENCH_FIFO | PP_BENCH_PRODUCER_FIFO | PP_BENCH_BOUNDED | PP_BENCH_EXACT, 0, 0)
