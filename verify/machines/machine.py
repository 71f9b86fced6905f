# SPDX-License-Identifier: MIT
"""A machine: its cross files, what they need, and a build for it."""
import ast
import configparser
import os
import pathlib
import re
import shutil
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
MESON = "/usr/bin/meson"
OPTIONS = ["-Dtests=enabled", "-Dwerror=true", "-Dbench=disabled", "-Dbindings=disabled",
           "-Ddocs=disabled", "-Dwide_tests=disabled"]
# futex(2), as /proc shows it under an emulator.
HOST_FUTEX = {"x86_64": "202", "aarch64": "98", "riscv64": "98"}


class BuildFailed(Exception):
    """With what the tool said."""


def shell(command, **more):
    return subprocess.run([str(word) for word in command], check=False, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, errors="replace", **more)


def must(command):
    done = shell(command)
    if done.returncode:
        said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        told = [line for line in said if re.search(r"error|FAILED|warning", line)] or said
        raise BuildFailed("\n".join(told[:20] + said[-5:]))
    return done.stdout


class Machine:
    """`arm+time64` is what arm.cross says, and then what time64.cross says."""

    def __init__(self, name, build):
        self.name = name
        self.files = [HERE / f"{part}.cross" for part in name.split("+")]
        self.build = pathlib.Path(build).resolve() / name
        settings = configparser.ConfigParser()
        settings.read(self.files)
        binaries = {key: ast.literal_eval(text) for key, text in settings["binaries"].items()}
        self.compiler = binaries["c"]
        self.wrapper = binaries.get("exe_wrapper", [])
        self.emulated = bool(self.wrapper)
        self.static = name.endswith("+static")
        family = ast.literal_eval(settings["host_machine"]["cpu_family"])
        self.bits = "32" if family == "arm" else "64"
        options = settings["built-in options"] if "built-in options" in settings else {}
        self.flags = [flag for key in ("c_args", "c_link_args")
                      for flag in ast.literal_eval(options.get(key, "[]"))]

    def missing(self):
        """What to install; empty when all is there."""
        needed = [self.compiler, *self.wrapper[:1]]
        if all(shutil.which(tool) for tool in needed):
            return ""
        return next(line.partition("Debian: ")[2] for line in
                    self.files[0].read_text(encoding="utf-8").splitlines() if "Debian: " in line)

    def configure(self, more):
        if (self.build / "build.ninja").exists():
            return
        shutil.rmtree(self.build, ignore_errors=True)
        cross = [word for file in self.files for word in ("--cross-file", file)]
        # Found before the real Criterion, which is for another machine.
        must([MESON, "setup", self.build, ROOT, *cross, *OPTIONS, *more,
              f"-Dpkg_config_path={HERE / 'runner'}"])

    def make(self, targets):
        must(["ninja", "-C", self.build, "-j2", *targets])

    def compile(self, source, *more):
        """One file of this folder, against the static library, without meson."""
        program = self.build / pathlib.Path(source).stem
        must([self.compiler, "-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE",
              *self.flags, f"-I{ROOT / 'include'}", HERE / source, "-o", program, *more,
              self.build / "src/libpushpull.a", "-pthread", "-ldl", *self.late_libraries()])
        return program

    def rules(self):
        return (self.build / "build.ninja").read_text(encoding="utf-8")

    def libraries(self):
        shared = [] if self.static else re.findall(r"^build (src/libpushpull\.so\.[\d.]+):",
                                                   self.rules(), re.M)
        return ["src/libpushpull.a", *shared]

    def late_libraries(self):
        return re.findall(r"\S*libatomic\S*", self.rules())[:1]

    def command(self, words):
        return [*self.wrapper, *map(str, words)]

    def environment(self, more):
        env = {**os.environ, "STRESS_SECONDS": "1", "STRESS_SLOW": "1", **more}
        env.pop("LD_LIBRARY_PATH", None) # the programs say themselves where the library is
        if self.emulated:
            env["PROC_SYS_FUTEX"] = HOST_FUTEX.get(os.uname().machine, "0")
        return env
