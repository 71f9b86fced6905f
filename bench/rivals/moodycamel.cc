/* SPDX-License-Identifier: MIT */
/*
 * moodycamel's ConcurrentQueue, as its documentation advises, with a token per thread; then it
 * has no bounds but memory.  Where RIVAL_BLOCKS, its brother whose pull sleeps.  Where
 * RIVAL_BOUNDED, with try_enqueue into blocks that were made beforehand.  That without tokens of
 * the producers: with them a producer keeps the blocks that it once had, and others may never get
 * one.
 */
#include "rival.h"

#include <concurrentqueue/blockingconcurrentqueue.h>

#include <cstdlib>
#include <malloc.h>

/* Memory is counted, so that an unbounded queue stops at the limit that it was given. */
struct counting : moodycamel::ConcurrentQueueDefaultTraits {
	/* Full blocks of a producer without a token: shall be their most, for 65536 items. */
	static const size_t IMPLICIT_INITIAL_INDEX_SIZE = 4096;

	static inline std::atomic<uint64_t> held{0}, most{0}, limit{UINT64_MAX};

	static void *malloc(size_t size)
	{
		void *memory = held.load() + size <= limit.load() ? std::malloc(size) : nullptr;

		if (memory) {
			uint64_t now = held += malloc_usable_size(memory), before = most.load();

			while (before < now && !most.compare_exchange_weak(before, now)) {}
		}
		return memory;
	}

	static void free(void *memory)
	{
		held -= malloc_usable_size(memory);
		std::free(memory);
	}
};

template <class T> struct moody {
#ifdef RIVAL_BLOCKS
	using queue_type = moodycamel::BlockingConcurrentQueue<T, counting>;
#else
	using queue_type = moodycamel::ConcurrentQueue<T, counting>;
#endif

	struct pull_end {
		queue_type &queue;
		moodycamel::ConsumerToken token;

		bool try_pull(T &item) { return queue.try_dequeue(token, item); }

		size_t try_pull_n(T *items, size_t count)
		{
			return queue.try_dequeue_bulk(token, items, count);
		}
#ifdef RIVAL_BLOCKS
		bool pull(T &item) { queue.wait_dequeue(token, item); return true; }
#endif
	};

	pull_end puller() { return { queue, moodycamel::ConsumerToken(queue) }; }

#ifdef RIVAL_BOUNDED
	explicit moody(const pp_bench_spec &spec)
		: queue(spec.capacity, 0, spec.producers),
		  room(((spec.capacity + block - 1) / block - 1 + 2 * spec.producers) * block) {}

	moody &pusher() { return *this; }

	bool try_push(const T &item) { return queue.try_enqueue(item); }

	/* In bulk it is all or nothing. */
	ssize_t try_push_n(const T *items, size_t count)
	{
		return queue.try_enqueue_bulk(items, count) ? ssize_t(count) : try_push(*items);
	}

	/* Blocks, and two for each producer. */
	size_t capacity() const { return room; }

	static constexpr size_t block = queue_type::BLOCK_SIZE;
	queue_type queue;
	size_t room;
#else
	explicit moody(const pp_bench_spec &spec) : queue(spec.capacity, spec.producers, 0)
	{
		counting::most = counting::held.load();
		counting::limit = spec.memory_limit ? spec.memory_limit : UINT64_MAX;
	}

	~moody() { counting::limit = UINT64_MAX; }

	struct push_end {
		queue_type &queue;
		moodycamel::ProducerToken token;

		bool push(const T &item) { return queue.enqueue(token, item); }

		/* Of a stop, which shall get through. */
		bool try_push(const T &item)
		{
			counting::limit = UINT64_MAX;
			return push(item);
		}

		ssize_t try_push_n(const T *items, size_t count)
		{
			return queue.enqueue_bulk(token, items, count) ? ssize_t(count) : -1;
		}
	};

	push_end pusher() { return { queue, moodycamel::ProducerToken(queue) }; }
	uint64_t memory() const { return counting::most.load(); }

	queue_type queue;
#endif
	size_t size() const { return queue.size_approx(); }
};

#if defined(RIVAL_BLOCKS)
RIVAL(moody, "moodycamel::BlockingConcurrentQueue, tokens, enqueue, wait_dequeue sleeps",
      PP_BENCH_PRODUCER_FIFO | PP_BENCH_BLOCKS, 0, 0)
#elif defined(RIVAL_BOUNDED)
RIVAL(moody, "moodycamel::ConcurrentQueue, try_enqueue and try_dequeue and yield",
      PP_BENCH_PRODUCER_FIFO | PP_BENCH_BOUNDED, 0, 0)
#else
RIVAL(moody, "moodycamel::ConcurrentQueue, tokens, enqueue, try_dequeue and yield",
      PP_BENCH_PRODUCER_FIFO, 0, 0)
#endif
