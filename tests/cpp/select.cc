/* SPDX-License-Identifier: MIT */
/* pp::select over ends of different types, and the descriptors for an event loop. */
#include <poll.h>

#include "check.hpp"

using namespace std::chrono_literals;

static bool readable(int fd)
{
	pollfd p{fd, POLLIN, 0};

	return poll(&p, 1, 0) == 1;
}

static void one_case_is_performed_and_its_function_called()
{
	auto [words, from_words] = opened<std::string>(pp::mpmc, 2);
	auto [numbers, from_numbers] = opened<int>(pp::spsc, 2);
	std::string word;
	int number = 0, calls = 0;
	/* A lambda of C++17 names no structured binding. */
	auto ask = [&, &from_words = from_words, &from_numbers = from_numbers] {
		return pp::select(
		        pp::on_pull(from_words, [&](auto got) { calls++; word = *std::move(got); }),
		        pp::on_pull(from_numbers, [&](pp::result<int> got) { calls++; number = *got; }));
	};

	CHECK(words.push("hello"));
	CHECK(*ask() == 0 && word == "hello" && calls == 1);
	CHECK(numbers.push(5));
	CHECK(*ask() == 1 && number == 5 && calls == 2);
}

static void what_is_not_chosen_is_untouched(pp_kind kind)
{
	auto [full, unread] = opened<thing>(kind, 1);
	auto [room, from_room] = opened<thing>(kind, 1);
	auto [tx, rx] = opened<message>(kind, 1);
	thing a(1), b(2);
	message c{std::make_unique<int>(3), {}};
	bool given_back = false;

	CHECK(full.push(thing(0)) && tx.push(message{}));
	CHECK(*pp::select(pp::on_push(full, std::move(a)), pp::on_push(tx, std::move(c)),
	                  pp::on_push(room, std::move(b), [&](pp::status s) {
		                  given_back = s && a.value == 1 && *c.number == 3;
	                  })) == 2);
	CHECK(given_back && b.value == thing::moved_from);
	CHECK(from_room.pull()->value == 2);
	CHECK(pp::try_select(pp::on_push(full, std::move(a)), pp::on_push(tx, std::move(c)))
	              .error() == pp::status::timed_out);
	CHECK(a.value == 1 && *c.number == 3);
	CHECK(unread.cancel());
	pp::status heard;
	CHECK(*pp::select(pp::on_push(full, std::move(a), [&](pp::status s) { heard = s; })) == 0);
	CHECK(heard == pp::status::other_ended && a.value == 1);
}

static void order_deadline_and_disabled_cases()
{
	auto [tx, rx] = opened<int>(pp::mpmc, 4);
	pp::rx<int> none;
	pp::tx<std::string> nowhere;
	std::string kept(100, 'x');
	int got = 0;
	auto into = [&](pp::result<int> n) { got = *n; };

	CHECK(pp::try_select(pp::on_pull(rx, into)).error() == pp::status::timed_out);
	CHECK(pp::select(pp::deadline::in(1ms), pp::on_pull(rx, into), pp::on_pull(none, into))
	              .error() == pp::status::timed_out);
	CHECK(pp::select(std::chrono::steady_clock::now() + 1ms, pp::on_pull(rx, into)).error() ==
	      pp::status::timed_out);
	CHECK(pp::select(pp::on_pull(none, into)).error() == pp::status::invalid);
	for (int i = 0; i < 4; i++)
		CHECK(tx.push(i));
	for (int i = 0; i < 4; i++)
		CHECK(*pp::select(pp::ordered, pp::on_pull(none, into),
		                  pp::on_push(nowhere, std::move(kept)), pp::on_pull(rx, into),
		                  pp::on_push(tx, 9)) == 2 && got == i);
	CHECK(kept.size() == 100);
	CHECK(*pp::select(pp::ordered, pp::deadline::past(), pp::on_push(tx, 9)) == 0);
}

static void an_end_may_be_let_go_of_in_its_own_case()
{
	auto ring = opened<std::string>(pp::mpmc, 1);
	std::string word;

	CHECK(ring.tx.push("last"));
	CHECK(*pp::select(pp::on_pull(ring.rx, [&](auto got) {
		ring.rx.reset();
		ring.tx.reset();
		word = *got;
	})) == 0);
	CHECK(word == "last");
}

static void a_select_meets_a_push_at_capacity_0(pp_kind kind)
{
	auto [tx, rx] = opened<thing>(kind, 0);
	auto [done, stop] = opened<int>(pp::spsc, 1);
	std::thread pusher([to = std::move(tx)]() mutable {
		for (int i = 0; i < 100; i++)
			CHECK(to.push(thing(i)));
	});
	std::thread stopper([end = std::move(done)]() mutable {});
	int sum = 0, n = 0;

	stopper.join();
	for (bool open = true, running = true; open || running;)
		CHECK(pp::select(pp::on_pull(rx, [&, &rx = rx](pp::result<thing> got) {
			if (got)
				sum += got->value, n++;
			else
				open = false, rx.reset();
		}), pp::on_pull(stop, [&, &stop = stop](pp::result<int> got) {
			CHECK(got.error() == pp::status::end_of_stream);
			running = false;
			stop.reset();
		})));
	CHECK(n == 100 && sum == 4950);
	pusher.join();
}

static void select_moves_an_item_once_and_once()
{
	auto [tx, rx] = opened<thing>(pp::mpmc, 1);

	thing::moves = 0;
	CHECK(pp::select(pp::on_push(tx, thing(1))));
	CHECK(thing::moves == 1);
	CHECK(pp::select(pp::on_pull(rx, [](pp::result<thing> got) {
		CHECK(got->value == 1 && thing::moves == 2);
	})));
	CHECK(thing::moves == 2);
}

static void descriptors_tell_of_items_and_room(pp_kind kind)
{
	auto [tx, rx] = opened<std::string>(kind, 1);
	const auto items = rx.fd(), room = tx.fd();

	CHECK(items && room && *items != *room);
	CHECK(rx.try_pull().error() == pp::status::empty);
	CHECK(!*rx.arm() && !readable(*items));
	CHECK(tx.push("a"));
	CHECK(readable(*items) && *rx.arm());
	CHECK(tx.try_push("b") == pp::status::full);
	CHECK(!*tx.arm() && !readable(*room));
	CHECK(*rx.pull() == "a");
	CHECK(readable(*room));
	CHECK(!pp::rx<int>().fd() && !pp::tx<int>().arm());
}

int main()
{
	one_case_is_performed_and_its_function_called();
	order_deadline_and_disabled_cases();
	an_end_may_be_let_go_of_in_its_own_case();
	select_moves_an_item_once_and_once();
	for (auto kind : {pp::spsc, pp::mpmc}) {
		what_is_not_chosen_is_untouched(kind);
		a_select_meets_a_push_at_capacity_0(kind);
		descriptors_tell_of_items_and_room(kind);
	}
	CHECK(thing::alive == 0);
}
