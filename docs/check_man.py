#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""check_man.py HEADERS PAGES ALIASES... - are the man pages whole?

HEADERS are joined by commas; PAGES is the folder of the pages, an alias is PAGE:NAME: what gets installed as a link.
Every function that the headers export has a page or a link, in whose NAME and SYNOPSIS it
is; every link leads to a function; every reference to a page of ours finds one; mandoc has
nothing to say against any of them.
"""

import pathlib
import re
import shutil
import subprocess
import sys

SKIPPED = 77  # what meson takes for "skipped"


def exported(headers):
    text = "".join(pathlib.Path(header).read_text(encoding="utf-8") for header in headers.split(","))
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    return set(re.findall(r"^PP_API [^(;]*?(\w+)\(", text, re.M))


def section(text, name):
    match = re.search(rf"^\.Sh {name}\n(.*?)(?=^\.Sh |\Z)", text, re.M | re.S)
    return match[1] if match else ""


def check_functions(functions, pages, aliases):
    """Yield what is wrong between the header and the pages."""
    home = {page: page for page in pages}
    home.update((name, page) for page, name in aliases)
    for function in sorted(functions):
        page = home.get(function)
        if page not in pages:
            yield f"{function}: exported, but has no page"
            continue
        if not re.search(rf"^\.Nm {function}\b", section(pages[page], "NAME"), re.M):
            yield f"{page}: {function} is not in its NAME"
        if not re.search(rf"^\.Fo {function}$", section(pages[page], "SYNOPSIS"), re.M):
            yield f"{page}: {function} is not in its SYNOPSIS"
    for page, name in aliases:
        if name not in functions:
            yield f"{name}: a link to {page}, but not a function"
    for page, text in sorted(pages.items()):
        for name in re.findall(r"^\.Fo (\w+)$", section(text, "SYNOPSIS"), re.M):
            if name not in functions:
                yield f"{page}: {name} is not exported"
        for name in re.findall(r"^\.Xr (pp_\w+|pushpull\S*) \d", text, re.M):
            if name not in home:
                yield f"{page}: refers to {name}, which has no page"


def main():
    headers, folder, *links = sys.argv[1:]
    files = sorted(pathlib.Path(folder).glob("*.[1-9]"))
    pages = {path.stem: path.read_text(encoding="utf-8") for path in files}
    aliases = [tuple(link.split(":")) for link in links]
    functions = exported(headers)
    if len(functions) < 20:
        sys.exit(f"{headers}: found only {len(functions)} functions")
    wrong = list(check_functions(functions, pages, aliases))
    for line in wrong:
        print(line)
    if shutil.which("mandoc") is None:
        print("no mandoc: the pages' form was not checked")
        sys.exit(1 if wrong else SKIPPED)
    lint = subprocess.run(["mandoc", "-Tlint", "-W", "warning", *files], check=False)
    print(f"{len(files)} pages, {len(aliases)} links, {len(functions)} functions")
    sys.exit(1 if wrong or lint.returncode else 0)


if __name__ == "__main__":
    main()
