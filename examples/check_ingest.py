#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Run `ingest` on a generated log file and compare what it counts with what is in it."""

import pathlib
import random
import subprocess
import sys
import tempfile

LEVELS = ["ERROR", "WARN", "INFO", "DEBUG"]
CHUNK_LINES = 10_000
CHUNKS = 30


def make_chunk(rng, counts):
    """Lines of many lengths, a few longer than any block of the reader."""
    lines = []
    for number in range(CHUNK_LINES):
        level = rng.choice(LEVELS)
        counts[level] += 1
        length = 150_000 if number % 4000 == 17 else rng.randrange(0, 160)
        lines.append(f"2026-01-01T00:00:00.{number:06}Z {level} {'x' * length}\n")
    # Lines that carry a level's name in another place, and none at all.
    lines.append("2026-01-01T00:00:00Z NOTICE an ERROR that is not one\n")
    lines.append("\n")
    return "".join(lines)


def make_log(path):
    counts = dict.fromkeys(LEVELS, 0)
    # One chunk many times: the file is to be large, not to take long.
    chunk = make_chunk(random.Random(1), counts)
    last = "2026-01-01T00:00:01Z ERROR no newline at the end"
    with path.open("w", encoding="ascii") as log:
        for _ in range(CHUNKS):
            log.write(chunk)
        log.write(last)
    expected = {level: count * CHUNKS for level, count in counts.items()}
    expected["ERROR"] += 1
    expected["lines"] = (CHUNK_LINES + 2) * CHUNKS + 1
    expected["bytes"] = path.stat().st_size
    return expected


def run(ingest, path):
    return subprocess.run([ingest, path], capture_output=True, text=True, timeout=45, check=False)


def main():
    ingest = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        log = pathlib.Path(folder, "large.log")
        expected = make_log(log)
        result = run(ingest, log)
        sys.stdout.write(result.stdout)
        sys.stderr.write(result.stderr)
        found = {}
        for line in result.stdout.splitlines():
            name, value = line.split(" ", 1)
            found[name] = int(value) if value.isdigit() else value
        wrong = {name: (value, found.get(name)) for name, value in expected.items()
                 if found.get(name) != value}
        if result.returncode != 0 or wrong or "throughput" not in found or "depth" not in found:
            sys.exit(f"exit status {result.returncode}; expected and found: {wrong}")
        for bad in (pathlib.Path(folder, "missing.log"), pathlib.Path(folder)):
            if run(ingest, bad).returncode != 1:
                sys.exit(f"{bad}: an error that went unnoticed")


if __name__ == "__main__":
    main()
