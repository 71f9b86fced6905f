# SPDX-License-Identifier: MIT
"""What a push end and a pull end have in common."""

from __future__ import annotations

import errno
import threading
import weakref
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Literal, NamedTuple, NoReturn, TypeVar

from ._aio import NOT_READY, Waiters
from ._ffi import ffi, lib
from ._items import Items, items_of
from ._results import LONGEST_SLICE_IN_LINE_NS, LONGEST_SLICE_NS, SLICE_NS, check, failure

if TYPE_CHECKING:
    from ._ffi import CData

T = TypeVar("T")
Self = TypeVar("Self", bound="End[Any]")

# The line of each end that was ever awaited, by (pushes, address): clones share the descriptor of
# their end, and so the line too.  It lives as long as one of them.
_lines: weakref.WeakValueDictionary[tuple[bool, int], Waiters] = weakref.WeakValueDictionary()
_lines_lock = threading.Lock()


class Stats(NamedTuple):
    """What a ring counts: see End.stats().  Durations are in nanoseconds."""

    name: str
    pushed: int
    pulled: int
    dropped: int
    depth: int
    capacity: int
    depth_max: int
    push_parks: int
    pull_parks: int
    push_wakes: int
    pull_wakes: int
    push_full: int
    pull_empty: int
    push_blocked_ns: int
    pull_blocked_ns: int
    pushers_parked: int
    pullers_parked: int
    tx_refs: int
    rx_refs: int
    closed: bool
    cancelled: bool


class End(Generic[T]):
    """One end of a ring.  Open rings with spsc() or mpmc().

    An end owns one reference of its side of the ring.  It lets go of it in release(), at the end of
    a `with` block, or when it is garbage; the last reference to go ends the side.
    """

    __slots__ = (
        "__weakref__",
        "_capacity",
        "_handle",
        "_items",
        "_kind",
        "_longest_slice",
        "_raw_size",
        "_shares",
        "_waiters",
    )

    _pushes: bool
    _handle: CData  # NULL never; freed with this object
    _items: Items
    _raw_size: int  # a bytes object of this length is an item as it is
    _kind: int
    _capacity: int
    _shares: bool  # others own the side as well
    _longest_slice: int
    _waiters: Waiters | None

    def __init__(self, *arguments: object, **keywords: object) -> None:
        raise TypeError(f"{type(self).__name__} is not made by a call: see spsc(), mpmc() and from_address()")

    @classmethod
    def _own(cls: type[Self], raw: CData, items: Items | None, shares: bool) -> Self:
        """An end for a handle, which is freed with it."""
        self = cls.__new__(cls)
        self._handle = ffi.gc(raw, lib.ppy_free)
        shape = ffi.new("size_t[3]")
        check(lib.ppy_shape(raw, shape))
        kind, self._capacity, size = shape
        if items is None:
            items = Items(size)
        elif items.size != size:
            raise ValueError(f"the items of the ring have {size} bytes, not {items.size}")
        self._kind = kind
        self._items = items
        self._raw_size = items.raw_size
        self._shares = shares
        self._waiters = None
        self._longest_slice = LONGEST_SLICE_NS if self._capacity else LONGEST_SLICE_IN_LINE_NS
        return self

    # ---- Between C and Python ------------------------------------------------

    @classmethod
    def from_address(cls: type[Self], address: int, *, take: bool, item: Any = None) -> Self:
        """An end that was made in C, by its address (a pp_tx * or pp_rx * as an integer).

        take=True: the reference of the caller becomes this object's, and the C code must not let
        go of it again.  take=False: this object has a reference of its own, and the C code
        keeps, and lets go of, the one that it has.

        `item` as for spsc() gives the items a dtype; by default they are bytes.  Ctrl-C ends a wait
        at once if the ring was opened with PP_INTERRUPTIBLE, else after at most 0.1 s.

        The address cannot be checked: anything but an open end of this kind is undefined behaviour.
        """
        if not 0 < address < 1 << 8 * ffi.sizeof("void *"):
            raise ValueError(f"{address} is not an address")
        items = None if item is None else items_of(item)
        handle = ffi.new("ppy_end **")
        check(lib.ppy_adopt(handle, address, cls._pushes, take))
        try:
            return cls._own(handle[0], items, not take)
        except ValueError:
            if take:  # not taken after all
                lib.ppy_detach(handle[0])
            raise

    @property
    def address(self) -> int:
        """The pp_tx * or pp_rx * for C code, borrowed: valid as long as this end owns it.

        C code that keeps it takes a reference of its own (pp_tx_ref, pp_rx_ref).
        """
        address = lib.ppy_address(self._handle)
        if not address:
            raise self._gone()
        return address

    def detach(self) -> int:
        """Give this end's reference away: the address, which C code has to let go of.

        This end is let go afterwards.  Raises TwoThreads if a call is under way in another thread,
        or a task awaits this end.
        """
        address = self.address
        check(lib.ppy_detach(self._handle))
        return address

    def _gone(self) -> Exception:
        return failure(min(lib.ppy_depth(self._handle), 0) or lib.PPY_RELEASED, self._pushes)

    def clone(self: Self) -> Self:
        """One more owner of this side, for another thread.  MPMC only.  Does not block.

        Leaving a `with` block of a clone lets go of it, and does not end the side for others.
        """
        if self._kind == lib.PP_SPSC:
            raise ValueError("an end of an SPSC ring serves one thread at a time: open the ring with mpmc()")
        handle = ffi.new("ppy_end **")
        check(lib.ppy_clone(handle, self._handle))
        return self._own(handle[0], self._items, True)

    # ---- Ending ----------------------------------------------------------------

    def release(self) -> None:
        """Let go of this end.  Does not block, may be called twice and from any thread.

        Calls on it that are under way in other threads go on, and the last of them gives the
        reference back.  Tasks that await it raise Closed.
        """
        lib.ppy_release(self._handle)
        if self._waiters is not None:
            self._waiters.wake()

    def _end_side(self) -> None:
        """Close or cancel; nothing if this end was let go."""
        code = lib.ppy_finish(self._handle)
        if code != lib.PPY_RELEASED:
            check(code, self._pushes)

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not self._shares:
            lib.ppy_finish(self._handle)  # let go already, or of the parent: nothing to end
        self.release()

    def __reduce__(self) -> NoReturn:
        raise TypeError("an end of a ring cannot be copied, and does not leave its process")

    # ---- Looking at a ring -------------------------------------------------------

    @property
    def depth(self) -> int:
        """Items in the ring now.  Any thread; does not block."""
        return check(lib.ppy_depth(self._handle))

    def __len__(self) -> int:
        return check(lib.ppy_depth(self._handle))

    def __bool__(self) -> bool:
        """True, also when the ring is empty: an end is not a container of its own."""
        return True

    @property
    def capacity(self) -> int:
        """Items that the ring holds at most; 0 is a rendezvous."""
        return self._capacity

    @property
    def item_size(self) -> int:
        """Bytes of an item."""
        return self._items.size

    @property
    def dtype(self) -> Any:
        """The NumPy dtype of an item, or None where items are bytes."""
        return self._items.dtype

    @property
    def kind(self) -> Literal["spsc", "mpmc"]:
        """How many threads may use each end at a time: one, or any number."""
        return "spsc" if self._kind == lib.PP_SPSC else "mpmc"

    def stats(self) -> Stats:
        """What the ring has counted.  Any thread; does not block; exact when nothing else runs."""
        stats = ffi.new("pp_stats *")
        check(lib.ppy_stats(self._handle, stats))
        name, *counts, closed, cancelled = (getattr(stats, field) for field in Stats._fields)
        return Stats._make([ffi.string(name).decode(errors="replace"), *counts, bool(closed), bool(cancelled)])

    def __repr__(self) -> str:
        depth = lib.ppy_depth(self._handle)
        state = f"depth={depth}" if depth >= 0 else "of the parent" if depth == lib.PPY_FORKED else "let go"
        return f"<pushpull.{type(self).__name__} {self.kind} capacity={self._capacity} {self._items} {state}>"

    # ---- Waiting -----------------------------------------------------------------

    def fileno(self) -> int:
        """The descriptor for selectors, readable when the armed end is ready; see arm().

        The ring owns it: do not read or close it, and take it out of a selector before this end is
        let go.
        """
        return check(lib.ppy_fd(self._handle), self._pushes)

    def arm(self) -> bool:
        """Ask for the descriptor to become readable.  Does not block.

        Make try operations until one raises Full or Empty, then arm.  True: ready now, start over.
        False: the descriptor becomes readable when it is worth another try.  One waiter per end,
        clones included: do not use it while tasks await the end.
        """
        return check(lib.ppy_arm(self._handle), self._pushes) == 1

    def _go_on(self, code: int, call: Callable[..., int], *arguments: Any) -> int:
        """After the first part of a wait, the others; the last of `arguments` is the deadline.

        Between two parts Python runs what signal handlers there are.
        """
        slice_ns = SLICE_NS
        while code == lib.PPY_AGAIN:
            slice_ns = min(2 * slice_ns, self._longest_slice)
            code = call(self._handle, *arguments, slice_ns)
        return check(code, self._pushes)

    async def _when_possible(self, attempt: Callable[[], Any]) -> Any:
        """Await an operation.  attempt() makes it, or returns NOT_READY."""
        waiters = self._waiters or self._line()
        # Its descriptor must not be closed, and the number given to another file, meanwhile.
        check(lib.ppy_hold(self._handle), self._pushes)
        try:
            return await waiters.wait(attempt, self.arm, self.fileno)
        finally:
            lib.ppy_unhold(self._handle)

    def _line(self) -> Waiters:
        """Where tasks stand in line for this end."""
        with _lines_lock:
            self._waiters = _lines.setdefault((self._pushes, self.address), Waiters())
            return self._waiters


def unless_now(code: int, pushes: bool) -> Any:
    """NOT_READY if a try was in vain for now; else raise what the code means."""
    if code == -errno.EAGAIN:
        return NOT_READY
    raise failure(code, pushes)
