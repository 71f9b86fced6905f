/* SPDX-License-Identifier: MIT */
#include "model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void model_init(struct model *m, bool spsc, size_t capacity)
{
	memset(m, 0, sizeof(*m));
	m->spsc = spsc;
	m->capacity = capacity;
	m->slots = calloc(capacity + 1, sizeof(*m->slots));
	if (!m->slots)
		abort();
}

void model_free(struct model *m)
{
	free(m->slots);
	m->slots = NULL;
}

static struct slot *slot_at(const struct model *m, uint64_t position)
{
	return &m->slots[position % m->capacity];
}

/* One that was taken back and has nothing left before it is free. */
static void settle(struct model *m)
{
	while (m->head != m->tail && slot_at(m, m->head)->state == ABORTED)
		slot_at(m, m->head++)->state = FREE;
}

size_t model_depth(const struct model *m)
{
	return (size_t)(m->tail - m->head) + m->taken;
}

/* ---- what a call would give ---------------------------------------------------------- */

static int why_no_push(const struct model *m)
{
	if (m->closed)
		return -ESHUTDOWN;
	if (m->cancelled)
		return -EPIPE;
	if (m->capacity == 0)
		return -EAGAIN;
	if (m->spsc)
		return m->open ? -EBUSY : model_depth(m) == m->capacity ? -EAGAIN : 0;
	if (slot_at(m, m->tail)->state == FREE)
		return 0;
	/* Full, or the slot whose turn it is belongs to a pull. */
	return m->tail - m->head == m->capacity ? -EAGAIN : -EBUSY;
}

static int why_no_pull(const struct model *m)
{
	if (m->cancelled)
		return -ESHUTDOWN;
	if (m->capacity == 0)
		return m->closed ? -EPIPE : m->waiting ? 0 : -EAGAIN;
	if (m->spsc && m->taken)
		return -EBUSY;
	if (m->head != m->tail && slot_at(m, m->head)->state == ITEM)
		return 0;
	/* A pull of PP_SPSC does not see a push that is open. */
	if (m->head == m->tail || m->spsc)
		return m->closed ? -EPIPE : -EAGAIN;
	return -EBUSY;
}

int model_why(const struct model *m, enum role role)
{
	return role == PUSH ? why_no_push(m) : why_no_pull(m);
}

bool model_is_shut(const struct model *m, enum role role)
{
	return m->spsc && model_why(m, role) == -EBUSY;
}

int model_why_late(const struct model *m, enum role role)
{
	int why = model_why(m, role);

	return (why == -EAGAIN || why == -EBUSY) && !model_is_shut(m, role) ? -ETIMEDOUT : why;
}

bool model_is_ready(const struct model *m, enum role role)
{
	int why = model_why(m, role);

	return why != -EAGAIN && why != -EBUSY;
}

/* ---- pushes and pulls ------------------------------------------------------------------ */

struct slot *model_push_begin(struct model *m)
{
	struct slot *slot = slot_at(m, m->tail++);

	slot->state = OPEN;
	m->open++;
	if (model_depth(m) > m->depth_max)
		m->depth_max = model_depth(m);
	return slot;
}

/* Behind a cancel, up to a push that is open. */
static void drop_rest(struct model *m)
{
	for (settle(m); m->head != m->tail && slot_at(m, m->head)->state == ITEM; settle(m)) {
		struct slot *slot = slot_at(m, m->head++);

		slot->state = FREE;
		m->dropped++;
		m->dropped_item(m->context, slot->item);
	}
}

int model_push_commit(struct model *m, struct slot *slot, uint32_t item)
{
	m->open--;
	if (m->spsc && (m->closed || m->cancelled)) {
		slot->state = FREE;
		m->tail--;
		return m->closed ? -ESHUTDOWN : -EPIPE;
	}
	slot->state = ITEM;
	slot->item = item;
	m->pushed++;
	if (m->cancelled)
		drop_rest(m);
	return 0;
}

void model_push_abort(struct model *m, struct slot *slot)
{
	m->open--;
	slot->state = ABORTED;
	settle(m);
	if (m->cancelled)
		drop_rest(m);
}

struct slot *model_pull_begin(struct model *m)
{
	struct slot *slot = slot_at(m, m->head++);

	/* PP_SPSC may use the next free one of its slots, whatever is open. */
	slot->state = m->spsc ? FREE : TAKEN;
	m->taken++;
	m->pulled++;
	settle(m);
	return slot;
}

void model_pull_commit(struct model *m, struct slot *slot)
{
	m->taken--;
	if (!m->spsc)
		slot->state = FREE;
}

void model_push(struct model *m, uint32_t item)
{
	(void)model_push_commit(m, model_push_begin(m), item);
}

uint32_t model_pull(struct model *m)
{
	struct slot *slot;
	uint32_t item;

	if (m->capacity == 0) {
		item = m->line[0];
		m->pushed++;
		m->pulled++;
		(void)model_leave_line(m, item);
		return item;
	}
	slot = model_pull_begin(m);
	item = slot->item;
	model_pull_commit(m, slot);
	return item;
}

bool model_leave_line(struct model *m, uint32_t item)
{
	size_t i = 0;

	while (i < m->waiting && m->line[i] != item)
		i++;
	if (i == m->waiting)
		return false;
	m->waiting--;
	memmove(&m->line[i], &m->line[i + 1], (m->waiting - i) * sizeof(m->line[0]));
	return true;
}

/* ---- ends ------------------------------------------------------------------------------- */

void model_close(struct model *m)
{
	m->closed = true;
	m->waiting = 0;
}

void model_cancel(struct model *m)
{
	m->cancelled = true;
	m->waiting = 0;
	if (m->capacity)
		drop_rest(m);
}
