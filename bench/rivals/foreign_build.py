# SPDX-License-Identifier: MIT
"""Build the rivals that are not C or C++, each where its compiler is."""
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
REGISTRY = "/usr/share/cargo/registry"       # where Debian's librust-*-dev packages lie
LANGUAGES = ("go", "rust", "python")


class DoesNotBuild(Exception):
    """What the compiler said."""


class Rival:
    """A program and one of the queues that it knows."""

    def __init__(self, name, kind, program, many_consumers=True, rendezvous=True, selects=""):
        """`selects`: "" cannot, "also", or "only": another way to select of a queue that has a name already."""
        self.name, self.kind, self.program = name, kind, program
        self.many_consumers, self.rendezvous, self.selects = many_consumers, rendezvous, selects

    def cannot(self, point):
        """Why it has no part in a point, or None."""
        if point.selects and not self.selects:
            return "has no select"
        if point.consumers > 1 and not self.many_consumers:
            return "one consumer"
        if point.capacity == 0 and not self.rendezvous:
            return "cannot hand over at capacity 0"
        return None


def skipped(what, package):
    print(f"skipped: {what} (package {package} not installed)", flush=True)


def compile_with(command, folder, **environment):
    done = subprocess.run(command, cwd=folder, env={**os.environ, **environment}, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300, check=False)
    if done.returncode:
        raise DoesNotBuild(f"{' '.join(command)}:\n{done.stdout}")


def copied(language, build):
    """Compilers write beside what they compile: not in the source folder."""
    folder = os.path.join(build, language)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(os.path.join(HERE, language), folder)
    return folder


def tool(name):
    """Debian's, or else the first on the PATH."""
    return f"/usr/bin/{name}" if os.access(f"/usr/bin/{name}", os.X_OK) else shutil.which(name)


def version_of(compiler):
    done = subprocess.run([compiler, "--version"], capture_output=True, text=True, timeout=60, check=False)
    found = re.search(r"\d+\.\d+\.\d+", done.stdout) if done.returncode == 0 else None
    return found.group(0) if found else None


def package_version(package):
    try:
        done = subprocess.run(["dpkg-query", "-W", "-f=${Version}", package], capture_output=True,
                              text=True, timeout=60, check=False)
    except FileNotFoundError:
        return "of unknown version"
    return done.stdout.strip() or "of unknown version"


def build_go(build):
    go = tool("go")
    if not go:
        skipped("go", "golang-go")
        return []
    folder = copied("go", build)
    compile_with([go, "build", "-buildvcs=false", "-o", "rival", "."], folder, GOTOOLCHAIN="local", GOPROXY="off",
                 GOFLAGS="-mod=mod", GOCACHE=os.path.join(build, "go-cache"))
    return [Rival("go", "go", [os.path.join(folder, "rival")], selects="also")]


def rust_compilers():
    """Debian's, and the one on the PATH where that is another: rustc, version, suffix."""
    debian, found = "/usr/bin/rustc", []
    if os.access(debian, os.X_OK):
        found.append((debian, version_of(debian), ""))
    other = shutil.which("rustc")
    version = version_of(other) if other else None
    if version and version not in [f[1] for f in found]:
        found.append((other, version, "_" + version.rpartition(".")[0]))
    return [f for f in found if f[1]]


def has_crossbeam():
    return os.path.isdir(REGISTRY) and any(
        entry.startswith("crossbeam-channel-") for entry in os.listdir(REGISTRY))


def build_rust_by(rustc, version, suffix, build):
    """Cargo, for crossbeam; std's channel needs the compiler alone."""
    folder = copied("rust", os.path.join(build, "rustc-" + version))
    cargo = os.path.join(os.path.dirname(rustc), "cargo")
    told = {"RIVAL_COMPILER": f"rustc {version} -O3", "RIVAL_SUFFIX": suffix,
            "RIVAL_PACKAGE": "librust-crossbeam-channel-dev " +
                             package_version("librust-crossbeam-channel-dev")}
    crossbeam = has_crossbeam() and os.access(cargo, os.X_OK)
    if not crossbeam:
        skipped("rust_crossbeam" + suffix, "cargo" if has_crossbeam() else "librust-crossbeam-channel-dev")
        program = os.path.join(folder, "rival")
        compile_with([rustc, "--edition", "2021", "-C", "opt-level=3", "main.rs", "-o", program],
                     folder, **told)
    else:
        # Outside the copy, so that what is the same need not be compiled again.
        target = os.path.join(build, "rustc-" + version, "target")
        program = os.path.join(target, "release", "rival")
        compile_with([cargo, "--config", 'source.crates-io.replace-with="debian"',
                      "--config", f'source.debian.directory="{REGISTRY}"', "build", "--offline",
                      "--release", "--quiet", "--features", "crossbeam", "--target-dir", target],
                     folder, RUSTC=rustc, CARGO_HOME=os.path.join(build, "cargo-home"), **told)
    rivals = [Rival("rust_std" + suffix, "rust_std", [program], many_consumers=False)]
    if crossbeam:
        rivals += [Rival("rust_crossbeam" + suffix, "rust_crossbeam", [program], selects="also"),
                   Rival("rust_crossbeam_builder" + suffix, "rust_crossbeam_builder", [program], selects="only")]
    return rivals


def build_rust(build, one_only=False):
    compilers = rust_compilers()[:1 if one_only else None]
    if not compilers:
        skipped("rust_std, rust_crossbeam", "rustc")
    return [rival for compiler in compilers for rival in build_rust_by(*compiler, build)]


def build_python():
    program = [tool("python3") or sys.executable, os.path.join(HERE, "python", "main.py")]
    return [Rival(name, name, program, rendezvous=False)
            for name in ("python_queue", "python_simplequeue")]


def build_all(languages, build, quick):
    """`quick`: with one compiler of each."""
    build = os.path.abspath(build)
    os.makedirs(build, exist_ok=True)
    how = {"go": lambda: build_go(build), "rust": lambda: build_rust(build, quick), "python": build_python}
    return [rival for language in languages for rival in how[language]()]
