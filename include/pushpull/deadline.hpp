/* SPDX-License-Identifier: MIT */
/*
 * Deadlines from std::chrono, for <pushpull/pushpull.hpp>: pp::deadline.
 *
 * The library's deadlines are nanoseconds on CLOCK_MONOTONIC, which is what
 * std::chrono::steady_clock shows on Linux.  What does not fit is the nearest that does.
 */
#ifndef PUSHPULL_DEADLINE_HPP
#define PUSHPULL_DEADLINE_HPP

#include <chrono>
#include <cstdint>
#include <limits>
#include <ratio>
#include <type_traits>

#include <pushpull/pushpull.h>

namespace pp {

namespace detail {

constexpr std::int64_t most_ns = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t least_ns = std::numeric_limits<std::int64_t>::min();

/* Rounded up, so that no wait is shorter than asked for.  NaN counts as the past. */
constexpr std::int64_t whole_ns(long double ns) noexcept
{
	if (!(ns > static_cast<long double>(least_ns)))
		return least_ns;
	if (ns >= static_cast<long double>(most_ns))
		return most_ns;
	auto whole = static_cast<std::int64_t>(ns);
	return static_cast<long double>(whole) < ns ? whole + 1 : whole;
}

template <class Rep>
constexpr bool beyond(Rep count, std::int64_t most) noexcept
{
	return count > 0 && static_cast<std::uintmax_t>(count) > static_cast<std::uintmax_t>(most);
}

/* count * Num / Den, rounded up; Num and Den have no common factor. */
template <std::intmax_t Num, std::intmax_t Den, class Rep>
constexpr std::int64_t scaled_ns(Rep count) noexcept
{
	if constexpr (!std::is_integral_v<Rep>) {
		return whole_ns(static_cast<long double>(count) * Num / Den);
	} else {
		if (beyond(count, most_ns))
			return most_ns;
		const auto n = static_cast<std::int64_t>(count);
		const std::int64_t units = n / Den;
		const std::int64_t rest = whole_ns(static_cast<long double>(n % Den) * Num / Den);
		if (units > most_ns / Num || (rest > 0 && units * Num > most_ns - rest))
			return most_ns;
		if (units < least_ns / Num || (rest < 0 && units * Num < least_ns - rest))
			return least_ns;
		return units * Num + rest;
	}
}

template <class Rep, class Period>
constexpr std::int64_t ns_of(std::chrono::duration<Rep, Period> d) noexcept
{
	static_assert(std::is_arithmetic_v<Rep>, "pp: a duration has to count in an arithmetic type");
	using scale = std::ratio_divide<Period, std::nano>;
	return scaled_ns<scale::num, scale::den>(d.count());
}

/* What is left of a time on another clock; that clock is asked once. */
template <class Clock, class Duration>
pp_time on_our_clock(std::chrono::time_point<Clock, Duration> at)
{
	const std::int64_t then = ns_of(at.time_since_epoch());
	const std::int64_t now = ns_of(Clock::now().time_since_epoch());
	if (then == most_ns)
		return PP_FOREVER;
	if (then <= now)
		return 0;
	return now < 0 && then > most_ns + now ? PP_FOREVER : pp_in(then - now);
}

} // namespace detail

/*
 * Until when a call may wait.  Made of any std::chrono::time_point: one of steady_clock is taken
 * as it is, any other is translated when it is given, so that setting that clock later has no
 * influence.
 */
class deadline {
public:
	template <class Duration>
	constexpr deadline(std::chrono::time_point<std::chrono::steady_clock, Duration> at) noexcept
	        : at_(not_negative(detail::ns_of(at.time_since_epoch())))
	{
	}

	template <class Clock, class Duration>
	deadline(std::chrono::time_point<Clock, Duration> at) : at_(detail::on_our_clock(at))
	{
	}

	/* So much time from now; one that is past for a negative one. */
	template <class Rep, class Period>
	static deadline in(std::chrono::duration<Rep, Period> time) noexcept
	{
		return deadline(pp_in(detail::ns_of(time)));
	}

	static constexpr deadline never() noexcept { return deadline(PP_FOREVER); }
	/* Takes what is there now. */
	static constexpr deadline past() noexcept { return deadline(pp_time(0)); }
	/* A time as the C functions have it, such as pp_in(PP_SEC). */
	static constexpr deadline at(pp_time time) noexcept { return deadline(time); }

	constexpr pp_time time() const noexcept { return at_; }

private:
	constexpr explicit deadline(pp_time at) noexcept : at_(at) {}

	static constexpr pp_time not_negative(std::int64_t ns) noexcept { return ns < 0 ? 0 : ns; }

	pp_time at_;
};

} // namespace pp

#endif
