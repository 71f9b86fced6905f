/* SPDX-License-Identifier: MIT */
/* Who pushes and pulls where. */
#include "round.h"

#include <string.h>

struct plan {
	struct round *round;
	struct worker *workers;
	struct luck *luck;
	unsigned few;       /* threads of a kind, at most; 1 where every ring is to be PP_SPSC */
};

/* ---- Pieces ------------------------------------------------------------------------- */

static void give_push(struct worker *w, struct ring *r)
{
	struct end *e = &w->ends[w->n++];

	*e = (struct end){ .ring = r, .pushes = true, .number = r->producers++ };
}

static void give_pull(struct worker *w, struct ring *r, bool steady)
{
	struct end *e = &w->ends[w->n++];

	*e = (struct end){ .ring = r, .steady = steady };
	memset(&e->witness, 0xff, sizeof(e->witness)); /* -1 */
	r->consumers++;
	r->steady_consumers += steady;
}

static struct worker *hire(struct plan *p)
{
	struct worker *w = &p->workers[p->round->workers++];

	CHECK(p->round->workers <= WORKERS_MAX, "too many threads");
	w->round = p->round;
	w->n = 0;
	return w;
}

static unsigned some(struct plan *p)
{
	return 1 + (unsigned)luck_below(p->luck, p->few);
}

static void push_all(struct worker *w, struct round *r)
{
	unsigned i;

	for (i = 0; i < r->rings; i++)
		give_push(w, &r->ring[i]);
}

static void pull_all(struct worker *w, struct round *r, bool steady)
{
	unsigned i;

	for (i = 0; i < r->rings; i++)
		give_pull(w, &r->ring[i], steady);
}

/* ---- Layouts ------------------------------------------------------------------------ */

static void groups(struct plan *p)
{
	unsigned side, i, n;

	for (side = 0; side < 2; side++)
		for (n = some(p); n; n--) {
			struct worker *w = hire(p);

			for (i = 0; i < p->round->rings; i++)
				if (i % 2 == side)
					give_push(w, &p->round->ring[i]);
				else
					give_pull(w, &p->round->ring[i], true);
		}
}

/* Nobody meets himself, so two at least; and the last one would wait for nobody if the others
 * left. */
static void loop(struct plan *p)
{
	unsigned i, n;

	for (n = 1 + some(p); n; n--) {
		struct worker *w = hire(p);

		push_all(w, p->round);
		pull_all(w, p->round, true);
	}
	for (i = 0; i < p->round->rings; i++)
		if (p->round->ring[i].ending == END_LEAVE)
			p->round->ring[i].ending = END_CLOSE;
}

static void fan_in(struct plan *p)
{
	unsigned i, n;

	for (i = 0; i < p->round->rings; i++)
		for (n = some(p); n; n--)
			give_push(hire(p), &p->round->ring[i]);
	for (n = some(p); n; n--)
		pull_all(hire(p), p->round, true);
}

static void fan_out(struct plan *p)
{
	unsigned i, n;

	for (n = some(p); n; n--)
		push_all(hire(p), p->round);
	for (i = 0; i < p->round->rings; i++)
		for (n = some(p); n; n--)
			give_pull(hire(p), &p->round->ring[i], true);
}

static void cross(struct plan *p)
{
	unsigned i, k, n;

	for (i = 0; i < p->round->rings; i++) {
		struct worker *w = hire(p);

		for (k = 0; k < p->round->rings; k++)
			give_pull(w, &p->round->ring[k], k == i);
	}
	push_all(hire(p), p->round);
	give_push(hire(p), &p->round->ring[0]);
	for (n = 1 + luck_below(p->luck, 2); n; n--) {
		struct worker *w = hire(p);

		push_all(w, p->round);
		pull_all(w, p->round, false);
	}
}

/* ---- All ---------------------------------------------------------------------------- */

static const struct {
	const char *name;
	void (*make)(struct plan *p);
	bool spsc;          /* with one thread of each sort, each ring has one on each side */
} layouts[LAYOUTS] = {
	{ "groups", groups, true }, { "loop", loop, false }, { "fan in", fan_in, true },
	{ "fan out", fan_out, true }, { "cross", cross, false }
};

static unsigned index_of(unsigned layout)
{
	unsigned i = 0;

	while (1u << i != layout)
		i++;
	return i;
}

unsigned layout_pick(struct luck *luck, unsigned set, pp_kind kind)
{
	unsigned i;

	do
		i = (unsigned)luck_below(luck, LAYOUTS);
	while (!(set & 1u << i) || (kind == PP_SPSC && !layouts[i].spsc));
	return 1u << i;
}

const char *layout_name(unsigned layout)
{
	return layouts[index_of(layout)].name;
}

static void choose_kinds(struct round *r, struct luck *luck, pp_kind kind)
{
	unsigned i;

	for (i = 0; i < r->rings; i++) {
		struct ring *ring = &r->ring[i];
		bool alone = ring->producers == 1 && ring->consumers == 1;

		ring->kind = alone && (kind == PP_SPSC || luck_below(luck, 2)) ? PP_SPSC : PP_MPMC;
	}
}

static void count(struct round *r)
{
	unsigned i;

	for (i = 0; i < r->rings; i++) {
		atomic_store(&r->ring[i].producing, r->ring[i].producers);
		atomic_store(&r->ring[i].steady, r->ring[i].steady_consumers);
	}
	atomic_store(&r->alive, r->workers);
}

void layout_make(struct round *r, struct worker *workers, struct luck *luck, unsigned layout,
		 pp_kind kind)
{
	unsigned i = index_of(layout);
	struct plan plan = { r, workers, luck, kind == PP_SPSC && layouts[i].spsc ? 1 : 3 };

	layouts[i].make(&plan);
	choose_kinds(r, luck, kind);
	count(r);
}

void layout_single(struct round *r, struct worker *workers, const struct shape *shape,
		   pp_kind kind)
{
	struct plan plan = { .round = r, .workers = workers };
	unsigned i;

	for (i = 0; i < shape->producers; i++)
		give_push(hire(&plan), &r->ring[0]);
	for (i = 0; i < shape->consumers; i++)
		give_pull(hire(&plan), &r->ring[0], true);
	r->ring[0].kind = kind;
	count(r);
}
