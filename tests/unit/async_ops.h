/* SPDX-License-Identifier: MIT */
/* What the tests of operations that wait without a thread share: one such operation with a context
 * that is counted, whose memory goes back at the moment when the operation has ended. */
#ifndef TESTS_UNIT_ASYNC_OPS_H
#define TESTS_UNIT_ASYNC_OPS_H

#include "selecting.h"

#include <pushpull/async.h>

struct asyncing {
	struct ends    e;
	bool           push;
	uint64_t       item;      /* to push, or pulled                                      */
	bool           uncounted; /* a context without `ref` and `unref`                     */
	pp_async      *op;        /* on the heap; NULL: it has not begun, or has ended       */
	atomic_int     refs;      /* of the context, in the library's hands now              */
	atomic_uint    given;     /* references that it ever got                             */
	atomic_uint    taken;     /* and that it gave back without a call                    */
	atomic_uint    calls;     /* of `ready`                                              */
	atomic_bool    wrong;     /* a reference was let go of that was not there            */
	void (*then)(struct asyncing *a); /* what `ready` does after that; may be NULL       */
	void          *with;      /* for `then`                                              */
};

void asyncing_init(struct asyncing *a, const struct ends *e, bool push, uint64_t item);
/* The call itself.  Any result but -EAGAIN ends the operation; then its memory is overwritten, and
 * gone. */
int asyncing_call(struct asyncing *a);
/* Likewise. */
int asyncing_withdraw(struct asyncing *a);

/* The call gives -EAGAIN; it has not been called meanwhile, and will be called once. */
void asyncing_waits(struct asyncing *a);
/* It has been called so often, and will not be called again. */
void asyncing_told(struct asyncing *a, unsigned calls);
/* The call gives that result, and everything is given back. */
void asyncing_gives(struct asyncing *a, int result);
/* It has ended: each reference went to one call or came back. */
void asyncing_over(const struct asyncing *a);

/* Every kind, the capacities 0, 1 and 3 (at least `from`), both sides: a ring on which the side's
 * operation cannot go ahead. */
typedef void async_body(struct ends *e, bool push);
void for_each_async(size_t from, async_body *body);
/* PP_MPMC only, where several may wait at one end. */
void for_each_shared(size_t from, async_body *body);

enum { PUSHED = 77, BROUGHT = 500 };

/* What one end of such a ring waits for. */
struct bringing {
	struct asyncing pusher; /* capacity 0: a pull waits for somebody who waits */
	bool            waits;
};
/* An item, or a slot; capacity 0: to a push a puller, to a pull a pusher. */
void bring(struct bringing *b, const struct ends *e, bool push);
/* It was made use of. */
void brought(struct bringing *b);
/* It was not, and is taken back. */
void bring_back(struct bringing *b, const struct ends *e, bool push);

#endif
