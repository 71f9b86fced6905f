#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Make a report of what pushpull-bench measured: report.html, and its figures as SVG and PNG.

usage: report.py RESULTS.json... [-o DIR]

The page holds everything it shows and opens offline.  Without -o, DIR is the folder of the
first file.  Exit status 2: wrong arguments, a file that is no result, a folder that cannot
be written to.
"""
import argparse
import logging
import os
import sys
import tempfile

sys.dont_write_bytecode = True    # nothing appears beside an installed script

import report_data

BAD_USE = 2


def give_up(why):
    print(f"report.py: {why}", file=sys.stderr)
    sys.exit(BAD_USE)


def arguments(words):
    class Parser(argparse.ArgumentParser):
        def error(self, message):
            give_up(f"{message} (--help says more)")

    parser = Parser(prog="report.py", description=__doc__.split("\n\nusage")[0])
    parser.add_argument("results", nargs="+", metavar="RESULTS.json", help="what pushpull-bench wrote")
    parser.add_argument("-o", "--out", metavar="DIR", help="where the report goes (default: beside the first file)")
    return parser.parse_args(words)


def write_all(folder, files):
    """Each file appears whole or not at all, and none before all could be made."""
    try:
        os.makedirs(folder, exist_ok=True)
        for name, content in files.items():
            handle, made = tempfile.mkstemp(prefix=f".{name}.", dir=folder)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            os.chmod(made, 0o666 & ~umask())
            os.replace(made, os.path.join(folder, name))
    except OSError as error:
        give_up(f"cannot write to {folder}: {error.strerror}")


def umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def near(settings, limit=4):
    """The settings that differ from the first in one thing, regimes before placements."""
    main, *rest = settings
    regimes = ["slow-consumer", "slow-producer", "bursty-producer"]
    some = [s for s in rest if sum(a != b for a, b in zip(s, main)) == 1]
    some.sort(key=lambda s: regimes.index(s.regime) if s.regime in regimes else len(regimes))
    return some[:limit]


def groups_of(results):
    """For the figure of the settings: the first one with the capacities that the others have, and those."""
    main = results.settings[0]
    others = [(title_of(s, main), results.of_setting(s)) for s in near(results.settings)]
    shapes = {c.shape for _, curves in others for c in curves}
    capacities = {p.capacity for _, curves in others for c in curves for p in c.points}
    first = [c.only(capacities) for c in results.of_setting(main) if c.shape in shapes]
    return [(main.regime, [c for c in first if c.points])] + others


def title_of(setting, main):
    """What makes it different."""
    words = {"two": "two CPUs", "one": "one CPU"}
    for name, mine, usual in zip(setting._fields, setting, main):
        if mine != usual:
            return {"batch": f"batch {mine}", "item": f"{mine}-byte items", "form": f"{mine} calls"}.get(
                name, words.get(mine, str(mine).replace("-", " ")))
    return ""


def draw_all(results, drawn):
    """Names of figures with the files made of each."""
    made = {}
    settings = results.settings
    if not settings:
        return made
    curves = results.of_setting(settings[0])
    looks = drawn.looks_of([c.shape for c in curves] + [
        c.shape for c in results.curves.values() if c.shape not in {m.shape for m in curves}])
    for name in ("throughput", "models", "depth", "fullness", "wait", "cpu"):
        figure = getattr(drawn, name)(curves, looks)
        if figure:
            made[name] = drawn.as_files(figure, name)
    groups = groups_of(results)
    if len(groups) > 1:
        made["settings"] = drawn.as_files(drawn.settings(groups, looks), "settings")
    return made


def main(words):
    asked = arguments(words)
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    try:
        results = report_data.Results(asked.results)
    except report_data.NotOurs as error:
        give_up(error)
    # It takes a while to load: not before there is something to draw.
    try:
        import report_figures
        import report_page
    except ImportError as error:
        give_up(f"needs {error.name} (Debian: python3-matplotlib python3-numpy)")
    figures = draw_all(results, report_figures)
    files = {name: content for group in figures.values() for name, content in group.items()}
    files["report.html"] = report_page.page(results, figures).encode("utf-8")
    folder = asked.out or os.path.dirname(asked.results[0]) or "."
    write_all(folder, files)
    print(f"report: {os.path.join(folder, 'report.html')}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
