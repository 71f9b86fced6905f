# SPDX-License-Identifier: MIT
"""Results of the C library as exceptions, and timeouts as its deadlines."""

from __future__ import annotations

import errno
import os
import threading
import time

from ._errors import Closed, Empty, EndOfStream, Error, ForkedError, Full, ReceiverGone, TwoThreads
from ._ffi import lib

FOREVER = lib.PP_FOREVER

# The main thread looks every now and then whether a signal came in a moment when the library could
# not notice: most likely in the first moments of a wait, so these looks come soon, later ones not
# so soon.  At capacity 0, where who looks goes to the end of the line, they become rare.
SLICE_NS = 1_000_000
LONGEST_SLICE_NS = 100_000_000
LONGEST_SLICE_IN_LINE_NS = 1_600_000_000

# More seconds than this are for ever: about 142 years.
_ENDLESS = 2.0**62 / 1e9


def deadline(timeout: float | None) -> int:
    """The moment, for the library, that is `timeout` seconds from now; None is for ever."""
    if timeout is None:
        return FOREVER
    if not timeout >= 0:  # NaN too
        raise ValueError("'timeout' must be a non-negative number")
    if timeout > _ENDLESS:
        return FOREVER
    return time.monotonic_ns() + int(timeout * 1e9)


_TEXTS: dict[int, tuple[type[Error], str]] = {
    -errno.ESHUTDOWN: (Closed, "this side of the ring has ended"),
    -errno.EBUSY: (Error, "a slot of this end is open in C"),
    lib.PPY_RELEASED: (Closed, "this end was let go"),
    lib.PPY_FORKED: (ForkedError, "the ring belongs to the parent process: open another one after the fork"),
    lib.PPY_TWO_THREADS: (
        TwoThreads,
        "used by two threads at once: an end of an SPSC ring serves one thread at a time",
    ),
    lib.PPY_IN_USE: (TwoThreads, "a call on this end is under way"),
}

_PUSH_TEXTS: dict[int, tuple[type[Error], str]] = {
    -errno.EAGAIN: (Full, "no room now"),
    -errno.ETIMEDOUT: (Full, "no room within the timeout"),
    -errno.EPIPE: (ReceiverGone, "nobody pulls any more"),
}

_PULL_TEXTS: dict[int, tuple[type[Error], str]] = {
    -errno.EAGAIN: (Empty, "no item now"),
    -errno.ETIMEDOUT: (Empty, "no item within the timeout"),
    -errno.EPIPE: (EndOfStream, "the ring is closed and drained"),
}


def failure(code: int, pushes: bool) -> Exception:
    """The exception for a negative result of an operation of a push end, or of a pull end."""
    found = (_PUSH_TEXTS if pushes else _PULL_TEXTS).get(code) or _TEXTS.get(code)
    if found is not None:
        return found[0](found[1])
    if code == -errno.ENOMEM:
        return MemoryError()
    if code == -errno.EINVAL:
        return ValueError("an argument is wrong")
    return OSError(-code, os.strerror(-code))


def check(code: int, pushes: bool = True) -> int:
    """The result itself, if it is none of failure."""
    if code < 0:
        raise failure(code, pushes)
    return code


# Python counts as main the thread that imports it; after a fork the glue knows it by itself.
check(lib.ppy_start(threading.main_thread().ident or 0))
