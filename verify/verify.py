#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Run the evidence for what the library claims; script/verify calls this.

WHAT is a part (a folder of verify/), a label of docs/memory-model.md, or a row of the table in
docs/verification.md; without one, every part.
"""
import argparse
import datetime
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "table"))
from evidence import jobs_of # pylint: disable=wrong-import-position
from sources import ROOT, differences, labels, parts, written # pylint: disable=wrong-import-position
import table # pylint: disable=wrong-import-position

OUT = ROOT / "out/verify"
BUILD = OUT / "tests"
MESON = "/usr/bin/meson"


def shell(command, **more):
    return subprocess.run([str(word) for word in command], cwd=ROOT, check=False, **more)


def prepare():
    """Build the tests of the default run once; (suite, name): command."""
    OUT.mkdir(parents=True, exist_ok=True)
    if not (BUILD / "build.ninja").exists():
        if shell([MESON, "setup", BUILD, "-Dbench=disabled", "-Ddebug=true"],
                 stdout=subprocess.DEVNULL).returncode:
            sys.exit("verify: the tests cannot be configured")
    print("building the tests", flush=True)
    with open(OUT / "build.txt", "w", encoding="utf-8") as log:
        if shell(["ninja", "-C", BUILD], stdout=log, stderr=log).returncode:
            sys.exit(f"verify: the tests do not build: {OUT}/build.txt")
    told = shell([MESON, "introspect", "--tests", BUILD], capture_output=True, text=True).stdout
    return {(suite.rpartition(":")[2], test["name"]): test["cmd"]
            for test in json.loads(told) for suite in test["suite"]}


def run_tests(wanted, results):
    log = BUILD / "meson-logs/testlog.json"
    for suite in dict.fromkeys(suite for _, suite, _ in wanted):
        log.unlink(missing_ok=True)
        names = [name for _, of, name in wanted if of == suite]
        shell([MESON, "test", "-C", BUILD, "--no-rebuild", "--print-errorlogs", "--suite", suite,
               *names])
        for line in log.read_text(encoding="utf-8").splitlines():
            said = json.loads(line)
            name = said["name"].rpartition(" / ")[2]
            verdict = {"OK": "held", "SKIP": "skipped"}.get(said["result"], "FAILED")
            results[("test", suite, name)] = verdict, said["duration"], ""
        for job in wanted:
            if job[1] == suite:
                results.setdefault(job, ("FAILED", 0, "did not run"))


def run_labels(wanted, known, results):
    if ("model", "model-mutants") not in known:
        for job in wanted:
            results[job] = "skipped", 0, "needs g++ and relacy-dev"
        return
    began = time.monotonic()
    names = [label for _, label in wanted]
    done = shell([*known["model", "model-mutants"], *names], capture_output=True, text=True)
    print(done.stdout, end="", flush=True)
    took = (time.monotonic() - began) / len(names)
    for line in done.stdout.splitlines():
        label, _, said = line.partition(": ")
        if ("label", label) in wanted:
            results["label", label] = "held" if ", execution " in said else "FAILED", took, said
    for job in wanted:
        results.setdefault(job, ("FAILED", took, "not tried"))


def run_part(part, args, results):
    command = [ROOT / "verify" / part / "run", "--build", OUT / part]
    command += ["--quick"] if args.quick else ["--long"] if args.long else []
    print(f"== {part}", flush=True)
    began, last = time.monotonic(), ""
    (OUT / part).mkdir(parents=True, exist_ok=True)
    with open(OUT / f"{part}.txt", "w", encoding="utf-8") as log:
        with subprocess.Popen([str(word) for word in command], cwd=ROOT, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as program:
            for line in program.stdout:
                sys.stdout.write(line)
                sys.stdout.flush()
                log.write(line)
                last = line.strip() or last
    verdict = {0: "held", 77: "skipped"}.get(program.returncode, "FAILED")
    size = "--quick: " if args.quick else "--long: " if args.long else ""
    results["part", part] = verdict, time.monotonic() - began, size + last.replace("\t", " ")


def chosen(args):
    """The evidence to run, as it is written in the tables."""
    if args.all:
        return [row["evidence"] for row in written().values()] + [*parts()] + [*labels()]
    for what in args.what:
        if what not in written() and what not in parts() and what not in labels():
            sys.exit(f"verify: {what} is no part, label or row: script/verify --list has them")
    return [written()[what]["evidence"] if what in written() else what
            for what in args.what or parts()]


def run_jobs(jobs, known, args, results):
    if any(job[0] == "test" for job in jobs):
        run_tests([job for job in jobs if job[0] == "test"], results)
    if any(job[0] == "label" for job in jobs):
        run_labels([job for job in jobs if job[0] == "label"], known, results)
    for job in jobs:
        if job[0] == "part":
            run_part(job[1], args, results)


def run(args):
    evidence = chosen(args)
    needs_build = any(name not in parts() for text in evidence for name in text.split(", "))
    known = prepare() if needs_build else {}
    jobs = list(dict.fromkeys(job for text in evidence for job in jobs_of(text, known)))
    if args.no_parts:
        jobs = [job for job in jobs if job[0] != "part"]
    results, began = {}, time.monotonic()
    OUT.mkdir(parents=True, exist_ok=True)
    try:
        run_jobs(jobs, known, args, results)
        status = any(verdict == "FAILED" for verdict, _, _ in results.values())
    except KeyboardInterrupt:
        print("\ninterrupted: what was over by then")
        status = 130
    tell(results, time.monotonic() - began)
    if args.record:
        table.record(results, datetime.date.today().isoformat())
        table.write()
    return status


def tell(results, took):
    print("== totals")
    for job, (verdict, seconds, said) in results.items():
        if job[0] == "part" or verdict != "held":
            print(f"{verdict:8}{' '.join(job[1:])}  {seconds:.0f} s  {said}")
    count = [verdict for verdict, _, _ in results.values()].count
    print(f"{count('held')} held, {count('FAILED')} failed, {count('skipped')} skipped, {took:.0f} s")


def show():
    for part, row in parts().items():
        print(f"{part:12}{row['claim']}")
    print(f"and {len(labels())} labels, and {len(written())} rows: docs/verification.md")


def main():
    parser = argparse.ArgumentParser(prog="script/verify", description=__doc__.split("\n\n")[0],
                                     epilog=__doc__.split("\n\n")[1])
    parser.add_argument("what", nargs="*", metavar="WHAT")
    parser.add_argument("--all", action="store_true", help="the evidence of every row")
    parser.add_argument("--no-parts", action="store_true",
                        help="of the rows' evidence the tests and the labels only")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="small bounds, short times")
    size.add_argument("--long", action="store_true", help="large bounds, long times")
    parser.add_argument("--record", action="store_true",
                        help="write the results into docs/verification.md")
    parser.add_argument("--list", action="store_true", help="what there is to run")
    parser.add_argument("--check", action="store_true",
                        help="run nothing: is every claim in the table, and the table up to date?")
    args = parser.parse_args()
    if args.list:
        show()
        return 0
    if args.check:
        wrong = [*differences(), *table.differences()]
        print("\n".join([*wrong, f"{len(written()) + len(labels())} claims, {len(wrong)} faults"]))
        return bool(wrong)
    return run(args)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("\nverify: interrupted")
        sys.exit(130)
    except (LookupError, OSError) as error:
        sys.exit(f"verify: {error}")
