# SPDX-License-Identifier: MIT
"""Ctrl-C and other signals end a wait of the main thread, and of no other."""

import os
import signal
import subprocess
import threading

import pytest

import pushpull

WAITS = {
    "pull": "rx.pull()",
    "pull_timeout": "rx.pull(1000)",
    "pull_into": "rx.pull_into(bytearray(1))",
    "pull_n": "rx.pull_n(5)",
    "pull_n_into": "rx.pull_n_into(bytearray(5), 5)",
    "for": "[item for item in rx]",
    "push": "[tx.push(b'a') for _ in range(100)]",
    "push_n": "tx.push_n(bytes(100))",
    "select": "pushpull.select([rx.case()])",
    "get": "asyncio.run(get())",
}


@pytest.mark.parametrize("capacity", [0, 3])
@pytest.mark.parametrize("wait", WAITS)
def test_ctrl_c(child, wait, capacity):
    process = child(f"""
        import asyncio, sys, threading, pushpull
        tx, rx = pushpull.mpmc({capacity}, 1)
        async def get():
            await rx.get()
        def tell():
            stats = rx.stats()
            while "{wait}" != "get" and not (stats.pullers_parked or stats.pushers_parked):
                stats = rx.stats()
            print("asleep", flush=True)
        threading.Thread(target=tell, daemon=True).start()
        try:
            {WAITS[wait]}
        except KeyboardInterrupt:
            print("interrupted", rx.stats().pullers_parked)
    """)
    assert process.stdout.readline() == "asleep\n"
    process.send_signal(signal.SIGINT)
    if wait == "get":  # it may have come before the loop was there to catch it
        process.communicate(timeout=60)
        return
    assert process.communicate(timeout=60)[0] == "interrupted 0\n"
    assert process.returncode == 0


@pytest.fixture
def handled():
    """How often SIGUSR1 was handled; the handler raises what is in the list `raises`."""

    class Handled(list):
        raises: list = []

    seen = Handled()
    seen.raises = []

    def handler(number, frame):
        seen.append(threading.current_thread())
        if seen.raises:
            raise seen.raises[0]

    old = signal.signal(signal.SIGUSR1, handler)
    yield seen
    signal.signal(signal.SIGUSR1, old)


def test_a_handler_runs_and_the_wait_goes_on(opens, start, asleep, handled):
    tx, rx = opens(2, 1)

    def disturb():
        for wanted in range(1, 4):
            asleep(lambda: tx.stats().pullers_parked)
            os.kill(os.getpid(), signal.SIGUSR1)
            asleep(lambda: len(handled), wanted)
        tx.push(b"a")

    disturbing = start(disturb)
    assert rx.pull() == b"a"
    disturbing.result()
    assert handled == [threading.main_thread()] * 3


def test_a_timeout_counts_from_the_start(opens, start, handled):
    """Signals do not lengthen a wait: with a new deadline after each it would never end."""
    tx, rx = opens(2, 1)
    over = threading.Event()

    def disturb():
        while not over.wait(0.005):
            os.kill(os.getpid(), signal.SIGUSR1)

    disturbing = start(disturb)
    with pytest.raises(pushpull.Empty):
        rx.pull(0.2)
    with pytest.raises(pushpull.Empty):
        rx.pull_n_into(bytearray(2), 2, 0.2)
    tx.push_n(b"ab")
    with pytest.raises(pushpull.Full):
        tx.push(b"c", 0.2)
    with pytest.raises(pushpull.NotReady):
        pushpull.select([tx.case(b"c")], 0.2)
    over.set()
    disturbing.result()
    assert handled


def test_a_batch_goes_on_where_it_was(opens, start, handled):
    tx, rx = opens(3, 2)
    over = threading.Event()
    batch = b"".join(n.to_bytes(2, "big") for n in range(400))

    def disturb():
        while not over.wait(0.0005):
            os.kill(os.getpid(), signal.SIGUSR1)

    def consume():  # slowly: most signals come while the batch is half-way
        return b"".join(rx.pull() for _ in range(400) if not over.wait(0.001))

    disturbing, consuming = start(disturb), start(consume)
    for begin in range(0, 800, 200):
        assert tx.push_n(batch[begin : begin + 200]) == 100
    assert consuming.result() == batch
    producing = start(lambda: [tx.push(batch[i : i + 2]) or over.wait(0.001) for i in range(0, 800, 2)])
    target = bytearray(800)
    assert rx.pull_n_into(target, 400) == 400
    assert target == batch
    over.set()
    producing.result()
    disturbing.result()
    assert handled


def test_an_exception_of_a_handler_ends_the_wait(opens, start, asleep, handled):
    tx, rx = opens(1, 1)
    handled.raises.append(KeyError("mine"))
    for wait in (rx.pull, lambda: rx.pull_n(3), lambda: pushpull.select([rx.case()])):
        start(lambda: asleep(lambda: tx.stats().pullers_parked) or os.kill(os.getpid(), signal.SIGUSR1))
        with pytest.raises(KeyError, match="mine"):
            wait()
    tx.push(b"a")
    assert rx.pull() == b"a"


def test_a_signal_that_the_wait_does_not_notice(opens, start, asleep, handled):
    """One that another thread receives, as one that comes just before the thread sleeps: the main
    thread finds out by itself."""
    tx, rx = opens(1, 1)
    handled.raises.append(KeyError("mine"))
    for wait in (rx.pull, lambda: rx.pull_n(3), lambda: pushpull.select([rx.case()])):
        start(
            lambda: asleep(lambda: tx.stats().pullers_parked)
            or signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)
        )
        with pytest.raises(KeyError, match="mine"):
            wait()


def test_a_wait_of_another_thread_goes_on(opens, start, asleep, handled):
    tx, rx = opens(1, 1)
    for wait, want in ((rx.pull, b"a"), (lambda: rx.pull_n(3), b"a"), (lambda: pushpull.select([rx.case()]), (0, b"a"))):
        pull = start(wait)
        asleep(lambda: tx.stats().pullers_parked)
        before = len(handled)
        for _ in range(5):
            signal.pthread_kill(pull.thread.ident, signal.SIGUSR1)
            asleep(lambda: len(handled), before + 1)
            asleep(lambda: tx.stats().pullers_parked)
            before = len(handled)
        tx.push(b"a")
        assert pull.result() == want
    assert set(handled) == {threading.main_thread()}


def test_signals_at_any_moment(child):
    """Many, in the window before the sleep too: each ends the wait that it meets."""
    process = child("""
        import os, random, signal, threading, time, pushpull
        tx, rx = pushpull.mpmc(1, 1)
        waits, met = threading.Semaphore(0), 0
        def disturb():
            randomness = random.Random(1)
            while True:
                waits.acquire()
                for _ in range(randomness.randrange(200)):
                    pass
                os.kill(os.getpid(), signal.SIGINT)
        threading.Thread(target=disturb, daemon=True).start()
        for _ in range(1000):
            try:
                waits.release()
                rx.pull()
            except KeyboardInterrupt:
                met += 1
        print(met)
    """)
    try:
        assert process.communicate(timeout=100)[0] == "1000\n"
    except subprocess.TimeoutExpired:
        process.kill()
        raise
