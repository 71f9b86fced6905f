/* SPDX-License-Identifier: MIT */
/* Items by copy: one, several, typed, and by a select of one case. */
#include "rig.h"

#include <pushpull/typed.h>

#include <stdlib.h>
#include <string.h>

struct one { unsigned char b[1]; };
struct twelve { unsigned char b[12]; };
struct forty { unsigned char b[40]; };

PP_TYPED(ones, struct one);
PP_TYPED(words, uint64_t);
PP_TYPED(twelves, struct twelve);
PP_TYPED(forties, struct forty);

/* ---- items ------------------------------------------------------------------------------- */

static unsigned char item_byte(uint32_t item, size_t i)
{
	return (unsigned char)(i < 4 ? item >> 8 * i : item * 7 + i * 13);
}

void item_fill(unsigned char *at, size_t size, uint32_t item)
{
	size_t i;

	for (i = 0; i < size; i++)
		at[i] = item_byte(item, i);
}

bool item_is(const unsigned char *at, size_t size, uint32_t item)
{
	size_t i;

	for (i = 0; i < size; i++)
		if (at[i] != item_byte(item, i))
			return false;
	return true;
}

unsigned char *buffer_new(size_t size)
{
	unsigned char *at = malloc(size ? size : 1);

	FUZZ_CHECK(at, "no memory");
	memset(at, 0xa5, size);
	return at;
}

bool buffer_is_untouched(const unsigned char *at, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		if (at[i] != 0xa5)
			return false;
	return true;
}

pp_time some_past(struct input *in)
{
	static const pp_time past[] = { 0, 1, -1, INT64_MIN, INT64_MIN + 1, 1000000 };
	unsigned which = take_below(in, 7);

	return which < 6 ? past[which] : pp_now();
}

/* ---- one --------------------------------------------------------------------------------- */

enum form { TRY, LATE, BLOCKING, TYPED_TRY, TYPED_LATE, TYPED_BLOCKING, BY_SELECT, FORMS };

static int push_typed(struct rig *r, unsigned type, enum form form, const void *item, pp_time past)
{
#define TYPED(name, t) \
	(form == TYPED_TRY ? name##_try_push(r->tx, (const t *)item) : \
	 form == TYPED_LATE ? name##_push_until(r->tx, (const t *)item, past) : \
	                      name##_push(r->tx, (const t *)item))
	return type == 0 ? TYPED(words, uint64_t) : type == 1 ? TYPED(ones, struct one) :
	       type == 2 ? TYPED(twelves, struct twelve) : TYPED(forties, struct forty);
#undef TYPED
}

static int pull_typed(struct rig *r, unsigned type, enum form form, void *item, pp_time past)
{
#define TYPED(name, t) \
	(form == TYPED_TRY ? name##_try_pull(r->rx, (t *)item) : \
	 form == TYPED_LATE ? name##_pull_until(r->rx, (t *)item, past) : \
	                      name##_pull(r->rx, (t *)item))
	return type == 0 ? TYPED(words, uint64_t) : type == 1 ? TYPED(ones, struct one) :
	       type == 2 ? TYPED(twelves, struct twelve) : TYPED(forties, struct forty);
#undef TYPED
}

static size_t size_of_type(unsigned type)
{
	static const size_t sizes[] = { sizeof(uint64_t), sizeof(struct one), sizeof(struct twelve),
	                                sizeof(struct forty) };

	return sizes[type];
}

static int by_select(struct rig *r, enum role role, void *item, pp_time past)
{
	pp_case one = { .tx = role == PUSH ? r->tx : NULL, .rx = role == PULL ? r->rx : NULL,
	                .item = item };
	int result = pp_select(&one, 1, 0, past);

	return result == 0 ? one.result : result;
}

static int one(struct rig *r, enum role role, enum form form, void *item, pp_time past,
               unsigned type)
{
	if (form >= TYPED_TRY && form <= TYPED_BLOCKING)
		return role == PUSH ? push_typed(r, type, form, item, past)
		                    : pull_typed(r, type, form, item, past);
	if (form == BY_SELECT)
		return by_select(r, role, item, past);
	if (role == PUSH)
		return form == TRY ? pp_try_push(r->tx, item)
		     : form == LATE ? pp_push_until(r->tx, item, past) : pp_push(r->tx, item);
	return form == TRY ? pp_try_pull(r->rx, item)
	     : form == LATE ? pp_pull_until(r->rx, item, past) : pp_pull(r->rx, item);
}

void rig_moved(struct rig *r, enum role role, uint32_t item, const unsigned char *buffer)
{
	size_t i;

	if (role == PUSH) {
		model_push(&r->model, item);
		return;
	}
	item = model_pull(&r->model);
	FUZZ_CHECK(item_is(buffer, r->item_size, item), "pulled %#x..., not %#x", buffer[0], item);
	/* Capacity 0: it came from a push that waits without a thread. */
	for (i = 0; r->model.capacity == 0 && i < ASYNC_MOST; i++)
		if (r->waiting[PUSH][i].state == WAITS && r->waiting[PUSH][i].item == item)
			r->waiting[PUSH][i].state = SERVED;
}

void rig_account(struct rig *r, enum role role, int got, int expected, unsigned char *buffer)
{
	bool undecided = got == -EAGAIN || got == -EBUSY || got == -ETIMEDOUT;

	FUZZ_CHECK(got == expected, "%s gave %d, not %d", role == PUSH ? "push" : "pull", got, expected);
	if (role == PULL && got != 0)
		FUZZ_CHECK(buffer_is_untouched(buffer, r->item_size), "a failed pull wrote");
	if (got == 0)
		rig_moved(r, role, r->next++, buffer);
	else
		rig_refused(r, role, model_why(&r->model, role) == -EAGAIN, undecided);
}

void rig_one(struct rig *r, enum role role, struct input *in)
{
	enum form form = (enum form)take_below(in, FORMS);
	unsigned type = form >= TYPED_TRY && form <= TYPED_BLOCKING ? take_below(in, 4) : 0;
	pp_time past = form == LATE || form == TYPED_LATE || form == BY_SELECT ? some_past(in) : 0;
	bool typed = form >= TYPED_TRY && form <= TYPED_BLOCKING, tries = form == TRY || form == TYPED_TRY;
	unsigned char *buffer;
	int got, expected;

	if (!rig_may_use(r, role))
		return;
	if ((form == BLOCKING || form == TYPED_BLOCKING) && !model_is_ready(&r->model, role) &&
	    !model_is_shut(&r->model, role))
		return; /* it would wait for ever */
	expected = tries ? model_why(&r->model, role) : model_why_late(&r->model, role);
	if (typed && size_of_type(type) != r->item_size)
		expected = -EINVAL;
	buffer = buffer_new(typed && expected == -EINVAL ? size_of_type(type) : r->item_size);
	if (role == PUSH && expected != -EINVAL)
		item_fill(buffer, r->item_size, r->next);
	fuzz_trace("%s form %d", role == PUSH ? "push" : "pull", (int)form);
	KEEPS_ERRNO(got = one(r, role, form, buffer, past, type));
	fuzz_trace("    gave %d", got);
	if (expected == -EINVAL)
		FUZZ_CHECK(got == -EINVAL, "a wrong type gave %d", got);
	else
		rig_account(r, role, got, expected, buffer);
	free(buffer);
}

/* ---- several ----------------------------------------------------------------------------- */

/* Some few, or about what makes the ring full. */
static size_t some_count(struct rig *r, struct input *in)
{
	unsigned byte = take(in);
	size_t n = byte < 160 ? byte % 12 : r->model.capacity + 3 - byte % 4;

	return n < BATCH_MOST ? n : BATCH_MOST;
}

static ssize_t some(struct rig *r, enum role role, unsigned form, unsigned char *items, size_t min,
                    size_t max, pp_time past)
{
	if (role == PUSH)
		return form == 0 ? pp_try_push_n(r->tx, items, max)
		     : form == 1 ? pp_push_n_until(r->tx, items, max, past) : pp_push_n(r->tx, items, max);
	return form == 0 ? pp_try_pull_n(r->rx, items, max)
	     : form == 1 ? pp_pull_n_until(r->rx, items, min, max, past) : pp_pull_n(r->rx, items, max);
}

/* How many the model moves; `buffer` holds what was pulled. */
static ssize_t model_some(struct rig *r, enum role role, size_t max, size_t most,
                          unsigned char *buffer)
{
	size_t n = 0;

	while (n < max && n < most && model_why(&r->model, role) == 0) {
		rig_moved(r, role, r->next + (uint32_t)n, buffer + n * r->item_size);
		n++;
	}
	return (ssize_t)n;
}

static void check_some(struct rig *r, enum role role, ssize_t got, size_t max, int why,
                       unsigned char *buffer)
{
	bool undecided = why == -EAGAIN || why == -EBUSY || why == -ETIMEDOUT;
	size_t moved = got > 0 ? (size_t)got : 0;
	ssize_t n;

	FUZZ_CHECK(got <= (ssize_t)max, "a batch of %zu gave %zd", max, got);
	n = model_some(r, role, max, moved, buffer);
	FUZZ_CHECK(n == (ssize_t)moved, "a batch of %zu gave %zd, not %zd", max, got, n);
	if (moved < max && max) /* as many as fit */
		FUZZ_CHECK(model_why(&r->model, role) != 0, "a batch of %zu gave only %zd", max, got);
	if (moved == 0 && max)
		FUZZ_CHECK(got == why, "a batch of %zu gave %zd, not %d", max, got, why);
	if (max == 0)
		FUZZ_CHECK(got == 0, "an empty batch gave %zd", got);
	if (role == PULL)
		FUZZ_CHECK(buffer_is_untouched(buffer + moved * r->item_size,
		                               (max - moved) * r->item_size), "written beyond the items");
	if (moved < max)
		rig_refused(r, role, moved == 0 && model_why(&r->model, role) == -EAGAIN,
		            moved || undecided);
	r->next += (uint32_t)moved;
}

void rig_some(struct rig *r, enum role role, struct input *in)
{
	unsigned form = take_below(in, 4);
	size_t max = some_count(r, in), min = form == 1 && role == PULL ? some_count(r, in) : 0, i;
	pp_time past = form == 1 ? some_past(in) : 0;
	bool wrong = role == PULL && form == 1 && min > max, tries;
	unsigned char *buffer;
	ssize_t got;
	int why;

	if (!rig_may_use(r, role))
		return;
	if (form >= 2 && !model_is_shut(&r->model, role)) {
		size_t room = r->model.capacity - model_depth(&r->model);

		/* One that would wait for ever. */
		if (!model_is_ready(&r->model, role) ||
		    (role == PUSH && model_why(&r->model, role) == 0 && (max > room || r->model.taken)))
			form = 0;
	}
	tries = form == 0 || (role == PULL && form == 1 && min == 0);
	why = tries ? model_why(&r->model, role) : model_why_late(&r->model, role);
	buffer = buffer_new(max * r->item_size);
	for (i = 0; role == PUSH && i < max; i++)
		item_fill(buffer + i * r->item_size, r->item_size, r->next + (uint32_t)i);
	fuzz_trace("%s %zu to %zu, form %u", role == PUSH ? "push" : "pull", min, max, form);
	KEEPS_ERRNO(got = some(r, role, form, buffer, min, max, past));
	fuzz_trace("    gave %zd", got);
	if (wrong)
		FUZZ_CHECK(got == -EINVAL && buffer_is_untouched(buffer, max * r->item_size),
		           "min %zu over max %zu gave %zd", min, max, got);
	else
		check_some(r, role, got, max, why, buffer);
	free(buffer);
}

/* ---- wrong arguments --------------------------------------------------------------------- */

#define REFUSED(call) \
	do { \
		ssize_t result_; \
		KEEPS_ERRNO(result_ = (call)); \
		FUZZ_CHECK(result_ == -EINVAL, "%s gave %zd", #call, result_); \
	} while (0)

static void wrong_push(struct rig *r, void *item)
{
	void *slot = item;

	REFUSED(pp_push(r->tx, NULL));
	REFUSED(pp_try_push(NULL, item));
	REFUSED(pp_push_until(r->tx, NULL, 0));
	REFUSED(pp_push_n(r->tx, NULL, 1));
	REFUSED(pp_try_push_n(r->tx, item, (size_t)SSIZE_MAX + 1));
	REFUSED(pp_push_n_until(NULL, item, 1, 0));
	REFUSED(pp_try_push_begin(r->tx, NULL));
	REFUSED(pp_push_begin(NULL, &slot));
	FUZZ_CHECK(slot == NULL, "a failed begin left a slot");
	REFUSED(pp_push_commit(r->tx, NULL));
	REFUSED(pp_push_abort(r->tx, NULL));
	REFUSED(pp_push_abort(NULL, item));
	REFUSED(pp_push_async(r->tx, item, NULL));
}

static void wrong_pull(struct rig *r, void *item)
{
	void *slot = item;

	REFUSED(pp_pull(r->rx, NULL));
	REFUSED(pp_try_pull(NULL, item));
	REFUSED(pp_pull_until(NULL, item, 0));
	REFUSED(pp_pull_n(r->rx, NULL, 1));
	REFUSED(pp_try_pull_n(r->rx, item, (size_t)SSIZE_MAX + 1));
	REFUSED(pp_pull_n_until(r->rx, item, 2, 1, 0));
	REFUSED(pp_pull_n_until(r->rx, item, 1, (size_t)SSIZE_MAX + 1, 0));
	REFUSED(pp_try_pull_begin(r->rx, NULL));
	REFUSED(pp_pull_begin_until(NULL, &slot, 0));
	FUZZ_CHECK(slot == NULL, "a failed begin left a slot");
	REFUSED(pp_pull_commit(r->rx, NULL));
	REFUSED(pp_pull_commit(NULL, item));
	REFUSED(pp_pull_async(r->rx, NULL, NULL));
}

void rig_wrong(struct rig *r, struct input *in)
{
	unsigned char *item = buffer_new(2 * r->item_size);
	pp_case both = { .tx = r->tx, .rx = r->rx, .item = item };

	if (take_below(in, 2) == 0)
		wrong_push(r, item);
	else
		wrong_pull(r, item);
	if (r->tx && r->rx)
		REFUSED(pp_select(&both, 1, 0, 0));
	both.rx = NULL;
	both.flags = 1;
	if (r->tx)
		REFUSED(pp_select(&both, 1, 0, 0));
	REFUSED(pp_select(NULL, 0, 0, PP_FOREVER));
	REFUSED(pp_select(NULL, 1, 0, 0));
	REFUSED(pp_select(&both, (size_t)INT_MAX + 1, 0, 0));
	REFUSED(pp_select(NULL, 0, 2, 0));
	FUZZ_CHECK(buffer_is_untouched(item, 2 * r->item_size), "a refused call wrote");
	free(item);
}
