/* SPDX-License-Identifier: MIT */
/* Destructors run once for each item, and a push that fails leaves the item with its caller. */
#include "check.hpp"

using namespace std::chrono_literals;

template <class T>
static T make(int n);
template <>
thing make(int n) { return thing(n); }
template <>
wide_item make(int n) { return wide_item(n); }

static long ended_ones()
{
	return thing::ended + wide_item::ended;
}

static void nobody_is_left()
{
	CHECK(thing::alive == 0 && wide_item::alive == 0);
}

template <class T>
static void a_failed_push_leaves_the_item(pp_kind kind)
{
	auto [tx, rx] = opened<T>(kind, 2);
	T mine = make<T>(7);

	CHECK(tx.push(make<T>(1)) && tx.push(make<T>(2)));
	CHECK(tx.try_push(std::move(mine)) == pp::status::full && mine.value == 7);
	CHECK(tx.push_until(std::move(mine), pp::deadline::past()) == pp::status::timed_out);
	CHECK(mine.value == 7);
	CHECK(tx.push_for(std::move(mine), 1ms) == pp::status::timed_out && mine.value == 7);
	CHECK(rx.cancel());
	CHECK(tx.push(std::move(mine)) == pp::status::other_ended && mine.value == 7);
	CHECK(tx.close());
	CHECK(tx.push(std::move(mine)) == pp::status::own_ended && mine.value == 7);
	tx.reset();
	CHECK(tx.push(std::move(mine)) == pp::status::invalid && mine.value == 7);
}

template <class T>
static void a_failed_rendezvous_leaves_the_item(pp_kind kind)
{
	auto [tx, rx] = opened<T>(kind, 0);
	T mine = make<T>(7);

	CHECK(tx.try_push(std::move(mine)) == pp::status::full && mine.value == 7);
	CHECK(tx.push_for(std::move(mine), 1ms) == pp::status::timed_out && mine.value == 7);
	std::thread canceller([&from = rx] {
		wait_until([&] { return asleep(from) == 1; });
		CHECK(from.cancel());
	});
	CHECK(tx.push(std::move(mine)) == pp::status::other_ended && mine.value == 7);
	canceller.join();
}

template <class T>
static void what_is_left_is_destroyed_once(pp_kind kind)
{
	const long before = ended_ones();
	{
		auto [tx, rx] = opened<T>(kind, 8);

		for (int i = 0; i < 5; i++)
			CHECK(tx.push(make<T>(i)));
		CHECK(rx.pull()->value == 0);
		CHECK(ended_ones() - before == 1);
		CHECK(rx.cancel());
		CHECK(ended_ones() - before == 5);
		CHECK(rx.pull().error() == pp::status::own_ended);
	}
	CHECK(ended_ones() - before == 5);
	nobody_is_left();
	{
		auto [tx, rx] = opened<T>(kind, 8);

		CHECK(tx.push(make<T>(1)) && tx.push(make<T>(2)));
		tx.reset(); /* closes */
		CHECK(ended_ones() - before == 5);
		rx.reset(); /* cancels */
		CHECK(ended_ones() - before == 7);
	}
	nobody_is_left();
}

/* Pushers, pullers, and somebody who ends it all: each item is pulled, dropped, or its pusher's. */
template <class T, class End>
static void race(pp_kind kind, std::size_t capacity, End end_it)
{
	const int threads = kind == PP_MPMC ? 3 : 1;
	const long before = ended_ones();
	std::atomic<long> made{0}, kept{0}, pulled{0};
	std::vector<std::thread> crowd;
	auto [tx, rx] = opened<T>(kind, capacity);

	for (int t = 0; t < threads; t++) {
		crowd.emplace_back([&, to = tx.dup()]() mutable {
			for (pp::status s; s;) {
				T mine = make<T>(static_cast<int>(++made));

				s = to.push_for(std::move(mine), 50us);
				if (!s)
					kept += mine.value != T::moved_from;
				else
					CHECK(mine.value == T::moved_from);
				if (s == pp::status::timed_out)
					s = pp::status::ok;
			}
		});
		crowd.emplace_back([&, from = rx.dup()]() mutable {
			for (auto &&got : from)
				pulled += got.value > 0;
		});
	}
	wait_until([&] { return pulled > 20; });
	end_it(tx, rx);
	tx.reset();
	rx.reset();
	for (auto &thread : crowd)
		thread.join();
	nobody_is_left();
	CHECK(ended_ones() - before == made);
	CHECK(pulled + kept <= made);
}

template <class T>
static void nothing_is_lost_in_a_race(pp_kind kind)
{
	for (std::size_t capacity : {0, 1, 5, 200})
		for (int round = 0; round < 10; round++) {
			race<T>(kind, capacity, [](auto &, auto &rx) { CHECK(rx.cancel()); });
			race<T>(kind, capacity, [](auto &tx, auto &) { CHECK(tx.close()); });
		}
}

static void owners_of_memory_are_dropped()
{
	auto number = std::make_shared<int>(1);
	{
		auto [tx, rx] = opened<std::shared_ptr<int>>(pp::mpmc, 4);

		CHECK(tx.push(number) && tx.push(number));
		CHECK(number.use_count() == 3);
		CHECK(rx.cancel());
		CHECK(number.use_count() == 1);
		auto mine = number;
		CHECK(tx.push(std::move(mine)) == pp::status::other_ended && mine == number);
	}
	{
		auto [tx, rx] = opened<message>(pp::spsc, 4); /* memory: the sanitizer's to find */
		CHECK(tx.push(message{std::make_unique<int>(1), {}}));
	}
}

struct request {
	std::string what;
	pp::tx<std::string> reply;
	pp::tx<request> more; /* its own type is incomplete here */
};

static void items_may_hold_ends()
{
	auto [tx, rx] = opened<request>(pp::spsc, 2);
	auto [to, answers] = opened<std::string>(pp::spsc, 1);

	CHECK(tx.push(request{"ping", std::move(to), {}}));
	{
		auto got = rx.pull();
		CHECK(got->reply.push(got->what + "!"));
	}
	CHECK(*answers.pull() == "ping!");
	CHECK(answers.pull().error() == pp::status::end_of_stream);
	auto [again, unheard] = opened<std::string>(pp::spsc, 1);
	CHECK(tx.push(request{"lost", std::move(again), {}}));
	rx.reset();
	CHECK(unheard.pull().error() == pp::status::end_of_stream);
}

template <class T>
static void all_of_it(pp_kind kind)
{
	a_failed_push_leaves_the_item<T>(kind);
	a_failed_rendezvous_leaves_the_item<T>(kind);
	what_is_left_is_destroyed_once<T>(kind);
	nothing_is_lost_in_a_race<T>(kind);
}

int main()
{
	for (auto kind : {pp::spsc, pp::mpmc}) {
		all_of_it<thing>(kind);
		all_of_it<wide_item>(kind);
	}
	owners_of_memory_are_dropped();
	items_may_hold_ends();
}
