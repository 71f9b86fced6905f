/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pushpull/async.h>
#include <sched.h>
#include <string.h>
#include <time.h>

#include "worker.h"

enum { ITEM_TORN = 0xfffff };

/* ---- items ------------------------------------------------------------------------------- */

void item_make(unsigned char *item, size_t size, uint32_t name)
{
	memset(item, (int)(name & 0xff), size);
	memcpy(item, &name, sizeof(name));
	if (size >= 2 * sizeof(name))
		memcpy(item + size - sizeof(name), &name, sizeof(name));
}

uint32_t item_name(const unsigned char *item, size_t size)
{
	uint32_t name, again;

	memcpy(&name, item, sizeof(name));
	memcpy(&again, item + size - sizeof(again), sizeof(again));
	return size < 2 * sizeof(name) || name == again ? name : ITEM_TORN;
}

/* ---- stamps ------------------------------------------------------------------------------ */

static _Alignas(128) atomic_llong counter;

static int64_t stamp(enum stamps by)
{
	struct timespec now;

	if (by == STAMP_COUNTER)
		return atomic_fetch_add(&counter, 1);
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * PP_SEC + now.tv_nsec;
}

/* The stamp is in memory before the fence, and the call behind it. */
static void begins(const struct worker *w, struct op *op)
{
	*(volatile int64_t *)&op->begin = stamp(w->round->setting->stamps);
	atomic_thread_fence(memory_order_seq_cst);
}

static void ends(const struct worker *w, struct op *op)
{
	atomic_thread_fence(memory_order_seq_cst);
	op->end = stamp(w->round->setting->stamps);
}

/* ---- the calls --------------------------------------------------------------------------- */

static pp_time soon(struct worker *w)
{
	return pp_in((pp_time)luck_below(&w->luck, 3) * (pp_time)luck_below(&w->luck, 60 * 1000));
}

static int select_one(pp_tx *tx, pp_rx *rx, void *item, pp_time deadline)
{
	pp_case cases[2] = { { .tx = NULL }, { .tx = tx, .rx = rx, .item = item } };
	int r = pp_select(cases, 2, 0, deadline);

	return r < 0 ? r : cases[r].result;
}

static void is_ready(void *worker)
{
	atomic_store(&((struct worker *)worker)->ready, true);
}

/* Wait for a call of is_ready(), a while. */
static bool becomes_ready(struct worker *w)
{
	unsigned i, patience = luck_below(&w->luck, 40);

	for (i = 0; i < patience; i++) {
		if (atomic_exchange(&w->ready, false))
			return true;
		sched_yield();
	}
	return false;
}

static int push_async(struct worker *w, const void *item)
{
	pp_async op = PP_ASYNC(.ready = is_ready, .context = w);
	int r;

	while ((r = pp_push_async(w->round->tx, item, &op)) == -EAGAIN)
		if (!becomes_ready(w))
			return pp_push_withdraw(w->round->tx, &op) == 1 ? 0 : -ETIMEDOUT;
	return r;
}

static int pull_async(struct worker *w, void *item)
{
	pp_async op = PP_ASYNC(.ready = is_ready, .context = w);
	int r;

	while ((r = pp_pull_async(w->round->rx, item, &op)) == -EAGAIN) {
		if (!becomes_ready(w)) {
			(void)pp_pull_withdraw(w->round->rx, &op);
			return -ETIMEDOUT;
		}
	}
	return r;
}

static ssize_t call_push(struct worker *w, enum call call, size_t n, pp_time deadline)
{
	pp_tx *tx = w->round->tx;
	void *items = w->items;

	switch (call) {
	case CALL_push:              return pp_push(tx, items);
	case CALL_try_push:          return pp_try_push(tx, items);
	case CALL_past_push:         return pp_push_until(tx, items, 1);
	case CALL_push_until:        return pp_push_until(tx, items, deadline);
	case CALL_push_n:            return pp_push_n(tx, items, n);
	case CALL_try_push_n:        return pp_try_push_n(tx, items, n);
	case CALL_past_push_n:       return pp_push_n_until(tx, items, n, 1);
	case CALL_push_n_until:      return pp_push_n_until(tx, items, n, deadline);
	case CALL_select_push:       return select_one(tx, NULL, items, PP_FOREVER);
	case CALL_past_select_push:  return select_one(tx, NULL, items, 1);
	case CALL_select_push_until: return select_one(tx, NULL, items, deadline);
	case CALL_push_async:        return push_async(w, items);
	default:                     return -EINVAL;
	}
}

static ssize_t call_pull(struct worker *w, enum call call, size_t min, size_t max, pp_time deadline)
{
	pp_rx *rx = w->round->rx;
	void *items = w->items;

	switch (call) {
	case CALL_pull:              return pp_pull(rx, items);
	case CALL_try_pull:          return pp_try_pull(rx, items);
	case CALL_past_pull:         return pp_pull_until(rx, items, 1);
	case CALL_pull_until:        return pp_pull_until(rx, items, deadline);
	case CALL_pull_n:            return pp_pull_n(rx, items, max);
	case CALL_try_pull_n:        return pp_try_pull_n(rx, items, max);
	case CALL_past_pull_n:       return pp_pull_n_until(rx, items, min, max, 1);
	case CALL_pull_n_until:      return pp_pull_n_until(rx, items, min, max, deadline);
	case CALL_select_pull:       return select_one(NULL, rx, items, PP_FOREVER);
	case CALL_past_select_pull:  return select_one(NULL, rx, items, 1);
	case CALL_select_pull_until: return select_one(NULL, rx, items, deadline);
	case CALL_pull_async:        return pull_async(w, items);
	default:                     return -EINVAL;
	}
}

void call_make(struct worker *w, struct op *op)
{
	const struct call_kind *kind = kind_of(op);
	size_t size = w->round->setting->item_size;
	pp_time deadline = kind->form == FORM_UNTIL ? soon(w) : 0;
	unsigned i;

	if (kind->role == ROLE_PUSH)
		for (i = 0; i < op->n; i++)
			item_make(w->items + i * size, size, op->items[i]);
	begins(w, op);
	switch (kind->role) {
	case ROLE_PUSH:  op->result = (int)call_push(w, op->call, op->n, deadline); break;
	case ROLE_PULL:  op->result = (int)call_pull(w, op->call, op->min, op->n, deadline); break;
	case ROLE_CLOSE: op->result = pp_close(w->round->tx); break;
	default:         op->result = pp_cancel(w->round->rx); break;
	}
	ends(w, op);
	if (kind->role == ROLE_PULL)
		for (i = 0; i < op_moved(op) && i < op->n; i++)
			op->items[i] = item_name(w->items + i * size, size);
}

/* ---- in place ---------------------------------------------------------------------------- */

static int begin_push(pp_tx *tx, enum call call, void **slot, pp_time deadline)
{
	switch (call) {
	case CALL_push_begin:      return pp_push_begin(tx, slot);
	case CALL_try_push_begin:  return pp_try_push_begin(tx, slot);
	case CALL_past_push_begin: return pp_push_begin_until(tx, slot, 1);
	default:                   return pp_push_begin_until(tx, slot, deadline);
	}
}

static int begin_pull(pp_rx *rx, enum call call, void **slot, pp_time deadline)
{
	switch (call) {
	case CALL_pull_begin:      return pp_pull_begin(rx, slot);
	case CALL_try_pull_begin:  return pp_try_pull_begin(rx, slot);
	case CALL_past_pull_begin: return pp_pull_begin_until(rx, slot, 1);
	default:                   return pp_pull_begin_until(rx, slot, deadline);
	}
}

void *call_begin(struct worker *w, struct op *op)
{
	size_t size = w->round->setting->item_size;
	pp_time deadline = soon(w);
	void *slot = NULL;

	begins(w, op);
	op->result = kind_of(op)->role == ROLE_PUSH
	             ? begin_push(w->round->tx, op->call, &slot, deadline)
	             : begin_pull(w->round->rx, op->call, &slot, deadline);
	ends(w, op);
	if (slot && kind_of(op)->role == ROLE_PUSH)
		item_make(slot, size, op->items[0]);
	else if (slot)
		op->items[0] = item_name(slot, size);
	return slot;
}

void call_end(struct worker *w, struct op *op, void *slot)
{
	begins(w, op);
	switch (op->call) {
	case CALL_push_commit: op->result = pp_push_commit(w->round->tx, slot); break;
	case CALL_push_abort:  op->result = pp_push_abort(w->round->tx, slot); break;
	default:               op->result = pp_pull_commit(w->round->rx, slot); break;
	}
	ends(w, op);
}
