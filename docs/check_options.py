#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""check_options.py PROGRAM PAGE - do the program and its man page have the same options and
commands?"""

import pathlib
import re
import subprocess
import sys


def main():
    program, page = sys.argv[1:]
    usage = subprocess.run([program, "--usage"], capture_output=True, text=True, timeout=20,
                           check=True).stdout
    text = pathlib.Path(page).read_text(encoding="utf-8")
    # Google Benchmark's are its own to document.
    real = set(re.findall(r"[\[|]--([a-z-]+)", usage))
    told = set(re.findall(r"^\.It Fl .*?-([a-z-]+)", text, re.M))
    commands = set(re.findall(r"^  ([a-z]+)  ", usage, re.M))
    described = set(re.findall(r"^\.It Cm (\w+)$", text, re.M))
    if not real or not commands:
        sys.exit(f"cannot read the usage of {program}:\n{usage}")
    for name in sorted(real ^ told):
        print(f"--{name}: only {'in the program' if name in real else 'in the page'}")
    for name in sorted(commands ^ described):
        print(f"{name}: only {'in the program' if name in commands else 'in the page'}")
    sys.exit(real != told or commands != described)


if __name__ == "__main__":
    main()
