/* SPDX-License-Identifier: MIT */
/*
 * What the adapters of other C++ queues share.  An adapter is a class template over the item
 * and one line:
 *
 *     template <class T> struct mine {
 *         explicit mine(const pp_bench_spec &spec);
 *         mine &pusher();                      an end, for one thread; may also be made here
 *         mine &puller();
 *         bool try_push(const T &item);        of the ends
 *         bool try_pull(T &item);
 *     };
 *     RIVAL(mine, "what it is", PP_BENCH_FIFO | PP_BENCH_BOUNDED, 1, 1)
 *
 * and, where the queue has them: bool push(const T &) and bool pull(T &), which wait, and then are
 * what is measured; ssize_t try_push_n(const T *, size_t), size_t try_pull_n(T *, size_t);
 * size_t size() const, from the true indices; size_t capacity() const, where it is not what was
 * asked for; uint64_t memory() const, the most bytes of a queue without bounds.  A push that says
 * false, or less than 0, gives up.
 *
 * Queues have no end of their own, so it is made here.  Whoever tries looks at a flag
 * when it has found nothing.  Who sleeps in pull gets a stop item, as programs do it.
 */
#ifndef RIVALS_RIVAL_H
#define RIVALS_RIVAL_H

#include "patience.h"

#include <atomic>
#include <cerrno>
#include <memory>
#include <type_traits>
#include <utility>

namespace rival {

/* An item as its users have it: a word, or a structure of words. */
template <size_t Words> struct block { uint64_t words[Words]; };

/* No real item's word: there are not that many producers. */
constexpr uint64_t stop_word = ~UINT64_C(0);

template <class T> inline bool is_stop(const T &item) { return pp_bench_get(&item) == stop_word; }

template <class T> inline T stop_item()
{
	T item{};

	pp_bench_put(&item, stop_word);
	return item;
}

/* What of the optional there is. */
#define RIVAL_HAS(what, call)                                                          \
	template <class Q, class T, class = void> struct has_##what : std::false_type {}; \
	template <class Q, class T>                                                    \
	struct has_##what<Q, T, std::void_t<decltype(call)>> : std::true_type {};

RIVAL_HAS(size, std::declval<const Q &>().size())
RIVAL_HAS(capacity, std::declval<const Q &>().capacity())
RIVAL_HAS(memory, std::declval<const Q &>().memory())
RIVAL_HAS(push, std::declval<Q &>().pusher().push(std::declval<const T &>()))
RIVAL_HAS(pull, std::declval<Q &>().puller().pull(std::declval<T &>()))
RIVAL_HAS(push_n, std::declval<Q &>().pusher().try_push_n(std::declval<const T *>(), size_t()))

/* One open queue, whatever its items. */
struct opened {
	virtual ~opened() = default;
	virtual void produce(pp_bench_side *side) = 0;
	virtual void consume(pp_bench_side *side) = 0;
	virtual void close() = 0;
	virtual size_t size() const = 0;
	virtual size_t capacity() const = 0;
	virtual uint64_t memory() const = 0;
};

template <class Q, class T> class opened_with : public opened {
	using pusher = std::remove_reference_t<decltype(std::declval<Q &>().pusher())>;
	using puller = std::remove_reference_t<decltype(std::declval<Q &>().puller())>;

	/* A consumer of this run: its end, and where the word of the end comes from. */
	struct pulling {
		puller &end;
		const std::atomic<bool> &closed;
		unsigned stops;
	};

	/* ---- one item ---- */

	static bool push(pusher &end, const T &item)
	{
		if constexpr (has_push<Q, T>())
			return end.push(item);
		unsigned tries = 0;

		while (!end.try_push(item))
			patience(&tries);
		return true;
	}

	/* Found nothing.  The flag first: what was pushed before it is then found. */
	template <class Try> static bool pull_late(const std::atomic<bool> &closed, Try &&found)
	{
		unsigned tries = 0;

		for (;;) {
			bool over = closed.load(std::memory_order_acquire);

			if (found())
				return true;
			if (over)
				return false;
			patience(&tries);
		}
	}

	static bool pull_by_try(pulling &from, T &item)
	{
		return from.end.try_pull(item) ||
		       pull_late(from.closed, [&] { return from.end.try_pull(item); });
	}

	static bool pull_until_stop(pulling &from, T &item)
	{
		return from.end.pull(item) && !is_stop(item);
	}

	/* A stop may overtake items where there is no single order. */
	static bool pull_rest(pulling &from, T &item)
	{
		while (from.end.try_pull(item)) {
			if (!is_stop(item))
				return true;
			from.stops++;
		}
		return false;
	}

	/* ---- several ---- */

	static ssize_t push_n(pusher &end, const T *items, size_t count)
	{
		unsigned tries = 0;
		ssize_t in;

		while (!(in = end.try_push_n(items, count)))
			patience(&tries);
		return in;
	}

	static ssize_t pull_n(pulling &from, T *items, size_t count)
	{
		size_t out = 0;
		auto some = [&] { return (out = from.end.try_pull_n(items, count)) != 0; };

		return some() || pull_late(from.closed, some) ? ssize_t(out) : -1;
	}

	/* ---- the loops; here `queue` is the end ---- */

	template <class P> static P &as(void *end) { return *static_cast<P *>(end); }
	static T *items_at(char *items) { return &as<T>(items); }

	PP_BENCH_PRODUCE(push_each, push(as<pusher>(queue), as<const T>(item)) ? 0 : -1)
	PP_BENCH_CONSUME(try_each, pull_by_try(as<pulling>(queue), as<T>(item)) ? 0 : -1)
	PP_BENCH_CONSUME(pull_each, pull_until_stop(as<pulling>(queue), as<T>(item)) ? 0 : -1)
	PP_BENCH_CONSUME(pull_each_rest, pull_rest(as<pulling>(queue), as<T>(item)) ? 0 : -1)
	PP_BENCH_PRODUCE_N(push_batches, push_n(as<pusher>(queue), items_at(items), count))
	PP_BENCH_CONSUME_N(pull_batches, pull_n(as<pulling>(queue), items_at(items), count))

	/* A consumer that comes after the end gets no stop, and needs none. */
	void pull_to_stop(pulling &from, pp_bench_side *side)
	{
		inside_.fetch_add(1);
		if (!closed_.load())
			pull_each(&from, side);
		if (side->left && closed_.load())
			pull_each_rest(&from, side);
		inside_.fetch_sub(1);
		push_stops(from.stops); /* they were for others */
	}

	/* A full queue that nobody pulls from holds no sleeper that would need one. */
	void push_stops(unsigned count)
	{
		for (; count; count--) {
			auto &&end = queue_.pusher();
			unsigned tries = 0;

			while (!end.try_push(stop_item<T>())) {
				if (!inside_.load())
					return;
				patience(&tries);
			}
		}
	}

public:
	explicit opened_with(const pp_bench_spec &spec) : queue_(spec), spec_(spec) {}

	void produce(pp_bench_side *side) override
	{
		auto &&end = queue_.pusher();

		if constexpr (has_push_n<Q, T>())
			if (spec_.batch > 1)
				return push_batches(&end, side);
		push_each(&end, side);
	}

	void consume(pp_bench_side *side) override
	{
		auto &&end = queue_.puller();
		pulling from = { end, closed_, 0 };

		if constexpr (has_pull<Q, T>())
			return pull_to_stop(from, side);
		if constexpr (has_push_n<Q, T>())
			if (spec_.batch > 1)
				return pull_batches(&from, side);
		try_each(&from, side);
	}

	void close() override
	{
		closed_.store(true);
		if constexpr (has_pull<Q, T>())
			push_stops(spec_.consumers);
	}

	size_t size() const override
	{
		if constexpr (has_size<Q, T>())
			return queue_.size();
		return 0;
	}

	size_t capacity() const override
	{
		if constexpr (has_capacity<Q, T>())
			return queue_.capacity();
		return spec_.capacity;
	}

	uint64_t memory() const override
	{
		if constexpr (has_memory<Q, T>())
			return queue_.memory();
		return 0;
	}

private:
	Q queue_;
	const pp_bench_spec spec_;
	alignas(128) std::atomic<bool> closed_{false};
	std::atomic<unsigned> inside_{0};
};

/* Of the sizes that the workloads have: a type is made for each. */
template <template <class> class Q> opened *make(const pp_bench_spec &spec)
{
	switch (spec.item_size) {
	case 8:  return new opened_with<Q<uint64_t>, uint64_t>(spec);
	case 64: return new opened_with<Q<block<8>>, block<8>>(spec);
	default: return nullptr;
	}
}

template <template <class> class Q> int open(void **queue, const pp_bench_spec *spec)
{
	try {
		*queue = make<Q>(*spec);
		return *queue ? 0 : -EOPNOTSUPP;
	} catch (...) {
		return -ENOMEM;
	}
}

inline opened *of(void *queue) { return static_cast<opened *>(queue); }

inline size_t size_of(void *queue) { return of(queue)->size(); }

inline void counts_of(void *queue, pp_bench_counts *counts)
{
	*counts = {};
	counts->memory = of(queue)->memory();
}

template <template <class> class Q>
pp_bench_queue plugin(const char *name, const char *about, uint32_t guarantees,
		      uint32_t max_producers, uint32_t max_consumers)
{
	using word = Q<uint64_t>;

	if (has_push_n<word, uint64_t>())
		guarantees |= PP_BENCH_BATCHES;
	return { PP_BENCH_ABI, sizeof(pp_bench_queue), name, about, guarantees,
		 max_producers, max_consumers, open<Q>,
		 [](void *queue, pp_bench_side *side) { of(queue)->produce(side); },
		 [](void *queue, pp_bench_side *side) { of(queue)->consume(side); },
		 [](void *queue) { of(queue)->close(); },
		 [](void *queue) { delete of(queue); },
		 has_size<word, uint64_t>() ? size_of : nullptr,
		 has_memory<word, uint64_t>() ? counts_of : nullptr,
		 [](void *queue) { return of(queue)->capacity(); } };
}

}

/* RIVAL_NAME and RIVAL_VERSION come from the build: of the package and of the compiler. */
#define RIVAL(queue, about, guarantees, max_producers, max_consumers)                  \
	extern "C" const pp_bench_queue pp_bench_queue_v1 = rival::plugin<queue>(RIVAL_NAME, \
		about " (" RIVAL_VERSION ")", guarantees, max_producers, max_consumers);

#endif
