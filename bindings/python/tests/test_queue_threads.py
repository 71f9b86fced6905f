# SPDX-License-Identifier: MIT
"""pushpull.Queue between threads: who waits, who wakes, and what a shutdown does to those who wait.

No test here measures time. A wait that must end is joined with a limit that only a hang reaches.
"""

from __future__ import annotations

import collections
import contextlib
import random
import sys
import threading
import time
from typing import Any, Callable, Iterator

import pushpull
import pytest
from pushpull import Queue, ShutDown, rendezvous

LIMIT = 60


class Caller(threading.Thread):
    """Runs `call` in a thread and keeps what it gives or raises."""

    def __init__(self, call: Callable[[], Any]) -> None:
        super().__init__(daemon=True)
        self.call = call
        self.result: Any = None
        self.start()

    def run(self) -> None:
        try:
            self.result = self.call()
        except BaseException as error:
            self.result = error

    def outcome(self) -> Any:
        self.join(LIMIT)
        assert not self.is_alive(), "hangs"
        return self.result


def let_them_block() -> None:
    """Give threads the time to fall asleep. The tests hold if they do not: they just see less."""
    time.sleep(0.02)


def full_queue(maxsize: int = 2) -> Queue[Any]:
    q: Queue[Any] = Queue(maxsize)
    for i in range(maxsize):
        q.put(i)
    return q


@pytest.mark.parametrize("timeout", [None, LIMIT])
def test_a_get_waits_for_a_put(timeout: float | None) -> None:
    q: Queue[str] = Queue(2)
    getter = Caller(lambda: q.get(timeout=timeout))
    let_them_block()
    assert getter.is_alive()
    q.put("item")
    assert getter.outcome() == "item"


@pytest.mark.parametrize("timeout", [None, LIMIT])
def test_a_put_waits_for_a_get(timeout: float | None) -> None:
    q = full_queue()
    putter = Caller(lambda: q.put(2, timeout=timeout))
    let_them_block()
    assert putter.is_alive()
    assert q.get() == 0
    assert putter.outcome() is None
    assert [q.get(), q.get()] == [1, 2]


def test_a_rendezvous_hands_over() -> None:
    q: Queue[int] = rendezvous()
    putter = Caller(lambda: q.put(1))
    let_them_block()
    assert putter.is_alive() and q.qsize() == 0
    assert q.get() == 1
    assert putter.outcome() is None
    getter = Caller(q.get)
    while True:  # until the getter waits in the queue
        with contextlib.suppress(pushpull.Full):
            q.put_nowait(2)
            break
    assert getter.outcome() == 2


def test_nowait_does_not_wait() -> None:
    """Seen by the GIL: who waits lets go of it, and then the other thread runs."""
    q = full_queue()
    ended: Queue[int] = Queue(1)
    ran: list[bool] = []
    lock = threading.Lock()
    old = sys.getswitchinterval()
    with lock:
        other = Caller(lambda: (lock.acquire(), ran.append(True)))
        let_them_block()
        sys.setswitchinterval(LIMIT)
    try:  # the other thread has the lock, and needs only the GIL
        for _ in range(100):
            with contextlib.suppress(pushpull.Full):
                q.put_nowait(0)
            with contextlib.suppress(pushpull.Full):
                q.put(0, block=False)
            with contextlib.suppress(pushpull.Empty):
                ended.get_nowait()
            with contextlib.suppress(pushpull.Empty):
                ended.get(False)
        assert not ran
    finally:
        sys.setswitchinterval(old)
    other.outcome()


@pytest.mark.parametrize("immediate", [False, True])
def test_shutdown_wakes_getters(immediate: bool) -> None:
    for q in (Queue[int](2), rendezvous()):
        getters = [Caller(q.get), Caller(lambda q=q: q.get(timeout=LIMIT)), Caller(lambda q=q: list(q))]
        let_them_block()
        q.shutdown(immediate)
        outcomes = [getter.outcome() for getter in getters]
        assert [type(outcome) for outcome in outcomes[:2]] == [ShutDown, ShutDown]
        assert outcomes[2] == []


@pytest.mark.parametrize("immediate", [False, True])
def test_shutdown_wakes_putters(immediate: bool) -> None:
    for q in (full_queue(), rendezvous()):
        putters = [Caller(lambda q=q: q.put(9)), Caller(lambda q=q: q.put(9, timeout=LIMIT))]
        let_them_block()
        q.shutdown(immediate)
        assert [type(putter.outcome()) for putter in putters] == [ShutDown, ShutDown]
        assert q.unfinished_tasks == (0 if immediate else q.maxsize)


def test_shutdown_at_once_ends_a_join() -> None:
    q = full_queue()
    joiners = [Caller(q.join), Caller(q.join)]
    let_them_block()
    assert all(joiner.is_alive() for joiner in joiners)
    q.shutdown(immediate=True)
    assert [joiner.outcome() for joiner in joiners] == [None, None]


def test_join_waits_for_what_was_gotten() -> None:
    q = full_queue()
    q.get()
    joiner = Caller(q.join)
    q.shutdown(immediate=True)  # takes the other one
    let_them_block()
    assert joiner.is_alive()
    q.task_done()
    assert joiner.outcome() is None


def test_join_waits_for_every_task() -> None:
    q = full_queue(3)
    joiner = Caller(q.join)
    for _ in range(3):
        let_them_block()
        assert joiner.is_alive()
        q.get()
        q.task_done()
    assert joiner.outcome() is None
    assert not q._joiners


def test_a_put_that_fails_ends_a_join() -> None:
    """A put in progress counts; a rendezvous makes it one that lasts."""
    q: Queue[int] = rendezvous()
    putter = Caller(lambda: q.put(1))
    while q.unfinished_tasks == 0:
        time.sleep(0)
    joiner = Caller(q.join)
    let_them_block()
    q.shutdown()
    assert isinstance(putter.outcome(), ShutDown)
    assert joiner.outcome() is None


def producers_and_consumers(q: Queue[Any], producers: int, consumers: int, count: int) -> list[list[Any]]:
    """Each producer puts (who, 0 ... count - 1). What each consumer got, in its order."""

    def produce(who: int) -> None:
        for i in range(count):
            q.put((who, i))

    def consume() -> list[Any]:
        got = []
        for item in q:
            got.append(item)
            q.task_done()
        return got

    takers = [Caller(consume) for _ in range(consumers)]
    givers = [Caller(lambda who=who: produce(who)) for who in range(producers)]
    assert [giver.outcome() for giver in givers] == [None] * producers
    assert Caller(q.join).outcome() is None
    q.shutdown()
    return [taker.outcome() for taker in takers]


@pytest.mark.parametrize("maxsize", [0, 1, 2, 7, 64])
@pytest.mark.parametrize(("producers", "consumers"), [(1, 1), (4, 4), (1, 5), (5, 1)])
def test_every_item_once_and_in_order(maxsize: int, producers: int, consumers: int) -> None:
    count = (400 if maxsize < 2 else 4000) // producers
    q: Queue[Any] = Queue(maxsize) if maxsize else rendezvous()
    got = producers_and_consumers(q, producers, consumers, count)
    for mine in got:
        for who in range(producers):
            order = [i for p, i in mine if p == who]
            assert order == sorted(order)
    assert collections.Counter(item for mine in got for item in mine) == collections.Counter(
        (who, i) for who in range(producers) for i in range(count)
    )
    assert q.unfinished_tasks == 0


def attempts(seed: int, count: int) -> Iterator[tuple[bool, float | None]]:
    """Ways to call put and get: (block, timeout)."""
    choose = random.Random(seed)
    for _ in range(count):
        yield choose.choice([(True, None), (False, None), (True, 0), (True, 1e-5), (True, 1e-3)])


@pytest.mark.parametrize("maxsize", [0, 1, 3])
def test_timeouts_lose_nothing(maxsize: int) -> None:
    """Every way to call put and get at random: what was put is gotten, and what failed is not."""
    q: Queue[Any] = Queue(maxsize) if maxsize else rendezvous()

    def produce(who: int) -> list[Any]:
        done = []
        for i, (block, timeout) in enumerate(attempts(who, 600)):
            with contextlib.suppress(pushpull.Full):
                q.put((who, i), block, timeout)
                done.append((who, i))
        return done

    def consume(who: int) -> list[Any]:
        got: list[Any] = []
        while True:
            for block, timeout in attempts(who, 100):
                try:
                    got.append(q.get(block, timeout))
                except pushpull.Empty:
                    pass
                except ShutDown:
                    return got

    takers = [Caller(lambda who=who: consume(who)) for who in range(3)]
    givers = [Caller(lambda who=who: produce(who)) for who in range(3)]
    put = [item for giver in givers for item in giver.outcome()]
    q.shutdown()
    got = [item for taker in takers for item in taker.outcome()]
    assert sorted(put) == sorted(got)


@pytest.mark.parametrize("immediate", [False, True])
@pytest.mark.parametrize("maxsize", [0, 1, 4])
def test_shutdown_in_the_middle(immediate: bool, maxsize: int) -> None:
    """A shutdown that races puts, gets and task_done(): each item is gotten, or it was thrown away."""
    for turn in range(40):
        q: Queue[Any] = Queue(maxsize) if maxsize else rendezvous()
        # The threads, and then the end, each after a while of its own.
        threads = [Caller(lambda who=who: put_until_the_end(q, who)) for who in range(2)]
        threads += [Caller(lambda: get_until_the_end(q)) for _ in range(2)]
        time.sleep(turn % 8 * 1e-4)
        q.shutdown(immediate)
        outcomes = [thread.outcome() for thread in threads]
        put = [item for outcome in outcomes[:2] for item in outcome]
        got = [item for outcome in outcomes[2:] for item in outcome]
        assert len(set(got)) == len(got)
        if immediate:
            assert set(got) <= set(put)
        else:
            assert sorted(got) == sorted(put)
        assert q.unfinished_tasks == 0
        assert Caller(q.join).outcome() is None


def put_until_the_end(q: Queue[Any], who: int) -> list[Any]:
    put: list[Any] = []
    while True:
        try:
            q.put((who, len(put)))
        except ShutDown:
            return put
        put.append((who, len(put)))


def get_until_the_end(q: Queue[Any]) -> list[Any]:
    got = []
    for item in q:
        got.append(item)
        q.task_done()
    return got


def test_joiners_come_and_go() -> None:
    """join() while others put and finish tasks: it always returns when the last task is done."""
    q: Queue[int] = Queue(3)

    def work() -> None:
        for _ in q:
            q.task_done()

    def feed() -> None:
        for i in range(300):
            q.put(i)
            q.join()

    workers = [Caller(work) for _ in range(2)]
    feeders = [Caller(feed) for _ in range(3)]
    assert [feeder.outcome() for feeder in feeders] == [None] * 3
    q.shutdown()
    assert [worker.outcome() for worker in workers] == [None] * 2
    assert not q._joiners
