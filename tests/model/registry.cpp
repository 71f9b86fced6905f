/* SPDX-License-Identifier: MIT */
/*
 * The table of open rings: dumps against opening and freeing.
 *
 *   O open a ring      K free the oldest it opened     D dump
 */
#include "harness.hpp"

/* In place of channel.h: what the table touches of a ring. */
#define PP_CHANNEL_H
#include "base/atomic.h"

struct pp_channel {
	rl::var<int> there; /* every look reads it, freeing writes it */
	uint32_t registered;
	PP_PLAIN(struct pp_channel *) next_freed;
	struct { struct { void *block; } end; } rx;
	int freed;
};

#include "registry.h"

namespace model {

struct pool;
static pool *P;
static uint64_t shown, opened;
static void *new_chunk();
static void give_back(struct pp_channel *ch);
static void give_back(void *) {} /* a block; a chunk that lost its race */

#define calloc(n, size) ((struct place *)model::new_chunk())
#define free(p)         model::give_back(p)
#define static

/* The text of registry.c as the members of one table, new in each execution. */
struct table {
/* In place of readiness.c. */
void pp_close_fds(struct pp_channel *)
{
}

#include "registry.c"
};

#undef static
#undef calloc
#undef free

enum { PLACES = 8, CHUNKS_MADE = N, RINGS = 3 };

struct pool {
	table t;
	table::place place[CHUNKS_MADE][PLACES];
	rl::var<int> cleared[CHUNKS_MADE];
	int chunks_made;
	struct pp_channel ring[N][RINGS], last;
	int opened[N];

	void start();
};

void pool::start()
{
	P = this;
	pp_store(&t.used, 0);
	pp_store(&t.vacant, 0);
	pp_store(&t.readers, 0);
	pp_store(&t.freed, NULL);
	for (int i = 0; i < table::CHUNKS; i++)
		pp_store(&t.chunks[i], NULL);
	chunks_made = 0;
	last.freed = 0;
	for (int i = 0; i < N; i++) {
		opened[i] = 0;
		for (int k = 0; k < RINGS; k++)
			ring[i][k].freed = 0;
	}
}

/* calloc() clears with plain writes: who looks at a place without having seen them
 * done has a race. */
static void look_at_place(const void *word)
{
	uintptr_t at = (uintptr_t)word, first = (uintptr_t)P->place;

	REQUIRE(at > 65536, "no chunk"); /* a null pointer and an offset */
	if (at - first < sizeof P->place)
		REQUIRE(P->cleared[(at - first) / sizeof P->place[0]]($).load() == 1, "not cleared");
}

static void *new_chunk()
{
	P->cleared[P->chunks_made]($).store(1);
	table::place *chunk = P->place[P->chunks_made++];

	for (int i = 0; i < PLACES; i++) {
		pp_store(&chunk[i].ring, NULL);
		pp_store(&chunk[i].next, 0);
	}
	return chunk;
}

static void give_back(struct pp_channel *ch)
{
	ch->there($).store(0);
	REQUIRE(++ch->freed == 1, "freed twice");
}

static int show(struct pp_channel *ch, void *seen)
{
	REQUIRE(ch->there($).load() == 1, "freed");
	++*(int *)seen;
	shown++;
	return 0;
}

static int register_ring(struct pp_channel *ch)
{
	ch->there($).store(1);
	opened++;
	return P->t.pp_register(ch);
}

typedef bare_scenario scenario;
static const scenario *current;

struct suite : rl::test_suite<suite, N> {
	pool p;

	void before()
	{
		executions++;
		shown = opened = 0;
		reset(false);
		touched = look_at_place;
		p.start();
	}

	static bool dumps()
	{
		for (int i = 0; i < N; i++)
			if (current->thread[i] && strchr(current->thread[i], 'D'))
				return true;
		return false;
	}

	void thread(unsigned me)
	{
		int open = 0;

		for (const char *c = current->thread[me]; c && *c; c++)
			switch (*c) {
			case 'O':
				REQUIRE(register_ring(&p.ring[me][p.opened[me]]) == 0, "no place");
				p.opened[me]++;
				open++;
				break;
			case 'K':
				P->t.pp_unregister_and_free(&p.ring[me][p.opened[me] - open--]);
				break;
			case 'D': {
				int seen = 0;

				P->t.pp_each_ring(show, &seen);
				REQUIRE(seen >= open, "missing");
				break;
			}
			}
	}

	void after()
	{
		/* What a reader held up goes with the next opening. */
		moved += dumps() ? shown : opened;
		register_ring(&p.last);
		for (int i = 0; i < N; i++)
			for (int k = 0; k < p.opened[i]; k++)
				REQUIRE(p.ring[i][k].freed == 1, "not freed");
	}
};

static const scenario scenarios[] = {
	{ "registry-dump",  { "OK", "OK", "DDD" },    100 },
	{ "registry-dumps", { "OKOKOK", "DDDD", "DDDD" }, 60 },
	{ "registry-reuse", { "OKOK", "OK", "ODK" },  60 },
	{ "registry-open",  { "OOKK", "OKOK", "OK" }, 60 },
};

} // namespace model

#include "main.hpp"
