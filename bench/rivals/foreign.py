#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Our queue beside those of Go, Rust and Python, which run in processes of their own; and our bindings
for Rust and Python beside all of them.

    bench/rivals/foreign.py                          # 1P1C, capacity 64: a stream
    bench/rivals/foreign.py --workload stream,pingpong,rendezvous --shape 1P1C,2P2C,4P4C
    bench/rivals/foreign.py --only go --capacity 8,1024 --item-size 64
    bench/rivals/foreign.py --workload select-ready,select-nothing,select-pingpong,select-mixed
    bench/rivals/foreign.py --only rust --first rust_spsc --capacity 64,1024
    bench/rivals/foreign.py --only python --first python_pushpull --workload stream,alone,asyncio

Builds what has a compiler here.  At each point, turn after turn, takes one sample of ours
(pushpull-bench) and one of each of the others, and sets the first, ours or --first, against each of them in
pairs.  Prints medians,
ratios with their bootstrap intervals of 95 %, and the line round trip of the same turns; writes the same as JSON
that bench/report.py reads.  Exit status: 1 where an item was lost or a program failed, 2 for wrong
arguments, 77 where nothing of --only can be built.
"""
import argparse
import datetime
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

from foreign_build import LANGUAGES, DoesNotBuild, build_all

try:
    import numpy
except ImportError:
    print("skipped: foreign.py (package python3-numpy not installed)")
    sys.exit(77)

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# Of select: what it is, and its capacity.
SELECTS = {
    "select-ready": ("Select of four that are ready", 64), "select-nothing": ("Select of four, nothing ready", 64),
    "select-pingpong": ("Ping-pong, select of two each way", 1),
    "select-mixed": ("Select of a push and a pull, both sides", 0)}
# Of Python only; ours in C has no part in them.
OF_PYTHON = {"alone": "One thread, put and get", "asyncio": "Two tasks of one asyncio loop",
             "records": "Records in batches from NumPy to NumPy"}
WORKLOADS = ("stream", "pingpong", "rendezvous", *SELECTS, *OF_PYTHON)
TURNS, RESAMPLES, UNBOUNDED = 15, 2000, -1
SKIPPED = 77


class Failed(Exception):
    """A program that did not do what it should; the text says which."""


class Point:
    """What is run: a workload with its numbers."""

    def __init__(self, workload, shape, capacity, item_size):
        self.workload, self.shape, self.item_size = workload, shape, item_size
        self.producers, self.consumers = map(int, re.findall(r"\d+", shape))
        fixed = {"pingpong": 1, "rendezvous": 0, **{name: holds for name, (_, holds) in SELECTS.items()}}
        self.capacity = fixed.get(workload, capacity)
        self.selects = workload in SELECTS
        self.of_python = workload in OF_PYTHON
        # Measured as a time, not as a rate.
        self.timed = self.selects or workload == "pingpong"

    def __str__(self):
        what = "Ping-pong" if self.workload == "pingpong" else "Stream"
        if self.of_python:
            return f"{OF_PYTHON[self.workload]}, capacity {self.capacity}, items of {self.item_size} bytes"
        if self.selects:
            return f"{SELECTS[self.workload][0]}, capacity {self.capacity}, items of {self.item_size} bytes"
        return (f"{what}, {self.shape}, capacity {self.capacity}, items of {self.item_size} bytes, "
                "batch 1, blocking calls, balanced, CPUs: two")


def points_of(settings):
    points = []
    for workload in settings.workload:
        shapes = settings.shape if workload in ("stream", "rendezvous") else ["1P1C"]
        capacities = settings.capacity if workload == "stream" or workload in OF_PYTHON else [0]
        points += [Point(workload, s, c, settings.item_size) for s in shapes for c in capacities]
    return points


# ---- Samples ---------------------------------------------------------------------------------

def run(name, command, settings):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True,
                              timeout=60 + 20 * settings.seconds)
    except subprocess.CalledProcessError as error:
        raise Failed(f"{name}: exit status {error.returncode}: {error.stderr.strip()}") from None
    except subprocess.TimeoutExpired:
        raise Failed(f"{name}: hangs: {' '.join(command)}") from None


def only_benchmark(name, data):
    done = [b for b in data["benchmarks"] if b["run_type"] == "iteration"]
    if len(done) != 1 or done[0].get("error_occurred"):
        raise Failed(f"{name}: no sample: {done}")
    return data["context"], done[0]


class Ours:
    """One of ours, a sample at a time."""

    def __init__(self, name, point):
        self.name, self.point = name, point

    def sample(self, settings):
        point = self.point
        with tempfile.TemporaryDirectory() as folder:
            command = [settings.bench, "--queue", self.name, "--item-size", str(point.item_size),
                       "--reps", "1", "--min-time", f"{settings.seconds * 1e3:g}", "--out", folder]
            if point.selects:
                load = point.workload.replace("select-", "")
                command += ["select", f"--benchmark_filter=select/{load}/"]
            elif point.workload == "pingpong":
                command += ["latency", "--benchmark_filter=latency/pingpong/.*/placement:(two|one)/wait:usual"]
            else:
                command += ["sweep", "--shapes", point.shape, "--capacities", str(point.capacity), "--no-depth"]
            run(self.name, command, settings)
            file, = glob.glob(os.path.join(folder, "*.json"))
            with open(file, encoding="utf-8") as opened:
                data = json.load(opened)
        # Points come in random order; on one CPU there is no placement "two".
        samples = [b for b in data["benchmarks"] if b["run_type"] == "iteration"]
        two = [b for b in samples if "placement:two" in b["run_name"]]
        data["benchmarks"] = (two or samples)[:1]
        context, benchmark = only_benchmark(self.name, data)
        # Named and timed as theirs are, so that compare.py finds the pairs.
        name = re.sub(r"/(iterations:\d+|repeats:\d+|manual_time)", "", benchmark["run_name"])
        benchmark.update(name=name, run_name=name)
        if not point.timed:
            benchmark["cpu_time"] = (benchmark["push_cpu_s_per_million"] +
                                     benchmark["pull_cpu_s_per_million"]) * 1e3
        return context, benchmark


class Theirs:
    """A foreign program, a sample at a time."""

    def __init__(self, rival, point):
        self.name, self.rival, self.point = rival.name, rival, point

    def sample(self, settings):
        point = self.point
        done = run(self.name, self.rival.program + [
            "--queue", self.rival.kind, "--shape", point.shape, "--capacity", str(point.capacity),
            "--item-size", str(point.item_size), "--batch", "1", "--seconds", str(settings.seconds),
            "--reps", "1", "--workload", point.workload], settings)
        return only_benchmark(self.name, json.loads(done.stdout))


def rate_of(benchmark):
    """Items, or round trips, a second."""
    return benchmark.get("items_per_second", 1e9 / benchmark["real_time"])


class Contest:
    """The contestants of a point and their samples turn by turn.  Ours, a contestant or not, measures the line."""

    def __init__(self, point, ours, contestants):
        self.point, self.ours, self.contestants = point, ours, contestants
        self.samples = {c.name: [] for c in contestants}
        self.lines, self.context = [], {}

    def turn(self, settings, number):
        order = self.contestants[::-1] if number % 2 else self.contestants
        line = None
        if self.ours not in order:
            order = [self.ours, *order]
        for contestant in order:
            context, benchmark = contestant.sample(settings)
            line = benchmark.get("line_ns", line)
            if contestant not in self.contestants:
                continue
            keep = context if isinstance(contestant, Ours) else {
                key: value for key, value in context.items() if key.startswith("pp_queue_")}
            self.context.update(keep)
            benchmark.update(repetitions=settings.turns, repetition_index=number)
            self.samples[contestant.name].append(benchmark)
        # The line round trip that ours measured in this turn goes with all of its samples.
        self.lines.append(line)
        for contestant in self.contestants:
            self.samples[contestant.name][-1]["line_ns"] = line

    def rates(self, contestant):
        return numpy.array([rate_of(b) for b in self.samples[contestant.name]])


# ---- What is said of them --------------------------------------------------------------------

def interval(values):
    """Of the median, by resampling; the same for the same samples."""
    random = numpy.random.default_rng(1)
    medians = numpy.median(random.choice(values, (RESAMPLES, len(values))), axis=1)
    low, high = numpy.percentile(medians, [2.5, 97.5])
    return float(numpy.median(values)), float(low), float(high)


def verdict(low, high):
    return "ahead" if low > 1 else "behind" if high < 1 else "undecided"


def row_of(contest, contestant):
    """A row as pushpull-bench compare writes it."""
    point, samples = contest.point, contest.samples[contestant.name]
    first = contestant is contest.contestants[0]
    ratio, low, high = interval(contest.rates(contest.contestants[0]) / contest.rates(contestant))
    return {
        "workload": point.workload if point.selects or point.of_python else "ping-pong" if point.timed else "stream", "shape": point.shape,
        "capacity": point.capacity, "item_size": point.item_size, "batch": 1, "form": "blocking",
        "regime": "balanced", "placement": "two", "line_ns": float(numpy.median(contest.lines)),
        "queue": contestant.name, "promises": samples[0].get("label", ""), "has_form": True,
        "holds": int(samples[0].get("capacity", point.capacity)),
        "rate": float(numpy.median(contest.rates(contestant))), "first_over_this": ratio, "low": low,
        "high": high, "pairs": len(samples), "target": 0,
        "verdict": "first" if first else verdict(low, high),
        # In nanoseconds an item, of both sides together; ours is not counted where it is a time.
        "cpu_s_per_million": None if point.timed else
                             float(numpy.median([b["cpu_time"] for b in samples])) / 1e3,
    }


def show(contest, rows):
    timed = contest.point.timed
    line, low, high = interval(numpy.array(contest.lines))
    few = ": too few for a verdict that counts" if len(contest.lines) < TURNS else ""
    print(f"\n{contest.point}\n{len(contest.lines)} turns, line round trip {line:.0f} ns "
          f"({low:.0f}..{high:.0f}){few}")
    speed, cpu = ("there, back" if "pingpong" in contest.point.workload else "", "" if timed else "CPU s/M")
    print(f"  {'':22} {'holds':>8} {speed:>13} {cpu:>8} {'first / it, 95 %':>22}")
    for row in rows:
        figure = f"{1e9 / row['rate']:10.{0 if row['rate'] < 1e7 else 1}f} ns" if timed else f"{row['rate'] / 1e6:9.3f} M/s"
        cpu = "" if timed else f"{row['cpu_s_per_million']:.3f}"
        ratio = "" if row["verdict"] == "first" else \
            f"{row['first_over_this']:.3g}  {row['low']:.3g}..{row['high']:.3g}"
        holds = "all" if row["holds"] == UNBOUNDED else row["holds"]
        print(f"  {row['queue']:22} {holds:>8} {figure:>13} {cpu:>8} {ratio:>22}  {row['verdict']:9}  "
              f"{row['promises']}")
    sys.stdout.flush()


def write(contests, rows, settings):
    """One file for report.py and for Google Benchmark's compare.py."""
    context, benchmarks = {}, []
    for contest in contests:
        context.update(contest.context)
        for samples in contest.samples.values():
            family = len({b["name"] for b in benchmarks})
            benchmarks += [dict(b, family_index=family) for b in samples]
    context.update(pp_command="foreign", pp_quick="yes" if settings.turns < TURNS else "no")
    os.makedirs(settings.out, exist_ok=True)
    stamp = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    path = os.path.join(settings.out, f"foreign-{stamp}-{os.getpid()}.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"context": context, "benchmarks": benchmarks, "pp_run": {"compare": rows}}, file, indent=2)
        file.write("\n")
    print("\nfirst / it: how many times as fast the first is, from pairs of the same turn.\n"
          f"CPU: seconds for a million items, both sides.\n\nresults: {path}")


# ---- The command -----------------------------------------------------------------------------

def words(allowed):
    def read(text):
        chosen = text.split(",")
        for word in chosen:
            if not re.fullmatch(allowed, word):
                raise argparse.ArgumentTypeError(f"'{word}' is not one of {allowed}")
        return chosen
    return read


def read_settings():
    parser = argparse.ArgumentParser(formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__)
    parser.add_argument("--bench", default=os.path.join(ROOT, "out/bench/bench/pushpull-bench"),
                        help="pushpull-bench (default: the one that script/bench builds)")
    parser.add_argument("--build", default=os.path.join(ROOT, "out/foreign"), help="folder for what is built")
    parser.add_argument("--out", default=os.path.join(ROOT, "out/results"), help="folder for the results")
    parser.add_argument("--only", type=words("|".join(LANGUAGES)), default=list(LANGUAGES))
    parser.add_argument("--ours", choices=["spsc", "typed", "mpmc", "typed_mpmc"], help="default: spsc for 1P1C, else mpmc")
    parser.add_argument("--first", help="set this one against the others: ours, or rust_spsc, rust_mpmc, python_pushpull")
    parser.add_argument("--workload", type=words("|".join(WORKLOADS)), default=["stream"])
    parser.add_argument("--shape", type=words(r"[1-9]\d*P[1-9]\d*C"), default=["1P1C"])
    parser.add_argument("--capacity", type=words(r"[1-9]\d*"), default=["64"])
    parser.add_argument("--item-size", type=int, choices=[8, 64], default=8)
    parser.add_argument("--seconds", type=float, default=0.1, help="length of a sample")
    parser.add_argument("--turns", type=int, default=TURNS)
    parser.add_argument("--quick", action="store_true",
                        help="a smoke run: one turn, short samples, one compiler of each language")
    settings = parser.parse_args()
    if settings.quick:
        settings.turns, settings.seconds = 1, 0.02
    if settings.turns < 1 or not settings.seconds >= 0.001:
        parser.error("--turns is at least 1, --seconds 0.001")
    if not os.access(settings.bench, os.X_OK):
        parser.error(f"no {settings.bench}: build it (script/bench), or name it with --bench")
    if settings.ours and "typed" in settings.ours and SELECTS.keys() & set(settings.workload):
        parser.error("select is measured of spsc and mpmc")
    settings.bench = os.path.abspath(settings.bench)
    settings.capacity = [int(c) for c in settings.capacity]
    return settings


def contest_of(point, rivals, settings):
    name = settings.ours or ("spsc" if point.shape == "1P1C" else "mpmc")
    ours = Ours(name, Point("stream", "1P1C", 64, 8) if point.of_python else point)
    contestants = [] if point.of_python else [ours]
    for rival in rivals:
        if rival.selects == "only" and not point.selects:
            continue
        why = rival.cannot(point)
        if not why:
            contestants.append(Theirs(rival, point))
        elif why != "not in this workload":
            print(f"left out: {rival.name} ({why}) of: {point}")
    # Stable: the first is compared with the rest.
    contestants.sort(key=lambda c: c.name != settings.first)
    return Contest(point, ours, contestants) if contestants else None


def main():
    settings = read_settings()
    # The same two CPUs for everybody, as pushpull-bench chooses them.
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    contests, rows, status = [], [], 0
    try:
        rivals = build_all(settings.only, settings.build, settings.bench, settings.quick)
        if not rivals:
            return SKIPPED
        for point in points_of(settings):
            contest = contest_of(point, rivals, settings)
            if not contest:
                print(f"left out: nobody takes part in: {point}")
                continue
            for number in range(settings.turns):
                contest.turn(settings, number)
            contests.append(contest)
            table = [row_of(contest, contestant) for contestant in contest.contestants]
            show(contest, table)
            rows += table
    except (DoesNotBuild, Failed) as error:
        print(f"foreign.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted: the points that were finished are kept.")
        status = 130
    if contests:
        write(contests, rows, settings)
    return status


if __name__ == "__main__":
    sys.exit(main())
