# SPDX-License-Identifier: MIT
"""Choosing among several."""

import pytest

import pushpull


def test_the_one_that_can_go_ahead(opens):
    tx1, rx1 = opens(1, 1)
    tx2, rx2 = opens(1, 2)
    tx2.push(b"ab")
    assert pushpull.select([rx1.case(), rx2.case()]) == (1, b"ab")
    assert pushpull.select([rx1.case(), tx2.case(b"cd"), None]) == (1, None)
    assert rx2.pull() == b"cd"


def test_nothing_can_go_ahead(opens):
    tx, rx = opens(1, 1)
    for timeout in (0, 0.01, 0.15):
        with pytest.raises(pushpull.NotReady):
            pushpull.select([rx.case()], timeout)
    with pytest.raises(ValueError):
        pushpull.select([])
    with pytest.raises(ValueError):
        pushpull.select([None])
    with pytest.raises(pushpull.NotReady):
        pushpull.select([None], 0)


def test_the_first_or_any(opens):
    tx, rx = opens(4, 1)
    tx2, rx2 = opens(4, 1)
    seen = set()
    for _ in range(200):
        tx.push(b"a")
        tx2.push(b"b")
        assert pushpull.select([rx.case(), rx2.case()], ordered=True) == (0, b"a")
        tx.push(b"a")
        index, _item = pushpull.select([rx.case(), rx2.case()])
        seen.add(index)
        rest = pushpull.select([rx.case(), rx2.case()])
        assert rest[0] == 1 - index
    assert seen == {0, 1}


def test_a_ring_that_has_ended_is_ready(opens):
    tx, rx = opens(1, 1)
    tx2, rx2 = opens(1, 1)
    tx2.close()
    with pytest.raises(pushpull.EndOfStream) as caught:
        pushpull.select([rx.case(), rx2.case()])
    assert caught.value.index == 1
    with pytest.raises(pushpull.Closed) as caught:
        pushpull.select([tx2.case(b"a"), rx.case()])
    assert caught.value.index == 0
    rx.cancel()
    with pytest.raises(pushpull.ReceiverGone) as caught:
        pushpull.select([None, None, tx.case(b"a")])
    assert caught.value.index == 2


def test_waits(opens, start, asleep):
    rings = [opens(0, 1) for _ in range(40)]
    chosen = start(pushpull.select, [rx.case() for tx, rx in rings])
    asleep(lambda: rings[33][0].stats().pullers_parked)
    rings[33][0].push(b"x")
    assert chosen.result() == (33, b"x")


def test_the_same_end_twice(opens):
    tx, rx = opens(1, 1)
    tx.push(b"a")
    assert pushpull.select([rx.case(), rx.case()])[1] == b"a"
    tx.push(b"b")  # the guard of the end is free again
    assert rx.pull() == b"b"


def test_a_case_may_be_used_again(opens):
    tx, rx = opens(2, 4)
    push, pull = tx.case(bytearray(b"same")), rx.case()
    first = [pushpull.select([push]), pushpull.select([pull])][1]
    second = [pushpull.select([push]), pushpull.select([pull])][1]
    assert first == second == (0, b"same")
    assert "push" in repr(push) and "pull" in repr(pull)


def test_records(opens):
    pytest.importorskip("numpy")
    tx, rx = opens(2, "<i4")
    assert pushpull.select([tx.case(5)]) == (0, None)
    assert pushpull.select([rx.case()]) == (0, 5)


def test_let_go(opens):
    tx, rx = opens(2, 4)
    case = rx.case()
    rx.release()
    with pytest.raises(pushpull.Closed, match="let go"):
        pushpull.select([case, tx.case(b"abcd")])
    with pytest.raises(pushpull.ReceiverGone):
        tx.push(b"abcd")


def test_what_is_no_case(opens):
    tx, rx = opens(2, 4)
    with pytest.raises(AttributeError):
        pushpull.select([rx])
    with pytest.raises(ValueError):
        tx.case(b"abc")
