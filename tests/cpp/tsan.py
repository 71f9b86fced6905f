#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Programs that are built with -fsanitize=thread stay silent, and are told of races of their own.

tsan.py SOURCE-ROOT LIBRARY WORK-FOLDER C-COMPILER:C++-COMPILER...

In C++ (tsan.cc) with the library as it is and with one built for the sanitizer; in C (tsan.c) with
the latter, which is what docs/troubleshooting.md says.
"""
import os
import pathlib
import subprocess
import sys

FLAGS = ["-O1", "-g", "-fsanitize=thread"]
TRIES = 5  # a race is reported only if the threads meet as it needs


def run(command, **more):
    return subprocess.run([str(word) for word in command], check=False, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **more)


def built(command):
    result = run(command)
    if result.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{result.stdout}")


def instrumented_library(root, folder, compiler):
    """Its objects.  (-Wno-tsan: gcc's sanitizer does not know fences, on which no item's order
    depends.)"""
    sources = [s for s in root.glob("src/**/*.c") if s.name != "hooks.c"]
    objects = []
    for source in sources:
        made = folder / f"{source.parent.name}-{source.stem}.o"
        quiet = [] if "clang" in compiler else ["-Wno-tsan"]
        built([compiler, "-std=c11", "-D_GNU_SOURCE", *FLAGS, *quiet, f"-I{root}/include",
               f"-I{root}/src", "-c", source, "-o", made])
        objects.append(made)
    return objects


def complaint(program, library, argument):
    environment = dict(os.environ, LD_LIBRARY_PATH=str(library.parent), TSAN_OPTIONS="")
    result = run([program, *argument], env=environment)
    reported = "WARNING: ThreadSanitizer: data race" in result.stdout
    if "unexpected memory mapping" in result.stdout:
        print("skipped: this kernel and this sanitizer do not go together")
        sys.exit(77)
    if argument and not reported:
        return "a race of the program's own is not reported"
    if not argument and (reported or result.returncode):
        return f"not silent, or not in order: status {result.returncode}\n{result.stdout}"
    return None


def check(name, program, library, races):
    failed = False
    for argument in [[], *([race] for race in races)]:
        text = complaint(program, library, argument)
        for _ in range(TRIES if argument and text else 0):
            text = text and complaint(program, library, argument)
        print(f"{'FAILED' if text else 'ok    '}  {name} {' '.join(argument)} {text or ''}")
        failed = failed or text is not None
    return failed


def check_compilers(root, library, folder, cc, cxx):
    folder.mkdir(parents=True, exist_ok=True)
    here = pathlib.Path(__file__).parent
    objects = instrumented_library(root, folder, cc)
    include = f"-I{root}/include"
    tests = [
        ("C++, plain library", here / "tsan.cc", [cxx, "-std=c++17"],
         [f"-L{library.parent}", "-lpushpull"], ["behind", "beside"]),
        ("C++, library for it", here / "tsan.cc", [cxx, "-std=c++17"], objects, ["behind"]),
        ("C, library for it", here / "tsan.c", [cc, "-std=c11", "-D_GNU_SOURCE"], objects, ["race"]),
    ]
    failed = False
    for number, (name, source, compiler, libraries, races) in enumerate(tests):
        program = folder / f"program-{number}"
        built([*compiler, *FLAGS, "-Wall", "-Wextra", "-Werror", include, source, "-o", program,
               *libraries, "-lpthread"])
        failed = check(f"{cxx}: {name}", program, library, races) or failed
    return failed


def main(root, library, folder, *compilers):
    failed = False
    for pair in compilers:
        cc, cxx = pair.split(":")
        failed = check_compilers(pathlib.Path(root), pathlib.Path(library),
                                 pathlib.Path(folder) / cc.replace("/", "-"), cc, cxx) or failed
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
