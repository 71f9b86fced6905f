# SPDX-License-Identifier: MIT
"""Bounded queues between threads, with backpressure: libpushpull for Python.

A ring holds items of a fixed size, bytes or NumPy records, and has two ends: spsc() and mpmc() open
one and return a PushEnd and a PullEnd.  C code can have the other end.  Queue holds Python objects
and has the interface of queue.Queue.
"""

from ._end import End, Stats
from ._errors import (
    Closed,
    Empty,
    EndOfStream,
    Error,
    ForkedError,
    Full,
    NotReady,
    ReceiverGone,
    ShutDown,
    TwoThreads,
)
from ._ffi import ffi as _ffi
from ._ffi import lib as _lib
from ._pull import PullEnd
from ._push import PushEnd
from ._queue import Queue, rendezvous
from ._ring import mpmc, spsc
from ._select import Case, select

__all__ = [
    "Case",
    "Closed",
    "Empty",
    "End",
    "EndOfStream",
    "Error",
    "ForkedError",
    "Full",
    "NotReady",
    "PullEnd",
    "PushEnd",
    "Queue",
    "ReceiverGone",
    "ShutDown",
    "Stats",
    "TwoThreads",
    "library_version",
    "mpmc",
    "rendezvous",
    "select",
    "spsc",
]


def library_version() -> str:
    """The version of the C library that is loaded."""
    version: str = _ffi.string(_lib.pp_version()).decode()
    return version
