#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Check the tables of docs/ported-tests.md against the cases in tests/ported.

A row is: original test, our cases ("suite/case" in backticks) or nothing, what does not apply.
Every case that is named exists in a program that is built, every case is named, no original is
there twice, each row has a case or a reason, and above each case a comment names its original.
"""
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TABLE = HERE.parent.parent / "docs/ported-tests.md"
CASE = re.compile(r"^Test\((\w+), (\w+)", flags=re.M)
COMMENT = re.compile(r"/\* (?:Go|crossbeam): (?:(?!\*/).)+\*/\nTest\((\w+), (\w+)", flags=re.S)


def cases():
    """All suite/case, and those below a comment that names an original."""
    built = (HERE / "meson.build").read_text()
    found, commented = [], set()
    for path in sorted(HERE.glob("*.c")):
        text = path.read_text()
        here = ["/".join(match) for match in CASE.findall(text)]
        if here and f"'{path.stem}':" not in built:
            sys.exit(f"tests/ported/meson.build does not build {path.name}")
        found += here
        commented |= {"/".join(match) for match in COMMENT.findall(text)}
    return found, commented


def rows(text):
    """(heading, line number, cells) of every row of a table with the three columns."""
    heading = inside = None
    for at, line in enumerate(text.splitlines(), start=1):
        if line.startswith("#"):
            heading = line.strip("# ")
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.startswith("|"):
            inside = False
        elif cells[0] == "original":
            inside = True
        elif inside and set(line) - set("|-: "):
            yield heading, at, cells


def check(text):
    found, commented = cases()
    originals, named = set(), set()
    for heading, at, cells in rows(text):
        if len(cells) != 3:
            yield f"line {at}: {len(cells)} columns"
            continue
        original, ours, reason = cells
        if (heading, original) in originals:
            yield f"line {at}: {original} is there twice"
        originals.add((heading, original))
        here = re.findall(r"`(\w+/\w+)`", ours)
        if not here and not reason:
            yield f"line {at}: {original} has neither a case nor a reason"
        if re.sub(r"`\w+/\w+`|[, ]", "", ours):
            yield f"line {at}: something in the second column is no case: {ours}"
        for case in here:
            if case not in found:
                yield f"line {at}: there is no case {case}"
        named |= set(here)
    for case in sorted(set(found) - named):
        yield f"{case} is in no row"
    for case in sorted(set(found) - commented):
        yield f"{case}: no comment above it names its original"
    for case in sorted(case for case in set(found) if found.count(case) > 1):
        yield f"{case} is there twice"
    if not originals:
        yield "there is no row"


def main():
    table = Path(sys.argv[1]) if len(sys.argv) > 1 else TABLE
    wrong = list(check(table.read_text()))
    for message in wrong:
        print(message)
    print(f"{len(list(rows(table.read_text())))} originals, {len(set(cases()[0]))} cases,"
          f" {len(wrong)} faults")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
