# SPDX-License-Identifier: MIT
"""CPython's own tests of queue.Queue and SimpleQueue, run against pushpull.Queue.

They come from the package `test` of the interpreter that runs (Debian: libpython3.11-testsuite). Nothing
of them is copied here: their classes are given our queue, and SKIPPED says what cannot apply, and why.
"""

from __future__ import annotations

import types
import unittest
from typing import Any

import pushpull
import pytest

theirs = pytest.importorskip("test.test_queue", reason="needs the package libpython3.11-testsuite")

HOOKS = "needs the hooks _put() and _get() of a queue.Queue written in Python"
OTHER_ORDER = "pushpull has a first-in first-out queue only"
SKIPPED = {
    "PyQueueTest": "is run as QueueTest",
    "CQueueTest": "is run as QueueTest",
    "PyLifoQueueTest": OTHER_ORDER,
    "CLifoQueueTest": OTHER_ORDER,
    "PyPriorityQueueTest": OTHER_ORDER,
    "CPriorityQueueTest": OTHER_ORDER,
    "PyFailingQueueTest": HOOKS,
    "CFailingQueueTest": HOOKS,
    "PySimpleQueueTest": "is run as SimpleQueueTest",
    "CSimpleQueueTest": "is run as SimpleQueueTest",
}
SKIPPED_METHODS = {
    "test_shrinking_queue": "the size of a ring is fixed: maxsize cannot be changed",
    "test_is_default": "asks whether SimpleQueue is the one written in C",
}


def our_queue(maxsize: int = 64) -> pushpull.Queue[Any]:
    """Some tests make their queue without a bound, and never have more than a few items in it."""
    return pushpull.Queue(maxsize)


# What these tests call `queue`: the module under test.
our_module = types.SimpleNamespace(
    Queue=our_queue, Full=pushpull.Full, Empty=pushpull.Empty, ShutDown=pushpull.ShutDown
)


class QueueTest(theirs.QueueTest, unittest.TestCase):  # type: ignore[misc, name-defined]
    queue = our_module


class SimpleQueueTest(theirs.CSimpleQueueTest):  # type: ignore[misc, name-defined]
    """A SimpleQueue has no bound; ours gets one that these tests do not reach."""

    queue = our_module

    def setUp(self) -> None:
        self.type2test = lambda: our_queue(20_000)
        theirs.BaseSimpleQueueTest.setUp(self)


def leave_out(case: type) -> None:
    for name, reason in SKIPPED_METHODS.items():
        if hasattr(case, name):
            setattr(case, name, unittest.skip(reason)(getattr(case, name)))


leave_out(QueueTest)
leave_out(SimpleQueueTest)


def their_cases() -> list[str]:
    return [
        name
        for name, case in vars(theirs).items()
        if isinstance(case, type) and issubclass(case, unittest.TestCase) and case.__module__ == theirs.__name__
    ]


@pytest.mark.parametrize("name", their_cases())
def test_what_is_left_out(name: str) -> None:
    """One line for each of their classes, so that the report of a run names what did not run."""
    pytest.skip(SKIPPED.get(name, "not known to this list: a newer Python has it"))


def test_their_cases_run() -> None:
    """The classes above have the methods of theirs: an empty class would pass, too."""
    loader = unittest.TestLoader()
    assert len(loader.getTestCaseNames(QueueTest)) >= 6
    assert len(loader.getTestCaseNames(SimpleQueueTest)) >= 8
