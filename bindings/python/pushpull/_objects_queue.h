/* SPDX-License-Identifier: MIT */
/*
 * What a queue of objects is, and what becomes of its references.
 *
 * A ring of PyObject pointers.  Each pointer in it owns one reference: put() makes it, the ring
 * carries it, get() hands it on to its caller.  A put that fails gives its reference back.
 *
 * Items that a cancel leaves behind come to drop_item(), in whichever thread happened to be in the
 * ring, and that thread may have let go of the GIL.  So drop_item() only lays the item on a list,
 * and whoever returns from the ring with the GIL buries what lies there.  Each push, pull and
 * cancel is followed by bury(), so nothing stays on the list for longer than the call that
 * dropped it.
 *
 * `unfinished` is what task_done() counts down.  A put counts up before its push, because a fast
 * consumer may report the item done before the pusher runs again, and takes that back on failure.
 *
 * Nothing here is static but the fork generation; what is shared is atomic.
 */
#ifndef PUSHPULL_OBJECTS_QUEUE_H
#define PUSHPULL_OBJECTS_QUEUE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <pushpull/pushpull.h>

#define UNLIKELY(x) __builtin_expect(!!(x), 0)

enum side { PUSH, PULL };

/* What one interpreter has of this module. */
struct module_state {
	PyObject *full, *empty, *shut_down, *forked;
	PyObject *deque;       /* collections.deque */
	PyObject *main_thread; /* threading.main_thread */
	PyObject *queue_type;
};

struct grave {
	struct grave *next;
	PyObject *item;
};

typedef struct queue {
	PyObject_HEAD
	pp_tx *tx;
	pp_rx *rx;
	unsigned generation; /* 0 until __init__() has opened the ring */
	atomic_bool shut;
	atomic_int waiting;    /* threads in the ring without the GIL */
	atomic_int outside[2]; /* those that have not begun to ask for it again, by side */
	atomic_int unlucky[2]; /* see _objects_wait.h */
	atomic_size_t unfinished;
	_Atomic(struct grave *) graves;
	PyObject *joiners; /* a deque of locks, one for each thread in join() */
	struct module_state *state;
} queue;

/* ---- fork ------------------------------------------------------------------ */

/* The parent of a fork keeps its number.  The child counts on, so that no queue of the parent is
 * its own. */
static atomic_uint fork_generation = 1;

static void count_fork(void)
{
	atomic_fetch_add(&fork_generation, 1);
}

static void watch_forks(void)
{
	(void)pthread_atfork(NULL, NULL, count_fork);
}

static inline bool usable(const queue *q)
{
	/* relaxed: written only in a new child, by the only thread it has */
	return q->generation == atomic_load_explicit(&fork_generation, memory_order_relaxed);
}

/* The exception that says why not. */
__attribute__((cold, noinline)) static PyObject *refuse(queue *q)
{
	if (q->generation == 0)
		PyErr_SetString(PyExc_RuntimeError, "Queue.__init__() was not called");
	else
		PyErr_SetString(q->state->forked,
		                "this queue was made before fork(); make a new one in the child");
	return NULL;
}

/* ---- join ------------------------------------------------------------------ */

/* Let everybody go who is in join().  Each lock leaves the deque once, so it is released once. */
static void wake_joiners(queue *q)
{
	PyObject *type, *value, *traceback, *lock;

	if (PyObject_Length(q->joiners) == 0)
		return;
	PyErr_Fetch(&type, &value, &traceback);
	while ((lock = PyObject_CallMethod(q->joiners, "popleft", NULL)) != NULL) {
		PyObject *none = PyObject_CallMethod(lock, "release", NULL);

		if (none == NULL)
			PyErr_WriteUnraisable(lock);
		Py_XDECREF(none);
		Py_DECREF(lock);
	}
	if (!PyErr_ExceptionMatches(PyExc_IndexError))
		PyErr_WriteUnraisable(q->joiners);
	PyErr_Clear();
	PyErr_Restore(type, value, traceback);
}

/* One less to do; false if there was none. */
static bool count_done(queue *q)
{
	size_t unfinished = atomic_load(&q->unfinished);

	do {
		if (unfinished == 0)
			return false;
	} while (!atomic_compare_exchange_weak(&q->unfinished, &unfinished, unfinished - 1));
	/* A joiner enters the deque before it reads the count, so it is there or has read 0. */
	if (unfinished == 1)
		wake_joiners(q);
	return true;
}

/* ---- items that nobody will get -------------------------------------------- */

/* pp_config.drop.  Without memory the item leaks: there is nobody to tell here. */
static void drop_item(void *item, void *context)
{
	queue *q = context;
	struct grave *grave = PyMem_RawMalloc(sizeof(*grave));

	if (grave == NULL)
		return;
	grave->item = *(PyObject **)item;
	grave->next = atomic_load(&q->graves);
	while (!atomic_compare_exchange_weak(&q->graves, &grave->next, grave))
		;
}

__attribute__((cold, noinline)) static void bury_all(queue *q)
{
	struct grave *grave = atomic_exchange(&q->graves, NULL), *oldest = NULL;

	while (grave != NULL) { /* the list has the last one first */
		struct grave *next = grave->next;

		grave->next = oldest;
		oldest = grave;
		grave = next;
	}
	while (oldest != NULL) {
		struct grave *next = oldest->next;

		(void)count_done(q);
		Py_DECREF(oldest->item); /* may run anything, also on this queue */
		PyMem_RawFree(oldest);
		oldest = next;
	}
}

/* With the GIL, after each call into the ring that may have met a cancel. */
static inline void bury(queue *q)
{
	/* relaxed: this thread's own drops are all that it must see */
	if (UNLIKELY(atomic_load_explicit(&q->graves, memory_order_relaxed) != NULL))
		bury_all(q);
}

/* ---- The cycle collector ---------------------------------------------------- */

/*
 * The collector runs with the GIL, so if no thread waits without it, the ring belongs to the
 * collector.  It cannot look into a ring, but it can turn it round: what it pulls it pushes again,
 * and after all items are round, all is as before.
 *
 * An ended ring takes nothing back, and beside a waiting thread the turn would be seen.  Then the
 * items stay out of sight, which keeps them alive: a waiting thread holds the queue anyway, and an
 * ended queue is freed when it is drained.
 */
static bool nobody_inside(const queue *q)
{
#ifdef Py_GIL_DISABLED
	(void)q;
	return false; /* nothing keeps the others out: gc.get_referents() does not stop them */
#else
	return usable(q) && atomic_load(&q->waiting) == 0;
#endif
}

static int visit_items(queue *q, visitproc visit, void *arg)
{
	size_t count = atomic_load(&q->shut) ? 0 : pp_rx_depth(q->rx);
	PyObject *item;
	int result = 0;

	for (; count > 0 && pp_try_pull(q->rx, &item) == 0; count--) {
		if (result == 0) /* else go on, to where the turn is complete */
			result = visit(item, arg);
		if (pp_try_push(q->tx, &item) != 0) {
			assert(!"nobody else can have ended or filled the ring");
			drop_item(&item, q);
		}
	}
	return result;
}

/* Of a queue that is garbage. */
static void clear_items(queue *q)
{
	PyObject *item;

	while (pp_try_pull(q->rx, &item) == 0) {
		(void)count_done(q);
		Py_DECREF(item);
	}
}

#endif
