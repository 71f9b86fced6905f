/* SPDX-License-Identifier: MIT */
/*
 * What the contract says of one ring, as a queue of slots that is simple enough to be seen to be
 * right.  It knows nothing of the library's words, flags, sleepers and memory orders.
 *
 * Slots stand in the order in which their pushes began, from `head` to `tail`.  One that a pull has
 * open is behind the head and still occupied.  Capacity 0 has no slots but a line of pushes that
 * wait without a thread.
 */
#ifndef FUZZ_MODEL_H
#define FUZZ_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum role { PUSH = 0, PULL = 1 };

enum slot_state { FREE, OPEN, ITEM, ABORTED, TAKEN };

struct slot {
	enum slot_state state;
	uint32_t item;
	void *at; /* where it is in memory, once known */
};

enum { LINE_MAX_WAITING = 16 };

struct model {
	bool spsc, closed, cancelled;
	size_t capacity;
	struct slot *slots; /* by position, modulo the capacity */
	uint64_t head, tail;
	size_t open, taken; /* slots open for a push, for a pull */
	uint64_t pushed, pulled, dropped;
	size_t depth_max;
	uint32_t line[LINE_MAX_WAITING]; /* capacity 0: items of pushes that wait, the oldest first */
	size_t waiting;
	/* Items that are to go to `drop`, in this order. */
	void (*dropped_item)(void *context, uint32_t item);
	void *context;
};

void model_init(struct model *m, bool spsc, size_t capacity);
void model_free(struct model *m);

/* The result that a try of this role has now; 0: it goes ahead. */
int model_why(const struct model *m, enum role role);
/* Likewise, of a call that waits until a deadline that has passed. */
int model_why_late(const struct model *m, enum role role);
/* PP_SPSC, and this end has a slot open, so that every call on it gives -EBUSY. */
bool model_is_shut(const struct model *m, enum role role);
/* Neither -EAGAIN nor -EBUSY: it goes ahead, or ends. */
bool model_is_ready(const struct model *m, enum role role);

/* Where model_why() is 0. */
void model_push(struct model *m, uint32_t item);
uint32_t model_pull(struct model *m);
/* Capacity 1 and up: the slot that is open now. */
struct slot *model_push_begin(struct model *m);
struct slot *model_pull_begin(struct model *m);
/* What the commit gives: 0, -ESHUTDOWN, -EPIPE. */
int model_push_commit(struct model *m, struct slot *slot, uint32_t item);
void model_push_abort(struct model *m, struct slot *slot);
void model_pull_commit(struct model *m, struct slot *slot);

void model_close(struct model *m);
void model_cancel(struct model *m);
size_t model_depth(const struct model *m);
/* Capacity 0: the push of this item waits no more.  False: it did not. */
bool model_leave_line(struct model *m, uint32_t item);

#endif
