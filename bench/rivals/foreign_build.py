# SPDX-License-Identifier: MIT
"""Build the rivals that are not C or C++, each where its compiler is; and our own bindings."""
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
BINDINGS = os.path.join(os.path.dirname(os.path.dirname(HERE)), "bindings")
REGISTRY = "/usr/share/cargo/registry"       # where Debian's librust-*-dev packages lie
LANGUAGES = ("go", "rust", "python")


class DoesNotBuild(Exception):
    """What the compiler said."""


class Rival:
    """A program and one of the queues that it knows."""

    def __init__(self, name, kind, program, many_consumers=True, many_producers=True, rendezvous=True,
                 selects="", only=()):
        """`selects`: "" cannot, "also", or "only": another way to select of a queue that has a name already.
        `only`: these workloads; else those of threads."""
        self.name, self.kind, self.program = name, kind, program
        self.many_consumers, self.many_producers = many_consumers, many_producers
        self.rendezvous, self.selects, self.only = rendezvous, selects, only

    def cannot(self, point):
        """Why it has no part in a point, or None."""
        if self.only and point.workload not in self.only or not self.only and point.of_python:
            return "not in this workload"
        if point.selects and not self.selects:
            return "has no select"
        if point.producers > 1 and not self.many_producers:
            return "one producer"
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


class Library:
    """Our shared library, where pushpull-bench was built: for the bindings."""

    def __init__(self, bench):
        self.root = os.path.dirname(os.path.dirname(os.path.abspath(bench)))
        self.folder = os.path.join(self.root, "src")
        self.found = os.path.exists(os.path.join(self.root, "meson-uninstalled", "pushpull-uninstalled.pc"))
        if not self.found:
            print(f"skipped: our bindings ({bench} lies in no build folder)", flush=True)
        self.told = {"PKG_CONFIG_PATH": os.path.join(self.root, "meson-uninstalled")}


def cargo_packages(names):
    """Which of Debian's librust-*-dev are missing."""
    there = os.listdir(REGISTRY) if os.path.isdir(REGISTRY) else []
    return [n for n in names if not any(re.match(re.escape(n) + r"-\d", entry) for entry in there)]


def build_rust_by(rustc, version, suffix, build, library):
    """Cargo, for crossbeam and our binding; std's channel needs the compiler alone."""
    folder = copied("rust", os.path.join(build, "rustc-" + version))
    os.symlink(os.path.join(BINDINGS, "rust"), os.path.join(folder, "binding"))
    cargo = os.path.join(os.path.dirname(rustc), "cargo")
    told = {"RIVAL_COMPILER": f"rustc {version} -O3", "RIVAL_SUFFIX": suffix,
            "RIVAL_PACKAGE": "librust-crossbeam-channel-dev " +
                             package_version("librust-crossbeam-channel-dev")}
    missing = cargo_packages(["crossbeam-channel", "libc", "pkg-config", "cc"])
    if not os.access(cargo, os.X_OK):
        missing = ["cargo"]
    if missing:
        skipped("rust_crossbeam, rust_spsc, rust_mpmc" + suffix,
                ", ".join(m if m == "cargo" else f"librust-{m}-dev" for m in missing))
        program = os.path.join(folder, "rival")
        compile_with([rustc, "--edition", "2021", "-C", "opt-level=3", "main.rs", "-o", program],
                     folder, **told)
        return [Rival("rust_std" + suffix, "rust_std", [program], many_consumers=False)]
    # Outside the copy, so that what is the same need not be compiled again.
    target = os.path.join(build, "rustc-" + version, "target")
    program = os.path.join(target, "release", "rival")
    features = "crossbeam" + (" pushpull" if library.found else "")
    compile_with([cargo, "--config", 'source.crates-io.replace-with="debian"',
                  "--config", f'source.debian.directory="{REGISTRY}"', "build", "--offline",
                  "--release", "--quiet", "--features", features, "--target-dir", target],
                 folder, RUSTC=rustc, CARGO_HOME=os.path.join(build, "cargo-home"),
                 RUSTFLAGS=f"-C link-arg=-Wl,-rpath,{library.folder}", **library.told, **told)
    rivals = [Rival("rust_std" + suffix, "rust_std", [program], many_consumers=False),
              Rival("rust_crossbeam" + suffix, "rust_crossbeam", [program], selects="also"),
              Rival("rust_crossbeam_builder" + suffix, "rust_crossbeam_builder", [program], selects="only")]
    if library.found:
        rivals += [Rival("rust_spsc" + suffix, "rust_spsc", [program], many_consumers=False, many_producers=False),
                   Rival("rust_mpmc" + suffix, "rust_mpmc", [program])]
    return rivals


def build_rust(build, library, one_only=False):
    compilers = rust_compilers()[:1 if one_only else None]
    if not compilers:
        skipped("rust_std, rust_crossbeam", "rustc")
    return [rival for compiler in compilers for rival in build_rust_by(*compiler, build, library)]


def build_binding_of_python(python, build, library):
    """Into an environment of its own: the Python there, or None."""
    environment = os.path.join(build, "python")
    inside = os.path.join(environment, "bin", "python3")
    for module, package in (("mesonpy", "python3-mesonpy"), ("cffi", "python3-cffi"), ("pip", "python3-pip"),
                            ("venv", "python3-venv"), ("numpy", "python3-numpy")):
        if subprocess.run([python, "-c", f"import {module}"], capture_output=True, check=False).returncode:
            skipped("python_pushpull", package)
            return None
    if not library.found:
        return None
    shutil.rmtree(environment, ignore_errors=True)
    compile_with([python, "-m", "venv", "--system-site-packages", environment], build)
    compile_with([inside, "-m", "pip", "install", "--quiet", "--no-build-isolation", "--no-index",
                  os.path.join(BINDINGS, "python")], build, **library.told)
    return inside


def build_python(build, library):
    python = tool("python3") or sys.executable
    main = os.path.join(HERE, "python", "main.py")
    threads = ("stream", "pingpong", "alone")
    rivals = [Rival("python_queue", "python_queue", [python, main], rendezvous=False, only=threads),
              Rival("python_simplequeue", "python_simplequeue", [python, main], rendezvous=False, only=threads),
              Rival("python_multiprocessing", "python_multiprocessing", [python, main], rendezvous=False,
                    only=("stream",)),
              Rival("python_asyncio", "python_asyncio", [python, main], rendezvous=False, only=("asyncio",))]
    inside = build_binding_of_python(python, build, library)
    if inside:
        rivals += [Rival("python_pushpull", "python_pushpull", [inside, main],
                         only=(*threads, "rendezvous", "asyncio")),
                   Rival("python_records", "python_records", [inside, main], only=("records",))]
    return rivals


def build_all(languages, build, bench, quick):
    """`quick`: with one compiler of each."""
    build = os.path.abspath(build)
    os.makedirs(build, exist_ok=True)
    library = Library(bench) if {"rust", "python"} & set(languages) else None
    how = {"go": lambda: build_go(build), "rust": lambda: build_rust(build, library, quick),
           "python": lambda: build_python(build, library)}
    return [rival for language in languages for rival in how[language]()]
