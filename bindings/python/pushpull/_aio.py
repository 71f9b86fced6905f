# SPDX-License-Identifier: MIT
"""Tasks of an asyncio loop that wait for one end of a ring.

An end has one descriptor and one arming, so all tasks that wait for it share them.  They stand in
line.  The first one is woken when the end is ready, tries, and arms the end again if it was in
vain.  Whoever leaves the first place, with a result, an exception or cancelled, wakes the next,
who tries for itself: so what made the end ready is never lost with a task that did not use it.

An item is taken by a try in the task that returns it, with no await in between.  So a task that is
cancelled has taken nothing.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Final

NOT_READY: Final[Any] = object()
"""What an attempt returns that could not go ahead."""


class _Waiter:
    """A place in the line."""

    __slots__ = ("future",)

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.future: asyncio.Future[None] = loop.create_future()

    def wake(self) -> None:
        if not self.future.done():
            self.future.set_result(None)


class Waiters:
    """The line of one end.  Only the thread of its loop touches it, but for wake()."""

    __slots__ = ("__weakref__", "_fd", "_line", "_lock", "_loop", "_process")

    def __init__(self) -> None:
        self._lock = threading.Lock()  # for _loop
        self._loop: asyncio.AbstractEventLoop | None = None  # while anybody stands in line
        self._line: deque[_Waiter] = deque()
        self._fd = -1  # while the loop watches it
        self._process = 0  # in which it does

    async def wait(
        self,
        attempt: Callable[[], Any],
        arm: Callable[[], bool],
        fileno: Callable[[], int],
    ) -> Any:
        """Wait until attempt() returns anything but NOT_READY, and return that.

        `arm` returns whether the end is ready now; if not, the descriptor becomes readable.  All
        three are called in the running loop; none of them may block.  Raises what they raise, and
        RuntimeError if tasks of another loop wait for this end.
        """
        if not self._line:
            value = attempt()
            if value is not NOT_READY:
                return value
        loop = asyncio.get_running_loop()
        waiter = self._join(loop)
        try:
            if self._line[0] is waiter:
                self._watch(waiter, arm, fileno)
            while True:
                await waiter.future
                value = attempt()
                if value is not NOT_READY:
                    return value
                waiter.future = loop.create_future()
                if self._line[0] is waiter:
                    self._watch(waiter, arm, fileno)
        finally:
            self._leave(waiter)

    def wake(self) -> None:
        """Let all that wait try again.  From any thread."""
        with self._lock:
            loop = self._loop
        if loop is not None:
            try:
                loop.call_soon_threadsafe(self._wake_all)
            except RuntimeError:
                pass  # the loop is closed, and so nobody waits

    def _join(self, loop: asyncio.AbstractEventLoop) -> _Waiter:
        with self._lock:
            if self._loop is not loop:
                if self._loop is not None and not self._loop.is_closed():
                    raise RuntimeError("tasks of another event loop are waiting for this end")
                self._loop = loop
                self._line = deque()
                self._fd = -1
            waiter = _Waiter(loop)
            self._line.append(waiter)
            return waiter

    def _watch(self, waiter: _Waiter, arm: Callable[[], bool], fileno: Callable[[], int]) -> None:
        if arm():
            waiter.wake()
        elif self._fd < 0:
            fd = fileno()
            assert self._loop is not None
            self._loop.add_reader(fd, self._on_readable)
            self._fd = fd
            self._process = os.getpid()

    def _on_readable(self) -> None:
        # Readable until somebody arms again, so this may come several times.
        if self._line:
            self._line[0].wake()

    def _wake_all(self) -> None:
        for waiter in self._line:
            waiter.wake()

    def _leave(self, waiter: _Waiter) -> None:
        if waiter not in self._line:
            return  # of a loop that was closed while it waited
        was_first = self._line[0] is waiter
        self._line.remove(waiter)
        if self._line:
            if was_first:
                self._line[0].wake()
            return
        assert self._loop is not None
        if self._fd >= 0:
            # A forked child has a copy of the loop, but what it watches is shared with the parent.
            if self._process == os.getpid():
                self._loop.remove_reader(self._fd)
            self._fd = -1
        with self._lock:
            self._loop = None
