# SPDX-License-Identifier: MIT
"""Nothing is left behind: references, objects, rings, descriptors."""

import asyncio
import gc
import os
import sys
import tracemalloc

import pytest

import pushpull


def cycle(opens, name):
    """Everything once, failures too."""
    tx, rx = opens(4, 8, name=name)
    item, batch, target = bytes(8), bytearray(24), bytearray(32)
    tx.push(item)
    tx.push_n(batch)
    for call in (lambda: tx.push(item, 0), lambda: tx.try_push(item), lambda: tx.push(b"short"), lambda: tx.push(None)):
        with pytest.raises((pushpull.Full, ValueError, TypeError)):
            call()
    rx.pull_n_into(target)
    for call in (rx.try_pull, lambda: rx.pull(0.001), lambda: rx.pull_n_into(b"readonly")):
        with pytest.raises((pushpull.Empty, BufferError)):
            call()
    pushpull.select([tx.case(item), None])
    pushpull.select([rx.case()])

    async def tasks():
        await tx.put(item)
        await rx.get()
        waiting = [asyncio.create_task(rx.get()) for _ in range(2)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        await tx.put(item)
        await waiting[1]

    asyncio.run(tasks())
    if tx.kind == "mpmc":
        more = tx.clone()
        del more
    again = pushpull.PushEnd.from_address(tx.detach(), take=True)
    again.close()
    assert list(rx) == []
    return item, batch, target


def open_files():
    return len(os.listdir("/proc/self/fd"))


def test_rings_and_descriptors(opens, open_rings):
    name = f"leaks-{opens.__name__}"
    cycle(opens, name)
    gc.collect()
    before = open_files()
    for _ in range(20):
        cycle(opens, name)
    gc.collect()
    assert open_rings(name) == 0
    assert open_files() == before


def test_without_the_collector(opens, open_rings):
    """Ends are not in cycles: a ring is gone as soon as nobody has it."""
    name = f"cycles-{opens.__name__}"
    gc.disable()
    try:
        tx, rx = opens(4, 8, name=name)
        tx.push(bytes(8))
        rx.pull()

        async def wait():
            task = asyncio.create_task(rx.get())
            await asyncio.sleep(0)
            tx.push(bytes(8))
            await task

        asyncio.run(wait())
        assert open_rings(name) == 1
        del tx, rx
        wait = None
        assert open_rings(name) == 0
    finally:
        gc.enable()


def test_references_of_what_is_passed(opens):
    things = cycle(opens, "references")
    for thing in things:  # this name, the tuple, the argument
        assert sys.getrefcount(thing) == 3
    things[1].clear()  # no buffer is held
    things[2].clear()


def test_objects_and_memory(opens):
    for _ in range(3):
        cycle(opens, "memory")
    gc.collect()
    objects = len(gc.get_objects())
    tracemalloc.start()
    cycle(opens, "memory")
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(50):
        cycle(opens, "memory")
    gc.collect()
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert len(gc.get_objects()) <= objects + 20
    assert after - before < 50 * 200  # less than the least object for each time


def test_many_items(opens):
    """No memory for each item that is pulled or pushed stays."""
    tx, rx = opens(64, 100)
    item = bytes(100)
    references = sys.getrefcount(item)

    def turn(count):
        for _ in range(count):
            tx.push(item)
            rx.pull()
            tx.push_n(bytearray(300))
            rx.pull_n(5)

    turn(10)
    tracemalloc.start()
    turn(10)
    before = tracemalloc.get_traced_memory()[0]
    turn(1000)
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert after - before < 50_000
    assert sys.getrefcount(item) == references
