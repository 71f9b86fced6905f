#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Both ends of a ring in asyncio: asyncio_ends.py LIBRARY

A coroutine at one end, a thread that blocks at the other; ctypes lets other threads of Python
run during a call.
"""
import asyncio
import ctypes
import errno
import itertools
import sys
import threading

SPSC, MPMC = 1, 2
ITEMS = 2000
LATER = (-errno.EAGAIN, -errno.EBUSY)


class Ended(Exception):
    pass


def load(path):
    library = ctypes.CDLL(path)
    pointer = ctypes.c_void_p
    library.pp_open.argtypes = [ctypes.POINTER(pointer), ctypes.POINTER(pointer), ctypes.c_int,
                                ctypes.c_size_t, ctypes.c_size_t]
    for name in ("push", "try_push", "pull", "try_pull"):
        getattr(library, "pp_" + name).argtypes = [pointer, ctypes.POINTER(ctypes.c_uint64)]
    for name in ("tx_fd", "rx_fd", "tx_arm", "rx_arm", "close", "cancel", "tx_unref", "rx_unref"):
        getattr(library, "pp_" + name).argtypes = [pointer]
    return library


async def readable(fd):
    """Wait until it is.  The loop is level-triggered, so it is told of it only while we wait."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(fd, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(fd)


async def when_possible(attempt, arm, fd):
    """Await an operation of an end: `attempt` is its try form."""
    while (result := attempt()) in LATER:
        if arm() == 0:
            await readable(fd)
    if result < 0:
        raise Ended(errno.errorcode[-result])


class Ring:
    def __init__(self, library, kind, capacity):
        self.library = library
        self.tx, self.rx = ctypes.c_void_p(), ctypes.c_void_p()
        result = library.pp_open(ctypes.byref(self.tx), ctypes.byref(self.rx), kind, capacity, 8)
        assert result == 0, result

    async def push(self, number):
        item = ctypes.c_uint64(number)
        await when_possible(lambda: self.library.pp_try_push(self.tx, ctypes.byref(item)),
                            lambda: self.library.pp_tx_arm(self.tx), self.library.pp_tx_fd(self.tx))

    async def pull(self):
        item = ctypes.c_uint64()
        await when_possible(lambda: self.library.pp_try_pull(self.rx, ctypes.byref(item)),
                            lambda: self.library.pp_rx_arm(self.rx), self.library.pp_rx_fd(self.rx))
        return item.value

    def let_go(self):
        self.library.pp_tx_unref(self.tx)
        self.library.pp_rx_unref(self.rx)


async def pull_to_the_end(ring):
    def produce():
        for number in range(ITEMS):
            assert ring.library.pp_push(ring.tx, ctypes.c_uint64(number)) == 0
        ring.library.pp_close(ring.tx)

    thread = threading.Thread(target=produce)
    thread.start()
    for number in itertools.count():
        try:
            assert await ring.pull() == number
        except Ended as end:
            assert (str(end), number) == ("EPIPE", ITEMS), (end, number)
            break
    thread.join()


async def push_until_cancelled(ring):
    seen = []

    def consume():
        item = ctypes.c_uint64()
        while len(seen) < ITEMS and ring.library.pp_pull(ring.rx, ctypes.byref(item)) == 0:
            seen.append(item.value)
        ring.library.pp_cancel(ring.rx)

    thread = threading.Thread(target=consume)
    thread.start()
    for number in itertools.count():
        try:
            await ring.push(number)
        except Ended as end:
            assert str(end) == "EPIPE", end
            break
    thread.join()
    assert seen == list(range(ITEMS))


def main():
    library = load(sys.argv[1])
    for case in (pull_to_the_end, push_until_cancelled):
        for kind, capacity in itertools.product((SPSC, MPMC), (1, 3, 64, 0)):
            ring = Ring(library, kind, capacity)
            asyncio.run(case(ring))
            ring.let_go()
            print(f"ok      {case.__name__}, kind {kind}, capacity {capacity}", flush=True)


if __name__ == "__main__":
    main()
