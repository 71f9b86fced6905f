#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""quotes.py DOCUMENT FILE... - is the code in the document the code that is tested?

Every block of C or Python of the document stands, line by line, in the file that the last link
above it leads to; every FILE is quoted.  So a recipe cannot change in one place only.
"""
import pathlib
import re
import sys

# A link to a file of source text, or a block of code.
LINK_OR_BLOCK = re.compile(r"\]\(([^)]+\.(?:c|py))\)|^```(?:c|python)\n(.*?)^```$", re.M | re.S)


def check(document, files):
    """What is wrong, a line of text each."""
    text = document.read_text(encoding="utf-8")
    source, quoted = None, set()
    for match in LINK_OR_BLOCK.finditer(text):
        if match[1]:
            source = (document.parent / match[1]).resolve()
            continue
        line = text.count("\n", 0, match.start()) + 1
        if source is None or not source.is_file():
            yield f"{document}:{line}: no link above says where this is from"
        elif "\n" + match[2] not in "\n" + source.read_text(encoding="utf-8"):
            yield f"{document}:{line}: not in {source.name} as it stands"
        quoted.add(source)
    for path in files:
        if path.resolve() not in quoted:
            yield f"{path}: not quoted in {document}"


def main():
    document, *files = map(pathlib.Path, sys.argv[1:])
    wrong = list(check(document, files))
    for message in wrong:
        print(message)
    return 1 if wrong or not files else 0


if __name__ == "__main__":
    sys.exit(main())
