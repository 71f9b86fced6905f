/* SPDX-License-Identifier: MIT */
/*
 * Waiting without the GIL.
 *
 * A blocked thread sleeps in the ring.  But a queue whose two sides share one GIL has a rhythm of
 * its own: the producer fills the ring and lets go of the GIL, the consumer drains it and lets go.
 * Sleeping each time costs two wakes and the time until the sleeper runs, more than filling and
 * draining a ring of 1024.  So a thread first watches for a moment (await_peer), and goes on when
 * the other side has let go of the GIL, which is then free to take without any system call.
 * Watching that did not help is done less often (unlucky).
 */
#ifndef PUSHPULL_OBJECTS_WAIT_H
#define PUSHPULL_OBJECTS_WAIT_H

#include "_objects_queue.h"

#include <sched.h>

/* A signal that arrives just before the thread falls asleep does not end the sleep, so the main
 * thread, where handlers run, looks up this often. */
#define SLICE (100 * PP_MS)

/* About the cost of a sleep and a wake: to watch for as long as that at most doubles the cost. */
#define FIRST_MOVE (50 * PP_US) /* until the other side moves at all */
#define NEXT_MOVE  (5 * PP_US)  /* between one move of it and the next */

/* True when the other side waits for the GIL to be taken, and this side can go on. */
static bool await_peer(queue *q, enum side side)
{
	size_t capacity = pp_tx_capacity(q->tx), before = pp_tx_depth(q->tx);
	pp_time give_up = pp_in(FIRST_MOVE);

	while (!atomic_load(&q->shut)) {
		size_t depth = pp_tx_depth(q->tx);
		bool possible = side == PUSH ? depth < capacity : depth > 0;
		pp_time now = pp_now();

		if (possible && atomic_load(&q->outside[!side]) > 0)
			return true;
		if (depth != before)
			give_up = now + NEXT_MOVE;
		else if (now > give_up)
			return false;
		before = depth;
		sched_yield();
	}
	return false;
}

/* Of the waits since the last lucky one those of a number 0, 1, 2, 4 ... 32, and each 64th. */
static bool worth_watching(int unlucky)
{
	return (unlucky & (unlucky - 1)) == 0 || unlucky % 64 == 0;
}

static void maybe_await_peer(queue *q, enum side side)
{
	int unlucky;

	if (pp_tx_capacity(q->tx) == 0)
		return; /* a peer can only meet who is in the ring */
	/* Relaxed, and lossy between threads: it only decides how long to watch. */
	unlucky = atomic_load_explicit(&q->unlucky[side], memory_order_relaxed);
	if (worth_watching(unlucky) && await_peer(q, side))
		unlucky = 0;
	else
		unlucky = (unlucky + 1) % 0x10000;
	atomic_store_explicit(&q->unlucky[side], unlucky, memory_order_relaxed);
}

/* Python's signal handlers run in the main thread only.  When in doubt, this is it. */
static bool is_main_thread(queue *q)
{
	PyObject *function = q->state->main_thread; /* NULL after the end of the module */
	PyObject *thread = function != NULL ? PyObject_CallNoArgs(function) : NULL;
	PyObject *ident = thread != NULL ? PyObject_GetAttrString(thread, "ident") : NULL;
	unsigned long main_ident = ident != NULL ? PyLong_AsUnsignedLong(ident) : 0;
	bool unknown = ident == NULL || PyErr_Occurred() != NULL;

	Py_XDECREF(thread);
	Py_XDECREF(ident);
	if (unknown)
		PyErr_Clear();
	return unknown || main_ident == PyThread_get_thread_ident();
}

/* One stretch without the GIL. */
static int wait_outside(queue *q, enum side side, PyObject **item, pp_time deadline)
{
	PyThreadState *thread;
	int result;

	atomic_fetch_add(&q->waiting, 1);
	thread = PyEval_SaveThread();
	atomic_fetch_add(&q->outside[side], 1);
	maybe_await_peer(q, side);
	result = side == PUSH ? pp_push_until(q->tx, item, deadline)
	                      : pp_pull_until(q->rx, item, deadline);
	atomic_fetch_sub(&q->outside[side], 1);
	PyEval_RestoreThread(thread);
	atomic_fetch_sub(&q->waiting, 1);
	bury(q);
	return result;
}

/*
 * Push or pull, waiting until `deadline`.  0 or a result of the ring; -ECANCELED: an exception is
 * set, a signal handler's or that this is a forked child by now.
 */
__attribute__((noinline)) static int wait_turn(queue *q, enum side side, PyObject **item,
                                               pp_time deadline)
{
	bool sliced = is_main_thread(q);

	for (;;) {
		pp_time slice = sliced ? pp_in(SLICE) : deadline;
		int result;

		if (slice > deadline)
			slice = deadline;
		result = wait_outside(q, side, item, slice);
		if (result != -EINTR && (result != -ETIMEDOUT || slice == deadline))
			return result;
		if (PyErr_CheckSignals() < 0)
			return -ECANCELED;
		if (!usable(q)) { /* the handler has forked */
			refuse(q);
			return -ECANCELED;
		}
	}
}

#endif
