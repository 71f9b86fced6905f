/* SPDX-License-Identifier: MIT */
/*
 * The arguments of put(item, block, timeout) and get(block, timeout).
 */
#ifndef PUSHPULL_OBJECTS_ARGS_H
#define PUSHPULL_OBJECTS_ARGS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdint.h>

#include <pushpull/pushpull.h>

/* How long an operation waits is nanoseconds, 0 for not at all, or PP_FOREVER. */
static int parse_timeout(PyObject *timeout, int64_t *wait_ns)
{
	double seconds;

	if (timeout == Py_None) {
		*wait_ns = PP_FOREVER;
		return 0;
	}
	seconds = PyFloat_AsDouble(timeout);
	if (seconds == -1.0 && PyErr_Occurred())
		return -1;
	if (!(seconds >= 0)) { /* not a number, too */
		PyErr_SetString(PyExc_ValueError, "'timeout' must be a non-negative number");
		return -1;
	}
	/* 2^33 s are 272 years */
	*wait_ns = seconds < 0x1p33 ? (int64_t)(seconds * 1e9) : PP_FOREVER;
	return 0;
}

/* Sort the keywords of a call to put(item, block, timeout) or get(block, timeout) into `out`. */
static int parse_keywords(const char *const *names, int count, PyObject *const *args,
                          Py_ssize_t nargs, PyObject *kwnames, PyObject **out)
{
	Py_ssize_t keywords = kwnames != NULL ? PyTuple_GET_SIZE(kwnames) : 0;

	if (nargs > count) {
		PyErr_Format(PyExc_TypeError, "at most %d arguments expected, got %zd", count, nargs);
		return -1;
	}
	for (Py_ssize_t i = 0; i < nargs; i++)
		out[i] = args[i];
	for (Py_ssize_t k = 0; k < keywords; k++) {
		PyObject *name = PyTuple_GET_ITEM(kwnames, k);
		int i = 0;

		while (i < count && PyUnicode_CompareWithASCIIString(name, names[i]) != 0)
			i++;
		if (i == count || out[i] != NULL) {
			PyErr_Format(PyExc_TypeError, "%s argument '%U'",
			             i == count ? "unexpected keyword" : "multiple values for", name);
			return -1;
		}
		out[i] = args[nargs + k];
	}
	return 0;
}

/* As queue.Queue: a timeout counts only if the call blocks. */
static int parse_wait(PyObject *block, PyObject *timeout, int64_t *wait_ns)
{
	int blocks = block != NULL ? PyObject_IsTrue(block) : 1;

	*wait_ns = blocks != 0 ? PP_FOREVER : 0;
	if (blocks < 0)
		return -1;
	return blocks != 0 && timeout != NULL ? parse_timeout(timeout, wait_ns) : 0;
}

#endif
