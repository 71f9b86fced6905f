# SPDX-License-Identifier: MIT
"""pushpull-bench as the tests run it, and a folder for what it writes."""
import glob
import json
import os
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BENCH, PLUGINS = sys.argv[1], sys.argv[2]
COMPARE = "/usr/share/benchmark/compare.py"
SMALL = ["--quick", "--capacities", "1,64", "--shapes", "1P1C", "--min-time", "5", "--reps", "2"]


def run(*arguments, timeout=120):
    return subprocess.run([BENCH, *arguments], capture_output=True, text=True, timeout=timeout)


def plugin(name):
    return os.path.join(PLUGINS, name + ".so")


class Folder(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.out = os.path.join(holder.name, "results")

    def results(self):
        files = glob.glob(os.path.join(self.out, "*.json"))
        self.assertEqual(len(files), 1, files)
        with open(files[0]) as file:
            return json.load(file)

    def refused(self, *arguments):
        """One line on stderr, status 2, and earlier results untouched."""
        os.makedirs(self.out, exist_ok=True)
        earlier = os.path.join(self.out, "earlier.json")
        with open(earlier, "w") as file:
            file.write("kept")
        done = run(*arguments)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertEqual(len(done.stderr.strip().splitlines()), 1, done.stderr)
        self.assertEqual(os.listdir(self.out), ["earlier.json"])
        with open(earlier) as file:
            self.assertEqual(file.read(), "kept")
        return done.stderr

    def good(self, *arguments):
        done = run(*arguments, "--out", self.out, timeout=240)
        self.assertEqual(done.returncode, 0, done.stderr)
        results = self.results()["benchmarks"]
        self.assertFalse([b for b in results if b.get("error_occurred")])
        return results

    def goal_rows(self, rows, *arguments, reps="2"):
        """What is measured of these rows, and what is concluded, by what they compare."""
        samples = self.good("goals", "--rows", rows, "--min-time", "2", "--reps", reps, *arguments)
        concluded = {row["what"]: row for row in self.results()["pp_run"]["goals"]}
        self.assertEqual({row["row"] for row in concluded.values()}, {int(n) for n in rows.split(",")})
        return [b for b in samples if b["run_type"] == "iteration"], concluded

    def report(self):
        """The page that report.py makes of it."""
        file = glob.glob(os.path.join(self.out, "*.json"))[0]
        done = subprocess.run([sys.executable, os.path.join(ROOT, "bench", "report.py"), file, "--out", self.out],
                              capture_output=True, text=True, timeout=120)
        if "ModuleNotFoundError" in done.stderr or "matplotlib" in done.stderr:
            self.skipTest("report.py lacks a Python module")
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(os.path.join(self.out, "report.html")) as page:
            return page.read()
