/* SPDX-License-Identifier: MIT */
/* Errors are values with names, deadlines come from std::chrono, and ends are handles that move. */
#include <cstring>
#include <limits>
#include <type_traits>

#include "check.hpp"

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using std::chrono::system_clock;

static_assert(!std::is_copy_constructible_v<pp::tx<int>> &&
              !std::is_copy_assignable_v<pp::rx<int>>);
static_assert(std::is_nothrow_move_constructible_v<pp::tx<std::string>> &&
              std::is_nothrow_move_assignable_v<pp::rx<std::string>>);

static void each_result_has_a_name()
{
	auto [tx, rx] = opened<int>(pp::mpmc, 1);

	CHECK(rx.try_pull().error() == pp::status::empty);
	CHECK(tx.push(1));
	CHECK(tx.try_push(2) == pp::status::full);
	CHECK(tx.push_until(2, pp::deadline::past()) == pp::status::timed_out);
	CHECK(tx.close());
	CHECK(tx.push(2) == pp::status::own_ended);
	CHECK(rx.pull().value() == 1);
	CHECK(rx.pull().error() == pp::status::end_of_stream);
	CHECK(rx.cancel());
	CHECK(rx.pull().error() == pp::status::own_ended);
	CHECK(pp::tx<int>().push(1) == pp::status::invalid);
	CHECK(pp::open<int>(pp::mpmc, SIZE_MAX).error() == pp::status::invalid);
	CHECK(pp::open<std::string>(pp_kind(9), 1).error() == pp::status::invalid);

	for (int code : {0, -EAGAIN, -EBUSY, -ETIMEDOUT, -EINTR, -EPIPE, -ESHUTDOWN, -EINVAL, -ENOMEM})
		CHECK(std::strcmp(to_string(pp::status(code)), "unknown") != 0);
	CHECK(std::strcmp(to_string(pp::status(-EXDEV)), "unknown") == 0);
	static_assert(pp::status(3) && !pp::status(-1) && pp::status(3).code() == 0);
}

static void a_result_is_a_value_or_an_error()
{
	pp::result<std::string> good(std::string("text")), bad(pp::status::empty);

	CHECK(good && good.has_value() && good.error() && *good == "text" && good->size() == 4);
	CHECK(!bad && !bad.has_value() && bad.error() == pp::status::empty);
	CHECK(bad.value_or("other") == "other" && good.value_or("other") == "text");
	std::string taken = *std::move(good);
	CHECK(taken == "text");
	CHECK(!pp::result<int>(pp::status::ok));
	CHECK(pp::result<int>(pp::status::ok).error() == pp::status::invalid);
	CHECK(*pp::result<bool>(false) == false);
}

template <class Rep, class Period>
static pp_time at(std::chrono::duration<Rep, Period> d)
{
	return pp::deadline(std::chrono::time_point<steady_clock, decltype(d)>(d)).time();
}

template <class Rep, class Period = std::ratio<1>>
using span = std::chrono::duration<Rep, Period>;

static void deadlines_are_those_of_the_steady_clock()
{
	const auto before = pp_now();
	const pp_time now = pp::deadline(steady_clock::now()).time();
	CHECK(before <= now && now <= pp_now());
	CHECK(at(5ns) == 5 && at(3us) == 3000 && at(2h) == 7200 * PP_SEC);
	CHECK(at(-5s) == 0);
	CHECK(at(span<double>(1.5)) == 1500 * PP_MS);
	CHECK(at(span<int, std::ratio<1, 60>>(61)) == 1016666667); /* up */
	CHECK(at(span<long long, std::pico>(1001)) == 2);
	CHECK(at(span<unsigned char>(200)) == 200 * PP_SEC);
	static_assert(pp::deadline::never().time() == PP_FOREVER);
	static_assert(pp::deadline::at(7).time() == 7);
}

static void what_does_not_fit_is_the_nearest_that_does()
{
	constexpr auto most = std::numeric_limits<long long>::max();
	constexpr auto least = std::numeric_limits<long long>::min();

	CHECK(at(steady_clock::duration::max()) == PP_FOREVER);
	CHECK(at(steady_clock::duration::min()) == 0);
	CHECK(at(std::chrono::hours::max()) == PP_FOREVER);
	CHECK(at(std::chrono::hours::min()) == 0);
	CHECK(at(span<long long, std::pico>(most)) == most / 1000 + 1);
	CHECK(at(span<unsigned long long>(std::numeric_limits<unsigned long long>::max())) ==
	      PP_FOREVER);
	CHECK(at(span<double>(1e300)) == PP_FOREVER && at(span<double>(-1e300)) == 0);
	CHECK(at(span<float>(std::numeric_limits<float>::infinity())) == PP_FOREVER);
	CHECK(at(span<float>(std::numeric_limits<float>::quiet_NaN())) == 0);
	CHECK(at(span<long long>(9223372036)) == 9223372036 * PP_SEC);
	CHECK(at(span<long long>(9223372037)) == PP_FOREVER);
	CHECK(pp::deadline::in(std::chrono::hours::max()).time() == PP_FOREVER);
	CHECK(pp::deadline::in(std::chrono::hours::min()).time() == 0);
	CHECK(pp::detail::ns_of(span<long long, std::milli>(least)) == least);
	CHECK(pp::detail::ns_of(span<long long, std::micro>(-7)) == -7000);
}

struct own_clock { /* before its epoch */
	using duration = std::chrono::milliseconds;
	using time_point = std::chrono::time_point<own_clock>;
	static constexpr bool is_steady = false;
	static time_point now() { return time_point(-1h); }
};

static void other_clocks_are_translated()
{
	const auto before = pp_now();
	const auto in_a_minute = pp::deadline(system_clock::now() + 1min).time();

	CHECK(in_a_minute - before > 59 * PP_SEC && in_a_minute - pp_now() <= 60 * PP_SEC);
	CHECK(pp::deadline(system_clock::now() - 1s).time() == 0);
	CHECK(pp::deadline(system_clock::time_point::max()).time() == PP_FOREVER);
	CHECK(pp::deadline(system_clock::time_point::min()).time() == 0);
	CHECK(pp::deadline(own_clock::now() + 1s).time() - pp_now() <= PP_SEC);
	CHECK(pp::deadline(own_clock::time_point(span<long long>(9223372036))).time() == PP_FOREVER);
	CHECK(pp::deadline(own_clock::time_point::max()).time() == PP_FOREVER);
}

static void waits_end_at_the_deadline()
{
	auto [tx, rx] = opened<std::string>(pp::spsc, 1);
	const auto start = steady_clock::now();

	CHECK(rx.pull_for(2ms).error() == pp::status::timed_out);
	CHECK(rx.pull_until(steady_clock::now() + 2ms).error() == pp::status::timed_out);
	CHECK(steady_clock::now() - start >= 4ms);
	CHECK(tx.push_for("a", 1h));
	CHECK(rx.pull_until(steady_clock::now() - 1h).value() == "a");
	std::string into = "mine";
	CHECK(rx.try_pull(into) == pp::status::empty && into == "mine");
	CHECK(rx.pull_for(into, 0s) == pp::status::timed_out && into == "mine");
}

static void options_reach_the_ring()
{
	auto ring = pp::open<int>(pp::options().kind(pp::mpmc).capacity(3).name("jobs").track_depth()
	                                  .interruptible().interruptible(false).spin(1us));
	CHECK(ring);
	auto &[tx, rx] = *ring;

	CHECK(tx.capacity() == 3 && rx.capacity() == 3 && tx.kind() == PP_MPMC);
	CHECK(tx.push(1) && tx.depth() == 1 && rx.depth() == 1);
	CHECK(std::strcmp(rx.stats()->name, "jobs") == 0 && rx.stats()->depth_max == 1);
	CHECK(pp::options().spin_none().config().spin_ns == PP_SPIN_NONE);
	CHECK(pp::options().spin(0s).config().spin_ns == PP_SPIN_NONE);
	CHECK(pp::options().spin(3us).config().spin_ns == 3000);
	CHECK(pp::options().interruptible().config().flags == PP_INTERRUPTIBLE);
	CHECK(!pp::tx<int>().stats() && pp::tx<int>().depth() == 0);
}

static void ends_move_and_are_counted()
{
	for (auto kind : {pp::spsc, pp::mpmc}) {
		auto [tx, rx] = opened<std::string>(kind, 2);
		auto other = tx.dup();

		CHECK(other && rx.stats()->tx_refs == 2);
		pp::tx<std::string> moved = std::move(tx);
		CHECK(!tx && moved && rx.stats()->tx_refs == 2);
		CHECK(moved.push("a"));
		moved = std::move(other);
		CHECK(rx.stats()->tx_refs == 1 && !rx.stats()->closed);
		CHECK(moved.push("b"));
		moved.reset();
		CHECK(rx.stats()->closed);
		CHECK(*rx.pull() == "a" && *rx.pull() == "b" && !rx.pull());
		CHECK(!pp::rx<int>().dup());
	}
}

static void batches_move_arrays()
{
	auto [tx, rx] = opened<int>(pp::spsc, 4);
	const std::vector<int> three{1, 2, 3};
	int into[8] = {};

	CHECK(*tx.push_n(three) == 3 && *tx.try_push_n(three.data(), 3) == 1);
	CHECK(tx.try_push_n(three.data(), 3).error() == pp::status::full);
	CHECK(tx.push_n_until(three.data(), 3, pp::deadline::past()).error() ==
	      pp::status::timed_out);
	CHECK(*rx.pull_n(into, 2) == 2 && into[0] == 1 && into[1] == 2);
	CHECK(*rx.try_pull_n(into, 8) == 2 && into[0] == 3 && into[1] == 1);
	CHECK(rx.try_pull_n(into, 8).error() == pp::status::empty);
	CHECK(*tx.push_n(three.data(), 3) == 3);
	CHECK(*rx.pull_n_until(into, 8, 8, pp::deadline::in(1ms)) == 3);
	CHECK(*tx.push_n(three.data(), 0) == 0);
	CHECK(*tx.push_n(three) == 3); /* enough, so it does not wait for more */
	CHECK(*rx.pull_n_until(into, 2, 8, pp::deadline::never()) == 3);
}

static void c_and_cxx_share_a_ring()
{
	pp_tx *c_tx;
	pp_rx *c_rx;

	CHECK(pp_open(&c_tx, &c_rx, PP_SPSC, 2, sizeof(int)) == 0);
	CHECK(pp::tx<char>::adopt(c_tx).error() == pp::status::invalid);
	CHECK(pp::tx<char>::adopt(nullptr).error() == pp::status::invalid);
	auto tx = pp::tx<int>::adopt(c_tx);
	int got = 0;
	CHECK(tx && tx->native() == c_tx && tx->push(4));
	CHECK(pp_pull(c_rx, &got) == 0 && got == 4);
	CHECK(tx->release() == c_tx && !*tx);
	CHECK(pp_push(c_tx, &got) == 0);
	auto rx = pp::rx<int>::adopt(c_rx);
	CHECK(*rx->pull() == 4);
	pp_tx_unref(c_tx);
	CHECK(rx->pull().error() == pp::status::end_of_stream);
}

int main()
{
	each_result_has_a_name();
	a_result_is_a_value_or_an_error();
	deadlines_are_those_of_the_steady_clock();
	what_does_not_fit_is_the_nearest_that_does();
	other_clocks_are_translated();
	waits_end_at_the_deadline();
	options_reach_the_ring();
	ends_move_and_are_counted();
	batches_move_arrays();
	c_and_cxx_share_a_ring();
}
