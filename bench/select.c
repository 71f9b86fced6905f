/* SPDX-License-Identifier: MIT */
/*
 * Rings that stay ready: four full ones of 64 are filled up again after 63 calls, so that none of
 * them can be empty in between, whichever is taken from.  The clock stops meanwhile, and what a look
 * at it takes is subtracted.
 */
#include "select.h"

#include "place.h"
#include "util.h"

#include <pushpull/bench.h>

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CALLS = 1024, CLOCK_READS = 100, CLOCK_GROUPS = 20, CAPACITY = SELECT_RUN + 1 };

static const struct {
	size_t   capacity;
	unsigned threads;
} loads[SELECT_LOADS] = {
	[SELECT_READY] = { CAPACITY, 1 }, [SELECT_ORDERED] = { CAPACITY, 1 },
	[SELECT_BY_PULLS] = { CAPACITY, 1 }, [SELECT_BY_FIRST] = { CAPACITY, 1 },
	[SELECT_NOTHING] = { CAPACITY, 1 }, [SELECT_BY_TRIES] = { CAPACITY, 1 },
	[SELECT_RALLY] = { 1, 2 }, [SELECT_MIXED] = { 0, 2 },
};

const char *const select_names[] = { "ready", "ordered", "by-pulls", "by-first", "nothing",
				     "by-tries", "pingpong", "mixed", NULL };

size_t select_capacity(select_load load)
{
	return loads[load].capacity;
}

/* What went through the hands of a thread. */
struct account {
	uint64_t pushed, pushed_sum, pulled, pulled_sum;
};

struct field {
	pp_tx *tx[SELECT_RINGS];
	pp_rx *rx[SELECT_RINGS];
	pthread_barrier_t ready;
};

struct player {
	_Alignas(128) struct field *field;
	const select_run *run;
	bool      second; /* of two threads */
	uint64_t  count;  /* calls, rounds or meetings */
	uint64_t *out, *in;
	pp_case   cases[SELECT_RINGS];
	struct account moved;
	double    ns;
	int       error;
	char      pad[128];
};

/* ---- One item ----------------------------------------------------------------------------- */

static void write_next(struct player *p)
{
	pp_bench_put(p->out, p->moved.pushed);
}

static void count_push(struct player *p)
{
	p->moved.pushed_sum += pp_bench_get(p->out);
	p->moved.pushed++;
}

static void count_pull(struct player *p)
{
	p->moved.pulled_sum += pp_bench_get(p->in);
	p->moved.pulled++;
}

/* The case that was performed, or a negative errno value. */
static int choose(struct player *p, size_t count, unsigned flags, pp_time deadline)
{
	int at = pp_select(p->cases, count, flags, deadline);

	return at < 0 || !p->cases[at].result ? at : p->cases[at].result;
}

/* ---- One thread ---------------------------------------------------------------------------- */

static void count_run(struct player *p, uint64_t sum)
{
	p->moved.pulled += SELECT_RUN;
	p->moved.pulled_sum += sum;
}

static int run_selects(struct player *p, unsigned flags)
{
	const uint64_t *in = p->in;
	uint64_t sum = 0;
	int i, at;

	for (i = 0; i < SELECT_RUN; i++) {
		at = choose(p, SELECT_RINGS, flags, PP_FOREVER);
		if (at < 0)
			return at;
		sum += pp_bench_get(in);
	}
	count_run(p, sum);
	return 0;
}

static int run_pulls(struct player *p, int others)
{
	pp_rx *const *rx = p->field->rx;
	uint64_t *in = p->in, sum = 0;
	int i, error;

	for (i = 0; i < SELECT_RUN; i++) {
		error = pp_pull(rx[i & others], in);
		if (error)
			return error;
		sum += pp_bench_get(in);
	}
	count_run(p, sum);
	return 0;
}

static int run_nothing(struct player *p)
{
	int i, at;

	for (i = 0; i < SELECT_RUN; i++) {
		at = choose(p, SELECT_RINGS, 0, 0);
		if (at != -ETIMEDOUT)
			return at < 0 ? at : -ENOMSG;
	}
	return 0;
}

static int run_tries(struct player *p)
{
	int i, error;

	for (i = 0; i < SELECT_RINGS * SELECT_RUN; i++) {
		error = pp_try_pull(p->field->rx[i % SELECT_RINGS], p->in);
		if (error != -EAGAIN)
			return error < 0 ? error : -ENOMSG;
	}
	return 0;
}

static int one_run(struct player *p)
{
	switch (p->run->load) {
	case SELECT_READY:    return run_selects(p, 0);
	case SELECT_ORDERED:  return run_selects(p, PP_ORDERED);
	case SELECT_BY_PULLS: return run_pulls(p, SELECT_RINGS - 1);
	case SELECT_BY_FIRST: return run_pulls(p, 0);
	case SELECT_NOTHING:  return run_nothing(p);
	default:              return run_tries(p);
	}
}

static bool wants_items(select_load load)
{
	return load <= SELECT_BY_FIRST;
}

static void fill(struct player *p)
{
	int i;

	for (i = 0; i < SELECT_RINGS; i++)
		for (write_next(p); !pp_try_push(p->field->tx[i], p->out); write_next(p))
			count_push(p);
}

static void empty(struct player *p)
{
	int i;

	for (i = 0; i < SELECT_RINGS; i++)
		while (!pp_try_pull(p->field->rx[i], p->in))
			count_pull(p);
}

/* What a look at the clock takes, if nothing comes between. */
static double clock_ns(void)
{
	double least = INFINITY;
	int group, i;

	for (group = 0; group < CLOCK_GROUPS; group++) {
		int64_t start = now_ns(), last = start;

		for (i = 0; i < CLOCK_READS; i++)
			last = now_ns();
		least = fmin(least, (double)(last - start) / CLOCK_READS);
	}
	return least;
}

double select_per_call(double ns, double runs, double clock)
{
	return (ns - runs * clock) / (runs * SELECT_RUN);
}

static void play_alone(struct player *p)
{
	uint64_t runs = p->count / SELECT_RUN + 1, i;
	int64_t total = 0;

	for (i = 0; i < runs && !p->error; i++) {
		int64_t start;

		if (wants_items(p->run->load))
			fill(p);
		start = now_ns();
		p->error = one_run(p);
		total += now_ns() - start;
	}
	empty(p);
	p->count = runs * SELECT_RUN;
	p->ns = select_per_call((double)total, (double)runs, clock_ns()) * (double)p->count;
}

/* ---- Two threads ---------------------------------------------------------------------------- */

/* Whoever fails lets the other one see the end. */
static void close_all(struct field *field)
{
	int i;

	for (i = 0; i < SELECT_RINGS; i++) {
		pp_close(field->tx[i]);
		pp_cancel(field->rx[i]);
	}
}

static int push_over(struct player *p, int ring)
{
	int error = pp_push(p->field->tx[ring], p->out);

	if (!error)
		count_push(p);
	return error;
}

static int pull_over(struct player *p)
{
	int at = choose(p, 2, 0, PP_FOREVER);

	if (at >= 0)
		count_pull(p);
	return at;
}

/* Rings 0 and 1 lead there, 2 and 3 back. */
static void play_rally(struct player *p)
{
	uint64_t i;

	for (i = 0; i < p->count && p->error >= 0; i++) {
		if (p->second) {
			p->error = pull_over(p);
			memcpy(p->out, p->in, p->run->item_size);
			if (p->error >= 0)
				p->error = push_over(p, 2 + p->error);
		} else {
			write_next(p);
			p->error = push_over(p, i & 1);
			if (!p->error)
				p->error = pull_over(p);
		}
	}
}

/* Each meeting is a call of both. */
static void play_mixed(struct player *p)
{
	uint64_t i;

	write_next(p);
	for (i = 0; i < p->count && p->error >= 0; i++) {
		p->error = choose(p, 2, 0, PP_FOREVER);
		if (p->error > 0) {
			count_pull(p);
		} else if (!p->error) {
			count_push(p);
			write_next(p);
		}
	}
}

static void play_both(struct player *p)
{
	int64_t start;

	place_side(PLACE_TWO, p->second, 0);
	pthread_barrier_wait(&p->field->ready);
	start = now_ns();
	if (p->run->load == SELECT_RALLY)
		play_rally(p);
	else
		play_mixed(p);
	p->ns = (double)(now_ns() - start);
	if (p->error < 0)
		close_all(p->field);
}

/* ---- A sample -------------------------------------------------------------------------------- */

static void set_cases(struct player *p)
{
	struct field *f = p->field;
	int i;

	for (i = 0; i < SELECT_RINGS; i++)
		p->cases[i] = (pp_case){ .rx = f->rx[i], .item = p->in };
	if (p->run->load == SELECT_RALLY && !p->second) {
		p->cases[0].rx = f->rx[2];
		p->cases[1].rx = f->rx[3];
	} else if (p->run->load == SELECT_MIXED) {
		p->cases[0] = (pp_case){ .tx = f->tx[p->second], .item = p->out };
		p->cases[1].rx = f->rx[!p->second];
	}
}

static void *play(void *argument)
{
	struct player *p = argument;

	p->out = touched(p->run->item_size);
	p->in = touched(p->run->item_size);
	set_cases(p);
	if (loads[p->run->load].threads == 2) {
		play_both(p);
	} else {
		place_on(place_cpu(0));
		play_alone(p);
	}
	free(p->out);
	free(p->in);
	return NULL;
}

static struct field *open_field(const select_run *r)
{
	struct field *f = touched(sizeof(*f));
	int i;

	for (i = 0; i < SELECT_RINGS; i++)
		if (pp_open(&f->tx[i], &f->rx[i], r->kind, loads[r->load].capacity, r->item_size))
			give_up("a ring cannot be opened");
	pthread_barrier_init(&f->ready, NULL, 2);
	return f;
}

static void close_field(struct field *f)
{
	int i;

	for (i = 0; i < SELECT_RINGS; i++) {
		pp_tx_unref(f->tx[i]);
		pp_rx_unref(f->rx[i]);
	}
	pthread_barrier_destroy(&f->ready);
	free(f);
}

/* What all players together pushed must be what they pulled. */
static const char *lost(const struct player *players)
{
	const struct account *a = &players[0].moved, *b = &players[1].moved;

	return a->pushed + b->pushed == a->pulled + b->pulled &&
	       a->pushed_sum + b->pushed_sum == a->pulled_sum + b->pulled_sum ?
	       NULL : "items were lost or came twice";
}

/* Nanoseconds for about `calls`, whose exact number it becomes. */
static double play_once(select_run *r, double *calls)
{
	struct player *players = touched(2 * sizeof(*players));
	struct field *field = open_field(r);
	unsigned threads = loads[r->load].threads, i;
	pthread_t ids[2];
	double ns;

	for (i = 0; i < threads; i++) {
		players[i] = (struct player){ .field = field, .run = r, .second = i, .count = (uint64_t)*calls };
		if (pthread_create(&ids[i], NULL, play, &players[i]))
			give_up("cannot start a thread");
	}
	for (i = 0; i < threads; i++)
		pthread_join(ids[i], NULL);
	ns = players[0].ns;
	*calls = (double)players[0].count;
	r->wrong = lost(players);
	for (i = 0; i < threads; i++)
		if (players[i].error < 0)
			r->wrong = strerror(-players[i].error);
	close_field(field);
	free(players);
	return r->wrong ? NAN : ns;
}

double select_ns(select_run *r)
{
	double ns, calls;

	if (!r->calls) {
		for (calls = FIRST_CALLS; ; calls *= 2) {
			ns = play_once(r, &calls);
			if (!(ns < r->seconds * 1e9 / 4))
				break;
		}
		if (r->wrong)
			return NAN;
		r->calls = calls * r->seconds * 1e9 / ns;
	}
	calls = r->calls;
	ns = play_once(r, &calls);
	return ns / calls;
}
