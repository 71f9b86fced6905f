# SPDX-License-Identifier: MIT
"""Choosing among several rings."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ._errors import Error, NotReady
from ._ffi import ffi, lib
from ._results import FOREVER, LONGEST_SLICE_NS, SLICE_NS, check, deadline, failure

if TYPE_CHECKING:
    from ._ffi import CData
    from ._end import End


class Case:
    """One operation that select() may perform: made by PushEnd.case() and PullEnd.case()."""

    __slots__ = ("_end", "_item")

    def __init__(self, end: End[Any], item: CData | None) -> None:
        self._end = end
        self._item = item  # of a push

    def __repr__(self) -> str:
        return f"<pushpull.Case {'pull' if self._item is None else 'push'} of {self._end!r}>"

    def prepare(self, case: CData) -> CData:
        """Fill in what the library needs; return the item, or the memory for one."""
        memory = self._end._items.new() if self._item is None else self._item
        case.end = self._end._handle
        case.item = ffi.cast("void *", ffi.from_buffer(memory) if type(memory) is bytes else memory)
        return memory

    def outcome(self, index: int, code: int, memory: CData) -> Any:
        """What the operation brought: the item, or None of a push; an exception if the ring has ended."""
        if code == 0:
            return self._end._items.value(memory) if self._item is None else None
        error = failure(code, self._end._pushes)
        if isinstance(error, Error):
            error.index = index
        raise error


def select(
    cases: Sequence[Case | None], timeout: float | None = None, *, ordered: bool = False
) -> tuple[int, Any]:
    """Perform exactly one of several pushes and pulls; wait, at most `timeout` seconds, if none can go ahead.

    Returns (index, item) of the case that was performed; the item of a push is None.  A case that is
    None is disabled.  Where several can go ahead, any of them is as likely, or with ordered=True the
    first is taken.  Blocks without the GIL.

    Raises NotReady when the timeout has passed (0: nothing can go ahead now).  A ring that has ended
    is ready: EndOfStream, ReceiverGone or Closed, with the index in the attribute `index`.
    ValueError if there is no case to wait for, and no timeout.
    """
    until = deadline(timeout)
    if until == FOREVER and not any(cases):
        raise ValueError("no case, and so nothing to wait for")
    plain = ffi.new("ppy_case[]", max(len(cases), 1))
    memory = [case and case.prepare(plain[i]) for i, case in enumerate(cases)]
    flags = lib.PP_ORDERED if ordered else 0
    longest = max((case._end._longest_slice for case in cases if case), default=LONGEST_SLICE_NS)
    slice_ns = SLICE_NS
    while (index := lib.ppy_select(plain, len(cases), flags, until, slice_ns)) == lib.PPY_AGAIN:
        slice_ns = min(2 * slice_ns, longest)
    if index == -errno.ETIMEDOUT:
        raise NotReady("none of the cases could go ahead")
    check(index)
    case = cases[index]
    assert case is not None
    return index, case.outcome(index, plain[index].result, memory[index])
