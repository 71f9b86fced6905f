/* SPDX-License-Identifier: MIT */
/* Boost's ring for one producer and one consumer. */
#include "rival.h"

#include <boost/lockfree/spsc_queue.hpp>

template <class T> struct boost_spsc {
	explicit boost_spsc(const pp_bench_spec &spec) : queue(spec.capacity) {}

	boost_spsc &pusher() { return *this; }
	boost_spsc &puller() { return *this; }

	bool try_push(const T &item) { return queue.push(item); }
	bool try_pull(T &item) { return queue.pop(item); }
	ssize_t try_push_n(const T *items, size_t n) { return ssize_t(queue.push(items, n)); }
	size_t try_pull_n(T *items, size_t n) { return queue.pop(items, n); }
	size_t size() const { return queue.read_available(); }

	boost::lockfree::spsc_queue<T> queue;
};

RIVAL(boost_spsc, "boost::lockfree::spsc_queue, try and yield",
      PP_BENCH_FIFO | PP_BENCH_PRODUCER_FIFO | PP_BENCH_BOUNDED | PP_BENCH_EXACT, 1, 1)
