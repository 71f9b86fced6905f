#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The blocks of C++ of a document, as one source file on standard output: blocks.py FILE"""
import pathlib
import re
import sys

PRELUDE = """#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include <pushpull/pushpull.hpp>

"""

# Of the first block, so that a part of it is run and not only compiled.
MAIN = """
int main()
{
	return run_all() == 45 ? 0 : 1;
}
"""


def main(path):
    text = pathlib.Path(path).read_text(encoding="utf-8")
    sys.stdout.write(PRELUDE)
    for match in re.finditer(r"^```cpp\n(.*?)^```$", text, re.M | re.S):
        line = text.count("\n", 0, match.start(1)) + 1
        sys.stdout.write(f'\n#line {line} "{path}"\n{match[1]}')
    sys.stdout.write(MAIN)


if __name__ == "__main__":
    main(*sys.argv[1:])
