# SPDX-License-Identifier: MIT
"""A forked child gets an error from a ring of its parent, and never hangs or frees anything."""

import asyncio
import multiprocessing
import os
import signal
import threading
import traceback

import pytest

import pushpull

# From Python 3.12 on, of a process with threads.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


HANG_S = 60  # of a child


def in_child(function):
    """Run a function in a forked child; its exit status must be 0."""
    pid = os.fork()
    if pid == 0:
        watchdog = threading.Timer(HANG_S, os._exit, (1,))  # nobody else would end it
        watchdog.daemon = True
        watchdog.start()
        try:
            function()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def uses(tx, rx):
    """Every operation, by its name."""

    async def get_for(awaitable):
        await awaitable

    return {
        "push": lambda: tx.push(b"a"),
        "push timeout": lambda: tx.push(b"a", 1),
        "try_push": lambda: tx.try_push(b"a"),
        "push_n": lambda: tx.push_n(b"ab"),
        "try_push_n": lambda: tx.try_push_n(b"ab"),
        "put": lambda: asyncio.run(get_for(tx.put(b"a"))),
        "put_n": lambda: asyncio.run(get_for(tx.put_n(b"ab"))),
        "close": tx.close,
        "pull": rx.pull,
        "try_pull": rx.try_pull,
        "pull_into": lambda: rx.pull_into(bytearray(1)),
        "pull_n": lambda: rx.pull_n(1),
        "try_pull_n": lambda: rx.try_pull_n(1),
        "pull_n_into": lambda: rx.pull_n_into(bytearray(1)),
        "try_pull_n_into": lambda: rx.try_pull_n_into(bytearray(1)),
        "for": lambda: list(rx),
        "get": lambda: asyncio.run(get_for(rx.get())),
        "get_n": lambda: asyncio.run(get_for(rx.get_n(1))),
        "get_n_into": lambda: asyncio.run(get_for(rx.get_n_into(bytearray(1)))),
        "cancel": rx.cancel,
        "select": lambda: pushpull.select([rx.case()]),
        "select try": lambda: pushpull.select([tx.case(b"a"), rx.case()], timeout=0),
        "len": lambda: len(tx),
        "depth": lambda: rx.depth,
        "stats": rx.stats,
        "fileno": rx.fileno,
        "arm": tx.arm,
        "address": lambda: rx.address,
        "detach": tx.detach,
    }


@pytest.mark.parametrize("busy", [False, True])
def test_every_operation(opens, start, asleep, busy):
    tx, rx = opens(1, 1)
    if busy:  # a thread that the child does not have is in the middle of a call
        pull = start(rx.pull)
        asleep(lambda: tx.stats().pullers_parked)

    def child():
        for name, use in uses(tx, rx).items():
            with pytest.raises(pushpull.ForkedError, match="parent"):
                use()
                print(name)
        if tx.kind == "mpmc":
            for end in (tx, rx):
                with pytest.raises(pushpull.ForkedError):
                    end.clone()
        assert "of the parent" in repr(tx)
        assert tx.capacity == 1
        tx.release()
        rx.release()

    in_child(child)
    tx.push(b"a")
    assert (pull.result() if busy else rx.pull()) == b"a"


def test_letting_go_in_the_child_changes_nothing(opens):
    tx, rx = opens(1, 1)
    ends = [tx, rx]

    def child():
        nonlocal tx, rx
        with ends.pop(), ends.pop():
            pass
        del tx, rx

    in_child(child)
    tx.push(b"a")
    assert rx.pull() == b"a"
    assert not tx.stats().closed and not rx.stats().cancelled


def test_letting_go_in_the_child_frees_nothing(opens):
    """The descriptors are those of the parent too."""
    tx, rx = opens(1, 1)
    files = tx.fileno(), rx.fileno()
    ends = [tx, rx]

    def child():
        nonlocal tx, rx
        tx.release()
        ends.clear()
        del tx, rx
        for file in files:
            os.fstat(file)

    in_child(child)
    tx.push(b"a")
    assert rx.pull() == b"a"


def test_a_thread_that_forks_is_the_main_thread_of_the_child(opens, start):
    def child():
        def handler(number, frame):
            raise KeyError

        tx, rx = opens(1, 1)
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(KeyError):
            rx.pull()
        thread = threading.Thread(  # and one that looks for signals it cannot notice itself
            target=lambda: [tx.stats().pullers_parked or os.sched_yield() for _ in range(1000)]
            and signal.pthread_kill(threading.get_ident(), signal.SIGALRM)
        )
        thread.start()
        with pytest.raises(KeyError):
            rx.pull()
        thread.join()

    start(in_child, child).result()


def test_the_child_has_rings_of_its_own(opens):
    old = opens(1, 1)

    def grandchild(tx, rx):
        for end in (old[0], tx, rx):
            with pytest.raises(pushpull.ForkedError):
                len(end)

    def child():
        tx, rx = opens(1, 1)
        tx.push(b"a")
        assert rx.pull() == b"a"
        with pytest.raises(pushpull.Empty):
            rx.pull(0.15)  # its main thread is the one that forked
        in_child(lambda: grandchild(tx, rx))
        tx.push(b"a")

    in_child(child)


def test_a_task_that_waits(opens):
    """The child has a copy of a task of the parent's; to end it there touches nothing."""
    tx, rx = opens(1, 1)

    async def main():
        task = asyncio.ensure_future(rx.get())
        await asyncio.sleep(0)

        def child():
            asyncio.events._set_running_loop(None)
            task.cancel()
            task.get_coro().close()
            rx.release()

        in_child(child)
        tx.push(b"a")
        assert await task == b"a"

    asyncio.run(main())


def work(rx):
    try:
        rx.pull()
    except pushpull.ForkedError:
        os._exit(42)


def test_multiprocessing(opens):
    tx, rx = opens(1, 1)
    tx.push(b"a")
    process = multiprocessing.get_context("fork").Process(target=work, args=(rx,))
    process.start()
    process.join()
    assert process.exitcode == 42
    with pytest.raises(TypeError, match="process"):
        multiprocessing.get_context("spawn").Process(target=work, args=(rx,)).start()
    assert rx.pull() == b"a"
