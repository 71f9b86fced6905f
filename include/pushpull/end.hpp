/* SPDX-License-Identifier: MIT */
/* What both ends of a ring have alike, for <pushpull/pushpull.hpp>. */
#ifndef PUSHPULL_END_HPP
#define PUSHPULL_END_HPP

#include <cstddef>
#include <type_traits>
#include <utility>

#include <pushpull/item.hpp>
#include <pushpull/pushpull.h>
#include <pushpull/result.hpp>

namespace pp {

template <class T>
class tx;
template <class T>
class rx;

namespace detail {

template <class T>
constexpr bool check_shape()
{
	static_assert(std::is_object_v<T> && !std::is_array_v<T> && !std::is_const_v<T> &&
	                      !std::is_volatile_v<T>,
	              "pp: an item is an object: no reference, no array, not const");
	return true;
}

/* Of a T that is complete. */
template <class T>
constexpr bool check_item()
{
	static_assert(std::is_move_constructible_v<T>,
	              "pp: an item has to be movable, as it is moved into the ring and out of it");
	static_assert(std::is_nothrow_destructible_v<T>,
	              "pp: an item's destructor may not throw");
	return true;
}

/* The functions of either end by one name. */
struct push_side {
	using ring = pp_tx;
	static int ref(pp_tx *r) noexcept { return pp_tx_ref(r); }
	static void unref(pp_tx *r) noexcept { pp_tx_unref(r); }
	static std::size_t depth(const pp_tx *r) noexcept { return pp_tx_depth(r); }
	static std::size_t capacity(const pp_tx *r) noexcept { return pp_tx_capacity(r); }
	static std::size_t item_size(const pp_tx *r) noexcept { return pp_tx_item_size(r); }
	static pp_kind kind(const pp_tx *r) noexcept { return pp_tx_kind(r); }
	static int stats(const pp_tx *r, pp_stats *s) noexcept { return pp_tx_stats(r, s); }
	static int fd(pp_tx *r) noexcept { return pp_tx_fd(r); }
	static int arm(pp_tx *r) noexcept { return pp_tx_arm(r); }
	static constexpr std::size_t given = 0, taken = 8;
};

struct pull_side {
	using ring = pp_rx;
	static int ref(pp_rx *r) noexcept { return pp_rx_ref(r); }
	static void unref(pp_rx *r) noexcept { pp_rx_unref(r); }
	static std::size_t depth(const pp_rx *r) noexcept { return pp_rx_depth(r); }
	static std::size_t capacity(const pp_rx *r) noexcept { return pp_rx_capacity(r); }
	static std::size_t item_size(const pp_rx *r) noexcept { return pp_rx_item_size(r); }
	static pp_kind kind(const pp_rx *r) noexcept { return pp_rx_kind(r); }
	static int stats(const pp_rx *r, pp_stats *s) noexcept { return pp_rx_stats(r, s); }
	static int fd(pp_rx *r) noexcept { return pp_rx_fd(r); }
	static int arm(pp_rx *r) noexcept { return pp_rx_arm(r); }
	static constexpr std::size_t given = 8, taken = 0;
};

struct access;

template <class T, class Side, class Self>
class end {
public:
	using value_type = T;
	using native_type = typename Side::ring;

	end() noexcept { static_assert(check_item<T>()); }
	end(end &&other) noexcept
	        : ring_(std::exchange(other.ring_, nullptr)), link_(std::exchange(other.link_, {}))
	{
	}
	end &operator=(end &&other) noexcept
	{
		if (this != &other) {
			reset();
			ring_ = std::exchange(other.ring_, nullptr);
			link_ = std::exchange(other.link_, {});
		}
		return *this;
	}
	~end() { reset(); }

	/* For pp::open(). */
	end(native_type *ring, const link<T> &shared) noexcept : ring_(ring), link_(shared) {}

	/* Not empty. */
	explicit operator bool() const noexcept { return ring_ != nullptr; }

	/* Let go of this reference. */
	void reset() noexcept
	{
		if (!ring_)
			return;
		before();
		{
			const tsan::unseen in_library;
			Side::unref(std::exchange(ring_, nullptr));
		}
		std::exchange(link_, {}).unref();
	}

	/* One more owner of this end, as pp_tx_ref() and pp_rx_ref(); empty if that fails.  An
	 * owner for each thread; a ring of pp::spsc still serves one of them at a time. */
	Self dup() const noexcept
	{
		if (!ring_ || Side::ref(ring_) < 0)
			return Self();
		link_.ref();
		return Self(ring_, link_);
	}

	std::size_t depth() const noexcept { return Side::depth(ring_); }
	std::size_t capacity() const noexcept { return Side::capacity(ring_); }
	pp_kind kind() const noexcept { return Side::kind(ring_); }

	result<pp_stats> stats() const noexcept
	{
		pp_stats s{};

		s.size = sizeof s;
		const status read(Side::stats(ring_, &s));
		if (!read)
			return read;
		return s;
	}

	/* For an event loop: as pp_rx_fd() and pp_rx_arm().  arm() is true if the end is ready now,
	 * and false if the descriptor will tell. */
	result<int> fd() noexcept
	{
		const int r = Side::fd(ring_);
		if (r < 0)
			return status(r);
		return int(r);
	}
	result<bool> arm() noexcept
	{
		const int r = Side::arm(ring_);
		if (r < 0)
			return status(r);
		return r == 1;
	}

	/* For the functions of C; the reference stays here.  Of a T that is not trivially copyable,
	 * only for those that move no items. */
	native_type *native() const noexcept { return ring_; }

	/* Take over a reference of C's: invalid, and still the caller's, if the item size is another. */
	static result<Self> adopt(native_type *ring) noexcept
	{
		static_assert(as_bytes<T>, "pp: C shares only rings of a trivially copyable type");
		if (!ring || Side::item_size(ring) != sizeof(T))
			return status::invalid;
		return Self(ring, link<T>());
	}

	/* Give the reference to C, and be empty. */
	native_type *release() noexcept
	{
		static_assert(as_bytes<T>, "pp: C shares only rings of a trivially copyable type");
		link_ = {};
		return std::exchange(ring_, nullptr);
	}

protected:
	friend struct access;

	/* What the library orders, said to the sanitizer: a push before its pull, and a pull before
	 * the push that uses its slot; an ending before those who see it. */
	void before() const noexcept
	{
		tsan::release(beside(Side::given));
		if (!as_bytes<T>)
			tsan::release(nullptr);
	}
	void after(int result) const noexcept
	{
		if (result >= 0 || result == status::other_ended || result == status::own_ended)
			tsan::acquire(beside(Side::taken));
	}

	/* One item, where it is not inlined. */
	template <class Item, class Call>
	[[gnu::noinline]] int by_library(Item *item, Call call) noexcept
	{
		before();
		const tsan::unseen in_library;
		const int result = call(ring_, item);
		after(result);
		return result;
	}

	/* Several. */
	template <class Call>
	result<std::size_t> count(Call call) noexcept
	{
		ssize_t moved;

		before();
		{
			const tsan::unseen in_library;
			moved = call(ring_);
		}
		after(moved < 0 ? static_cast<int>(moved) : 0);
		if (moved < 0)
			return status(static_cast<int>(moved));
		return static_cast<std::size_t>(moved);
	}

	native_type *ring_ = nullptr;
	link<T> link_;

private:
	const void *beside(std::size_t way) const noexcept
	{
		return link_.key ? static_cast<const char *>(link_.key) + way : nullptr;
	}
};

} // namespace detail

} // namespace pp

#endif
