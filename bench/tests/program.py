# SPDX-License-Identifier: MIT
"""pushpull-bench as the tests run it, and a folder for what it writes."""
import glob
import json
import os
import subprocess
import sys
import tempfile
import unittest

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
