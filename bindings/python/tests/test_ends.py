# SPDX-License-Identifier: MIT
"""Single items, the ends of a ring and what they know, in one thread."""

import copy
import inspect
import pickle
import queue

import pytest

import pushpull


def test_first_in_first_out(opens):
    tx, rx = opens(3, 2)
    for item in (b"ab", bytearray(b"cd"), memoryview(b"ef")):
        tx.push(item)
    assert [rx.pull() for _ in range(3)] == [b"ab", b"cd", b"ef"]


def test_full_and_empty(opens):
    tx, rx = opens(1, 1)
    for pull in (rx.try_pull, lambda: rx.pull(timeout=0), lambda: rx.pull(0.01)):
        with pytest.raises(pushpull.Empty):
            pull()
    tx.try_push(b"a")
    for push in (tx.try_push, lambda item: tx.push(item, timeout=0), lambda item: tx.push(item, 0.01)):
        with pytest.raises(pushpull.Full):
            push(b"b")
    assert rx.try_pull() == b"a"


def test_exceptions_are_those_that_programs_catch_already():
    assert issubclass(pushpull.Full, queue.Full)
    assert issubclass(pushpull.Empty, queue.Empty)
    assert issubclass(pushpull.EndOfStream, EOFError)
    assert issubclass(pushpull.ReceiverGone, BrokenPipeError)
    assert issubclass(pushpull.Closed, ValueError)
    assert issubclass(pushpull.ForkedError, RuntimeError)
    assert issubclass(pushpull.TwoThreads, RuntimeError)
    for name in pushpull.__all__:
        kind = getattr(pushpull, name)
        if isinstance(kind, type) and issubclass(kind, Exception):
            assert issubclass(kind, pushpull.Error)


@pytest.mark.parametrize("timeout", [-1, -0.001, float("nan")])
def test_timeout_has_to_be_a_number_from_0(opens, timeout):
    tx, rx = opens(1, 1)
    with pytest.raises(ValueError, match="non-negative"):
        rx.pull(timeout)
    with pytest.raises(ValueError, match="non-negative"):
        tx.push(b"a", timeout)
    with pytest.raises(TypeError):
        rx.pull("1")


@pytest.mark.parametrize("timeout", [float("inf"), 1e300, 10**400, 2**62, 1 << 31])
def test_timeout_may_be_as_long_as_you_like(opens, timeout):
    tx, rx = opens(1, 1)
    tx.push(b"a", timeout)
    assert rx.pull(timeout) == b"a"


def test_close_then_drain_then_the_end(opens):
    tx, rx = opens(2, 1)
    tx.push(b"a")
    tx.close()
    tx.close()
    with pytest.raises(pushpull.Closed):
        tx.push(b"b")
    with pytest.raises(pushpull.Closed):
        tx.push_n(b"b")
    assert rx.pull() == b"a"
    for pull in (rx.pull, rx.try_pull, lambda: rx.pull_n(1), lambda: rx.try_pull_n(1)):
        with pytest.raises(pushpull.EndOfStream):
            pull()


def test_cancel(opens):
    tx, rx = opens(2, 1)
    tx.push(b"a")
    rx.cancel()
    rx.cancel()
    for push in (tx.push, tx.try_push, tx.push_n, tx.try_push_n):
        with pytest.raises(pushpull.ReceiverGone):
            push(b"b")
    with pytest.raises(pushpull.Closed):
        rx.pull()
    assert rx.stats().dropped == 1


def test_iteration_ends_with_the_stream(opens):
    tx, rx = opens(3, 1)
    tx.push_n(b"abc")
    tx.close()
    assert list(rx) == [b"a", b"b", b"c"]
    assert list(rx) == []


def test_with_ends_the_side(opens):
    tx, rx = opens(2, 1)
    with tx as same:
        assert same is tx
        tx.push(b"a")
    with pytest.raises(pushpull.Closed, match="let go"):
        tx.push(b"b")
    assert rx.stats().closed
    with rx:
        assert list(rx) == [b"a"]
    with pytest.raises(pushpull.Closed, match="let go"):
        rx.pull()
    tx, rx = opens(1, 1)
    with pytest.raises(KeyError), rx:
        raise KeyError
    with pytest.raises(pushpull.ReceiverGone):
        tx.push(b"a")


def test_garbage_ends_the_side(opens):
    tx, rx = opens(2, 1)
    tx.push(b"a")
    del tx
    assert list(rx) == [b"a"]
    tx, rx = opens(2, 1)
    del rx
    with pytest.raises(pushpull.ReceiverGone):
        tx.push(b"a")


def test_release(opens):
    tx, rx = opens(2, 1)
    tx.release()
    tx.release()
    tx.close()  # nothing
    assert "let go" in repr(tx)
    for use in (len, lambda end: end.stats(), lambda end: end.depth, lambda end: end.address, lambda end: end.arm(),
                lambda end: end.fileno(), lambda end: end.detach(), lambda end: end.push(b"a")):  # fmt: skip
        with pytest.raises(pushpull.Closed, match="let go"):
            use(tx)
    assert (tx.capacity, tx.item_size) == (2, 1)
    with pytest.raises(pushpull.EndOfStream):
        rx.pull()


def test_clones_are_owners():
    tx, rx = pushpull.mpmc(4, 1)
    more = tx.clone()
    assert rx.stats().tx_refs == 2
    with more:
        more.push(b"a")
    assert not rx.stats().closed
    tx.push(b"b")
    with tx.clone() as third, rx.clone() as fourth:
        tx.release()
        assert not rx.stats().closed
        assert fourth.pull() == b"a"
        third.push(b"c")
    assert rx.stats().closed and not rx.stats().cancelled
    assert list(rx) == [b"b", b"c"]


def test_an_spsc_end_has_one_owner():
    tx, rx = pushpull.spsc(4, 1)
    for end in (tx, rx):
        with pytest.raises(ValueError, match="mpmc"):
            end.clone()


def test_looking_at_a_ring(opens):
    tx, rx = opens(5, 3, name="looked-at", track_depth=True)
    tx.push_n(b"abcdef")
    rx.pull()
    for end in (tx, rx):
        assert (end.capacity, end.item_size, end.kind, end.dtype) == (5, 3, opens.__name__, None)
        assert (end.depth, len(end)) == (1, 1)
        stats = end.stats()
        assert (stats.name, stats.pushed, stats.pulled, stats.depth, stats.depth_max) == ("looked-at", 2, 1, 1, 2)
        assert (stats.capacity, stats.tx_refs, stats.rx_refs, stats.closed, stats.cancelled) == (5, 1, 1, False, False)
        assert opens.__name__ in repr(end) and "depth=1" in repr(end)
    rx.pull()
    assert tx and rx


def test_a_long_or_odd_name(opens):
    assert opens(1, 1, name="x" * 100)[0].stats().name == "x" * 31
    opens(1, 1, name="é" * 31)[0].stats()


@pytest.mark.parametrize("spin", ["adaptive", "none", 1, 100_000])
def test_spin(opens, spin):
    tx, rx = opens(1, 1, spin=spin)
    with pytest.raises(pushpull.Empty):
        rx.pull(0.001)


@pytest.mark.parametrize(
    ("capacity", "item", "keywords", "error"),
    [
        (-1, 1, {}, ValueError),
        (1, 0, {}, ValueError),
        (1, -1, {}, ValueError),
        (1, None, {}, TypeError),
        (1, 1.5, {}, TypeError),
        (1, 1, {"spin": "no"}, ValueError),
        (1, 1, {"spin": 0}, ValueError),
        (2**62, 2**3, {}, (ValueError, MemoryError)),
        ("1", 1, {}, TypeError),
        (2**64, 1, {}, OverflowError),
    ],
)
def test_wrong_arguments(opens, capacity, item, keywords, error):
    with pytest.raises(error):
        opens(capacity, item, **keywords)


def test_ends_are_not_made_by_hand_nor_copied(opens):
    with pytest.raises(TypeError, match="spsc"):
        pushpull.PushEnd()
    tx, rx = opens(1, 1)
    for end in (tx, rx):
        for copies in (copy.copy, copy.deepcopy, pickle.dumps):
            with pytest.raises(TypeError, match="process"):
                copies(end)


def test_rendezvous_in_one_thread_never_meets(opens):
    tx, rx = opens(0, 1)
    with pytest.raises(pushpull.Full):
        tx.try_push(b"a")
    with pytest.raises(pushpull.Empty):
        rx.try_pull()
    with pytest.raises(pushpull.Full):
        tx.push(b"a", 0.01)
    assert len(tx) == 0


def test_everything_public_has_a_docstring():
    for name in pushpull.__all__:
        thing = getattr(pushpull, name)
        assert thing.__doc__, name
        if inspect.isclass(thing):
            for attribute, member in vars(thing).items():
                if not attribute.startswith("_") and (callable(member) or isinstance(member, property)):
                    assert inspect.getdoc(member), f"{name}.{attribute}"


def test_version():
    assert pushpull.library_version().count(".") == 2
