# SPDX-License-Identifier: MIT
"""The report's page: one HTML file with everything in it."""
import html
import math
import statistics

from report_data import UNBOUNDED, Knee, setting_name, shape_name, spread_of
from report_figures import colours, inline, time_text

STYLE = """
:root { color-scheme: light dark; %s --warn: #fff4d6; --warn-edge: #b98900; --stripe: #f6f7f9; }
@media (prefers-color-scheme: dark) {
  :root { %s --warn: #3a3013; --warn-edge: #d9a514; --stripe: #1f2329; } }
body { background: var(--paper); color: var(--ink); margin: 0 auto; max-width: 68rem;
  padding: 1rem 1.25rem 4rem; font: 16px/1.5 system-ui, "DejaVu Sans", sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: .6em 0 .2em; } h2 { margin: 2.4em 0 .4em; font-size: 1.3rem; }
h3 { font-size: 1.05rem; margin: 1.4em 0 .3em; }
.lead, figcaption, .note { color: var(--muted); } .note, figcaption { font-size: .9rem; }
.warning { background: var(--warn); border-left: 5px solid var(--warn-edge); padding: .6em 1em; margin: .8em 0; }
.warning p { margin: .2em 0; } figure { margin: 1em 0; } figure svg { width: 100%%; height: auto; display: block; }
svg text { font-family: system-ui, "DejaVu Sans", sans-serif !important; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: .84rem; font-variant-numeric: tabular-nums; }
th, td { padding: .22em .6em; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--grid); }
th { font-weight: 600; } thead th { border-bottom: 2px solid var(--muted); vertical-align: bottom; }
th.words, td.words, thead th:first-child { text-align: left; } td.words { white-space: normal; }
.wide { margin-bottom: 1em; }
tbody tr:nth-child(even) { background: var(--stripe); } .invalid { font-style: italic; }
.spread { color: var(--muted); font-size: .9em; } caption { text-align: left; color: var(--muted); padding: .2em 0; }
summary { cursor: pointer; margin: .6em 0; } nav { display: flex; flex-wrap: wrap; gap: .1em 1em; }
#advice { padding-left: 1.2em; } #advice b { white-space: nowrap; }
a { color: inherit; } code { font-size: .92em; overflow-wrap: anywhere; }
"""

SHOW_ALL = """<p class="note">Beside medians, least..most of the repetitions.
“!”: invalid, depth and time in queue disagree (Little's law).</p>"""


def text(value):
    return html.escape(str(value), quote=True)


def number(value):
    """Three or four digits, no exponent."""
    if value == int(value):
        return f"{int(value):,}".replace(",", "\u202f")
    if abs(value) < 0.0001:
        return f"{value:.1e}"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{digits}f}".replace(",", "\u202f")


def percent(value):
    return f"{value * 100:.0f} %"


def figure_cell(counter, value, shown):
    """A number to read, with the unrounded one beside it for scripts."""
    return f'<span data-of="{counter}" data-value="{value!r}">{shown}</span>'


def capacity_text(capacity):
    return "unbounded" if capacity == UNBOUNDED else str(capacity)


class Measure:
    """What stands in the cells of a table: counters, each with its scale and form."""

    def __init__(self, title, *parts, spread=False, queued=False):
        self.title, self.parts, self.spread, self.queued = title, parts, spread, queued

    def cell(self, point):
        if self.queued and not point.has_depth:
            return "–"
        shown = []
        for counter, factor, form in self.parts:
            spread = point.spread(*counter.split("+"))
            if spread is None:
                continue
            shown.append(figure_cell(counter, spread.median, form(spread.median * factor)))
            if self.spread and spread.least != spread.most:
                shown.append(f'<span class="spread">{form(spread.least * factor)}..'
                             f'{form(spread.most * factor)}</span>')
        return (" " if self.spread else " / ").join(shown) or "–"


THROUGHPUT = Measure("M items/s", ("items_per_second", 1e-6, number), spread=True)
DEPTH = Measure("items in the queue: p50 / p90 / p99 / max",
                *((f"depth_{p}", 1, number) for p in ("p50", "p90", "p99", "max")), queued=True)
FULL = Measure("share of the time full / empty", ("time_full", 1, percent), ("time_empty", 1, percent),
               queued=True)
WAIT = Measure("time in the queue: mean / p50 / p99",
               *((f"wait_{p}_ns", 1, time_text) for p in ("mean", "p50", "p99")), queued=True)
CPU = Measure("CPU seconds per million items (µs per item): push side / pull side",
              ("push_cpu_s_per_million", 1, number), ("pull_cpu_s_per_million", 1, number))
PARKS = Measure("parks / wakes per thousand items, both sides",
                ("push_parks_per_thousand+pull_parks_per_thousand", 1, number),
                ("push_wakes_per_thousand+pull_wakes_per_thousand", 1, number))
SWITCHES = Measure("context switches per item", ("push_switches_per_item+pull_switches_per_item", 1, number))
FAIR = Measure("items per thread, smallest over largest: pushers / pullers",
               ("push_even", 1, number), ("pull_even", 1, number))
LINE = Measure("line round trip between the CPUs just before, ns", ("line_ns", 1, number))
LITTLE = Measure("Little's law, error", ("little_error", 1, percent), queued=True)
FIRST_FULL = Measure("first seen full after", ("first_full_us", 1e3, lambda ns: time_text(ns) if ns >= 0 else "never"),
                     queued=True)
MEMORY = Measure("memory, KiB", ("memory_bytes", 1 / 1024, number))
MEAN_DEPTH = Measure("mean depth, items", ("depth_mean", 1, number), queued=True)
EVERYTHING = (THROUGHPUT, MEAN_DEPTH, DEPTH, FULL, WAIT, FIRST_FULL, CPU, PARKS, SWITCHES, FAIR, LITTLE, LINE,
              MEMORY)
OTHER_SETTINGS = (THROUGHPUT, DEPTH, FULL, WAIT, FIRST_FULL, MEMORY, CPU)


def table(head, rows, caption="", name=""):
    """`rows` are lists of ready cells: a plain string, or (attributes, string)."""
    def cells(row):
        return "".join(f"<td {c[0]}>{c[1]}</td>" if isinstance(c, tuple) else f"<td>{c}</td>" for c in row[1:])
    out = [f'<div class="wide"><table id="{name}">' if name else '<div class="wide"><table>']
    if caption:
        out.append(f"<caption>{text(caption)}</caption>")
    out.append("<thead><tr>" + "".join(f'<th scope="col">{h}</th>' for h in head) + "</tr></thead><tbody>")
    out += [f'<tr><th scope="row" class="words">{row[0]}</th>{cells(row)}</tr>' for row in rows]
    return "\n".join(out) + "</tbody></table></div>"


def point_cell(measure, curve, point):
    if point is None:
        return "–"
    attributes = f'data-shape="{text(shape_name(curve.shape))}" data-capacity="{point.capacity}"'
    if point.valid:
        return attributes, measure.cell(point)
    return attributes + ' class="invalid"', measure.cell(point) + " !"


def by_shape(measure, curves, name):
    """Capacities down, shapes across."""
    capacities = sorted({p.capacity for c in curves for p in c.points},
                        key=lambda c: math.inf if c == UNBOUNDED else c)
    rows = [[capacity_text(capacity)] + [point_cell(measure, c, c.at(capacity)) for c in curves]
            for capacity in capacities]
    return table(["capacity"] + [text(shape_name(c.shape)) for c in curves], rows, measure.title, name)


def by_measure(measures, curve):
    """Capacities down, figures across."""
    used = [m for m in measures if any(m.cell(p) != "–" for p in curve.points)]
    rows = [[capacity_text(p.capacity)] + [point_cell(m, curve, p) for m in used] for p in curve.points]
    return table(["capacity"] + [text(m.title).replace(": ", ":<br>").replace(", ", ",<br>") for m in used], rows)


def hidden(title, body):
    return f"<details><summary>{text(title)}</summary>{body}</details>"


def advice(knee):
    """One sentence; and what it does not say."""
    if knee.still_rising:
        return (f"Throughput still rises at {knee.at.capacity}, the largest capacity measured: "
                "try larger ones, or take the smallest that is fast enough for you.")
    sentence = (f"Take a capacity of {knee.at.capacity}, or twice that for bursts: less costs throughput, "
                "more only adds waiting.")
    if not knee.at.valid:
        sentence += " (The point at the knee is invalid: measure again.)"
    return sentence


def advice_row(curve, knee):
    largest = knee.largest
    def wait_at(point):
        return time_text(point.median("wait_mean_ns")) if point.has_depth else "–"
    rate = knee.at.rate
    return [text(shape_name(curve.shape)),
            figure_cell("peak", knee.best.rate, number(knee.best.rate / 1e6)),
            (f'data-knee="{knee.at.capacity}"', f"<b>{knee.at.capacity}</b>"),
            figure_cell("knee_rate", rate, number(rate / 1e6)),
            number(knee.model_knee(knee.line_ns)) if knee.line_ns else "–",
            number(knee.model_knee(knee.hand_over_ns)) if knee.hand_over_ns else "–",
            f"{wait_at(knee.at)} / {wait_at(largest)}",
            f"{time_text(knee.unseen_ns(knee.at))} / {time_text(largest.capacity / rate * 1e9)}"]


def capacity_section(curves):
    knees = [(c, Knee.of(c)) for c in curves if Knee.of(c)]
    if not knees:
        return ""
    rows = [advice_row(c, k) for c, k in knees]
    lines = "".join(f"<li><b>{text(shape_name(c.shape))}</b>: {text(advice(k))}</li>" for c, k in knees)
    head = ["", "peak,<br>M items/s", "knee,<br>capacity", "at the knee,<br>M items/s",
            "model's knee,<br>line round trip", "model's knee,<br>hand-over at 1",
            "in the queue at knee /<br>largest capacity", "overload unseen at knee /<br>largest capacity"]
    return f"""<section id="capacity"><h2>Which capacity?</h2>
<ul id="advice">{lines}</ul>
<p>The knee is the smallest capacity whose throughput is within 95 % of the peak. The model says
min(X<sub>max</sub>, C / R): up to its knee X<sub>max</sub>·R each item waits for a round trip R between the
CPUs. “Overload unseen”: how long a producer that pushes twice what is pulled goes on before its first push
blocks.</p>{table(head, rows, name="knees")}</section>"""


def lone_values(samples, counter):
    return spread_of([s[counter] for s in samples if isinstance(s.get(counter), (int, float))])


def lone_cell(samples, counter, form):
    spread = lone_values(samples, counter)
    if spread is None:
        return "–"
    cell = figure_cell(counter, spread.median, form(spread.median))
    if spread.least != spread.most:
        cell += f' <span class="spread">{form(spread.least)}..{form(spread.most)}</span>'
    return cell


def lone_table(named, columns, words, name):
    rows = [[words(parts)] + [lone_cell(samples, counter, form) for counter, _, form in columns]
            for parts, samples in named.items()]
    return table([""] + [head for _, head, _ in columns], rows, name=name)


def plain_words(parts):
    return text(", ".join(p.replace("queue:", "").replace(":", " ") for p in parts))


LIMITS = {
    "line_one": "line round trip between the CPUs, one line", "line_two": "line round trip between the CPUs, two lines",
    "index_ring_1": "plain index ring, an item, published per item",
    "index_ring_8": "plain index ring, an item, published per 8",
    "index_ring_32": "plain index ring, an item, published per 32",
    "futex_two_cpus": "futex round trip, two CPUs", "futex_one_cpu": "futex round trip, one CPU",
    "fence": "store and fence", "futex_wake_empty": "futex wake, nobody there",
    "membarrier_idle": "membarrier, other CPU idle", "membarrier_busy": "membarrier, other CPU busy",
    "syscall": "system call", "clock": "clock_gettime", "pause": "pause",
}
NANOSECONDS = [("real_time", "time", time_text)]


def goals_section(results):
    """The verdicts stand at the end of a run, both sides of each comparison in its samples."""
    if not results.concluded("goals"):
        return ""
    sides = {"/".join(name): samples for name, samples in results.of_kind("goals").items()}
    rows = []
    for v in results.concluded("goals"):
        samples = sides.get(f"row:{v['row']}/" + v["what"].replace(" ", "_"), [])
        words = v["verdict"] + (", rival pending" if v["rival_pending"] else "")
        rows.append([text(f"{v['row']}: {v['what']}"), lone_cell(samples, "a", number), lone_cell(samples, "b", number),
                     text("a" if v["of"] == "a" else "a / b"), number(v["median"]),
                     f"{number(v['low'])}..{number(v['high'])}", text(v["direction"]),
                     f"{number(v['must'])} / {number(v['goal'])}", ('class="words"', text(words))])
    head = ["", "a", "b", "of", "median", "95 % interval", "shall be", "must / goal", "verdict"]
    return f"""<section id="goals"><h2>Goals</h2><p>Medians of both sides of each comparison, and what is judged: a target is
met when the worse end of the interval meets it.</p>{table(head, rows, name="goals-table")}</section>"""


def point_words(row):
    """The point of a comparison, as the programme names it."""
    return (f"{row['workload']}, {row['shape']}, capacity {row['capacity']}, items of {row['item_size']} bytes, "
            f"batch {row['batch']}, {row['form']} calls, {row['regime']}, CPUs: {row['placement']}; "
            f"line round trip {row['line_ns']:.0f} ns")


def compare_row(row):
    first = row["verdict"] == "first"
    alike = "" if row["has_form"] else f", has no {row['form']} calls"
    ratio = ["–", "–"] if first or not row["pairs"] else [
        figure_cell("first_over_this", row["first_over_this"], f"{row['first_over_this']:.3g}"),
        f"{row['low']:.3g}..{row['high']:.3g}"]
    return [text(row["queue"]), text("no limit" if row["holds"] == UNBOUNDED else row["holds"]),
            number(row["rate"] / 1e6), *ratio, str(row["pairs"]), ('class="words"', text(row["verdict"])),
            ('class="words"', text(row["promises"] + alike))]


def compare_section(results):
    """One table for each point, like with like on top."""
    points = {}
    for row in results.concluded("compare"):
        points.setdefault(point_words(row), []).append(row)
    head = ["queue", "holds", "M/s", "first / it", "95 % interval", "pairs", "verdict", "promises"]
    tables = "".join(table(head, [compare_row(r) for r in sorted(rows, key=lambda r: not r["has_form"])],
                           caption=point, name=f"compare-table-{n}")
                     for n, (point, rows) in enumerate(points.items()))
    return f"""<section id="compare"><h2>Compared in pairs</h2><p>How many times as fast the first queue is as each of
the others: items, or round trips, a second.</p>{tables}</section>""" if tables else ""


def promises_section(results):
    rows = [[text(queue), ('class="words"', text(words))] for queue, words in sorted(
        results.promises.items(), key=lambda item: {"spsc": (0, ""), "mpmc": (1, "")}.get(item[0], (2, item[0])))]
    return f"""<section id="promises"><h2>What each queue promises</h2><p>And what not: figures of queues that promise
different things are no race.</p>{table(["queue", ""], rows, name="promises-table")}</section>""" if rows else ""


def lone_sections(results):
    """What is not a sweep: name, title, note, table."""
    def section(name, title, note, named, columns, words=plain_words):
        return f"""<section id="{name}"><h2>{title}</h2><p>{note}</p>
{lone_table(named, columns, words, name + "-table")}</section>""" if named else ""
    rate = ("offered_per_second", "offered, M/s", lambda v: number(v / 1e6))
    loads = [rate] + [(f"latency_{p}_ns", h, time_text) for p, h in
                      (("p50", "p50"), ("p99", "p99"), ("p999", "p99.9"), ("max", "max"))]
    return [
        ("Latency", section("latency", "Latency under load", "Open loop: from the time at which an item was meant to "
                 "be sent, in percent of the measured peak (no coordinated omission).",
                 results.of_kind("latency", "open"), loads)),
        ("Ping-pong", section("pingpong", "Ping-pong", "One item there and back over two queues of capacity 1.",
                 results.of_kind("latency", "pingpong"), NANOSECONDS)),
        ("Select", section("select", "Choosing among several", "A call, there and back, or an item, as the name says; "
                 "by-pulls and by-tries are the plain calls that do the same work as the line before.",
                 results.of_kind("select"), NANOSECONDS)),
        ("Idle", section("idle", "Idle", "What a thread costs that is blocked in a push or a pull.",
                 results.of_kind("idle"), [("cpu_ms", "CPU time, ms", number), ("switches", "context switches", number),
                                           ("blocked_s", "blocked for, s", number)])),
        ("Limits", section("limits", "Limits of this machine", "What no queue here can beat, measured in the same run.",
                 results.of_kind("limits"), NANOSECONDS,
                 lambda parts: text(LIMITS.get(parts[0], parts[0])))),
        ("Goals", goals_section(results)),
        ("Compared", compare_section(results)),
    ]


ENVIRONMENT = (("CPU", "pp_cpu"), ("architecture", "pp_arch"), ("CPUs allowed", "pp_cpus_allowed"),
               ("CPUs used", "pp_cpus_used"), ("kernel", "pp_kernel"), ("compiler", "pp_compiler"),
               ("flags", "pp_flags"), ("libpushpull", "pp_version"), ("date", "pp_date"),
               ("load before (1, 5, 15 minutes)", "pp_load"), ("stolen since boot, share", "pp_steal_since_boot"),
               ("command", "pp_command"), ("quick run", "pp_quick"))


def environment_section(results):
    rows = [[name, ('class="words"', text("; ".join(map(str, results.environment(key))) or "not recorded"))]
            for name, key in ENVIRONMENT]
    rows += [[text(f"queue {name}"), ('class="words"', text("; ".join(map(str, about))))]
             for name, about in results.queues.items()]
    for name, key in (("other processes", "other_share"), ("stolen", "steal_share")):
        shares = [f"{run[key] * 100:.2f} %" for run in results.runs if key in run]
        if shares:
            rows.append([f"{name}, share of CPU time, whole run", ('class="words"', "; ".join(shares))])
    samples = [s for c in results.curves.values() for p in c.points for s in p.samples]
    for name, key, form in (("other processes, share of CPU time", "other_share", percent),
                            ("stolen, share of CPU time", "steal_share", percent),
                            ("line round trip, ns", "line_ns", number)):
        spread = spread_of([s.get(key) for s in samples])
        if spread:
            rows.append([f"{name}, during samples", ('class="words"', f"median {form(spread.median)}, "
                         f"{form(spread.least)} to {form(spread.most)}")])
    if samples:
        seconds = statistics.median(s.get("seconds", 0) for s in samples)
        rows.append(["samples", ('class="words"', f"{len(samples)}, median length {seconds * 1e3:.0f} ms")])
    return f"""<section id="environment"><h2>Environment</h2>
{table(["", ""], rows, name="environment-table")}</section>"""


def figure_block(name, figures, caption):
    if name not in figures:
        return ""
    svg = inline(figures[name][f"{name}.svg"], name, text(caption))
    return f'<figure id="figure-{name}">{svg}<figcaption>{caption}</figcaption></figure>'


MEASURES = (
    ("throughput", "Throughput", [THROUGHPUT],
     "Median of the repetitions; shaded from least to most. The ring marks the knee."),
    ("models", "Knee and model", [LINE],
     "Measured (solid) beside min(Xmax, C / R), with R the round trip of a cache line between the CPUs (dashed) "
     "and with R the time one hand-over takes at capacity 1 (dotted)."),
    ("depth", "Queue depth", [DEPTH],
     "Percentiles over time of the items in the queue; the thin grey line is a full queue."),
    ("fullness", "Time full and empty", [FULL],
     "A full queue holds the pushing side back, an empty one the pulling side."),
    ("wait", "Time in the queue", [WAIT],
     "From push to pull of an item. A hand-off (capacity 0) keeps nothing waiting."),
    ("cpu", "CPU per item", [CPU, PARKS, SWITCHES, FAIR],
     "CPU time of each side per item: a microsecond per item is a CPU second per million items."),
)


def measure_sections(curves, figures):
    for name, title, measures, caption in MEASURES:
        tables = "".join(by_shape(m, curves, f"{name}-{i}" if i else name) for i, m in enumerate(measures)
                         if any(m.cell(p) != "–" for c in curves for p in c.points))
        if name in figures or tables:
            yield title, f"""<section id="section-{name}"><h2>{title}</h2>{figure_block(name, figures, caption)}
{hidden("Numbers", tables).replace("<details>", "<details open>", 1) if tables else ""}</section>"""


def other_settings(results, rest, figures):
    if not rest:
        return ""
    body = "".join(hidden(setting_name(s), "".join(
        f"<h3>{text(shape_name(c.shape))}</h3>{by_measure(OTHER_SETTINGS, c)}" for c in results.of_setting(s)))
        for s in rest)
    return f"""<section id="settings"><h2>Other regimes and settings</h2>
<p>A slow consumer keeps the queue full, a slow producer keeps it empty: then capacity buys time in the queue,
not throughput. On one CPU the two sides take turns.</p>
{figure_block("settings", figures, "Medians. Throughput, mean depth and mean time in the queue.")}{body}</section>"""


def page(results, figures):
    """The whole page; `figures` are names with the files made of each."""
    main, *rest = results.settings or [None]
    curves = results.of_setting(main) if main else []
    blocks = [("Which capacity?", capacity_section(curves)), ("Promises", promises_section(results)),
              *measure_sections(curves, figures)]
    blocks.append(("Other settings", other_settings(results, rest, figures)))
    blocks += lone_sections(results)
    if curves:
        blocks.append(("All figures", '<section id="all"><h2>All figures</h2>' + SHOW_ALL + "".join(
            hidden(shape_name(c.shape), by_measure(EVERYTHING, c)) for c in curves) + "</section>"))
    blocks.append(("Environment", environment_section(results)))
    blocks = [(title, body) for title, body in blocks if body]
    links = "".join(f'<a href="#{body.split(chr(34), 2)[1]}">{title}</a>' for title, body in blocks)
    warnings = "".join(f"<p>{text(w)}</p>" for w in results.warnings())
    about = "; ".join(", ".join(map(str, results.environment(k))) for k in
                      ("pp_cpu", "pp_kernel", "pp_compiler", "pp_flags", "pp_date") if results.environment(k))
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>libpushpull: throughput and depth by capacity</title>
<style>{STYLE % (colours(0), colours(1))}</style></head><body>
<header><h1>libpushpull: throughput and depth by capacity</h1>
<p class="lead">{text(setting_name(main)) if main else ""}<br>{text(about)}</p>
{f'<div class="warning" id="warnings" role="note">{warnings}</div>' if warnings else ""}
<nav>{links}</nav></header>
{chr(10).join(body for _, body in blocks)}
</body></html>
"""
