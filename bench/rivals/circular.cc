/* SPDX-License-Identifier: MIT */
/* moodycamel's ring for one producer and one consumer: both sides spin, then sleep. */
#include "rival.h"

#include <readerwriterqueue/readerwritercircularbuffer.h>

template <class T> struct circular {
	explicit circular(const pp_bench_spec &spec) : queue(spec.capacity) {}

	circular &pusher() { return *this; }
	circular &puller() { return *this; }

	bool try_push(const T &item) { return queue.try_enqueue(item); }
	bool try_pull(T &item) { return queue.try_dequeue(item); }
	bool push(const T &item) { queue.wait_enqueue(item); return true; }
	bool pull(T &item) { queue.wait_dequeue(item); return true; }
	size_t size() const { return queue.size_approx(); }

	moodycamel::BlockingReaderWriterCircularBuffer<T> queue;
};

RIVAL(circular,
      "moodycamel::BlockingReaderWriterCircularBuffer, wait_enqueue and wait_dequeue sleep",
      PP_BENCH_FIFO | PP_BENCH_PRODUCER_FIFO | PP_BENCH_BOUNDED | PP_BENCH_EXACT | PP_BENCH_BLOCKS,
      1, 1)
