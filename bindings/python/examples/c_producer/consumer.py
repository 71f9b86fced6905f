# SPDX-License-Identifier: MIT
"""A thread in C makes records, Python takes them in batches into NumPy: no copy but out of the ring.

    python3 consumer.py [count]

It compiles ticker.c beside it with cc, into a temporary folder.
"""

from __future__ import annotations

import ctypes
import pathlib
import subprocess
import sys
import tempfile

import numpy
import pushpull

# struct tick of ticker.c
TICK = numpy.dtype([("time_ns", "<i8"), ("price", "<f8"), ("size", "<i4"), ("venue", "<i4")])


def load_ticker(folder: pathlib.Path) -> ctypes.CDLL:
    """Compile and load the service.  It uses the copy of libpushpull that the package has loaded."""
    source = pathlib.Path(__file__).with_name("ticker.c")
    flags = subprocess.run(
        ["pkg-config", "--cflags", "--libs", "pushpull"], check=True, capture_output=True, text=True
    ).stdout.split()
    library = folder / "ticker.so"
    subprocess.run(
        ["cc", "-O2", "-Wall", "-Wextra", "-shared", "-fPIC", "-o", library, source, *flags, "-pthread"], check=True
    )
    ticker = ctypes.CDLL(str(library))
    ticker.ticker_open.restype = ctypes.c_void_p
    ticker.ticker_open.argtypes = [ctypes.c_int64]
    ticker.ticker_feed.argtypes = [ctypes.c_void_p, ctypes.c_int64]
    return ticker


def consume(rx: pushpull.PullEnd[numpy.void]) -> tuple[int, float]:
    """The number of ticks of a stream, and their average price by size."""
    batch = numpy.empty(2048, TICK)
    ticks = volume = 0
    value = 0.0
    try:
        while True:
            count = rx.pull_n_into(batch)
            part = batch[:count]
            ticks += count
            volume += int(part["size"].sum())
            value += float((part["price"] * part["size"]).sum())
    except pushpull.EndOfStream:
        return ticks, value / volume


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        ticker = load_ticker(pathlib.Path(folder))

    # Opened in C: the pull end, and the reference that the C function returned, is Python's now.
    address = ticker.ticker_open(count)
    if not address:
        raise SystemExit("the ticker did not start")
    with pushpull.PullEnd[numpy.void].from_address(address, take=True, item=TICK) as rx:
        ticks, price = consume(rx)
    print(f"opened in C: {ticks} ticks, average {price:.3f}")

    # Opened in Python: the push end is the C thread's now, which lets go of it at the end.
    tx, rx = pushpull.spsc(4096, TICK)
    if ticker.ticker_feed(tx.detach(), count) != 0:
        raise SystemExit("the ticker did not start")
    with rx:
        ticks, price = consume(rx)
    print(f"opened in Python: {ticks} ticks, average {price:.3f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
