/* SPDX-License-Identifier: MIT */
#include "place.h"

#include "stats.h"
#include "util.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

const char *const placement_names[] = { "two", "one", "unpinned", NULL };

static cpu_set_t allowed;
static int cpus[2];

void place_init(void)
{
	int found = 0, cpu;

	sched_getaffinity(0, sizeof(allowed), &allowed);
	for (cpu = 0; cpu < CPU_SETSIZE && found < 2; cpu++)
		if (CPU_ISSET(cpu, &allowed))
			cpus[found++] = cpu;
	if (found == 1)
		cpus[1] = cpus[0];
}

int place_cpus(void)
{
	return CPU_COUNT(&allowed);
}

int place_cpu(int n)
{
	return cpus[n];
}

void place_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

void place_anywhere(void)
{
	pthread_setaffinity_np(pthread_self(), sizeof(allowed), &allowed);
}

/* Partners face each other: producer 0 and consumer 0 never share one of two CPUs. */
void place_side(placement where, bool consumer, unsigned index)
{
	if (where == PLACE_UNPINNED)
		place_anywhere();
	else
		place_on(cpus[where == PLACE_TWO ? (index + consumer) % 2 : 0]);
}

enum { ROUNDS = 50, GAMES_MAX = 4096 };

struct court {
	_Alignas(128) _Atomic uint64_t ball;
	_Alignas(128) _Atomic uint64_t other;
	_Alignas(128) _Atomic bool over;
	int lines;
};

static _Atomic uint64_t *line_of(struct court *court, bool returner)
{
	return returner && court->lines == 2 ? &court->other : &court->ball;
}

static bool await(struct court *court, _Atomic uint64_t *line, uint64_t value)
{
	while (atomic_load_explicit(line, memory_order_acquire) != value)
		if (atomic_load_explicit(&court->over, memory_order_relaxed))
			return false;
	return true;
}

/* Odd values go out, even ones come back. */
static void *return_balls(void *argument)
{
	struct court *court = argument;
	_Atomic uint64_t *in = line_of(court, false), *out = line_of(court, true);
	uint64_t value;

	place_on(cpus[1]);
	for (value = 1; await(court, in, value); value += 2)
		atomic_store_explicit(out, value + 1, memory_order_release);
	return NULL;
}

struct match {
	struct court *court;
	double ms, ns;
};

static void *play(void *argument)
{
	struct match *match = argument;
	struct court *court = match->court;
	_Atomic uint64_t *in = line_of(court, true), *out = line_of(court, false);
	double games[GAMES_MAX];
	uint64_t value = 1;
	int64_t begin, last;
	int game;

	place_on(cpus[0]);
	begin = last = now_ns();
	for (game = -1; game < GAMES_MAX; game++) {
		int64_t now;
		int i;

		for (i = 0; i < ROUNDS; i++, value += 2) {
			atomic_store_explicit(out, value, memory_order_release);
			await(court, in, value + 1);
		}
		now = now_ns();
		/* The first game waits for the other thread to come up. */
		if (game >= 0)
			games[game] = (double)(now - last) / ROUNDS;
		else
			begin = now;
		last = now;
		if (game >= 0 && now - begin > (int64_t)(match->ms * 1e6))
			break;
	}
	/* The median, so that somebody else on one of the CPUs does not count. */
	match->ns = quantile(games, (size_t)(game < GAMES_MAX ? game + 1 : GAMES_MAX), 0.5);
	atomic_store(&court->over, true);
	return NULL;
}

double line_round_trip(int lines, double ms)
{
	struct court *court;
	struct match match;
	pthread_t server, returner;

	if (cpus[0] == cpus[1])
		return 0;
	court = touched(sizeof(*court));
	court->lines = lines;
	match = (struct match){ .court = court, .ms = ms };
	if (pthread_create(&returner, NULL, return_balls, court) ||
	    pthread_create(&server, NULL, play, &match))
		give_up("cannot start a thread");
	pthread_join(server, NULL);
	pthread_join(returner, NULL);
	free(court);
	return match.ns;
}

double line_now(void)
{
	static double ns;
	static int64_t at;
	int64_t now = now_ns();

	if (!at || now - at > 2000000000) {
		ns = line_round_trip(1, 2);
		at = now_ns();
	}
	return ns;
}
