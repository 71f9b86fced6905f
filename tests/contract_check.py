#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Check tests/contract.tsv: every sentence of the contract has a test that exists.

Columns: id, section, sentence, tests.  An id is SECTION-NUMBER; the numbers of a section
run from 1 to what SECTIONS says, so a sentence that is taken out is missed.  A test is
"suite/case" of the Criterion tests, "file" or "file:name" below tests/, the name being a
function (or a case) that the file defines and uses.
"""
import re
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent
COLUMNS = ["id", "section", "sentence", "tests"]
# How many sentences of the contract each section has.  Of "typed" the one on C++ is left out
# until there is a pushpull.hpp.
SECTIONS = {"names": 1, "idea": 6, "opening": 28, "results": 25, "moving": 28,
            "rendezvous": 10, "ending": 18, "items": 5, "looking": 26, "select": 17,
            "readiness": 11, "inplace": 20, "typed": 10}


def criterion_cases():
    """suite/case of every test in a program that the build knows."""
    built = (TESTS / "unit/meson.build").read_text()
    cases = set()
    for path in sorted((TESTS / "unit").glob("*.c")):
        text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
        found = re.findall(r"^(?:Parameterized)?Test\(([^)]*)\)", text, flags=re.M)
        if found and f"'{path.stem}'" not in built:
            sys.exit(f"tests/unit/meson.build does not build {path.name}")
        for arguments in found:
            words = [word.strip() for word in arguments.split(",")]
            if ".disabled" not in arguments:
                cases.add("/".join(words[:2]))
    return cases


def exists(test, cases):
    if test in cases:
        return True
    name, _, inner = test.partition(":")
    path = TESTS / name
    if "." not in name or not path.is_file():
        return False
    if not inner:
        return True
    text = path.read_text()
    defined = re.search(rf"^(?:def |[\w ]*[ *])?{re.escape(inner)}\s*\(", text, flags=re.M)
    used = len(re.findall(rf"\b{re.escape(inner)}\b", text)) > 1
    return bool(defined) and used


def check(lines, cases):
    """What is wrong with the table, a line of text each."""
    numbers, sentences = {}, set()
    if lines[0].split("\t") != COLUMNS:
        yield f"line 1: the columns are {', '.join(COLUMNS)}"
    for at, line in enumerate(lines[1:], start=2):
        fields = line.split("\t")
        if len(fields) != len(COLUMNS) or not all(field.strip() for field in fields[:3]):
            yield f"line {at}: not four columns"
            continue
        row, section, sentence, tests = fields
        if section not in SECTIONS or not re.fullmatch(rf"{section}-[1-9]\d*", row):
            yield f"line {at}: {row} is no id of a section {section}"
            continue
        number = int(row.rpartition("-")[2])
        if number in numbers.setdefault(section, set()):
            yield f"line {at}: {row} is there twice"
        numbers[section].add(number)
        if sentence in sentences:
            yield f"line {at}: {row}: the sentence is there twice"
        sentences.add(sentence)
        names = [name.strip() for name in tests.split(",") if name.strip()]
        if not names:
            yield f"line {at}: {row} has no test"
        for name in names:
            if not exists(name, cases):
                yield f"line {at}: {row}: there is no test {name}"
    for section, count in SECTIONS.items():
        found, wanted = numbers.get(section, set()), set(range(1, count + 1))
        for number in sorted(wanted - found):
            yield f"{section}-{number} is missing"
        for number in sorted(found - wanted):
            yield f"{section}-{number} is not one of {count}: correct the number in SECTIONS"


def main():
    table = Path(sys.argv[1]) if len(sys.argv) > 1 else TESTS / "contract.tsv"
    lines = table.read_text().splitlines()
    wrong = list(check(lines, criterion_cases()))
    for message in wrong:
        print(message)
    print(f"{len(lines) - 1} sentences, {len(wrong)} faults")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
