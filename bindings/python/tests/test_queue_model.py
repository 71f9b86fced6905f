# SPDX-License-Identifier: MIT
"""pushpull.Queue beside queue.Queue: hypothesis calls both, and they must answer alike.

The items are objects that only the queues hold, so the machine also sees each reference come and go.
"""

from __future__ import annotations

import queue
import weakref
from typing import Any, Callable

import pushpull
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule


class Item:
    pass


class Model(queue.Queue[Any]):
    """queue.Queue with what 3.13 says of shutdown(), for one thread."""

    ended = False

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        if self.ended:
            raise pushpull.ShutDown
        super().put(item, block, timeout)

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        if self.ended and self.empty():
            raise pushpull.ShutDown
        return super().get(block, timeout)

    def shutdown(self, immediate: bool = False) -> None:
        self.ended = True
        while immediate and not self.empty():
            super().get()
            if self.unfinished_tasks:
                self.task_done()


class QueueMachine(RuleBasedStateMachine):
    @initialize(maxsize=st.sampled_from([1, 2, 3, 8]))
    def open(self, maxsize: int) -> None:
        self.queue: pushpull.Queue[Any] = pushpull.Queue(maxsize)
        self.model = Model(maxsize)
        self.alive: weakref.WeakSet[Item] = weakref.WeakSet()

    def both(self, call: Callable[[Any], Any]) -> None:
        """`call` must give the same for both, or raise the same."""
        answers = []
        for q in (self.queue, self.model):
            try:
                answers.append(call(q))
            except Exception as error:
                kinds = (queue.Full, queue.Empty, pushpull.ShutDown, ValueError)
                answers.append(next(kind for kind in kinds if isinstance(error, kind)))
        assert answers[0] is answers[1] or answers[0] == answers[1], answers

    def put(self, call: Callable[[Any, Item], None]) -> None:
        item = Item()
        self.alive.add(item)
        self.both(lambda q: call(q, item))

    @rule()
    def put_nowait(self) -> None:
        self.put(lambda q, item: q.put_nowait(item))

    @rule(timeout=st.sampled_from([0, 0.0005]))
    def put_timeout(self, timeout: float) -> None:
        self.put(lambda q, item: q.put(item, timeout=timeout))

    @rule()
    def get_nowait(self) -> None:
        self.both(lambda q: q.get_nowait())

    @rule(timeout=st.sampled_from([0, 0.0005]))
    def get_timeout(self, timeout: float) -> None:
        self.both(lambda q: q.get(True, timeout))

    @rule()
    def task_done(self) -> None:
        self.both(lambda q: q.task_done())

    @rule()
    def join(self) -> None:
        if self.model.unfinished_tasks == 0:
            self.both(lambda q: q.join())

    @rule(immediate=st.booleans(), really=st.integers(0, 9))
    def shutdown(self, immediate: bool, really: int) -> None:
        if really == 0:
            self.both(lambda q: q.shutdown(immediate))

    @invariant()
    def looks_alike(self) -> None:
        if hasattr(self, "queue"):
            self.both(lambda q: (q.qsize(), q.empty(), q.full(), q.maxsize, q.unfinished_tasks))
            assert len(self.alive) == self.model.qsize()

    def teardown(self) -> None:
        if hasattr(self, "queue"):
            del self.queue, self.model
            assert len(self.alive) == 0


TestQueueMachine = QueueMachine.TestCase
TestQueueMachine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None, derandomize=True)
