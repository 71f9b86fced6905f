# SPDX-License-Identifier: MIT
"""Batches and buffers without NumPy."""

import array
import ctypes
import mmap

import pytest

import pushpull


def test_batches(opens):
    tx, rx = opens(4, 2)
    assert tx.push_n(b"aabbcc") == 3
    assert rx.pull_n(2) == b"aabb"
    assert rx.pull_n(100) == b"cc"
    assert tx.try_push_n(b"1122334455") == 4
    with pytest.raises(pushpull.Full):
        tx.try_push_n(b"55")
    assert rx.try_pull_n(3) == b"112233"
    target = bytearray(b"--------")
    assert rx.try_pull_n_into(target) == 1
    assert target == b"44------"
    with pytest.raises(pushpull.Empty):
        rx.try_pull_n_into(target)
    assert target == b"44------"


def test_batch_of_nothing(opens):
    tx, rx = opens(4, 2)
    assert tx.push_n(b"") == 0
    assert tx.try_push_n(b"") == 0
    assert rx.try_pull_n_into(bytearray()) == 0
    assert rx.pull_n_into(bytearray(), min=0) == 0
    for max in (0, -1):
        with pytest.raises(ValueError, match="max"):
            rx.pull_n(max)
        with pytest.raises(ValueError, match="max"):
            rx.try_pull_n(max)


def test_batch_stops_at_the_timeout(opens):
    tx, rx = opens(2, 1)
    assert tx.push_n(b"abc", 0.01) == 2
    with pytest.raises(pushpull.Full):
        tx.push_n(b"c", 0.01)
    target = bytearray(5)
    assert rx.pull_n_into(target, 3, 0.01) == 2
    assert target == b"ab\0\0\0"
    with pytest.raises(pushpull.Empty):
        rx.pull_n_into(target, 3, 0.01)


def test_batch_stops_at_the_end(opens):
    tx, rx = opens(4, 1)
    tx.push_n(b"abc")
    tx.close()
    target = bytearray(5)
    assert rx.pull_n_into(target, 5) == 3
    with pytest.raises(pushpull.EndOfStream):
        rx.pull_n_into(target, 5)


@pytest.mark.parametrize("min", [-1, 3])
def test_min_has_to_fit(opens, min):
    tx, rx = opens(4, 1)
    with pytest.raises(ValueError, match="min"):
        rx.pull_n_into(bytearray(2), min)


def test_min_0_is_a_try(opens):
    tx, rx = opens(4, 1)
    with pytest.raises(pushpull.Empty):
        rx.pull_n_into(bytearray(2), 0)
    tx.push(b"a")
    assert rx.pull_n_into(bytearray(2), 0) == 1


def test_pull_into(opens):
    tx, rx = opens(4, 4)
    target = bytearray(b"--------")
    tx.push(b"abcd")
    rx.pull_into(memoryview(target)[2:6])
    assert target == b"--abcd--"
    with pytest.raises(pushpull.Empty):
        rx.pull_into(memoryview(target)[2:6], timeout=0)
    for size in (3, 5, 8):
        with pytest.raises(ValueError, match="4 bytes"):
            rx.pull_into(bytearray(size))


def test_a_single_item_has_its_size(opens):
    tx, rx = opens(4, 4)
    for item in (b"", b"abc", b"abcde", bytearray(8)):
        for push in (tx.push, tx.try_push):
            with pytest.raises(ValueError, match=f"4 bytes, not {len(item)}"):
                push(item)
    tx.push(array.array("f", [1.5]))
    assert rx.pull() == array.array("f", [1.5]).tobytes()


def test_whole_items_only(opens):
    tx, rx = opens(4, 4)
    for wrong in (b"abc", bytearray(7)):
        with pytest.raises(ValueError, match="whole number"):
            tx.push_n(wrong)
    with pytest.raises(ValueError, match="whole number"):
        rx.pull_n_into(bytearray(7))


def test_elements_are_items(opens):
    tx, rx = opens(4, 8)
    assert tx.push_n(array.array("q", [1, 2])) == 2
    target = array.array("d", [0, 0, 0])
    assert rx.pull_n_into(target) == 2
    assert target.tobytes() == array.array("q", [1, 2, 0]).tobytes()
    for wrong in (array.array("i", [1, 2]), array.array("h", [1, 2, 3, 4])):
        with pytest.raises(ValueError, match="element"):
            tx.push_n(wrong)
        with pytest.raises(ValueError, match="element"):
            rx.pull_n_into(wrong)


def test_rows_are_items(opens):
    tx, rx = opens(4, 8)
    rows = memoryview(bytes(range(32))).cast("i", (4, 2))
    assert tx.push_n(rows) == 4
    target = bytearray(32)
    assert rx.pull_n_into(memoryview(target).cast("h", (2, 2, 4))) == 4
    assert target == bytes(range(32))
    with pytest.raises(ValueError, match="element"):
        tx.push_n(memoryview(bytes(32)).cast("i", (2, 4)))


@pytest.mark.parametrize("make", [mmap.mmap, lambda _, n: (ctypes.c_char * n)(), lambda _, n: array.array("B", bytes(n))])
def test_other_buffers(opens, make):
    tx, rx = opens(8, 4)
    source = make(-1, 16)
    memoryview(source).cast("B")[:] = bytes(range(16))
    assert tx.push_n(source) == 4
    target = make(-1, 16)
    assert rx.pull_n_into(target) == 4
    assert bytes(memoryview(target).cast("B")) == bytes(range(16))


def test_what_is_no_buffer(opens):
    tx, rx = opens(8, 4)
    for wrong in (None, 1, "abcd", [1, 2], object()):
        for use in (tx.push, tx.try_push, tx.push_n, tx.try_push_n, rx.pull_into, rx.pull_n_into, rx.try_pull_n_into):
            with pytest.raises(TypeError, match="bytes-like"):
                use(wrong)


def test_readonly_is_not_pulled_into(opens):
    tx, rx = opens(8, 1)
    tx.push(b"x")
    frozen = b"a" * 4
    for wrong in (frozen, memoryview(frozen), memoryview(bytearray(4)).toreadonly()):
        for use in (rx.pull_n_into, rx.try_pull_n_into):
            with pytest.raises(BufferError, match="writable"):
                use(wrong)
    with pytest.raises(BufferError, match="writable"):
        rx.pull_into(b"a")
    assert frozen == b"aaaa" and len(rx) == 1


def test_gaps_are_refused(opens):
    tx, rx = opens(8, 1)
    with pytest.raises(BufferError, match="contiguous"):
        tx.push_n(memoryview(b"abcdef")[::2])
    with pytest.raises(BufferError, match="contiguous"):
        rx.pull_n_into(memoryview(bytearray(6))[::-1])


def test_a_buffer_in_use_stays_as_it_is(opens, start, asleep):
    tx, rx = opens(8, 1)
    target = bytearray(4)
    pull = start(rx.pull_n_into, target)
    asleep(lambda: tx.stats().pullers_parked)
    with pytest.raises(BufferError):
        target.clear()
    tx.push_n(b"ab")
    assert pull.result() in (1, 2)
    target.clear()
