# SPDX-License-Identifier: MIT
"""Several threads: blocking without the GIL, who is woken, and what is refused."""

import gc
import sys
import threading

import pytest

import pushpull


@pytest.mark.parametrize("capacity", [0, 1, 3, 64])
def test_a_stream(opens, start, capacity):
    tx, rx = opens(capacity, 8)
    count = 3000

    def produce():
        with tx:
            for n in range(count):
                tx.push(n.to_bytes(8, "big"))

    start(produce)
    assert [int.from_bytes(item, "big") for item in rx] == list(range(count))


@pytest.mark.parametrize("capacity", [0, 1, 3, 64])
def test_many_producers_and_consumers(start, capacity):
    tx, rx = pushpull.mpmc(capacity, 8)
    producers, consumers, count = 3, 3, 1000

    def produce(tx, first):
        with tx:
            for n in range(first, first + count):
                tx.push(n.to_bytes(8, "big"))

    def consume(rx):
        with rx:
            return [int.from_bytes(item, "big") for item in rx]

    for i in range(producers):
        start(produce, tx.clone(), i * count)
    tx.release()
    results = [start(consume, rx.clone()) for _ in range(consumers)]
    rx.release()
    taken = [outcome.result() for outcome in results]
    assert sorted(sum(taken, [])) == list(range(producers * count))
    for part in taken:  # each sees each producer's items in their order
        for i in range(producers):
            own = [n for n in part if n // count == i]
            assert own == sorted(own)


def test_batches_of_several_threads(start):
    tx, rx = pushpull.mpmc(10, 4)
    batch = b"".join(n.to_bytes(4, "big") for n in range(500))

    def produce(tx):
        with tx:
            assert tx.push_n(batch) == 500

    for _ in range(2):
        start(produce, tx.clone())
    tx.release()
    target = bytearray(8000)
    assert rx.pull_n_into(target, min=1500) == 1000
    numbers = [int.from_bytes(target[i : i + 4], "big") for i in range(0, 4000, 4)]
    assert sorted(numbers) == sorted([*range(500)] * 2)
    with pytest.raises(pushpull.EndOfStream):
        rx.pull()


def test_a_blocked_call_gives_up_the_gil(opens, start, asleep):
    """The main thread runs while another one is blocked, and the other way round."""
    tx, rx = opens(1, 1)
    pull = start(rx.pull)
    asleep(lambda: rx.stats().pullers_parked)
    tx.push(b"a")
    assert pull.result() == b"a"
    tx.push(b"b")
    push = start(tx.push, b"c")
    asleep(lambda: rx.stats().pushers_parked)
    assert rx.pull() == b"b"
    push.result()


@pytest.mark.parametrize("in_main", [True, False])
def test_timeouts_end_a_wait(opens, start, in_main):
    """In the main thread too, where it is longer than one slice."""
    tx, rx = opens(1, 1)
    tx2, rx2 = opens(0, 1)
    tx.push(b"a")

    def calls():
        for push in (lambda: tx.push(b"b", 0.15), lambda: tx.push_n(b"bc", 0.15), lambda: tx2.push(b"b", 0.15)):
            with pytest.raises(pushpull.Full):
                push()
        target = bytearray(2)
        for pull in (lambda: rx2.pull(0.15), lambda: rx2.pull_n(2, 0.15), lambda: rx2.pull_n_into(target, 2, 0.15)):
            with pytest.raises(pushpull.Empty):
                pull()
        assert rx.pull_n_into(target, 2, 0.15) == 1

    if in_main:
        calls()
    else:
        start(calls).result()
    assert tx2.stats().push_blocked_ns > 100_000_000  # asleep, not looking again and again
    assert tx2.stats().push_parks < 50


def test_a_long_wait_in_the_main_thread(opens, start, asleep):
    """Of several slices, for each call that waits."""
    tx, rx = opens(2, 1)

    def later(call, *arguments):
        def run():
            while len(slices) < 3:
                threading.Event().wait(0.01)
                parks = rx.stats().pull_parks + rx.stats().push_parks
                if not slices or parks > slices[-1]:
                    slices.append(parks)
            return call(*arguments)

        slices = []
        return start(run)

    for wait in (rx.pull, lambda: rx.pull_n(5), lambda: rx.pull_n_into(bytearray(2)), lambda: pushpull.select([rx.case()])):
        other = later(tx.push, b"a")
        wait()
        other.result()  # its call has returned: one thread at a time
    tx.push_n(b"ab")
    for wait in (lambda: tx.push(b"c"), lambda: tx.push_n(b"c"), lambda: pushpull.select([tx.case(b"c")])):
        other = later(rx.pull)
        wait()
        other.result()
    later(rx.pull_n, 2)
    assert tx.push_n(b"defg"[:2]) == 2


@pytest.mark.parametrize("capacity", [0, 2])
def test_close_and_cancel_wake_who_is_blocked(opens, start, asleep, capacity):
    tx, rx = opens(capacity, 1)
    pull = start(rx.pull)
    asleep(lambda: rx.stats().pullers_parked)
    tx.close()
    with pytest.raises(pushpull.EndOfStream):
        pull.result()
    for end, error in (("close", pushpull.Closed), ("cancel", pushpull.ReceiverGone)):
        tx, rx = opens(capacity, 1)
        push = start(tx.push_n, b"a" * (capacity + 1))
        asleep(lambda tx=tx: tx.stats().pushers_parked)
        (tx.close if end == "close" else rx.cancel)()
        if capacity:
            assert push.result() == capacity
        else:
            with pytest.raises(error):
                push.result()
    tx, rx = opens(capacity, 1)
    pull = start(rx.pull)
    asleep(lambda: rx.stats().pullers_parked)
    with rx:
        pass
    with pytest.raises(pushpull.Closed):
        pull.result()


def test_release_while_another_thread_is_in_a_call(opens, start, asleep, open_rings):
    name = f"released-{opens.__name__}"
    tx, rx = opens(1, 1, name=name)
    pull = start(rx.pull)
    asleep(lambda: tx.stats().pullers_parked)
    rx.release()
    with pytest.raises(pushpull.Closed, match="let go"):
        rx.pull()
    assert not tx.stats().cancelled  # the call under way has the reference
    tx.push(b"a")
    assert pull.result() == b"a"
    with pytest.raises(pushpull.ReceiverGone):
        tx.push(b"a")
    tx.release()
    assert open_rings(name) == 0


def test_release_races_with_calls(opens, start, open_rings):
    """Whoever is last gives the reference back, once; nobody crashes."""
    name = f"races-{opens.__name__}"
    for _ in range(300):
        tx, rx = opens(4, 1, name=name)
        ready = threading.Barrier(3)

        def use(call, ready=ready):
            ready.wait()
            try:
                while True:
                    call()
            except (pushpull.Closed, pushpull.ReceiverGone, pushpull.EndOfStream):
                pass

        def release(tx=tx, ready=ready):
            ready.wait()
            tx.release()
            tx.release()

        outcomes = [start(use, lambda tx=tx: tx.push(b"a")), start(use, rx.pull), start(release)]
        for outcome in outcomes:
            outcome.result()
        rx.release()
        assert open_rings(name) == 0


def test_a_thread_that_dies_lets_go(opens, start):
    tx, rx = opens(4, 1)

    def produce(tx):
        tx.push(b"a")
        raise KeyError

    ends = [tx]
    del tx
    outcome = start(lambda: produce(ends.pop()))
    with pytest.raises(KeyError):
        outcome.result()
    outcome.error = None  # the traceback has the frame, and it the end
    gc.collect()
    assert list(rx) == [b"a"]


def test_two_threads_in_an_spsc_end(start, asleep):
    tx, rx = pushpull.spsc(1, 1)
    pull = start(rx.pull)
    asleep(lambda: rx.stats().pullers_parked)
    for use in (rx.pull, rx.try_pull, lambda: rx.pull_n(1), lambda: rx.pull_into(bytearray(1)), rx.arm,
                lambda: pushpull.select([rx.case()])):  # fmt: skip
        with pytest.raises(pushpull.TwoThreads, match="two threads"):
            use()
    with pytest.raises(pushpull.TwoThreads, match="under way"):
        rx.detach()
    assert len(rx) == 0 and rx.fileno() >= 0  # any thread may
    tx.push(b"a")
    assert pull.result() == b"a"
    tx.push(b"b")
    push = start(tx.push, b"c")
    asleep(lambda: rx.stats().pushers_parked)
    for use in (tx.push, tx.try_push, tx.push_n, tx.try_push_n):
        with pytest.raises(pushpull.TwoThreads):
            use(b"d")
    assert rx.pull_n(5)
    push.result()
    assert rx.pull_n(5) == b"c"
    tx.push(b"e")


def test_one_thread_after_another_is_fine(start):
    tx, rx = pushpull.spsc(4, 1)
    for i in range(20):
        start(tx.push, bytes([i])).result()
        assert start(rx.pull).result() == bytes([i])


def test_misuse_of_an_spsc_end_harms_nobody(start):
    """Every item that was taken was pushed, none twice, in order: whatever threads do."""
    tx, rx = pushpull.spsc(8, 8)
    old = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    lock = threading.Lock()
    pushed, refused = [], []

    def produce(first):
        n = first
        for _ in range(3000):
            try:
                tx.push(n.to_bytes(8, "big"))
            except pushpull.TwoThreads:
                refused.append(n)
            else:
                with lock:
                    pushed.append(n)
                n += 1

    def consume():
        return [int.from_bytes(item, "big") for item in rx]

    producers = [start(produce, 0), start(produce, 1 << 32)]
    consumer = start(consume)
    for producer in producers:
        producer.result()
    tx.close()
    sys.setswitchinterval(old)
    assert sorted(consumer.result()) == sorted(pushed)


@pytest.mark.parametrize("wait", ["rx.pull()", "rx.pull_n(5)", "tx.push_n(bytes(10))", "pushpull.select([rx.case()])"])
def test_exit_while_a_thread_is_blocked(child, wait):
    """A daemon thread in a call keeps the program neither alive nor makes it crash."""
    process = child(f"""
        import threading, pushpull
        tx, rx = pushpull.mpmc(1, 1)
        threading.Thread(target=lambda: {wait}, daemon=True).start()
        while not (tx.stats().pullers_parked or tx.stats().pushers_parked):
            pass
        print("over")
    """)
    assert process.communicate(timeout=60)[0] == "over\n"
    assert process.returncode == 0
