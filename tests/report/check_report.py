#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The report of a stored run: a page that is whole, figures that are there, numbers as measured.

usage: check_report.py REPORT.py SAMPLES
"""
import html.parser
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

REPORT, SAMPLES = sys.argv[1:3]
FIGURES = ("throughput", "models", "depth", "fullness", "wait", "cpu", "settings")
VOID = {"meta", "br"}
TIMEOUT_S = 100


class Page(html.parser.HTMLParser):
    """Tags that close, tables as dictionaries, and what lies outside of the page."""

    def __init__(self, text):
        super().__init__()
        self.open, self.wrong, self.ids, self.outside = [], [], [], []
        self.titles, self.words = {}, {}
        self.tables, self.table, self.cell, self.counter = {}, None, None, None
        self.feed(text)
        self.close()
        self.wrong += [f"never closed: {tag}" for tag in self.open]

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag not in VOID:
            self.open.append(tag)
        self._look(tag, attributes)

    def handle_startendtag(self, tag, attributes):
        self._look(tag, dict(attributes))

    def _look(self, tag, attributes):
        if "id" in attributes:
            self.ids.append(attributes["id"])
        for name in ("src", "href", "xlink:href", "action"):
            if name in attributes and not attributes[name].startswith("#"):
                self.outside.append((tag, attributes[name]))
        if tag in ("script", "link", "iframe", "object"):
            self.outside.append((tag, ""))
        if tag == "table":
            self.table = self.tables.setdefault(attributes.get("id"), {})
        if tag == "td":
            self.cell = self.table.setdefault(
                (attributes.get("data-shape"), attributes.get("data-capacity")), {"text": ""})
            self.cell.update({k: v for k, v in attributes.items() if k.startswith(("data", "class"))})
        if tag == "span" and "data-of" in attributes:
            self.cell[attributes["data-of"]] = float(attributes["data-value"])

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}> at {self.getpos()}")
        if tag == "td":
            self.cell = None

    def handle_data(self, data):
        if self.cell is not None:
            self.cell["text"] += data
        if self.open:
            self.words[self.open[-1]] = self.words.get(self.open[-1], "") + data


def sample(name):
    return os.path.join(SAMPLES, name + ".json")


def run(*words, **how):
    return subprocess.run(["/usr/bin/python3", REPORT, *words], capture_output=True, text=True,
                          timeout=TIMEOUT_S, check=False, **how)


def measured(name="sweep", setting="/regime:balanced/"):
    """(shape, capacity) with the samples of the stored file, read without the code under test."""
    with open(sample(name), encoding="utf-8") as file:
        benchmarks = json.load(file)["benchmarks"]
    points = {}
    for b in benchmarks:
        if b["run_type"] == "iteration" and setting in b["run_name"]:
            queue = re.search("queue:([a-z]+)", b["run_name"]).group(1)
            shape = f"{queue} {int(b['producers'])}P{int(b['consumers'])}C"
            points.setdefault((shape, str(int(b["capacity"]))), []).append(b)
    return points


class Whole(unittest.TestCase):
    """One report, looked at from all sides."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp()
        cls.ran = run(*(sample(n) for n in ("sweep", "limits", "idle", "latency")), "-o", cls.folder)
        if cls.ran.returncode:
            raise AssertionError(cls.ran.stderr)
        with open(os.path.join(cls.folder, "report.html"), encoding="utf-8") as file:
            cls.text = file.read()
        cls.page = Page(cls.text)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def test_says_where_the_page_is(self):
        self.assertEqual(self.ran.stdout, f"report: {self.folder}/report.html\n")
        self.assertEqual(self.ran.stderr, "")

    def test_page_is_well_formed_and_needs_nothing_else(self):
        self.assertEqual(self.page.wrong, [])
        self.assertEqual(self.page.outside, [])
        self.assertEqual(len(self.page.ids), len(set(self.page.ids)), "an id occurs twice")
        self.assertNotIn("url(http", self.text)
        self.assertNotIn("@import", self.text)

    def test_every_reference_within_the_page_is_there(self):
        wanted = set(re.findall(r'href="#([^"]+)"', self.text)) | set(re.findall(r"url\(#([^)]+)\)", self.text))
        self.assertLessEqual(wanted, set(self.page.ids))

    def test_every_figure_is_in_the_page_and_in_files(self):
        for name in FIGURES:
            self.assertIn(f"figure-{name}", self.page.ids)
            svg = xml.etree.ElementTree.parse(os.path.join(self.folder, f"{name}.svg")).getroot()
            self.assertTrue(svg.tag.endswith("svg"))
            with open(os.path.join(self.folder, f"{name}.png"), "rb") as file:
                self.assertEqual(file.read(8), b"\x89PNG\r\n\x1a\n")
        self.assertEqual(self.text.count("<svg "), len(FIGURES))

    def test_figures_follow_the_page_into_the_dark(self):
        self.assertIn("prefers-color-scheme: dark", self.text)
        for svg in re.findall(r"<svg .*?</svg>", self.text, re.S):
            self.assertEqual(set(re.findall(r"(?:fill|stroke): *(#[0-9a-f]{6})", svg)), set(), "a fixed colour")
        used = set(re.findall(r"var\(--([a-z0-9-]+)\)", self.text))
        for block in re.findall(r":root {([^}]*)}", self.text):
            self.assertLessEqual(used, set(re.findall(r"--([a-z0-9-]+):", block)))

    def test_axes_show_a_hand_off_and_an_unbounded_queue(self):
        with open(os.path.join(self.folder, "throughput.svg"), encoding="utf-8") as file:
            texts = re.findall(r"<text[^>]*>([^<]*)</text>", file.read())
        for tick in ("0", "1", "64", "1024", "∞"):
            self.assertIn(tick, texts)

    def check_table(self, table, *counters, least_capacity=0):
        compared = 0
        for key, samples in measured().items():
            if int(key[1]) != -1 and int(key[1]) < least_capacity:
                continue
            cell = self.page.tables[table][key]
            for counter in counters:
                if any(counter not in s for s in samples):
                    self.assertNotIn(counter, cell)
                    continue
                self.assertEqual(cell[counter], statistics.median(s[counter] for s in samples), (key, counter))
                compared += 1
        self.assertGreater(compared, 3)

    def test_numbers_are_the_medians_of_the_samples(self):
        self.check_table("throughput", "items_per_second")
        self.check_table("depth", "depth_p50", "depth_p90", "depth_p99", "depth_max", least_capacity=1)
        self.check_table("fullness", "time_full", "time_empty", least_capacity=1)
        self.check_table("wait", "wait_mean_ns", "wait_p50_ns", "wait_p99_ns", least_capacity=1)
        self.check_table("cpu", "push_cpu_s_per_million", "pull_cpu_s_per_million")

    def test_what_is_read_is_what_was_measured(self):
        for key, samples in measured().items():
            shown = float(self.page.tables["throughput"][key]["text"].split()[0])
            real = statistics.median(s["items_per_second"] for s in samples) / 1e6
            self.assertAlmostEqual(shown / real, 1, delta=0.006 if real > 0.0001 else 0.06)

    def test_a_hand_off_has_no_depth(self):
        self.assertEqual(self.page.tables["depth"]["spsc 1P1C", "0"]["text"], "–")

    def test_points_against_little_are_marked(self):
        marked = 0
        for setting in ("balanced", "slow-consumer"):
            for samples in measured(setting=f"/regime:{setting}/").values():
                marked += sum(s["valid"] for s in samples) * 2 <= len(samples)
        self.assertGreater(marked, 0, "the sample shows nothing")
        self.assertIn(f"{marked} of", self.page.words["p"])
        for key, samples in measured().items():
            cell = self.page.tables["throughput"][key]
            invalid = sum(s["valid"] for s in samples) * 2 <= len(samples)
            self.assertEqual("invalid" in cell.get("class", ""), invalid)
            self.assertEqual(cell["text"].endswith("!"), invalid)

    def test_knee_is_the_smallest_buffer_near_the_peak(self):
        for shape in ("spsc 1P1C", "mpmc 2P2C"):
            rates = {int(c): statistics.median(s["items_per_second"] for s in samples)
                     for (name, c), samples in measured().items() if name == shape}
            knee = min(c for c, rate in rates.items() if c and rate >= 0.95 * max(rates.values()))
            row = re.search(f"<tr><th[^>]*>{shape}</th>.*?data-knee=\"([0-9]+)\"",
                            self.text[self.text.index('id="knees"'):])
            self.assertEqual(int(row.group(1)), knee)
            self.assertRegex(self.page.words["li"], str(knee))

    def test_environment_and_warnings(self):
        with open(sample("sweep"), encoding="utf-8") as file:
            context = json.load(file)["context"]
        said = "".join(self.page.words.values())
        for key in ("pp_cpu", "pp_kernel", "pp_compiler", "pp_flags", "pp_version", "pp_date", "pp_load"):
            self.assertIn(context[key], said)
        self.assertIn("A quick run", said)
        self.assertIn("A noisy run", said)

    def test_other_sections(self):
        for section in ("capacity", "settings", "idle", "limits", "latency", "pingpong", "environment"):
            self.assertIn(section, self.page.ids)
        self.assertIn("line round trip between the CPUs, one line", self.text)
        self.assertIn("slow consumer, two CPUs", self.text)


class Changed(unittest.TestCase):
    """The same run, changed in one thing."""

    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def change(self, how):
        with open(sample("sweep"), encoding="utf-8") as file:
            data = json.load(file)
        how(data)
        path = os.path.join(self.folder, "changed.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(data, file)
        ran = run(path)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        with open(os.path.join(self.folder, "report.html"), encoding="utf-8") as file:
            return file.read()

    def test_a_calm_run_is_not_called_noisy(self):
        def calm(data):
            data["context"]["pp_quick"] = "no"
            for b in data["benchmarks"]:
                b.update(other_share=0.0, steal_share=0.0, line_ns=100.0, valid=1.0)
        self.assertNotIn('id="warnings"', self.change(calm))

    def test_stolen_time_alone_is_noise(self):
        def steal(data):
            for b in data["benchmarks"]:
                b.update(other_share=0.0, steal_share=0.05)
        self.assertIn("A noisy run", self.change(steal))

    def test_what_was_skipped_is_named(self):
        def skip(data):
            for b, why in zip(data["benchmarks"], ("interrupted", "lost <3> items")):
                b.clear()
                b.update(run_name="sweep/queue:mine/x:y/iterations:1", run_type="iteration",
                         error_occurred=True, error_message=why)
        page = self.change(skip)
        self.assertIn("Interrupted: 1 samples", page)
        self.assertIn("sweep/queue:mine/x:y (lost &lt;3&gt; items)", page)

    def test_names_are_no_markup(self):
        def name(data):
            for b in data["benchmarks"]:
                b["run_name"] = b["run_name"].replace("queue:list", "queue:<b>\"&$\\x$")
        page = self.change(name)
        self.assertEqual(Page(page).wrong, [])
        self.assertIn("&lt;b&gt;&quot;&amp;$\\x$", page)

    def test_one_point_is_enough(self):
        def one(data):
            data["benchmarks"] = [b for b in data["benchmarks"] if "spsc" in b["run_name"]][:1]
        self.assertNotIn('id="knees"', self.change(one))


class BadUse(unittest.TestCase):
    """One clear line, exit status 2, and nothing else changed."""

    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def refused(self, says, *words, **how):
        ran = run(*words, **how)
        self.assertEqual((ran.returncode, ran.stdout), (2, ""), ran)
        self.assertEqual(len(ran.stderr.splitlines()), 1, ran.stderr)
        self.assertTrue(ran.stderr.startswith("report.py: "), ran.stderr)
        self.assertIn(says, ran.stderr)

    def write(self, text):
        path = os.path.join(self.folder, "given.json")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def test_arguments(self):
        self.refused("required: RESULTS.json")
        self.refused("--bogus", sample("sweep"), "--bogus")
        self.refused("-o", sample("sweep"), "-o")

    def test_files_that_are_not_ours(self):
        self.refused("No such file", os.path.join(self.folder, "none.json"))
        self.refused("directory", self.folder)
        context = '{"context": {"pp_command": "sweep"}, "benchmarks": '
        for text in ("", "{", "[]", "7", '"x"', '{"context": {}, "benchmarks": []}', context + "3}", "\0\1"):
            self.refused("not a result of pushpull-bench", self.write(text))
        self.refused("nothing was measured", self.write(context + "[]}"))
        self.refused("a damaged result", self.write(context + "[7]}"))
        self.refused("a damaged result", self.write(context + '[{"run_type": "iteration"}]}'))
        for part in ('"x"', 'null', '[]'):
            self.refused("a damaged result", self.write(
                context + '[{"run_type": "iteration", "producers": 1, "consumers": 1, "batch": 1, "item_size": 8,'
                '"run_name": "sweep/queue:a/placement:two/regime:balanced/form:try", "capacity": 1,'
                f'"items_per_second": {part}}}]}}'))

    def test_folder_that_cannot_be_written_to(self):
        taken = self.write("not a folder")
        self.refused("cannot write to", sample("sweep"), "-o", os.path.join(taken, "below"))
        self.refused("cannot write to", sample("sweep"), "-o", taken)
        with open(taken, encoding="utf-8") as file:
            self.assertEqual(file.read(), "not a folder")

    def test_an_older_report_stays_when_no_new_one_can_be_made(self):
        old = os.path.join(self.folder, "report.html")
        with open(old, "w", encoding="utf-8") as file:
            file.write("old")
        self.refused("not a result", self.write("{}"), "-o", self.folder)
        with open(old, encoding="utf-8") as file:
            self.assertEqual(file.read(), "old")


if __name__ == "__main__":
    if subprocess.run(["/usr/bin/python3", "-c", "import matplotlib, numpy"], capture_output=True,
                      check=False).returncode:
        print("python3-matplotlib is not installed")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
