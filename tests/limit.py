#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""limit.py SECONDS PROGRAM [ARGUMENT...]

Run the program.  If it takes longer, it hangs: print the stacks of all its threads, and fail.
"""
import ctypes
import subprocess
import sys

PR_SET_PTRACER = 0x59616D61
ANY = ctypes.c_ulong(-1)


def allow_tracing():
    """Or gdb, which is no ancestor of the program, may not attach."""
    ctypes.CDLL(None).prctl(PR_SET_PTRACER, ANY, 0, 0, 0)


def stacks(pid):
    try:
        subprocess.run(["gdb", "-p", str(pid), "-batch", "-nx", "-ex", "thread apply all bt"],
                       stdin=subprocess.DEVNULL, stdout=sys.stderr, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        print(f"no stacks: {error}", file=sys.stderr)


def main():
    limit_s, command = float(sys.argv[1]), sys.argv[2:]
    # pylint: disable-next=subprocess-popen-preexec-fn # there are no threads here
    with subprocess.Popen(command, preexec_fn=allow_tracing) as process:
        try:
            return process.wait(limit_s)
        except subprocess.TimeoutExpired:
            print(f"HANG: {command[0]} still runs after {limit_s:g} s", file=sys.stderr, flush=True)
            stacks(process.pid)
            process.kill()
            return 1


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit("usage: limit.py SECONDS PROGRAM [ARGUMENT...]")
    status = main()
    sys.exit(status if status >= 0 else 128 - status)
