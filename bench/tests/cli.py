#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""pushpull-bench from the outside: what it refuses, what it writes, how it stops.

usage: cli.py PUSHPULL_BENCH PLUGIN_FOLDER
"""
import concurrent.futures
import glob
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import time
import unittest

from program import BENCH, COMPARE, ROOT, Folder, SMALL, plugin, run


class Refusals(Folder):
    def test_unknown_option(self):
        self.assertIn("--nonsense", self.refused("--nonsense", "--out", self.out))

    def test_unknown_google_benchmark_option(self):
        self.refused("--benchmark_nonsense=1", "--out", self.out)

    def test_unknown_command(self):
        self.assertIn("swep", self.refused("swep", "--out", self.out))

    def test_word_too_many(self):
        self.refused("sweep", "sweep", "--out", self.out)

    def test_values_that_make_no_sense(self):
        for pair in (["--capacities", "1,x"], ["--capacities", ""], ["--capacities", "-1"],
                     ["--shapes", "2P"], ["--shapes", "0P1C"], ["--item-size", "1.5"],
                     ["--item-size", "0"], ["--batch", "0"], ["--form", "sometimes"],
                     ["--regime", "odd"], ["--workload", "rain"], ["--target", "0"], ["--placement", "three"], ["--reps", "0"],
                     ["--reps", "1.5"], ["--min-time", "fast"]):
            with self.subTest(pair=pair):
                self.assertIn(pair[0], self.refused(*pair, "--out", self.out))

    def test_quick_and_full(self):
        self.refused("--quick", "--full", "--out", self.out)

    def test_compare_of_nothing(self):
        for queues in (["spsc"], ["pipe", plugin("spin")]):
            with self.subTest(queues=queues):
                named = [word for queue in queues for word in ("--queue", queue)]
                self.refused("compare", *named, "--out", self.out)
        for more in (["--capacities", "8"], ["--form", "deadline"]):
            self.refused("compare", "--workload", "ping-pong", *more, "--out", self.out)

    def test_rows_that_goals_does_not_have(self):
        """Row 19 is a test elsewhere; row 9 needs a queue to compare with."""
        self.assertIn("no row 19", self.refused("goals", "--rows", "1,19", "--out", self.out))
        self.assertIn("--rows", self.refused("goals", "--rows", "x", "--out", self.out))
        self.assertIn("--queue", self.refused("goals", "--rows", "9,10", "--queue", "mpmc", "--out", self.out))

    def test_what_no_queue_can_do(self):
        self.refused("--queue", "spsc", "--shapes", "2P2C", "--out", self.out)

    def test_queue_that_is_not_there(self):
        self.refused("--queue", "./nowhere.so", "--out", self.out)
        self.refused("--queue", "nowhere", "--out", self.out)

    def test_object_that_is_no_plugin(self):
        libc = "libm.so.6"
        self.assertIn("pp_bench_queue_v1", self.refused("--queue", libc, "--out", self.out))

    def test_plugin_that_lacks_a_function(self):
        self.assertIn("close", self.refused("--queue", plugin("broken7"), "--out", self.out))

    def test_filter_that_matches_nothing(self):
        self.refused("--benchmark_filter=nothing", "--out", self.out)

    def test_folder_that_cannot_be_made(self):
        os.makedirs(self.out)
        blocked = os.path.join(self.out, "file")
        with open(blocked, "w"):
            pass
        done = run(*SMALL, "--out", os.path.join(blocked, "below"))
        self.assertEqual(done.returncode, 2)
        self.assertEqual(len(done.stderr.strip().splitlines()), 1, done.stderr)

    @unittest.skipIf(os.geteuid() == 0, "root may write everywhere")
    def test_folder_that_cannot_be_written(self):
        os.makedirs(self.out, mode=0o500)
        self.assertEqual(run(*SMALL, "--out", self.out).returncode, 2)


class Results(Folder):
    def test_sweep_writes_google_benchmarks_format(self):
        done = run(*SMALL, "--queue", "spsc", "--queue", plugin("spin"), "--out", self.out)
        self.assertEqual(done.returncode, 0, done.stderr)
        results = self.results()
        for key in ("pp_cpu", "pp_kernel", "pp_compiler", "pp_flags", "pp_version", "pp_date",
                    "pp_load", "pp_steal_since_boot"):
            self.assertTrue(results["context"][key], key)
        self.assertEqual(results["context"]["pp_quick"], "yes")
        self.assertEqual({k for k in results["context"] if k.startswith("pp_queue_")},
                         {"pp_queue_spsc", "pp_queue_spin"})
        self.assertIn("spin", results["context"]["pp_queue_spin"])
        points = [b for b in results["benchmarks"] if b["run_type"] == "iteration"]
        self.assertEqual(len(points), 2 * 2 * 2)
        for point in points:
            self.assertGreaterEqual(point["seconds"], 0.005)
            self.assertGreaterEqual(point["items"], 16 * point["capacity"])
            self.assertAlmostEqual(point["items"] / point["seconds"] / point["items_per_second"], 1,
                                   places=3)
            self.assertLessEqual(point["depth_max"], point["capacity"])
            self.assertIn("line_ns", point)
        self.assertIn(results["benchmarks"][0]["name"].split("/")[1], ("queue:spsc", "queue:spin"))
        self.assertIn("quick run", done.stdout)
        self.assertIn(glob.glob(os.path.join(self.out, "*.json"))[0], done.stdout)
        self.assertEqual(glob.glob(os.path.join(self.out, "*.part")), [])

    def test_items_of_any_size(self):
        """Also through a plugin, and in batches; depth and time in the queue too."""
        for size in (1, 3, 12):
            with self.subTest(size=size):
                done = run(*SMALL, "--item-size", str(size), "--queue", "spsc", "--queue", "mutex",
                           "--queue", "pipe", "--queue", "list", "--queue", plugin("spin"),
                           "--batch", "1,8", "--out", self.out + str(size))
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual("no room for a number" in done.stdout, size < 8)
                with open(glob.glob(self.out + str(size) + "/*.json")[0]) as file:
                    points = [b for b in json.load(file)["benchmarks"] if b["run_type"] == "iteration"]
                self.assertFalse([b for b in points if b.get("error_occurred")])
                self.assertEqual({b["numbered"] for b in points}, {float(size >= 8)})
                self.assertTrue(all(b["looks"] > 0 for b in points))
                self.assertTrue(any(b["wait_mean_ns"] > 0 for b in points))

    def test_promises_and_the_whole_run_stand_beside_the_figures(self):
        done = run(*SMALL, "--queue", "pipe", "--queue", plugin("spin"), "--out", self.out)
        self.assertEqual(done.returncode, 0, done.stderr)
        results = self.results()
        labels = {b["label"] for b in results["benchmarks"]}
        self.assertEqual(len(labels), 2)
        self.assertTrue(any("spins" in label for label in labels))
        self.assertTrue(any("not exactly" in label for label in labels))
        for share in ("steal_share", "other_share"):
            self.assertGreaterEqual(results["pp_run"][share], 0)
            self.assertLessEqual(results["pp_run"][share], 1)

    def test_broken_queue_has_no_figures(self):
        done = run(*SMALL, "--queue", plugin("broken1"), "--out", self.out)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("lost", done.stderr)
        bad = [b for b in self.results()["benchmarks"] if b["name"].find("capacity:64") > 0]
        self.assertTrue(bad)
        self.assertTrue(all(b["error_occurred"] for b in bad))

    @unittest.skipUnless(os.path.exists(COMPARE), "libbenchmark-tools is not installed")
    def test_compare_reads_it(self):
        self.assertEqual(run(*SMALL, "--queue", "spsc", "--out", self.out).returncode, 0)
        file = glob.glob(os.path.join(self.out, "*.json"))[0]
        done = subprocess.run([sys.executable, COMPARE, "--no-color", "benchmarks", file, file],
                              capture_output=True, text=True)
        if "ModuleNotFoundError" in done.stderr or "ImportError" in done.stderr:
            self.skipTest("compare.py lacks a Python module")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("queue:spsc", done.stdout)

    def test_google_benchmarks_options_work(self):
        file = os.path.join(os.path.dirname(self.out), "mine.json")
        done = run(*SMALL, "--out", self.out, "--benchmark_filter=queue:spsc/.*capacity:64/",
                   "--benchmark_out=" + file, "--benchmark_format=json")
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(file) as opened:
            names = {b["run_name"] for b in json.load(opened)["benchmarks"]}
        self.assertEqual(len(names), 1)
        self.assertTrue(json.loads(done.stdout)["benchmarks"])

    def test_interrupt_keeps_what_was_measured(self):
        bench = subprocess.Popen([BENCH, "--queue", "spsc", "--queue", "mutex", "--capacities", "64",
                                  "--shapes", "1P1C", "--reps", "200", "--min-time", "20",
                                  "--out", self.out], stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True)
        time.sleep(2)
        bench.send_signal(signal.SIGINT)
        out, err = bench.communicate(timeout=60)
        self.assertEqual(bench.returncode, 0, err)
        self.assertIn("Interrupted", out)
        good = [b for b in self.results()["benchmarks"]
                if b["run_type"] == "iteration" and "error_occurred" not in b]
        self.assertTrue(0 < len(good) < 400, len(good))

    def test_every_setting_runs(self):
        done = run("--queue", "mpmc", "--shapes", "2P2C", "--capacities", "16", "--batch", "1,8",
                   "--form", "blocking,try,deadline", "--regime",
                   "balanced,slow-consumer,slow-producer,bursty-producer", "--placement",
                   "one,unpinned", "--reps", "1", "--min-time", "2", "--item-size", "64",
                   "--out", self.out)
        self.assertEqual(done.returncode, 0, done.stderr)
        points = [b for b in self.results()["benchmarks"] if b["run_type"] == "iteration"]
        self.assertEqual(len(points), 2 * 3 * 4 * 2)
        self.assertFalse([b for b in points if b.get("error_occurred")])


class Document(Folder):
    def text(self):
        with open(os.path.join(ROOT, "docs", "benchmarking.md")) as file:
            return file.read()

    def test_its_plugin_is_the_tested_one(self):
        with open(os.path.join(ROOT, "bench", "plugins", "spin.c")) as file:
            self.assertIn("```c\n" + file.read() + "```", self.text())

    def test_it_names_every_counter(self):
        document = self.text()
        for command in (SMALL + ["--queue", "mpmc"], ["latency", "--quick", "--queue", "mpmc"],
                        ["idle", "--idle-time", "0.1", "--queue", "mpmc"],
                        ["goals", "--quick", "--reps", "1", "--min-time", "1", "--rows", "5,20,21", "--queue",
                         plugin("spin"), "--benchmark_filter=row:(5|20)/|row:21/SPSC"],
                        ["compare", "--queue", "spsc", "--queue", "mpmc", "--reps", "1", "--min-time", "1"],
                        ["select", "--queue", "spsc", "--reps", "1", "--min-time", "1"]):
            done = run(*command, "--out", self.out)
            self.assertEqual(done.returncode, 0, done.stderr)
        usual = {"name", "family_index", "per_family_instance_index", "run_name", "run_type",
                 "repetitions", "repetition_index", "threads", "iterations", "real_time", "cpu_time",
                 "time_unit", "aggregate_name", "aggregate_unit"}
        for path in glob.glob(os.path.join(self.out, "*.json")):
            with open(path) as file:
                results = json.load(file)
            names = set().union(*results["benchmarks"]) - usual
            names |= {key for key in results["context"] if key.startswith("pp_")}
            for rows in ("goals", "compare"):
                for row in results["pp_run"].get(rows, []):
                    names |= set(row).union(*row.get("rivals", []), *row.get("curve", []))
            names |= {"pp_run"} | set(results["pp_run"])
            for name in names:
                # Those of each queue, and of each contestant.
                name = re.sub("^pp_queue_.*", "pp_queue_NAME", re.sub("^(rate|figure)_[0-9]+$", r"\1_N", name))
                self.assertIn("`" + name + "`", document)


class Commands(Folder):
    def test_latency(self):
        results = self.good("latency", "--quick", "--queue", "spsc", "--queue", plugin("spin"))
        loads = [b for b in results if "load_percent" in b and b["run_type"] == "iteration"]
        self.assertEqual({b["load_percent"] for b in loads}, {25, 50, 75, 90})
        for b in loads:
            self.assertLessEqual(b["latency_p50_ns"], b["latency_p99_ns"])
            self.assertLessEqual(b["latency_p99_ns"], b["latency_max_ns"])
            self.assertGreater(b["latencies"], 0)

    def test_idle(self):
        results = self.good("idle", "--idle-time", "0.5", "--queue", "mpmc", "--queue", "pipe")
        self.assertEqual(len(results), 4 + 2)

    def test_idle_of_plugins(self):
        results = self.good("idle", "--idle-time", "0.2", "--queue", "spsc", "--queue", plugin("spin"),
                            "--queue", plugin("deque"))
        queues = [b["name"].split("/")[1] for b in results]
        self.assertEqual({queue: queues.count(queue) for queue in queues},
                         {"queue:spsc": 4, "queue:spin": 2, "queue:deque": 2})
        self.assertTrue(all(b["blocked_s"] > 0 for b in results))

    def compared(self, *arguments):
        samples = [b for b in self.good("compare", "--min-time", "2", *arguments)
                   if b["run_type"] == "iteration"]
        return samples, self.results()["pp_run"]["compare"]

    def test_compare(self):
        """Ratios are the first over each other, in pairs; the verdict is that of the worse end."""
        samples, rows = self.compared("--queue", "spsc", "--queue", "mutex", "--capacities", "4,64",
                                      "--form", "blocking", "--reps", "5")
        self.assertEqual(len(samples), 2 * 5)
        self.assertEqual([(r["queue"], r["capacity"]) for r in rows],
                         [("spsc", 4), ("mutex", 4), ("spsc", 64), ("mutex", 64)])
        for row in rows:
            own = [b for b in samples if f"/capacity:{row['capacity']}/" in b["name"]]
            rate = "rate_0" if row["queue"] == "spsc" else "rate_1"
            pairs = [b["rate_0"] / b[rate] for b in own]
            self.assertEqual(row["pairs"], 5)
            self.assertTrue(all(b["line_ns"] >= 0 for b in own))
            self.assertAlmostEqual(row["rate"] / statistics.median(b[rate] for b in own), 1, places=4)
            self.assertAlmostEqual(row["first_over_this"] / statistics.median(pairs), 1, places=4)
            self.assertTrue(min(pairs) * 0.9999 <= row["low"] <= row["first_over_this"] <= row["high"] <=
                            max(pairs) * 1.0001)
            self.assertEqual(row["verdict"], "first" if rate == "rate_0" else
                             "ahead" if row["low"] > 1 else "behind" if row["high"] < 1 else "undecided")

    def test_compare_with_a_target(self):
        for target, said in (("0.000001", "met"), ("1000000", "NOT MET")):
            with self.subTest(target=target):
                done = run("compare", "--queue", "spsc", "--queue", "mutex", "--form", "blocking",
                           "--reps", "2", "--min-time", "1", "--capacities", "8", "--target", target,
                           "--out", self.out + said)
                self.assertEqual(done.returncode, 0, done.stderr)
                with open(glob.glob(self.out + said + "/*.json")[0]) as file:
                    rows = json.load(file)["pp_run"]["compare"]
                self.assertEqual([r["verdict"] for r in rows], ["first", said])

    def test_compare_puts_like_beside_like(self):
        """Unless the form was named: then those that lack it take part, and are told apart."""
        queues = ["--queue", "typed", "--queue", "mutex", "--queue", plugin("spin"), "--reps", "1",
                  "--capacities", "8", "--item-size", "64"]
        _, rows = self.compared(*queues)
        self.assertEqual([(r["form"], r["queue"]) for r in rows],
                         [("blocking", "typed"), ("blocking", "mutex"), ("try", "typed"), ("try", "spin")])
        self.assertTrue(all(r["has_form"] for r in rows))
        done = run("compare", *queues, "--min-time", "2", "--form", "blocking", "--out", self.out + "2")
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(glob.glob(self.out + "2/*.json")[0]) as file:
            rows = json.load(file)["pp_run"]["compare"]
        self.assertEqual([(r["queue"], r["has_form"]) for r in rows],
                         [("typed", True), ("mutex", True), ("spin", False)])
        self.assertLess(done.stdout.index("without blocking calls"), done.stdout.index("  spin"))

    def test_compare_is_reported(self):
        """Each queue that took part, with what it is; ratios as they were concluded."""
        _, rows = self.compared("--queue", "spsc", "--queue", "mutex", "--form", "blocking", "--reps", "2")
        page = self.report()
        for row in rows:
            shown = f'data-of="first_over_this" data-value="{float(row["first_over_this"])!r}"'
            self.assertEqual(shown in page, row["verdict"] != "first")
        self.assertEqual(page.count('id="compare-table-'), 2)
        self.assertIn("queue mutex", page)
        self.assertIn(self.results()["context"]["pp_queue_mutex"], page)

    def test_compare_ping_pong(self):
        """Rates are round trips a second."""
        samples, rows = self.compared("--workload", "ping-pong", "--queue", "spsc", "--queue", "mutex",
                                      "--placement", "one", "--reps", "3")
        self.assertEqual({r["placement"] for r in rows}, {"one"})
        self.assertEqual({r["capacity"] for r in rows}, {1})
        self.assertTrue(all(b["rate_0"] > 0 and b["rate_1"] > 0 for b in samples))

    def test_compare_throws_out_who_breaks_a_promise(self):
        done = run("compare", "--queue", "spsc", "--queue", plugin("broken1"), "--queue", "mutex", "--reps",
                   "2", "--min-time", "2", "--capacities", "64", "--form", "blocking", "--out", self.out)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("lost", done.stderr)
        rows = {r["queue"]: r["verdict"] for r in self.results()["pp_run"]["compare"]}
        self.assertEqual(rows["broken"], "no figure")
        self.assertNotEqual(rows["mutex"], "no figure")

    def test_limits(self):
        results = self.good("limits", "--quick")
        self.assertTrue([b for b in results if b["name"].startswith("limits/futex_one_cpu")])

    def test_goals(self):
        results = self.good("goals", "--quick", "--reps", "1", "--min-time", "1", "--idle-time", "0.2",
                            "--benchmark_filter=row:(17|26)/")
        self.assertEqual({b["row"] for b in results}, {17, 26})
        rows = self.results()["pp_run"]["goals"]
        self.assertEqual(sorted(r["row"] for r in rows), [17, 17, 26, 26])
        for row in rows:
            self.assertEqual(row["direction"], "at most")
            self.assertLessEqual(row["low"], row["median"])
            self.assertLessEqual(row["median"], row["high"])
            worse = row["high"]
            self.assertEqual(row["verdict"], "goal met" if worse <= row["goal"] else
                             "met" if worse <= row["must"] else "NOT MET")

    @staticmethod
    def rivals(row):
        return [rival["queue"] for rival in row["rivals"]]

    def test_goals_takes_rivals_by_what_they_promise(self):
        """spin tries, for one and one; broken0 sleeps, for any; ours are none, nor is a list without bounds."""
        queues = [word for queue in (plugin("spin"), plugin("broken0"), "mpmc", "typed", "list", "mutex")
                  for word in ("--queue", queue)]
        _, rows = self.goal_rows("1,2,8,13", *queues)
        for what, row in rows.items():
            if row["row"] in (1, 8):
                self.assertEqual(self.rivals(row), ["mutex", "pipe", "broken"], what)
                self.assertFalse(row["rival_pending"])
            elif row["row"] == 2:
                self.assertEqual(self.rivals(row), ["spin"], what)
                self.assertEqual(row["against"], "spin")
            elif "rivals" in what:
                self.assertEqual(self.rivals(row), ["mutex"])
                self.assertEqual(row["rivals"][0]["holds"], 1)
                self.assertTrue(row["rival_pending"])
            else:
                self.assertEqual(row["rivals"], [])
        self.assertIn("pp_queue_spsc", self.results()["context"])

    def test_goals_compares_with_the_best(self):
        """Also where that is the smallest, a time; ratios are of pairs with it."""
        samples, rows = self.goal_rows("7,15", "--queue", plugin("deque"), reps="3")
        for what, row in rows.items():
            own = [b for b in samples if b["name"].startswith("goals/row:%d/%s/" % (row["row"], what.replace(" ", "_")))]
            self.assertEqual(len(own), 3)
            if not row["rivals"]:
                self.assertIn("line", what)
                continue
            self.assertEqual(self.rivals(row), ["mutex", "pipe", "deque"])
            least = row["direction"] == "at most"
            medians = [rival["median"] for rival in row["rivals"]]
            best = medians.index(min(medians) if least else max(medians))
            self.assertEqual(row["against"], self.rivals(row)[best])
            for n, rival in enumerate(row["rivals"], 1):
                self.assertEqual((rival["rounds"], rival["wrong"]), (3, ""))
                figures = [b[f"figure_{n}"] for b in own]
                self.assertAlmostEqual(rival["median"] / statistics.median(figures), 1, places=4)
            pairs = [b["figure_0"] / b[f"figure_{best + 1}"] for b in own]
            self.assertAlmostEqual(row["median"] / statistics.median(pairs), 1, places=4)
            self.assertEqual(row["rival_pending"], False)

    def test_goals_leaves_out_who_breaks_a_promise(self):
        """broken1 loses items where it holds several."""
        done = run("goals", "--rows", "1", "--queue", plugin("broken1"), "--min-time", "2", "--reps", "2",
                   "--out", self.out)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("lost", done.stderr)
        self.assertIn("broken: items were lost", done.stdout)
        for row in self.results()["pp_run"]["goals"]:
            broken = row["rivals"][2]
            self.assertEqual((broken["queue"], broken["rounds"]), ("broken", 0))
            self.assertIn("lost", broken["wrong"])
            self.assertNotEqual(row["against"], "broken")
            self.assertTrue(row["rival_pending"])
            self.assertNotEqual(row["verdict"], "no figure")

    def test_goals_measures_no_more_who_is_far_behind(self):
        """broken10 sleeps 100 us for every item."""
        _, rows = self.goal_rows("7", "--queue", plugin("broken10"), "--benchmark_filter=capacity_1/", reps="5")
        row, = rows.values()
        rounds = {rival["queue"]: rival["rounds"] for rival in row["rivals"]}
        self.assertEqual((rounds["broken"], rounds[row["against"]]), (3, 5))

    def test_goals_over_capacities(self):
        """The verdict is that of the worst capacity after the peak, and of none that falls before it."""
        _, rows = self.goal_rows("21", "--quick", reps="3")
        self.assertEqual(len(rows), 3)
        for row in rows.values():
            medians = {point["holds"]: point["median"] for point in row["curve"]}
            self.assertEqual(list(medians), [0, 1, 8, 64, 512, 4096, 32768])
            self.assertEqual(medians[row["peak"]], max(medians.values()))
            self.assertTrue(all(0 < at <= row["peak"] for at in row["falls"]))
            for at in row["falls"]:
                self.assertLess(medians[at], max(m for c, m in medians.items() if c < at))
            self.assertEqual(row["verdict"], "NOT MET" if row["falls"] else "goal met" if row["low"] >= row["goal"]
                             else "met" if row["low"] >= row["must"] else "NOT MET")


class Checks(unittest.TestCase):
    """Each plugin is checked once, and most of a check waits."""

    NAMES = ["spin", "deque", *(f"broken{number}" for number in (0, 1, 2, 3, 4, 5, 6, 8, 9))]

    @classmethod
    def setUpClass(cls):
        def check(name):
            return run("check", "--queue", plugin(name), timeout=240)
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            cls.checked = dict(zip(cls.NAMES, pool.map(check, cls.NAMES)))

    def check(self, name):
        return self.checked[name]

    def test_healthy_plugins(self):
        for name in ("spin", "deque", "broken0"):
            with self.subTest(name=name):
                done = self.check(name)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_broken_plugins(self):
        for name, said in (("broken1", "lost"), ("broken2", "twice"), ("broken3", "order"),
                           ("broken4", "holds exactly that"), ("broken5", "spins"),
                           ("broken6", "does not see the end")):
            with self.subTest(name=name):
                done = self.check(name)
                self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
                bad = [line for line in (done.stdout + done.stderr).splitlines()
                       if "FAIL" in line or "hangs" in line]
                self.assertIn(said, "\n".join(bad))

    def test_what_is_not_promised_is_said(self):
        done = run("check", "--queue", "pipe", timeout=240)
        self.assertEqual(done.returncode, 0)
        self.assertIn("not promised, not kept: 512", done.stdout)

    def test_order_that_is_not_promised_is_told(self):
        def lines(name):
            done = self.check(name)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            return [" ".join(line.split()) for line in done.stdout.splitlines() if "order per" in line]
        self.assertEqual(lines("broken8"), ["order per producer not promised, not kept"])
        self.assertEqual(lines("broken9"), ["order per producer not promised, kept"])
        self.assertEqual(lines("broken0"), [])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:], verbosity=2)
