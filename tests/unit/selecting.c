/* SPDX-License-Identifier: MIT */
#include "selecting.h"

#include <sys/syscall.h>
#include <unistd.h>

pp_case push_case(const struct ends *e, uint64_t *item)
{
	return (pp_case){ .tx = e->tx, .item = item, .result = UNTOUCHED };
}

pp_case pull_case(const struct ends *e, uint64_t *item)
{
	return (pp_case){ .rx = e->rx, .item = item, .result = UNTOUCHED };
}

pp_case disabled_case(void)
{
	return (pp_case){ .result = UNTOUCHED };
}

static ssize_t select_one(pp_case c, pp_time deadline)
{
	int index = pp_select(&c, 1, 0, deadline);

	return index == 0 ? c.result : index;
}

#define SELECT_FORM(name, make, until)                                                  \
	static ssize_t name(const struct ends *e, uint64_t *items, size_t n,            \
			    pp_time deadline)                                           \
	{                                                                               \
		(void)n;                                                                \
		(void)deadline;                                                         \
		return select_one(make(e, items), until);                               \
	}
SELECT_FORM(select_push_try, push_case, 0)
SELECT_FORM(select_push_until, push_case, deadline)
SELECT_FORM(select_push, push_case, PP_FOREVER)
SELECT_FORM(select_pull_try, pull_case, 0)
SELECT_FORM(select_pull_until, pull_case, deadline)
SELECT_FORM(select_pull, pull_case, PP_FOREVER)

const struct form push_select_forms[3] = {
	[TRY] = { "select push, past deadline", TRY, 0, select_push_try },
	[UNTIL] = { "select push, deadline", UNTIL, 0, select_push_until },
	[FOREVER] = { "select push", FOREVER, 0, select_push },
};

const struct form pull_select_forms[3] = {
	[TRY] = { "select pull, past deadline", TRY, 0, select_pull_try },
	[UNTIL] = { "select pull, deadline", UNTIL, 0, select_pull_until },
	[FOREVER] = { "select pull", FOREVER, 0, select_pull },
};

/* ---- In a thread of its own ------------------------------------------------------- */

void selecting_init(struct selecting *s)
{
	*s = (struct selecting){ .deadline = PP_FOREVER };
}

void selecting_push(struct selecting *s, const struct ends *e, uint64_t item)
{
	s->items[s->count] = item;
	s->cases[s->count] = push_case(e, &s->items[s->count]);
	s->count++;
}

void selecting_pull(struct selecting *s, const struct ends *e)
{
	s->items[s->count] = UNTOUCHED;
	s->cases[s->count] = pull_case(e, &s->items[s->count]);
	s->count++;
}

static void *select_thread(void *arg)
{
	struct selecting *s = arg;

	atomic_store(&s->tid, (int)syscall(SYS_gettid));
	s->index = pp_select(s->cases, s->count, s->flags, s->deadline);
	atomic_store(&s->returned, true);
	return NULL;
}

void selecting_start(struct selecting *s)
{
	atomic_init(&s->returned, false);
	atomic_init(&s->tid, 0);
	EXPECT_EQ(pthread_create(&s->thread, NULL, select_thread, s), 0);
}

/* Every ring that it sleeps on says so. */
static bool is_parked(const struct selecting *s)
{
	pp_stats stats = { .size = sizeof(stats) };

	for (size_t i = 0; i < s->count; i++) {
		if (s->cases[i].tx && pp_tx_stats(s->cases[i].tx, &stats) == 0 &&
		    stats.pushers_parked == 0)
			return false;
		if (s->cases[i].rx && pp_rx_stats(s->cases[i].rx, &stats) == 0 &&
		    stats.pullers_parked == 0)
			return false;
	}
	return true;
}

void selecting_sleeps(struct selecting *s)
{
	selecting_start(s);
	AWAIT((is_parked(s) && in_futex(atomic_load(&s->tid))) || atomic_load(&s->returned));
	EXPECT(!atomic_load(&s->returned));
}

int selecting_join(struct selecting *s)
{
	EXPECT_EQ(pthread_join(s->thread, NULL), 0);
	return s->index;
}

void selecting_gives(struct selecting *s, int index, int result)
{
	EXPECT_EQ(selecting_join(s), index);
	for (size_t i = 0; i < s->count; i++) {
		EXPECT_EQ(s->cases[i].result, index == (int)i ? result : UNTOUCHED);
		if (s->cases[i].rx && (index != (int)i || result != 0))
			EXPECT_EQ(s->items[i], UNTOUCHED);
	}
}
