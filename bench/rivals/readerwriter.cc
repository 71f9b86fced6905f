/* SPDX-License-Identifier: MIT */
/* moodycamel's queue of blocks for one producer and one consumer. */
#include "rival.h"

#include <readerwriterqueue/readerwriterqueue.h>

template <class T> struct readerwriter {
	explicit readerwriter(const pp_bench_spec &spec) : queue(spec.capacity) {}

	readerwriter &pusher() { return *this; }
	readerwriter &puller() { return *this; }

	/* enqueue() would allocate, without bounds. */
	bool try_push(const T &item) { return queue.try_enqueue(item); }
	bool try_pull(T &item) { return queue.try_dequeue(item); }
	size_t size() const { return queue.size_approx(); }
	size_t capacity() const { return queue.max_capacity(); }

	moodycamel::ReaderWriterQueue<T> queue;
};

RIVAL(readerwriter, "moodycamel::ReaderWriterQueue, try_enqueue and yield",
      PP_BENCH_FIFO | PP_BENCH_PRODUCER_FIFO | PP_BENCH_BOUNDED, 1, 1)
