/* SPDX-License-Identifier: MIT */
/*
 * How an item of any movable type gets through a ring that copies bytes, for
 * <pushpull/pushpull.hpp>.
 *
 *   trivially copyable    its bytes, from the caller's object and into the caller's object
 *   pp::is_relocatable    moved into a buffer, the bytes of the buffer, moved out of a buffer
 *   any other             moved into a box, the address of the box, moved out of the box
 *
 * A ring's boxes are allocated when it is opened, go round, and belong to one thread at a time:
 * to the pusher until its push has succeeded, to the puller after its pull, back on the shelf.
 */
#ifndef PUSHPULL_ITEM_HPP
#define PUSHPULL_ITEM_HPP

#include <atomic>
#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include <pushpull/pushpull.h>
#include <pushpull/result.hpp>
#include <pushpull/tsan.hpp>
#include <pushpull/typed.h>

namespace pp {

/*
 * May an object be moved by copying its bytes and forgetting the original?  Not if it holds its own
 * address, as libstdc++'s std::string and std::list do.  A program may say so of a type of its
 * own, which then needs no box:
 *
 *     template <> struct pp::is_relocatable<message> : std::true_type {};
 */
template <class T>
struct is_relocatable : std::is_trivially_copyable<T> {
};

template <class T>
struct is_relocatable<std::unique_ptr<T>> : std::true_type {
};

template <class T>
struct is_relocatable<std::shared_ptr<T>> : std::true_type {
};

namespace detail {

template <class T>
constexpr bool as_bytes = std::is_trivially_copyable_v<T>;

template <class T>
constexpr bool as_box = !std::is_trivially_copyable_v<T> && !is_relocatable<T>::value;

template <class T>
constexpr std::size_t ring_item_size = as_box<T> ? sizeof(void *) : sizeof(T);

template <class T>
constexpr bool moves_quietly = std::is_nothrow_move_constructible_v<T>;

/* Memory for one T.  It may be aligned to more than a slot of a ring. */
template <class T>
struct buffer {
	alignas(T) unsigned char bytes[sizeof(T)];

	T *item() noexcept { return std::launder(reinterpret_cast<T *>(bytes)); }
};

/* Give `to`, which was moved from, its value back. */
template <class T>
void move_back(T &to, T &from)
{
	if constexpr (std::is_move_assignable_v<T>) {
		to = std::move(from);
	} else {
		to.~T();
		::new (static_cast<void *>(std::addressof(to))) T(std::move(from));
	}
}

/* ---- the shelf: boxes of one ring ------------------------------------------------------------ */

template <class T>
class shelf {
public:
	using box = buffer<T>;

	/* NULL: no memory.  Boxes for all slots and for those under way, unless the ring is so
	 * large that it would be a waste; such a ring gets the rest as it fills. */
	static shelf *make(pp_kind kind, std::size_t capacity) noexcept
	{
		const std::size_t under_way = kind == PP_SPSC ? 2 : 16;
		const std::size_t at_once = (capacity < 1024 ? capacity : 1024) + under_way;
		auto *made = new (std::nothrow) shelf;

		if (made && !made->fill(capacity, under_way, at_once)) {
			made->unref();
			made = nullptr;
		}
		return made;
	}

	/* Never waits.  NULL: no memory. */
	box *take() noexcept
	{
		box *taken = nullptr;

		if (!taken_from_ring(&taken))
			return allocate();
		tsan::acquire(taken);
		return taken;
	}

	/* Never waits: a box that finds no place is freed. */
	void put(box *empty) noexcept
	{
		tsan::release(empty);
		if (!put_into_ring(&empty))
			free(empty);
	}

	static void free(box *empty) noexcept { delete empty; }

	void ref() noexcept { refs_.fetch_add(1, std::memory_order_relaxed); }

	void unref() noexcept
	{
		tsan::release(this);
		if (refs_.fetch_sub(1, std::memory_order_acq_rel) != 1)
			return;
		tsan::acquire(this);
		for (box *left; tx_ && taken_from_ring(&left);)
			free(left);
		pp_tx_unref(tx_);
		pp_rx_unref(rx_);
		delete this;
	}

private:
	shelf() = default;
	~shelf() = default;

	static box *allocate() noexcept { return new (std::nothrow) box; }

	bool fill(std::size_t capacity, std::size_t under_way, std::size_t at_once) noexcept
	{
		pp_config config{};

		config.size = sizeof config;
		config.kind = PP_MPMC; /* a failed push and a drop bring boxes back too */
		config.capacity = capacity + under_way;
		config.item_size = sizeof(box *);
		config.name = "boxes";
		if (config.capacity < capacity || pp_open_with(&tx_, &rx_, &config) < 0)
			return false;
		for (; at_once > 0; at_once--) {
			box *made = allocate();

			if (!made)
				return false;
			put(made);
		}
		return true;
	}

	bool taken_from_ring(box **into) noexcept
	{
		const tsan::unseen in_library;
		int result = 0;

		if (!tsan::on && pp_typed_get(rx_, into, sizeof *into, &result))
			return result == 0;
		return pp_try_pull(rx_, into) == 0;
	}

	bool put_into_ring(box **from) noexcept
	{
		const tsan::unseen in_library;
		int result = 0;

		if (!tsan::on && pp_typed_put(tx_, from, sizeof *from, &result))
			return result == 0;
		return pp_try_push(tx_, from) == 0;
	}

	std::atomic<long> refs_{1};
	pp_tx *tx_ = nullptr;
	pp_rx *rx_ = nullptr;
};

/* ---- what both ends of a ring know ----------------------------------------------------------- */

/* T may still be incomplete: an item may have an end of a ring of its own type in it. */
template <class T>
struct link {
	const void *key = nullptr; /* an address that the ring has for the sanitizer */
	shelf<T> *boxes = nullptr;

	/* For two ends. */
	bool open(pp_kind kind, std::size_t capacity, const void *ring) noexcept
	{
		key = ring;
		if constexpr (as_box<T>) {
			boxes = shelf<T>::make(kind, capacity);
			if (!boxes)
				return false;
			boxes->ref();
		}
		return true;
	}
	void ref() const noexcept
	{
		if constexpr (as_box<T>)
			if (boxes)
				boxes->ref();
	}
	void unref() const noexcept
	{
		if constexpr (as_box<T>)
			if (boxes)
				boxes->unref();
	}
};

/* ---- an item on its way in ------------------------------------------------------------------- */

/* Until it is told that the item is in the ring, it may change its mind and give it back. */
template <class T, class = void>
class outgoing { /* trivially copyable */
public:
	outgoing(const link<T> &, const T &item) noexcept : item_(std::addressof(item)) {}

	bool ready() const noexcept { return true; }
	const void *bytes() const noexcept { return item_; }
	void settle(bool) noexcept {}

private:
	const T *item_;
};

template <class T>
class outgoing<T, std::enable_if_t<!as_bytes<T>>> {
	using box = buffer<T>;

public:
	outgoing(const link<T> &ring, T &item) noexcept(moves_quietly<T>) : ring_(ring), from_(item)
	{
		if constexpr (as_box<T>) {
			if (!ring_.boxes || !(box_ = ring_.boxes->take()))
				return;
		}
		back_on_shelf unless_full{*this};
		::new (static_cast<void *>(where().bytes)) T(std::move(from_));
		full_ = true;
	}

	~outgoing() { settle(false); }

	outgoing(const outgoing &) = delete;
	outgoing &operator=(const outgoing &) = delete;

	bool ready() const noexcept { return full_; }

	const void *bytes() const noexcept
	{
		if constexpr (as_box<T>)
			return &box_;
		else
			return own_.bytes;
	}

	void settle(bool in_ring) noexcept(moves_quietly<T>)
	{
		if (!full_)
			return;
		if (in_ring) {
			full_ = false;
			return;
		}
		back_on_shelf emptied{*this};
		const destroyed item{*this};
		move_back(from_, *where().item());
	}

private:
	/* Both also when a move throws. */
	struct back_on_shelf {
		outgoing &of;
		~back_on_shelf()
		{
			if constexpr (as_box<T>)
				if (!of.full_)
					of.ring_.boxes->put(of.box_);
		}
	};

	struct destroyed {
		outgoing &of;
		~destroyed()
		{
			of.where().item()->~T();
			of.full_ = false;
		}
	};

	struct no_buffer {
	};

	box &where() noexcept
	{
		if constexpr (as_box<T>)
			return *box_;
		else
			return own_;
	}

	const link<T> &ring_;
	T &from_;
	box *box_ = nullptr;
	std::conditional_t<as_box<T>, no_buffer, box> own_;
	bool full_ = false;
};

/* ---- an item on its way out ------------------------------------------------------------------ */

template <class T>
class incoming {
	using box = buffer<T>;

public:
	explicit incoming(const link<T> &ring) noexcept : ring_(ring) {}

	incoming(const incoming &) = delete;
	incoming &operator=(const incoming &) = delete;

	/* Where the ring writes. */
	void *bytes() noexcept
	{
		if constexpr (as_box<T>)
			return &box_;
		else
			return own_.bytes;
	}

	/* Now it is here, and will be destroyed when this is, or earlier. */
	T &arrived() noexcept
	{
		full_ = true;
		if constexpr (as_box<T>)
			return *box_->item();
		else
			return *own_.item();
	}

	~incoming() { destroy(); }

	void destroy() noexcept
	{
		if (as_bytes<T> || !full_)
			return;
		arrived().~T();
		full_ = false;
		if constexpr (as_box<T>)
			ring_.boxes->put(box_);
	}

private:
	struct no_buffer {
	};

	const link<T> &ring_;
	box *box_ = nullptr;
	std::conditional_t<as_box<T>, no_buffer, box> own_;
	bool full_ = false;
};

/* ---- an item that is left behind by a cancel -------------------------------------------------- */

template <class T>
void drop(void *slot, void *) noexcept
{
	const tsan::seen by_sanitizer;

	tsan::acquire(nullptr);
	if constexpr (as_box<T>) {
		buffer<T> *box;
		std::memcpy(&box, slot, sizeof box);
		box->item()->~T();
		shelf<T>::free(box);
	} else {
		buffer<T> own; /* the slot may be aligned to less */
		std::memcpy(own.bytes, slot, sizeof own.bytes);
		own.item()->~T();
	}
}

/* NULL: nothing is to be done for an item that is left behind. */
template <class T>
constexpr auto dropper =
        std::is_trivially_destructible_v<T> && !as_box<T> ? nullptr : &drop<T>;

} // namespace detail

} // namespace pp

#endif
