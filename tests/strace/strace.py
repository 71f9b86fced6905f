#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""System calls of the library, as strace sees them: strace.py SCENES-PROGRAM

Counts and arguments only; no timings, and no limit: that is tests/limit.py's.  Exit status 77
where strace cannot run.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

SHAPES = [(kind, capacity) for kind in ("spsc", "mpmc") for capacity in (0, 1, 4)]
# What a thread may call on its way to sleep, beside the futex itself.
PASSING = {"membarrier", "sched_yield"}


class Failure(Exception):
    pass


def run(scene, kind, capacity, *options):
    """The lines of a scene's trace, and its exit status."""
    with tempfile.NamedTemporaryFile("r") as trace:
        command = ["strace", "-f", "-o", trace.name, *options, PROGRAM, scene, kind, str(capacity)]
        environment = dict(os.environ)
        # Leaks cannot be looked for under another tracer.
        environment["ASAN_OPTIONS"] = "detect_leaks=0"
        status = subprocess.run(command, env=environment, stderr=subprocess.DEVNULL,
                                check=False).returncode
        return trace.read().splitlines(), status


def between_marks(scene, kind, capacity):
    """(name, rest of the line) of each call that the marking thread makes in between."""
    lines, status = run(scene, kind, capacity)
    if status != 0:
        raise Failure(f"{scene} {kind} {capacity}: exit status {status}")
    calls, thread = [], None
    for line in lines:
        tid, _, text = line.partition(" ")
        text = text.strip()
        if 'write(2, "begin' in text:
            thread = tid
            calls.append(("begin", text))
        elif thread and tid == thread:
            if 'write(2, "end' in text:
                return calls
            match = re.match(r"(\w+)\((.*)", text)
            if match:  # and not the second half of a call, or a signal
                calls.append((match[1], match[2]))
    raise Failure(f"{scene} {kind} {capacity}: no marks in the trace")


def expect(condition, calls, message):
    if not condition:
        shown = "\n".join(f"    {name}({rest}" for name, rest in calls[:20])
        raise Failure(f"{message}\n{shown}")


def one_futex_call(scene, kind, capacity):
    calls = between_marks(scene, kind, capacity)
    futex = [rest for name, rest in calls if name == "futex"]
    others = {name for name, _ in calls} - {"futex", "begin"} - PASSING
    expect(len(futex) == 1, calls, f"{scene} {kind} {capacity}: {len(futex)} futex calls, not 1")
    expect(not others, calls, f"{scene} {kind} {capacity}: also calls {others}")
    expect("FUTEX_WAIT" in futex[0], calls, f"{scene}: no wait")
    expect("CLOCK_REALTIME" not in futex[0], calls, f"{scene}: the wall clock")
    return calls, futex[0]


def a_blocked_thread_makes_one_futex_call_without_a_deadline():
    for scene in ("blocked_pull", "blocked_push"):
        for kind, capacity in SHAPES:
            calls, futex = one_futex_call(scene, kind, capacity)
            expect("tv_sec" not in futex and "NULL" in futex, calls, f"{scene}: a deadline")


def a_select_asleep_makes_one_futex_call():
    for scene in ("blocked_select_pull", "blocked_select_push"):
        for kind, capacity in SHAPES:
            one_futex_call(scene, kind, capacity)


def a_timed_wait_makes_one_futex_call_with_the_deadline_of_the_caller():
    for scene in ("timed_pull", "timed_push"):
        for kind, capacity in SHAPES:
            calls, futex = one_futex_call(scene, kind, capacity)
            deadline = int(re.search(r"begin (\d+)", calls[0][1])[1])
            given = re.search(r"tv_sec=(\d+), tv_nsec=(\d+)", futex)
            expect(given, calls, f"{scene}: no deadline")
            expect(int(given[1]) * 10**9 + int(given[2]) == deadline, calls,
                   f"{scene} {kind} {capacity}: not the deadline {deadline}")


def with_nobody_asleep_no_system_call_is_made():
    for kind, capacity in SHAPES:
        if capacity:
            calls = between_marks("alone", kind, capacity)
            expect(len(calls) == 1, calls, f"alone {kind} {capacity}: {len(calls) - 1} calls")


def a_stream_makes_nearly_no_futex_calls():
    for kind in ("spsc", "mpmc"):
        calls = between_marks("stream", kind, 1024)
        futex = sum(name == "futex" for name, _ in calls)
        expect(futex < 3000, calls, f"stream {kind}: {futex} futex calls for 300000 items")
        others = {name for name, _ in calls} - {"futex", "begin"} - PASSING
        expect(not others, calls, f"stream {kind}: also calls {others}")


def pushes_while_a_wake_is_on_its_way_make_no_system_call():
    for kind in ("spsc", "mpmc"):
        calls = between_marks("burst", kind, 100)
        wakes = sum(name == "futex" and "FUTEX_WAKE" in rest for name, rest in calls)
        expect(1 <= wakes <= 10, calls, f"burst {kind}: {wakes} wake calls for 100 pushes")


def who_sleeps_for_every_item_fences_once():
    for kind in ("spsc", "mpmc"):
        calls = between_marks("slow", kind, 1)
        waits = sum(name == "futex" and "FUTEX_WAIT" in rest for name, rest in calls)
        heavy = sum(name == "membarrier" for name, _ in calls)
        expect(waits >= 30, calls, f"slow {kind}: {waits} sleeps show nothing")
        expect(heavy <= 1, calls, f"slow {kind}: {heavy} membarriers for {waits} sleeps")


def opening_starts_no_thread_and_installs_no_handler():
    never = {"clone", "clone3", "fork", "vfork", "rt_sigaction", "rt_sigprocmask", "timer_create",
             "signalfd4", "openat", "socket", "eventfd2"}
    for kind, capacity in SHAPES:
        calls = between_marks("opening", kind, capacity)
        found = {name for name, _ in calls} & never
        expect(not found, calls, f"opening {kind} {capacity}: calls {found}")


def without_membarrier_everything_works():
    for error in ("ENOSYS", "EPERM"):
        for kind, capacity in SHAPES + [("mpmc", 1024)]:
            lines, status = run("whole", kind, capacity, "-e", "trace=membarrier,futex",
                                "-e", f"inject=membarrier:error={error}")
            if not any("INJECTED" in line for line in lines):
                raise Failure("no membarrier was refused: the scene shows nothing")
            if status != 0:
                raise Failure(f"{kind} {capacity} with {error}: exit status {status}")


CASES = [
    a_blocked_thread_makes_one_futex_call_without_a_deadline,
    a_select_asleep_makes_one_futex_call,
    a_timed_wait_makes_one_futex_call_with_the_deadline_of_the_caller,
    with_nobody_asleep_no_system_call_is_made,
    a_stream_makes_nearly_no_futex_calls,
    pushes_while_a_wake_is_on_its_way_make_no_system_call,
    who_sleeps_for_every_item_fences_once,
    opening_starts_no_thread_and_installs_no_handler,
    without_membarrier_everything_works,
]


def main():
    if not shutil.which("strace"):
        print("skipped: strace is not installed")
        return 77
    if subprocess.run(["strace", "-o", "/dev/null", "true"], check=False,
                      stderr=subprocess.DEVNULL).returncode:
        print("skipped: strace may not trace here")
        return 77
    failed = 0
    for case in CASES:
        try:
            case()
            print(f"ok      {case.__name__}")
        except Failure as failure:
            failed += 1
            print(f"FAILED  {case.__name__}: {failure}")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: strace.py SCENES-PROGRAM")
    PROGRAM = sys.argv[1]
    sys.exit(main())
