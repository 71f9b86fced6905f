# SPDX-License-Identifier: MIT
"""The line of tasks by itself, with an end that does what a test says at each moment."""

import asyncio
import os

import pytest

from pushpull._aio import NOT_READY, Waiters


class FakeEnd:
    """An end whose other side acts between any two steps."""

    def __init__(self):
        self.fd = os.eventfd(0, os.EFD_NONBLOCK)
        self.items = []
        self.attempts = 0
        self.before_arm = lambda: None

    def attempt(self):
        self.attempts += 1
        return self.items.pop(0) if self.items else NOT_READY

    def arm(self):
        self.before_arm()
        try:
            os.eventfd_read(self.fd)
        except BlockingIOError:
            pass
        return bool(self.items)

    def event(self):
        os.eventfd_write(self.fd, 1)

    def wait(self, waiters):
        return asyncio.create_task(waiters.wait(self.attempt, self.arm, lambda: self.fd))


@pytest.fixture
def end():
    end = FakeEnd()
    yield end
    os.close(end.fd)


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 100))


async def settle():
    for _ in range(10):
        await asyncio.sleep(0)


def test_ready_at_the_moment_of_arming(end):
    """Nobody will tell of it: who arms goes on, and so does the next in line after that."""

    async def main():
        waiters = Waiters()
        tasks = [end.wait(waiters) for _ in range(3)]
        await settle()
        end.event()  # for an item that another thread takes
        end.before_arm = lambda: end.items.extend("abc")
        assert await asyncio.gather(*tasks) == ["a", "b", "c"]

    run(main())


def test_woken_in_vain(end):
    """Armed again, so that the loop does not spin on a descriptor that stays readable."""

    async def main():
        waiters = Waiters()
        task = end.wait(waiters)
        await settle()
        for _ in range(3):
            end.event()
            await settle()
            before = end.attempts
            await settle()
            assert end.attempts == before
        end.items.append("a")
        end.event()
        assert await task == "a"

    run(main())


@pytest.mark.parametrize("step", [0, 1])
def test_a_step_that_raises(end, step):
    """The task gets it, and the next in line its turn."""

    async def main():
        def fails():
            raise KeyError(step)

        waiters = Waiters()
        steps = [end.attempt, end.arm, lambda: end.fd]
        steps[step] = fails
        first = end.wait(waiters)
        await settle()
        second = asyncio.create_task(waiters.wait(*steps))
        await settle()
        third = end.wait(waiters)
        await settle()
        end.items.append("a")
        end.event()
        assert await first == "a"
        with pytest.raises(KeyError):
            await second
        end.items.append("b")
        end.event()
        assert await third == "b"

    run(main())


def test_no_descriptor(end):
    async def main():
        def fails():
            raise OSError

        waiters = Waiters()
        with pytest.raises(OSError):
            await waiters.wait(end.attempt, end.arm, fails)
        end.items.append("a")
        assert await end.wait(waiters) == "a"

    run(main())


def test_wake_lets_all_try(end):
    async def main():
        waiters = Waiters()
        tasks = [end.wait(waiters) for _ in range(3)]
        await settle()
        waiters.wake()
        await settle()
        assert end.attempts == 4  # who came first tried before, and now all three
        end.items.extend("abc")
        end.event()
        assert await asyncio.gather(*tasks) == ["a", "b", "c"]

    run(main())
