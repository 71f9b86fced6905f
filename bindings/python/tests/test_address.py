# SPDX-License-Identifier: MIT
"""Ends that go between C and Python by address, and who owns them."""

import ctypes

import pytest

import pushpull


@pytest.fixture
def opened_in_c(library):
    """Open a ring by the C function: addresses of its ends, each with one reference."""
    library.pp_tx_unref.argtypes = library.pp_rx_unref.argtypes = [ctypes.c_void_p]
    library.pp_push.argtypes = library.pp_pull.argtypes = [ctypes.c_void_p, ctypes.c_char_p]

    def open_ring(kind, capacity, item_size):
        tx, rx = ctypes.c_void_p(), ctypes.c_void_p()
        sizes = ctypes.c_size_t(capacity), ctypes.c_size_t(item_size)
        assert library.pp_open(ctypes.byref(tx), ctypes.byref(rx), kind, *sizes) == 0
        return tx.value, rx.value

    return open_ring


@pytest.mark.parametrize("kind", [1, 2])
def test_from_c_taken(library, opened_in_c, kind):
    tx_address, rx_address = opened_in_c(kind, 4, 4)
    rx = pushpull.PullEnd.from_address(rx_address, take=True)
    assert (rx.address, rx.capacity, rx.item_size, rx.kind) == (rx_address, 4, 4, ["", "spsc", "mpmc"][kind])
    assert library.pp_push(tx_address, b"abcd") == 0
    assert rx.pull() == b"abcd"
    assert rx.stats().rx_refs == 1
    rx.release()
    assert library.pp_push(tx_address, b"abcd") == -32
    library.pp_tx_unref(tx_address)


@pytest.mark.parametrize("kind", [1, 2])
def test_from_c_shared(library, opened_in_c, kind):
    tx_address, rx_address = opened_in_c(kind, 4, 4)
    with pushpull.PushEnd.from_address(tx_address, take=False) as tx:
        assert tx.stats().tx_refs == 2
        tx.push(b"abcd")
    assert library.pp_push(tx_address, b"efgh") == 0  # not closed: C has an end as well
    with pushpull.PullEnd.from_address(rx_address, take=True) as rx:
        library.pp_tx_unref(tx_address)
        assert list(rx) == [b"abcd", b"efgh"]


def test_to_c_borrowed(library, opened_in_c, opens):
    tx, rx = opens(4, 4)
    assert library.pp_push(tx.address, b"abcd") == 0
    target = ctypes.create_string_buffer(4)
    assert library.pp_pull(rx.address, target) == 0
    assert target.raw == b"abcd"
    assert (tx.stats().tx_refs, tx.stats().rx_refs) == (1, 1)


def test_to_c_for_good(library, opened_in_c, opens):
    tx, rx = opens(4, 4)
    address = tx.detach()
    for use in (lambda: tx.push(b"abcd"), tx.detach, lambda: tx.address):
        with pytest.raises(pushpull.Closed, match="let go"):
            use()
    tx.release()
    del tx
    assert rx.stats().tx_refs == 1 and not rx.stats().closed
    assert library.pp_push(address, b"abcd") == 0
    library.pp_tx_unref(address)
    assert list(rx) == [b"abcd"]


def test_a_dtype(opened_in_c):
    pytest.importorskip("numpy")
    tx_address, rx_address = opened_in_c(2, 4, 4)
    for take in (False, True):
        with pytest.raises(ValueError, match="4 bytes, not 8"):
            pushpull.PushEnd.from_address(tx_address, take=take, item="<i8")
    with pytest.raises(TypeError):
        pushpull.PushEnd.from_address(tx_address, take=True, item="O")
    tx = pushpull.PushEnd.from_address(tx_address, take=True, item="<f4")  # nobody took it before
    rx = pushpull.PullEnd.from_address(rx_address, take=True, item="<f4")
    assert rx.stats().tx_refs == 1
    tx.push(1.5)
    assert rx.pull() == 1.5


@pytest.mark.parametrize("address", [0, -1, 1 << 64])
def test_what_is_no_address(address):
    for kind in (pushpull.PushEnd, pushpull.PullEnd):
        with pytest.raises(ValueError, match="address"):
            kind.from_address(address, take=True)


def test_a_ring_that_signals_do_not_interrupt(opened_in_c, start):
    """Opened in C without PP_INTERRUPTIBLE; the main thread still looks for signals."""
    import os
    import signal

    tx_address, rx_address = opened_in_c(2, 4, 4)
    tx = pushpull.PushEnd.from_address(tx_address, take=True)
    rx = pushpull.PullEnd.from_address(rx_address, take=True)

    def interrupt():
        while not tx.stats().pullers_parked:
            pass
        os.kill(os.getpid(), signal.SIGINT)

    start(interrupt)
    with pytest.raises(KeyboardInterrupt):
        rx.pull()
