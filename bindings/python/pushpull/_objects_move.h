/* SPDX-License-Identifier: MIT */
/*
 * One item in, one item out.
 *
 * First a try with the GIL held, for a try never waits for another thread.  Then what the caller
 * wants: an exception, or to wait without the GIL.
 */
#ifndef PUSHPULL_OBJECTS_MOVE_H
#define PUSHPULL_OBJECTS_MOVE_H

#include "_objects_queue.h"
#include "_objects_wait.h"

/* Somebody may have been stopped half-way, and may need the GIL to go on: this often. */
#define BUSY_TRIES 100

static int try_once(queue *q, enum side side, PyObject **item)
{
	int result = side == PUSH ? pp_try_push(q->tx, item) : pp_try_pull(q->rx, item);

	bury(q);
	return result;
}

/* What to do after a try that gave `result`; as wait_turn(). */
__attribute__((noinline)) static int after_try(queue *q, enum side side, PyObject **item,
                                               int64_t wait_ns, int result)
{
	if (result != -EAGAIN && result != -EBUSY)
		return result;
	if (wait_ns != 0)
		return wait_turn(q, side, item, pp_in(wait_ns));
	for (int tries = 0; result == -EBUSY && tries < BUSY_TRIES; tries++) {
		Py_BEGIN_ALLOW_THREADS
		sched_yield();
		Py_END_ALLOW_THREADS
		result = try_once(q, side, item);
	}
	return result;
}

static PyObject *raise_errno(int result)
{
	errno = -result;
	return PyErr_SetFromErrno(PyExc_OSError);
}

/* The exception for a result that is not 0. */
__attribute__((cold, noinline)) static PyObject *fail(queue *q, enum side side, int result)
{
	switch (result) {
	case -ECANCELED: /* is set already */
		break;
	case -EAGAIN:
	case -EBUSY:
	case -ETIMEDOUT:
		PyErr_SetNone(side == PUSH ? q->state->full : q->state->empty);
		break;
	case -EPIPE:
	case -ESHUTDOWN:
		PyErr_SetNone(q->state->shut_down);
		break;
	default:
		raise_errno(result);
	}
	return NULL;
}

static PyObject *put_item(queue *q, PyObject *item, int64_t wait_ns)
{
	int result;

	if (UNLIKELY(!usable(q)))
		return refuse(q);
	atomic_fetch_add(&q->unfinished, 1);
	Py_INCREF(item);
	result = try_once(q, PUSH, &item);
	if (UNLIKELY(result != 0))
		result = after_try(q, PUSH, &item, wait_ns, result);
	if (result == 0)
		Py_RETURN_NONE;
	fail(q, PUSH, result);
	(void)count_done(q);
	Py_DECREF(item);
	return NULL;
}

static PyObject *get_item(queue *q, int64_t wait_ns)
{
	PyObject *item;
	int result;

	if (UNLIKELY(!usable(q)))
		return refuse(q);
	result = try_once(q, PULL, &item);
	if (UNLIKELY(result != 0))
		result = after_try(q, PULL, &item, wait_ns, result);
	return result == 0 ? item : fail(q, PULL, result);
}

#endif
