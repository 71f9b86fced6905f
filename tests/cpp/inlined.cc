/* SPDX-License-Identifier: MIT */
/* The path of a trivially copyable item is inlined, and a ring of boxes allocates nothing while it
 * runs: both are counted, by functions that come before the library's. */
#include <dlfcn.h>

#include "check.hpp"

static long calls, allocations;

template <class Function>
static Function next(const char *name)
{
	calls++;
	return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

extern "C" int pp_push(pp_tx *tx, const void *item)
{
	static const auto theirs = next<int (*)(pp_tx *, const void *)>("pp_push");
	calls++;
	return theirs(tx, item);
}

extern "C" int pp_pull(pp_rx *rx, void *item)
{
	static const auto theirs = next<int (*)(pp_rx *, void *)>("pp_pull");
	calls++;
	return theirs(rx, item);
}

[[gnu::noinline]] void *operator new(std::size_t n, const std::nothrow_t &) noexcept
{
	allocations++;
	return std::malloc(n);
}

[[gnu::noinline]] void operator delete(void *p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void *p, std::size_t) noexcept { std::free(p); }

struct position {
	double x, y, z;
};

template <class T>
static void stream(pp_kind kind, std::size_t capacity, const T &value, long most)
{
	auto [tx, rx] = opened<T>(kind, capacity);
	T into{};

	for (int lap = 0; lap < 100; lap++) {
		if (lap == 20) /* it knows the ring by now */
			calls = allocations = 0;
		for (int i = 0; i < 20; i++)
			CHECK(tx.push(value) && tx.push(T(value)));
		for (int i = 0; i < 20; i++)
			CHECK(rx.pull(into) && rx.pull());
	}
	std::fprintf(stderr, "%ld calls, %ld allocations\n", calls, allocations);
	CHECK(calls <= most && allocations == 0);
}

int main()
{
	for (auto kind : {pp::spsc, pp::mpmc}) {
		stream(kind, 64, 1L, 0);
		stream(kind, 64, position{1, 2, 3}, 0);
		stream(kind, 64, std::string("in itself"), 0);
	}
	/* 3200 items: a large ring of one producer calls at the end of a lap, and to look for more. */
	stream(pp::spsc, 1024, 1L, 200);
	stream(pp::mpmc, 1024, 1L, 0);
}
