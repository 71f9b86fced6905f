# SPDX-License-Identifier: MIT
"""The programs of the suites, as meson knows them, run on a machine."""
import csv
import json
import pathlib
import resource
import signal
import subprocess

from machine import HERE, MESON, must

SUITES = ["unit", "stress", "stall", "examples"]
LIMIT_S = 900 # of one program; each has a watchdog of its own that speaks earlier


class Program:
    """One test that is a program of ours and not a script around one."""

    def __init__(self, build, test, suite):
        self.suite, self.name = suite, test["name"]
        self.label = f"{suite}/{self.name}"
        self.env = test["env"]
        words = test["cmd"]
        if pathlib.Path(words[1] if len(words) > 1 else "").name == "limit.py":
            words = words[3:]
        self.words = words
        path = pathlib.Path(words[0])
        self.target = str(path.relative_to(build)) if path.is_relative_to(build) else None


def programs(machine):
    """In the order of meson's list; also the labels of what is none of ours."""
    told = json.loads(must([MESON, "introspect", "--tests", machine.build]))
    found = [Program(machine.build, test, suite) for test in told
             for suite in [name.rpartition(":")[2] for name in test["suite"]] if suite in SUITES]
    return [p for p in found if p.target], [p.label for p in found if not p.target]


class Exclusions:
    """excluded.tsv: machine, suite/program, case or *, why."""

    def __init__(self, machine):
        self.kinds = {machine.name, machine.name.partition("+")[0],
                      "emulated" if machine.emulated else "native"}
        with open(HERE / "excluded.tsv", encoding="utf-8", newline="") as table:
            rows = csv.DictReader((line for line in table if not line.startswith("#")),
                                  delimiter="\t")
            self.rows = [row for row in rows if row["machine"] in self.kinds]

    def whole(self, label):
        return next((row["why"] for row in self.rows
                     if row["program"] == label and row["case"] == "*"), None)

    def cases(self, label):
        return [row["case"] for row in self.rows if row["program"] == label and row["case"] != "*"]

    def unknown(self, labels):
        return [row["program"] for row in self.rows if row["program"] not in labels]


def cpu_seconds():
    """Of all that has been run so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Outcome:
    """Of one program: what its cases did, and what is wrong."""

    def __init__(self):
        self.passed = self.skipped = 0
        self.failed = [] # what, why
        self.cpu_s = cpu_seconds()

    def end(self):
        self.cpu_s = cpu_seconds() - self.cpu_s
        return self


def run_limited(machine, program, arguments):
    """Status and everything written; the process group ends with it."""
    with subprocess.Popen(machine.command([*program.words, *arguments]), start_new_session=True,
                          env=machine.environment(program.env), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace") as process:
        try:
            said, _ = process.communicate(timeout=LIMIT_S)
            return process.returncode, said
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            said, _ = process.communicate()
            return f"runs longer than {LIMIT_S} s", said


def case_list(machine, program):
    done = subprocess.run(machine.command([*program.words, "--list"]), check=True, text=True,
                          env=machine.environment({}), capture_output=True)
    return done.stdout.split()


def criterion_list(path):
    """The same of the program that Criterion runs: a line of the suite, a tree of its cases."""
    said = subprocess.run([path, "--list"], check=True, capture_output=True, text=True).stdout
    suite, cases = "", []
    for line in said.splitlines():
        if line[:1].isalpha():
            suite = line.partition(":")[0]
        elif line.strip():
            cases.append(f"{suite}/{line.split()[1]}")
    return cases


def read_cases(lines):
    """Names that passed, names that skipped themselves, failures with what was said before."""
    passed, skipped, failed, before = [], [], [], 0
    for number, line in enumerate(lines):
        if not line.startswith(("ok      ", "skipped ", "FAILED  ")):
            continue
        name = line[8:].strip()
        if line.startswith("FAILED"):
            failed.append((name, "\n".join(lines[before:number][:8])))
        else:
            (passed if line.startswith("ok") else skipped).append(name)
        before = number + 1
    return passed, skipped, failed


def run_cases(machine, program, excluded, criterion):
    outcome = Outcome()
    cases = case_list(machine, program)
    without = [word for case in excluded for word in ("--without", case)]
    status, said = run_limited(machine, program, without)
    passed, skipped, failed = read_cases(said.splitlines())
    outcome.passed, outcome.skipped = len(passed), len(skipped) + len(excluded)
    outcome.failed = failed[:]
    if status != (1 if failed else 0):
        outcome.failed.append((program.label, f"status {status}: {said[-500:]}"))
    if len(passed) + outcome.skipped + len(failed) != len(cases):
        outcome.failed.append((program.label, f"not all of its {len(cases)} cases were run"))
    if sorted(cases) != sorted(criterion_list(criterion)):
        outcome.failed.append((program.label, "its cases are not those that Criterion runs"))
    return outcome.end()


def run_whole(machine, program):
    outcome = Outcome()
    status, said = run_limited(machine, program, [])
    if status == 0:
        outcome.passed = 1
    elif status == 77:
        outcome.skipped = 1
    else:
        outcome.failed.append((program.label, f"status {status}\n" + said[-2000:]))
    return outcome.end()
