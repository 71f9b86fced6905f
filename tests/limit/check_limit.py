#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A hang ends with stacks: check_limit.py LIMIT.PY PROGRAM

The program hangs on purpose; alone, and traced by another.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

SHOWN = ["hang_in_main", "hang_in_thread", "hang_in_child"]
LIMITS_S = [1, 10, 60] # the next where the program was not yet hanging: a slow machine


def start(limit_s, *command):
    """What it writes goes to a file: of a pipe, who is left over would keep the end open."""
    output = tempfile.TemporaryFile("w+")
    return subprocess.Popen([sys.executable, LIMIT, str(limit_s), *command],
                            stdout=output, stderr=subprocess.STDOUT), output


def finish(process, output):
    with output:
        process.wait()
        output.seek(0)
        return output.read()


def a_hang_fails_with_all_stacks_and_leaves_no_process(process, output):
    assert process.returncode == 1, f"exit status {process.returncode}"
    assert output.count("HANG: ") == 1, "no line that says what hangs"
    pids = re.search(r"^hangs (\d+) (\d+)$", output, re.M)
    left = [pid for pid in pids.groups() if os.path.exists(f"/proc/{pid}")]
    assert not left, f"still there: {left}"
    missing = [name for name in SHOWN if not re.search(rf"^#\d+ .*\b{name}\b", output, re.M)]
    assert not missing, f"not in the stacks: {missing}"


def a_program_that_ends_keeps_its_exit_status():
    process, output = start(60, PROGRAM, "not")
    output = finish(process, output)
    assert process.returncode == 3 and not output, f"{process.returncode}: {output}"


def hang(commands):
    """Both at once, since a hang takes its time."""
    for limit_s in LIMITS_S:
        started = [start(limit_s, *command) for command in commands]
        ended = [(process, finish(process, output)) for process, output in started]
        if all(re.search("^hangs ", output, re.M) for _, output in ended):
            return ended
    raise AssertionError("the program never came to its hang")


def may_trace():
    return shutil.which("strace") and not subprocess.run(
        ["strace", "-o", "/dev/null", "true"], check=False, stderr=subprocess.DEVNULL).returncode


def main():
    if not shutil.which("gdb"):
        print("skipped: gdb is not installed")
        return 77
    a_program_that_ends_keeps_its_exit_status()
    commands = [[PROGRAM]] + ([["strace", "-f", "-o", "/dev/null", PROGRAM]] if may_trace() else [])
    hung = hang(commands)
    if "ptrace: Operation not permitted" in hung[0][1]:
        print("skipped: gdb may not attach")
        return 77
    for process, output in hung:
        try:
            a_hang_fails_with_all_stacks_and_leaves_no_process(process, output)
        except AssertionError as error:
            print(f"{output}\nFAILED  {process.args[3]}: {error}")
            return 1
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: check_limit.py LIMIT.PY PROGRAM")
    LIMIT, PROGRAM = sys.argv[1:]
    sys.exit(main())
