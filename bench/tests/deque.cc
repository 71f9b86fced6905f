/* SPDX-License-Identifier: MIT */
/* A plugin made from a class, through the template of pushpull/bench.h. */
#include <pushpull/bench.h>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>

namespace {

class guarded_deque {
public:
	explicit guarded_deque(const pp_bench_spec &spec) : capacity_(spec.capacity) {}

	bool push(const void *item)
	{
		std::unique_lock<std::mutex> held(lock_);

		changed_.wait(held, [this] { return items_.size() < capacity_; });
		items_.push_back(pp_bench_get(item));
		changed_.notify_all();
		return true;
	}

	bool pull(void *item)
	{
		std::unique_lock<std::mutex> held(lock_);

		changed_.wait(held, [this] { return !items_.empty() || closed_; });
		if (items_.empty())
			return false;
		pp_bench_put(item, items_.front());
		items_.pop_front();
		changed_.notify_all();
		return true;
	}

	void close()
	{
		std::lock_guard<std::mutex> held(lock_);

		closed_ = true;
		changed_.notify_all();
	}

	size_t depth() const
	{
		std::lock_guard<std::mutex> held(lock_);

		return items_.size();
	}

private:
	mutable std::mutex lock_;
	std::condition_variable changed_;
	std::deque<std::uint64_t> items_;
	size_t capacity_;
	bool closed_ = false;
};

}

extern "C" const pp_bench_queue pp_bench_queue_v1 = pp_bench::adapter<guarded_deque>::queue(
	"deque", PP_BENCH_FIFO | PP_BENCH_BOUNDED | PP_BENCH_EXACT | PP_BENCH_BLOCKS);
