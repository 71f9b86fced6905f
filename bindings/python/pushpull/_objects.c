/* SPDX-License-Identifier: MIT */
/*
 * pushpull._objects: a queue of Python objects on a ring of pushpull.
 *
 * The type and the module.  What a queue is, and who owns which reference, is in _objects_queue.h;
 * how an item moves in _objects_move.h; how a thread waits in _objects_wait.h.  What need not be
 * fast of pushpull.Queue is Python (_queue.py).
 */
#include "_objects_args.h"
#include "_objects_move.h"
#include "_objects_queue.h"

#include <structmember.h>

/* ---- put and get ----------------------------------------------------------- */

PyDoc_STRVAR(put_doc,
"put($self, /, item, block=True, timeout=None)\n--\n\n"
"Put an item into the queue.\n\n"
"Waits while the queue is full, for `timeout` seconds at most, without the GIL.  Any thread.\n"
"Raises Full after the timeout, or at once if `block` is false; ShutDown after shutdown().");

static PyObject *queue_put(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
                           PyObject *kwnames)
{
	static const char *const names[] = { "item", "block", "timeout" };
	PyObject *values[3] = { NULL, NULL, NULL };
	int64_t wait_ns;

	if (nargs == 1 && kwnames == NULL)
		return put_item((queue *)self, args[0], PP_FOREVER);
	if (parse_keywords(names, 3, args, nargs, kwnames, values) < 0)
		return NULL;
	if (values[0] == NULL) {
		PyErr_SetString(PyExc_TypeError, "put() needs an item");
		return NULL;
	}
	if (parse_wait(values[1], values[2], &wait_ns) < 0)
		return NULL;
	return put_item((queue *)self, values[0], wait_ns);
}

PyDoc_STRVAR(get_doc,
"get($self, /, block=True, timeout=None)\n--\n\n"
"Take the oldest item out of the queue and return it.\n\n"
"Waits while the queue is empty, for `timeout` seconds at most, without the GIL.  Any thread.\n"
"Raises Empty after the timeout, or at once if `block` is false; ShutDown after shutdown(),\n"
"when nothing is left.");

static PyObject *queue_get(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
                           PyObject *kwnames)
{
	static const char *const names[] = { "block", "timeout" };
	PyObject *values[2] = { NULL, NULL };
	int64_t wait_ns;

	if (nargs == 0 && kwnames == NULL)
		return get_item((queue *)self, PP_FOREVER);
	if (parse_keywords(names, 2, args, nargs, kwnames, values) < 0 ||
	    parse_wait(values[0], values[1], &wait_ns) < 0)
		return NULL;
	return get_item((queue *)self, wait_ns);
}

PyDoc_STRVAR(put_nowait_doc,
"put_nowait($self, item, /)\n--\n\n"
"put(item, block=False): Full if there is no room now.  Never waits.");

static PyObject *queue_put_nowait(PyObject *self, PyObject *item)
{
	return put_item((queue *)self, item, 0);
}

PyDoc_STRVAR(get_nowait_doc,
"get_nowait($self, /)\n--\n\n"
"get(block=False): Empty if there is no item now.  Never waits.");

static PyObject *queue_get_nowait(PyObject *self, PyObject *unused)
{
	return get_item((queue *)self, 0);
}

/* for item in q: the end of the loop is the end of the queue. */
static PyObject *queue_next(PyObject *self)
{
	PyObject *item = get_item((queue *)self, PP_FOREVER);

	if (item == NULL && PyErr_ExceptionMatches(((queue *)self)->state->shut_down))
		PyErr_Clear();
	return item;
}

/* ---- Looking ----------------------------------------------------------------- */

PyDoc_STRVAR(qsize_doc,
"qsize($self, /)\n--\n\n"
"Items in the queue now; out of date at once if other threads use it.  0 for a rendezvous.");

static PyObject *queue_qsize(PyObject *self, PyObject *unused)
{
	queue *q = (queue *)self;

	return usable(q) ? PyLong_FromSize_t(pp_rx_depth(q->rx)) : refuse(q);
}

PyDoc_STRVAR(empty_doc, "empty($self, /)\n--\n\nqsize() == 0");

static PyObject *queue_empty(PyObject *self, PyObject *unused)
{
	queue *q = (queue *)self;

	return usable(q) ? PyBool_FromLong(pp_rx_depth(q->rx) == 0) : refuse(q);
}

PyDoc_STRVAR(full_doc, "full($self, /)\n--\n\nqsize() == maxsize");

static PyObject *queue_full(PyObject *self, PyObject *unused)
{
	queue *q = (queue *)self;

	return usable(q) ? PyBool_FromLong(pp_tx_depth(q->tx) >= pp_tx_capacity(q->tx)) : refuse(q);
}

static PyObject *get_maxsize(PyObject *self, void *unused)
{
	queue *q = (queue *)self;

	return usable(q) ? PyLong_FromSize_t(pp_tx_capacity(q->tx)) : refuse(q);
}

static PyObject *get_unfinished(PyObject *self, void *unused)
{
	queue *q = (queue *)self;

	return usable(q) ? PyLong_FromSize_t(atomic_load(&q->unfinished)) : refuse(q);
}

static PyObject *get_is_shutdown(PyObject *self, void *unused)
{
	queue *q = (queue *)self;

	return usable(q) ? PyBool_FromLong(atomic_load(&q->shut)) : refuse(q);
}

/* ---- Ending ------------------------------------------------------------------ */

PyDoc_STRVAR(task_done_doc,
"task_done($self, /)\n--\n\n"
"Say that an item that was gotten is dealt with, for join().\n\n"
"Raises ValueError if called more often than there were items.");

static PyObject *queue_task_done(PyObject *self, PyObject *unused)
{
	queue *q = (queue *)self;

	if (UNLIKELY(!usable(q)))
		return refuse(q);
	if (count_done(q))
		Py_RETURN_NONE;
	PyErr_SetString(PyExc_ValueError, "task_done() called too many times");
	return NULL;
}

PyDoc_STRVAR(shutdown_doc,
"shutdown($self, /, immediate=False)\n--\n\n"
"End the queue.  From now on put() raises ShutDown, also in threads that are blocked in it.\n\n"
"get() still gives what is in the queue, and then raises ShutDown.  If `immediate` is true the\n"
"items are thrown away instead, each as if it had been gotten and reported by task_done().\n"
"Never waits; any thread, any number of times.");

static PyObject *queue_shutdown(PyObject *self, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "immediate", NULL };
	queue *q = (queue *)self;
	int immediate = 0;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|p:shutdown", names, &immediate))
		return NULL;
	if (!usable(q))
		return refuse(q);
	atomic_store(&q->shut, true);
	(void)pp_close(q->tx);
	if (immediate) {
		(void)pp_cancel(q->rx);
		bury(q);
	}
	Py_RETURN_NONE;
}

/* ---- For event loops ---------------------------------------------------------- */

/* What `call` gives as a Python object, by `make`; a negative number is an error. */
#define EVENT_METHOD(name, call, make)                                                      \
	static PyObject *name(PyObject *self, PyObject *unused)                             \
	{                                                                                   \
		queue *q = (queue *)self;                                                   \
		int result;                                                                 \
                                                                                            \
		if (!usable(q))                                                             \
			return refuse(q);                                                   \
		result = call;                                                              \
		return result >= 0 ? make(result) : raise_errno(result);                    \
	}

EVENT_METHOD(queue_put_fileno, pp_tx_fd(q->tx), PyLong_FromLong)
EVENT_METHOD(queue_get_fileno, pp_rx_fd(q->rx), PyLong_FromLong)
EVENT_METHOD(queue_put_arm, pp_tx_arm(q->tx), PyBool_FromLong)
EVENT_METHOD(queue_get_arm, pp_rx_arm(q->rx), PyBool_FromLong)

/* ---- The type ------------------------------------------------------------------ */

static struct PyModuleDef module;

static PyObject *queue_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
	PyObject *owner = PyType_GetModuleByDef(type, &module);
	queue *q = owner != NULL ? (queue *)type->tp_alloc(type, 0) : NULL;

	if (q == NULL)
		return NULL;
	q->state = PyModule_GetState(owner);
	if (q->state->deque == NULL) /* for a __del__() that runs after the end of the module */
		PyErr_SetString(PyExc_RuntimeError, "the interpreter is at its end");
	else
		q->joiners = PyObject_CallNoArgs(q->state->deque);
	if (q->joiners == NULL)
		Py_CLEAR(q);
	return (PyObject *)q;
}

/* Open the ring of a new queue. */
static int open_ring(queue *q, size_t capacity)
{
	int result;

	if (q->tx != NULL) {
		PyErr_SetString(PyExc_RuntimeError, "Queue.__init__() was called twice");
		return -1;
	}
	result = pp_open_with(&q->tx, &q->rx,
	                      &PP_CONFIG(.kind = PP_MPMC, .capacity = capacity,
	                                 .item_size = sizeof(PyObject *), .flags = PP_INTERRUPTIBLE,
	                                 .drop = drop_item, .drop_context = q,
	                                 .name = "pushpull.Queue"));
	if (result == 0)
		q->generation = atomic_load(&fork_generation);
	else if (result == -ENOMEM)
		PyErr_NoMemory();
	else
		PyErr_SetString(PyExc_OverflowError, "maxsize is too large");
	return result == 0 ? 0 : -1;
}

static int queue_init(PyObject *self, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "maxsize", NULL };
	PyObject *maxsize = Py_None;
	Py_ssize_t capacity = 0;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O:Queue", names, &maxsize))
		return -1;
	if (maxsize != Py_None)
		capacity = PyNumber_AsSsize_t(maxsize, PyExc_OverflowError);
	if (capacity == -1 && PyErr_Occurred())
		return -1;
	if (capacity <= 0) {
		PyErr_SetString(PyExc_ValueError,
		                "a pushpull.Queue has a bound: give a positive maxsize, as in Queue(64), "
		                "or use pushpull.rendezvous() for a queue that holds nothing");
		return -1;
	}
	return open_ring((queue *)self, (size_t)capacity);
}

PyDoc_STRVAR(open_rendezvous_doc, "__init__() of a queue of capacity 0");

static PyObject *queue_open_rendezvous(PyObject *self, PyObject *unused)
{
	if (open_ring((queue *)self, 0) < 0)
		return NULL;
	Py_RETURN_NONE;
}

static int queue_traverse(PyObject *self, visitproc visit, void *arg)
{
	queue *q = (queue *)self;

	Py_VISIT(Py_TYPE(self));
	Py_VISIT(q->joiners);
	return nobody_inside(q) ? visit_items(q, visit, arg) : 0;
}

static int queue_clear(PyObject *self)
{
	queue *q = (queue *)self;

	if (nobody_inside(q))
		clear_items(q);
	return 0;
}

/* A queue in a queue in a queue does not nest here: pushpull.Queue is a Python class, whose own
 * dealloc bounds the depth. */
static void queue_dealloc(PyObject *self)
{
	queue *q = (queue *)self;
	PyTypeObject *type = Py_TYPE(self);

	PyObject_GC_UnTrack(self);
	if (usable(q)) { /* else it is the parent's, and stays as it is */
		pp_tx_unref(q->tx);
		pp_rx_unref(q->rx);
		bury(q);
	}
	Py_CLEAR(q->joiners);
	type->tp_free(self);
	Py_DECREF(type);
}

#define METHOD(function) ((PyCFunction)(void (*)(void))(function))

static PyMethodDef queue_methods[] = {
	{ "put", METHOD(queue_put), METH_FASTCALL | METH_KEYWORDS, put_doc },
	{ "get", METHOD(queue_get), METH_FASTCALL | METH_KEYWORDS, get_doc },
	{ "put_nowait", queue_put_nowait, METH_O, put_nowait_doc },
	{ "get_nowait", queue_get_nowait, METH_NOARGS, get_nowait_doc },
	{ "qsize", queue_qsize, METH_NOARGS, qsize_doc },
	{ "empty", queue_empty, METH_NOARGS, empty_doc },
	{ "full", queue_full, METH_NOARGS, full_doc },
	{ "task_done", queue_task_done, METH_NOARGS, task_done_doc },
	{ "shutdown", METHOD(queue_shutdown), METH_VARARGS | METH_KEYWORDS, shutdown_doc },
	{ "_open_rendezvous", queue_open_rendezvous, METH_NOARGS, open_rendezvous_doc },
	{ "_put_fileno", queue_put_fileno, METH_NOARGS, "pp_tx_fd()" },
	{ "_get_fileno", queue_get_fileno, METH_NOARGS, "pp_rx_fd()" },
	{ "_put_arm", queue_put_arm, METH_NOARGS, "pp_tx_arm()" },
	{ "_get_arm", queue_get_arm, METH_NOARGS, "pp_rx_arm()" },
	{ "__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, "Queue[int]" },
	{ NULL, NULL, 0, NULL },
};

static PyGetSetDef queue_attributes[] = {
	{ "maxsize", get_maxsize, NULL, "How many items the queue can hold.", NULL },
	{ "unfinished_tasks", get_unfinished, NULL, "Items not yet reported by task_done().", NULL },
	{ "is_shutdown", get_is_shutdown, NULL, "Whether shutdown() was called.", NULL },
	{ NULL, NULL, NULL, NULL, NULL },
};

static PyMemberDef queue_members[] = {
	{ "_joiners", T_OBJECT_EX, offsetof(queue, joiners), READONLY, "For join()." },
	{ NULL, 0, 0, 0, NULL },
};

static PyType_Slot queue_slots[] = {
	{ Py_tp_doc, (void *)"Queue(maxsize)\n--\n\nWhat of pushpull.Queue is written in C." },
	{ Py_tp_new, queue_new },
	{ Py_tp_init, queue_init },
	{ Py_tp_dealloc, queue_dealloc },
	{ Py_tp_traverse, queue_traverse },
	{ Py_tp_clear, queue_clear },
	{ Py_tp_iter, PyObject_SelfIter },
	{ Py_tp_iternext, queue_next },
	{ Py_tp_methods, queue_methods },
	{ Py_tp_getset, queue_attributes },
	{ Py_tp_members, queue_members },
	{ 0, NULL },
};

static PyType_Spec queue_spec = {
	.name = "pushpull._objects.Queue",
	.basicsize = sizeof(queue),
	.flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC |
	         Py_TPFLAGS_IMMUTABLETYPE,
	.slots = queue_slots,
};

/* ---- The module ------------------------------------------------------------------ */

/* `name` of the module `from`. */
static PyObject *import_name(const char *from, const char *name)
{
	PyObject *source = PyImport_ImportModule(from);
	PyObject *object = source != NULL ? PyObject_GetAttrString(source, name) : NULL;

	Py_XDECREF(source);
	return object;
}

static int module_exec(PyObject *self)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct module_state *state = PyModule_GetState(self);

	(void)pthread_once(&once, watch_forks);
	if ((state->full = import_name("pushpull._errors", "Full")) == NULL ||
	    (state->empty = import_name("pushpull._errors", "Empty")) == NULL ||
	    (state->shut_down = import_name("pushpull._errors", "ShutDown")) == NULL ||
	    (state->forked = import_name("pushpull._errors", "ForkedError")) == NULL ||
	    (state->deque = import_name("collections", "deque")) == NULL ||
	    (state->main_thread = import_name("threading", "main_thread")) == NULL ||
	    (state->queue_type = PyType_FromModuleAndSpec(self, &queue_spec, NULL)) == NULL)
		return -1;
	return PyModule_AddObjectRef(self, "Queue", state->queue_type);
}

static int module_traverse(PyObject *self, visitproc visit, void *arg)
{
	struct module_state *state = PyModule_GetState(self);

	Py_VISIT(state->full);
	Py_VISIT(state->empty);
	Py_VISIT(state->shut_down);
	Py_VISIT(state->forked);
	Py_VISIT(state->deque);
	Py_VISIT(state->main_thread);
	Py_VISIT(state->queue_type);
	return 0;
}

static int module_clear(PyObject *self)
{
	struct module_state *state = PyModule_GetState(self);

	Py_CLEAR(state->full);
	Py_CLEAR(state->empty);
	Py_CLEAR(state->shut_down);
	Py_CLEAR(state->forked);
	Py_CLEAR(state->deque);
	Py_CLEAR(state->main_thread);
	Py_CLEAR(state->queue_type);
	return 0;
}

static void module_free(void *self)
{
	(void)module_clear(self);
}

static PyModuleDef_Slot module_slots[] = {
	{ Py_mod_exec, module_exec },
	{ 0, NULL },
};

static struct PyModuleDef module = {
	PyModuleDef_HEAD_INIT,
	.m_name = "pushpull._objects",
	.m_size = sizeof(struct module_state),
	.m_slots = module_slots,
	.m_traverse = module_traverse,
	.m_clear = module_clear,
	.m_free = module_free,
};

PyMODINIT_FUNC PyInit__objects(void)
{
	return PyModuleDef_Init(&module);
}
