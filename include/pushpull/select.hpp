/* SPDX-License-Identifier: MIT */
/*
 * Choosing among several pushes and pulls, for <pushpull/pushpull.hpp>, which includes this.
 *
 *     auto chosen = pp::select(
 *             pp::on_pull(jobs, [&](pp::result<job> j) { ... }),
 *             pp::on_push(log, std::move(line), [&](pp::status s) { ... }));
 *
 * performs exactly one of them, calls its function, and gives its index.  An item that is to be
 * pushed is moved from only if its case is the one.  A ring that has ended is ready, and its
 * function gets other_ended or own_ended; an empty end disables its case.  As pp_select().
 */
#ifndef PUSHPULL_SELECT_HPP
#define PUSHPULL_SELECT_HPP

#include <chrono>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include <pushpull/pushpull.hpp>

namespace pp {

/* As the first argument: of several that can go ahead, the first; else a random one. */
struct ordered_t {
};
inline constexpr ordered_t ordered{};

namespace detail {

struct case_base {
};

template <class Case>
constexpr bool is_case = std::is_base_of_v<case_base, std::remove_reference_t<Case>>;

struct access {
	template <class End>
	static const auto &link(const End &end) noexcept { return end.link_; }
	template <class End>
	static void before(const End &end) noexcept { end.before(); }
	template <class End>
	static void after(const End &end, int result) noexcept { end.after(result); }
};

template <class T, class F>
struct pull_case : case_base {
	rx<T> &from;
	F then;

	pull_case(rx<T> &r, F f) : from(r), then(std::move(f)) {}

	/* What lies on select's own stack. */
	struct part {
		pull_case &of;
		incoming<T> in;
		int result = 0;

		explicit part(pull_case &c) noexcept : of(c), in(access::link(c.from)) {}

		bool ready() const noexcept { return true; }
		pp_case prepare() noexcept
		{
			pp_case c{};
			access::before(of.from);
			c.rx = of.from.native();
			c.item = in.bytes();
			return c;
		}
		void settle(const pp_case *chosen) noexcept
		{
			if (!chosen)
				return;
			result = chosen->result;
			access::after(of.from, result);
			if (result == 0)
				in.arrived();
		}
		void run()
		{
			if (result == 0)
				of.then(take());
			else
				of.then(pp::result<T>(status(result)));
		}
		/* With nothing left here: the end may be let go of in there. */
		pp::result<T> take()
		{
			struct emptied {
				incoming<T> &in;
				~emptied() { in.destroy(); }
			} const on_return{in};

			return pp::result<T>(std::move(in.arrived()));
		}
	};
};

template <class T, class Item, class F>
struct push_case : case_base {
	tx<T> &to;
	Item &item;
	F then;

	push_case(tx<T> &t, Item &i, F f) : to(t), item(i), then(std::move(f)) {}

	struct part {
		push_case &of;
		outgoing<T> out;
		int result = 0;

		explicit part(push_case &c) noexcept(moves_quietly<T>)
		        : of(c), out(access::link(c.to), c.item)
		{
		}

		bool ready() const noexcept { return !of.to || out.ready(); }
		pp_case prepare() noexcept
		{
			pp_case c{};
			access::before(of.to);
			c.tx = of.to.native();
			c.item = const_cast<void *>(out.bytes()); /* only read */
			return c;
		}
		void settle(const pp_case *chosen) noexcept(moves_quietly<T>)
		{
			if (chosen) {
				result = chosen->result;
				access::after(of.to, result);
			}
			out.settle(chosen && result == 0);
		}
		void run() { of.then(status(result)); }
	};
};

/* Whatever is not chosen is given back before anything of the caller's runs. */
template <class... Cases>
result<std::size_t> select(unsigned flags, deadline until, Cases &...cases)
{
	std::tuple<typename Cases::part...> parts(cases...);

	return std::apply([&](auto &...part) -> result<std::size_t> {
		if (!(true && ... && part.ready()))
			return status::no_memory;
		pp_case list[sizeof...(Cases) + 1] = {part.prepare()...};
		int chosen, i = 0, at = 0;
		{
			const tsan::unseen in_library;
			chosen = pp_select(list, sizeof...(Cases), flags, until.time());
		}
		(part.settle(i++ == chosen ? &list[i - 1] : nullptr), ...);
		if (chosen < 0)
			return status(chosen);
		((at++ == chosen ? part.run() : void()), ...);
		return static_cast<std::size_t>(chosen);
	}, parts);
}

struct nothing_then {
	template <class Outcome>
	void operator()(Outcome &&) const noexcept
	{
	}
};

} // namespace detail

/* ---- cases ----------------------------------------------------------------------------------- */

/* Then(pp::result<T>) gets the item. */
template <class T, class Then>
auto on_pull(rx<T> &from, Then then)
{
	return detail::pull_case<T, Then>(from, std::move(then));
}

/* Then(pp::status) hears how it went. */
template <class T, class Then = detail::nothing_then>
auto on_push(tx<T> &to, T &&item, Then then = {})
{
	return detail::push_case<T, T, Then>(to, item, std::move(then));
}

template <class T, class Then = detail::nothing_then>
auto on_push(tx<T> &to, const T &item, Then then = {})
{
	static_assert(detail::as_bytes<T>, "pp::on_push: this item would be moved from: "
	                                   "on_push(tx, std::move(item))");
	return detail::push_case<T, const T, Then>(to, item, std::move(then));
}

/* ---- select ---------------------------------------------------------------------------------- */

/* The index of the case; timed_out, interrupted, invalid, no_memory: none. */
template <class... Cases>
auto select(ordered_t, deadline until, Cases &&...cases)
        -> std::enable_if_t<(detail::is_case<Cases> && ...), result<std::size_t>>
{
	return detail::select(PP_ORDERED, until, cases...);
}

template <class... Cases>
auto select(deadline until, Cases &&...cases)
        -> std::enable_if_t<(detail::is_case<Cases> && ...), result<std::size_t>>
{
	return detail::select(0u, until, cases...);
}

/* With no deadline they wait. */
template <class... Cases>
auto select(ordered_t, Cases &&...cases)
        -> std::enable_if_t<(detail::is_case<Cases> && ...), result<std::size_t>>
{
	return detail::select(PP_ORDERED, deadline::never(), cases...);
}

template <class... Cases>
auto select(Cases &&...cases)
        -> std::enable_if_t<(detail::is_case<Cases> && ...), result<std::size_t>>
{
	return detail::select(0u, deadline::never(), cases...);
}

/* What can go ahead now; else timed_out. */
template <class... Cases>
auto try_select(Cases &&...cases)
        -> std::enable_if_t<(detail::is_case<Cases> && ...), result<std::size_t>>
{
	return detail::select(0u, deadline::past(), cases...);
}

} // namespace pp

#endif
