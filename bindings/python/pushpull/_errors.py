# SPDX-License-Identifier: MIT
"""The exceptions of the package."""

from __future__ import annotations

import queue
import sys

__all__ = [
    "Closed",
    "Empty",
    "EndOfStream",
    "Error",
    "ForkedError",
    "Full",
    "NotReady",
    "ReceiverGone",
    "ShutDown",
    "TwoThreads",
]


class Error(Exception):
    """The base of every exception of this package."""

    index: int | None = None
    """Of select(): which case it was whose ring has ended."""


class Full(Error, queue.Full):
    """Nothing was pushed: there was no room, at once or within the timeout."""


class Empty(Error, queue.Empty):
    """Nothing was pulled: there was no item, at once or within the timeout."""


class NotReady(Error, TimeoutError):
    """No case of a select could go ahead: at once, or within the timeout."""


class EndOfStream(Error, EOFError):
    """A pull found the ring closed and drained: there will be no more items."""


class ReceiverGone(Error, BrokenPipeError):
    """A push found that nobody pulls any more: the ring was cancelled."""


class Closed(Error, ValueError):
    """This side of the ring has ended, or this end was let go."""


class ForkedError(Error, RuntimeError):
    """The ring is the parent's: a forked child cannot use it."""


class TwoThreads(Error, RuntimeError):
    """Two threads used the same end of a ring for one thread (SPSC) at once."""


if sys.version_info >= (3, 13):

    class ShutDown(Error, queue.ShutDown):
        """The queue was shut down."""

else:

    class ShutDown(Error):
        """The queue was shut down."""
