#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Take the C code out of the documents, so that it is compiled.

snippets.py readme FILE        the first block of C in a Markdown file, a whole program
snippets.py functions FILE...  every block of C of Markdown files and of the EXAMPLES of man
                               pages, each a set of functions, in one file
snippets.py prototypes PAGE... the SYNOPSIS of man pages as declarations

The result goes to standard output.  After the header, a prototype that has drifted from it
does not compile.
"""

import pathlib
import re
import sys

PRELUDE = """#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pushpull/async.h>
#include <pushpull/typed.h>
"""


def markdown_blocks(text):
    """(line, code) of each block that says it is C."""
    for match in re.finditer(r"^```c\n(.*?)^```$", text, re.M | re.S):
        yield text.count("\n", 0, match.start(1)) + 1, match[1]


def man_blocks(text):
    """(line, code) of each literal display in the section EXAMPLES."""
    section = re.search(r"^\.Sh EXAMPLES\n(.*?)(?=^\.Sh |\Z)", text, re.M | re.S)
    if section is None:
        return
    for match in re.finditer(r"^\.Bd -literal.*?\n(.*?)^\.Ed$", section[1], re.M | re.S):
        line = text.count("\n", 0, section.start(1) + match.start(1)) + 1
        yield line, match[1].replace("\\e", "\\").replace("\\&", "").replace("\\-", "-")


def man_prototypes(text):
    """(line, declaration) of each function of the section SYNOPSIS."""
    form = r'^\.Ft "?([^"\n]*)"?\n\.Fo (\w+)\n((?:\.Fa .*\n)+)\.Fc$'
    for match in re.finditer(form, text, re.M):
        arguments = [argument.strip('"') for argument in re.findall(r"^\.Fa (.*)$", match[3], re.M)]
        line = text.count("\n", 0, match.start()) + 1
        yield line, f"{match[1]} {match[2]}({', '.join(arguments)});\n"


def emit(path, blocks):
    for line, code in blocks:
        sys.stdout.write(f'\n#line {line} "{path}"\n{code}')


def main():
    mode, *paths = sys.argv[1:]
    if mode == "readme":
        line, code = next(markdown_blocks(pathlib.Path(paths[0]).read_text(encoding="utf-8")))
        emit(paths[0], [(line, code)])
        return
    sys.stdout.write(PRELUDE)
    for path in paths:
        text = pathlib.Path(path).read_text(encoding="utf-8")
        if mode == "prototypes":
            emit(path, man_prototypes(text))
        else:
            emit(path, (markdown_blocks if path.endswith(".md") else man_blocks)(text))
    sys.stdout.write("\nint main(void)\n{\n\treturn 0;\n}\n")


if __name__ == "__main__":
    main()
