# SPDX-License-Identifier: MIT
"""A ring against a model, by hypothesis: every sequence of calls in one thread gives what a deque gives."""

from collections import deque

import hypothesis.strategies as st
import pytest
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import pushpull

SIZE = 3
items = st.binary(min_size=SIZE, max_size=SIZE)


def pick(data, ends):
    """One of them.  By its number, as what is drawn is kept."""
    return ends[data.draw(st.integers(0, len(ends) - 1))]


class Ring(RuleBasedStateMachine):
    """The model: a deque, the state of both sides, and how many ends own each."""

    @initialize(kind=st.sampled_from(["spsc", "mpmc"]), capacity=st.sampled_from([0, 1, 2, 3, 8]))
    def open(self, kind, capacity):
        tx, rx = getattr(pushpull, kind)(capacity, SIZE, track_depth=True)
        self.kind, self.capacity = kind, capacity
        self.tx, self.rx = [tx], [rx]
        self.items: deque[bytes] = deque()
        self.closed = self.cancelled = False
        self.pushed = self.pulled = self.dropped = self.deepest = 0

    def push_error(self):
        if self.closed:
            return pushpull.Closed
        if self.cancelled:
            return pushpull.ReceiverGone
        return pushpull.Full if len(self.items) == self.capacity else None

    def pull_error(self):
        if self.cancelled:
            return pushpull.Closed
        if self.items:
            return None
        return pushpull.EndOfStream if self.closed else pushpull.Empty

    def put(self, items):
        self.items.extend(items)
        self.pushed += len(items)
        self.deepest = max(self.deepest, len(self.items))

    def take(self, count):
        self.pulled += count
        return [self.items.popleft() for _ in range(count)]

    @precondition(lambda self: self.tx)
    @rule(data=st.data(), item=items, how=st.sampled_from(["try", "timeout", "bytearray", "case"]))
    def push(self, data, item, how):
        tx = pick(data, self.tx)
        error = self.push_error()
        call = {
            "try": lambda: tx.try_push(item),
            "timeout": lambda: tx.push(item, timeout=0),
            "bytearray": lambda: tx.push(bytearray(item), timeout=0),
            "case": lambda: pushpull.select([None, tx.case(item)], timeout=0),
        }[how]
        if error is None:
            assert call() == ((1, None) if how == "case" else None)
            self.put([item])
        else:
            with pytest.raises(pushpull.NotReady if how == "case" and error is pushpull.Full else error):
                call()

    @precondition(lambda self: self.tx)
    @rule(data=st.data(), batch=st.lists(items, min_size=1, max_size=10), waits=st.booleans())
    def push_n(self, data, batch, waits):
        tx = pick(data, self.tx)
        error = self.push_error()

        def call():
            return tx.push_n(b"".join(batch), timeout=0) if waits else tx.try_push_n(b"".join(batch))

        if error is None:
            fits = min(len(batch), self.capacity - len(self.items))
            assert call() == fits
            self.put(batch[:fits])
        else:
            with pytest.raises(error):
                call()

    @precondition(lambda self: self.rx)
    @rule(data=st.data(), how=st.sampled_from(["try", "timeout", "into", "case"]))
    def pull(self, data, how):
        rx = pick(data, self.rx)
        error = self.pull_error()
        target = bytearray(b"xyz")

        def into():
            rx.pull_into(target, timeout=0)
            return bytes(target)

        call = {
            "try": rx.try_pull,
            "timeout": lambda: rx.pull(timeout=0),
            "into": into,
            "case": lambda: pushpull.select([rx.case(), None], timeout=0)[1],
        }[how]
        if error is None:
            assert [call()] == self.take(1)
        else:
            with pytest.raises(pushpull.NotReady if how == "case" and error is pushpull.Empty else error):
                call()
            assert target == b"xyz"

    @precondition(lambda self: self.rx)
    @rule(data=st.data(), room=st.integers(1, 10), least=st.integers(0, 10), how=st.sampled_from(["try", "min", "new"]))
    def pull_n(self, data, room, least, how):
        rx = pick(data, self.rx)
        error = self.pull_error()
        target = bytearray(room * SIZE)

        def call():
            if how == "new":
                return rx.pull_n(room, timeout=0)
            count = (
                rx.try_pull_n_into(target)
                if how == "try"
                else rx.pull_n_into(target, min=min(least, room), timeout=0)
            )
            assert not any(target[count * SIZE :])
            return bytes(target[: count * SIZE])

        if error is None:
            assert call() == b"".join(self.take(min(room, len(self.items))))
        else:
            with pytest.raises(error):
                call()
            assert not any(target)

    @precondition(lambda self: self.tx)
    @rule(data=st.data())
    def close(self, data):
        pick(data, self.tx).close()
        self.closed = True

    def end_pulls(self):
        self.cancelled = True
        self.dropped += len(self.items)
        self.items.clear()

    @precondition(lambda self: self.rx)
    @rule(data=st.data())
    def cancel(self, data):
        pick(data, self.rx).cancel()
        self.end_pulls()

    @precondition(lambda self: self.kind == "mpmc")
    @rule(data=st.data())
    def clone(self, data):
        side = pick(data, (self.tx, self.rx))
        if 0 < len(side) < 4:
            side.append(pick(data, side).clone())

    @rule(data=st.data(), how=st.sampled_from(["release", "with", "detach"]))
    def let_go(self, data, how):
        """Of an end that is not the last of both sides: who could look at the ring then?"""
        side = pick(data, (self.tx, self.rx))
        if not side or len(self.tx) + len(self.rx) == 1:
            return
        end = side.pop(data.draw(st.integers(0, len(side) - 1)))
        ends_side = not side
        if how == "with":
            ends_side = ends_side or not end._shares
            end.__exit__(None, None, None)
        elif how == "detach":  # there and back
            same = type(end).from_address(end.detach(), take=True)
            same.release()
        else:
            end.release()
        if ends_side and side is self.tx:
            self.closed = True
        elif ends_side and not self.cancelled:
            self.end_pulls()

    @invariant()
    def looks_as_the_model(self):
        if not hasattr(self, "tx"):
            return
        for end in (*self.tx, *self.rx):
            assert len(end) == len(self.items)
        stats = (self.tx or self.rx)[0].stats()
        assert (stats.pushed, stats.pulled, stats.dropped) == (self.pushed, self.pulled, self.dropped)
        assert (stats.tx_refs, stats.rx_refs) == (len(self.tx), len(self.rx))
        assert (stats.closed, stats.cancelled) == (self.closed, self.cancelled)
        assert stats.depth_max == self.deepest

    def teardown(self):
        for end in (*getattr(self, "tx", ()), *getattr(self, "rx", ())):
            end.release()


TestRing = Ring.TestCase
