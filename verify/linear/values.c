/* SPDX-License-Identifier: MIT */
#include "values.h"

#include <stdlib.h>

static bool wrong(char *why, size_t size, const char *what, uint32_t name)
{
	snprintf(why, size, "item %u %s", (unsigned)name, what);
	return false;
}

static int compare_values(const void *a, const void *b)
{
	const struct value *x = a, *y = b;

	return x->name < y->name ? -1 : x->name > y->name;
}

struct value *value_named(struct plan *p, uint32_t name)
{
	struct value wanted = { .name = name };

	return bsearch(&wanted, p->value, p->values, sizeof(p->value[0]), compare_values);
}

static bool add_pushed(struct plan *p, const struct op *op, char *why, size_t size)
{
	unsigned i;

	for (i = 0; i < op_moved(op); i++) {
		if (p->values == VALUES_MAX)
			return wrong(why, size, "is one too many", op->items[i]);
		p->value[p->values++] = (struct value){ .name = op->items[i], .push = op, .push_end = op };
	}
	return true;
}

static bool find_pushed(struct plan *p, char *why, size_t size)
{
	size_t i;

	p->values = 0;
	for (i = 0; i < p->h->ops; i++) {
		const struct op *op = &p->h->op[i];

		if (kind_of(op)->role == ROLE_PUSH && kind_of(op)->part <= PART_BEGIN &&
		    !add_pushed(p, op, why, size))
			return false;
	}
	qsort(p->value, p->values, sizeof(p->value[0]), compare_values);
	for (i = 1; i < p->values; i++)
		if (p->value[i].name == p->value[i - 1].name)
			return wrong(why, size, "was pushed twice", p->value[i].name);
	return true;
}

/* What ends what was begun in place. */
static bool find_ends(struct plan *p, char *why, size_t size)
{
	size_t i;

	for (i = 0; i < p->h->ops; i++) {
		const struct op *op = &p->h->op[i];
		struct value *v;

		if (kind_of(op)->part < PART_COMMIT)
			continue;
		v = value_named(p, op->items[0]);
		if (!v || (kind_of(op)->role == ROLE_PULL && (!v->pull || v->pull != v->pull_end)) ||
		    (kind_of(op)->role == ROLE_PUSH && v->push != v->push_end))
			return wrong(why, size, "was not begun", op->items[0]);
		if (kind_of(op)->role == ROLE_PULL) {
			v->pull_end = op;
			continue;
		}
		v->push_end = op;
		v->aborted = kind_of(op)->part == PART_ABORT;
		p->any_aborted |= v->aborted;
	}
	return true;
}

static bool find_pulled(struct plan *p, char *why, size_t size)
{
	size_t i;
	unsigned k;

	for (i = 0; i < p->h->ops; i++) {
		const struct op *op = &p->h->op[i];

		if (kind_of(op)->role != ROLE_PULL || kind_of(op)->part == PART_COMMIT)
			continue;
		for (k = 0; k < op_moved(op); k++) {
			struct value *v = value_named(p, op->items[k]);

			if (!v)
				return wrong(why, size, "was pulled, and no push of it gave 0", op->items[k]);
			if (v->pull)
				return wrong(why, size, "was pulled twice", v->name);
			v->pull = v->pull_end = op;
		}
	}
	return true;
}

static bool find_dropped(struct plan *p, char *why, size_t size)
{
	size_t i;

	for (i = 0; i < p->h->drops; i++) {
		struct value *v = value_named(p, p->h->drop[i]);

		if (!v)
			return wrong(why, size, "was dropped, and no push of it gave 0", p->h->drop[i]);
		if (v->drops++)
			return wrong(why, size, "was dropped twice", v->name);
	}
	return true;
}

static bool was_pushed(const struct value *v)
{
	return !v->aborted && v->push_end->result >= 0;
}

static bool check_fates(struct plan *p, char *why, size_t size)
{
	size_t i;

	for (i = 0; i < p->values; i++) {
		const struct value *v = &p->value[i];

		if (kind_of(v->push)->part == PART_BEGIN && v->push == v->push_end)
			return wrong(why, size, "was begun, and never committed", v->name);
		if (!was_pushed(v) && (v->pull || v->drops))
			return wrong(why, size, "was seen, and its push failed", v->name);
		if (v->pull && v->drops)
			return wrong(why, size, "was pulled and dropped", v->name);
		if (p->h->over && was_pushed(v) && !v->pull && !v->drops)
			return wrong(why, size, "was lost", v->name);
		if (v->pull && value_out(v) < value_ready(v))
			return wrong(why, size, "was pulled before it was there", v->name);
	}
	return true;
}

/* When the push took effect: on PP_SPSC a commit, else the begin. */
static const struct op *effect(const struct plan *p, const struct value *v)
{
	return p->h->spsc ? v->push_end : v->push;
}

/* Of two items, the one whose push was over before the other's began
 * is not the one whose pull begins after the other's is over. */
static bool check_order(struct plan *p, char *why, size_t size)
{
	size_t i, k;

	for (i = 0; i < p->values; i++) {
		const struct value *a = &p->value[i];

		for (k = 0; k < p->values; k++) {
			const struct value *b = &p->value[k];

			if (was_pushed(a) && was_pushed(b) && effect(p, a)->end < effect(p, b)->begin &&
			    value_out(b) < value_in(a)) {
				snprintf(why, size, "item %u was pushed before %u and overtaken by it",
				         (unsigned)a->name, (unsigned)b->name);
				return false;
			}
		}
	}
	return true;
}

bool values_find(struct plan *p, char *why, size_t size)
{
	return find_pushed(p, why, size) && find_pulled(p, why, size) && find_ends(p, why, size) &&
	       find_dropped(p, why, size) && check_fates(p, why, size) && check_order(p, why, size);
}
