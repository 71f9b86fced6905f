# SPDX-License-Identifier: MIT
"""Opening rings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias, overload

from ._ffi import ffi, lib
from ._items import items_of
from ._pull import PullEnd
from ._push import PushEnd
from ._results import check

if TYPE_CHECKING:
    import numpy.typing

Spin: TypeAlias = Literal["adaptive", "none"] | int
Ends: TypeAlias = tuple[PushEnd[Any], PullEnd[Any]]

_SPINS = {"adaptive": lib.PP_SPIN_ADAPTIVE, "none": lib.PP_SPIN_NONE}


def _spin_ns(spin: Spin) -> int:
    if isinstance(spin, str):
        if spin not in _SPINS:
            raise ValueError(f"spin is 'adaptive', 'none' or a number of nanoseconds, not {spin!r}")
        return _SPINS[spin]
    if spin < 1:
        raise ValueError(f"spin is at least 1 ns, not {spin}: 'none' does not spin")
    return spin


def _open(kind: int, capacity: int, item: Any, name: str | None, spin: Spin, track_depth: bool) -> Ends:
    items = items_of(item)
    if capacity < 0:
        raise ValueError(f"a capacity is not negative, as {capacity} is")
    flags = lib.PP_INTERRUPTIBLE | (lib.PP_TRACK_DEPTH if track_depth else 0)
    c_name = ffi.NULL if name is None else ffi.new("char[]", name.encode())
    ends = ffi.new("ppy_end *[2]")
    check(lib.ppy_open(ends, kind, capacity, items.size, flags, _spin_ns(spin), c_name))
    return PushEnd._own(ends[0], items, False), PullEnd._own(ends[1], items, False)


@overload
def spsc(
    capacity: int, item: int, *, name: str | None = None, spin: Spin = "adaptive", track_depth: bool = False
) -> tuple[PushEnd[bytes], PullEnd[bytes]]: ...


@overload
def spsc(
    capacity: int,
    item: numpy.typing.DTypeLike,
    *,
    name: str | None = None,
    spin: Spin = "adaptive",
    track_depth: bool = False,
) -> Ends: ...


def spsc(
    capacity: int, item: Any, *, name: str | None = None, spin: Spin = "adaptive", track_depth: bool = False
) -> Ends:
    """Open a ring for one pushing and one pulling thread; return its push end and its pull end.

    capacity     items that it holds, exactly; 0 is a rendezvous, where a push waits for its pull
    item         the size of an item in bytes (then items are bytes), or anything that numpy.dtype()
                 takes (then items are values of that dtype)
    name         shown by stats() and pp_dump; at most 31 bytes of it are kept
    spin         how long a wait spins before it sleeps: "adaptive", "none", or nanoseconds
    track_depth  make stats().depth_max an upper bound, at a small cost per push

    Does not block.  Raises ValueError, TypeError for a wrong argument, MemoryError.
    """
    return _open(lib.PP_SPSC, capacity, item, name, spin, track_depth)


@overload
def mpmc(
    capacity: int, item: int, *, name: str | None = None, spin: Spin = "adaptive", track_depth: bool = False
) -> tuple[PushEnd[bytes], PullEnd[bytes]]: ...


@overload
def mpmc(
    capacity: int,
    item: numpy.typing.DTypeLike,
    *,
    name: str | None = None,
    spin: Spin = "adaptive",
    track_depth: bool = False,
) -> Ends: ...


def mpmc(
    capacity: int, item: Any, *, name: str | None = None, spin: Spin = "adaptive", track_depth: bool = False
) -> Ends:
    """Open a ring for any number of pushing and pulling threads; arguments and results as of spsc()."""
    return _open(lib.PP_MPMC, capacity, item, name, spin, track_depth)
