# SPDX-License-Identifier: MIT
"""Signals, fork and exit: what a queue of objects owes to the process around it.

What can take a process down, or hang it, runs in one of its own.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import threading
import time
from typing import Any, Callable, Iterator

import pytest
from pushpull import Queue, rendezvous

LIMIT = 60

PRELUDE = """
import os, queue, signal, sys, threading, time
import pushpull
from pushpull import Queue, rendezvous

class Loud:
    def __init__(self, name): self.name = name
    def __del__(self): os.write(1, f"{self.name} is gone\\n".encode())
"""


def run_child(code: str) -> str:
    """Run `code` in a fresh interpreter. Its output; it must end by itself, with 0 and without a complaint."""
    child = subprocess.run(
        [sys.executable, "-X", "dev", "-c", PRELUDE + textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    assert (child.returncode, child.stderr) == (0, "")
    return child.stdout


# ---- Signals


class Interrupted(Exception):
    pass


@pytest.fixture
def interrupts() -> Iterator[Callable[[float], None]]:
    """interrupts(delay): this thread gets a signal after so many seconds; the handler raises Interrupted."""

    def handler(number: int, frame: Any) -> None:
        raise Interrupted

    main = threading.get_ident()
    threads: list[threading.Thread] = []

    def later(delay: float) -> None:
        def kill() -> None:
            time.sleep(delay)
            signal.pthread_kill(main, signal.SIGUSR1)

        threads.append(threading.Thread(target=kill))
        threads[-1].start()

    old = signal.signal(signal.SIGUSR1, handler)
    yield later
    for thread in threads:
        thread.join(LIMIT)
    signal.signal(signal.SIGUSR1, old)


def blocking_calls() -> list[Any]:
    full: Queue[Any] = Queue(1)
    full.put(None)
    empty: Queue[Any] = Queue(1)
    nobody: Queue[Any] = rendezvous()
    return [
        pytest.param(full.put, id="put"),
        pytest.param(lambda item: full.put(item, timeout=LIMIT), id="put with a timeout"),
        pytest.param(lambda item: empty.get(), id="get"),
        pytest.param(lambda item: empty.get(timeout=LIMIT), id="get with a timeout"),
        pytest.param(lambda item: next(empty), id="iteration"),
        pytest.param(nobody.put, id="put to nobody"),
        pytest.param(lambda item: nobody.get(), id="get from nobody"),
        pytest.param(lambda item: full.join(), id="join"),
    ]


@pytest.mark.parametrize("call", blocking_calls())
def test_a_signal_ends_a_wait(call: Any, interrupts: Callable[[float], None]) -> None:
    """At once, for every way to block; also a signal that comes while the call is on its way to sleep."""
    item = object()
    references = sys.getrefcount(item)
    for delay in [0.03] + [turn * 4e-6 for turn in range(25)]:
        with pytest.raises(Interrupted):
            interrupts(delay)
            call(item)
    assert sys.getrefcount(item) == references


def test_a_handler_that_returns_ends_no_wait() -> None:
    output = run_child(
        """
        seen = []
        signal.signal(signal.SIGUSR1, lambda number, frame: seen.append(number))
        q, main = Queue(1), threading.get_ident()
        def other():
            for _ in range(5):
                time.sleep(0.01)
                signal.pthread_kill(main, signal.SIGUSR1)
            while len(seen) == 0:
                time.sleep(0.01)
            q.put("item")
        threading.Thread(target=other).start()
        print(q.get(), len(seen) > 0)
        """
    )
    assert output == "item True\n"


def test_a_handler_may_fork() -> None:
    """The child is in the middle of the wait of its parent, and must not go on with it."""
    output = run_child(
        """
        def handler(number, frame):
            if os.fork() != 0:
                assert os.wait()[1] == 0
                q.put("item")
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        q = Queue(1)
        try:
            print("parent got", q.get(), flush=True)
        except pushpull.ForkedError:
            print("child is refused", flush=True)
            os._exit(0)
        """
    )
    assert output == "child is refused\nparent got item\n"


def test_control_c_ends_the_program() -> None:
    """KeyboardInterrupt as anywhere else, with other threads blocked as well."""
    output = run_child(
        """
        q = Queue(1)
        threading.Thread(target=q.get, daemon=True).start()
        threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
        try:
            q.get()
        except KeyboardInterrupt:
            print("interrupted")
        """
    )
    assert output == "interrupted\n"


# ---- fork


def test_a_forked_child_is_refused() -> None:
    output = run_child(
        """
        q, other = Queue(2), rendezvous()
        q.put(item := object())
        blocked = [threading.Thread(target=lambda: print("parent got", other.get(), flush=True))]
        blocked[0].start()
        time.sleep(0.02)
        calls = [q.get, q.get_nowait, lambda: q.put(1), lambda: q.put_nowait(1), lambda: q.get(timeout=1), q.qsize,
                 q.empty, q.full, q.task_done, q.join, q.shutdown, lambda: q.shutdown(True), lambda: next(q),
                 lambda: q.maxsize, lambda: q.unfinished_tasks, lambda: q.is_shutdown, q._get_arm, q._put_arm,
                 q._get_fileno, q._put_fileno, other.get, lambda: other.put(1)]
        if os.fork() == 0:
            for call in calls:
                try:
                    call()
                except pushpull.ForkedError as error:
                    assert "made before fork" in str(error)
                else:
                    os._exit(1)
            assert "made before fork" in repr(q)
            fresh = Queue(1)
            fresh.put("new")
            assert fresh.get() == "new"
            references = sys.getrefcount(item)
            del q, other, calls, call, blocked
            assert sys.getrefcount(item) == references  # leaked, not freed: the ring is not ours
            print("child is done", flush=True)
            sys.exit(0)
        assert os.wait()[1] == 0
        other.put("this")
        blocked[0].join()
        assert q.get() is item
        """
    )
    assert output == "child is done\nparent got this\n"


def test_multiprocessing_by_fork() -> None:
    output = run_child(
        """
        import multiprocessing
        def child(report):
            try:
                q.get()
            except pushpull.ForkedError:
                report.send("refused")
        q = Queue(1)
        fork = multiprocessing.get_context("fork")
        receive, report = fork.Pipe()
        process = fork.Process(target=child, args=(report,))
        process.start()
        print(receive.recv())
        process.join()
        """
    )
    assert output == "refused\n"


# ---- Exit


def test_exit_with_threads_blocked() -> None:
    """Daemon threads asleep in every call do not keep the process, nor bring it down."""
    output = run_child(
        """
        full, empty, nobody = Queue(1), Queue(1), rendezvous()
        full.put(0)
        for call in (full.join, empty.get, nobody.get, lambda: full.put(1), lambda: nobody.put(1),
                     lambda: empty.get(timeout=60), lambda: list(empty)):
            for _ in range(3):
                threading.Thread(target=call, daemon=True).start()
        time.sleep(0.05)
        print("end")
        """
    )
    assert output == "end\n"


def test_exit_with_threads_at_work() -> None:
    for _ in range(3):
        output = run_child(
            """
            q = Queue(4)
            def give():
                while True:
                    q.put(object())
            def take():
                while True:
                    q.get()
            for call in (give, take, give, take):
                threading.Thread(target=call, daemon=True).start()
            time.sleep(0.02)
            print("end")
            """
        )
        assert output == "end\n"


def test_exit_drops_what_is_left() -> None:
    output = run_child(
        """
        q = Queue(4)
        q.put(Loud("first"))
        q.put(Loud("second"))
        print("end", flush=True)
        """
    )
    assert output == "end\nfirst is gone\nsecond is gone\n"


def test_shutdown_by_an_exit_handler() -> None:
    """The usual way to stop a pool: not daemons, and a queue that ends as the main thread does."""
    output = run_child(
        """
        q = Queue(4)
        worker = threading.Thread(target=lambda: print(sum(q)))
        worker.start()
        for i in range(10):
            q.put(i)
        threading._register_atexit(q.shutdown)
        """
    )
    assert output == "45\n"


def test_subinterpreters_have_their_own() -> None:
    interpreters = pytest.importorskip("_xxsubinterpreters")
    other = interpreters.create()
    code = "import sys; sys.path[:] = {!r}; from pushpull import Queue; q = Queue(2); q.put([1]); q.put(2); q.get()"
    interpreters.run_string(other, code.format(sys.path))
    interpreters.destroy(other)
    q: Queue[int] = Queue(1)
    q.put(1)
    assert q.get() == 1
