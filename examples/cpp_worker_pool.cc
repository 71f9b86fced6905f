/* SPDX-License-Identifier: MIT */
/*
 * A pool of workers in C++: jobs of any callable type, results as they come, a slow one given up
 * on, and an end that needs no flag.  A client that wants its answer takes a job along whose result
 * goes into a ring of its own.
 */
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <pushpull/pushpull.hpp>

using namespace std::chrono_literals;

#define HOLDS(claim) holds(static_cast<bool>(claim), #claim, __LINE__)

static void holds(bool claim, const char *text, int line)
{
	if (!claim) {
		std::fprintf(stderr, "cpp_worker_pool.cc:%d: does not hold: %s\n", line, text);
		std::exit(EXIT_FAILURE);
	}
}

using job = std::function<void()>;

class pool {
public:
	explicit pool(int workers)
	{
		auto ring = pp::open<job>(pp::options().kind(pp::mpmc).capacity(16).name("jobs"));

		HOLDS(ring);
		jobs_ = std::move(ring->tx);
		for (int i = 0; i < workers; i++)
			threads_.emplace_back([mine = ring->rx.dup()]() mutable {
				for (auto &&todo : mine)
					todo();
			});
	}

	/* Every job that was taken is done first. */
	~pool()
	{
		jobs_.reset(); /* the last push end closes */
		for (auto &thread : threads_)
			thread.join();
	}

	/* Waits while the backlog is full: the bound on the queue keeps clients honest. */
	pp::status run(job todo) { return jobs_.push(std::move(todo)); }

private:
	pp::tx<job> jobs_;
	std::vector<std::thread> threads_;
};

static void results_come_as_they_are_ready(pool &workers)
{
	using answer = std::pair<int, std::string>;

	auto ring = pp::open<answer>(pp::mpmc, 4);
	HOLDS(ring);
	auto [tx, rx] = *std::move(ring);
	int seen = 0;

	std::thread client([&workers, results = std::move(tx)]() mutable {
		for (int n = 1; n <= 100; n++) {
			/* Shared, because a std::function can be copied, and an end cannot. */
			auto to = std::make_shared<pp::tx<answer>>(results.dup());

			HOLDS(workers.run([n, to] { HOLDS(to->push({n, std::to_string(n * n)})); }));
		}
	});

	for (auto &&[n, square] : rx) { /* ends when the last job has let go of its end */
		HOLDS(square == std::to_string(n * n));
		seen++;
	}
	client.join();
	HOLDS(seen == 100);
}

static void a_slow_answer_is_given_up_on(pool &workers)
{
	auto reply = pp::open<std::string>(pp::spsc, 1);
	auto permit = pp::open<int>(pp::spsc, 0);
	HOLDS(reply && permit);
	std::string heard = "nothing";

	HOLDS(workers.run([&] {
		for (int go : permit->rx)
			(void)reply->tx.push("went " + std::to_string(go) + " times");
		(void)reply->tx.close();
	}));
	auto chosen = pp::select(pp::deadline::in(2ms), pp::on_pull(reply->rx, [&](auto text) {
		heard = *std::move(text);
	}));
	HOLDS(chosen.error() == pp::status::timed_out && heard == "nothing");

	HOLDS(permit->tx.push(1)); /* a rendezvous: the worker has it */
	HOLDS(permit->tx.close());
	HOLDS(*reply->rx.pull() == "went 1 times");
	HOLDS(reply->rx.pull().error() == pp::status::end_of_stream);
}

int main()
{
	pool workers(3);

	results_come_as_they_are_ready(workers);
	a_slow_answer_is_given_up_on(workers);
	std::puts("all jobs done");
}
