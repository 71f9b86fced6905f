#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""pushpull-bench select from the outside, and the targets that are about it and about descriptors.

usage: choosing.py PUSHPULL_BENCH PLUGIN_FOLDER
"""
import glob
import json
import statistics
import sys
import unittest

from program import Folder, run


class Select(Folder):
    LOADS = {"ready": 64, "ordered": 64, "by-pulls": 64, "by-first": 64, "nothing": 64, "by-tries": 64,
             "pingpong": 1, "mixed": 0}

    def test_select(self):
        """Every load of both kinds; items of any size from 8 on."""
        for more, queues, size in ((["--item-size", "24"], ("spsc", "mpmc"), 24), (["--queue", "mpmc"], ("mpmc",), 8)):
            with self.subTest(queues=queues):
                done = run("select", "--min-time", "1", "--reps", "2", *more, "--out", self.out + str(size))
                self.assertEqual(done.returncode, 0, done.stderr)
                with open(glob.glob(self.out + str(size) + "/*.json")[0]) as file:
                    samples = [b for b in json.load(file)["benchmarks"] if b["run_type"] == "iteration"]
                self.assertEqual(sorted("/".join(b["name"].split("/")[:5]) for b in samples), sorted(
                    2 * [f"select/{load}/queue:{queue}/capacity:{holds}/item:{size}"
                         for load, holds in self.LOADS.items() for queue in queues]))
                for b in samples:
                    self.assertGreater(b["real_time"], 0, b["name"])
                    self.assertEqual((b["capacity"], b["item_size"]), (self.LOADS[b["name"].split("/")[1]], size))
                for queue in ("spsc", "mpmc"):
                    self.assertEqual(f"Choosing, {queue}" in done.stdout, queue in queues)

    def test_select_is_reported(self):
        self.good("select", "--min-time", "1", "--reps", "1", "--queue", "spsc")
        page = self.report()
        for load, holds in self.LOADS.items():
            self.assertIn(f"{load}, spsc, capacity {holds}", page)

    def test_select_of_what_is_not_ours(self):
        self.assertIn("pipe", self.refused("select", "--queue", "spsc", "--queue", "pipe", "--out", self.out))
        self.assertIn("--item-size", self.refused("select", "--item-size", "7", "--out", self.out))


class Goals(Folder):
    def test_goals_of_select_and_descriptors(self):
        """One select against one plain call, and a ring with descriptors against one without, in pairs."""
        samples, rows = self.goal_rows("22,23", reps="3")
        self.assertEqual([row["row"] for row in rows.values()], 4 * [22] + 8 * [23])
        for what, row in rows.items():
            own = [b for b in samples if b["name"].startswith(f"goals/row:{row['row']}/{what.replace(' ', '_')}/")]
            self.assertEqual((len(own), row["pairs"], row["direction"], row["rivals"]), (3, 3, "at most", []), what)
            pairs = [b["a"] / b["b"] for b in own]
            self.assertAlmostEqual(row["median"] / statistics.median(pairs), 1, places=4)
            self.assertTrue(all(b["a"] > 0 and b["b"] > 0 for b in own), what)
            self.assertEqual(row["verdict"], "goal met" if row["high"] <= row["goal"] else
                             "met" if row["high"] <= row["must"] else "NOT MET")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:], verbosity=2)
