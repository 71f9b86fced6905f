# SPDX-License-Identifier: MIT
"""pushpull.Queue in one thread: the interface of queue.Queue, and what differs from it."""

from __future__ import annotations

import copy
import inspect
import math
import pickle
import queue
from typing import Any

import pushpull
import pytest
from pushpull import Queue, rendezvous


@pytest.mark.parametrize("maxsize", [(), (None,), (0,), (-1,)])
def test_a_bound_is_required(maxsize: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError, match=r"Queue\(64\).*pushpull\.rendezvous\(\)"):
        Queue(*maxsize)


@pytest.mark.parametrize("maxsize", ["4", 2.5, object()])
def test_the_bound_is_a_whole_number(maxsize: Any) -> None:
    with pytest.raises(TypeError):
        Queue(maxsize)


@pytest.mark.parametrize("maxsize", [2**100, 2**62])
def test_a_bound_too_large(maxsize: int) -> None:
    with pytest.raises((OverflowError, MemoryError)):
        Queue(maxsize)


@pytest.mark.parametrize("maxsize", [1, 2, 3, 5, 1000])
def test_holds_exactly_maxsize(maxsize: int) -> None:
    q = Queue(maxsize=maxsize)
    for turn in range(3):
        assert q.empty() and not q.full()
        for i in range(maxsize):
            assert q.qsize() == i
            q.put((turn, i))
        assert q.full() and not q.empty() and q.maxsize == q.qsize() == maxsize
        with pytest.raises(queue.Full):
            q.put_nowait(None)
        assert [q.get() for _ in range(maxsize)] == [(turn, i) for i in range(maxsize)]
        with pytest.raises(queue.Empty):
            q.get_nowait()


def test_any_object_comes_out_itself() -> None:
    q: Queue[Any] = Queue(8)
    items = [None, 0, "text", [1], {}, Queue, Ellipsis, q]
    for item in items:
        q.put(item)
    assert all(q.get() is item for item in items)


def test_ways_to_call() -> None:
    q: Queue[int] = Queue(64)
    q.put(1)
    q.put(item=2)
    q.put(3, True)
    q.put(4, False, None)
    q.put(5, timeout=1)
    q.put(timeout=math.inf, block=True, item=6)
    q.put(7, False, "a timeout counts only if the call blocks")  # type: ignore[arg-type]
    q.put_nowait(8)
    assert [q.get(), q.get(True), q.get(False), q.get(True, None), q.get(timeout=2)] == [1, 2, 3, 4, 5]
    assert [q.get(block=False, timeout=-1), q.get(timeout=1e300), q.get_nowait()] == [6, 7, 8]


@pytest.mark.parametrize(
    "call",
    [
        lambda q: q.put(),
        lambda q: q.put(1, True, None, 4),
        lambda q: q.put(1, item=2),
        lambda q: q.put(1, wait=2),
        lambda q: q.get(True, None, 3),
        lambda q: q.get(True, block=False),
        lambda q: q.get(item=1),
        lambda q: q.put(1, timeout="soon"),
        lambda q: q.get(timeout=[]),
        lambda q: q.put_nowait(),
        lambda q: q.shutdown(True, True),
    ],
)
def test_wrong_calls(call: Any) -> None:
    q = Queue(2)
    q.put(0)
    with pytest.raises(TypeError):
        call(q)
    assert (q.qsize(), q.unfinished_tasks) == (1, 1)


@pytest.mark.parametrize("timeout", [-1, -1e-9, -math.inf, math.nan])
def test_timeouts_are_not_negative(timeout: float) -> None:
    q = Queue(2)
    q.put(0)
    with pytest.raises(ValueError, match="'timeout' must be a non-negative number"):
        q.put(1, timeout=timeout)
    with pytest.raises(ValueError, match="'timeout' must be a non-negative number"):
        q.get(timeout=timeout)
    assert (q.qsize(), q.unfinished_tasks) == (1, 1)


@pytest.mark.parametrize("timeout", [0, 0.01])
def test_timeouts_pass(timeout: float) -> None:
    q = Queue(1)
    with pytest.raises(pushpull.Empty):
        q.get(timeout=timeout)
    q.put(0)
    with pytest.raises(pushpull.Full):
        q.put(1, timeout=timeout)
    assert (q.get(timeout=timeout), q.unfinished_tasks) == (0, 1)


def test_signatures_are_those_of_queue() -> None:
    for name in ["put", "get", "put_nowait", "get_nowait", "qsize", "empty", "full", "task_done", "join"]:
        ours, theirs = getattr(Queue, name), getattr(queue.Queue, name)
        assert [(p.name, p.default) for p in inspect.signature(ours).parameters.values()] == [
            (p.name, p.default) for p in inspect.signature(theirs).parameters.values()
        ]
        assert ours.__doc__
    assert str(inspect.signature(Queue)) == "(maxsize)"
    assert str(inspect.signature(Queue.shutdown)) == "(self, /, immediate=False)"


# ---- task_done, join, shutdown


def test_task_done_counts() -> None:
    q = Queue(4)
    with pytest.raises(ValueError, match="called too many times"):
        q.task_done()
    q.join()
    assert not q._joiners
    q.put(1)
    q.put(2)
    q.get()
    q.task_done()
    q.task_done()  # the item need not have been gotten, as in queue.Queue
    with pytest.raises(ValueError):
        q.task_done()
    assert q.unfinished_tasks == 0
    q.join()


def test_a_put_that_fails_is_no_task() -> None:
    q = Queue(1)
    q.put(1)
    for _ in range(3):
        with pytest.raises(queue.Full):
            q.put_nowait(2)
        with pytest.raises(queue.Full):
            q.put(2, timeout=0)
    q.shutdown()
    with pytest.raises(pushpull.ShutDown):
        q.put(3)
    assert q.unfinished_tasks == 1


def test_shutdown_drains() -> None:
    q = Queue(4)
    for i in range(3):
        q.put(i)
    assert not q.is_shutdown
    q.shutdown()
    q.shutdown(immediate=False)
    assert q.is_shutdown and q.qsize() == 3
    for put in (q.put, q.put_nowait, lambda i: q.put(i, timeout=0)):
        with pytest.raises(pushpull.ShutDown):
            put(9)
    assert [q.get(), q.get_nowait(), q.get(timeout=1)] == [0, 1, 2]
    for get in (q.get, q.get_nowait, lambda: q.get(timeout=0)):
        with pytest.raises(pushpull.ShutDown):
            get()
    for _ in range(3):
        q.task_done()
    q.join()


def test_shutdown_at_once() -> None:
    q = Queue(4)
    for i in range(4):
        q.put(i)
    q.get()
    q.shutdown(True)
    assert q.is_shutdown and q.empty() and q.unfinished_tasks == 1
    for call in (q.get, q.get_nowait, lambda: q.put(1), lambda: q.put_nowait(1)):
        with pytest.raises(pushpull.ShutDown):
            call()
    q.task_done()
    with pytest.raises(ValueError):
        q.task_done()
    q.join()


def test_shutdown_at_once_after_shutdown() -> None:
    q = Queue(4)
    q.put(1)
    q.shutdown()
    q.shutdown(immediate=True)
    q.shutdown()
    with pytest.raises(pushpull.ShutDown):
        q.get()
    q.join()


def test_shut_down_exception() -> None:
    assert issubclass(pushpull.ShutDown, getattr(queue, "ShutDown", Exception))
    assert not issubclass(pushpull.ShutDown, (queue.Full, queue.Empty))


def test_iteration_ends_with_the_queue() -> None:
    q: Queue[int] = Queue(4)
    for i in range(3):
        q.put(i)
    assert next(q) == 0
    q.shutdown()
    assert list(q) == [1, 2]
    assert list(q) == []


# ---- capacity 0, classes


def test_a_rendezvous_holds_nothing() -> None:
    q: Queue[int] = rendezvous()
    assert type(q) is Queue and q.maxsize == q.qsize() == 0 and q.empty() and q.full()
    with pytest.raises(queue.Full):
        q.put_nowait(1)
    with pytest.raises(queue.Full):
        q.put(1, timeout=0.01)
    with pytest.raises(queue.Empty):
        q.get_nowait()
    with pytest.raises(queue.Empty):
        q.get(timeout=0.01)
    q.join()
    q.shutdown()
    with pytest.raises(pushpull.ShutDown):
        q.get()


def test_generic_and_named() -> None:
    assert Queue[int](3).maxsize == 3
    assert Queue[int].__origin__ is Queue  # type: ignore[attr-defined]
    q: Queue[int] = Queue(64)
    q.put(1)
    assert repr(q) == "<pushpull.Queue maxsize=64 qsize=1>"
    assert (Queue.__module__, Queue.__qualname__) == ("pushpull", "Queue")


class Named(Queue[int]):
    """As people write it over queue.Queue: own arguments, attributes set before __init__()."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(2)


def test_subclass() -> None:
    q = Named("jobs")
    q.put(1)
    assert (q.name, q.maxsize, q.get()) == ("jobs", 2, 1)
    assert repr(q) == f"<{__name__}.Named maxsize=2 qsize=0>"


def test_init_once() -> None:
    q: Queue[int] = Queue.__new__(Queue)
    for call in (q.get, q.get_nowait, lambda: q.put(1), q.qsize, q.task_done, q.shutdown, lambda: q.maxsize, q.join):
        with pytest.raises(RuntimeError, match="__init__"):
            call()
    assert "__init__" in repr(q)
    q.__init__(1)  # type: ignore[misc]
    q.put(1)
    with pytest.raises(RuntimeError, match="twice"):
        q.__init__(1)  # type: ignore[misc]
    assert q.get() == 1


@pytest.mark.parametrize("clone", [pickle.dumps, copy.copy, copy.deepcopy])
def test_no_copies(clone: Any) -> None:
    with pytest.raises(TypeError, match="a pushpull.Queue cannot be pickled or copied"):
        clone(Queue(1))


@pytest.mark.parametrize("name", ["maxsize", "unfinished_tasks", "is_shutdown"])
def test_fixed_attributes(name: str) -> None:
    with pytest.raises(AttributeError):
        setattr(Queue(1), name, 2)
