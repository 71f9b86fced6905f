# SPDX-License-Identifier: MIT
"""The push end."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, TypeVar

from ._aio import NOT_READY
from ._ffi import lib
from ._end import End, unless_now
from ._items import Buffer
from ._results import FOREVER, SLICE_NS, check, deadline, failure
from ._select import Case

if TYPE_CHECKING:
    from ._ffi import CData

T = TypeVar("T")


class PushEnd(End[T]):
    """The end that producers have: it can push and close.

    SPSC: one thread at a time, else TwoThreads is raised.  MPMC: any number of threads.  release(),
    close() and the properties may be used by any thread at any time.

    Every operation may raise: ReceiverGone (nobody pulls any more), Closed (this side was closed, or
    this end let go), ForkedError (the ring is the parent's), TwoThreads.  One that raises has not
    handed its item over.
    """

    __slots__ = ()

    _pushes = True

    def push(self, item: T, timeout: float | None = None) -> None:
        """Push one item; wait for room, at most `timeout` seconds (None: for ever).

        Blocks without the GIL.  Raises Full when the timeout has passed.  A timeout of 0 waits for
        nobody.
        """
        source = item if type(item) is bytes and len(item) == self._raw_size else self._items.source(item)
        until = FOREVER if timeout is None else deadline(timeout)
        code = lib.ppy_push(self._handle, source, until, SLICE_NS)
        if code:
            self._go_on(code, lib.ppy_push, source, until)

    def try_push(self, item: T) -> None:
        """Push one item if there is room now, else raise Full.  Does not block."""
        source = item if type(item) is bytes and len(item) == self._raw_size else self._items.source(item)
        code = lib.ppy_try_push_n(self._handle, source, 1)
        if code < 0:
            raise failure(code, True)

    def push_n(self, items: Buffer, timeout: float | None = None) -> int:
        """Push all items of a buffer, one after the other; return how many that were.

        Blocks without the GIL until all are in, at most `timeout` seconds.  It returns fewer if the
        timeout passes or the ring ends after some are in, and raises as push() does if none is.

        The buffer is bytes, bytearray, memoryview, a NumPy array or the like, C-contiguous, and its
        elements are bytes, items, or rows as large as an item.  Nothing is copied but into the ring.
        If a signal handler raises (KeyboardInterrupt), some may have been pushed.
        """
        source, count = self._items.many(items, False)
        until = FOREVER if timeout is None else deadline(timeout)
        moved = lib.ppy_push_n(self._handle, source, count, until, SLICE_NS)
        if moved == count:
            return moved
        return self._push_rest(source, count, max(moved, 0), moved, until)

    def _push_rest(self, source: CData, count: int, done: int, moved: int, until: int) -> int:
        slice_ns = SLICE_NS
        while done < count:
            if moved == lib.PPY_AGAIN:
                slice_ns = min(2 * slice_ns, self._longest_slice)
            elif moved < 0:
                return done or check(moved)
            moved = lib.ppy_push_n(
                self._handle, source + done * self._items.size, count - done, until, slice_ns
            )
            done += max(moved, 0)
        return done

    def try_push_n(self, items: Buffer) -> int:
        """Push as many items of a buffer as there is room for now; return how many.

        Does not block.  Raises Full if there is room for none.
        """
        source, count = self._items.many(items, False)
        return check(lib.ppy_try_push_n(self._handle, source, count))

    def close(self) -> None:
        """No more items: pushes raise Closed, also those of other owners; pulls drain the ring.

        Does not block; wakes who is blocked.  May be called twice, from any thread, also while
        others push.
        """
        self._end_side()

    async def put(self, item: T) -> None:
        """push() for asyncio.  A task that is cancelled has pushed nothing."""
        source = item if type(item) is bytes and len(item) == self._raw_size else self._items.source(item)

        def attempt() -> object:
            code = lib.ppy_try_push_n(self._handle, source, 1)
            return None if code == 1 else unless_now(code, True)

        await self._when_possible(attempt)

    async def put_n(self, items: Buffer) -> int:
        """push_n() for asyncio.  The items of one call stay together among the tasks of this end.

        A task that is cancelled may have pushed some of the items.
        """
        source, count = self._items.many(items, False)
        size = self._items.size
        done = 0

        def attempt() -> object:
            nonlocal done
            moved = lib.ppy_try_push_n(self._handle, source + done * size, count - done)
            if moved >= 0:
                done += moved
                return done if done == count else NOT_READY
            if done and moved != -errno.EAGAIN:
                return done
            return unless_now(moved, True)

        result: int = await self._when_possible(attempt)
        return result

    def case(self, item: T) -> Case:
        """Pushing `item`, as one of the operations of select()."""
        return Case(self, self._items.source(item))
