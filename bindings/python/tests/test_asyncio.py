# SPDX-License-Identifier: MIT
"""Ends that tasks await: through the descriptor, in turn, and with nothing lost by a cancel."""

import asyncio
import gc
import random
import selectors
import threading

import pytest

import pushpull


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 100), debug=True)


async def settle(turns=5):
    """Let the other tasks run until they wait."""
    for _ in range(turns):
        await asyncio.sleep(0)


def readers():
    """Descriptors that the running loop watches, but for its own."""
    return len(asyncio.get_running_loop()._selector.get_map()) - 1


def test_a_stream_between_tasks(opens):
    async def main():
        tx, rx = opens(2, 2)

        async def produce():
            with tx:
                for n in range(100):
                    await tx.put(n.to_bytes(2, "big"))

        task = asyncio.create_task(produce())
        assert [int.from_bytes(item, "big") async for item in rx] == list(range(100))
        await task
        assert readers() == 0

    run(main())


@pytest.mark.parametrize("capacity", [0, 1, 8])
def test_a_thread_at_the_other_end(opens, start, capacity):
    tx, rx = opens(capacity, 2)

    def produce():
        with tx:
            for n in range(1000):
                tx.push(n.to_bytes(2, "big"))

    async def consume():
        return [int.from_bytes(item, "big") async for item in rx]

    producer = start(produce)
    assert run(consume()) == list(range(1000))
    producer.result()
    tx2, rx2 = opens(capacity, 2)

    async def put():
        with tx2:
            for n in range(1000):
                await tx2.put(n.to_bytes(2, "big"))

    consumer = start(lambda: [int.from_bytes(item, "big") for item in rx2])
    run(put())
    assert consumer.result() == list(range(1000))


def test_batches(opens):
    async def main():
        tx, rx = opens(3, 1)
        put = asyncio.create_task(tx.put_n(b"abcdefgh"))
        await settle()
        assert await rx.get_n(2) == b"ab"
        target = bytearray(8)
        taken = 0
        while taken < 6:
            taken += await rx.get_n_into(memoryview(target)[taken:])
        assert target == b"cdefgh\0\0"
        assert await put == 8
        assert await tx.put_n(b"") == 0
        late = asyncio.create_task(rx.get_n(5))
        await settle()
        tx.push_n(b"xy")
        assert await late == b"xy"
        with pytest.raises(ValueError):
            await rx.get_n(0)
        put = asyncio.create_task(tx.put_n(b"abcdefgh"))
        await settle()
        rx.cancel()
        assert await put == 3
        with pytest.raises(pushpull.ReceiverGone):
            await tx.put_n(b"a")

    run(main())


def test_records(opens):
    numpy = pytest.importorskip("numpy")

    async def main():
        tx, rx = opens(10, "<i4")
        await tx.put(7)
        assert await rx.get() == 7
        await tx.put_n(numpy.arange(5, dtype="<i4"))
        assert (await rx.get_n(9)).tolist() == [0, 1, 2, 3, 4]

    run(main())


def test_first_come_first_served(opens):
    async def main():
        tx, rx = opens(8, 1)
        served = []

        async def get(name):
            served.append((name, await rx.get()))

        tasks = [asyncio.create_task(get(i)) for i in range(5)]
        await settle()
        assert readers() == 1
        tx.push_n(b"abcde")
        await asyncio.gather(*tasks)
        assert served == [(i, b"abcde"[i : i + 1]) for i in range(5)]
        assert readers() == 0

    run(main())


def test_who_comes_late_stands_behind(opens):
    async def main():
        tx, rx = opens(8, 1)
        first = asyncio.create_task(rx.get())
        await settle()
        tx.push(b"a")  # nobody has told `first` yet
        second = asyncio.create_task(rx.get())
        await settle(1)
        tx.push(b"b")
        assert (await first, await second) == (b"a", b"b")

    run(main())


@pytest.mark.parametrize("woken", [False, True])
@pytest.mark.parametrize("position", [0, 1, 2])
def test_cancel_of_one_in_line(opens, position, woken):
    """Whoever leaves, also after it was woken, the others get everything."""

    async def main():
        tx, rx = opens(8, 1)
        tasks = [asyncio.create_task(rx.get()) for _ in range(3)]
        await settle()
        if woken:
            tx.push(b"a")
            rx._waiters._on_readable()  # as the loop does
        tasks[position].cancel()
        if not woken:
            await settle()
            tx.push(b"a")
        tx.push(b"b")
        rest = [task for task in tasks if task is not tasks[position]]
        assert await asyncio.gather(*rest) == [b"a", b"b"]
        with pytest.raises(asyncio.CancelledError):
            await tasks[position]
        assert readers() == 0
        assert len(rx) == 0

    run(main())


def test_cancel_of_a_put(opens):
    async def main():
        tx, rx = opens(1, 1)
        tx.push(b"a")
        tasks = [asyncio.create_task(tx.put(item)) for item in (b"b", b"c")]
        await settle()
        tasks[0].cancel()
        assert rx.pull() == b"a"
        await tasks[1]
        assert rx.pull() == b"c"
        assert len(rx) == 0 and readers() == 0

    run(main())


def test_timeout_of_a_wait(opens):
    async def main():
        tx, rx = opens(1, 1)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(rx.get(), 0.01)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await rx.get()
        assert readers() == 0
        tx.push(b"a")
        assert await asyncio.wait_for(rx.get(), 100) == b"a"

    run(main())


def test_nothing_is_lost_whatever_is_cancelled(opens, start):
    """Tasks that are cancelled all the time, a thread at the other end: all items, in order."""
    tx, rx = opens(3, 4)
    count = 2000

    def produce():
        with tx:
            for n in range(count):
                tx.push(n.to_bytes(4, "big"))

    async def main():
        randomness = random.Random(7)
        got, ended = [], []

        async def get():
            try:
                while True:
                    got.append(int.from_bytes(await rx.get(), "big"))
                    if randomness.random() < 0.2:
                        await asyncio.sleep(0)
            except pushpull.EndOfStream:
                ended.append(1)

        tasks = []
        while not ended:
            tasks = [task for task in tasks if not task.done()]
            while len(tasks) < 4:
                tasks.append(asyncio.create_task(get()))
            for _ in range(randomness.randrange(3)):
                await asyncio.sleep(0)
            if randomness.random() < 0.3:
                await asyncio.sleep(0.0005)
            randomness.choice(tasks).cancel()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert readers() == 0
        return got

    start(produce)
    assert run(main()) == list(range(count))


def test_puts_that_are_cancelled(opens, start):
    """What was put once is pulled once, what was cancelled is not."""
    tx, rx = opens(2, 4)

    async def main():
        randomness = random.Random(3)
        put, number = [], 0

        async def produce(n):
            await tx.put(n.to_bytes(4, "big"))
            put.append(n)

        tasks = []
        for number in range(1500):
            tasks.append(asyncio.create_task(produce(number)))
            if len(tasks) > 5:
                await asyncio.sleep(randomness.choice([0, 0, 0.0003]))
                randomness.choice(tasks).cancel()
                tasks = [task for task in tasks if not task.done()]
        await asyncio.gather(*tasks, return_exceptions=True)
        tx.close()
        return put

    consumer = start(lambda: [int.from_bytes(item, "big") for item in rx])
    put = run(main())
    assert consumer.result() == put
    assert put


def test_beside_blocked_threads(start):
    """Several threads and tasks at one end: every item reaches one of them."""
    tx, rx = pushpull.mpmc(2, 4)
    threads = [start(lambda: [int.from_bytes(item, "big") for item in rx]) for _ in range(2)]

    async def main():
        async def get():
            return [int.from_bytes(item, "big") async for item in rx]

        tasks = [asyncio.create_task(get()) for _ in range(3)]
        for n in range(2000):
            await tx.put(n.to_bytes(4, "big"))
        tx.close()
        return await asyncio.gather(*tasks)

    taken = run(main()) + [thread.result() for thread in threads]
    assert sorted(sum(taken, [])) == list(range(2000))


def test_the_end_reaches_all_that_wait(opens):
    async def main():
        tx, rx = opens(1, 1)
        tasks = [asyncio.create_task(rx.get()) for _ in range(3)]
        await settle()
        tx.close()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            assert isinstance(result, pushpull.EndOfStream)
        assert readers() == 0
        tx, rx = opens(1, 1)
        tx.push(b"a")
        tasks = [asyncio.create_task(tx.put(b"b")) for _ in range(3)]
        await settle()
        rx.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            assert isinstance(result, pushpull.ReceiverGone)

    run(main())


@pytest.mark.parametrize("elsewhere", [False, True])
def test_release_reaches_all_that_wait(opens, start, open_rings, elsewhere):
    name = f"awaited-{opens.__name__}"

    async def main():
        tx, rx = opens(1, 1, name=name)
        tasks = [asyncio.create_task(rx.get()) for _ in range(3)]
        await settle()
        if elsewhere:
            start(rx.release).result()
        else:
            rx.release()
        assert not tx.stats().cancelled  # its descriptor is still watched
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            assert isinstance(result, pushpull.Closed)
        assert readers() == 0
        assert tx.stats().cancelled
        tx.release()
        assert open_rings(name) == 0

    run(main())


def test_clones_share_a_line():
    async def main():
        tx, rx = pushpull.mpmc(4, 1)
        other = rx.clone()
        tasks = [asyncio.create_task(end.get()) for end in (rx, other, rx, other)]
        await settle()
        assert readers() == 1
        rx.release()
        await settle()
        tx.push_n(b"ab")
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(result) for result in results[::2]] == [pushpull.Closed] * 2
        assert sorted(results[1::2]) == [b"a", b"b"]

    run(main())


def test_one_loop_at_a_time(opens, start):
    tx, rx = opens(4, 1)
    waits = threading.Event()

    async def one():
        task = asyncio.create_task(rx.get())
        await settle()
        waits.set()
        return await task

    async def other():
        with pytest.raises(RuntimeError, match="another event loop"):
            await rx.get()

    waiting = start(lambda: run(one()))
    waits.wait()
    run(other())
    tx.push(b"a")
    assert waiting.result() == b"a"

    async def again():
        task = asyncio.create_task(rx.get())
        await settle()
        tx.push(b"b")
        return await task

    assert run(again()) == b"b"


def test_a_loop_that_was_closed_meanwhile(opens):
    """With a task in line, that nobody ended: another loop can use the end."""
    tx, rx = opens(4, 1)
    loop = asyncio.new_event_loop()
    abandoned = loop.create_task(rx.get())
    loop.run_until_complete(settle())
    loop.close()

    async def main():
        task = asyncio.create_task(rx.get())
        await settle()
        tx.push(b"a")
        return await task

    assert run(main()) == b"a"
    abandoned._log_destroy_pending = False
    abandoned.get_coro().close()
    del abandoned
    gc.collect()
    tx.push(b"b")
    assert rx.pull() == b"b"
    rx.release()
    assert tx.stats().cancelled


def test_a_selector(opens, start):
    """fileno() and arm(), as a loop that is not asyncio's uses them."""
    tx, rx = opens(2, 1)
    got = []

    def produce():
        with tx:
            for n in range(200):
                tx.push(bytes([n]))

    with selectors.DefaultSelector() as selector:
        selector.register(rx.fileno(), selectors.EVENT_READ)
        start(produce)
        try:
            while True:
                try:
                    got.append(rx.try_pull())
                except pushpull.Empty:
                    if not rx.arm():
                        assert selector.select(100)
        except pushpull.EndOfStream:
            pass
    assert got == [bytes([n]) for n in range(200)]
