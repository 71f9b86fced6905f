# SPDX-License-Identifier: MIT
"""Records: rings with a dtype, and NumPy arrays as buffers."""

import subprocess
import sys

import pytest

import pushpull

numpy = pytest.importorskip("numpy")

TICK = numpy.dtype([("time", "<i8"), ("price", "<f8"), ("size", "<i4"), ("side", "S1")])


def ticks(count):
    array = numpy.zeros(count, TICK)
    array["time"] = numpy.arange(count)
    array["price"] = array["time"] / 4
    array["side"] = b"B"
    return array


def test_records(opens):
    tx, rx = opens(100, TICK)
    assert (tx.dtype, rx.dtype, tx.item_size) == (TICK, TICK, TICK.itemsize)
    tx.push((1, 2.5, 3, b"S"))
    record = rx.pull()
    assert isinstance(record, numpy.void) and record.dtype == TICK
    assert record["time"] == 1 and record["price"] == 2.5 and record["side"] == b"S"
    tx.push(record)
    assert rx.try_pull() == record


def test_batches_of_records(opens):
    tx, rx = opens(100, TICK)
    assert tx.push_n(ticks(60)) == 60
    target = numpy.zeros(50, TICK)
    assert rx.pull_n_into(target) == 50
    assert (target == ticks(50)).all()
    rest = rx.pull_n(50)
    assert rest.dtype == TICK and (rest == ticks(60)[50:]).all()
    rest["time"] = 0  # it is the caller's


@pytest.mark.parametrize(
    ("dtype", "value"),
    [
        ("<f4", 1.5),
        (">i4", 7),
        ("?", True),
        ("c16", 1 + 2j),
        ("S8", b"abc"),
        ("U3", "äöü"),
        ("M8[ns]", "2020-01-02T03:04:05"),
        ("m8[s]", 5),
        (("<i2", (3,)), [1, 2, 3]),
        ([("a", "<i2", (2,)), ("b", "u1")], ([1, 2], 3)),
        (int, 5),
    ],
)
def test_every_dtype_of_fixed_size(opens, dtype, value):
    tx, rx = opens(10, dtype)
    array = numpy.zeros(2, dtype)
    array[:] = value
    tx.push(value)
    pulled = rx.pull()
    assert numpy.array_equal(pulled, array[0]) and type(pulled) is type(array[0])
    assert tx.push_n(array) == 2
    assert numpy.array_equal(rx.pull_n(10), array)
    tx.push_n(array)
    target = numpy.zeros_like(array)
    assert rx.pull_n_into(target, 2) == 2
    assert numpy.array_equal(target, array)


def test_scalars_of_a_dtype_are_its_own(opens):
    tx, rx = opens(10, "<i4")
    for value in (1, numpy.int64(1), numpy.array(1), True):
        tx.push(value)
        assert rx.pull() == 1
    with pytest.raises(ValueError):
        tx.push([1, 2])
    with pytest.raises(ValueError):
        tx.push("word")
    assert len(rx) == 0


def test_other_dtypes_are_refused(opens):
    tx, rx = opens(10, "<i8")
    for wrong in (numpy.zeros(2, "<f8"), numpy.zeros(2, ">i8"), numpy.zeros(4, "<i4"), numpy.zeros(2, "<u8")):
        for use in (tx.push_n, tx.try_push_n, rx.pull_n_into, rx.try_pull_n_into):
            with pytest.raises(TypeError, match="view"):
                use(wrong)
    assert tx.push_n(numpy.ones(2, "<f8").view("<i8")) == 2
    assert tx.push_n(numpy.ones(2, "<i8").tobytes()) == 2  # plain bytes have no dtype


def test_arrays_where_items_are_bytes(opens):
    tx, rx = opens(10, 8)
    assert tx.push_n(numpy.arange(3)) == 3
    target = numpy.zeros(3)
    assert rx.pull_n_into(target) == 3
    assert (target.view("i8") == numpy.arange(3)).all()
    assert tx.push_n(numpy.zeros((2, 2), "f4")) == 2
    assert tx.push_n(numpy.zeros(1, "M8[s]")) == 1
    with pytest.raises(ValueError, match="element"):
        tx.push_n(numpy.zeros(4, "f4"))
    with pytest.raises(ValueError, match="element"):
        tx.push_n(numpy.zeros((2, 4), "f4"))


def test_layouts(opens):
    tx, rx = opens(100, "<i4")
    square = numpy.arange(16, dtype="<i4").reshape(4, 4)
    assert tx.push_n(square) == 16
    target = numpy.zeros_like(square)
    assert rx.pull_n_into(target) == 16
    assert (target == square).all()
    for wrong in (square.T, square[:, ::2], square[::2], square[::-1]):
        with pytest.raises(BufferError, match="contiguous"):
            tx.push_n(wrong)
        with pytest.raises(BufferError, match="contiguous"):
            rx.pull_n_into(wrong)
    assert tx.push_n(square[1:3]) == 8
    square.flags.writeable = False
    with pytest.raises(BufferError, match="writable"):
        rx.pull_n_into(square)


@pytest.mark.parametrize("dtype", ["O", [("a", "i4"), ("b", "O")]])
def test_no_objects(opens, dtype):
    with pytest.raises(TypeError, match="Queue"):
        opens(10, dtype)


@pytest.mark.parametrize("dtype", ["V0", "S0"])
def test_no_empty_items(opens, dtype):
    with pytest.raises(ValueError):
        opens(10, dtype)


def test_a_large_batch_is_whole(opens, start):
    tx, rx = opens(1000, "<i8")
    count = 200_000

    def produce():
        with tx:
            for begin in range(0, count, 7000):
                tx.push_n(numpy.arange(begin, min(begin + 7000, count)))

    start(produce)
    target = numpy.zeros(count, "<i8")
    assert rx.pull_n_into(target, count) == count
    assert (target == numpy.arange(count)).all()
    with pytest.raises(pushpull.EndOfStream):
        rx.pull()


def test_numpy_is_not_needed():
    program = """
import sys
sys.modules["numpy"] = None  # cannot be imported
import pushpull
tx, rx = pushpull.spsc(4, 4)
tx.push_n(b"abcd")
assert rx.pull_n_into(bytearray(8)) == 1
tx.push_n(memoryview(bytes(4)).cast("i"))
try:
    pushpull.spsc(4, "<i4")
except TypeError as error:
    assert "NumPy" in str(error)
else:
    raise AssertionError
"""
    subprocess.run([sys.executable, "-P", "-c", program], check=True)
