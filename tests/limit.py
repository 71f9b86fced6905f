#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""limit.py SECONDS PROGRAM [ARGUMENT...]

Run the program.  If it takes longer, it hangs: print the stacks of all threads of it and of the
processes that it started, end them all, and fail.
"""
import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time

STACKS_S = 60 # for all of them together
PR_SET_CHILD_SUBREAPER = 36
PR_SET_PTRACER = 0x59616D61
ANY = ctypes.c_ulong(-1)


def allow_tracing():
    """Or gdb, which is no ancestor of the program, may not attach where Yama guards it."""
    ctypes.CDLL(None).prctl(PR_SET_PTRACER, ANY, 0, 0, 0)


def adopt_orphans():
    """So that descendants() finds those too whose parent has ended."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def status_of(pid, *names):
    """These fields of a process; None of one that has ended."""
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as status:
            fields = dict(line.rstrip("\n").split(":\t", 1) for line in status if ":\t" in line)
    except OSError:
        return None
    return None if fields["State"][0] in "ZX" else [int(fields[name]) for name in names]


def descendants():
    """The living ones, parents first."""
    parents = {int(name): status_of(name, "PPid") for name in os.listdir("/proc") if name.isdigit()}
    found = [os.getpid()]
    for parent in found: # grows meanwhile
        found += [pid for pid, of in parents.items() if of == [parent]]
    return found[1:]


def kill(pid):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def release(pid, found):
    """There is one tracer at most: end another one of ours, such as strace."""
    tracer = status_of(pid, "TracerPid")
    while tracer and tracer[0] in found:
        kill(tracer[0])
        time.sleep(0.01)
        tracer = status_of(pid, "TracerPid")


def print_stacks(pid, end):
    with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as command:
        print(f"\nprocess {pid}: {command.read().replace(chr(0), ' ')}", file=sys.stderr, flush=True)
    subprocess.run(["gdb", "-p", str(pid), "-batch", "-nx", "-ex", "thread apply all bt"],
                   stdin=subprocess.DEVNULL, stdout=sys.stderr, check=True,
                   timeout=max(1, end - time.monotonic()))


def all_stacks():
    end = time.monotonic() + STACKS_S
    found = descendants()
    for pid in found:
        release(pid, found)
    for pid in found:
        if status_of(pid) is None:
            continue # it was the tracer
        try:
            print_stacks(pid, end)
        except (OSError, subprocess.SubprocessError) as error:
            print(f"no stacks of {pid}: {error}", file=sys.stderr, flush=True)


def end_all():
    try:
        while True:
            for pid in descendants():
                kill(pid)
            os.waitpid(-1, 0)
    except ChildProcessError:
        pass # none is left


def main():
    limit_s, command = float(sys.argv[1]), sys.argv[2:]
    adopt_orphans()
    # pylint: disable-next=subprocess-popen-preexec-fn # there are no threads here
    with subprocess.Popen(command, preexec_fn=allow_tracing) as process:
        try:
            return process.wait(limit_s)
        except subprocess.TimeoutExpired:
            print(f"HANG: {command[0]} still runs after {limit_s:g} s", file=sys.stderr, flush=True)
            all_stacks()
            end_all()
            return 1


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit("usage: limit.py SECONDS PROGRAM [ARGUMENT...]")
    status = main()
    sys.exit(status if status >= 0 else 128 - status)
