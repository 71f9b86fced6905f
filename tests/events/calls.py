#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""System calls of rings with descriptors, as strace sees them: calls.py SCENES-PROGRAM

The scenes are of scenes.c; running and counting them is ../strace/strace.py's.
"""
import collections
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "strace"))
sys.dont_write_bytecode = True
import strace  # pylint: disable=wrong-import-position

ROUNDS = 1000  # as scenes.c has it
SHAPES = [(kind, capacity) for kind in ("spsc", "mpmc") for capacity in (1, 3, 64)]


def no_calls(scene):
    for kind, capacity in SHAPES:
        calls = strace.between_marks(scene, kind, capacity)
        strace.expect(len(calls) == 1, calls,
                      f"{scene} {kind} {capacity}: {len(calls) - 1} calls")


def a_ring_without_descriptors_makes_no_call():
    no_calls("without")


def a_descriptor_that_nobody_armed_costs_no_call():
    no_calls("never_armed")


def a_descriptor_that_has_told_costs_no_call():
    no_calls("told")


def an_armed_end_is_told_once():
    for kind, capacity in SHAPES:
        calls = strace.between_marks("armed", kind, capacity)
        names = [name for name, _ in calls[1:]]
        strace.expect(names == ["write"], calls, f"armed {kind} {capacity}: {names}")


def counts(scene, kind, capacity):
    """How often each call is made.  A fence for the processor is no matter of the descriptor's."""
    calls = strace.between_marks(scene, kind, capacity)
    found = collections.Counter(name for name, _ in calls[1:])
    fences = found.pop("membarrier", 0)
    strace.expect(fences <= 1, calls, f"{scene} {kind} {capacity}: {fences} membarriers")
    return found, calls


def arming_is_one_call():
    for kind, capacity in SHAPES:
        found, calls = counts("arming", kind, capacity)
        strace.expect(found == {"read": ROUNDS}, calls, f"arming {kind} {capacity}: {found}")


def a_wait_is_one_call_on_each_side():
    for kind, capacity in SHAPES:
        found, calls = counts("waiting", kind, capacity)
        strace.expect(found == {"read": ROUNDS, "write": ROUNDS}, calls,
                      f"waiting {kind} {capacity}: {found}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: calls.py SCENES-PROGRAM")
    strace.PROGRAM = sys.argv[1]
    strace.CASES = [
        a_ring_without_descriptors_makes_no_call,
        a_descriptor_that_nobody_armed_costs_no_call,
        a_descriptor_that_has_told_costs_no_call,
        an_armed_end_is_told_once,
        arming_is_one_call,
        a_wait_is_one_call_on_each_side,
    ]
    sys.exit(strace.main())
