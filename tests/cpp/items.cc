/* SPDX-License-Identifier: MIT */
/* Items of any movable type get through, each once, whatever the ring. */
#include <deque>
#include <list>

#include "check.hpp"

#if __cplusplus >= 202002L
#include <ranges>
static_assert(std::ranges::input_range<pp::rx<std::unique_ptr<int>>>);
#endif

template <class T, class Make, class Same>
void stream(pp_kind kind, std::size_t capacity, Make make, Same same)
{
	auto [tx, rx] = opened<T>(kind, capacity);
	std::thread pusher([to = std::move(tx), make]() mutable {
		for (int i = 0; i < 500; i++)
			CHECK(to.push(make(i)));
	});
	int n = 0;

	for (auto &&got : rx)
		CHECK(same(got, n++));
	CHECK(n == 500);
	pusher.join();
}

template <class T, class Make, class Same>
void in_every_ring(Make make, Same same)
{
	for (auto kind : {pp::spsc, pp::mpmc})
		for (std::size_t capacity : {0, 1, 3, 64, 300})
			stream<T>(kind, capacity, make, same);
}

struct no_default {
	explicit no_default(int n) : value(n) {}
	int value;
};

struct only_moves { /* not even assigned to */
	explicit only_moves(int n) : value(std::make_unique<int>(n)) {}
	only_moves(only_moves &&) = default;
	const std::unique_ptr<int> &look() const { return value; }
	std::unique_ptr<int> value;
	only_moves &operator=(only_moves &&) = delete;
};

struct alignas(128) wide {
	int value;
	std::uintptr_t lies() const { return reinterpret_cast<std::uintptr_t>(this) % 128; }
};

struct alignas(64) wide_owner {
	std::unique_ptr<int> value;
};

template <>
struct pp::is_relocatable<wide_owner> : std::true_type {
};

static void every_movable_type_gets_through()
{
	in_every_ring<int>([](int i) { return i; }, [](int got, int i) { return got == i; });
	in_every_ring<no_default>([](int i) { return no_default(i); },
	                          [](no_default &got, int i) { return got.value == i; });
	in_every_ring<std::string>([](int i) { return std::to_string(i); },
	                           [](std::string &got, int i) { return got == std::to_string(i); });
	in_every_ring<std::list<int>>([](int i) { return std::list<int>{i, i}; },
	                              [](std::list<int> &got, int i) { return got.back() == i; });
	in_every_ring<std::unique_ptr<int>>([](int i) { return std::make_unique<int>(i); },
	                                    [](auto &got, int i) { return *got == i; });
	in_every_ring<std::shared_ptr<int>>([](int i) { return std::make_shared<int>(i); },
	                                    [](auto &got, int i) { return *got == i; });
	in_every_ring<message>([](int i) { return message{std::make_unique<int>(i), {}}; },
	                       [](message &got, int i) { return *got.number == i; });
	in_every_ring<only_moves>([](int i) { return only_moves(i); },
	                          [](only_moves &got, int i) { return *got.look() == i; });
	in_every_ring<thing>([](int i) { return thing(i); },
	                    [](thing &got, int i) { got.look(); return got.value == i; });
	CHECK(thing::alive == 0);
}

static void items_keep_their_alignment()
{
	in_every_ring<wide>([](int i) { return wide{i}; },
	                    [](wide &got, int i) { return got.value == i && got.lies() == 0; });
	in_every_ring<wide_owner>([](int i) { return wide_owner{std::make_unique<int>(i)}; },
	                          [](wide_owner &got, int i) { return *got.value == i; });
	in_every_ring<wide_item>([](int i) { return wide_item(i); },
	                         [](wide_item &got, int i) { got.look(); return got.value == i; });
	CHECK(wide_item::alive == 0);
}

static void an_item_is_moved_in_once_and_out_once()
{
	auto [tx, rx] = opened<thing>(pp::mpmc, 4);
	thing one(1);

	thing::moves = 0;
	CHECK(tx.push(std::move(one)));
	CHECK(thing::moves == 1);
	{
		auto pulled = rx.pull();
		CHECK(thing::moves == 2);
		CHECK(pulled && pulled->value == 1);
	}
	CHECK(tx.push(thing(2)));
	thing::moves = 0;
	CHECK(rx.pull(one));
	CHECK(thing::moves == 1 && one.value == 2);
	CHECK(tx.push(thing(3)));
	CHECK(tx.close());
	thing::moves = 0;
	for (auto &&got : rx)
		CHECK(got.value == 3 && thing::moves == 1);
}

static void a_loop_may_take_items_by_value_and_leave_early()
{
	auto [tx, rx] = opened<std::unique_ptr<int>>(pp::spsc, 8);
	int sum = 0;

	for (int i = 1; i <= 4; i++)
		CHECK(tx.push(std::make_unique<int>(i)));
	for (auto got : rx) {
		sum += *got;
		if (*got == 2)
			break;
	}
	CHECK(sum == 3 && rx.depth() == 2);
	CHECK(tx.close());
	for (const auto &got : rx)
		sum += *got;
	CHECK(sum == 10);
}

static void an_ended_item_is_gone_before_the_loop_waits()
{
	auto [tx, rx] = opened<thing>(pp::spsc, 1);
	std::thread pusher([to = std::move(tx)]() mutable {
		CHECK(to.push(thing(1)));
		wait_until([] { return thing::alive == 0; });
		CHECK(to.close());
	});

	for (auto &&got : rx)
		CHECK(got.value == 1);
	pusher.join();
}

static void a_copy_can_be_pushed_and_the_original_stays()
{
	auto [tx, rx] = opened<std::string>(pp::spsc, 2);
	const std::string text(100, 'x');

	CHECK(tx.push(text));
	CHECK(text.size() == 100 && *rx.pull() == text);
}

int main()
{
	every_movable_type_gets_through();
	items_keep_their_alignment();
	an_item_is_moved_in_once_and_out_once();
	a_loop_may_take_items_by_value_and_leave_early();
	an_ended_item_is_gone_before_the_loop_waits();
	a_copy_can_be_pushed_and_the_original_stays();
	CHECK(thing::alive == 0);
}
