/* SPDX-License-Identifier: MIT */
/*
 * Latency.  Open loop: every item has a time at which it is meant to be sent, and its
 * latency counts from then, whether or not the producer could send it (no coordinated
 * omission).  Ping-pong: one item there and back over two queues of capacity 1.
 */
#include "latency.h"

#include "commands.h"
#include "gbench.h"
#include "point.h"
#include "progress.h"
#include "queues/queues.h"
#include "results.h"
#include "stats.h"
#include "util.h"

#include <pthread.h>
#include <stdlib.h>

enum { LOADS = 4, REPS = 5, QUEUES_MAX = LIST_MAX, CAPACITY = 1024, LATENCIES = 20000,
       RALLIES = 4 /* of a queue */ };

static const int loads[LOADS] = { 25, 50, 75, 90 };

/* ---- Ping-pong --------------------------------------------------------------- */

struct player {
	const pp_bench_queue *queue;
	void *in, *out;
	pp_bench_side pull, push;
	placement where;
	double seconds, ns;
};

/* False: the other side has closed. */
static bool pull_one(struct player *p)
{
	p->pull.left = 1;
	p->queue->consume(p->in, &p->pull);
	return !p->pull.left;
}

static void push_one(struct player *p)
{
	p->push.left = 1;
	p->push.run = UINT64_MAX;
	p->queue->produce(p->out, &p->push);
}

static void *return_items(void *argument)
{
	struct player *p = argument;

	place_side(p->where, true, 0);
	while (pull_one(p))
		push_one(p);
	p->queue->close(p->out);
	return NULL;
}

static void *serve_items(void *argument)
{
	struct player *p = argument;
	int64_t start = 0, now = 0;
	uint64_t rounds = 0;
	unsigned i, chunk = 16;

	place_side(p->where, false, 0);
	/* The first round waits for the other thread to come up. */
	for (;;) {
		for (i = 0; i < chunk; i++) {
			push_one(p);
			pull_one(p);
		}
		now = now_ns();
		if (!start)
			start = now;
		else
			rounds += chunk;
		if ((double)(now - start) >= p->seconds * 1e9)
			break;
	}
	p->ns = (double)(now - start) / (double)rounds;
	p->queue->close(p->out);
	return NULL;
}

double ping_pong_ns(const pp_bench_queue *queue, placement where, waiting how, size_t item_size,
		    double seconds)
{
	pp_bench_spec spec = { .size = sizeof(spec), .capacity = 1, .item_size = item_size,
			       .producers = 1, .consumers = 1, .batch = 1,
			       .form = how == WAIT_SPINNING ? PP_BENCH_TRY : PP_BENCH_BLOCKING,
			       .flags = how == WAIT_PARKED ? PP_BENCH_PARK : 0 };
	struct player *p = touched(2 * sizeof(*p));
	pthread_t threads[2];
	void *there, *back;
	double ns;
	int i;

	if (queue->open(&there, &spec) || queue->open(&back, &spec))
		give_up("%s cannot be opened", queue->name);
	for (i = 0; i < 2; i++) {
		p[i] = (struct player){ .queue = queue, .in = i ? there : back, .out = i ? back : there,
					.where = where, .seconds = seconds };
		side_plain(&p[i].pull, p[i].in, &spec, 1);
		side_plain(&p[i].push, p[i].out, &spec, 1);
	}
	if (pthread_create(&threads[1], NULL, return_items, &p[1]) ||
	    pthread_create(&threads[0], NULL, serve_items, &p[0]))
		give_up("cannot start a thread");
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	for (i = 0; i < 2; i++) {
		free(p[i].pull.items);
		free(p[i].push.items);
	}
	ns = p[0].ns;
	queue->destroy(there);
	queue->destroy(back);
	free(p);
	return ns;
}

struct rally {
	const pp_bench_queue *queue;
	placement where;
	waiting how;
	size_t item_size;
	double seconds, ns[64];
	int    count;
};

static void rally_body(gb_state *state, void *context)
{
	struct rally *r = context;
	double ns;

	if (interrupted) {
		gb_skip(state, "interrupted");
		return;
	}
	queue_label(state, r->queue);
	ns = ping_pong_ns(r->queue, r->where, r->how, r->item_size, r->seconds);
	gb_time(state, ns / 1e9);
	gb_count(state, "line_ns", line_now());
	if (r->count < (int)COUNT_OF(r->ns))
		r->ns[r->count++] = ns;
	progress_step("ping-pong");
}

/* ---- Open loop ---------------------------------------------------------------- */

struct loaded {
	point *peak;            /* shared by the loads of one queue */
	int    percent;
	double p50[64], p99[64], p999[64], most[64], offered[64];
	int    count;
};

static double peak_of(point *p)
{
	if (!p->count && !interrupted) {
		point_sample(p, &p->samples[0]);
		if (p->samples[0].wrong)
			give_up("%s: %s", p->run.queue->name, p->samples[0].wrong);
		p->count = 1;
	}
	return p->count ? rate_of(&p->samples[0]) : 0;
}

static void keep(gb_state *state, struct loaded *l, run_result *r, double pace)
{
	double mean = 0;
	size_t i, n = r->latency_count;
	int at = l->count < (int)COUNT_OF(l->p50) ? l->count++ : l->count - 1;

	for (i = 0; i < n; i++)
		mean += r->latencies[i] / (double)n;
	l->p50[at] = quantile(r->latencies, n, 0.5);
	l->p99[at] = quantile(r->latencies, n, 0.99);
	l->p999[at] = quantile(r->latencies, n, 0.999);
	l->most[at] = quantile(r->latencies, n, 1);
	l->offered[at] = pace;
	gb_time(state, mean / 1e9);
	gb_count(state, "load_percent", l->percent);
	gb_count(state, "offered_per_second", pace);
	gb_count(state, "items_per_second", rate_of(r));
	gb_count(state, "latency_mean_ns", mean);
	gb_count(state, "latency_p50_ns", l->p50[at]);
	gb_count(state, "latency_p99_ns", l->p99[at]);
	gb_count(state, "latency_p999_ns", l->p999[at]);
	gb_count(state, "latency_max_ns", l->most[at]);
	gb_count(state, "latencies", (double)n);
	gb_count(state, "capacity", (double)l->peak->capacity);
	gb_count(state, "line_ns", r->line_ns);
}

static void loaded_body(gb_state *state, void *context)
{
	struct loaded *l = context;
	double pace = peak_of(l->peak) * l->percent / 100;
	run_spec spec = l->peak->run;
	run_result result;

	if (interrupted) {
		gb_skip(state, "interrupted");
		return;
	}
	spec.pace = pace;
	spec.items = (uint64_t)(pace * l->peak->min_time * 2) + 1;
	spec.mark_every = spec.items / LATENCIES + 1;
	if (run_once(&spec, &result))
		result.wrong = "cannot be opened";
	progress_step("open loop");
	if (result.wrong || !result.latency_count) {
		gb_skip(state, result.wrong ? result.wrong : "no latencies");
		return;
	}
	queue_label(state, spec.queue);
	keep(state, l, &result, pace);
	free(result.latencies);
}

/* ---- The subcommand ------------------------------------------------------------ */

static struct loaded open_loops[QUEUES_MAX * LOADS];
static struct rally rallies[QUEUES_MAX * RALLIES];
static size_t loop_count, rally_count;

static const char *const waiting_names[] = { "usual", "park", "spin" };

static void register_rally(const options *o, const pp_bench_queue *queue, placement where, waiting how)
{
	struct rally *r = &rallies[rally_count++];
	char *name;

	*r = (struct rally){ .queue = queue, .where = where, .how = how, .item_size = o->item_size,
			     .seconds = o->min_time };
	name = text("latency/pingpong/queue:%s/placement:%s/wait:%s", queue->name,
		    placement_names[where], waiting_names[how]);
	gb_register(name, rally_body, r, o->reps);
	free(name);
}

static void register_queue(const options *o, const pp_bench_queue *queue)
{
	size_t capacity = o->capacity_count ? o->capacities[0] : CAPACITY;
	point *peak = point_new(o, queue, (shape){ 1, 1 }, capacity);
	char *name;
	int i;

	if (!peak || rally_count + RALLIES > COUNT_OF(rallies))
		return;
	peak->depth = false;
	peak->samples = touched(sizeof(*peak->samples));
	peak->run.placement = place_cpus() > 1 ? PLACE_TWO : PLACE_ONE;
	for (i = 0; i < LOADS; i++) {
		struct loaded *l = &open_loops[loop_count++];

		l->peak = peak;
		l->percent = loads[i];
		name = text("latency/open/queue:%s/capacity:%zu/load:%d", queue->name, capacity, loads[i]);
		gb_register(name, loaded_body, l, o->reps);
		free(name);
	}
	register_rally(o, queue, peak->run.placement, WAIT_AS_USUAL);
	register_rally(o, queue, PLACE_ONE, WAIT_AS_USUAL);
	/* Only of ours is it known that they can. */
	if (queue_find(queue->name) && (queue->guarantees & PP_BENCH_FORMS)) {
		register_rally(o, queue, peak->run.placement, WAIT_PARKED);
		register_rally(o, queue, peak->run.placement, WAIT_SPINNING);
	}
}

static void show(void)
{
	static const char *const words[] = { "waits as usual", "parks at once", "spins (try calls)" };
	size_t i;

	say("\nOpen loop, from the time an item was meant to be sent (1P1C, ns)\n"
	    "  %-10s %5s %12s %10s %10s %10s %12s\n", "queue", "load", "offered M/s", "p50", "p99",
	    "p99.9", "max");
	for (i = 0; i < loop_count; i++) {
		struct loaded *l = &open_loops[i];
		size_t n = (size_t)l->count;

		if (n)
			say("  %-10s %3d %% %12.3f %10.0f %10.0f %10.0f %12.0f\n",
			    l->peak->run.queue->name, l->percent, spread_of(l->offered, n).median / 1e6,
			    spread_of(l->p50, n).median, spread_of(l->p99, n).median,
			    spread_of(l->p999, n).median, spread_of(l->most, n).median);
	}
	say("\nPing-pong, capacity 1, there and back\n");
	for (i = 0; i < rally_count; i++) {
		struct rally *r = &rallies[i];
		spread s = spread_of(r->ns, (size_t)r->count);

		if (s.count)
			say("  %-10s CPUs: %-8s %-18s %10.0f ns  %.0f..%.0f\n", r->queue->name,
			    placement_names[r->where], words[r->how],
			    s.median, s.least, s.most);
	}
}

int command_latency(options *o)
{
	unsigned i;

	if (!o->reps)
		o->reps = o->quick ? 2 : REPS;
	if (o->min_time <= 0)
		o->min_time = o->quick ? 0.02 : 0.1;
	results_open(o);
	for (i = 0; i < o->queue_count; i++)
		register_queue(o, o->queues[i]);
	for (i = 0; !o->queue_count && queue_at(i); i++)
		if (queue_at(i)->guarantees & PP_BENCH_BOUNDED)
			register_queue(o, queue_at(i));
	results_run(NULL, NULL);
	show();
	results_close(o);
	return EXIT_SUCCESS;
}
