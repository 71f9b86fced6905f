# SPDX-License-Identifier: MIT
"""What the items of a ring are to Python: bytes, or values of a NumPy dtype."""

from __future__ import annotations

import operator
import sys
from typing import TYPE_CHECKING, Any, TypeAlias

from ._ffi import ffi

if TYPE_CHECKING:
    from ._ffi import CData
    import numpy

if sys.version_info >= (3, 12):
    from collections.abc import Buffer
else:
    Buffer: TypeAlias = Any

# Memory for items.  It is written before anybody reads it.
_new = ffi.new_allocator(should_clear_after_alloc=False)
_char_array = ffi.typeof("char[]")


def _pointer(buffer: Buffer, writable: bool) -> CData:
    """The memory of a buffer, which it cannot give up as long as the result lives."""
    try:
        return ffi.from_buffer(_char_array, buffer, require_writable=writable)
    except TypeError:
        raise TypeError(
            f"a bytes-like object is needed, as bytes, bytearray, memoryview or a NumPy array, not {type(buffer).__name__}"
        ) from None
    except (BufferError, ValueError) as error:
        reason = "writable and C-contiguous" if writable else "C-contiguous"
        raise BufferError(f"the buffer has to be {reason}: {error}") from None


def _consists_of(itemsize: int, shape: tuple[int, ...], size: int) -> bool:
    """Whether an array of elements of `itemsize` bytes can be cut into items of `size` bytes: plain
    bytes, elements of that size, or rows of that size."""
    if itemsize in (1, size):
        return True
    for extent in reversed(shape[1:]):
        itemsize *= extent
        if itemsize == size:
            return True
    return False


class Items:
    """Items of `size` bytes that are bytes to Python."""

    __slots__ = ("raw_size", "size")

    # What type(self) has for everybody, Dtyped has for each ring.
    dtype: numpy.dtype[Any] | None = None

    def __init__(self, size: int) -> None:
        self.size = size
        # A bytes object of this length is an item as it is.
        self.raw_size = size

    def __repr__(self) -> str:
        return f"item_size={self.size}"

    def new(self, count: int = 1) -> CData:
        """Memory for `count` items."""
        return _new(_char_array, count * self.size)

    def source(self, item: Any) -> CData:
        """The bytes of one item to push."""
        pointer = _pointer(item, False)
        if len(pointer) != self.size:
            raise ValueError(f"an item has {self.size} bytes, not {len(pointer)}")
        return pointer

    def target(self, buffer: Buffer) -> CData:
        """Where one item is pulled to."""
        pointer = _pointer(buffer, True)
        if len(pointer) != self.size:
            raise ValueError(f"an item has {self.size} bytes, the buffer {len(pointer)}")
        return pointer

    def many(self, buffer: Buffer, writable: bool) -> tuple[CData, int]:
        """The memory of a buffer, and how many items it holds."""
        pointer = _pointer(buffer, writable)
        if type(buffer) is not bytes and type(buffer) is not bytearray:
            self._check(buffer)
        count, rest = divmod(len(pointer), self.size)
        if rest:
            raise ValueError(f"{len(pointer)} bytes are no whole number of items of {self.size} bytes")
        return pointer, count

    def _check(self, buffer: Buffer) -> None:
        """That the elements of a buffer are items."""
        dtype = getattr(buffer, "dtype", None)
        view = memoryview(buffer) if dtype is None else buffer
        if not _consists_of(view.itemsize, view.shape, self.size):
            raise ValueError(f"an item has {self.size} bytes, an element of the buffer {view.itemsize}")

    def value(self, memory: CData) -> Any:
        """One item that was pulled."""
        return ffi.unpack(memory, self.size)

    def values(self, memory: CData, count: int) -> Any:
        """`count` items that were pulled."""
        return ffi.buffer(memory, count * self.size)[:]


class DtypeItems(Items):
    """Items that are values of a NumPy dtype."""

    __slots__ = ("_numpy", "dtype")

    def __init__(self, dtype: Any) -> None:
        if dtype is None:  # which NumPy takes for float64
            raise TypeError("an item is a number of bytes or a dtype, not None")
        try:
            import numpy
        except ImportError:
            raise TypeError(
                f"an item is a number of bytes, or, where NumPy is installed, a dtype; not {dtype!r}"
            ) from None
        self._numpy = numpy
        self.dtype = numpy.dtype(dtype)
        if self.dtype.hasobject:
            raise TypeError("a ring of records holds no Python objects: see pushpull.Queue")
        if self.dtype.itemsize == 0:
            raise ValueError(f"{self.dtype!r} has no bytes")
        super().__init__(self.dtype.itemsize)
        self.raw_size = -1  # bytes are a value of a dtype like others

    def __repr__(self) -> str:
        return f"item={self.dtype}"

    def source(self, item: Any) -> CData:
        value = self._numpy.zeros(1, self.dtype)
        value[0] = item
        return value.tobytes()

    def _check(self, buffer: Buffer) -> None:
        dtype = getattr(buffer, "dtype", None)
        if dtype is not None and dtype != self._element():
            raise TypeError(f"the items are of {self.dtype}, the array of {dtype}: see numpy.ndarray.view")
        super()._check(buffer)

    def _element(self) -> Any:
        """What the elements of an array of items are: of a subarray those of the base."""
        assert self.dtype is not None
        return self.dtype.base

    def value(self, memory: CData) -> Any:
        return self.values(memory, 1)[0]

    def values(self, memory: CData, count: int) -> Any:
        array = self._numpy.frombuffer(ffi.buffer(memory, count * self.size), self._element())
        assert self.dtype is not None
        return array.reshape(count, *self.dtype.shape)


def items_of(item: Any) -> Items:
    """Of an item size in bytes, or anything that numpy.dtype() takes."""
    try:
        size = operator.index(item)
    except TypeError:
        return DtypeItems(item)
    if size < 1:
        raise ValueError(f"an item has at least 1 byte, not {size}")
    return Items(size)
