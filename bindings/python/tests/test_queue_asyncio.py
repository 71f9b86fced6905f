# SPDX-License-Identifier: MIT
"""pushpull.Queue in asyncio: tasks that wait beside threads, and what becomes of items when they are cancelled."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import random
import threading
import weakref
from typing import Any, Awaitable, Callable, Coroutine

import pushpull
import pytest
from pushpull import Queue, ShutDown, rendezvous

LIMIT = 60


def run(main: Coroutine[Any, Any, Any]) -> Any:
    """Run `main` in a loop of its own, in debug mode, with a limit that only a hang reaches."""
    return asyncio.run(asyncio.wait_for(main, LIMIT), debug=True)


async def settle() -> None:
    """Let every task go on until it waits."""
    for _ in range(5):
        await asyncio.sleep(0)


def start(*waits: Coroutine[Any, Any, Any]) -> list[asyncio.Task[Any]]:
    return [asyncio.create_task(wait) for wait in waits]


def test_at_once_and_later() -> None:
    async def main() -> None:
        q: Queue[int] = Queue(2)
        await q.put_async(1)
        await q.put_async(2)
        (putter,) = start(q.put_async(3))
        await settle()
        assert not putter.done() and q.qsize() == 2
        assert [await q.get_async(), await q.get_async(), await q.get_async()] == [1, 2, 3]
        await putter
        (getter,) = start(q.get_async())
        await settle()
        assert not getter.done()
        q.put(4)
        assert await getter == 4
        assert q.unfinished_tasks == 4

    run(main())


def test_threads_at_the_other_side() -> None:
    count = 600

    async def main(q: Queue[int]) -> tuple[list[int], list[int]]:
        got: list[int] = []
        feeder = threading.Thread(target=lambda: [q.put(i) for i in range(count)])
        feeder.start()
        for _ in range(count):
            got.append(await q.get_async())
        feeder.join()
        taken: list[int] = []
        taker = threading.Thread(target=lambda: taken.extend(q.get() for _ in range(count)))
        taker.start()
        for i in range(count):
            await q.put_async(i)
        await asyncio.to_thread(taker.join)
        return got, taken

    for q in (Queue[int](1), Queue[int](16), rendezvous()):
        assert run(main(q)) == (list(range(count)), list(range(count)))


def test_several_tasks_are_served_in_turn() -> None:
    async def main() -> None:
        q: Queue[int] = Queue(1)
        getters = start(*[q.get_async() for _ in range(5)])
        await settle()
        await asyncio.to_thread(lambda: [q.put(i) for i in range(5)])
        assert await asyncio.gather(*getters) == [0, 1, 2, 3, 4]
        q.put(0)
        putters = start(*[q.put_async(i) for i in range(1, 5)])
        await settle()
        assert await asyncio.to_thread(lambda: [q.get() for _ in range(5)]) == [0, 1, 2, 3, 4]
        await asyncio.gather(*putters)

    run(main())


def test_async_for_ends_with_the_queue() -> None:
    async def main() -> list[int]:
        q: Queue[int] = Queue(2)

        def feed() -> None:
            for i in range(10):
                q.put(i)
            q.shutdown()

        threading.Thread(target=feed).start()
        return [i async for i in q]

    assert run(main()) == list(range(10))


@pytest.mark.parametrize("immediate", [False, True])
def test_shutdown_wakes_tasks(immediate: bool) -> None:
    async def main() -> None:
        for empty, full in [(Queue[int](1), Queue[int](1)), (rendezvous(), rendezvous())]:
            with contextlib.suppress(pushpull.Full):
                full.put_nowait(1)
            tasks = start(empty.get_async(), full.put_async(2), empty.get_async(), full.put_async(3))
            await settle()
            assert not any(task.done() for task in tasks)
            empty.shutdown(immediate)
            await asyncio.to_thread(full.shutdown, immediate)
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
            assert [type(outcome) for outcome in outcomes] == [ShutDown] * 4
            with pytest.raises(ShutDown):
                await empty.get_async()
            with pytest.raises(ShutDown):
                await empty.put_async(1)

    run(main())


def test_a_task_that_is_cancelled_takes_nothing() -> None:
    """Cancelled before it waits, while it waits, and after it was woken."""

    async def main() -> None:
        q: Queue[int] = Queue(1)
        for turns in range(6):
            first, second = start(q.get_async(), q.get_async())
            await settle()
            q.put(turns)
            for _ in range(turns):  # the loop sees the descriptor in one of them
                await asyncio.sleep(0)
            got = [first.result()] if first.done() else []
            first.cancel()
            if not got:
                got = [await second]
            second.cancel()
            await asyncio.wait([first, second])
            assert got == [turns] and q.empty()

    run(main())


def test_a_task_that_is_cancelled_puts_nothing() -> None:
    async def main() -> None:
        q: Queue[Any] = Queue(1)
        for turns in range(6):
            q.put("old")
            first, second = start(q.put_async("first"), q.put_async("second"))
            await settle()
            assert q.get() == "old"
            for _ in range(turns):
                await asyncio.sleep(0)
            arrived = "first" if first.done() else "second"
            first.cancel()
            if arrived == "second":
                await second
            second.cancel()
            await asyncio.wait([first, second])
            assert q.get() == arrived
            for _ in range(q.qsize()):  # the second may have come in, behind the first
                assert q.get() == "second" and not second.cancelled()
            while q.unfinished_tasks:
                q.task_done()

    run(main())


def test_timeouts() -> None:
    async def main() -> None:
        q: Queue[int] = Queue(1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await q.get_async()
        q.put(1)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(q.put_async(2), 0.01)
        assert (await q.get_async(), q.unfinished_tasks) == (1, 1)

    run(main())


async def with_patience(attempt: Callable[[], Awaitable[Any]], seed: int) -> Any:
    """Await attempt() again and again, cancelled after a random while, until it has come through."""
    choose = random.Random(seed)
    while True:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(choose.choice([0, 1e-5, 1e-4, 1e-3])):
                return await attempt()
        await asyncio.sleep(0)


@pytest.mark.parametrize("maxsize", [0, 1, 3])
def test_cancelled_all_the_time_loses_nothing(maxsize: int) -> None:
    """Impatient tasks and threads at one side, threads at the other; then the same the other way round."""
    count = 150
    q: Queue[Any] = Queue(maxsize) if maxsize else rendezvous()

    def threads(call: Callable[[int], None]) -> list[threading.Thread]:
        made = [threading.Thread(target=lambda: [call(i) for i in range(count)]) for _ in range(2)]
        for thread in made:
            thread.start()
        return made

    async def get_some() -> list[Any]:
        return [await with_patience(q.get_async, i) for i in range(count)]

    async def put_some() -> None:
        for i in range(count):
            await with_patience(lambda i=i: q.put_async(i), i)  # type: ignore[misc]

    async def main() -> None:
        feeders = threads(q.put)
        got = await asyncio.gather(get_some(), get_some())
        await asyncio.to_thread(lambda: [thread.join() for thread in feeders])
        assert sorted(got[0] + got[1]) == sorted([*range(count)] * 2)
        seen: list[Any] = []
        takers = threads(lambda i: seen.append(q.get()))
        await asyncio.gather(put_some(), put_some())
        await asyncio.to_thread(lambda: [thread.join() for thread in takers])
        assert sorted(seen) == sorted([*range(count)] * 2)
        assert q.empty() and q.unfinished_tasks == 4 * count

    run(main())


def test_one_loop_at_a_time() -> None:
    q: Queue[int] = Queue(1)
    ready, done = threading.Event(), threading.Event()

    async def stay() -> None:
        (getter,) = start(q.get_async())
        await settle()
        ready.set()
        await asyncio.to_thread(done.wait, LIMIT)
        getter.cancel()

    thread = threading.Thread(target=run, args=(stay(),))
    thread.start()
    ready.wait(LIMIT)
    with pytest.raises(RuntimeError, match="another event loop"):
        run(q.get_async())
    done.set()
    thread.join(LIMIT)

    async def later() -> int:
        (getter,) = start(q.get_async())
        await settle()
        q.put(7)
        result: int = await getter
        return result

    assert run(later()) == 7  # the first loop has gone


def test_a_loop_that_only_waits_does_nothing() -> None:
    """A task that waits is asleep: the loop turns over for other things only."""

    async def main() -> int:
        q: Queue[int] = Queue(1)
        (getter,) = start(q.get_async())
        await settle()
        loop = asyncio.get_running_loop()
        turns = 0
        select = loop._selector.select  # type: ignore[attr-defined]

        def counted(timeout: float | None) -> Any:
            nonlocal turns
            turns += 1
            return select(timeout)

        loop._selector.select = counted  # type: ignore[attr-defined]
        await asyncio.sleep(0.05)
        loop._selector.select = select  # type: ignore[attr-defined]
        getter.cancel()
        return turns

    assert run(main()) < 20


def test_forked_child() -> None:
    """Forked while a task waits, whose place in the line the child inherits."""

    async def main() -> None:
        q: Queue[int] = Queue(1)
        (getter,) = start(q.get_async())
        await settle()
        if (child := os.fork()) == 0:
            refused = 0
            try:
                for wait in (q.get_async(), q.put_async(1), q.__anext__()):
                    with contextlib.suppress(pushpull.ForkedError):
                        wait.send(None)
                        break
                    refused += 1
            finally:
                os._exit(refused)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
        q.put(1)
        assert await getter == 1

    run(main())


def test_no_task_and_no_queue_is_left() -> None:
    async def main() -> weakref.ref[Any]:
        q: Queue[int] = Queue(1)
        tasks = start(q.get_async(), q.get_async())
        await settle()
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        return weakref.ref(q)

    run(main())
    before = len(os.listdir("/proc/self/fd"))
    queues = [run(main()) for _ in range(5)]
    gc.collect()
    assert all(q() is None for q in queues)
    assert len(os.listdir("/proc/self/fd")) == before
