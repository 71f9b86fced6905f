/* SPDX-License-Identifier: MIT */
/* What the tests of pushpull.hpp share: checking, items that count themselves, threads. */
#ifndef CPP_CHECK_HPP
#define CPP_CHECK_HPP

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <pushpull/pushpull.hpp>

#define CHECK(claim) check((claim), #claim, __FILE__, __LINE__)

inline void check(bool claim, const char *text, const char *file, int line)
{
	if (!claim) {
		std::fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, text);
		std::abort();
	}
}

template <class Result>
void check(const Result &claim, const char *text, const char *file, int line)
{
	check(static_cast<bool>(claim), text, file, line);
}

/* Both ends of a ring that must open. */
template <class T>
pp::ends<T> opened(pp_kind kind, std::size_t capacity)
{
	auto ring = pp::open<T>(kind, capacity);

	CHECK(ring);
	return *std::move(ring);
}

/* Knows where it lives, what it is worth, and how many of its kind there are.  A copy of its bytes
 * is found out: it does not lie where it was made. */
template <std::size_t Align = alignof(void *)>
class alignas(Align) counted {
public:
	explicit counted(int v) noexcept : value(v) { alive++; }
	counted(counted &&other) noexcept : value(std::exchange(other.value, moved_from))
	{
		other.look();
		alive++;
		moves++;
	}
	counted &operator=(counted &&other) noexcept
	{
		look();
		other.look();
		value = std::exchange(other.value, moved_from);
		moves++;
		return *this;
	}
	~counted()
	{
		look();
		self_ = nullptr;
		alive--;
		if (value != moved_from)
			ended++;
	}

	void look() const
	{
		CHECK(self_ == this);
		CHECK(reinterpret_cast<std::uintptr_t>(this) % Align == 0);
	}

	static constexpr int moved_from = -1;
	int value;

	static inline std::atomic<long> alive{0}; /* objects, moved from or not           */
	static inline std::atomic<long> moves{0};
	static inline std::atomic<long> ended{0}; /* destroyed with a value of their own   */

private:
	const counted *self_ = this;
};

using thing = counted<>;
using wide_item = counted<64>;

/* Owns memory, and may be moved as bytes. */
struct message {
	std::unique_ptr<int> number;
	std::array<char, 24> text{};
};

template <>
struct pp::is_relocatable<message> : std::true_type {
};

/* Wait for a state, not for a time. */
template <class Reached>
void wait_until(Reached reached)
{
	while (!reached())
		std::this_thread::yield();
}

template <class End>
std::uint32_t asleep(const End &end)
{
	const auto s = end.stats();

	CHECK(s);
	return s->pushers_parked + s->pullers_parked;
}

#endif
