/* SPDX-License-Identifier: MIT */
/* For ThreadSanitizer, with a library that it does not see into: what rings order is no race, and
 * what they do not order is.  tsan.py builds and runs it; with an argument it has that race. */
#include <cstring>

#include "check.hpp"

struct block { /* too large to be copied without a call */
	long words[100];
};

template <class T, class Make, class Use>
static void stream(pp_kind kind, std::size_t capacity, Make make, Use use)
{
	auto [tx, rx] = opened<T>(kind, capacity);
	const int threads = kind == PP_MPMC ? 3 : 1;
	std::vector<std::thread> crowd;

	for (int t = 0; t < threads; t++) {
		crowd.emplace_back([&make, to = tx.dup()]() mutable {
			for (int i = 0; i < 300; i++)
				CHECK(to.push(make(i)));
		});
		crowd.emplace_back([&use, from = rx.dup()]() mutable {
			for (auto &&got : from)
				use(got);
		});
	}
	tx.reset();
	rx.reset();
	for (auto &thread : crowd)
		thread.join();
}

static void items_and_what_they_refer_to_are_handed_over(pp_kind kind, std::size_t capacity)
{
	stream<long *>(kind, capacity, [](int i) { return new long(i); },
	               [](long *got) { ++*got; delete got; });
	stream<std::unique_ptr<long>>(kind, capacity, [](int i) { return std::make_unique<long>(i); },
	                              [](auto &got) { ++*got; });
	stream<std::string>(kind, capacity, [](int i) { return std::string(i, 'x'); },
	                    [](std::string &got) { got += 'y'; });
	stream<block>(kind, capacity, [](int i) { return block{{i}}; },
	              [](block &got) { got.words[99]++; });
}

static void what_is_left_is_destroyed_by_another_thread(pp_kind kind)
{
	auto [tx, rx] = opened<std::unique_ptr<long>>(kind, 8);
	auto [words, unread] = opened<std::string>(kind, 8);

	std::thread pusher([&to = tx, &w = words] {
		for (int i = 0; i < 5; i++)
			CHECK(to.push(std::make_unique<long>(i)) && w.push(std::string(100, 'x')));
	});
	wait_until([&r = rx, &u = unread] { return r.depth() == 5 && u.depth() == 5; });
	CHECK(rx.cancel() && unread.cancel());
	pusher.join();
}

/* A ring of capacity 1 as a mutex: the pull comes before the next push. */
static void a_pull_comes_before_the_push_that_follows()
{
	auto [tx, rx] = opened<int>(pp::mpmc, 1);
	long shared = 0;
	std::vector<std::thread> crowd;

	for (int t = 0; t < 3; t++)
		crowd.emplace_back([&to = tx, &from = rx, &shared] {
			for (int i = 0; i < 200; i++) {
				CHECK(to.push(1));
				shared++;
				CHECK(from.pull());
			}
		});
	for (auto &thread : crowd)
		thread.join();
	CHECK(shared == 600);
}

static void an_end_comes_after_what_was_done_before_it()
{
	auto [tx, rx] = opened<int>(pp::spsc, 1);
	long outcome = 0;
	std::thread worker([to = std::move(tx), &outcome]() mutable {
		outcome = 1;
		CHECK(to.close());
		wait_until([&to] { return to.stats()->cancelled; });
	});

	CHECK(rx.pull().error() == pp::status::end_of_stream);
	CHECK(outcome == 1);
	rx.reset();
	worker.join();
}

static void select_and_batches_order_as_well(pp_kind kind)
{
	auto [tx, rx] = opened<std::string>(kind, 2);
	auto [many, from_many] = opened<long *>(kind, 4);
	std::thread pusher([&to = tx, &m = many] {
		std::vector<long> longs(100, 7);
		std::vector<long *> all;

		for (long &l : longs)
			all.push_back(&l);
		CHECK(*m.push_n(all) == 100);
		for (int i = 0; i < 100; i++) {
			std::string word(100, 'x');
			CHECK(pp::select(pp::on_push(to, std::move(word))));
		}
		CHECK(to.close());
		wait_until([&m] { return m.stats()->cancelled; });
	});
	long *some[8];
	long sum = 0;

	for (std::size_t n = 0, took; n < 100; n += took) {
		took = *from_many.pull_n(some, 8);
		for (std::size_t i = 0; i < took; i++)
			sum += ++*some[i];
	}
	for (bool open = true; open;)
		CHECK(pp::select(pp::on_pull(rx, [&](pp::result<std::string> got) {
			open = got.has_value();
			sum += open ? got->size() : 0;
		})));
	CHECK(sum == 800 + 10000);
	CHECK(from_many.cancel());
	pusher.join();
}

static long kept;

/* The pusher goes on with what it has handed over. */
static void race_behind_the_push(pp_kind kind)
{
	auto [tx, rx] = opened<long *>(kind, 4);
	std::thread pusher([&to = tx] {
		CHECK(to.push(&kept));
		kept = 5;
	});

	++**rx.pull();
	pusher.join();
}

/* Two threads that happen to use the same ring are not ordered by it. */
static void race_beside_the_ring()
{
	auto [tx, rx] = opened<std::string>(pp::mpmc, 4);
	std::thread pusher([&to = tx] {
		CHECK(to.push("text"));
		kept = 5;
	});

	CHECK(rx.pull());
	kept++;
	pusher.join();
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		if (std::strcmp(argv[1], "beside") == 0)
			race_beside_the_ring();
		else
			race_behind_the_push(pp::spsc);
		return 0;
	}
	for (auto kind : {pp::spsc, pp::mpmc}) {
		for (std::size_t capacity : {0, 1, 8, 200})
			items_and_what_they_refer_to_are_handed_over(kind, capacity);
		what_is_left_is_destroyed_by_another_thread(kind);
		select_and_batches_order_as_well(kind);
	}
	a_pull_comes_before_the_push_that_follows();
	an_end_comes_after_what_was_done_before_it();
}
