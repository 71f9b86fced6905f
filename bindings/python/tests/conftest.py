# SPDX-License-Identifier: MIT
"""What the tests share."""

from __future__ import annotations

import ctypes
import faulthandler
import os
import subprocess
import sys
import tempfile
import textwrap
import threading
from collections.abc import Callable, Iterator
from typing import Any

import hypothesis
import pytest

import pushpull

# The same examples in every run; HYPOTHESIS_PROFILE=search looks for new ones.
hypothesis.settings.register_profile("fixed", max_examples=60, deadline=None, derandomize=True, database=None)
hypothesis.settings.register_profile("search", max_examples=2000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))

# A test that takes this long hangs: the run ends, with the stacks of all threads.
HANG_S = int(os.environ.get("HANG_S", "120"))


@pytest.fixture(autouse=True)
def no_hang() -> Iterator[None]:
    faulthandler.dump_traceback_later(HANG_S, exit=True, file=sys.__stderr__)
    yield
    faulthandler.cancel_dump_traceback_later()


@pytest.fixture(params=["spsc", "mpmc"])
def opens(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """pushpull.spsc, pushpull.mpmc."""
    function: Callable[..., Any] = getattr(pushpull, request.param)
    return function


@pytest.fixture
def start() -> Iterator[Callable[..., Outcome]]:
    """Call a function in a thread; every one is joined when the test ends."""
    started: list[Outcome] = []

    def start(function: Callable[..., Any], *arguments: Any) -> Outcome:
        started.append(Outcome(function, arguments))
        return started[-1]

    yield start
    for outcome in started:
        outcome.thread.join(HANG_S)
        assert not outcome.thread.is_alive()


class Outcome:
    """What a call in a thread returns or raises."""

    def __init__(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        self.value: Any = None
        self.error: BaseException | None = None
        self.thread = threading.Thread(target=self._run, args=(function, arguments), daemon=True)
        self.thread.start()

    def _run(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        try:
            self.value = function(*arguments)
        except BaseException as error:
            self.error = error

    def result(self) -> Any:
        self.thread.join(HANG_S)
        assert not self.thread.is_alive()
        if self.error is not None:
            raise self.error
        return self.value


@pytest.fixture(scope="session")
def library() -> ctypes.CDLL:
    """The C library, the copy of it that the package has loaded."""
    return ctypes.CDLL("libpushpull.so.0")


@pytest.fixture
def open_rings(library: ctypes.CDLL) -> Callable[[str], int]:
    """How many rings of a name are open in the process."""

    def count(name: str) -> int:
        with tempfile.TemporaryFile() as file:
            assert library.pp_dump(file.fileno()) == 0
            file.seek(0)
            return sum(line.split()[1] == name.encode() for line in file)

    return count


@pytest.fixture
def child() -> Callable[[str], subprocess.Popen[str]]:
    """Start a Python program, with its output in a pipe."""

    def start(program: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-P", "-X", "faulthandler", "-c", textwrap.dedent(program)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return start


@pytest.fixture
def asleep() -> Callable[[Callable[[], int]], None]:
    """Wait until a thread sleeps in a call: asleep(lambda: rx.stats().pullers_parked)."""

    def wait(count: Callable[[], int], want: int = 1) -> None:
        while count() < want:
            threading.Event().wait(0.001)

    return wait
