/* SPDX-License-Identifier: MIT */
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/hooks.h"

/* ---- drop ------------------------------------------------------------------------------ */

static void note(struct drops *drops, size_t capacity, uint32_t item)
{
	FUZZ_CHECK(drops->count < capacity + 1, "more dropped than there can be");
	drops->items[drops->count++] = item;
}

static void drop(void *item, void *context)
{
	struct rig *r = context;
	uint32_t number = 0;

	memcpy(&number, item, r->item_size < sizeof(number) ? r->item_size : sizeof(number));
	FUZZ_CHECK(item_is(item, r->item_size, number), "dropped what is no item: %#x", number);
	note(&r->seen, r->model.capacity, number);
	if (r->rx)
		(void)pp_rx_depth(r->rx); /* any call may be made here */
}

static void due(void *context, uint32_t item)
{
	struct rig *r = context;

	note(&r->due, r->model.capacity, item);
}

static void check_drops(struct rig *r)
{
	uint32_t mask = r->item_size < 4 ? (UINT32_C(1) << 8 * r->item_size) - 1 : UINT32_MAX;
	size_t i;

	if (r->drops_told) {
		FUZZ_CHECK(r->seen.count == r->due.count, "%zu items dropped, %zu expected",
		           r->seen.count, r->due.count);
		for (i = 0; i < r->due.count; i++)
			FUZZ_CHECK(r->seen.items[i] == (r->due.items[i] & mask), "dropped %#x, not %#x",
			           r->seen.items[i], r->due.items[i]);
	}
	r->seen.count = r->due.count = 0;
}

/* ---- opening ------------------------------------------------------------------------------ */

static void choose_hooks(unsigned bits)
{
	pp_test_start_before_wrap = bits % 4;
	pp_test_most_marked = bits & 4 ? 0 : 128;
}

static void forget(struct rig *r)
{
	enum role role;
	int i;

	for (role = PUSH; role <= PULL; role++) {
		r->refs[role] = 1;
		r->fd[role] = -1;
		for (i = 0; i < ASYNC_MOST; i++)
			r->waiting[role][i].role = role;
	}
	r->next = 1;
}

static pp_config choose_config(struct rig *r, struct input *in)
{
	static const size_t capacities[] = { 0, 1, 1, 2, 2, 3, 3, 4, 5, 7, 8, 9, 127, 128, 129, 300 };
	static const size_t sizes[] = { 8, 8, 1, 2, 3, 4, 7, 8, 12, 16, 24, 32, 40, 64, 100, 300 };
	unsigned how = take(in), size = take(in), more = take(in);
	pp_config config = PP_CONFIG(.kind = how & 1 ? PP_SPSC : PP_MPMC,
	                             .capacity = capacities[how / 2 % 16],
	                             .item_size = sizes[size % 16]);

	r->flags = how & 64 ? PP_TRACK_DEPTH : 0;
	r->flags |= how & 128 ? PP_INTERRUPTIBLE : 0;
	r->drops_told = more & 1;
	memset(r->name, 'n', size / 16 * 2);
	config.flags = r->flags;
	config.spin_ns = more & 2 ? PP_SPIN_NONE : more & 4 ? 1000 : 0;
	config.drop = r->drops_told ? drop : NULL;
	config.drop_context = r;
	config.name = more & 8 ? r->name : NULL;
	choose_hooks(more / 16);
	return config;
}

void rig_open(struct rig *r, struct input *in)
{
	pp_config config;
	int result;

	memset(r, 0, sizeof(*r));
	config = choose_config(r, in);
	if (!config.name)
		r->name[0] = 0;
	KEEPS_ERRNO(result = pp_open_with(&r->tx, &r->rx, &config));
	FUZZ_CHECK(result == 0, "open gave %d", result);
	r->name[31] = 0; /* what is left of it */
	r->item_size = config.item_size;
	model_init(&r->model, config.kind == PP_SPSC, config.capacity);
	r->model.dropped_item = due;
	r->model.context = r;
	r->due.items = calloc(config.capacity + 1, sizeof(uint32_t));
	r->seen.items = calloc(config.capacity + 1, sizeof(uint32_t));
	FUZZ_CHECK(r->due.items && r->seen.items, "no memory");
	forget(r);
	fuzz_trace("open %s capacity %zu item %zu flags %u", r->model.spsc ? "spsc" : "mpmc",
	           config.capacity, config.item_size, config.flags);
	rig_check(r);
}

/* ---- references ---------------------------------------------------------------------------- */

bool rig_is_gone(const struct rig *r)
{
	return !r->tx && !r->rx;
}

bool rig_may_use(const struct rig *r, enum role role)
{
	int i;

	if (!(role == PUSH ? (const void *)r->tx : (const void *)r->rx))
		return false;
	for (i = 0; i < ASYNC_MOST; i++)
		if (r->model.spsc && r->waiting[role][i].state != IDLE)
			return false;
	return true;
}

void rig_ref(struct rig *r, struct input *in)
{
	enum role role = (enum role)take_below(in, 2);
	int result;

	if (r->refs[role] == 0)
		return;
	KEEPS_ERRNO(result = role == PUSH ? pp_tx_ref(r->tx) : pp_rx_ref(r->rx));
	FUZZ_CHECK(result == 0, "ref gave %d", result);
	r->refs[role]++;
}

static void let_go(struct rig *r, enum role role)
{
	bool last = r->refs[role] == 1;

	fuzz_trace("%s unref, %u left", role == PUSH ? "tx" : "rx", r->refs[role] - 1);
	if (last) {
		rig_withdraw_all(r, role);
		rig_close_slots(r, role);
	}
	if (role == PUSH)
		KEEPS_ERRNO(pp_tx_unref(r->tx));
	else
		KEEPS_ERRNO(pp_rx_unref(r->rx));
	r->refs[role]--;
	if (!last)
		return;
	if (role == PUSH)
		model_close(&r->model);
	else
		model_cancel(&r->model);
	if (role == PUSH)
		r->tx = NULL;
	else
		r->rx = NULL;
	r->armed[role] = false;
	rig_check_all_told(r, role == PUSH ? PULL : PUSH);
}

void rig_unref(struct rig *r, struct input *in)
{
	enum role role = (enum role)take_below(in, 2);

	pp_tx_unref(NULL);
	pp_rx_unref(NULL);
	if (r->refs[role])
		let_go(r, role);
}

void rig_finish(struct rig *r)
{
	enum role role;

	for (role = PUSH; role <= PULL; role++)
		while (r->refs[role])
			let_go(r, role);
	check_drops(r);
	model_free(&r->model);
	free(r->due.items);
	free(r->seen.items);
}

void rig_close(struct rig *r, struct input *in)
{
	int result;

	(void)in;
	if (!r->tx)
		return;
	fuzz_trace("close");
	KEEPS_ERRNO(result = pp_close(r->tx));
	FUZZ_CHECK(result == 0, "close gave %d", result);
	model_close(&r->model);
	rig_check_all_told(r, PUSH);
	rig_check_all_told(r, PULL);
}

void rig_cancel(struct rig *r, struct input *in)
{
	int result;

	(void)in;
	if (!r->rx)
		return;
	fuzz_trace("cancel");
	KEEPS_ERRNO(result = pp_cancel(r->rx));
	FUZZ_CHECK(result == 0, "cancel gave %d", result);
	model_cancel(&r->model);
	rig_check_all_told(r, PUSH);
	rig_check_all_told(r, PULL);
}

/* ---- looking ------------------------------------------------------------------------------- */

void rig_refused(struct rig *r, enum role role, unsigned least, unsigned most)
{
	r->refused_least[role] += least;
	r->refused_most[role] += most;
}

#define SAME(field, wanted) \
	FUZZ_CHECK((uint64_t)(s.field) == (uint64_t)(wanted), #field " is %llu, not %llu", \
	           (unsigned long long)(s.field), (unsigned long long)(wanted))

/* Nothing slept and nothing was woken: every count is exact. */
static void check_stats(struct rig *r)
{
	const struct model *m = &r->model;
	pp_stats s = { .size = sizeof(s) };
	int result;

	KEEPS_ERRNO(result = r->tx ? pp_tx_stats(r->tx, &s) : pp_rx_stats(r->rx, &s));
	FUZZ_CHECK(result == 0 && s.size == sizeof(s), "stats gave %d", result);
	SAME(pushed, m->pushed);
	SAME(pulled, m->pulled);
	SAME(dropped, m->dropped);
	SAME(depth, model_depth(m));
	SAME(capacity, m->capacity);
	SAME(closed, m->closed);
	SAME(cancelled, m->cancelled);
	SAME(tx_refs, r->refs[PUSH]);
	SAME(rx_refs, r->refs[PULL]);
	SAME(push_parks + s.pull_parks + s.push_wakes + s.pull_wakes, 0);
	SAME(push_blocked_ns + s.pull_blocked_ns, 0);
	SAME(pushers_parked + s.pullers_parked, 0);
	FUZZ_CHECK(strcmp(s.name, r->name) == 0, "the name is %.32s", s.name);
	FUZZ_CHECK(s.depth_max >= s.depth && s.depth_max <= m->depth_max, "depth_max %zu, not %zu",
	           s.depth_max, m->depth_max);
	if (r->flags & PP_TRACK_DEPTH)
		SAME(depth_max, m->depth_max);
	FUZZ_CHECK(s.push_full >= r->refused_least[PUSH] && s.push_full <= r->refused_most[PUSH],
	           "push_full %llu, not %llu to %llu", (unsigned long long)s.push_full,
	           (unsigned long long)r->refused_least[PUSH],
	           (unsigned long long)r->refused_most[PUSH]);
	FUZZ_CHECK(s.pull_empty >= r->refused_least[PULL] && s.pull_empty <= r->refused_most[PULL],
	           "pull_empty %llu, not %llu to %llu", (unsigned long long)s.pull_empty,
	           (unsigned long long)r->refused_least[PULL],
	           (unsigned long long)r->refused_most[PULL]);
}

void rig_check(struct rig *r)
{
	const struct model *m = &r->model;
	pp_kind kind = m->spsc ? PP_SPSC : PP_MPMC;

	check_drops(r);
	if (rig_is_gone(r))
		return;
	if (r->tx)
		FUZZ_CHECK(pp_tx_depth(r->tx) == model_depth(m) && pp_tx_kind(r->tx) == kind &&
		           pp_tx_capacity(r->tx) == m->capacity &&
		           pp_tx_item_size(r->tx) == r->item_size,
		           "the push end: depth %zu, not %zu", pp_tx_depth(r->tx), model_depth(m));
	if (r->rx)
		FUZZ_CHECK(pp_rx_depth(r->rx) == model_depth(m) && pp_rx_kind(r->rx) == kind &&
		           pp_rx_capacity(r->rx) == m->capacity &&
		           pp_rx_item_size(r->rx) == r->item_size,
		           "the pull end: depth %zu, not %zu", pp_rx_depth(r->rx), model_depth(m));
	check_stats(r);
	rig_check_told(r);
}

/* A caller's struct that is older or newer than the library's. */
void rig_odd_stats(struct rig *r, struct input *in)
{
	size_t size = take(in), i;
	unsigned char *room = buffer_new(size + sizeof(pp_stats));
	pp_stats *s = (pp_stats *)(void *)room;
	int result;

	if (size > sizeof(pp_stats))
		size += sizeof(uint64_t);
	s->size = size;
	KEEPS_ERRNO(result = r->tx ? pp_tx_stats(r->tx, s) : pp_rx_stats(r->rx, s));
	FUZZ_CHECK(result == (size < offsetof(pp_stats, pushed) ? -EINVAL : 0), "stats gave %d", result);
	FUZZ_CHECK(s->size == size, "the size of the stats is %zu", s->size);
	if (result == 0) {
		FUZZ_CHECK(size < offsetof(pp_stats, pulled) || s->pushed == r->model.pushed, "pushed");
		for (i = sizeof(pp_stats); i < size; i++)
			FUZZ_CHECK(room[i] == 0, "a field that the library does not know is not zero");
		for (i = size; i < size + 8; i++)
			FUZZ_CHECK(room[i] == 0xa5, "written beyond the caller's stats");
	}
	free(room);
}

int rig_dump_line(const struct rig *r, char *line, size_t size)
{
	const struct model *m = &r->model;

	return snprintf(line, size, "ring %s %s depth %zu of %zu pushed %llu pulled %llu "
	                "pushers asleep 0 pullers asleep 0%s%s%s\n", r->name[0] ? r->name : "-",
	                m->spsc ? "spsc" : "mpmc", model_depth(m), m->capacity,
	                (unsigned long long)m->pushed, (unsigned long long)m->pulled,
	                !m->closed && !m->cancelled ? " open" : "", m->closed ? " closed" : "",
	                m->cancelled ? " cancelled" : "");
}

void rigs_dump(struct rig *rigs, size_t count)
{
	static int file = -1;
	char got[4096], line[512];
	size_t i, all = 0;
	ssize_t n;
	int result;

	if (file < 0)
		file = memfd_create("dump", MFD_CLOEXEC);
	FUZZ_CHECK(ftruncate(file, 0) == 0 && lseek(file, 0, SEEK_SET) == 0, "no memfd");
	KEEPS_ERRNO(result = pp_dump(file));
	FUZZ_CHECK(result == 0, "dump gave %d", result);
	n = pread(file, got, sizeof(got) - 1, 0);
	FUZZ_CHECK(n >= 0, "read");
	got[n] = 0;
	for (i = 0; i < count; i++) {
		if (rig_is_gone(&rigs[i]))
			continue;
		all += (size_t)rig_dump_line(&rigs[i], line, sizeof(line));
		FUZZ_CHECK(strstr(got, line), "the dump\n%shas no\n%s", got, line);
	}
	FUZZ_CHECK((size_t)n == all, "the dump has other rings, too:\n%s", got);
	KEEPS_ERRNO(result = pp_dump(-1));
	FUZZ_CHECK(result == (all ? -EBADF : 0), "dump to nowhere gave %d", result);
}
