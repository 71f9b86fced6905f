#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What the shared library shows: symbols.py LIBRARY MAP HEADER VERSION

Its symbols are those of the map, which are those that the header declares; what it
imports shows what it cannot do (start a thread, install a handler, ask the wall clock).
"""
import re
import subprocess
import sys
from pathlib import Path

# A library without these starts no thread and installs no signal or atfork handler ...
NEVER_IMPORTED = {"pthread_create", "thrd_create", "clone", "fork", "pthread_atfork",
                  "__register_atfork", "sigaction", "signal", "bsd_signal", "sigset",
                  "timer_create", "setitimer", "alarm", "pthread_sigmask", "sigprocmask"}
# ... and these would show the wall clock, a poll, or a lock that others can hold.  (The
# heavy fence waits with clock_nanosleep where membarrier is refused late: src/base/fence.c.)
NEVER_IMPORTED |= {"gettimeofday", "time", "nanosleep", "usleep", "sleep",
                   "poll", "select", "pthread_mutex_lock", "pthread_cond_wait"}


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def dynamic_symbols(library, option):
    names = set()
    for line in output("nm", "-D", option, library).splitlines():
        names.add(line.split()[-1])
    return names


def exported(library):
    return {re.sub(r"@.*", "", name) for name in dynamic_symbols(library, "--defined-only")}


def of_map(path):
    text = re.sub(r"/\*.*?\*/", "", Path(path).read_text(), flags=re.S)
    return set(re.findall(r"\b(pp_\w+)\s*;", text.split("local:")[0]))


def of_header(path):
    headers = [path, *(Path(path).with_name(name) for name in ("async.h", "fast.h"))]
    text = "".join(Path(header).read_text() for header in headers)
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    return set(re.findall(r"^PP_API[^;(]*?\b(\w+)\s*\(", text, flags=re.M))


def difference(a, b):
    return ", ".join(sorted(a ^ b))


def the_exported_symbols_are_those_of_map_and_header():
    shown = {name for name in exported(LIBRARY) if not name.startswith("PUSHPULL_")}
    mapped, declared = of_map(MAP), of_header(HEADER)
    assert declared, "no PP_API function found in the header"
    assert mapped == declared, f"map and header differ: {difference(mapped, declared)}"
    assert shown == mapped, f"library and map differ: {difference(shown, mapped)}"


def every_symbol_has_a_version():
    for name in dynamic_symbols(LIBRARY, "--defined-only"):
        if name.startswith("pp_"):
            assert re.search(r"@@PUSHPULL_\d+\.\d+$", name), f"{name} has no version"


def the_soname_carries_the_major_version():
    soname = re.search(r"SONAME.*\[(.*)\]", output("readelf", "-d", LIBRARY))
    assert soname, "no soname"
    want = "libpushpull.so." + VERSION.split(".", maxsplit=1)[0]
    assert soname[1] == want, f"soname {soname[1]}, not {want}"


def nothing_is_imported_that_starts_threads_or_installs_handlers():
    imported = {re.sub(r"@.*", "", name) for name in dynamic_symbols(LIBRARY, "--undefined-only")}
    found = imported & NEVER_IMPORTED
    assert imported, "nothing is imported at all: nm showed nothing"
    assert not found, f"imports {', '.join(sorted(found))}"


CASES = [
    the_exported_symbols_are_those_of_map_and_header,
    every_symbol_has_a_version,
    the_soname_carries_the_major_version,
    nothing_is_imported_that_starts_threads_or_installs_handlers,
]


def main():
    failed = 0
    for case in CASES:
        try:
            case()
            print(f"ok      {case.__name__}")
        except (AssertionError, subprocess.CalledProcessError) as error:
            failed += 1
            print(f"FAILED  {case.__name__}: {error}")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit("usage: symbols.py LIBRARY MAP HEADER VERSION")
    LIBRARY, MAP, HEADER, VERSION = sys.argv[1:]
    sys.exit(main())
