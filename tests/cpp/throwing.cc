/* SPDX-License-Identifier: MIT */
/* Items whose moves throw: nothing leaks, and the ring goes on. */
#include "check.hpp"

struct moody {
	explicit moody(int v) : value(v) { alive++; }
	moody(moody &&other) : value(other.value)
	{
		if (throw_in > 0 && --throw_in == 0)
			throw value;
		other.value = 0;
		alive++;
	}
	~moody() { alive--; }

	int value;
	static inline int throw_in = 0, alive = 0;
};

template <class Call>
static bool throws(int in, Call call)
{
	moody::throw_in = in;
	try {
		call();
	} catch (int) {
		return true;
	}
	return false;
}

static void a_move_in_that_throws_pushes_nothing(pp_kind kind)
{
	auto [tx, rx] = opened<moody>(kind, 2);
	moody mine(1);

	CHECK(throws(1, [&, &tx = tx] { (void)tx.push(std::move(mine)); }));
	CHECK(mine.value == 1 && tx.depth() == 0 && moody::alive == 1);
	CHECK(tx.push(std::move(mine)) && rx.pull()->value == 1);
}

static void a_move_out_that_throws_has_pulled(pp_kind kind)
{
	auto [tx, rx] = opened<moody>(kind, 2);

	CHECK(tx.push(moody(1)) && tx.push(moody(2)));
	CHECK(throws(1, [&, &rx = rx] { (void)rx.pull(); }));
	CHECK(moody::alive == 1);
	CHECK(rx.pull()->value == 2);
}

int main()
{
	for (auto kind : {pp::spsc, pp::mpmc}) {
		a_move_in_that_throws_pushes_nothing(kind);
		a_move_out_that_throws_has_pulled(kind);
	}
	CHECK(moody::alive == 0);
}
