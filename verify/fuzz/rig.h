/* SPDX-License-Identifier: MIT */
/*
 * A ring and its model, side by side.  Each function here reads from the string what exactly to do,
 * does it to both, and fails where the ring does not do what the model foresees.
 */
#ifndef FUZZ_RIG_H
#define FUZZ_RIG_H

#include "fuzz.h"
#include "model.h"

#include <pushpull/async.h>
#include <pushpull/pushpull.h>

#include <errno.h>
#include <sys/types.h>

enum { OPEN_MOST = 12, ASYNC_MOST = 3, BATCH_MOST = 2048 };

/* A slot that is open. */
struct opened {
	struct slot *slot;
	unsigned char *at;
	uint32_t item; /* pull: what must be in it */
};

enum async_state { IDLE, WAITS, SERVED };

/* An operation that may wait without a thread. */
struct waiting {
	struct rig *rig;
	enum role role;
	enum async_state state;
	bool told, counted; /* `counted`: its context has references */
	int refs;
	uint32_t item;
	unsigned char *buffer;
	pp_async op;
};

/* Items that went to `drop`: those that should, and those that did. */
struct drops {
	uint32_t *items;
	size_t count;
};

struct rig {
	struct model model;
	pp_tx *tx; /* NULL: let go of */
	pp_rx *rx;
	size_t item_size;
	unsigned flags;
	bool drops_told;
	char name[40];
	uint32_t refs[2];
	uint64_t refused_least[2], refused_most[2];
	uint32_t next;
	struct opened opened[2][OPEN_MOST];
	size_t opened_count[2];
	struct drops due, seen;
	struct waiting waiting[2][ASYNC_MOST];
	int fd[2];
	bool armed[2];
};

/* ---- rig.c ------------------------------------------------------------------------- */

void rig_open(struct rig *r, struct input *in);
/* Lets go of everything that is left. */
void rig_finish(struct rig *r);
bool rig_is_gone(const struct rig *r);
/* Everything that can be looked at, after each operation. */
void rig_check(struct rig *r);
/* May this end be used now?  PP_SPSC: not beside an operation that waits. */
bool rig_may_use(const struct rig *r, enum role role);
void rig_ref(struct rig *r, struct input *in);
void rig_unref(struct rig *r, struct input *in);
void rig_close(struct rig *r, struct input *in);
void rig_cancel(struct rig *r, struct input *in);
void rig_odd_stats(struct rig *r, struct input *in);
/* A call found no room, or no item: it counts `least` to `most` times. */
void rig_refused(struct rig *r, enum role role, unsigned least, unsigned most);
/* The line that pp_dump() writes of it. */
int rig_dump_line(const struct rig *r, char *line, size_t size);
/* pp_dump(): these rings and no other. */
void rigs_dump(struct rig *rigs, size_t count);

/* ---- rig_items.c ------------------------------------------------------------------- */

void item_fill(unsigned char *at, size_t size, uint32_t item);
bool item_is(const unsigned char *at, size_t size, uint32_t item);
/* Exactly so many bytes, so that a sanitizer sees whoever goes beyond. */
unsigned char *buffer_new(size_t size);
/* As it was: a failed pull leaves it so. */
bool buffer_is_untouched(const unsigned char *at, size_t size);
pp_time some_past(struct input *in);
void rig_one(struct rig *r, enum role role, struct input *in);
void rig_some(struct rig *r, enum role role, struct input *in);
void rig_wrong(struct rig *r, struct input *in);
/* A result of one item, and what the model makes of it. */
void rig_account(struct rig *r, enum role role, int got, int expected, unsigned char *buffer);
/* A push of the model's, or a pull that must have brought what is in `buffer`. */
void rig_moved(struct rig *r, enum role role, uint32_t item, const unsigned char *buffer);

/* ---- rig_place.c ------------------------------------------------------------------- */

void rig_begin(struct rig *r, enum role role, struct input *in);
void rig_commit(struct rig *r, enum role role, struct input *in);
void rig_abort(struct rig *r, struct input *in);
void rig_wrong_slot(struct rig *r, struct input *in);
/* Ends all slots that an end has open. */
void rig_close_slots(struct rig *r, enum role role);

/* ---- rig_async.c ------------------------------------------------------------------- */

void rig_async(struct rig *r, struct input *in);
void rig_withdraw(struct rig *r, struct input *in);
void rig_withdraw_all(struct rig *r, enum role role);
void rig_arm(struct rig *r, struct input *in);
void rig_check_told(struct rig *r);
/* The ring has ended for this side: all must have been told. */
void rig_check_all_told(const struct rig *r, enum role role);

/* ---- rig_steps.c ------------------------------------------------------------------- */

/* One operation of one ring. */
void rig_step(struct rig *r, struct input *in);

/* `call` must not touch errno. */
#define ERRNO_MARK 4711
#define KEEPS_ERRNO(call) \
	do { \
		errno = ERRNO_MARK; \
		(call); \
		FUZZ_CHECK(errno == ERRNO_MARK, "errno is %d after %s", errno, #call); \
	} while (0)

#endif
