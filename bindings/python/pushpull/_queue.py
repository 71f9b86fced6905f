# SPDX-License-Identifier: MIT
"""pushpull.Queue: what queue.Queue does, with a bound, on a ring."""

from __future__ import annotations

import contextlib
import threading
from typing import NoReturn, TypeVar

from . import _objects
from ._aio import NOT_READY, Waiters
from ._errors import Empty, Full, ShutDown

__all__ = ["Queue", "rendezvous"]

T = TypeVar("T")


class Queue(_objects.Queue[T]):
    """A queue of at most `maxsize` objects between threads, with the interface of queue.Queue.

    `maxsize` is required and positive: a queue without a bound has no backpressure. `for item in q`
    takes items until the queue was shut down and is empty.
    """

    def join(self) -> None:
        """Wait until every item that was put is gotten and reported by task_done().

        Returns when that was so at some moment after the call, even if others put more since.
        """
        done = threading.Lock()
        done.acquire()
        # First in, then look: task_done() counts first, and then looks who is in.
        self._joiners.append(done)
        try:
            if self.unfinished_tasks:
                # A signal that comes just before the sleep does not end it, so look up now and then.
                in_main = threading.current_thread() is threading.main_thread()
                while not done.acquire(timeout=0.1 if in_main else -1):
                    pass
        finally:
            with contextlib.suppress(ValueError):
                self._joiners.remove(done)

    async def get_async(self) -> T:
        """Take the oldest item, as get(), in a task of an asyncio loop.

        A task that is cancelled has taken nothing. For a timeout use asyncio.timeout(). Raises
        ShutDown after shutdown(), when nothing is left.
        """

        def attempt() -> object:
            try:
                return self.get_nowait()
            except Empty:
                return NOT_READY

        item: T = await self._line("_getters").wait(attempt, self._get_arm, self._get_fileno)
        return item

    async def put_async(self, item: T) -> None:
        """Put an item, as put(), in a task of an asyncio loop.

        A task that is cancelled has put nothing. For a timeout use asyncio.timeout(). Raises
        ShutDown after shutdown().
        """

        def attempt() -> object:
            try:
                self.put_nowait(item)
            except Full:
                return NOT_READY
            return None

        await self._line("_putters").wait(attempt, self._put_arm, self._put_fileno)

    def _line(self, name: str) -> Waiters:
        """The line of the tasks at one side: made when it is needed, once for all threads."""
        _ = self.maxsize  # raises in a forked child, where the line is one of tasks that do not run
        line: Waiters = self.__dict__.get(name) or self.__dict__.setdefault(name, Waiters())
        return line

    def __aiter__(self) -> Queue[T]:
        return self

    async def __anext__(self) -> T:
        try:
            return await self.get_async()
        except ShutDown:
            raise StopAsyncIteration from None

    def __repr__(self) -> str:
        kind = type(self)
        try:
            state = f"maxsize={self.maxsize} qsize={self.qsize()}"
        except RuntimeError as reason:
            state = f"({reason})"
        return f"<{kind.__module__}.{kind.__qualname__} {state}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a pushpull.Queue cannot be pickled or copied: it connects the threads of one process")


Queue.__module__ = "pushpull"


def rendezvous() -> Queue[T]:
    """A queue that holds nothing: each put() waits until a get() takes the item, and the other way round.

    put_nowait() succeeds only while a thread waits in get(), get_nowait() while one waits in put().
    """
    q: Queue[T] = Queue.__new__(Queue)
    q._open_rendezvous()
    return q
