#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The targets of a build folder that the tests of some suites need, for ninja.

needs.py BUILD [--suite NAME | --no-suite NAME]...    as `meson test` takes them
"""
import json
import os
import subprocess
import sys


def introspect(build, what):
    told = subprocess.run(["/usr/bin/meson", "introspect", what, build], check=True,
                          capture_output=True, text=True)
    return json.loads(told.stdout)


def main(build, *words):
    options = list(zip(words[::2], words[1::2]))
    wanted = {suite for option, suite in options if option == "--suite"}
    left_out = {suite for option, suite in options if option == "--no-suite"}
    ids = set()
    for test in introspect(build, "--tests"):
        suites = {suite.rpartition(":")[2] for suite in test["suite"]}
        if (not wanted or wanted & suites) and not left_out & suites:
            ids.update(test["depends"])
    for target in introspect(build, "--targets"):
        if target["id"] in ids:
            for file in target["filename"]:
                print(os.path.relpath(file, build))


if __name__ == "__main__":
    main(*sys.argv[1:])
