/* SPDX-License-Identifier: MIT */
/* Two to four rings, and selects over them. */
#include "rig.h"

#include <stdlib.h>
#include <string.h>

enum { RIGS_MOST = 4, CASES_MOST = 6 };

struct choice {
	struct rig *rig; /* NULL: disabled */
	enum role role;
	unsigned char *item;
};

static int result_of(const struct choice *c)
{
	return c->rig ? model_why(&c->rig->model, c->role) : -EAGAIN;
}

static bool is_possible(const struct choice *c)
{
	return c->rig && model_is_ready(&c->rig->model, c->role);
}

static size_t draw_cases(struct rig *rigs, size_t count, struct input *in, struct choice *choices,
                         pp_case *cases)
{
	size_t n = take_below(in, CASES_MOST + 1), i;

	for (i = 0; i < n; i++) {
		unsigned bits = take(in);
		struct rig *r = &rigs[bits / 2 % count];
		enum role role = (enum role)(bits & 1);

		cases[i] = (pp_case){ .result = 4711 };
		choices[i] = (struct choice){ 0 };
		if (bits & 32 || !rig_may_use(r, role))
			continue;
		choices[i] = (struct choice){ r, role, buffer_new(r->item_size) };
		if (role == PUSH)
			item_fill(choices[i].item, r->item_size, r->next);
		cases[i].tx = role == PUSH ? r->tx : NULL;
		cases[i].rx = role == PULL ? r->rx : NULL;
		cases[i].item = choices[i].item;
	}
	return n;
}

/* What a select gives where no case can go ahead. */
static int none_gives(const struct choice *choices, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (choices[i].rig && model_is_shut(&choices[i].rig->model, choices[i].role))
			return -EBUSY;
	return -ETIMEDOUT;
}

static void check_result(struct choice *choices, const pp_case *cases, size_t n, bool ordered,
                         int got)
{
	size_t first = 0, i;

	while (first < n && !is_possible(&choices[first]))
		first++;
	if (first == n) {
		FUZZ_CHECK(got == none_gives(choices, n), "select gave %d, not %d", got,
		           none_gives(choices, n));
	} else {
		FUZZ_CHECK(got >= 0 && (size_t)got < n && is_possible(&choices[got]),
		           "select gave %d, which cannot go ahead", got);
		FUZZ_CHECK(!ordered || (size_t)got == first, "select gave %d, not %zu", got, first);
		FUZZ_CHECK(cases[got].result == result_of(&choices[got]), "the case gave %d, not %d",
		           cases[got].result, result_of(&choices[got]));
	}
	for (i = 0; i < n; i++) {
		if ((int)i != got)
			FUZZ_CHECK(cases[i].result == 4711, "the result of another case changed");
		if (choices[i].rig && choices[i].role == PULL && ((int)i != got || cases[i].result))
			FUZZ_CHECK(buffer_is_untouched(choices[i].item, choices[i].rig->item_size),
			           "the item of another case was written");
	}
}

static void select_some(struct rig *rigs, size_t count, struct input *in)
{
	struct choice choices[CASES_MOST];
	pp_case cases[CASES_MOST];
	bool ordered = take_below(in, 2), any = false, enabled = false;
	pp_time deadline = some_past(in);
	size_t n = draw_cases(rigs, count, in, choices, cases), i;
	int got;

	for (i = 0; i < n; i++) {
		any |= is_possible(&choices[i]);
		enabled |= choices[i].rig != NULL;
	}
	if ((any || !enabled) && take_below(in, 2))
		deadline = PP_FOREVER; /* it need not wait */
	fuzz_trace("select of %zu", n);
	KEEPS_ERRNO(got = pp_select(cases, n, ordered ? PP_ORDERED : 0, deadline));
	if (!enabled && deadline == PP_FOREVER)
		FUZZ_CHECK(got == -EINVAL, "a select of nothing gave %d", got);
	else
		check_result(choices, cases, n, ordered, got);
	if (got >= 0 && cases[got].result == 0) {
		struct rig *r = choices[got].rig;

		rig_moved(r, choices[got].role, r->next++, choices[got].item);
	}
	for (i = 0; i < n; i++) {
		if (got == -ETIMEDOUT && choices[i].rig)
			rig_refused(choices[i].rig, choices[i].role, 1, 1);
		free(choices[i].item);
	}
	for (i = 0; i < count; i++)
		rig_check(&rigs[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rig rigs[RIGS_MOST];
	struct input in = { data, size };
	size_t count = 2 + take_below(&in, RIGS_MOST - 1), i;

	for (i = 0; i < count; i++)
		rig_open(&rigs[i], &in);
	while (in.left) {
		unsigned what = take(&in);

		if (what % 4 == 0)
			select_some(rigs, count, &in);
		else if (what == 255)
			rigs_dump(rigs, count);
		else
			rig_step(&rigs[what / 4 % count], &in);
	}
	for (i = 0; i < count; i++)
		rig_finish(&rigs[i]);
	return 0;
}
