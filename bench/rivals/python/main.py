#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Python's queues, and ours through its Python binding, in the workloads of pushpull-bench: items
through one queue, or one item there and back over two; and put and get in one thread, in two tasks of
an asyncio loop, and records in batches between NumPy arrays.  Prints results as Google Benchmark does.

A queue of Python passes references: an item of 8 bytes is an int, one of 64 a bytes object that its
producer makes.  Exit status: 1 when items were lost or came twice, 2 for what a queue cannot do.
"""
import argparse
import asyncio
import datetime
import json
import multiprocessing
import os
import platform
import queue
import re
import sys
import threading
import time

try:
    import pushpull
except ImportError:
    pushpull = None


def ours(capacity):
    return pushpull.Queue(capacity) if capacity else pushpull.rendezvous()


BOUNDED = "one FIFO, exact capacity, sleeps while it waits"
KINDS = {
    "python_queue": (queue.Queue, BOUNDED),
    # Takes no capacity: push never waits.
    "python_simplequeue": (lambda capacity: queue.SimpleQueue(), "one FIFO, unbounded, sleeps while it waits"),
    # Through a pipe, behind which a thread pickles: it holds more than its capacity.
    "python_multiprocessing": (multiprocessing.Queue, "one FIFO, sleeps while it waits; between processes"),
    "python_asyncio": (asyncio.Queue, "one FIFO, exact capacity, for the tasks of one loop"),
    "python_pushpull": (ours, BOUNDED),
    "python_records": (None, BOUNDED + ", records of one size"),
}
WORKLOADS = ("stream", "pingpong", "rendezvous", "alone", "asyncio", "records")
UNBOUNDED = -1
RECORDS = 4096                  # a batch


def read_settings():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--queue", choices=sorted(KINDS), default="python_queue")
    parser.add_argument("--shape", default="1P1C")
    parser.add_argument("--capacity", type=int, default=64)
    parser.add_argument("--item-size", type=int, choices=[8, 64], default=8)
    parser.add_argument("--batch", type=int, choices=[1], default=1)
    parser.add_argument("--seconds", type=float, default=0.1)
    parser.add_argument("--reps", type=int, default=5)
    parser.add_argument("--workload", choices=WORKLOADS, default="stream")
    settings = parser.parse_args()
    shape = re.fullmatch(r"([1-9]\d{0,2})P([1-9]\d{0,2})C", settings.shape)
    if not shape:
        parser.error(f"--shape: '{settings.shape}' is not like 2P2C")
    settings.producers, settings.consumers = map(int, shape.groups())
    if settings.workload not in ("stream", "rendezvous") and settings.shape != "1P1C":
        parser.error("this workload is 1P1C")
    if settings.queue in ("python_pushpull", "python_records") and not pushpull:
        parser.error("the package pushpull is not installed")
    if settings.workload == "rendezvous":
        settings.capacity = 0
    if settings.capacity < 1 and settings.queue != "python_pushpull":
        parser.error("Python's queues cannot hand over at capacity 0")
    if settings.reps < 1 or settings.seconds <= 0:
        parser.error("--reps and --seconds are more than 0")
    return settings


CPUS = (sorted(os.sched_getaffinity(0)) * 2)[:2]


def wrap_of(size):
    """How a word becomes an item, and an item its word."""
    if size == 8:
        return None, None
    return lambda word: word.to_bytes(size, "little"), lambda item: int.from_bytes(item[:8], "little")


class Worker(threading.Thread):
    """One measured thread; partners face each other on the two CPUs."""

    def __init__(self, cpu, ready, body):
        super().__init__(daemon=True)
        self.cpu, self.ready, self.body = cpu, ready, body
        self.moved = self.sum = self.begin = self.end = 0
        self.finished = False

    def run(self):
        os.sched_setaffinity(0, {self.cpu})     # of this thread alone
        self.ready.wait()
        self.begin = time.perf_counter_ns()
        self.moved, self.sum = self.body()
        self.end = time.perf_counter_ns()
        self.finished = True


def pusher(put, producer, count, pack):
    def body():
        first = producer << 40
        if pack:
            for word in range(first, first + count):
                put(pack(word))
        else:
            for word in range(first, first + count):
                put(word)
        return count, count * first + count * (count - 1) // 2
    return body


def puller(get, unpack):
    def body():
        moved = total = 0
        while (item := get()) is not None:
            moved += 1
            total += unpack(item) if unpack else item
        return moved, total
    return body


def stream(settings, items):
    """One repetition: a queue of its own; a stop item for each consumer ends it."""
    q = KINDS[settings.queue][0](settings.capacity)
    pack, unpack = wrap_of(settings.item_size)
    ready = threading.Barrier(settings.producers + settings.consumers)
    share, more = divmod(items, settings.producers)
    pushers = [Worker(CPUS[i % 2], ready, pusher(q.put, i, share + (i < more), pack))
               for i in range(settings.producers)]
    pullers = [Worker(CPUS[(i + 1) % 2], ready, puller(q.get, unpack))
               for i in range(settings.consumers)]

    def end_it():
        for thread in pushers:
            thread.join()
        for _ in pullers:
            q.put(None)
    return conclude(pushers, pullers, end_it)


def ping_pong(settings, items):
    """One item at a time, there and back."""
    out, back = (KINDS[settings.queue][0](settings.capacity) for _ in range(2))
    pack, unpack = wrap_of(settings.item_size)
    ready = threading.Barrier(2)
    pulled = [0, 0]

    def serve():
        pushed = 0
        for word in range(items):
            out.put(pack(word) if pack else word)
            pushed += word
            item = back.get()
            pulled[0] += 1
            pulled[1] += unpack(item) if unpack else item
        return items, pushed

    def give_back():
        while (item := out.get()) is not None:
            back.put(item)
        return pulled

    server, returner = Worker(CPUS[0], ready, serve), Worker(CPUS[1], ready, give_back)

    def end_it():
        server.join()
        out.put(None)
    return conclude([server], [returner], end_it)


def alone(settings, items):
    """One thread puts and gets, half of the capacity at a time."""
    q = KINDS[settings.queue][0](settings.capacity)
    pack, unpack = wrap_of(settings.item_size)
    put, get, run = q.put, q.get, max(settings.capacity // 2, 1)
    words = list(range(run))
    total = 0
    cpu, begin = time.process_time(), time.perf_counter_ns()
    for _ in range(items // run + 1):
        for word in words:
            put(pack(word) if pack else word)
        for _ in words:
            item = get()
            total += unpack(item) if unpack else item
    seconds = (time.perf_counter_ns() - begin) / 1e9
    if total != (items // run + 1) * sum(words):
        sys.exit(f"python: items were lost or came twice: the sum is {total}")
    return (items // run + 1) * run, seconds, time.process_time() - cpu


def in_loop(settings, items):
    """Two tasks of one asyncio loop."""
    q = KINDS[settings.queue][0](settings.capacity)
    pack, unpack = wrap_of(settings.item_size)
    own = settings.queue == "python_pushpull"
    put, get = (q.put_async, q.get_async) if own else (q.put, q.get)

    async def produce():
        for word in range(items):
            await put(pack(word) if pack else word)

    async def consume():
        total = 0
        for _ in range(items):
            item = await get()
            total += unpack(item) if unpack else item
        return total

    async def both():
        return (await asyncio.gather(produce(), consume()))[1]

    cpu, begin = time.process_time(), time.perf_counter_ns()
    total = asyncio.run(both())
    seconds = (time.perf_counter_ns() - begin) / 1e9
    if total != items * (items - 1) // 2:
        sys.exit(f"python: items were lost or came twice: the sum is {total}")
    return items, seconds, time.process_time() - cpu


def records(settings, items):
    """Batches of records from one NumPy array into another, in two threads."""
    import numpy  # pylint: disable=import-outside-toplevel
    words = settings.item_size // 8
    tx, rx = pushpull.spsc(settings.capacity, settings.item_size)
    batches = items // RECORDS + 1
    sent = numpy.arange(RECORDS * words, dtype=numpy.uint64).reshape(RECORDS, words)

    def push():
        with tx:
            for _ in range(batches):
                tx.push_n(sent)
        return batches * RECORDS, batches * int(sent[:, 0].sum())

    def pull():
        got = numpy.empty((RECORDS, words), dtype=numpy.uint64)
        moved = total = 0
        try:
            while True:
                n = rx.pull_n_into(got)
                moved += n
                total += int(got[:n, 0].sum())
        except pushpull.EndOfStream:
            return moved, total

    ready = threading.Barrier(2)
    pusher_thread = Worker(CPUS[0], ready, push)
    return conclude([pusher_thread], [Worker(CPUS[1], ready, pull)], pusher_thread.join)


def between_processes(settings, items):
    """As a stream, with a process for each side: what multiprocessing.Queue is for."""
    q = KINDS[settings.queue][0](settings.capacity)
    pack, unpack = wrap_of(settings.item_size)
    ready, done = multiprocessing.Barrier(2), multiprocessing.SimpleQueue()

    def side(cpu, body):
        worker = Worker(cpu, ready, body)
        before = time.process_time()
        worker.run()
        done.put((worker.moved, worker.sum, worker.begin, worker.end, time.process_time() - before))

    produce, consume = pusher(q.put, 0, items, pack), puller(q.get, unpack)

    def produce_and_end():
        account = produce()
        q.put(None)
        return account

    sides = [multiprocessing.Process(target=side, args=(cpu, body))
             for cpu, body in ((CPUS[0], produce_and_end), (CPUS[1], consume))]
    for process in sides:
        process.start()
    accounts = [done.get() for _ in sides]
    for process in sides:
        process.join()
    if accounts[0][:2] != accounts[1][:2]:
        sys.exit(f"python: items were lost or came twice: {accounts}")
    seconds = (max(a[3] for a in accounts) - min(a[2] for a in accounts)) / 1e9
    return items, seconds, sum(a[4] for a in accounts)


def conclude(pushers, pullers, end_it):
    """Run it; both sides' totals must agree.  Items, seconds, and seconds of CPU."""
    cpu = time.process_time()
    for thread in pushers + pullers:
        thread.start()
    end_it()
    for thread in pullers:
        thread.join()
    totals = [(sum(t.moved for t in side), sum(t.sum for t in side)) for side in (pushers, pullers)]
    if totals[0] != totals[1] or not totals[0][0] or not all(t.finished for t in pushers + pullers):
        sys.exit(f"python: items were lost or came twice: pushed {totals[0]}, pulled {totals[1]}"
                 " (count, sum)")
    everybody = pushers + pullers
    seconds = (max(t.end for t in everybody) - min(t.begin for t in everybody)) / 1e9
    return totals[1][0], seconds, time.process_time() - cpu


def measure(settings):
    """Warm up until the time tells how many items fill a repetition, then measure."""
    once = {"pingpong": ping_pong, "alone": alone, "asyncio": in_loop, "records": records}.get(
        settings.workload, between_processes if settings.queue == "python_multiprocessing" else stream)
    items = 256
    while (took := once(settings, items)[1]) < settings.seconds / 4:
        items *= 2
    items = int(items * settings.seconds / took) + 1
    return [once(settings, items) for _ in range(settings.reps)]


def report(settings, results):
    promises = KINDS[settings.queue][1]
    bounded = "unbounded" not in promises
    if settings.workload in ("alone", "asyncio", "records"):
        name = f"python/{settings.workload}/queue:{settings.queue}/capacity:{settings.capacity}/item:{settings.item_size}"
    elif settings.workload == "pingpong":
        name = f"latency/pingpong/queue:{settings.queue}/placement:two/wait:usual"
    else:
        name = (f"sweep/queue:{settings.queue}/shape:{settings.shape}/"
                f"capacity:{settings.capacity if bounded else 'unbounded'}/item:{settings.item_size}/"
                "batch:1/form:blocking/regime:balanced/placement:two")
    benchmarks = [{
        "name": name, "run_name": name, "run_type": "iteration", "family_index": 0,
        "repetitions": settings.reps, "repetition_index": i, "threads": 1, "iterations": 1,
        "real_time": seconds / items * 1e9, "cpu_time": cpu / items * 1e9, "time_unit": "ns",
        "items_per_second": items / seconds, "items": items, "seconds": seconds,
        "capacity": settings.capacity if bounded else UNBOUNDED, "item_size": settings.item_size,
        "batch": 1, "producers": settings.producers, "consumers": settings.consumers, "label": promises,
    } for i, (items, seconds, cpu) in enumerate(results)]
    context = {
        "date": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        "executable": "python", "num_cpus": len(os.sched_getaffinity(0)), "pp_command": "sweep",
        f"pp_queue_{settings.queue}": f"queue, {platform.python_implementation()} "
                                      f"{platform.python_version()}, items are references",
    }
    json.dump({"context": context, "benchmarks": benchmarks}, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    chosen = read_settings()
    report(chosen, measure(chosen))
