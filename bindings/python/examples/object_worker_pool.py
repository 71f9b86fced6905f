# SPDX-License-Identifier: MIT
"""A pool of threads over two queues: jobs in, results out, and an orderly end.

Both queues are bounded. So a slow reader of the results slows the workers down, and busy workers
slow down whoever hands in jobs; nothing piles up.

    python3 object_worker_pool.py [workers]
"""

from __future__ import annotations

import hashlib
import sys
import threading
from collections.abc import Iterable, Iterator

from pushpull import Queue, ShutDown

Job = tuple[int, bytes]
Result = tuple[int, str]


def work(jobs: Queue[Job], results: Queue[Result]) -> None:
    """One worker: until there are no more jobs, or nobody wants results."""
    for number, text in jobs:
        try:
            results.put((number, hashlib.sha256(text).hexdigest()))
        except ShutDown:
            return
        finally:
            jobs.task_done()


def hand_in(jobs: Queue[Job], texts: Iterable[bytes]) -> None:
    """All jobs, and then the end of them. Waits whenever the workers are behind."""
    try:
        for job in enumerate(texts):
            jobs.put(job)
    except ShutDown:
        return  # somebody stopped the pool
    finally:
        jobs.shutdown()


def close_after(workers: list[threading.Thread], results: Queue[Result]) -> None:
    for worker in workers:
        worker.join()
    results.shutdown()


def digests(texts: Iterable[bytes], workers: int = 4) -> Iterator[Result]:
    """(number, digest) of each text, in the order in which they are done. Stops the pool when closed."""
    jobs: Queue[Job] = Queue(2 * workers)
    results: Queue[Result] = Queue(2 * workers)
    pool = [threading.Thread(target=work, args=(jobs, results)) for _ in range(workers)]
    others = [
        threading.Thread(target=hand_in, args=(jobs, texts)),
        threading.Thread(target=close_after, args=(pool, results)),
    ]
    for thread in pool + others:
        thread.start()
    try:
        yield from results
    finally:
        # The reader may leave early, by a break or by Ctrl-C. After a normal end this does nothing.
        jobs.shutdown(immediate=True)
        results.shutdown(immediate=True)
        for thread in pool + others:
            thread.join()


def main() -> None:
    workers = int(sys.argv[1]) if len(sys.argv) > 1 else 4
    texts = [f"text {number}".encode() for number in range(1000)]
    found = dict(digests(texts, workers))
    assert found == {number: hashlib.sha256(text).hexdigest() for number, text in enumerate(texts)}
    print(f"{workers} workers, {len(found)} digests")

    endless = (str(number).encode() for number in iter(int, 1))  # it is the reader who stops
    for count, _ in enumerate(digests(endless, workers), 1):
        if count == 10:
            break
    print(f"left after {count}, with {threading.active_count()} thread")


if __name__ == "__main__":
    main()
