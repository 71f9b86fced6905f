/* SPDX-License-Identifier: MIT */
/*
 * libpushpull for C++17: the ends of a ring as move-only objects with a type.
 *
 *     auto ring = pp::open<job>(pp::mpmc, 64);
 *     if (!ring)
 *             return ring.error();
 *     auto [tx, rx] = *std::move(ring);
 *     ...
 *     if (!tx.push(std::move(a_job)))    // moved from only if it succeeds
 *             ...
 *     for (auto &&job : rx)              // until the end of the stream
 *             job.run();
 *
 * What an operation does, whether it blocks, who may call it, its results and its ordering: as the
 * C function of the same name (pushpull.h).  Everything is inline, errors are values, and neither
 * exceptions nor RTTI are needed.  docs/cplusplus.md tells how items get through and what they
 * cost.
 */
#ifndef PUSHPULL_PUSHPULL_HPP
#define PUSHPULL_PUSHPULL_HPP

#include <chrono>
#include <cstddef>
#include <iterator>
#include <optional>
#include <type_traits>
#include <utility>

#include <pushpull/deadline.hpp>
#include <pushpull/end.hpp>
#include <pushpull/item.hpp>
#include <pushpull/pushpull.h>
#include <pushpull/result.hpp>

namespace pp {

inline constexpr pp_kind spsc = PP_SPSC; /* one pushing and one pulling thread at a time */
inline constexpr pp_kind mpmc = PP_MPMC; /* any number of each                           */

/* ---- the push end --------------------------------------------------------------------------- */

/*
 * tx - a reference to the push end of a ring of T.  Letting go of the last one closes.
 *
 * An empty one (default-made, or moved from) gives status::invalid.  A push that fails leaves the
 * caller's item as it was.
 */
template <class T>
class tx : public detail::end<T, detail::push_side, tx<T>> {
	static_assert(detail::check_shape<T>());
	using base = detail::end<T, detail::push_side, tx<T>>;

public:
	using base::base;

	/* Wait for room. */
	[[gnu::always_inline]] status push(T &&item) noexcept(detail::moves_quietly<T>)
	{
		return send(item, pp_push);
	}
	[[gnu::always_inline]] status push(const T &item) { return copy_and(item, pp_push); }

	/* Never wait: full, busy. */
	[[gnu::always_inline]] status try_push(T &&item) noexcept(detail::moves_quietly<T>)
	{
		return send(item, pp_try_push);
	}
	[[gnu::always_inline]] status try_push(const T &item) { return copy_and(item, pp_try_push); }

	/* Wait until then, or for so long: timed_out. */
	status push_until(T &&item, deadline until) noexcept(detail::moves_quietly<T>)
	{
		return send(item, timed{until});
	}
	status push_until(const T &item, deadline until) { return copy_and(item, timed{until}); }

	template <class Rep, class Period>
	status push_for(T &&item, std::chrono::duration<Rep, Period> time) noexcept(
	        detail::moves_quietly<T>)
	{
		return push_until(std::move(item), deadline::in(time));
	}
	template <class Rep, class Period>
	status push_for(const T &item, std::chrono::duration<Rep, Period> time)
	{
		return push_until(item, deadline::in(time));
	}

	/* Several, of a trivially copyable T.  How many went in; an error only if none did. */
	result<std::size_t> push_n(const T *items, std::size_t n) noexcept
	{
		return send_n([=](pp_tx *ring) { return pp_push_n(ring, items, n); });
	}
	result<std::size_t> try_push_n(const T *items, std::size_t n) noexcept
	{
		return send_n([=](pp_tx *ring) { return pp_try_push_n(ring, items, n); });
	}
	result<std::size_t> push_n_until(const T *items, std::size_t n, deadline until) noexcept
	{
		return send_n([=](pp_tx *ring) {
			return pp_push_n_until(ring, items, n, until.time());
		});
	}
	/* All of an array, a vector, a string: whatever has data() and size(). */
	template <class Items>
	result<std::size_t> push_n(const Items &items) noexcept
	{
		return push_n(std::data(items), std::size(items));
	}

	/* No more items.  Pulls drain what is there, then see the end of the stream. */
	status close() noexcept
	{
		this->before();
		const detail::tsan::unseen in_library;
		return status(pp_close(this->ring_));
	}

private:
	struct timed {
		deadline until;
		int operator()(pp_tx *ring, const void *item) const noexcept
		{
			return pp_push_until(ring, item, until.time());
		}
	};

	/* Of a trivially copyable T all of this is inlined, down to the path of the item. */
	template <class Item, class Call>
	[[gnu::always_inline]] status send(Item &item, Call call) noexcept(detail::moves_quietly<T>)
	{
		if constexpr (detail::as_bytes<T> && sizeof(T) <= 16 && std::is_copy_constructible_v<T>) {
			const T own(item); /* so that the caller's may stay in registers */
			return status(put(std::addressof(own), call));
		} else if constexpr (detail::as_bytes<T>) {
			return status(put(std::addressof(item), call));
		} else {
			return send_moved(item, call);
		}
	}

	template <class Call>
	status send_moved(T &item, Call call) noexcept(detail::moves_quietly<T>)
	{
		if (!this->ring_)
			return status::invalid;
		detail::outgoing<T> out(this->link_, item);
		if (!out.ready())
			return status::no_memory;
		const status s(put(out.bytes(), call));
		out.settle(static_cast<bool>(s));
		return s;
	}

	template <class Call>
	[[gnu::always_inline]] status copy_and(const T &item, Call call)
	{
		static_assert(std::is_copy_constructible_v<T>,
		              "pp::tx: items of this type cannot be copied: push(std::move(item))");
		if constexpr (detail::as_bytes<T>) {
			return send(item, call);
		} else {
			T copy(item);
			return send(copy, call);
		}
	}

	template <class Call>
	[[gnu::always_inline]] int put(const void *item, Call call) noexcept
	{
		int result = 0;

		if (!detail::tsan::on &&
		    pp_typed_put(this->ring_, item, detail::ring_item_size<T>, &result))
			return result;
		return this->by_library(item, call);
	}

	template <class Call>
	result<std::size_t> send_n(Call call) noexcept
	{
		static_assert(detail::as_bytes<T>, "pp::tx: only items of a trivially copyable type "
		                                   "can be pushed several at a time");
		return this->count(call);
	}
};

/* ---- the pull end --------------------------------------------------------------------------- */

struct end_of_stream {
};

/*
 * rx - a reference to the pull end of a ring of T.  Letting go of the last one cancels.
 *
 * An empty one (default-made, or moved from) gives status::invalid.
 */
template <class T>
class rx : public detail::end<T, detail::pull_side, rx<T>> {
	static_assert(detail::check_shape<T>());
	using base = detail::end<T, detail::pull_side, rx<T>>;

public:
	using base::base;

	/* Wait for an item. */
	[[gnu::always_inline]] result<T> pull() noexcept(detail::moves_quietly<T>)
	{
		return one(pp_pull);
	}
	/* Never wait: empty, busy. */
	[[gnu::always_inline]] result<T> try_pull() noexcept(detail::moves_quietly<T>)
	{
		return one(pp_try_pull);
	}
	/* Wait until then, or for so long: timed_out. */
	result<T> pull_until(deadline until) noexcept(detail::moves_quietly<T>)
	{
		return one(timed{until});
	}
	template <class Rep, class Period>
	result<T> pull_for(std::chrono::duration<Rep, Period> time) noexcept(detail::moves_quietly<T>)
	{
		return pull_until(deadline::in(time));
	}

	/* The same into an object that is there already; a failure leaves it as it was. */
	[[gnu::always_inline]] status pull(T &into) { return assign(into, pp_pull); }
	[[gnu::always_inline]] status try_pull(T &into) { return assign(into, pp_try_pull); }
	status pull_until(T &into, deadline until) { return assign(into, timed{until}); }
	template <class Rep, class Period>
	status pull_for(T &into, std::chrono::duration<Rep, Period> time)
	{
		return pull_until(into, deadline::in(time));
	}

	/* Several, of a trivially copyable T.  How many came; an error only if none did. */
	result<std::size_t> pull_n(T *into, std::size_t max) noexcept
	{
		return receive_n([=](pp_rx *ring) { return pp_pull_n(ring, into, max); });
	}
	result<std::size_t> try_pull_n(T *into, std::size_t max) noexcept
	{
		return receive_n([=](pp_rx *ring) { return pp_try_pull_n(ring, into, max); });
	}
	result<std::size_t> pull_n_until(T *into, std::size_t min, std::size_t max,
	                                 deadline until) noexcept
	{
		return receive_n([=](pp_rx *ring) {
			return pp_pull_n_until(ring, into, min, max, until.time());
		});
	}

	/* No more pulls.  What is left is destroyed. */
	status cancel() noexcept
	{
		this->before();
		const detail::tsan::unseen in_library;
		return status(pp_cancel(this->ring_));
	}

	class iterator;
	/* Pulls until a pull fails, which at the end of the stream is its way to say so.  Leaving
	 * the loop early loses nothing: an item is pulled when its turn in the loop comes. */
	iterator begin() { return iterator(*this); }
	end_of_stream end() const noexcept { return {}; }

private:
	struct timed {
		deadline until;
		int operator()(pp_rx *ring, void *item) const noexcept
		{
			return pp_pull_until(ring, item, until.time());
		}
	};

	/* Into(T &&) has the item where it lies. */
	template <class Call, class Into>
	[[gnu::always_inline]] status receive(Call call, Into into)
	{
		if constexpr (detail::as_bytes<T>) {
			detail::buffer<T> in;
			const status s(get(in.bytes, call));
			if (s)
				into(std::move(*in.item()));
			return s;
		} else {
			return receive_moved(call, into);
		}
	}

	template <class Call, class Into>
	status receive_moved(Call call, Into into)
	{
		detail::incoming<T> in(this->link_);
		const status s(get(in.bytes(), call));
		if (s)
			into(std::move(in.arrived()));
		return s;
	}

	template <class Call>
	[[gnu::always_inline]] result<T> one(Call call) noexcept(detail::moves_quietly<T>)
	{
		result<T> pulled(status::invalid);
		pulled.error_ = receive(call, [&](T &&item) { pulled.emplace(std::move(item)); });
		return pulled;
	}

	template <class Call>
	[[gnu::always_inline]] status assign(T &into, Call call)
	{
		static_assert(std::is_move_assignable_v<T>,
		              "pp::rx: an item of this type cannot be assigned to: take pull()");
		if constexpr (detail::as_bytes<T>)
			return status(get(std::addressof(into), call));
		else
			return receive_moved(call, [&](T &&item) { into = std::move(item); });
	}

	template <class Call>
	[[gnu::always_inline]] int get(void *item, Call call) noexcept
	{
		int result = 0;

		if (!detail::tsan::on &&
		    pp_typed_get(this->ring_, item, detail::ring_item_size<T>, &result))
			return result;
		return this->by_library(item, call);
	}

	template <class Call>
	result<std::size_t> receive_n(Call call) noexcept
	{
		static_assert(detail::as_bytes<T>, "pp::rx: only items of a trivially copyable type "
		                                   "can be pulled several at a time");
		return this->count(call);
	}
};

/* Goes once over the stream; *it may be moved from. */
template <class T>
class rx<T>::iterator {
public:
	using iterator_category = std::input_iterator_tag;
	using value_type = T;
	using difference_type = std::ptrdiff_t;
	using pointer = T *;
	using reference = T &&;

	explicit iterator(rx &of) : of_(&of) { first(); }

	T &&operator*() const noexcept { return std::move(*item_); }
	T *operator->() const noexcept { return &*item_; }
	[[gnu::always_inline]] iterator &operator++()
	{
		next();
		return *this;
	}
	void operator++(int) { next(); }

	friend bool operator==(const iterator &i, end_of_stream) noexcept { return !i.item_; }
	friend bool operator!=(const iterator &i, end_of_stream) noexcept { return !!i.item_; }
	friend bool operator==(end_of_stream, const iterator &i) noexcept { return !i.item_; }
	friend bool operator!=(end_of_stream, const iterator &i) noexcept { return !!i.item_; }

private:
	[[gnu::noinline]] void first() { next(); }
	[[gnu::always_inline]] void next()
	{
		item_.reset(); /* before the wait for the next one */
		static_cast<void>(of_->receive(pp_pull, [this](T &&item) {
			item_.emplace(std::move(item));
		}));
	}

	rx *of_;
	mutable std::optional<T> item_;
};

/* ---- opening -------------------------------------------------------------------------------- */

/* What may be chosen of a ring:
 *     pp::options().kind(pp::mpmc).capacity(64).name("jobs") */
class options {
public:
	options() noexcept { config_.size = sizeof config_; }

	options &kind(pp_kind k) noexcept { return set(&pp_config::kind, k); } /* no default */
	/* 0, the default: rendezvous. */
	options &capacity(std::size_t n) noexcept { return set(&pp_config::capacity, n); }
	/* Copied by open(), cut at 31 bytes. */
	options &name(const char *n) noexcept { return set(&pp_config::name, n); }
	/* A signal handler ends a wait. */
	options &interruptible(bool on = true) noexcept { return flag(PP_INTERRUPTIBLE, on); }
	/* depth_max of the statistics is an upper bound. */
	options &track_depth(bool on = true) noexcept { return flag(PP_TRACK_DEPTH, on); }
	/* How long to spin before sleeping.  The default learns how long it pays. */
	template <class Rep, class Period>
	options &spin(std::chrono::duration<Rep, Period> at_most) noexcept
	{
		const std::int64_t ns = detail::ns_of(at_most);
		return set(&pp_config::spin_ns, ns > 0 ? ns : std::int64_t(PP_SPIN_NONE));
	}
	options &spin_none() noexcept { return set(&pp_config::spin_ns, std::int64_t(PP_SPIN_NONE)); }

	const pp_config &config() const noexcept { return config_; }

private:
	template <class Field>
	options &set(Field pp_config::*field, Field value) noexcept
	{
		config_.*field = value;
		return *this;
	}
	options &flag(unsigned bit, bool on) noexcept
	{
		config_.flags = on ? config_.flags | bit : config_.flags & ~bit;
		return *this;
	}

	pp_config config_{};
};

template <class T>
struct ends {
	pp::tx<T> tx;
	pp::rx<T> rx;
};

/* invalid, no_memory */
template <class T>
result<ends<T>> open(const options &how) noexcept
{
	detail::check_item<T>();
	pp_config config = how.config();
	pp_tx *tx_ring = nullptr;
	pp_rx *rx_ring = nullptr;
	detail::link<T> link;

	config.item_size = detail::ring_item_size<T>;
	config.drop = detail::dropper<T>;
	const status opened(pp_open_with(&tx_ring, &rx_ring, &config));
	if (!opened)
		return opened;
	if (!link.open(config.kind, config.capacity, tx_ring)) {
		pp_tx_unref(tx_ring);
		pp_rx_unref(rx_ring);
		return status::no_memory;
	}
	return ends<T>{tx<T>(tx_ring, link), rx<T>(rx_ring, link)};
}

template <class T>
result<ends<T>> open(pp_kind kind, std::size_t capacity) noexcept
{
	return open<T>(options().kind(kind).capacity(capacity));
}

} // namespace pp

#include <pushpull/select.hpp>

#endif
