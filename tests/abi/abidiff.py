#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The library's ABI is the one on record: abidiff.py LIBRARY INCLUDE BASELINE [--write]

Compares exported functions and public structs; the cursors that inlined code knows are those of
cursors.c, with a record of their own.  A change on purpose is put on record with --write, in the
commit that makes it.
"""
import platform
import re
import shutil
import subprocess
import sys

SHOWN = ["--no-corpus-path", "--no-comp-dir-path", "--no-show-locs",
         "--exported-interfaces-only", "--drop-private-types"]


def skip(why):
    print(f"skipped: {why}")
    return 77


def has_debug_info(library):
    sections = subprocess.run(["readelf", "-SW", library], check=True, capture_output=True,
                              text=True).stdout
    return ".debug_info" in sections


def write(library, include, baseline):
    text = subprocess.run(["abidw", *SHOWN, "--headers-dir", include, library], check=True,
                          capture_output=True, text=True).stdout
    # Where it was built is nobody's business.
    text = re.sub(r"path='[^']*?((?:src|include)/[^']*)'", r"path='\1'", text)
    with open(baseline, "w", encoding="utf-8") as out:
        out.write(text)
    return 0


def main(library, include, baseline, *options):
    for tool in ("abidiff", "abidw"):
        if not shutil.which(tool):
            return skip(f"{tool} is not installed (abigail-tools)")
    if platform.machine() != "x86_64":
        return skip("the ABI on record is that of x86-64")
    if not has_debug_info(library):
        return skip("the library has no debug information to compare")
    if "--write" in options:
        return write(library, include, baseline)
    # Not told of the headers: that would hide what changed in them.
    status = subprocess.run(["abidiff", baseline, library], check=False).returncode
    if status:
        print(f"the ABI is not that of {baseline}; if that is meant:\n"
              f"    tests/abi/abidiff.py {library} {include} {baseline} --write")
    return 1 if status else 0


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit("usage: abidiff.py LIBRARY INCLUDE BASELINE [--write]")
    sys.exit(main(*sys.argv[1:]))
