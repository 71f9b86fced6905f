# SPDX-License-Identifier: MIT
"""The pull end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from ._end import End, Self, unless_now
from ._errors import EndOfStream
from ._ffi import lib
from ._items import Buffer
from ._results import FOREVER, SLICE_NS, check, deadline, failure
from ._select import Case

if TYPE_CHECKING:
    from ._ffi import CData

T = TypeVar("T")


class PullEnd(End[T]):
    """The end that consumers have: it can pull and cancel, and be iterated over.

    SPSC: one thread at a time, else TwoThreads is raised.  MPMC: any number of threads.  release(),
    cancel() and the properties may be used by any thread at any time.

    Every operation may raise: EndOfStream (closed and drained), Closed (this side was cancelled, or
    this end let go), ForkedError (the ring is the parent's), TwoThreads.  One that raises has taken
    nothing and left the buffer as it was.
    """

    __slots__ = ()

    _pushes = False

    def pull(self, timeout: float | None = None) -> T:
        """Pull the oldest item; wait for one, at most `timeout` seconds (None: for ever).

        Blocks without the GIL.  Raises Empty when the timeout has passed.  A timeout of 0 waits for
        nobody.  Returns bytes; from a ring with a dtype a NumPy scalar, or for records numpy.void.
        """
        memory = self._items.new()
        until = FOREVER if timeout is None else deadline(timeout)
        code = lib.ppy_pull(self._handle, memory, until, SLICE_NS)
        if code:
            self._go_on(code, lib.ppy_pull, memory, until)
        value: T = self._items.value(memory)
        return value

    def try_pull(self) -> T:
        """Pull the oldest item if there is one now, else raise Empty.  Does not block."""
        memory = self._items.new()
        code = lib.ppy_try_pull_n(self._handle, memory, 1)
        if code < 0:
            raise failure(code, False)
        value: T = self._items.value(memory)
        return value

    def pull_into(self, buffer: Buffer, timeout: float | None = None) -> None:
        """pull() into a writable, C-contiguous buffer of the size of one item."""
        target = self._items.target(buffer)
        until = FOREVER if timeout is None else deadline(timeout)
        code = lib.ppy_pull(self._handle, target, until, SLICE_NS)
        if code:
            self._go_on(code, lib.ppy_pull, target, until)

    def pull_n_into(self, buffer: Buffer, min: int = 1, timeout: float | None = None) -> int:
        """Pull items into a buffer: wait for `min`, then take what there is; return how many.

        Blocks without the GIL, at most `timeout` seconds.  It returns fewer than `min` if the timeout
        passes or the stream ends after some were pulled, and raises as pull() does if none was.
        `min` may exceed the capacity of the ring; 0 is as try_pull_n_into().

        The buffer is a bytearray, memoryview, NumPy array or the like, writable and C-contiguous, and
        its elements are bytes, items, or rows as large as an item.  Items go straight into it.  If a
        signal handler raises (KeyboardInterrupt), some may be there already.
        """
        target, room = self._items.many(buffer, True)
        if not 0 <= min <= room:
            raise ValueError(f"min is {min}, and the buffer has room for {room} items")
        if not min:
            return check(lib.ppy_try_pull_n(self._handle, target, room), False)
        return self._pull_n(target, min, room, timeout)

    def _pull_n(self, target: CData, low: int, high: int, timeout: float | None) -> int:
        until = FOREVER if timeout is None else deadline(timeout)
        moved = lib.ppy_pull_n(self._handle, target, low, high, until, SLICE_NS)
        if moved >= low:
            return moved
        return self._pull_rest(target, low, high, moved, until)

    def _pull_rest(self, target: CData, low: int, high: int, moved: int, until: int) -> int:
        slice_ns = SLICE_NS
        done = max(moved, 0)
        while done < low:
            if moved == lib.PPY_AGAIN:
                slice_ns = min(2 * slice_ns, self._longest_slice)
            elif moved < 0:
                return done or check(moved, False)
            rest = target + done * self._items.size
            moved = lib.ppy_pull_n(self._handle, rest, low - done, high - done, until, slice_ns)
            done += max(moved, 0)
        return done

    def try_pull_n_into(self, buffer: Buffer) -> int:
        """Pull into a buffer what there is now; return how many items.  Does not block.

        Raises Empty if there is none.
        """
        target, room = self._items.many(buffer, True)
        return check(lib.ppy_try_pull_n(self._handle, target, room), False)

    def pull_n(self, max: int, timeout: float | None = None) -> Any:
        """Wait for an item, then take what there is, `max` at most; in one new object.

        Blocks and raises as pull().  Returns bytes, the items one after the other; from a ring with
        a dtype a NumPy array.
        """
        if max < 1:
            raise ValueError(f"max is {max}, and has to be at least 1")
        memory = self._items.new(max)
        return self._items.values(memory, self._pull_n(memory, 1, max, timeout))

    def try_pull_n(self, max: int) -> Any:
        """pull_n() of what there is now; raises Empty if that is nothing.  Does not block."""
        if max < 1:
            raise ValueError(f"max is {max}, and has to be at least 1")
        memory = self._items.new(max)
        return self._items.values(memory, check(lib.ppy_try_pull_n(self._handle, memory, max), False))

    def cancel(self) -> None:
        """No more pulls: pushes raise ReceiverGone, pulls Closed, also those of other owners.

        Items that are left are dropped.  Does not block; wakes who is blocked.  May be called
        twice, from any thread, also while others pull.
        """
        self._end_side()

    def __iter__(self: Self) -> Self:
        return self

    def __next__(self) -> T:
        """pull(), until the end of the stream."""
        try:
            return self.pull()
        except EndOfStream:
            raise StopIteration from None

    async def get(self) -> T:
        """pull() for asyncio.  A task that is cancelled has taken nothing."""
        value: T = await self._when_possible(self._attempt)
        return value

    def _attempt(self) -> Any:
        memory = self._items.new()
        code = lib.ppy_try_pull_n(self._handle, memory, 1)
        return self._items.value(memory) if code == 1 else unless_now(code, False)

    async def get_n_into(self, buffer: Buffer) -> int:
        """pull_n_into() with a min of 1 for asyncio.  A task that is cancelled has taken nothing."""
        target, room = self._items.many(buffer, True)

        def attempt() -> object:
            moved = lib.ppy_try_pull_n(self._handle, target, room)
            return moved if moved >= 0 else unless_now(moved, False)

        moved: int = await self._when_possible(attempt)
        return moved

    async def get_n(self, max: int) -> Any:
        """pull_n() for asyncio.  A task that is cancelled has taken nothing."""
        if max < 1:
            raise ValueError(f"max is {max}, and has to be at least 1")
        memory = self._items.new(max)

        def attempt() -> object:
            moved = lib.ppy_try_pull_n(self._handle, memory, max)
            return moved if moved >= 0 else unless_now(moved, False)

        return self._items.values(memory, await self._when_possible(attempt))

    def __aiter__(self: Self) -> Self:
        return self

    async def __anext__(self) -> T:
        """get(), until the end of the stream."""
        try:
            return await self.get()
        except EndOfStream:
            raise StopAsyncIteration from None

    def case(self) -> Case:
        """Pulling an item, as one of the operations of select()."""
        return Case(self, None)
