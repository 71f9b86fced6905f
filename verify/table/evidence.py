# SPDX-License-Identifier: MIT
"""What stands behind a claim, and how it is run.

A piece of evidence is written as one of
  text             nothing to be shown: the sentence explains, or tells the caller what to do
  SECTION-NUMBER   the tests of that row of tests/contract.tsv
  FOLDER/FILE      a file of tests/
  LABEL            an ordering, whose mutant a model has to report
  PART             a folder of verify/, by its program `run`
and comes down to jobs: ("test", suite, name), ("label", label) and ("part", part).
"""
import functools
import re

from sources import ROOT, labels, parts, rows


@functools.cache
def contract():
    return {row["id"]: row for row in rows(ROOT / "tests/contract.tsv")}


def files_of(name):
    """The files of tests/ that a piece of evidence names, as FOLDER/STEM."""
    if name in contract():
        return [file for test in contract()[name]["tests"].split(",")
                for file in files_of(test.strip())]
    path = name.partition(":")[0]
    folder, _, stem = path.partition("/")
    if (ROOT / "tests/unit" / f"{folder}.c").is_file():
        return [f"unit/{folder}"] # a case of Criterion's: SUITE/CASE
    if (ROOT / "tests" / path).is_file():
        return [f"{folder}/{stem.rpartition('.')[0]}"]
    raise LookupError(f"{name} is no test")


def jobs_of(evidence, known):
    """The jobs of one claim's evidence.  `known`: (suite, name) of the tests of a build."""
    found = []
    for name in filter(None, (word.strip() for word in evidence.split(","))):
        if name == "text":
            continue
        if name in parts():
            found.append(("part", name))
        elif name in labels():
            found.append(("label", name))
        else:
            for file in files_of(name):
                found += tests_of(file, known)
    return list(dict.fromkeys(found))


def tests_of(file, known):
    """The tests that run a file: those named after it, or else its whole suite."""
    suite, _, stem = file.partition("/")
    if known is None:
        return [("test", suite, stem)]
    if suite == "model" and stem == "mutants":
        return [("test", suite, "model-mutants")]
    names = [name for of, name in known if of == suite]
    exact = [name for name in names if re.fullmatch(rf"({suite}-)?{re.escape(stem)}(-.*)?", name)]
    if not names:
        raise LookupError(f"{file}: no suite {suite} in the build")
    return [("test", suite, name) for name in exact or names]
