/* SPDX-License-Identifier: MIT */
/*
 * max0x7ba's atomic_queue: with tries; where RIVAL_OPTIMIST with push and pop, which take a
 * place unseen and spin until it is free or filled; where RIVAL_SPSC so for one thread on each
 * side.  Words go into the kind for atomic items, larger items into the other one.
 *
 * With several threads on a side it promises no order: who waits for a place that is one lap
 * ahead may fill it before the one whose turn it is.
 */
#include "rival.h"

#include <atomic_queue/atomic_queue.h>

#ifdef RIVAL_SPSC
constexpr bool one_each = true;
#else
constexpr bool one_each = false;
#endif

/* An empty place of the kind for words holds a word that is no item and no stop. */
template <class T> struct kind_for {
	using type = atomic_queue::AtomicQueueB2<T, std::allocator<T>, true, false, one_each>;
};
template <> struct kind_for<uint64_t> {
	static constexpr uint64_t nil = rival::stop_word - 1;
	using type = atomic_queue::AtomicQueueB<uint64_t, std::allocator<uint64_t>, nil, true,
						false, one_each>;
};

template <class T> struct atomic_ring {
	explicit atomic_ring(const pp_bench_spec &spec)
		: queue(static_cast<unsigned>(spec.capacity)) {}

	atomic_ring &pusher() { return *this; }
	atomic_ring &puller() { return *this; }

	bool try_push(const T &item) { return queue.try_push(item); }
	bool try_pull(T &item) { return queue.try_pop(item); }
#if defined(RIVAL_OPTIMIST) || defined(RIVAL_SPSC)
	bool push(const T &item) { queue.push(item); return true; }
	bool pull(T &item) { item = queue.pop(); return true; }
#endif
	size_t size() const { return queue.was_size(); }
	size_t capacity() const { return queue.capacity(); }

	typename kind_for<T>::type queue;
};

#ifdef RIVAL_SPSC
RIVAL(atomic_ring, "atomic_queue::AtomicQueueB for one and one, push and pop spin",
      PP_BENCH_FIFO | PP_BENCH_PRODUCER_FIFO | PP_BENCH_BOUNDED, 1, 1)
#elif defined(RIVAL_OPTIMIST)
RIVAL(atomic_ring, "atomic_queue::AtomicQueueB, push and pop spin without yielding",
      PP_BENCH_BOUNDED, 0, 0)
#else
RIVAL(atomic_ring, "atomic_queue::AtomicQueueB, try_push and try_pop and yield",
      PP_BENCH_BOUNDED, 0, 0)
#endif
