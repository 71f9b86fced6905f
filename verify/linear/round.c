/* SPDX-License-Identifier: MIT */
#include "round.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "worker.h"

enum { WORKERS_MAX = PRODUCERS_MAX + CONSUMERS_MAX + 1, HANG_SECONDS = 120 };

static struct op ops[WORKERS_MAX][WORKER_OPS];
static struct worker workers[WORKERS_MAX];

static void must(int result, const char *what)
{
	if (result != 0) {
		fprintf(stderr, "%s gave %d\n", what, result);
		abort();
	}
}

/* ---- chaos: a thread may be stopped wherever it is, also in the middle of a call --------- */

static void on_signal(int number)
{
	static atomic_uint calls;
	unsigned call = atomic_fetch_add(&calls, 1);
	int saved = errno;

	(void)number;
	if (call % 3)
		nap_us(call * 7 % 90);
	else
		sched_yield();
	errno = saved;
}

static void *make_chaos(void *round)
{
	struct round *r = round;
	const struct setting *s = r->setting;
	struct luck luck = { workers[0].luck.state };

	prctl(PR_SET_TIMERSLACK, 1UL); /* short naps are to be short */
	pthread_barrier_wait(&r->start);
	while (atomic_load(&r->alive)) {
		pthread_kill(workers[luck_below(&luck, s->producers + s->consumers)].id, SIGUSR1);
		nap_us(luck_below(&luck, 30));
	}
	return NULL;
}

static void on_alarm(int number)
{
	static const char text[] = "HANG: a round does not end\n";

	(void)number;
	(void)!write(STDERR_FILENO, text, sizeof(text) - 1);
	pp_dump(STDERR_FILENO);
	abort();
}

static void install(int number, void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART };

	must(sigaction(number, &action, NULL), "sigaction");
}

/* ---- a round ----------------------------------------------------------------------------- */

static void on_drop(void *item, void *context)
{
	struct round *r = context;
	unsigned i = atomic_fetch_add(&r->drops, 1);

	r->drop[i] = item_name(item, r->setting->item_size);
}

void setting_draw(struct setting *s, struct luck *luck)
{
	static const size_t sizes[] = { 4, 8, 8, 16, 24, 64 };
	bool many = s->kind == PP_MPMC;

	s->item_size = sizes[luck_below(luck, 6)];
	s->flags = luck_below(luck, 4) ? 0 : PP_TRACK_DEPTH;
	s->spin_ns = luck_below(luck, 3) ? PP_SPIN_ADAPTIVE : PP_SPIN_NONE;
	s->producers = many ? 1 + luck_below(luck, PRODUCERS_MAX) : 1;
	s->consumers = many ? 1 + luck_below(luck, CONSUMERS_MAX) : 1;
	s->calls = 4 + luck_below(luck, luck_below(luck, 3) ? 16 : 50);
	s->ending = luck_below(luck, 2) ? ENDING_DRAIN : (enum ending)luck_below(luck, ENDINGS);
	s->aborts = luck_below(luck, 3) == 0;
	s->chaos = luck_below(luck, 2);
	s->naps = luck_below(luck, 3) ? 2 + luck_below(luck, 6) : 0;
}

static void start(struct round *r, unsigned thread, void *(*body)(void *), uint64_t seed)
{
	struct worker *w = &workers[thread];

	*w = (struct worker){ .round = r, .thread = thread, .op = ops[thread],
	                      .luck = { seed + thread * 0x9e3779b9u } };
	must(pthread_create(&w->id, NULL, body, w), "pthread_create");
}

static unsigned start_all(struct round *r, uint64_t seed)
{
	const struct setting *s = r->setting;
	unsigned threads = s->producers + s->consumers + (s->ending != ENDING_DRAIN), i;

	pthread_barrier_init(&r->start, NULL, threads + s->chaos);
	atomic_store(&r->producing, s->producers);
	atomic_store(&r->alive, threads);
	for (i = 0; i < s->producers; i++)
		start(r, i, worker_produce, seed);
	for (; i < s->producers + s->consumers; i++)
		start(r, i, worker_consume, seed);
	if (s->ending != ENDING_DRAIN)
		start(r, i, worker_end, seed);
	return threads;
}

static void open_ring(struct round *r)
{
	const struct setting *s = r->setting;

	must(pp_open_with(&r->tx, &r->rx, &PP_CONFIG(.kind = s->kind, .capacity = s->capacity,
	                                             .item_size = s->item_size, .flags = s->flags,
	                                             .spin_ns = s->spin_ns, .drop = on_drop,
	                                             .drop_context = r)), "pp_open_with");
}

static void collect(struct history *h, const struct round *r, unsigned threads)
{
	unsigned i;

	h->spsc = r->setting->kind == PP_SPSC;
	h->capacity = r->setting->capacity;
	h->over = true;
	h->ops = 0;
	h->drops = r->drops;
	for (i = 0; i < threads; i++) {
		if (h->ops + workers[i].ops > OPS_MAX)
			abort();
		memcpy(h->op + h->ops, workers[i].op, workers[i].ops * sizeof(h->op[0]));
		h->ops += workers[i].ops;
	}
	history_sort(h);
}

void round_record(const struct setting *s, uint64_t seed, struct history *h)
{
	struct round r = { .setting = s, .drop = h->drop };
	unsigned threads, i;
	pthread_t chaos;

	install(SIGUSR1, on_signal);
	install(SIGALRM, on_alarm);
	alarm(HANG_SECONDS);
	open_ring(&r);
	threads = start_all(&r, seed);
	if (s->chaos)
		must(pthread_create(&chaos, NULL, make_chaos, &r), "pthread_create");
	for (i = 0; i < threads; i++) {
		if (s->chaos && i == 0)
			must(pthread_join(chaos, NULL), "pthread_join");
		must(pthread_join(workers[i].id, NULL), "pthread_join");
	}
	pp_tx_unref(r.tx);
	pp_rx_unref(r.rx);
	pthread_barrier_destroy(&r.start);
	alarm(0);
	collect(h, &r, threads);
}
