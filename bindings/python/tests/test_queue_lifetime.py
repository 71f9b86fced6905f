# SPDX-License-Identifier: MIT
"""References and garbage: an item is alive while a queue holds it, and no longer."""

from __future__ import annotations

import gc
import sys
import threading
import time
import weakref
from typing import Any, Callable

import pushpull
import pytest
from pushpull import Queue, rendezvous

LIMIT = 60

class Item:
    pass


def instances(kind: type) -> int:
    """How many there are. Weak references do not tell: the collector clears them before it frees."""
    gc.collect()
    return sum(type(each) is kind for each in gc.get_objects())


def references(call: Callable[[Item], None]) -> int:
    """How many references to an item `call` leaves behind."""
    item = Item()
    before = sys.getrefcount(item)
    call(item)
    return sys.getrefcount(item) - before


# ---- References


def test_the_reference_moves_with_the_item() -> None:
    q: Queue[Item] = Queue(4)
    item = Item()
    alone = sys.getrefcount(item)
    q.put(item)
    q.put(item)
    assert sys.getrefcount(item) == alone + 2
    assert q.get() is item
    assert sys.getrefcount(item) == alone + 1
    last = weakref.ref(item)
    del item
    assert last() is not None
    q.get()
    assert last() is None


def failing_put(q: Queue[Item], error: type[BaseException], **how: Any) -> Callable[[Item], None]:
    def call(item: Item) -> None:
        for _ in range(100):
            with pytest.raises(error):
                q.put(item, **how)
        # The last error holds a frame that holds the item.
        gc.collect()

    return call


def test_a_put_that_fails_keeps_no_reference() -> None:
    full: Queue[Any] = Queue(1)
    full.put(None)
    ended: Queue[Any] = Queue(1)
    ended.shutdown()
    assert references(failing_put(full, pushpull.Full, block=False)) == 0
    assert references(failing_put(full, pushpull.Full, timeout=0)) == 0
    assert references(failing_put(full, pushpull.Full, timeout=1e-5)) == 0
    assert references(failing_put(full, ValueError, timeout=-1)) == 0
    assert references(failing_put(rendezvous(), pushpull.Full, timeout=1e-5)) == 0
    assert references(failing_put(ended, pushpull.ShutDown)) == 0


def test_items_go_with_the_queue() -> None:
    q: Queue[Item] = Queue(8)

    def fill(item: Item) -> None:
        nonlocal q
        q = Queue(8)
        for _ in range(8):
            q.put(item)

    assert references(fill) == 8
    assert references(lambda item: (fill(item), q.shutdown())[0]) == 8
    assert references(lambda item: (fill(item), q.shutdown(immediate=True))[0]) == 0
    last = weakref.ref(item := Item())
    q = Queue(8)
    q.put(item)
    del item
    assert last() is not None
    del q
    assert last() is None


def test_a_blocked_put_gives_its_reference_back() -> None:
    item = Item()
    alone = sys.getrefcount(item)
    for immediate in (False, True):
        q: Queue[Any] = Queue(1)
        q.put(None)
        threads = [threading.Thread(target=swallow, args=(q.put, item)) for _ in range(4)]
        for thread in threads:
            thread.start()
        time.sleep(0.02)
        q.shutdown(immediate)
        for thread in threads:
            thread.join(LIMIT)
        del q, threads, thread
    assert sys.getrefcount(item) == alone


def swallow(call: Callable[..., Any], *args: Any) -> None:
    try:
        call(*args)
    except pushpull.Error:
        pass


def test_items_may_use_the_queue_as_they_go() -> None:
    """__del__() in the middle of a shutdown: the queue is ended, and still answers."""
    seen: list[Any] = []

    class Nosy:
        def __init__(self, number: int) -> None:
            self.number = number

        def __del__(self) -> None:
            seen.append((self.number, q.qsize(), q.is_shutdown))
            q.shutdown(immediate=True)
            swallow(q.put, self.__class__)

    q: Queue[Any] = Queue(3)
    for number in range(3):
        q.put(Nosy(number))
    q.shutdown(immediate=True)
    assert seen == [(0, 0, True), (1, 0, True), (2, 0, True)] and q.unfinished_tasks == 0


def test_queues_in_queues() -> None:
    """Freeing the outermost one frees all, without a stack that is as deep."""
    outer: Queue[Any] = Queue(1)
    last = weakref.ref(outer)
    for _ in range(20_000):
        inner, outer = outer, Queue(1)
        outer.put(inner)
    del inner, outer
    assert last() is None


@pytest.mark.parametrize("maxsize", [1, 3, 50])
def test_a_queue_that_holds_itself_is_garbage(maxsize: int) -> None:
    before = instances(Queue)
    q: Queue[Any] = Queue(maxsize)
    q.put(Item())
    q.get()
    q.put(q)
    assert instances(Queue) == before + 1
    del q
    assert instances(Queue) == before


def test_an_actor_whose_inbox_holds_its_own_message_is_garbage() -> None:
    class Actor:
        def __init__(self) -> None:
            self.inbox: Queue[Any] = Queue(8)
            self.inbox.put(lambda: self)
            self.inbox.put("other")

    actor = Actor()
    assert instances(Actor) == 1
    del actor
    assert instances(Actor) == 0


def test_a_queue_that_was_shut_down_holds_its_cycle_until_it_is_drained() -> None:
    """An ended ring is out of the collector's sight, as docs-queue.md says."""
    q: Queue[Any] = Queue(1)
    q.put(q)
    q.shutdown()
    last = weakref.ref(q)
    del q
    gc.collect()
    held = last()
    assert held is not None
    held.shutdown(immediate=True)
    del held
    assert last() is None


def test_the_collector_leaves_no_trace() -> None:
    q: Queue[Any] = Queue(4)
    items = [Item() for _ in range(4)]
    for turn in range(9):
        q.put(items[turn % 4])
        q.put(items[(turn + 1) % 4])
        gc.collect()
        seen = [each for each in gc.get_referents(q) if isinstance(each, Item)]
        assert seen == [items[turn % 4], items[(turn + 1) % 4]]
        assert q in gc.get_referrers(items[turn % 4])
        assert (q.qsize(), q.unfinished_tasks) == (2, 2 * turn + 2)
        assert [q.get(), q.get()] == [items[turn % 4], items[(turn + 1) % 4]]
    for item in items:
        q.put(item)
    gc.collect()
    assert q.full() and [q.get() for _ in items] == items


def test_collections_beside_threads_keep_the_order() -> None:
    q: Queue[list[int]] = Queue(5)
    count = 1000
    feeder = threading.Thread(target=lambda: [q.put([i]) for i in range(count)])
    stop = threading.Event()

    def collect() -> None:
        while not stop.is_set():
            gc.collect(0)
            gc.get_referents(q)

    collector = threading.Thread(target=collect)
    collector.start()
    feeder.start()
    got = [q.get() for _ in range(count)]
    stop.set()
    collector.join(LIMIT)
    feeder.join(LIMIT)
    assert got == [[i] for i in range(count)]


def test_nothing_is_left_of_many_queues() -> None:
    def one_life() -> None:
        q: Queue[Any] = Queue(4)
        for i in range(4):
            q.put([i])
        q.get()
        q.task_done()
        swallow(q.put_nowait, [5])
        swallow(q.put_nowait, [6])
        q.shutdown(immediate=True)
        swallow(q.get)
        q.join()

    one_life()
    before = len(gc.get_objects())
    types_before = sys.getrefcount(Queue)
    for _ in range(200):
        one_life()
    gc.collect()
    assert len(gc.get_objects()) - before < 20
    assert sys.getrefcount(Queue) - types_before < 20
